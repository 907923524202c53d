"""The request log page: its grid, its drawer, its words."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from helix_dash.errors import BadQuery
from helix_dash.log.schema import BY_NAME, SHOWN
from helix_dash.pages.requests import callbacks, details, grid, view
from helix_dash.query_params import _GRID_OPS
from helix_dash.ui.states import empty
from helix_dash.zones import Zone

ROW: dict[str, Any] = {column.name: None for column in SHOWN} | {
    "time": "2026-07-01T12:00:00.123Z",
    "status": "throttled",
    "model": "gpt-4o",
    "cost_usd": 0.000000125,
    "latency_ms": 1234.5,
    "call_id": "<script>alert(1)</script>",
    "stream": True,
}


def _columns(state: Any = None) -> dict[str, dict[str, Any]]:
    return {column["field"]: column for column in grid.grid(state).columnDefs}


def _text(component: Any) -> str:
    return " ".join(part for part in _strings(component))


def _strings(component: Any) -> list[str]:
    children = getattr(component, "children", component)
    if isinstance(children, str):
        return [children]
    items = children if isinstance(children, list | tuple) else [children]
    return [text for child in items if child is not None for text in _strings(child)]


def test_every_column_of_the_schema_can_be_shown_filtered_and_sorted() -> None:
    """Lesson 32: a generic filter on every column."""
    columns = _columns()
    assert set(columns) == {column.name for column in SHOWN}
    assert all(column["filter"] for column in columns.values())


def test_every_test_the_grid_offers_is_one_the_log_can_answer() -> None:
    offered = {option for column in _columns().values() for option in column["filterParams"]["filterOptions"]}
    assert offered <= set(_GRID_OPS)


def test_two_tests_of_one_column_are_not_offered() -> None:
    """The log joins tests by "and" only, so the grid must not offer "or"."""
    assert {column["filterParams"]["maxNumConditions"] for column in _columns().values()} == {1}


def test_the_log_is_newest_first_unless_the_address_says_otherwise() -> None:
    assert _columns()["time"]["initialSort"] == "desc"
    asked = _columns({"sortModel": [{"colId": "cost_usd", "sort": "asc"}]})
    assert asked["cost_usd"]["initialSort"] == "asc"
    assert "initialSort" not in asked["time"]


def test_the_grid_comes_with_the_filter_of_the_address() -> None:
    model = {"status": {"filterType": "text", "type": "equals", "filter": "error"}}
    assert grid.grid({"filterModel": model}).filterModel == model


@pytest.mark.parametrize("state", ["text", 3, ["list"], {"sortModel": "x", "filterModel": 3}])
def test_nonsense_in_the_address_gives_a_plain_grid(state: Any) -> None:
    """T: the address comes from anybody."""
    assert grid.grid(state).filterModel == {}


def test_numbers_are_right_aligned() -> None:
    columns = _columns()
    assert columns["cost_usd"]["type"] == "rightAligned"
    assert "type" not in columns["model"]


def test_blocks_are_of_one_hundred_rows() -> None:
    """interface.md, Pages."""
    assert grid.grid(None).dashGridOptions["cacheBlockSize"] == 100


def test_the_drawer_shows_every_column() -> None:
    """F1.9."""
    assert details.missing() == set()
    shown = {name for groups in details.GROUPS.values() for _, names in groups for name in names}
    assert shown <= set(BY_NAME)


def test_the_drawer_shows_unknown_as_a_dash_and_money_in_full() -> None:
    words = _text(details.details(ROW, Zone(ZoneInfo("UTC"), "UTC")))
    assert "—" in words
    assert "$0.000000125" in words


def test_the_drawer_tells_time_in_the_reporting_zone() -> None:
    assert "1 Jul 2026, 14:00:00.123 Europe/Berlin" in _text(
        details.details(ROW, Zone(ZoneInfo("Europe/Berlin"), "Europe/Berlin"))
    )


def test_the_count_is_exact_and_in_words() -> None:
    assert _text(view.count_words(1_234_567)) == "1,234,567  requests"
    assert _text(view.count_words(1)) == "1  request"


def test_a_failed_refresh_leaves_the_rows_alone() -> None:
    answer = callbacks._no_rows(RuntimeError(), "ab12", shown="ready")
    assert type(answer["rows"]).__name__ == "NoUpdate"
    assert answer["grid.state"] == "stale"


def test_a_filter_that_cannot_be_read_is_told_in_the_grid() -> None:
    answer = callbacks._no_rows(BadQuery("filterModel", "There is no column 'x'."), "ab12", shown="ready")
    assert answer["grid.state"] == "error"
    assert "no column" in answer["grid.text"]


def test_filtered_empty_offers_to_clear() -> None:
    assert empty("requests", filtered=True, period="these 24 hours").action == "clear"
