"""The inspector: a drawer with tabs over one request. Its address is ``request`` and ``tab``."""

from __future__ import annotations

from typing import Any

from dash import Input, Output, html
from dash.development.base_component import Component

from helix_dash import context
from helix_dash.context import log, scope
from helix_dash.pages.requests import details, queries
from helix_dash.ui import drawer as side
from helix_dash.ui import shell
from helix_dash.ui.wiring import Callbacks

KEY, DETAILS, BODY = "hx-inspector", "hx-details", "hx-inspector"
WANTED = side.wanted(KEY)


def drawer() -> list[Component]:
    """The closed drawer, and the store that names the request it shows."""
    body = html.Div([_tabs(), html.Div(id=DETAILS)], id=BODY, className="hx-inspector", **{"data-tab": ""})
    return side.drawer(KEY, "Request", body)


def _tabs() -> Component:
    return html.Div(
        className="hx-inspector__tabs",
        role="tablist",
        **{"aria-label": "Parts of the request"},
        children=[
            html.Button(
                title,
                id=f"hx-tab-{key}",
                className="hx-inspector__tab",
                type="button",
                role="tab",
                tabIndex="-1",
                **{"data-tab": key, "aria-selected": "false", "aria-controls": f"hx-tabpanel-{key}"},
            )
            for key, title in details.TABS
        ],
    )


def wire(on: Callbacks) -> None:
    """The drawer's callbacks: one read per request that is opened, none per tab and none per refresh."""

    @on(
        Output(DETAILS, "children"),
        Input(WANTED, "data"),
        Input(shell.FILTER, "data"),
        running=[(Output(DETAILS, "className"), "hx-waiting", "")],
        prevent_initial_call=True,
    )
    def show_request(row_id: str | None, state: dict[str, Any] | None) -> Component | None:
        if not row_id:
            return None
        row = queries.request(log(), scope(), str(row_id))
        return details.gone() if row is None else details.details(row, context.zone(state))

    side.wire(on, KEY, "hxinspect")
    keys = [key for key, _ in details.TABS]
    on.in_browser(
        "hxinspect.tabs",
        Output(BODY, "data-tab"),
        *(Output(f"hx-tab-{key}", "aria-selected") for key in keys),
        *(Output(f"hx-tab-{key}", "tabIndex") for key in keys),
        Input(shell.URL, "search"),
    )
