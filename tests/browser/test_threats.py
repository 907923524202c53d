"""What only a browser can tell: T18, T19, T38, T39, T41, T58."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from installation import Site, Visit, eventually, until
from playwright.sync_api import Browser, Page

from helix_dash.auth.users import create_user
from helix_dash.embedded import EmbeddedStore
from helix_dash.log.recorder import Recorder
from helix_dash.log.schema import WIRE, RequestRecord
from helix_dash.model import Status
from helix_dash.pages import SECTIONS
from helix_dash.store import connect

PASSWORD = "correct horse battery"

RUN = "window.__x=1"
PAYLOADS = [
    f"<img src=x onerror={RUN}>", f"<svg onload={RUN}>", f"<svg><animate onbegin={RUN} attributeName=x dur=1s>",
    f'"><script>{RUN}</script>', f"'><script>{RUN}</script>", f"</title><script>{RUN}</script>", f"</textarea><img src=x onerror={RUN}>",
    f"<details open ontoggle={RUN}>x</details>", f"<body onload={RUN}>", f"<input autofocus onfocus={RUN}>", f"<video><source onerror={RUN}>",
    '<iframe srcdoc="<script>parent.__x=1</script>">', "<iframe src=javascript:parent.__x=1>", f'<a href="javascript:{RUN}">x</a>', f"javascript:{RUN}",
    f"[x](javascript:{RUN})", f"![x](x){{onerror={RUN}}}", "{{7*7}}", "{{constructor.constructor('window.__x=1')()}}", f"${{{RUN}}}", f"<%= {RUN} %>",
    f"';{RUN}//", f'";{RUN}//', f"`;{RUN}//", f"<math><mtext></table><img src=x onerror={RUN}>", f"<object data=javascript:{RUN}>",
    f"<style>@import 'javascript:{RUN}'</style>", f"<b style=background:url(javascript:{RUN})>b</b>", "&lt;img src=x onerror=window.__x=1&gt;",
    f"<marquee onstart={RUN}>x</marquee>", "%3Cimg%20src=x%20onerror=window.__x=1%3E", "__proto__", "constructor", "x" * 200,
]  # fmt: skip

NAMED = [
    column.name
    for column in WIRE
    if column.kind in ("word", "text") and not column.words and column.name != "source"
]

WATCH = """
window.__csp = [];
document.addEventListener('securitypolicyviolation', (event) => window.__csp.push(event.violatedDirective + ' ' + event.blockedURI + ' ' + event.sample));
"""
INTRUDERS = "[onerror],[onload],[onbegin],[ontoggle],[onfocus],[onstart],[href^='javascript:'],[src^='javascript:'],iframe[srcdoc],img[src='x']"


@pytest.fixture(scope="module")
def poisoned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """An installation whose log has every payload in every field that a caller can fill."""
    folder = tmp_path_factory.mktemp("poisoned")
    site = Site(folder, EmbeddedStore(folder / "store"))
    site.store.start()
    try:
        site.start(0)
        with connect(site.store.url) as store:
            create_user(store, PAYLOADS[0], PASSWORD, "admin")
        recorder = Recorder(site.store.url)
        sent = sum(recorder.record(record) for record in records())
        assert recorder.close(30) == 0
        eventually(lambda: site.total() == sent == 3 * len(PAYLOADS), "the log was not complete")
        yield site
    finally:
        site.stop()


def records() -> Iterator[RequestRecord]:
    now = datetime.now(UTC)
    statuses = (Status.SUCCESS, Status.ERROR, Status.BLOCKED)
    for turn in range(3 * len(PAYLOADS)):
        words: dict[str, Any] = {name: PAYLOADS[turn % len(PAYLOADS)] for name in NAMED}
        words |= {
            "pii": {words["pii"]: 1},
            "tags": (words["tags"],),
            "call_id": f"{PAYLOADS[turn % len(PAYLOADS)][:190]} {turn}",
        }
        yield RequestRecord(
            time=now - timedelta(minutes=3 + turn), status=statuses[turn % 3], source="test", latency_ms=100.0 + turn, ttft_ms=20.0 + turn,
            stream=turn % 2 == 0, uncached_tokens=10 + turn, visible_tokens=5, cost_usd=0.01, **words
        )  # fmt: skip


def safe(page: Page, where: str) -> None:
    """Nothing ran, nothing tried to, and nothing that could stands in the document."""
    assert page.evaluate("window.__x") is None, where
    assert page.evaluate("window.__csp") == [], where
    assert (
        page.evaluate(f'[...document.querySelectorAll("{INTRUDERS}")].map((node) => node.outerHTML)') == []
    ), where


def touched(page: Page) -> None:
    """Hover over what has a tip, open what opens."""
    for mark in ("[title]", "[data-raw]", ".hx-bar", ".hx-name", ".ag-cell", ".ag-header-cell", ".hx-chip"):
        for node in page.locator(f"{mark}:visible").all()[:12]:
            node.hover(force=True)
    for node in page.locator(".nsewdrag").all()[:6]:
        box = node.bounding_box()
        if box:
            for share in (0.2, 0.5, 0.8, 0.97):
                page.mouse.move(box["x"] + box["width"] * share, box["y"] + box["height"] * 0.6)
                page.wait_for_timeout(60)
    openers = "[...document.querySelectorAll('button[id^=hx-][id$=-button]')].map((node) => node.id)"
    for name in page.evaluate(openers):
        button = page.locator(f"#{name}")
        if button.is_visible():  # a click on a mark filters, and may take others away at any moment
            button.evaluate("(node) => node.click()")
            page.wait_for_timeout(150)
            page.keyboard.press("Escape")


@pytest.fixture
def tab(open_tab: Callable[..., Visit], poisoned: Site) -> Iterator[Visit]:
    visit = open_tab(poisoned)
    dialogs: list[str] = []
    visit.page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    visit.page.add_init_script(WATCH)
    yield visit
    assert dialogs == []
    assert visit.complaints == []


@pytest.mark.parametrize("path", [section.path for section in SECTIONS])
def test_nothing_that_a_caller_wrote_runs_on_any_page(tab: Visit, path: str) -> None:
    """T38, T39: 30 payloads in all fields, hovered, opened, clicked; T41: nor does the page break a rule of its
    content policy, with refreshes while it is being used."""
    page = tab.go(f"{path}?from=now-30d&refresh=5")
    touched(page)
    safe(page, path)


def test_nothing_runs_in_the_details_of_a_request(tab: Visit) -> None:
    """T38: every payload's own request is opened, one after the other."""
    rows = tab.site.api("requests", limit=len(PAYLOADS), **{"from": "now-30d"})["rows"]
    page = tab.go(f"/requests?from=now-30d&refresh=off&request={rows[0]['producer']}-{rows[0]['seq']}")
    page.wait_for_selector("#hx-inspector-place:has-text('1 of')")
    there = "(id) => (document.querySelector('.hx-raw') || { textContent: '' }).textContent.includes(id)"
    for row in rows:
        until(page, there, f"{row['producer']}-{row['seq']}")
        assert page.text_content(".hx-details [data-field=user]") == row["user"]
        safe(page, row["user"])
        page.keyboard.press("j")


