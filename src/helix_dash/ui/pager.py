"""Turning the pages of a long table: the browser keeps which one is open, the server sends only its rows.

layout: pager.pager("users-all", "users")
inputs: {"turned": pager.turned("users-all")}
fill:   lines, updates = pager.part("users-all", lines, turned)
wire:   pager.wire(on, "users-all", Input("hx-users-order", "value"))   # another order begins at the first page
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component

from helix_dash.ui.panel import Updates
from helix_dash.ui.wiring import Callbacks

Line = TypeVar("Line")
SIZE = 25
"""Rows of a page."""


def pager(name: str, noun: str) -> Component:
    """The buttons below table ``name``, whose lines are ``noun`` ("users")."""
    buttons = [
        html.Button(
            words, id=f"hx-{name}-{key}", className="hx-button", type="button", disabled=True, **{"aria-label": f"{words} {noun}"}
        )
        for key, words in (("less", "Previous"), ("more", "Next"))
    ]  # fmt: skip
    return html.Div(
        [
            dcc.Store(id=f"hx-{name}-page", data=0),
            html.Span("", id=f"hx-{name}-part", className="hx-muted", role="status"),
            *buttons,
        ],
        id=f"hx-{name}-pager",
        className="hx-pager",
        **{"data-pages": "0"},
    )


def turned(name: str) -> Input:
    """The page that is open, from 0."""
    return Input(f"hx-{name}-page", "data")


def outputs(name: str) -> dict[str, Output]:
    """The places that :func:`part` fills."""
    return {
        f"{name}.part": Output(f"hx-{name}-part", "children"),
        f"{name}.less": Output(f"hx-{name}-less", "disabled"),
        f"{name}.more": Output(f"hx-{name}-more", "disabled"),
        f"{name}.pages": Output(f"hx-{name}-pager", "data-pages"),
    }


def part(name: str, lines: Sequence[Line], page: Any, size: int = SIZE) -> tuple[Sequence[Line], Updates]:
    """The lines of the open page, the last one when there are not so many, and what stands below the table."""
    pages = max(1, -(-len(lines) // size))
    asked = page if isinstance(page, int) and not isinstance(page, bool) else 0
    at = min(max(asked, 0), pages - 1)
    shown = lines[at * size : (at + 1) * size]
    words = f"{at * size + 1:,}–{at * size + len(shown):,} of {len(lines):,}" if lines else ""
    return shown, {
        f"{name}.part": words,
        f"{name}.less": at == 0,
        f"{name}.more": at >= pages - 1,
        f"{name}.pages": str(pages),
    }


def wire(on: Callbacks, name: str, *begins: Input) -> None:
    """The buttons turn pages; what ``begins`` names goes back to the first one."""
    on.in_browser(
        "hxpager.turn",
        Output(f"hx-{name}-page", "data"),
        Input(f"hx-{name}-less", "n_clicks"),
        Input(f"hx-{name}-more", "n_clicks"),
        *begins,
        State(f"hx-{name}-page", "data"),
        State(f"hx-{name}-pager", "data-pages"),
        prevent_initial_call=True,
    )
