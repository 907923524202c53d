"""Panels, tables and states: the places that callbacks fill, and the words in them."""

from __future__ import annotations

from typing import Any

import pytest
from dash import html
from dash.development.base_component import Component

from helix_dash.errors import BadQuery, Forbidden, StoreUnavailable
from helix_dash.ui import panel, states, table


def ids(component: Component) -> set[str]:
    """All string ids of a component tree."""
    parts = [component, *component._traverse()]
    return {part.id for part in parts if isinstance(getattr(part, "id", None), str)}


def targets(outputs: dict[str, Any]) -> set[str]:
    return {output.component_id for output in outputs.values()}


FIELDS = (table.Field("requests", "Requests", bar=True), table.Field("cost", "Cost"))


def test_every_output_of_a_chart_panel_is_on_it() -> None:
    assert targets(panel.outputs("volume")) <= ids(panel.chart("volume", "Requests", "over time", span=8))


def test_a_panel_begins_as_loading() -> None:
    props = panel.panel("volume", "Requests", html.Div(), span=8).to_plotly_json()["props"]
    assert (props["data-panel"], props["data-state"]) == ("volume", "loading")


def test_every_output_of_a_table_is_on_it() -> None:
    outputs = table.outputs("rank", FIELDS, 3)
    assert targets(outputs) <= ids(table.table("rank", "Ranking", "Model", FIELDS, 3))


def test_every_output_of_a_bar_list_is_on_it() -> None:
    assert targets(table.bar_outputs("errors", 3)) <= ids(table.bars("errors", 3))


def test_rows_that_are_not_there_are_hidden() -> None:
    updates = table.fill("rank", [table.Row("a", ("model", "a"), {"cost": "$1"}, 1.0)], 2)
    assert updates["rank.0.row"] == {"--share": "100.0%"}
    assert updates["rank.1.row"] == {"display": "none"}


def test_a_row_filters_by_its_column_and_value() -> None:
    updates = table.fill("rank", [table.Row("Unknown", ("model", ""), {}, 1.0)], 1)
    assert (updates["rank.0.filter"], updates["rank.0.value"]) == ("model", "")


def test_nothing_because_of_a_filter_offers_to_clear_it() -> None:
    words = states.empty("requests", filtered=True, period="these 24 hours")
    assert words.action == "clear"


def test_nothing_without_a_filter_offers_a_longer_range() -> None:
    words = states.empty("requests", filtered=False, period="these 24 hours")
    assert (words.state, words.action) == ("empty", "widen")


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (Forbidden("pii:read"), "forbidden"),
        (StoreUnavailable("The store did not answer in time."), "error"),
        (BadQuery("from", "from must be earlier than to."), "error"),
        (RuntimeError("secret detail"), "error"),
    ],
)
def test_each_kind_of_failure_has_its_state(error: Exception, state: str) -> None:
    assert states.failed(error, "ab12").state == state


def test_an_unforeseen_failure_shows_a_reference_and_no_detail() -> None:
    words = states.failed(RuntimeError("secret detail"), "ab12cd34")
    assert "ab12cd34" in words.text
    assert "secret" not in words.text
