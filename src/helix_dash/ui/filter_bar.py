"""The bar of filters below the header: one button to add them, a chip for each (assets/filters.js)."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from helix_dash.log.schema import COLUMNS
from helix_dash.ui import icon
from helix_dash.ui.controls import popover

CHIPS, SHEET, COUNT = "hx-chips", "hx-chips-sheet", "hx-filter-count"

FIRST = ("team", "user", "key_alias", "model", "provider", "endpoint", "status", "stream", "cache", "tags")
"""What people filter by most, in this order; the other columns stand below."""

TITLES = {
    column.name: column.title
    for column in COLUMNS
    if column.kind in ("word", "text", "flag") and not column.stamped
}
"""Every column that can be filtered by, as query_params.py knows them, and its name for people."""


def columns() -> list[dict[str, str]]:
    """What the bar offers, for the browser: name, title, kind and group of each column."""
    kinds = {column.name: column.kind for column in COLUMNS}
    names = [*FIRST, *(name for name in TITLES if name not in FIRST)]
    return [
        {
            "name": name,
            "title": TITLES[name],
            "kind": kinds[name],
            "group": "Often used" if name in FIRST else "More",
        }
        for name in names
    ]


def filter_bar() -> list[Component]:
    """The button with its layer, and the place of the chips. On a phone the chips stand in the layer."""
    return [
        popover(
            "hx-filters",
            [
                icon("list-filter"),
                html.Span("Filter", className="hx-filter__word"),
                html.Span("", id=COUNT, className="hx-filter__count"),
            ],
            html.Div(
                className="hx-filterbox",
                children=[
                    html.Div(id=SHEET, className="hx-chips hx-chips--sheet"),
                    html.Div(id="hx-filter-body"),
                ],
            ),
            name="Add a filter (F)",
        ),
        html.Div(id=CHIPS, className="hx-chips"),
    ]
