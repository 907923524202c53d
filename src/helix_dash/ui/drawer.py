"""The head of a drawer over one thing of a list: what it is, where it stands, a link to it, the way to its neighbours.

Its address is a parameter of the page (assets/drawer.js): open while the address names something, closed by Escape, J and
K lead to the next and the one before, in the order of the list it was opened from.
"""

from __future__ import annotations

import dash_bootstrap_components as dbc
from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component

from helix_dash.ui import icon, shell
from helix_dash.ui.wiring import Callbacks


def drawer(key: str, title: str, body: Component) -> list[Component]:
    """The closed drawer, and the store that names what it shows (:func:`wanted`).

    Args:
        key: the beginning of its ids, ``hx-inspector``.
        title: what one thing is called, ``Request``.
    """
    return [
        dcc.Store(id=wanted(key), data=""),
        dbc.Offcanvas(
            body,
            id=f"{key}-drawer",
            title=_head(key, title),
            labelledby=f"{key}-title",
            placement="end",
            is_open=False,
            class_name="hx-drawer",
        ),
    ]


def wanted(key: str) -> str:
    """The id of the store that names what the drawer shows."""
    return f"{key}-wanted"


def wire(on: Callbacks, key: str, source: str) -> None:
    """It follows the address: ``source`` is the asset's namespace that has its ``drawer`` and ``closed``."""
    shown = f"{key}-drawer"
    on.in_browser(
        f"{source}.drawer",
        Output(shown, "is_open"),
        Output(wanted(key), "data"),
        Input(shell.URL, "search"),
        State(shown, "is_open"),
        State(wanted(key), "data"),
    )
    on.in_browser(f"{source}.closed", Input(shown, "is_open"), prevent_initial_call=True)


def copy(text: str, name: str) -> Component:
    """A small button that copies ``text`` (assets/shell.js)."""
    return html.Button(
        icon("copy"),
        className="hx-copy",
        type="button",
        title=name,
        **{"data-copy": text, "aria-label": name},
    )


def gone(title: str, words: str) -> Component:
    """What a drawer says when that of its address is not there."""
    return html.Div(
        [icon("inbox"), html.Strong(title), html.Span(words)], className="hx-details__gone", role="status"
    )


def _head(key: str, title: str) -> Component:
    noun = title.lower()
    tools = [
        _tool(f"{key}-link", "copy", "Copy link", {"data-copy": ""}, disabled=False),
        _tool(f"{key}-previous", "chevron-down", f"Previous {noun} (K)", {"data-step": "-1"}),
        _tool(f"{key}-next", "chevron-down", f"Next {noun} (J)", {"data-step": "1"}),
    ]
    return html.Div(
        className="hx-inspector__head",
        children=[
            html.Span(title, id=f"{key}-title"),
            html.Span("", id=f"{key}-place", className="hx-inspector__place", role="status"),
            html.Div(className="hx-inspector__tools", children=tools),
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
