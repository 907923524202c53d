"""The duty that listens to a FakeAI server's WebSocket, ``/metrics/stream``, and keeps what it tells.

The server sends neither pings nor sequence numbers, and a frozen one looks like a silent one: whoever hears
nothing for a while hangs up and calls again. Filters would take the latencies out of the frames, so none is set.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec
import redis
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from helix_dash.errors import SourceError, StoreUnavailable
from helix_dash.lease import Lease
from helix_dash.samples import answers
from helix_dash.samples.answers import Answer
from helix_dash.samples.keys import lease_key
from helix_dash.samples.sources import STREAM
from helix_dash.samples.writer import SampleWriter
from helix_dash.sources.fakeai import endpoints, series
from helix_dash.sources.fakeai.answers import Unreadable, live_rates_of
from helix_dash.sources.fakeai.questions import SOURCE

_log = logging.getLogger("helix_dash.fakeai.stream")

QUESTION = STREAM
"""The name under which the state of the connection is kept."""

DUTY = "fakeai-stream"
KEEP_EVERY = 2.0
"""Seconds between two frames that are kept: the server sends one each second, and pages ask less often."""

SILENCE = 5.0
"""Seconds without a frame after which the connection counts as dead."""

_OPEN_TIMEOUT = 3.0
_PATIENT = 6.0
"""Once all attempts have failed, the pause between two more is so many times as long."""

State = Literal["connecting", "live", "polling"]


@dataclass(slots=True)
class Stream:
    """Listens to one server for as long as it leads.

    Args:
        url: the WebSocket's address.
        store: where what is heard is kept.
        writer: where series are kept.
        pause: seconds between two attempts to connect.
        attempts: how many in a row may fail before the rates are polled and attempts become rarer.
        verbose: whether each change of the connection is logged, not only its loss.
        silence: seconds without a frame after which it hangs up.
    """

    url: str
    store: redis.Redis
    writer: SampleWriter
    pause: float = 5.0
    attempts: int = 10
    verbose: bool = False
    silence: float = SILENCE
    clock: Callable[[], float] = time.monotonic
    state: State = "connecting"
    failures: int = 0
    _told: float = field(default=float("-inf"))

    @property
    def live(self) -> bool:
        """Whether frames arrive."""
        return self.state == "live"

    def run(self, stop: threading.Event) -> None:
        """Listen until ``stop``; survives outages of the server and of the store."""
        lease = Lease(self.store, lease_key(DUTY))
        while not stop.is_set():
            try:
                if lease.held():
                    self._listen(stop, lease)
            except (OSError, TimeoutError, WebSocketException, SourceError) as error:
                self._lost(error)
            except StoreUnavailable as error:
                self.state = "polling"
                self._tell("FakeAI's live figures are not being kept: %s", error)
            stop.wait(self.pause * (_PATIENT if self.failures > self.attempts else 1))
        lease.release()

    def _listen(self, stop: threading.Event, lease: Lease) -> None:
        """Keep what one connection tells until it is lost, or ``stop``."""
        with connect(
            self.url,
            open_timeout=_OPEN_TIMEOUT,
            close_timeout=1,
            ping_interval=None,
            max_size=2**20,
            proxy=None,
        ) as connection:
            kept = float("-inf")
            while not stop.is_set():
                frame = _next(connection, self.silence)
                if self.clock() - kept < KEEP_EVERY:
                    continue
                kept = self.clock()
                rates = live_rates_of(frame.get("data"))
                if not self.live:
                    self.state, self.failures = "live", 0
                    if self.verbose:
                        _log.info("FakeAI's metrics stream is connected.")
                self._keep(rates)
                if not lease.held():
                    return

    def _keep(self, rates: dict[str, Any]) -> None:
        at = self.writer.now()
        body = msgspec.to_builtins(rates)
        answers.keep(self.store, SOURCE, endpoints.RATES.name, Answer(at, at, body))
        answers.keep(self.store, SOURCE, QUESTION, Answer(at, at, {"state": self.state}))
        self.writer.record(f"{SOURCE}.{endpoints.RATES.name}", at, {}, series.of_rates(rates).gauges)

    def _lost(self, error: Exception) -> None:
        self.failures += 1
        self.state = "polling"
        reason = "timeout" if isinstance(error, TimeoutError) else "unreachable"
        words = (
            f"Nothing was heard for {self.silence:g} s."
            if isinstance(error, TimeoutError)
            else f"The metrics stream cannot be reached ({type(error).__name__})."
        )
        self._tell("FakeAI's metrics stream: %s", words)
        try:
            answers.keep(self.store, SOURCE, QUESTION, Answer(self.writer.now(), error=words, reason=reason))
        except StoreUnavailable as trouble:
            self._tell("FakeAI's live figures are not being kept: %s", trouble)

    def _tell(self, message: str, what: object) -> None:
        if self.verbose or self.clock() - self._told > 60:
            self._told = self.clock()
            _log.warning(message, what)


def _next(connection: ClientConnection, silence: float) -> dict[str, Any]:
    """The next frame that holds figures.

    Raises:
        TimeoutError: none came in time.
        Unreadable: what came is none.
    """
    deadline = time.monotonic() + silence
    while True:
        text = connection.recv(timeout=max(0.0, deadline - time.monotonic()))
        try:
            frame = json.loads(text)
        except ValueError as error:
            raise Unreadable("A frame is not JSON.") from error
        if isinstance(frame, dict) and frame.get("type") in ("metrics_update", "historical_data"):
            return frame
