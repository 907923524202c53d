"""The store is away for ten minutes under an open, signed-in page, and comes back.

Nobody waits ten minutes: the server's clocks that measure the outage are put forward (``shifted_clock``), minute by
minute, while store, collector, page and requests are real.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from installation import DEADLINE, Site, Visit, eventually
from playwright.sync_api import Page

from helix_dash.embedded import EmbeddedStore

MINUTE = 60
VIEW = "/?from=now-30d&status=success&theme=dark&refresh=1"
BESIDE = ("/rate-limits", "/kv-cache", "/costs", "/cache", "/security", "/users", "/system")
"""Pages that read the store beside the log, and that nobody had open before."""


class Clock:
    """Puts the server's clock forward."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.to(0)

    def to(self, minutes: float) -> None:
        part = self.file.with_suffix(".part")
        part.write_text(str(minutes * MINUTE))
        part.replace(self.file)


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    return Clock(tmp_path / "clock")


@pytest.fixture
def site(tmp_path: Path, clock: Clock) -> Iterator[Site]:
    store = EmbeddedStore(tmp_path / "store")
    site = Site(tmp_path, store, extra={"HELIX_TEST_CLOCK": str(clock.file)}, wsgi="shifted_clock")
    store.start()
    try:
        site.start(300)
        yield site
    finally:
        site.stop()


def view(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def test_ten_minutes_without_the_store_cost_no_sign_in_no_figure_and_no_view(
    site: Site, clock: Clock, open_tab: Callable[..., Visit]
) -> None:
    """X1; lesson 12: what was known stays, with its age."""
    tab = open_tab(site)
    page = tab.page
    answers: list[tuple[int, str]] = []
    page.on("response", lambda answer: answers.append((answer.status, answer.url)))
    tab.go(VIEW)
    page.wait_for_selector("#hx-trust-text:has-text('As of')")
    before, asked = tab.raw("requests"), view(page)
    assert int(before) > 0
    site.store.stop()
    for minute in range(1, 11):
        clock.to(minute)
        words = f"not answered for {minute} min" if minute > 1 else "not answered for"
        page.wait_for_selector(f"#hx-stale:has-text('{words}')", timeout=DEADLINE * 1000)
        assert tab.raw("requests") == before
        assert view(page) == asked
    assert page.get_attribute("#hx-trust-dot", "data-tone") in ("warn", "bad")
    page.reload()  # and who comes back to the tab is still signed in, and sees the same
    page.wait_for_selector('[data-panel="volume"][data-state="stale"]', timeout=DEADLINE * 1000)
    assert tab.raw("requests") == before
    for path in BESIDE:  # and what is opened now shows what was known
        tab.go(path)
        page.wait_for_selector("#hx-stale:has-text('Showing what was known at')")
        assert page.locator('[data-panel][data-state="error"]:visible').count() == 0, path
    tab.go(VIEW)
    site.store.start()
    page.wait_for_selector("#hx-stale", state="hidden", timeout=DEADLINE * 1000)
    page.wait_for_selector('[data-panel="volume"][data-state="ready"]', timeout=DEADLINE * 1000)
    eventually(
        lambda: page.get_attribute("#hx-trust-dot", "data-tone") == "good" or page.wait_for_timeout(200)
    )
    assert tab.raw("requests") == before
    assert view(page) == asked
    assert page.get_attribute("html", "data-theme") == "dark"
    assert page.locator(".hx-chip:has-text('success')").is_visible()
    assert [answer for answer in answers if answer[0] >= 400 or "/login" in answer[1]] == []
    assert tab.complaints == []
