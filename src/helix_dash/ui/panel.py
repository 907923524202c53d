"""A panel: title, unit and interval, content, and a place for words when there is no content.

The parts are updated in place, never rebuilt: with Dash 4.4 a callback that returns ``children`` remounts
the whole subtree, which flickers and loses the focus.
"""

from __future__ import annotations

from typing import Any

from dash import Output, dcc, html
from dash.development.base_component import Component

from helix_dash.ui import charts, icon
from helix_dash.ui.states import ACTIONS, Message

Updates = dict[str, Any]
"""New values by output key (``volume.figure``); a key that is missing stays as it is."""


def panel(
    name: str,
    title: str,
    content: Any,
    *,
    span: int,
    height: int = 248,
    kind: str = "chart",
    tools: Any = None,
    legend: Any = None,
) -> Component:
    """A card with ``data-panel=name``.

    Args:
        name: its key in :func:`outputs`.
        title: the noun it shows.
        content: what it shows when it is ready.
        span: columns of twelve.
        height: pixels of its body.
        kind: ``chart`` or ``list``: the shape of the skeleton.
        tools: controls at the right of the title.
        legend: what stands between title and body.
    """
    return html.Section(
        id=f"hx-{name}",
        className=f"hx-card hx-panel hx-panel--{kind} hx-col-{span}",
        **{"data-panel": name, "data-state": "loading", "aria-labelledby": f"hx-{name}-heading"},
        children=[
            html.Header(
                className="hx-panel__head",
                children=[
                    html.Div(
                        [
                            html.H2(title, id=f"hx-{name}-heading", className="hx-panel__title"),
                            html.P("", id=f"hx-{name}-subtitle", className="hx-panel__subtitle"),
                        ]
                    ),
                    html.Span(
                        [icon("clock"), "Stale"], className="hx-tag hx-panel__stale", **{"data-tone": "warn"}
                    ),
                    tools,
                ],
            ),
            legend,
            html.Div(
                className="hx-panel__body",
                style={"--height": f"{height}px"},
                children=[html.Div(content, className="hx-panel__content"), message(name)],
            ),
        ],
    )


def message(name: str) -> Component:
    """The words of panel ``name``; shown by its state."""
    return html.Div(
        className="hx-panel__message",
        role="status",
        children=[
            *(icon(name) for name in ("inbox", "circle-alert", "lock")),
            html.Strong("", id=f"hx-{name}-title"),
            html.Span("", id=f"hx-{name}-text"),
            html.Button(
                "", id=f"hx-{name}-action", className="hx-link", type="button", **{"data-action": ""}
            ),
        ],
    )


def chart(name: str, title: str, label: str, *, span: int, height: int = 224) -> Component:
    """A panel with a chart, its legend, and a switch that shows the same figures as a table.

    The callback gives the figure to a store; assets/chart.js draws it, makes the legend and the table.
    """
    content = [
        dcc.Store(id=f"hx-{name}-data"),
        html.Div(
            dcc.Graph(
                id=f"hx-{name}-figure",
                figure=charts.nothing(),
                config=charts.CONFIG,
                responsive=True,
                style={"height": "100%"},
            ),
            className="hx-panel__plot",
            role="img",
            **{"aria-label": label},
        ),
        html.Div(id=f"hx-{name}-numbers", className="hx-panel__numbers", tabIndex="-1"),
    ]
    switch = html.Button(
        icon("table-2"),
        className="hx-button hx-button--quiet hx-button--icon hx-panel__switch",
        type="button",
        title="Show as a table",
        **{"data-table": name, "aria-label": f"{title} as a table", "aria-pressed": "false"},
    )
    legend = html.Div(id=f"hx-{name}-legend", className="hx-legend")
    return panel(name, title, content, span=span, height=height, tools=switch, legend=legend)


def outputs(name: str, *, figure: bool = True) -> dict[str, Output]:
    """The places a callback fills in panel ``name``."""
    found = {f"{name}.state": Output(f"hx-{name}", "data-state")} | message_outputs(name)
    found[f"{name}.subtitle"] = Output(f"hx-{name}-subtitle", "children")
    if figure:
        found[f"{name}.figure"] = Output(f"hx-{name}-data", "data")
    return found


def message_outputs(name: str) -> dict[str, Output]:
    """The places of the words of panel ``name``."""
    return {
        f"{name}.title": Output(f"hx-{name}-title", "children"),
        f"{name}.text": Output(f"hx-{name}-text", "children"),
        f"{name}.action": Output(f"hx-{name}-action", "children"),
        f"{name}.deed": Output(f"hx-{name}-action", "data-action"),
    }


def ready(name: str, *, stale: bool = False, **parts: Any) -> Updates:
    """Panel ``name`` shows ``parts`` (``figure``, ``subtitle``)."""
    shown = {f"{name}.{part}": value for part, value in parts.items()}
    return {f"{name}.state": "stale" if stale else "ready"} | shown


def says(name: str, words: Message) -> Updates:
    """Panel ``name`` shows words in place of its content."""
    return {
        f"{name}.state": words.state,
        f"{name}.title": words.title,
        f"{name}.text": words.text,
        f"{name}.action": ACTIONS[words.action],
        f"{name}.deed": words.action,
    }
