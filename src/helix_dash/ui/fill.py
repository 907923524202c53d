"""New values of many places of a page as one output, which the browser spreads (assets/fill.js).

A callback that names hundreds of outputs sends all their names up at every refresh: the overview sent 38 kB to ask
for 61 kB. With one output the question is short, and a place whose value did not change is not touched. What only
people read (texts, tones, states: :data:`PLAIN`) is written into the document past Dash, which would tell every component
of the page of each change; so no callback may read such a property of a place that is filled. Charts and tables are
handed to what draws them (assets/chart.js, assets/rows.js) the same way.

    FILL = "hx-finish-fill"
    layout = html.Div([fill.store(FILL), …], id="hx-finish")
    @on(output=Output(FILL, "data"), …)
    def show(…):
        return fill.sent("hx-finish", updates, OUTPUTS)
    fill.wire(on, FILL)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import Input, Output, dcc
from dash.development.base_component import Component
from flask import g, has_app_context

from helix_dash.ui.panel import Updates
from helix_dash.ui.wiring import Callbacks

PLAIN = (
    "children", "style", "hidden", "disabled", "title", "role", "data-raw", "data-tone", "data-own", "data-state",
    "data-action", "data-filter", "data-value",
)  # fmt: skip
"""Properties of which Dash is not told, as assets/fill.js has them."""


def store(key: str) -> Component:
    """Where a callback puts what :func:`sent` makes."""
    return dcc.Store(id=key)


def sent(root: str, updates: Updates, places: Mapping[str, Output]) -> dict[str, Any]:
    """``updates`` by element and property; while the store is away also ``recalled``: as of when the answer knows what
    the store told, in epoch milliseconds, for the banner.

    Args:
        root: the id of the page's outermost element: what was sent before is forgotten with it.
        updates: new values by the keys of ``places``.
        places: where each key stands, as the parts of ``ui`` tell by their ``outputs``.

    Raises:
        KeyError: an update has no place.
    """
    parts: dict[str, dict[str, Any]] = {}
    for key, value in updates.items():
        place = places[key]
        parts.setdefault(str(place.component_id), {})[place.component_property] = value
    recalled = g.get("helix_recalled") if has_app_context() else None
    known = {} if recalled is None else {"recalled": round(recalled * 1000)}
    return {"root": root, "parts": parts, **known}


def wire(on: Callbacks, key: str) -> None:
    """What arrives in store ``key`` goes to its places."""
    on.in_browser("hxfill.fill", Input(key, "data"), prevent_initial_call=True)
