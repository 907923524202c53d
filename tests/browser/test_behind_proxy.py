"""Behind a reverse proxy that takes the beginning of the path away before it asks us (PROXY_PREFIX)."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from installation import Site, Visit

from helix_dash.embedded import EmbeddedStore

TAKEN_AWAY, PREFIX = "/apps/ai", "/helix/"


class StrippingProxy(ThreadingHTTPServer):
    """Passes ``/apps/ai/…`` on as ``/…`` and answers 404 to all else; remembers what was answered to what."""

    daemon_threads = True

    def __init__(self, backend: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.backend = backend
        self.answers: list[tuple[str, int]] = []


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: StrippingProxy

    def do_GET(self) -> None:
        self._pass_on()

    def do_POST(self) -> None:
        self._pass_on()

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.startswith(TAKEN_AWAY + "/"):
            back = http.client.HTTPConnection("127.0.0.1", self.server.backend, timeout=60)
            back.request(self.command, self.path.removeprefix(TAKEN_AWAY), body, dict(self.headers))
            answer = back.getresponse()
            status, headers, content = answer.status, answer.getheaders(), answer.read()
            back.close()
        else:
            status, headers, content = 404, [], b""
        self.server.answers.append((self.path, status))
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in {"connection", "transfer-encoding", "content-length", "date", "server"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@dataclass
class ProxiedSite(Site):
    """An installation that browsers reach through the proxy only."""

    proxy: StrippingProxy = field(init=False)

    def __post_init__(self) -> None:
        self.proxy = StrippingProxy(self.port)
        threading.Thread(target=self.proxy.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.proxy.server_address[1]}{TAKEN_AWAY}{PREFIX}".rstrip("/")

    def environ(self) -> dict[str, str]:
        return super().environ() | {"PROXY_PREFIX": TAKEN_AWAY, "URL_PREFIX": PREFIX}

    def stop(self) -> None:
        super().stop()
        self.proxy.shutdown()
        self.proxy.server_close()

    def refused(self) -> list[tuple[str, int]]:
        """Everything that was answered with a 4xx or 5xx."""
        return [(path, status) for path, status in self.proxy.answers if status >= 400]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProxiedSite]:
    folder = tmp_path_factory.mktemp("proxied")
    site = ProxiedSite(folder, EmbeddedStore(folder / "store"))
    site.store.start()
    try:
        site.start(300)
        site.proxy.answers.clear()
        yield site
    finally:
        site.stop()


def _path(visit: Visit) -> str:
    return urlsplit(visit.page.url).path


def test_charts_navigation_grid_and_export_work(visit: Visit, site: ProxiedSite, tmp_path: Path) -> None:
    """C9: and nothing the browser asks for on the way is refused."""
    page = visit.go("/?refresh=off")
    page.wait_for_selector('[data-panel="volume"][data-state="ready"]')
    page.wait_for_selector("#hx-volume-figure .bars .point path", state="attached")
    page.click("text=Requests >> nth=0")
    page.wait_for_selector(".ag-row")
    assert _path(visit) == TAKEN_AWAY + PREFIX + "requests"
    page.click("#hx-export")
    page.wait_for_selector("#hx-export-link[href]")
    with page.expect_download() as download:
        page.click("#hx-export-link")
    table = tmp_path / "table.csv"
    download.value.save_as(table)
    assert len(table.read_text("utf-8").splitlines()) == 301
    assert site.refused() == []


def test_all_that_a_page_loads_lies_below_the_address_that_browsers_know(
    visit: Visit, site: ProxiedSite
) -> None:
    visit.go("/?refresh=off")
    assert [path for path, _ in site.proxy.answers if not path.startswith(TAKEN_AWAY + PREFIX)] == []


def test_who_is_not_signed_in_comes_back_to_the_page_they_wanted(
    open_tab: Callable[..., Visit], site: ProxiedSite
) -> None:
    tab = open_tab(site)
    tab.page.context.clear_cookies()
    tab.page.goto(site.url + "/requests?model=gpt-4o")
    assert _path(tab) == TAKEN_AWAY + PREFIX + "login"
    tab.page.fill("#username", "admin")
    tab.page.fill("#password", "correct horse battery")
    tab.page.click("button[type=submit]")
    tab.page.wait_for_url(site.url + "/requests?model=gpt-4o")


def test_a_sign_out_leads_to_the_sign_in(open_tab: Callable[..., Visit], site: ProxiedSite) -> None:
    tab = open_tab(site)
    tab.go("/?refresh=off")
    tab.page.click("#hx-account-button")
    tab.page.click("text=Sign out")
    tab.page.wait_for_url(site.url + "/login")
    site.signed_in = None  # that session is over for the other tests too
