"""The trust bar: quiet when all is well, names the worst, explains each signal, on every page."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from installation import Visit, eventually
from playwright.sync_api import Page, Route

from helix_dash.metrics.trust import RULES
from helix_dash.pages import SECTIONS

SPAN = "from=now-30d"


def _answering(page: Page, change: dict[str, Any]) -> None:
    """The server's answers with ``change`` put in; what the rules say of which facts is tested without a browser."""

    def answer(route: Route) -> None:
        told = route.fetch().json() | change
        route.fulfill(status=200, content_type="application/json", body=json.dumps(told))

    page.route("**/api/v1/trust*", answer)


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.key)
def test_every_page_says_how_fresh_its_figures_are(visit: Visit, section: Any) -> None:
    """X1: on every page, without the page doing anything."""
    page = visit.go(f"{section.path}?{SPAN}")
    page.wait_for_selector("#hx-trust-text:has-text('As of')")
    first = page.inner_text("#hx-trust-text")
    eventually(lambda: page.inner_text("#hx-trust-text") != first, "it did not move with the refresh")


def test_enter_opens_an_entry_per_signal_and_escape_closes_them(visit: Visit) -> None:
    page = visit.go(f"/?{SPAN}")
    page.wait_for_selector("#hx-trust-text:has-text('As of')")
    page.focus("#hx-trust-button")
    page.keyboard.press("Enter")
    page.wait_for_selector(".hx-signals:visible")
    shown = page.eval_on_selector_all(".hx-signal", "entries => entries.map((entry) => entry.id)")
    assert shown == [f"hx-trust-{key}" for key in (*(rule.key for rule in RULES), "zone")]
    page.keyboard.press("Escape")
    page.wait_for_selector(".hx-signals", state="hidden")
    assert page.evaluate("document.activeElement.id") == "hx-trust-button"


def test_an_entry_tells_meaning_rule_and_figure(visit: Visit) -> None:
    page = visit.go(f"/?{SPAN}")
    page.wait_for_selector("#hx-trust-text:has-text('As of')")
    page.click("#hx-trust-button")
    page.click("#hx-trust-lag > summary")
    words = page.inner_text("#hx-trust-lag")
    rule = next(rule for rule in RULES if rule.key == "lag")
    assert all(text in words for text in (rule.label, rule.meaning, rule.amber, rule.red))
    assert page.inner_text("#hx-trust-simulated-text") == "100%"


def test_the_worst_is_named_and_its_entry_stands_open(visit: Visit) -> None:
    signal = {"key": "dropped", "tone": "bad", "said": "red", "value": 12, "text": "12", "note": ""}
    _answering(visit.page, {"tone": "bad", "text": "12 dropped · As of 14:02:11 UTC", "signals": [signal]})
    page = visit.go(f"/?{SPAN}")
    page.wait_for_selector("#hx-trust-text:has-text('12 dropped')")
    assert page.get_attribute("#hx-trust-dot", "data-tone") == "bad"
    page.click("#hx-trust-button")
    page.wait_for_selector("#hx-trust-dropped .hx-signal__advice:visible")
    assert not page.is_visible("#hx-trust-lag .hx-signal__body")


def test_a_page_that_is_asked_to_wait_leaves_beats_out_and_says_so(visit: Visit) -> None:
    """X8."""
    signal = {
        "key": "pace",
        "tone": "info",
        "said": "note",
        "value": 3,
        "text": "3 × as long",
        "note": "Slow.",
    }
    _answering(visit.page, {"tone": "good", "text": "As of 14:02:11 UTC", "signals": [signal]})
    page = visit.go(f"/?{SPAN}&refresh=1")
    page.wait_for_selector("#hx-trust-text:has-text('· every 3 s')")
    since = page.evaluate("performance.now()")
    when = """(since) => performance.getEntriesByType("resource").map((one) => one.name.includes("v1/trust") && one.startTime)
        .filter((at) => at > since)"""
    eventually(lambda: len(page.evaluate(when, since)) > 2, "it did not go on")
    asked = page.evaluate(when, since)
    assert min(later - before for before, later in pairwise(asked)) > 1500
    page.click("#hx-trust-button")
    page.click("#hx-trust-pace > summary")
    assert "Slow." in page.inner_text("#hx-trust-pace")


def test_a_server_that_does_not_answer_is_told_and_the_figures_stay(visit: Visit) -> None:
    page = visit.go(f"/?{SPAN}&refresh=1")
    page.wait_for_selector("#hx-trust-text:has-text('As of')")
    before = visit.raw("requests")
    page.route("**/api/v1/trust*", lambda route: route.abort())
    page.wait_for_selector("#hx-stale:visible")
    assert "has not answered since" in page.inner_text("#hx-stale")
    assert visit.raw("requests") == before
    page.unroute("**/api/v1/trust*")
    page.wait_for_selector("#hx-stale", state="hidden")
    visit.complaints.clear()  # Chromium names every refused request


def test_the_shell_asks_once_per_refresh_and_pages_at_most_twice(visit: Visit) -> None:
    """Lesson 4."""
    asked: list[str] = []
    page = visit.page
    page.on("request", lambda request: asked.append(request.url))
    for path in ("/", "/requests"):
        visit.go(f"{path}?{SPAN}&refresh=off")
        page.wait_for_timeout(1500)  # until the page has asked all it wants to ask at first
        asked.clear()
        with page.expect_request("**/api/v1/trust*"):
            page.evaluate("window.dash_clientside.set_props('hx-tick', { data: { n: 1000 } })")
        page.wait_for_timeout(1500)
        assert sum("api/v1/trust" in url for url in asked) == 1, path
        assert sum("_dash-update-component" in url for url in asked) <= 2, path


def test_the_layer_has_no_barrier(visit: Visit) -> None:
    """WCAG 2.2 AA."""
    page = visit.go(f"/?{SPAN}&refresh=off")
    page.wait_for_selector("#hx-trust-text:has-text('As of')")
    page.click("#hx-trust-button")
    page.click("#hx-trust-lag > summary")
    found = Axe().run(page, "#hx-trust", {"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]})
    assert found.response["violations"] == []
