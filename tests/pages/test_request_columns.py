"""Which columns the grid of requests shows, in which order and how wide."""

from __future__ import annotations

from typing import Any

import pytest

from helix_dash.errors import BadQuery
from helix_dash.log.schema import SHOWN
from helix_dash.pages.requests import columns, grid
from helix_dash.query_params import columns_of


def visible(wanted: Any) -> list[str]:
    return [column["field"] for column in grid.grid(None, wanted).columnDefs if not column["hide"]]


def test_without_a_wish_the_usual_columns_are_shown() -> None:
    assert visible(None) == list(columns.USUAL)


def test_a_wish_gives_columns_order_and_width() -> None:
    """pages.md 2: picker and order."""
    wanted = [["time", None], ["cost_usd", None], ["model", 240]]
    assert visible(wanted) == ["time", "cost_usd", "model"]
    assert dict(columns.shown(wanted))["model"] == 240
    assert dict(columns.shown(wanted))["cost_usd"] == columns.USUAL_WIDTH


def test_the_time_is_always_first() -> None:
    """pages.md 2: sticky first column."""
    assert visible([["model", None], ["status", None]])[0] == "time"
    (first,) = [column for column in grid.grid(None).columnDefs if column["field"] == "time"]
    assert first["pinned"] == "left"
    assert first["lockVisible"]


@pytest.mark.parametrize("names", [None, "time", [3, None, "_secret"], []])
def test_rows_hold_the_usual_columns_when_the_browser_names_none(names: Any) -> None:
    assert columns.read(names) == columns.USUAL


def test_rows_hold_the_columns_that_the_browser_names_and_the_time() -> None:
    assert columns.read(["model", "speed", "cost_usd"]) == ("time", "model", "cost_usd")


@pytest.mark.parametrize("width", [-5, 10**9, True, "wide"])
def test_a_width_that_cannot_be_is_not_taken(width: Any) -> None:
    found = dict(columns.shown([["time", None], ["model", width]]))["model"]
    assert columns.NARROWEST <= found <= columns.WIDEST


@pytest.mark.parametrize(
    "wish", ["model", 3, [["nothing", 3]], [[]], [["model"]], {"model": 1}, [[[], None]]]
)
def test_a_wish_that_cannot_be_read_gives_the_usual_columns(wish: Any) -> None:
    assert visible(wish) == list(columns.USUAL)


def test_every_column_can_be_shown_once_at_most() -> None:
    wanted = [[column.name, None] for column in SHOWN] * 2
    assert sorted(visible(wanted)) == sorted(column.name for column in SHOWN)


def test_an_export_takes_the_names_in_their_order() -> None:
    assert columns_of(["time", "cost_usd", "model"]) == ("time", "cost_usd", "model")


@pytest.mark.parametrize(
    "names", [[], "model", ["model", "model"], ["no such"], [["model"]], ["model"] * 500, {"model": 1}]
)
def test_an_export_of_columns_that_are_none_is_refused(names: Any) -> None:
    """T07, T52."""
    with pytest.raises(BadQuery, match=r"column"):
        columns_of(names)
