"""The client, the poller and the stream against a real FakeAI 0.3.2, whole and broken."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from fakeai_process import FakeAI

from helix_dash.errors import SourceError
from helix_dash.samples.answers import Answer, answers
from helix_dash.samples.reader import Frames, SampleReader
from helix_dash.samples.writer import SampleWriter
from helix_dash.sources.fakeai import client as client_module
from helix_dash.sources.fakeai import endpoints
from helix_dash.sources.fakeai.client import FakeAIClient
from helix_dash.sources.fakeai.endpoints import ALWAYS
from helix_dash.sources.fakeai.questions import SOURCE, questions
from helix_dash.sources.fakeai.stream import Stream
from helix_dash.sources.polling import Poller
from helix_dash.store import connect

KEY = "sk-helix-contract-0001"
LIMITED = {
    "FAKEAI_RATE_LIMITS__ENABLED": "true",
    "FAKEAI_RATE_LIMITS__TIER": "tier-1",
    "FAKEAI_RATE_LIMITS__RPM_OVERRIDE": "100000",
}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeAI]:
    one = FakeAI(tmp_path_factory.mktemp("fakeai"), LIMITED)
    yield one
    one.stop()


@pytest.fixture
def server(shared: FakeAI) -> FakeAI:
    """One server for all tests, each of which uses a model of its own; started again after one has stopped it."""
    shared.run()
    return shared


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[FakeAI]:
    """A server for a test after which it is of no use."""
    one = FakeAI(tmp_path, LIMITED)
    one.start()
    yield one
    one.stop()


@pytest.fixture
def store(store_url: str) -> redis.Redis:
    return connect(store_url)


class Asking:
    """A poller whose questions are all due at each :meth:`round`."""

    def __init__(self, server: FakeAI, store_url: str) -> None:
        self.now = 0.0
        self.store, self.writer = connect(store_url), SampleWriter(store_url)
        self.client = FakeAIClient(server.url, clock=lambda: self.now)
        asked = questions(self.client, {"contract": KEY})
        self.poller = Poller(SOURCE, asked, self.store, self.writer, clock=lambda: self.now)

    def round(self) -> dict[str, Answer]:
        """Ask everything once; what is then known."""
        self.now += 1000
        self.poller.step()
        return answers(self.store, SOURCE)

    def series(self, name: str) -> Frames:
        now = self.writer.now()
        return SampleReader(self.store).read(f"{SOURCE}.{name}", now - 3_600_000_000, now, now)


@pytest.fixture
def asking(server: FakeAI, store_url: str) -> Iterator[Asking]:
    one = Asking(server, store_url)
    yield one
    one.client.close()


@pytest.fixture
def client(server: FakeAI) -> Iterator[FakeAIClient]:
    one = FakeAIClient(server.url)
    yield one
    one.close()


def test_every_question_of_ours_is_answered_by_the_real_server(server: FakeAI, client: FakeAIClient) -> None:
    """F11"""
    server.chat(key=KEY, model="gpt-4")
    server.embed("a", "b")
    found = {endpoint.name: client.ask(endpoint) for endpoint in ALWAYS}
    assert found["models"]["gpt-4"].requests == 1
    assert client.ask(endpoints.KEY_LIMITS, KEY).allowed == 1


def test_growth_equals_what_was_sent_between_two_rounds(server: FakeAI, asking: Asking) -> None:
    server.chat("before")
    asking.round()
    for index in range(7):
        assert server.chat(f"question {index}") == 200
    server.embed("x", "y", "z")
    asking.round()
    models = asking.series("models")
    assert (models.total("requests|gpt-4o"), models.total("requests|text-embedding-3-small")) == (7, 1)


def test_streams_are_invisible_in_its_counters_by_model(server: FakeAI, asking: Asking) -> None:
    """Why request figures come from our own log."""
    server.chat()
    asking.round()
    server.chat(stream=True)
    asking.round()
    assert asking.series("models").total("requests|gpt-4o") == 0


def test_a_prompt_too_long_for_its_tree_breaks_one_question_and_no_other(
    fresh: FakeAI, store_url: str
) -> None:
    asking = Asking(fresh, store_url)
    before = asking.round()
    fresh.chat("word " * 1500, model="meta-llama/Llama-3.1-8B-Instruct")
    after = asking.round()
    asking.client.close()
    assert (before["kv_cache"].ok, after["kv_cache"].reason) == (True, "status")
    assert after["kv_cache"].body == before["kv_cache"].body
    assert [name for name, answer in after.items() if not answer.ok] == ["kv_cache"]


def test_a_frozen_server_is_told_from_one_that_is_gone_and_both_keep_their_figures(
    server: FakeAI, asking: Asking, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.chat()
    whole = asking.round()
    server.freeze()
    monkeypatch.setattr(client_module, "READ_TIMEOUT", 0.5)
    impatient = Asking(server, store_url)
    frozen = impatient.round()
    impatient.client.close()
    server.thaw()
    server.stop()
    gone = asking.round()
    assert {frozen["models"].reason, gone["models"].reason} == {"timeout", "unreachable"}
    assert gone["models"].body == whole["models"].body


def test_a_restart_with_zeroed_counters_makes_no_negative_growth(server: FakeAI, asking: Asking) -> None:
    for _ in range(5):
        server.chat()
    asking.round()
    server.stop()
    server.start()
    server.chat()
    asking.round()
    models = asking.series("models")
    assert all(value is None or value >= 0 for value in models.grown("requests|gpt-4o"))
    assert (models.total("requests|gpt-4o"), models.resets) == (1, 1)


def test_no_key_is_kept_anywhere(server: FakeAI, asking: Asking) -> None:
    """T: keys stand in the server's bodies and addresses."""
    for _ in range(30):
        server.chat(key=KEY, model="gpt-4o-mini")
    asking.round()
    kept = b"".join(
        asking.store.dump(key) or b""  # type: ignore[operator]
        for key in asking.store.scan_iter("*")
    )
    assert b"sk-helix" not in kept
    assert b"contract" in kept


def until(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.1)
    return False


def test_the_stream_lives_falls_back_to_polling_and_comes_back(
    server: FakeAI, store_url: str, store: redis.Redis
) -> None:
    """F7.1: a frozen server looks like a silent socket; one that is gone refuses; one that is back is heard."""
    stop = threading.Event()
    url = server.url.replace("http", "ws", 1) + "/metrics/stream"
    stream = Stream(url, store, SampleWriter(store_url), pause=0.2, attempts=3, silence=3.0)
    thread = threading.Thread(target=stream.run, args=(stop,))
    thread.start()
    try:
        assert until(lambda: stream.live)
        server.chat()
        assert until(lambda: bool((answers(store, SOURCE).get("rates") or Answer(0)).body))
        server.freeze()
        assert until(lambda: stream.state == "polling")
        assert answers(store, SOURCE)["stream"].reason == "timeout"
        server.thaw()
        assert until(lambda: stream.live)
        server.stop()
        assert until(lambda: stream.failures > stream.attempts)
        server.start()
        assert until(lambda: stream.live)
    finally:
        stop.set()
        thread.join(30)
    assert not thread.is_alive()


def test_the_endpoints_that_freeze_it_are_refused_before_they_leave(
    server: FakeAI, client: FakeAIClient
) -> None:
    server.chat()
    with pytest.raises(ValueError, match="freezes"):
        client.ask(endpoints.Endpoint("x", "/metrics/by-model", dict, 1))
    with pytest.raises(SourceError):
        client.ask(endpoints.KEY_LIMITS, "unknown")
    assert client.ask(endpoints.HEALTH) is True
