"""What a person sees is what the API says, whatever they filter by."""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from installation import RECORDS, Visit, eventually

SPAN = "from=now-30d"


def test_every_card_shows_the_figure_of_the_api_to_the_last_digit(visit: Visit) -> None:
    """Issue A, 2; interface.md, Pages."""
    visit.go(f"/?{SPAN}&refresh=off")
    figures = visit.site.api("summary", **{"from": "now-30d"})
    cards = [card.get_attribute("data-kpi") for card in visit.page.query_selector_all("[data-kpi]")]
    names = [name for name in cards if name in figures]
    assert len(names) >= 12
    for name in names:
        assert name
        shown, told = visit.raw(name), figures[name]
        assert (shown == "") == (told is None), name
        if told is not None:
            assert abs(Decimal(shown) - Decimal(str(told))) <= Decimal("1e-9"), name


def test_the_overview_counts_every_request(visit: Visit) -> None:
    visit.go(f"/?{SPAN}")
    assert visit.raw("requests") == str(RECORDS)


def test_a_filter_by_model_date_and_status_gives_one_number_everywhere(visit: Visit, tmp_path: Path) -> None:
    """F1.8, C7, C8: grid total = API total = CSV rows."""
    rows = visit.site.api("requests", limit=1000, **{"from": "now-30d"})["rows"]
    times = sorted(row["time"] for row in rows)
    start, end = times[100][:16], times[-100][:16]
    page = visit.go(f"/requests?from={start}&to={end}&refresh=off")
    for column, value in (("model", rows[0]["model"]), ("status", "success")):
        page.evaluate("(column) => window.hx.filterBy(column)", column)
        page.click(f"#hx-filters [aria-multiselectable] [role=option]:has-text('{value}') >> nth=0")
        page.wait_for_selector(f".hx-chip:has-text('{value}')")
        page.keyboard.press("Escape")
    asked: dict[str, Any] = {"from": start, "to": end, "model": rows[0]["model"], "status": "success"}
    told = visit.site.api("requests", limit=1, **asked)["total"]
    assert 0 < told < RECORDS
    eventually(lambda: visit.total() == told, f"the grid has {visit.total()}, the API {told}")
    file = _export(visit, tmp_path)
    with file.open(encoding="utf-8", newline="") as text:
        taken = list(csv.DictReader(text))
    assert len(taken) == told
    assert {(row["model"], row["status"]) for row in taken} == {(rows[0]["model"], "success")}


def _export(visit: Visit, folder: Path) -> Path:
    visit.page.click("#hx-export")
    visit.page.wait_for_selector("#hx-export-link[href]", timeout=60_000)
    with visit.page.expect_download() as started:
        visit.page.click("#hx-export-link")
    file = folder / "requests.csv"
    started.value.save_as(file)
    return file


def test_the_grids_own_filter_is_part_of_the_total_and_of_the_address(visit: Visit) -> None:
    """Lesson 31: search is on the server; C4."""
    page = visit.go(f"/requests?{SPAN}&refresh=off")
    model = {"latency_ms": {"filterType": "number", "type": "greaterThan", "filter": 3000}}
    page.evaluate("model => window.dash_ag_grid.getApi('hx-requests').setFilterModel(model)", model)
    eventually(lambda: 0 < visit.total() < RECORDS, "the filter did nothing")
    slow, address = visit.total(), page.url
    assert "filterModel" in address
    page.goto(address)
    visit.settled()
    eventually(lambda: visit.total() == slow, "a reload lost the grid's filter")


def test_sorting_is_done_on_the_server(visit: Visit) -> None:
    page = visit.go(f"/requests?{SPAN}&refresh=off")
    page.click(".ag-header-cell[col-id=model] .ag-header-cell-label")
    first = visit.site.api("requests", limit=1, sort="model", **{"from": "now-30d"})["rows"][0]["model"]
    page.wait_for_selector(f".ag-row[row-index='0'] [col-id=model]:has-text('{first}')")
    assert "sortModel" in page.url


def test_every_row_can_be_reached(visit: Visit) -> None:
    """Infinite rows in blocks of 100; the last row is there."""
    page = visit.go(f"/requests?{SPAN}&refresh=off")
    page.evaluate("last => window.dash_ag_grid.getApi('hx-requests').ensureIndexVisible(last)", RECORDS - 1)
    page.wait_for_selector(f".ag-row[row-index='{RECORDS - 1}'] [col-id=time]:has-text('202')")


def test_a_page_with_simulated_records_says_so(visit: Visit) -> None:
    """Issue A: each record is labelled, and a page that shows such records says so."""
    for path in ("/", "/requests"):
        visit.go(f"{path}?{SPAN}")
        visit.page.wait_for_selector("#hx-simulated:visible")
        assert visit.page.inner_text("#hx-simulated") == "Simulated"


def test_a_row_opens_its_details_under_an_address_of_their_own(visit: Visit) -> None:
    """F1.9: single-request inspection."""
    page = visit.go(f"/requests?{SPAN}&refresh=off")
    page.click(".ag-row[row-index='3'] [col-id=model]")
    page.wait_for_selector(".hx-details [data-field=call_id]")
    call = page.inner_text(".hx-details [data-field=call_id]")
    page.goto(page.url)
    page.wait_for_selector(".hx-details [data-field=call_id]")
    assert page.inner_text(".hx-details [data-field=call_id]") == call
    page.keyboard.press("Escape")
    page.wait_for_url(lambda address: "request=" not in address)


def test_an_export_can_be_cancelled(visit: Visit) -> None:
    """C5: progress and cancel."""
    page = visit.go(f"/requests?{SPAN}&refresh=off")
    page.click("#hx-export")
    page.wait_for_selector("#hx-export-cancel:visible")
    page.click("#hx-export-cancel")
    page.wait_for_selector("#hx-export:not([disabled])")
    page.wait_for_selector("#hx-export-link:has-text('Export cancelled.')")
    page.wait_for_timeout(1500)
    assert page.inner_text("#hx-export-link") == "Export cancelled."
    assert page.get_attribute("#hx-export-link", "href") is None


def test_the_address_of_a_view_holds_the_apis_names(visit: Visit) -> None:
    """interface.md, Pages: URL state uses the API's parameter names."""
    page = visit.go(f"/?{SPAN}&status=error&status=throttled&refresh=off")
    told = visit.site.api("summary", **{"from": "now-30d", "status": ["error", "throttled"]})
    assert visit.raw("requests") == str(told["requests"])
    state = json.loads(page.evaluate("JSON.stringify(window.hx.where())"))
    assert state == {"status": ["error", "throttled"]}