def test_nothing_runs_when_it_is_filtered_by_it(tab: Visit) -> None:
    """T38: as a chip, in a picker, in the title, in the address."""
    page = tab.go("/?from=now-30d&refresh=off")
    for payload in PAYLOADS[:12]:
        written = json.dumps(payload)
        with page.expect_response(
            lambda answer, written=written: written in (answer.request.post_data or "")
        ):
            page.evaluate("(value) => window.hx.set({ model: value })", payload)
        assert page.text_content(".hx-chip__value") == payload
        safe(page, payload)
    tab.go(f"/?{urlencode({'from': 'now-30d', 'refresh': 'off', 'model': PAYLOADS[0]})}")
    page.wait_for_selector(".hx-chip")
    page.evaluate("window.hx.filterBy('model')")
    page.wait_for_selector("#hx-filters [aria-multiselectable] [role=option]")
    safe(page, "picker")


def test_nothing_runs_by_the_name_of_an_account(chromium: Browser, poisoned: Site) -> None:
    """T38: on the sign-in after a wrong password, and in the account's own menu."""
    context = chromium.new_context()
    page = context.new_page()
    page.add_init_script(WATCH)
    for password in ("wrong password!", PASSWORD):
        page.goto(poisoned.url + "/login")
        page.fill("#username", PAYLOADS[0])
        page.fill("#password", password)
        page.click("button[type=submit]")
        page.wait_for_load_state()
        safe(page, password)
    page.click("#hx-account-button")
    safe(page, "menu")
    context.close()


@pytest.mark.parametrize("path", [section.path for section in SECTIONS])
def test_no_name_is_too_long_for_a_page(open_tab: Callable[..., Visit], poisoned: Site, path: str) -> None:
    """T58, F9: on a phone, a tablet and a desk."""
    page = open_tab(poisoned, 390, 844).go(f"{path}?from=now-30d&refresh=off")
    for width in (390, 900, 1440):
        page.set_viewport_size({"width": width, "height": 844})
        page.wait_for_timeout(300)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), width


