"""The grid of requests: columns by mouse and keyboard, new requests, what an export holds."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from axe_playwright_python.sync_playwright import Axe
from installation import Site, Visit, eventually, until
from playwright.sync_api import Page

from helix_dash.log.recorder import Recorder
from helix_dash.pages.requests.columns import USUAL
from request_records import a_request

LIST = "/requests?from=now-30d&refresh=off"
GRID = "window.dash_ag_grid.getApi('hx-requests')"
TOP = "document.querySelector('.ag-body-viewport').scrollTop"


def columns(page: Page) -> list[str]:
    """What the grid shows, in its order."""
    found: list[str] = page.evaluate(f"{GRID}.getAllDisplayedColumns().map((column) => column.getColId())")
    return found


def asked(page: Page, name: str) -> str:
    """A parameter of the address, as it is now: ``page.url`` is only as new as the last event that was handled."""
    return parse_qs(str(page.evaluate("location.search"))[1:]).get(name, [""])[0]


def drawn(page: Page) -> None:
    # with its text: before the first rows have come the grid draws one empty row, and has nowhere to scroll to
    until(page, "Boolean((document.querySelector('.ag-row [col-id=time]') || {}).textContent)")


def open_picker(visit: Visit, address: str = LIST) -> Page:
    page = visit.go(address)
    drawn(page)
    page.click("#hx-columns-button")
    page.wait_for_selector(".hx-column")
    return page


# --- columns ------------------------------------------------------------------------------------------------


def row(page: Page) -> dict[str, Any]:
    """The first row as the grid holds it."""
    found: dict[str, Any] = page.evaluate(f"{GRID}.getDisplayedRowAtIndex(0).data")
    return found


def test_a_tick_shows_a_column_and_the_address_keeps_it(visit: Visit) -> None:
    """pages.md 2: column picker. Rows hold what is shown: a column that comes is fetched."""
    page = open_picker(visit)
    assert set(row(page)) == {*USUAL, "row_id"}
    page.check("#hx-column-provider")
    eventually(lambda: columns(page) == [*USUAL, "provider"], "the column did not come")
    eventually(lambda: row(page).get("provider"), "the column came without its values")
    assert asked(page, "columns").split(",") == [*USUAL, "provider"]
    page.uncheck("#hx-column-team")
    eventually(lambda: "team" not in columns(page), "the column did not go")


def test_what_a_person_chose_is_this_browsers_default(visit: Visit) -> None:
    page = open_picker(visit)
    page.uncheck("#hx-column-endpoint")
    eventually(lambda: "endpoint" not in columns(page))
    wanted = columns(page)
    visit.go(LIST)
    drawn(page)
    assert columns(page) == wanted
    page.click("#hx-columns-button")
    page.click(".hx-columns__foot >> text=Reset")
    eventually(lambda: columns(page) == list(USUAL), "reset did nothing")
    assert asked(page, "columns") == ""


def test_the_columns_of_a_link_win_over_ones_own(visit: Visit) -> None:
    page = visit.go(LIST + "&columns=time,cost_usd,model:260")
    drawn(page)
    assert columns(page) == ["time", "cost_usd", "model"]
    eventually(lambda: set(row(page)) == {"time", "cost_usd", "model", "row_id"}, "rows hold something else")
    assert page.evaluate(f"{GRID}.getColumn('model').getActualWidth()") == 260
    assert page.evaluate("localStorage.getItem('hx-columns')") is None


def test_the_picker_orders_by_keyboard_and_keeps_the_focus(visit: Visit) -> None:
    """pages.md 2: order; by the keys and by the buttons."""
    page = open_picker(visit)
    page.focus("#hx-column-status")
    page.keyboard.press("Alt+ArrowDown")
    eventually(lambda: columns(page)[1:3] == ["model", "status"], "Alt+Down moved nothing")
    assert page.evaluate("document.activeElement.id") == "hx-column-status"
    assert page.inner_text("#hx-columns-picker [role=status]") == "Status: 3 of 14"
    page.focus("[data-column=status] [data-step='-1']")
    page.keyboard.press("Enter")
    eventually(lambda: columns(page)[1:3] == ["status", "model"], "the button moved nothing")
    assert page.evaluate("document.activeElement.dataset.step") == "-1"


def test_nothing_moves_before_the_first_column(visit: Visit) -> None:
    page = open_picker(visit)
    page.focus("#hx-column-status")
    page.keyboard.press("Alt+ArrowUp")
    assert columns(page)[:2] == ["time", "status"]
    assert page.is_disabled("#hx-column-time")


def test_the_picker_orders_by_drag(visit: Visit) -> None:
    page = open_picker(visit)
    page.drag_and_drop("[data-column=user] label", "[data-column=status] label")
    eventually(lambda: columns(page)[:3] == ["time", "user", "status"], "the drag moved nothing")


def test_a_head_is_dragged_and_sized_and_the_address_follows(visit: Visit) -> None:
    page = visit.go(LIST)
    drawn(page)
    head = page.locator(".ag-header-cell[col-id=model]").bounding_box()
    other = page.locator(".ag-header-cell[col-id=status]").bounding_box()
    assert head
    assert other
    page.mouse.move(head["x"] + 40, head["y"] + 20)
    page.mouse.down()
    page.mouse.move(other["x"] + 30, other["y"] + 20, steps=12)
    page.wait_for_selector(".ag-dnd-ghost")
    page.mouse.up()
    eventually(
        lambda: asked(page, "columns").startswith("time,model,status,"), "the drag is not in the address"
    )
    edge = page.locator(".ag-header-cell[col-id=model] .ag-header-cell-resize").bounding_box()
    assert edge
    page.mouse.move(edge["x"] + edge["width"] / 2, edge["y"] + 10)
    page.mouse.down()
    page.mouse.move(edge["x"] + edge["width"] / 2 + 60, edge["y"] + 10, steps=6)
    page.mouse.up()
    eventually(lambda: asked(page, "columns").startswith("time,model:2"), "the width is not in the address")
    page.go_back()
    eventually(lambda: ":" not in asked(page, "columns"))
    eventually(
        lambda: page.evaluate(f"{GRID}.getColumn('model').getActualWidth()") == 188, "back did nothing"
    )


def test_a_head_is_moved_by_keyboard(visit: Visit) -> None:
    page = visit.go(LIST)
    drawn(page)
    page.evaluate(f"{GRID}.setFocusedHeader('model')")
    page.keyboard.press("Shift+ArrowLeft")
    eventually(lambda: columns(page)[1:3] == ["model", "status"], "Shift+Left moved nothing")


def test_the_open_picker_is_accessible(visit: Visit) -> None:
    page = open_picker(visit)
    found = Axe().run(page, context="#hx-columns").response["violations"]
    assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found] == []


def test_the_time_stays_when_the_others_scroll(visit: Visit) -> None:
    """pages.md 2: sticky first column."""
    page = visit.go(LIST)
    drawn(page)
    before = page.locator(".ag-header-cell[col-id=time]").bounding_box()
    page.evaluate(f"{GRID}.ensureColumnVisible('error_class')")
    page.wait_for_timeout(300)
    assert page.locator(".ag-header-cell[col-id=time]").bounding_box() == before


def test_the_density_of_a_link_is_shown(visit: Visit) -> None:
    page = visit.go(LIST + "&density=dense")
    drawn(page)
    assert page.evaluate("document.querySelector('.ag-center-cols-container .ag-row').offsetHeight") == 28


# --- what is exported ---------------------------------------------------------------------------------------


def test_an_export_holds_what_is_shown(visit: Visit, tmp_path: Path) -> None:
    """pages.md 2, C8: the filter with its exclusions, the columns and their order."""
    page = visit.go(LIST + "&status!=success&columns=time,cost_usd,status,model")
    drawn(page)
    total = visit.total()
    page.click("#hx-export")
    page.wait_for_selector("#hx-export-link[href]", timeout=60_000)
    with page.expect_download() as download:
        page.click("#hx-export-link")
    file = tmp_path / "table.csv"
    download.value.save_as(file)
    with file.open(encoding="utf-8", newline="") as text:
        rows = list(csv.DictReader(text))
    assert list(rows[0]) == columns(page) == ["time", "cost_usd", "status", "model"]
    assert len(rows) == total > 0
    assert "success" not in {row["status"] for row in rows}


def test_speed_is_a_column_to_sort_by_and_unknown_is_no_nought(visit: Visit) -> None:
    """pages.md 2: TPOT and tok/s, as the API has them; requests without them come last in either order."""
    page = visit.go(
        LIST + "&status=success&columns=time,latency_ms,ttft_ms,output_tokens,tpot_ms,tokens_per_second"
    )
    drawn(page)
    for first, order in (("asc", "tpot_ms"), ("desc", "-tpot_ms")):
        page.click(".ag-header-cell[col-id=tpot_ms] .ag-header-cell-label")
        rows = visit.site.api("requests", **{"from": "now-30d", "status": "success", "sort": order})["rows"]
        wanted = rows[0]["tpot_ms"]
        assert wanted is not None
        # while rows are on their way the first one is empty
        eventually(lambda wanted=wanted: (row(page) or {}).get("tpot_ms") == wanted, f"not sorted {first}")
    told = row(page)
    decoding = told["latency_ms"] - told["ttft_ms"]
    assert told["tpot_ms"] == pytest.approx(decoding / (told["output_tokens"] - 1), abs=0.0006)
    assert told["tokens_per_second"] == pytest.approx(told["output_tokens"] / decoding * 1000, abs=0.0006)
    cell = page.locator(".ag-row[row-index='0'] [col-id=tpot_ms]")
    said = page.evaluate("(value) => window.dashAgGridFunctions.hxDuration(value)", told["tpot_ms"])
    assert float(said.replace(",", "")) == pytest.approx(told["tpot_ms"], abs=0.051)
    eventually(lambda: cell.inner_text() == said, "the cell says something else")


def test_what_is_excluded_is_not_in_the_grid_either(visit: Visit) -> None:
    page = visit.go(LIST)
    everything = visit.total()
    successes = visit.site.api("summary", **{"from": "now-30d", "status": "success"})["requests"]
    page.evaluate("window.hx.exclude('status', 'success')")
    eventually(lambda: visit.total() == everything - successes, "the exclusion did not reach the grid")


def test_the_unpriced_are_those_of_the_summary(visit: Visit) -> None:
    page = visit.go(LIST)
    page.click("[data-preset=unpriced]")
    wanted = visit.site.api("summary", **{"from": "now-30d"})["unpriced_requests"]
    assert wanted > 0
    eventually(lambda: visit.total() == wanted, "the preset means something else than the summary")
    page.click("[data-preset=unpriced]")
    eventually(lambda: visit.total() == 3000, "the preset did not go")


def test_warnings_and_errors_are_the_errors_of_the_summary(visit: Visit) -> None:
    page = visit.go(LIST)
    page.click("[data-preset=warnings]")
    wanted = visit.site.api("summary", **{"from": "now-30d"})["errors"]
    eventually(lambda: visit.total() == wanted, "the preset means something else than the summary")
    assert page.get_attribute("[data-preset=errors]", "aria-pressed") == "false"


def test_figures_above_the_grid_are_those_of_the_api(visit: Visit) -> None:
    """pages.md 2: metric strip."""
    visit.go(LIST + "&status=success&model!=gpt-4o")
    figures = visit.site.api("summary", **{"from": "now-30d", "status": "success", "model!": "gpt-4o"})
    eventually(lambda: visit.raw("total_tokens") == str(figures["total_tokens"]))
    assert float(visit.raw("latency_ms_p95")) == pytest.approx(figures["latency_ms_p95"])
    assert visit.raw("errors") == "0"


# --- new requests -------------------------------------------------------------------------------------------


def arrive(site: Site, count: int, user: str = "newcomer") -> None:
    """``count`` requests that end now."""
    recorder = Recorder(site.store.url)
    for _ in range(count):
        recorder.record(a_request(time=datetime.now(UTC), user=user))
    assert recorder.close(30) == 0


@pytest.fixture
def live(growing_site: Site, open_tab: Callable[..., Visit]) -> Visit:
    """A list that asks every second."""
    tab = open_tab(growing_site)
    tab.go("/requests?from=now-30d&refresh=1")
    drawn(tab.page)
    return tab


def first(page: Page) -> dict[str, Any]:
    row: dict[str, Any] = page.evaluate(f"({GRID}.getDisplayedRowAtIndex(0) || {{}}).data || {{}}")
    return row


WATCH = """() => new MutationObserver((changes) => {
  for (const { target } of changes) if (target.classList.contains('ag-cell-data-changed')) {
    const style = getComputedStyle(target);
    const row = target.closest('.ag-row');
    if (row) window.marked = { row: Number(row.getAttribute('row-index')), moves: style.transitionDuration !== '0s' || style.animationName !== 'none' };
  }
}).observe(document.getElementById('hx-grid'), { subtree: true, attributeFilter: ['class'] })"""
"""Notes which row was marked last: on a busy machine a mark may be gone before anybody looks."""


def test_new_requests_come_in_at_the_top_and_are_marked(live: Visit) -> None:
    """pages.md 2: live tail."""
    page = live.page
    page.wait_for_selector("#hx-tail[data-tail=live]:visible")
    page.evaluate(WATCH)
    before = live.total()
    arrive(live.site, 2)
    eventually(lambda: page.evaluate("window.marked"), "no row was marked")
    assert page.evaluate("window.marked.row") <= 1
    assert first(page)["user"] == "newcomer"
    eventually(lambda: live.total() == before + 2)
    assert live.complaints == []


def test_who_reads_further_down_is_told_and_not_moved(live: Visit) -> None:
    """pages.md 2: pause on scroll, "n new"."""
    page = live.page
    until(page, f"({TOP} = 60) === {TOP}")  # not even two rows
    page.wait_for_selector("#hx-tail[data-tail=paused]:visible")
    before = first(page)["row_id"]
    arrive(live.site, 3)
    page.wait_for_selector("#hx-grid-new:visible:has-text('3 new')")
    arrive(live.site, 2)
    page.wait_for_selector("#hx-grid-new:visible:has-text('5 new')")
    assert first(page)["row_id"] == before
    assert page.evaluate(TOP) == 60
    page.click("#hx-grid-new")
    eventually(lambda: first(page)["row_id"] != before, "the pill brought nothing")
    assert page.evaluate(TOP) == 0
    page.wait_for_selector("#hx-grid-new", state="hidden")


def test_refreshes_never_ask_for_the_open_request_again(live: Visit) -> None:
    """pages.md 2: polling never re-fetches details; at most two callbacks per refresh without anything new."""
    page = live.page
    page.click(".ag-row[row-index='1'] [col-id=model]")
    page.wait_for_selector(".hx-details")
    opened, before = page.inner_text(".hx-details__what"), live.total()
    page.wait_for_timeout(1500)
    asked_for: list[str] = []
    page.on("request", lambda request: asked_for.append(json.loads(request.post_data or "{}").get("output", "")) if "_dash-update" in request.url else None)  # fmt: skip
    eventually(
        lambda: sum("hx-grid-news" in output for output in asked_for) >= 3 or page.wait_for_timeout(200)
    )
    assert [output for output in asked_for if "hx-details" in output] == []
    assert len(asked_for) <= 2 * sum("hx-grid-news" in output for output in asked_for)
    arrive(live.site, 1)
    eventually(lambda: live.total() == before + 1)
    assert page.inner_text(".hx-details__what") == opened


def test_with_less_motion_a_new_row_is_marked_without_any(
    growing_site: Site, open_tab: Callable[..., Visit]
) -> None:
    tab = open_tab(growing_site, reduced_motion="reduce")
    page = tab.go("/requests?from=now-30d&refresh=1")
    drawn(page)
    page.evaluate(WATCH)
    arrive(growing_site, 1)
    eventually(lambda: page.evaluate("window.marked"), "no row was marked")
    assert page.evaluate("window.marked") == {"row": 0, "moves": False}


def test_nothing_is_live_while_refreshes_are_off(visit: Visit) -> None:
    page = visit.go(LIST)
    drawn(page)
    assert not page.is_visible("#hx-tail")
