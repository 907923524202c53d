"""Many places of a page as one output."""

from __future__ import annotations

import pytest
from dash import Output

from helix_dash.ui import fill

PLACES = {
    "a.text": Output("a", "children"),
    "a.title": Output("a", "title"),
    "b.state": Output("b", "data-state"),
}


def test_new_values_are_sent_by_element_and_property() -> None:
    assert fill.sent("root", {"a.text": "1", "a.title": "one", "b.state": "ready"}, PLACES) == {
        "root": "root",
        "parts": {"a": {"children": "1", "title": "one"}, "b": {"data-state": "ready"}},
    }


def test_what_is_not_named_stays_as_it_is() -> None:
    assert fill.sent("root", {"a.text": None}, PLACES)["parts"] == {"a": {"children": None}}


def test_a_value_without_a_place_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        fill.sent("root", {"c.text": "1"}, PLACES)
