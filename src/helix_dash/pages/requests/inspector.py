"""The inspector: a drawer with tabs over one request. Its address is ``request`` and ``tab``."""

from __future__ import annotations

from typing import Any

import dash_bootstrap_components as dbc
from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component

from helix_dash import context
from helix_dash.context import log, scope
from helix_dash.pages.requests import details, queries
from helix_dash.ui import icon, shell
from helix_dash.ui.wiring import Callbacks

DRAWER, DETAILS, WANTED, BODY = "hx-drawer", "hx-details", "hx-inspector-wanted", "hx-inspector"
TITLE, PLACE, PREVIOUS, NEXT, LINK = (
    "hx-inspector-title",
    "hx-inspector-place",
    "hx-inspector-previous",
    "hx-inspector-next",
    "hx-inspector-link",
)


def drawer() -> list[Component]:
    """The closed drawer, and the store that names the request it shows."""
    return [
        dcc.Store(id=WANTED, data=""),
        dbc.Offcanvas(
            html.Div([_tabs(), html.Div(id=DETAILS)], id=BODY, className="hx-inspector", **{"data-tab": ""}),
            id=DRAWER,
            title=_head(),
            labelledby=TITLE,
            placement="end",
            is_open=False,
            class_name="hx-drawer",
        ),
    ]


def _head() -> Component:
    return html.Div(
        className="hx-inspector__head",
        children=[
            html.Span("Request", id=TITLE),
            html.Span("", id=PLACE, className="hx-inspector__place", role="status"),
            html.Div(
                className="hx-inspector__tools",
                children=[
                    _tool(LINK, "copy", "Copy link", {"data-copy": ""}, disabled=False),
                    _tool(PREVIOUS, "chevron-down", "Previous request (K)", {"data-step": "-1"}),
                    _tool(NEXT, "chevron-down", "Next request (J)", {"data-step": "1"}),
                ],
            ),
        ],
    )


def _tool(key: str, look: str, name: str, data: dict[str, str], *, disabled: bool = True) -> Component:
    return html.Button(
        icon(look),
        id=key,
        className="hx-button hx-button--quiet hx-button--icon",
        type="button",
        title=name,
        disabled=disabled,
        **{"aria-label": name, **data},
    )


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

    on.in_browser(
        "hxinspect.drawer",
        Output(DRAWER, "is_open"),
        Output(WANTED, "data"),
        Input(shell.URL, "search"),
        State(DRAWER, "is_open"),
        State(WANTED, "data"),
    )
    on.in_browser("hxinspect.closed", Input(DRAWER, "is_open"), prevent_initial_call=True)
    keys = [key for key, _ in details.TABS]
    on.in_browser(
        "hxinspect.tabs",
        Output(BODY, "data-tab"),
        Output(LINK, "data-copy"),
        *(Output(f"hx-tab-{key}", "aria-selected") for key in keys),
        *(Output(f"hx-tab-{key}", "tabIndex") for key in keys),
        Input(shell.URL, "search"),
    )
