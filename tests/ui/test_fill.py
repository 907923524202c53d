"""Many places of a page as one output."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from dash import Input, Output, State

from helix_dash.assets import folder
from helix_dash.pages import all_sections
from helix_dash.ui import fill
from helix_dash.ui.wiring import Callbacks

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


READ = {
    ("hx-export-progress", "children"),
    ("hx-grid-holder", "children"),
    ("hx-search-offers", "children"),
    ("hx-grid", "data-state"),
}
"""What callbacks read of such properties: of places that their own callbacks fill."""


def _read(callbacks: Callbacks) -> Iterator[tuple[str, str]]:
    for one in (*callbacks.recorded, *callbacks.client):
        given: list[Any] = [*one.arguments, one.options.get("inputs", {}), one.options.get("state", {})]
        while given:
            part = given.pop()
            if isinstance(part, Input | State):
                yield str(part.component_id), str(part.component_property)
            elif isinstance(part, dict):
                given += part.values()
            elif isinstance(part, list | tuple):
                given += part


def test_no_callback_reads_what_dash_is_not_told() -> None:
    found = {one for section in all_sections(show_gallery=True) for one in _read(section.callbacks)}
    assert {one for one in found if one[1] in fill.PLAIN} <= READ


def test_what_dash_is_not_told_is_the_same_in_the_browser() -> None:
    script = (folder() / "fill.js").read_text("utf-8")
    words = re.search(r"const WORDS = \[(.*?)\]", script)
    assert words is not None
    own = re.findall(r"^    (\w+): ", script.split("const WORDS")[0], re.M)
    named = re.findall(r'"([\w-]+)"', words[1])
    assert {*named, *own} == {*fill.PLAIN}
