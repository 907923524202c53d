"""What the pages show while a real FakeAI server is frozen, killed, talks nonsense, and begins again from zero."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from zoneinfo import ZoneInfo

import httpx
import pytest
from fakeai_process import FakeAI

from helix_dash.model import Period, utc_from_us
from helix_dash.pages.kv_cache.queries import KvPage, kv_page
from helix_dash.samples.writer import SampleWriter
from helix_dash.sources.fakeai import client
from helix_dash.sources.fakeai.client import FakeAIClient
from helix_dash.sources.fakeai.questions import SOURCE, questions
from helix_dash.sources.polling import Poller
from helix_dash.store import connect
from helix_dash.ui.sources import why_old

UTC = ZoneInfo("UTC")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeAI]:
    """One for all tests: each leaves it running."""
    one = FakeAI(tmp_path_factory.mktemp("fakeai"))
    one.start()
    yield one
    one.stop()


class Watched:
    """The collector's own poller over ``client``, all of whose questions are due at each :meth:`round`."""

    def __init__(self, store_url: str) -> None:
        self.now = 0.0
        self.store, self.writer = connect(store_url), SampleWriter(store_url)

    def ask(self, asker: FakeAIClient) -> KvPage:
        """One round; what the page then shows of this hour."""
        self.now += 1000
        Poller(SOURCE, questions(asker, {}), self.store, self.writer, clock=lambda: self.now).step()
        asker.close()
        now = self.writer.now()
        hour = Period(utc_from_us(now) - timedelta(hours=1), utc_from_us(now + 10_000_000))
        return kv_page(self.store, None, hour, now, fakeai=True, servers=[])

    def answering(self, answer: httpx.Response) -> KvPage:
        """A round in which everything is answered with ``answer``."""
        transport = httpx.MockTransport(lambda _: answer)
        return self.ask(FakeAIClient("http://fakeai", transport=transport))

    def why(self, page: KvPage) -> str:
        assert page.source is not None
        return why_old("FakeAI", page.source.answer, every=15, now=self.writer.now(), zone=UTC, zone_name="UTC")  # fmt: skip


@contextmanager
def slow(url: str, answer: Callable[[BaseHTTPRequestHandler, bytes], None]) -> Iterator[str]:
    """The server at ``url`` behind one that hands its bodies on by ``answer``; its address."""

    class Between(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = httpx.get(url + self.path, timeout=30).content
            self.send_response(200)
            self.send_header("Content-Length", str(len(found)))
            try:
                answer(self, found)
            except OSError:
                return  # who asked has gone

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    between = ThreadingHTTPServer(("127.0.0.1", 0), Between)
    between.daemon_threads = True
    threading.Thread(target=between.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{between.server_port}"
    finally:
        between.shutdown()
        between.server_close()


def late(to: BaseHTTPRequestHandler, body: bytes) -> None:
    """The whole answer, after the time-out."""
    time.sleep(1.5)
    to.end_headers()
    to.wfile.write(body)


def dripping(to: BaseHTTPRequestHandler, body: bytes) -> None:
    """The answer byte by byte, each in time."""
    to.end_headers()
    for at in range(len(body)):
        to.wfile.write(body[at : at + 1])
        time.sleep(0.1)


@pytest.mark.parametrize("answer", [late, dripping])
def test_a_slow_server_leaves_the_page_its_data_with_age_and_reason(
    server: FakeAI, store_url: str, answer: Callable[[BaseHTTPRequestHandler, bytes], None], monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """Issue D, 2: answers come after the time-out, or drop by drop and never end."""
    watched = Watched(store_url)
    watched.ask(FakeAIClient(server.url))
    for number in range(3):
        server.chat(f"The same beginning of a prompt, and then the end {number}")
    whole = watched.ask(FakeAIClient(server.url))
    assert whole.reading is not None
    assert whole.reading.processed

    monkeypatch.setattr(client, "READ_TIMEOUT", 0.5)
    monkeypatch.setattr(client, "LONGEST", 0.5)
    with slow(server.url, answer) as url:
        kept = watched.ask(FakeAIClient(url))
    assert figures(kept) == figures(whole)
    told = watched.why(kept)
    assert "does not answer in time" in told
    assert " old." in told

    monkeypatch.undo()
    back = watched.ask(FakeAIClient(server.url))
    assert watched.why(back) == ""


def figures(page: KvPage) -> tuple[float | None, float | None]:
    assert page.reading is not None
    return page.reading.processed, page.reading.hit_rate


def test_whatever_the_server_does_the_page_keeps_its_data_and_is_back_within_one_interval(
    server: FakeAI, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Issue D, 2: frozen, 500, HTML, killed, restarted with zeroed counters."""
    watched = Watched(store_url)

    def real() -> KvPage:
        return watched.ask(FakeAIClient(server.url))

    real()
    for number in range(6):
        server.chat(f"The same beginning of a prompt, and then the end {number}")
    whole = real()
    assert whole.reading is not None
    assert whole.reading.processed
    assert watched.why(whole) == ""

    server.freeze()
    with monkeypatch.context() as patched:
        patched.setattr(client, "READ_TIMEOUT", 0.5)
        frozen = real()
    assert (figures(frozen), "may be frozen" in watched.why(frozen)) == (figures(whole), True)
    server.thaw()
    back = real()
    assert watched.why(back) == ""

    broken = watched.answering(httpx.Response(500))
    html = watched.answering(httpx.Response(200, text="<html>a proxy's page</html>"))
    assert figures(broken) == figures(html) == figures(back)
    assert "HTTP 500" in watched.why(broken)
    assert "something else" in watched.why(html)

    server.stop()
    gone = real()
    assert (figures(gone), "cannot be reached" in watched.why(gone)) == (figures(back), True)
    server.start()
    server.chat("The same beginning of a prompt, and then the end")
    again = real()
    assert watched.why(again) == ""
    assert again.reading is not None
    assert (again.reading.processed or 0) > (figures(back)[0] or 0)
    values = [value for line in again.reading.lines.values() for value in line if value is not None]
    assert min(values) >= 0
