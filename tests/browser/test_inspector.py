"""The request log page whole: inspector, search, presets, the small chart, density."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import product
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from installation import Visit, eventually, until
from playwright.sync_api import Page

LIST = "/requests?from=now-30d&refresh=off"


def shown(page: Page, index: int) -> dict[str, Any]:
    """The row at ``index`` of the grid, once it is there."""
    found = f"window.dash_ag_grid.getApi('hx-requests').getDisplayedRowAtIndex({index})"
    until(page, f"Boolean({found} && {found}.data)")
    row: dict[str, Any] = page.evaluate(f"{found}.data")
    return row


def asked(page: Page, name: str) -> str:
    return parse_qs(urlsplit(page.url).query).get(name, [""])[0]


def open_row(visit: Visit, index: int, tab: str = "") -> Page:
    page = visit.go(LIST)
    row_id = shown(page, index)["row_id"]
    page.click(f".ag-row[row-index='{index}'] [col-id=model]")
    page.wait_for_selector(".hx-details")
    assert asked(page, "request") == row_id
    if tab:
        page.click(f"#hx-tab-{tab}")
        page.wait_for_selector(f"#hx-tabpanel-{tab}:visible")
    return page


def test_each_tab_has_an_address_and_costs_no_question(visit: Visit) -> None:
    """pages.md 2: the drawer's tabs."""
    page = open_row(visit, 3)
    questions: list[str] = []
    page.on("request", lambda request: questions.append(request.post_data or "") if "_dash-update" in request.url else None)  # fmt: skip
    for tab in ("cost", "routing", "cache", "guardrails", "headers", "raw"):
        page.click(f"#hx-tab-{tab}")
        page.wait_for_selector(f"#hx-tabpanel-{tab}:visible")
        assert asked(page, "tab") == tab
    assert [one for one in questions if "hx-details" in one] == []
    assert json.loads(page.inner_text(".hx-raw"))["row_id"] == asked(page, "request")


def test_a_link_opens_the_same_request_on_the_same_tab(visit: Visit) -> None:
    page = open_row(visit, 2, "cost")
    link = page.get_attribute("#hx-inspector-link", "data-copy")
    assert link == page.url
    page.goto(link or "")
    page.wait_for_selector("#hx-tabpanel-cost:visible")
    assert page.get_attribute("#hx-tab-cost", "aria-selected") == "true"
    assert page.inner_text(".hx-bill tfoot th >> nth=0") == "Sum"


def test_previous_and_next_follow_the_grids_own_order(visit: Visit) -> None:
    page = open_row(visit, 0)
    page.keyboard.press("Escape")
    page.wait_for_selector(".hx-drawer", state="detached")
    page.click(".ag-header-cell[col-id=model] .ag-header-cell-text")
    page.wait_for_url(lambda address: "sortModel" in address)
    page.wait_for_timeout(500)
    rows = [shown(page, index)["row_id"] for index in range(3)]
    page.click(".ag-row[row-index='0'] [col-id=user]")
    page.wait_for_selector(".hx-details")
    assert page.is_disabled("#hx-inspector-previous")
    for key, row_id in (("j", rows[1]), ("j", rows[2]), ("k", rows[1])):
        page.keyboard.press(key)
        eventually(lambda row_id=row_id: asked(page, "request") == row_id, f"{key} did not move on")
    page.click("#hx-inspector-previous")
    eventually(lambda: asked(page, "request") == rows[0], "the button did not move")
    eventually(lambda: page.inner_text("#hx-inspector-place") == "1 of 3,000", "the place is not told")


def test_next_goes_on_beyond_what_the_grid_had_loaded(visit: Visit) -> None:
    page = visit.go(LIST)
    page.evaluate("window.dash_ag_grid.getApi('hx-requests').ensureIndexVisible(99, 'bottom')")
    last = shown(page, 99)
    page.evaluate("(id) => window.hx.set({ request: id })", last["row_id"])
    page.wait_for_selector(".hx-details")
    page.keyboard.press("j")
    eventually(lambda: asked(page, "request") not in ("", last["row_id"]), "next did not load the next block")
    assert asked(page, "request") == shown(page, 100)["row_id"]


def test_an_id_is_found_whatever_the_range_which_comes_back_afterwards(visit: Visit) -> None:
    """pages.md 2: an id ignores the range and says so."""
    row = visit.site.api("requests", **{"from": "now-30d", "limit": 1, "sort": "time"})["rows"][0]
    page = visit.go("/requests?from=now-5m&refresh=off")
    page.keyboard.press("/")
    eventually(lambda: page.evaluate("document.activeElement.id") == "hx-search", "/ did not find the box")
    page.keyboard.type(row["call_id"], delay=5)
    page.wait_for_url(lambda address: "call_id=" in address)
    page.wait_for_selector("#hx-search-badge:visible")
    eventually(lambda: visit.total() == 1, "the id was not found")
    assert "range ignored" in page.inner_text("#hx-search-badge")
    page.click("[aria-label^='Remove Call id']")
    page.wait_for_url(lambda address: "from=now-5m" in address)
    page.wait_for_selector("#hx-search-badge", state="hidden")


