"""The quiet menu of a chart panel: how it is drawn, its table, its file, its requests. assets/chart_table.js acts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from dash import html
from dash.development.base_component import Component

from helix_dash.ui import icon
from helix_dash.ui.controls import popover

TYPES = (
    ("bar", "Bars", "chart-column"),
    ("line", "Lines", "chart-line"),
    ("area", "Area", "chart-area"),
)


def menu(name: str, title: str, carries: Mapping[str, Sequence[str]] | None, loses: str) -> Component:
    """The menu of panel ``name``; what fits the chart in it is known when it opens.

    Args:
        name: the panel.
        title: what it shows, for the button's name.
        carries: conditions that "Open in requests" adds to the page's; ``None`` leaves it out.
        loses: conditions it cannot take along, in words.
    """
    lines = [
        *(_line(words, sign, "data-chart-type", kind, pressed=True) for kind, words, sign in TYPES),
        _line("Logarithmic scale", "chart-spline", "data-chart-log", "", pressed=True),
        html.Hr(className="hx-menu__rule"),
        _line("Show as a table", "table-2", "data-table", name, pressed=True),
        _line("Download CSV", "download", "data-csv", name),
    ]
    if carries is not None:
        lines.append(_open(name, carries, loses))
    return popover(
        f"hx-{name}-menu",
        icon("ellipsis"),
        html.Div(lines, className="hx-menu", **{"data-menu": name}),
        name=f"{title}: chart menu",
        side="right",
        summary="hx-panel__menu",
        quiet=True,
    )


def _line(words: str, sign: str, attribute: str, value: str, *, pressed: bool = False) -> Component:
    state = {"aria-pressed": "false"} if pressed else {}
    return html.Button(
        [icon(sign), html.Span(words)],
        className="hx-menu__item",
        type="button",
        **{attribute: value},
        **state,
    )


def _open(name: str, carries: Mapping[str, Sequence[str]], loses: str) -> Component:
    words = [html.Span("Open in Requests")]
    if loses:
        words.append(html.Small(f"without: {loses}", className="hx-menu__lost"))
    where = {column: list(values) for column, values in carries.items()}
    return html.A(
        [icon("list"), html.Span(words)],
        className="hx-menu__item",
        href="",
        **{"data-open": name, "data-where": json.dumps(where)},
    )
