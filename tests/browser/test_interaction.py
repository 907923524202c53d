"""Filters, marks, ranges, refresh, keyboard: what a person does, and that nothing jumps while they do it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from installation import Visit, eventually
from playwright.sync_api import Page

SPAN = "from=now-30d"


def _plot(page: Page, name: str) -> dict[str, float]:
    box = page.locator(f"#hx-{name}-figure .nsewdrag").bounding_box()
    assert box
    return {key: float(value) for key, value in box.items()}


def test_a_click_on_a_bar_of_a_chart_filters(visit: Visit) -> None:
    """Lesson 34: every mark is clickable."""
    page = visit.go("/?from=now-24h&refresh=off")
    page.wait_for_selector("#hx-volume-figure .bars .point path", state="attached")
    bar = page.evaluate(
        """() => { const bars = [...document.querySelectorAll('#hx-volume-figure .trace.bars:first-child .point path')].map((path) => path.getBoundingClientRect());
        const box = bars.sort((a, b) => b.height - a.height)[0]; return [box.x + box.width / 2, box.y + box.height / 2]; }"""
    )  # fmt: skip
    page.mouse.move(*bar)
    page.mouse.click(*bar)
    page.wait_for_url(lambda address: "status=success" in address)
    page.wait_for_selector(".hx-chip:has-text('success')")


def test_a_click_on_an_error_class_filters_and_again_takes_it_back(visit: Visit) -> None:
    page = visit.go(f"/?{SPAN}&refresh=off")
    name = page.inner_text(".hx-bar__name >> nth=0")
    page.click(".hx-bar >> nth=0")
    page.wait_for_selector(f".hx-chip:has-text('{name}')")
    page.wait_for_selector('[data-panel="errors"][data-state="ready"]')
    page.click(".hx-bar >> nth=0")
    page.wait_for_url(lambda address: "error_class" not in address)


def test_a_click_on_a_row_of_a_ranking_filters(visit: Visit) -> None:
    """H5.1: top users."""
    page = visit.go(f"/?{SPAN}&refresh=off")
    page.click("#hx-ranking-by label >> nth=1")
    page.wait_for_selector("#hx-ranking-head:has-text('User')")
    user = page.inner_text(".hx-name >> nth=0")
    page.click(".hx-name >> nth=0")
    page.wait_for_url(lambda address: "user=" in address)
    page.wait_for_selector(f".hx-chip:has-text('{user}')")


def test_brushing_a_chart_sets_the_range_and_back_undoes_it(visit: Visit) -> None:
    page = visit.go("/?from=now-24h&refresh=off")
    before = int(visit.raw("requests"))
    box = _plot(page, "volume")
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] / 2, steps=8)
    page.mouse.up()
    page.wait_for_url(lambda address: "to=" in address)
    eventually(lambda: int(visit.raw("requests")) < before, "the cards did not follow the brush")
    page.go_back()
    eventually(lambda: int(visit.raw("requests")) == before, "back did not restore the range")


def test_chips_are_removed_one_by_one_and_all_at_once(visit: Visit) -> None:
    page = visit.go(f"/?{SPAN}&status=error&status=throttled&endpoint=chat&refresh=off")
    page.click('[aria-label="Remove Status error"]')
    page.wait_for_url(lambda address: "status=error" not in address and "status=throttled" in address)
    page.click(".hx-filters [data-action=clear]")
    page.wait_for_url(lambda address: "status=" not in address and "endpoint=" not in address)


def test_a_view_is_kept_on_reload_and_between_pages(visit: Visit) -> None:
    """Issue A, 3: a reload keeps the view."""
    page = visit.go(f"/?{SPAN}&status=error&theme=dark&refresh=off")
    page.click(".hx-nav__item:has-text('Requests')")
    page.wait_for_selector("[data-total]:not([data-total=''])")
    assert "status=error" in page.url
    assert "theme=dark" in page.url
    total = visit.total()
    page.reload()
    visit.settled()
    eventually(lambda: visit.total() == total, "the reload lost the filter")
    assert page.get_attribute("html", "data-theme") == "dark"
    assert page.inner_text("#hx-range-label") == "Last 30 days"


def test_a_custom_range_is_meant_in_the_reporting_zone(visit: Visit) -> None:
    page = visit.go("/?refresh=off")
    page.click("#hx-range-button")
    page.fill("#hx-from", "2026-01-05T08:30")
    page.fill("#hx-to", "2026-01-06T09:45")
    page.click("#hx-apply")
    page.wait_for_url(lambda address: "from=2026-01-05T08:30" in address and "to=2026-01-06T09:45" in address)
    assert page.inner_text("#hx-range-label") == "2026-01-05 08:30 – 2026-01-06 09:45"


def test_a_refresh_keeps_elements_scroll_and_focus(visit: Visit) -> None:
    """dash.md 9 (#3846): a refresh updates in place; C3, F7.2."""
    page = visit.go(f"/?{SPAN}&refresh=1")
    page.evaluate(
        """() => { document.querySelectorAll('[data-raw], .hx-name, .js-plotly-plot, .hx-bar').forEach((node) => { node.dataset.kept = 'yes'; });
        window.scrollTo(0, 500); document.querySelector('.hx-name').focus({ preventScroll: true }); }"""
    )  # fmt: skip
    ticks = []
    page.on("request", lambda request: ticks.append(1) if "_dash-update-component" in request.url else None)
    eventually(lambda: len(ticks) >= 3 or page.wait_for_timeout(200), "no refresh came")
    assert page.evaluate("[...document.querySelectorAll('[data-raw], .hx-name, .js-plotly-plot, .hx-bar')].every((node) => node.dataset.kept)")  # fmt: skip
    assert page.evaluate("window.scrollY") == 500
    assert page.evaluate("document.activeElement.classList.contains('hx-name')")


def test_a_hidden_page_asks_nothing(visit: Visit) -> None:
    """Lesson 13."""
    page = visit.go(f"/?{SPAN}&refresh=1")
    page.evaluate("Object.defineProperty(document, 'hidden', { value: true, configurable: true })")
    page.wait_for_timeout(1500)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(3000)
    assert asked == []


def test_reading_further_down_is_not_disturbed_by_new_requests(visit: Visit) -> None:
    page = visit.go(f"/requests?{SPAN}&refresh=1")
    grid = "window.dash_ag_grid.getApi('hx-requests')"
    # before its first block has come the grid knows no row 900 to go to
    eventually(lambda: page.evaluate(f"{grid}.getDisplayedRowCount()") > 905)
    page.evaluate(f"{grid}.ensureIndexVisible(900, 'top')")
    page.wait_for_selector(".ag-row[row-index='905'] [col-id=time]:has-text('202')")
    shown = page.inner_text(".ag-row[row-index='905'] [col-id=time]")
    page.wait_for_timeout(3500)
    assert page.inner_text(".ag-row[row-index='905'] [col-id=time]") == shown


def test_everything_is_reached_by_keyboard(visit: Visit) -> None:
    """X10: keyboard first."""
    page = visit.go(f"/?{SPAN}&refresh=off")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "hx-page"
    page.focus("#hx-range-button")
    page.keyboard.press("Enter")
    assert page.evaluate("document.querySelector('#hx-range').open")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda address: "from=now-5m" in address)
    page.focus("#hx-filters-button")
    page.keyboard.press("Enter")
    eventually(lambda: page.evaluate("document.activeElement.getAttribute('aria-label')") == "Find a filter")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.id") == "hx-filters-button"