def test_a_script_put_into_a_page_does_not_run(open_tab: Callable[..., Visit], site: Site) -> None:
    """T41: so that the tests above test something."""
    visit = open_tab(site)
    visit.page.add_init_script(WATCH)
    page = visit.go("/?refresh=off")
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=window.__x=1>')")
    page.evaluate(
        "(() => { const tag = document.createElement('script'); tag.textContent = 'window.__x=1'; document.body.append(tag); })()"
    )
    eventually(lambda: len(page.evaluate("window.__csp")) >= 2 or page.wait_for_timeout(100))
    assert page.evaluate("window.__x") is None


# --- another site -------------------------------------------------------------------------------------------


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def evil(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Another site: its address, and the folder of its pages."""
    folder = tmp_path / "evil"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    # another host name makes it another site; another port alone would not
    yield f"http://localhost:{server.server_address[1]}", folder
    server.shutdown()
    server.server_close()


CALL = '{"output":"hx-page.children","outputs":[],"inputs":[],"x":"'


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
@pytest.mark.parametrize("target", ["_dash-update-component", "login", "logout?everywhere=1"])
def test_a_form_of_another_site_changes_nothing(
    open_tab: Callable[..., Visit], site: Site, evil: tuple[str, Path], kind: str, target: str
) -> None:
    """T18."""
    address, folder = evil
    (folder / "form.html").write_text(
        f"""<form id=f method=post enctype="{kind}" action="{site.url}/{target}"><input name='{CALL}' value='"}}'></form>"""
    )
    visit = open_tab(site)
    visit.page.goto(address + "/form.html")
    with visit.page.expect_navigation() as sent:
        visit.page.evaluate("document.getElementById('f').submit()")
    assert sent.value is not None
    assert sent.value.status == 403
    visit.go("/?refresh=off")


def test_a_script_of_another_site_reads_and_changes_nothing(
    open_tab: Callable[..., Visit], site: Site, evil: tuple[str, Path]
) -> None:
    """T18: neither with JSON, for which the browser asks first, nor without."""
    address, folder = evil
    (folder / "script.html").write_text("<p>hello</p>")
    visit = open_tab(site)
    visit.page.goto(address + "/script.html")
    ask = """async ([url, kind]) => { try { const answer = await fetch(url, { method: 'POST', credentials: 'include', headers: { 'Content-Type': kind }, body: '{}' }); return answer.status; } catch { return 'refused'; } }"""
    for kind in ("application/json", "text/plain"):
        assert visit.page.evaluate(ask, [f"{site.url}/_dash-update-component", kind]) == "refused"
    visit.page.evaluate("(url) => new Promise((done) => { const image = new Image(); image.onerror = image.onload = done; image.src = url; })", f"{site.url}/logout")  # fmt: skip
    visit.complaints.clear()
    visit.go("/?refresh=off")


def test_another_site_cannot_frame_a_page(
    open_tab: Callable[..., Visit], site: Site, evil: tuple[str, Path]
) -> None:
    """T19."""
    address, folder = evil
    (folder / "frame.html").write_text(f'<iframe src="{site.url}/login" width=800 height=600></iframe>')
    visit = open_tab(site)
    visit.page.goto(address + "/frame.html")
    eventually(
        lambda: (
            any("frame-ancestors" in text for text in visit.complaints) or visit.page.wait_for_timeout(100)
        )
    )
    assert "Sign in" not in visit.page.frames[-1].content()


def test_a_site_that_is_named_can_frame_a_page(
    chromium: Browser, evil: tuple[str, Path], tmp_path: Path
) -> None:
    """T19, FRAME_ANCESTORS."""
    address, folder = evil

    class Framed(Site):
        def environ(self) -> dict[str, str]:
            return super().environ() | {"FRAME_ANCESTORS": f"self {address}"}

    site = Framed(tmp_path, EmbeddedStore(tmp_path / "store"))
    site.store.start()
    try:
        site.start(0)
        (folder / "frame.html").write_text(f'<iframe src="{site.url}/login" width=800 height=600></iframe>')
        context = chromium.new_context()
        page = context.new_page()
        page.goto(address + "/frame.html")
        eventually(lambda: "Sign in" in page.frames[-1].content() or page.wait_for_timeout(100))
        context.close()
    finally:
        site.stop()
