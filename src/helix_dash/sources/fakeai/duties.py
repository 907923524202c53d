"""The collector's duties towards a FakeAI server: asking it, and listening to it."""

from __future__ import annotations

import threading
from collections.abc import Callable

import redis

from helix_dash.samples.writer import SampleWriter
from helix_dash.settings import Settings
from helix_dash.sources.fakeai import stream
from helix_dash.sources.fakeai.client import Client, FakeAIClient
from helix_dash.sources.fakeai.mock import SCHEME, MockFakeAI
from helix_dash.sources.fakeai.questions import SOURCE, questions
from helix_dash.sources.fakeai.stream import Stream
from helix_dash.sources.polling import Poller


def fakeai_duties(
    settings: Settings, store: redis.Redis, writer: SampleWriter
) -> dict[str, Callable[[threading.Event], None]]:
    """What a collector does for the server that ``API_URL`` names; ``mock:`` is the mock, which has no WebSocket."""
    mocked = settings.api_url == SCHEME
    client: Client = MockFakeAI() if mocked else FakeAIClient(settings.api_url, settings.api_key)
    listener = None
    if settings.websockets and settings.streaming_metrics and not mocked:
        listener = Stream(
            settings.ws_url + "/metrics/stream",
            store,
            writer,
            pause=settings.ws_reconnect_interval,
            attempts=settings.ws_reconnect_attempts,
            verbose=settings.debug_websockets,
        )
    asked = questions(
        client,
        dict(settings.watched_keys),
        rates=settings.streaming_metrics,
        live=lambda: listener is not None and listener.live,
    )
    poller = Poller(
        SOURCE,
        asked,
        store,
        writer,
        mock=mocked,
        besides=frozenset({stream.QUESTION}) if listener else frozenset(),
        close=client.close,
    )
    work: dict[str, Callable[[threading.Event], None]] = {SOURCE: poller.run}
    if listener is not None:
        work[stream.DUTY] = listener.run
    return work
