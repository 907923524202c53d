"""Which columns the grid shows, in which order and how wide: ``columns=time,status,model:240`` in the address.

The picker's lines are drawn by assets/grid_columns.js, which also reads and writes the address, and keeps what this
browser showed last as its default.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from dash import Input, Output, dcc, html
from dash.development.base_component import Component

from helix_dash.log.schema import SHOWN
from helix_dash.ui import controls, icon, shell
from helix_dash.ui.wiring import Callbacks

PICKER = "hx-columns-picker"

FIRST = "time"
"""Always shown, at the left edge, and stays there when the others scroll."""
USUAL = (
    "time", "status", "model", "endpoint", "user", "cost_usd", "latency_ms", "ttft_ms", "input_tokens", "output_tokens",
    "cache", "team", "key_alias", "error_class",
)  # fmt: skip
"""The columns a person sees before choosing others."""

WIDTHS = {"time": 208, "status": 108, "model": 188, "endpoint": 120, "user": 140, "key_alias": 160, "error_class": 184, "call_id": 280, "trace_id": 280, "prompt_hash": 200, "cache_key": 168, "tags": 200, "tokens_per_second": 152}  # fmt: skip
USUAL_WIDTH = 128
NARROWEST, WIDEST = 60, 900

Shown = Sequence[tuple[str, int]]
"""Names in order, each with its width in pixels."""


def width_of(name: str) -> int:
    """How wide column ``name`` is until somebody changes it."""
    return WIDTHS.get(name, USUAL_WIDTH)


def shown(wanted: Any) -> Shown:
    """What the browser asks for (``[[name, width or null], …]``), as far as it can be had; the usual columns else."""
    known = {column.name for column in SHOWN}
    found: dict[str, int] = {FIRST: width_of(FIRST)}
    for part in wanted if isinstance(wanted, list) else []:
        if isinstance(part, list) and len(part) == 2 and isinstance(part[0], str) and part[0] in known:
            name, width = part
            whole = isinstance(width, int) and not isinstance(width, bool)
            found[name] = min(max(width, NARROWEST), WIDEST) if whole else width_of(name)
    names = found if len(found) > 1 else dict.fromkeys(USUAL)
    return [(name, found.get(name, width_of(name))) for name in names]


def read(names: Any) -> tuple[str, ...]:
    """The columns that the grid's rows need when it shows those that the browser names."""
    wanted = names if isinstance(names, list) else []
    return tuple(name for name, _ in shown([[name, None] for name in wanted]))


def picker() -> Component:
    """The button with its layer, and the store of what is shown, for the grid's rows and for an export."""
    described = [
        {"name": column.name, "title": column.title, "help": column.help, "width": width_of(column.name)}
        for column in SHOWN
    ]
    return html.Div(
        [
            dcc.Store(id=shell.EXPORT_COLUMNS, data=list(USUAL)),
            controls.popover(
                "hx-columns",
                [icon("columns-3"), "Columns"],
                html.Div(
                    id=PICKER,
                    className="hx-columns",
                    **{"data-columns": json.dumps(described), "data-usual": json.dumps(USUAL)},
                ),
                name="Choose, order and size columns",
                side="right",
            ),
        ]
    )


def wire(on: Callbacks) -> None:
    """The grid follows the address, and what is shown is what an export would hold."""
    on.in_browser(
        "hxcolumns.follow",
        Output(shell.EXPORT_COLUMNS, "data"),
        Input(shell.URL, "search"),
        Input("hx-grid-holder", "children"),
    )