def test_a_legend_singles_one_layer_out_and_a_refresh_keeps_it(visit: Visit) -> None:
    page = visit.go(f"/?{SPAN}&refresh=1")
    page.click("#hx-tokens-legend button >> nth=1")
    page.wait_for_timeout(2500)
    shown = page.evaluate("document.querySelector('#hx-tokens-figure .js-plotly-plot').data.filter((trace) => trace.visible !== false).length")  # fmt: skip
    assert shown == 1


def test_an_open_layer_is_accessible_too(visit: Visit) -> None:
    page = visit.go(f"/?{SPAN}&refresh=off")
    page.click("#hx-filters-button")
    page.click("#hx-filters [role=option]:has-text('Model') >> nth=0")
    page.wait_for_selector("#hx-filters [aria-multiselectable] [role=option]")
    found = Axe().run(page, context="#hx-filters").response["violations"]
    assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_without_a_choice_the_look_follows_the_browser(
    open_tab: Callable[..., Visit], site: object, scheme: str
) -> None:
    """F10: dark and light."""
    tab = open_tab(site, color_scheme=scheme)
    tab.go("/")
    assert tab.page.get_attribute("html", "data-theme") == scheme


def test_the_look_is_set_before_anything_is_drawn(open_tab: Callable[..., Visit], site: object) -> None:
    tab = open_tab(site, color_scheme="light")
    tab.page.add_init_script(
        "new PerformanceObserver((list) => { window.lookAtFirstPaint = window.lookAtFirstPaint || document.documentElement.dataset.theme; }).observe({ type: 'paint', buffered: true });"
    )
    tab.go("/?theme=dark")
    eventually(lambda: tab.page.evaluate("window.lookAtFirstPaint") == "dark")