def test_what_is_typed_while_the_page_still_loads_stays_as_it_was_typed(visit: Visit) -> None:
    """Each key at once, none in the wrong place: nothing writes into the field while somebody types."""
    page = visit.page
    text = "the quick brown fox jumps over the lazy dog 0123456789"
    for _ in range(3):
        page.goto(visit.site.url + LIST)
        page.wait_for_selector("#hx-search")
        page.focus("#hx-search")
        page.keyboard.type(text)
        assert page.input_value("#hx-search") == text
    visit.settled()
    page.wait_for_selector(f"#hx-search-offers [data-for='{text}']", state="attached")
    assert page.input_value("#hx-search") == text


def test_a_text_is_offered_where_it_occurs_and_removed_by_its_chip(visit: Visit) -> None:
    page = visit.go(LIST)
    everything = visit.total()
    page.fill("#hx-search", "claude")
    page.keyboard.press("Enter")
    page.wait_for_selector(".hx-chip:has-text('contains claude')")
    eventually(lambda: 0 < visit.total() < everything, "the search did not filter")
    assert json.loads(asked(page, "grid"))["filterModel"]["model"]["filter"] == "claude"
    page.click("[aria-label='Remove Model contains claude']")
    eventually(lambda: visit.total() == everything, "the chip did not go")


def test_a_presets_total_is_the_apis_and_the_chart_follows_it(visit: Visit) -> None:
    page = visit.go(LIST)
    page.click("[data-preset=throttled]")
    wanted = visit.site.api("summary", **{"from": "now-30d", "status": "throttled"})["requests"]
    eventually(lambda: visit.total() == wanted, "the preset's total is not the API's")
    assert page.get_attribute("[data-preset=throttled]", "aria-pressed") == "true"
    bars = "document.querySelector('#hx-outcomes-figure .js-plotly-plot').data"
    eventually(lambda: page.evaluate(f"{bars}.map((trace) => trace.name).join()") == "Throttled")
    assert page.evaluate(f"{bars}[0].y.reduce((sum, count) => sum + count, 0)") == wanted
    page.click("[data-preset=throttled]")
    eventually(lambda: visit.total() == 3000, "the preset did not go")


def test_presets_of_two_columns_hold_together(visit: Visit) -> None:
    page = visit.go(LIST)
    page.click("[data-preset=errors]")
    page.wait_for_selector("[data-preset=errors][aria-pressed=true]")
    page.click("[data-preset=slow]")
    page.wait_for_selector("[data-preset=slow][aria-pressed=true]")
    rows = visit.site.api("requests", **{"from": "now-30d", "status": "error", "limit": 500})["rows"]
    slow = sum(1 for row in rows if (row["latency_ms"] or 0) > 10_000)
    eventually(lambda: visit.total() == slow, "two presets are not both")


def test_a_brush_over_the_small_chart_sets_the_range(visit: Visit) -> None:
    page = visit.go("/requests?from=now-24h&refresh=off")
    before = visit.total()
    box = page.locator("#hx-outcomes-figure .nsewdrag").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] / 2, steps=8)
    page.mouse.up()
    page.wait_for_url(lambda address: "to=" in address)
    eventually(lambda: 0 < visit.total() < before, "the grid did not follow the brush")


def test_dense_rows_are_kept_on_reload(visit: Visit) -> None:
    page = visit.go(LIST)
    height = "document.querySelector('.ag-center-cols-container .ag-row').offsetHeight"
    assert page.evaluate(height) == 36
    page.click("#hx-density")
    eventually(lambda: page.evaluate(height) == 28, "the rows stayed as they were")
    page.reload()
    visit.settled()
    shown(page, 0)
    assert page.evaluate(height) == 28
    assert page.get_attribute("#hx-density", "aria-pressed") == "true"


def test_the_open_inspector_is_accessible(visit: Visit) -> None:
    """WCAG 2.2 AA, in both themes."""
    page = visit.go(LIST)
    page.evaluate("(id) => window.hx.set({ request: id })", shown(page, 1)["row_id"])
    page.wait_for_selector(".hx-details")
    for tab, theme in product(("timeline", "cost", "headers", "raw"), ("light", "dark")):
        page.click(f"#hx-tab-{tab}")
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        page.wait_for_timeout(400)
        found = Axe().run(page, context=".hx-drawer").response["violations"]
        assert [(tab, theme, one["id"], one["nodes"][0]["html"][:200]) for one in found] == []


@pytest.mark.parametrize("width", [390, 900])
def test_the_open_inspector_does_not_scroll_sideways(
    open_tab: Callable[..., Visit], site: object, width: int
) -> None:
    tab = open_tab(site, width, 844)
    page = tab.go(LIST)
    page.evaluate("(id) => window.hx.set({ request: id, tab: 'cost' })", shown(page, 1)["row_id"])
    page.wait_for_selector(".hx-bill")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.evaluate("(() => { const body = document.querySelector('.hx-drawer .offcanvas-body'); return body.scrollWidth <= body.clientWidth; })()")  # fmt: skip
    assert tab.complaints == []
