"""A panel: title, unit and interval, content, and a place for words when there is no content.

The parts are updated in place, never rebuilt: with Dash 4.4 a callback that returns ``children`` remounts
the whole subtree, which flickers and loses the focus.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from dash import Input, Output, dcc, html
from dash.development.base_component import Component

from helix_dash.ui import chart_menu, charts, icon
from helix_dash.ui.states import ACTIONS, Message
from helix_dash.ui.wiring import Callbacks

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
                    *(tools if isinstance(tools, list) else [tools]),
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
        id=f"hx-{name}-message",
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


def chart(
    name: str,
    title: str,
    label: str,
    *,
    span: int,
    height: int = 224,
    carries: Mapping[str, Sequence[str]] | None = MappingProxyType({}),
    loses: str = "",
    views: Sequence[tuple[str, str]] = (),
) -> Component:
    """A panel with a chart and all that belongs to one: headline, legend, menu, table, file, words.

    A page gives it a chart of ``ui.charts``, ``ui.charts_ranked`` or ``ui.charts_spread`` as ``figure``
    (:func:`ready`) and wires it with :func:`wire_chart`; assets/chart.js does the rest.

    Args:
        name: its key in :func:`outputs`, and in the address (``chart=volume.line``).
        title: the noun it shows.
        label: what it shows, for screen readers.
        span: columns of twelve.
        height: pixels of its body.
        carries: the conditions under which it looks at the log beside the page's: "Open in requests" takes them
            along. ``None`` where there are no requests to open.
        loses: the conditions that the Requests page cannot take, in words; the menu names them.
        views: (key, words) of the ways to look at it that its figure brings along
            (:func:`helix_dash.ui.charts_ranked.choices`); the address keeps which one (``chart=volume.pie``).
    """
    tools = [
        html.Div(
            ["", html.Small("")],
            id=f"hx-{name}-headline",
            className="hx-panel__headline",
        ),
        _views(name, title, views),
        chart_menu.menu(name, title, carries, loses),
    ]
    legend = html.Div(id=f"hx-{name}-legend", className="hx-legend")
    plot = _plot(name, title, label)
    return panel(name, title, plot, span=span, height=height, tools=tools, legend=legend)


def _plot(name: str, title: str, label: str) -> list[Component]:
    """The figure, the crosshair over it, its table, and what is said of it."""
    plot = dcc.Graph(
        id=f"hx-{name}-figure",
        figure=charts.nothing(),
        config=charts.CONFIG,
        responsive=True,
        style={"height": "100%"},
    )
    return [
        dcc.Store(id=f"hx-{name}-data"),
        html.Div(
            [plot, html.Div(className="hx-panel__crosshair", hidden=True)],
            className="hx-panel__plot",
            tabIndex="0",
            role="application",
            **{
                "data-chart": name,
                "aria-roledescription": "chart",
                "aria-label": f"{label}. Arrow keys go from point to point.",
                "aria-describedby": f"hx-{name}-says",
            },
        ),
        html.Div(id=f"hx-{name}-numbers", className="hx-panel__numbers", tabIndex="-1", role="region", **{"aria-label": f"{title} as a table"}),
        html.P("", id=f"hx-{name}-says", className="hx-sr"),
        html.Div("", id=f"hx-{name}-spoken", className="hx-sr", **{"aria-live": "assertive"}),
    ]  # fmt: skip


def _views(name: str, title: str, views: Sequence[tuple[str, str]]) -> Component | None:
    if not views:
        return None
    return html.Div(
        [
            html.Button(words, className="hx-tab", type="button", **{"data-view": key, "data-view-of": name, "aria-pressed": str(index == 0).lower()})
            for index, (key, words) in enumerate(views)
        ],
        className="hx-tabs hx-tabs--small",
        role="group",
        **{"aria-label": f"{title}: shown as"},
    )  # fmt: skip


def wire_chart(on: Callbacks, name: str) -> None:
    """Chart ``name`` is drawn in the browser; a click on it filters, a brush sets the range.

    What a page fills (``ui.fill``) is drawn without this callback of Dash; it is for figures that are outputs themselves.
    """
    on.in_browser(
        "hxchart.draw",
        Output(f"hx-{name}-figure", "figure"),
        Output(f"hx-{name}-legend", "children"),
        Output(f"hx-{name}-headline", "children"),
        Output(f"hx-{name}-says", "children"),
        Input(f"hx-{name}-data", "data"),
        prevent_initial_call=True,
    )
    on.in_browser("hxchart.mark", Input(f"hx-{name}-figure", "clickData"), prevent_initial_call=True)
    on.in_browser("hxchart.brush", Input(f"hx-{name}-figure", "relayoutData"), prevent_initial_call=True)


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
        f"{name}.role": Output(f"hx-{name}-message", "role"),
        f"{name}.title": Output(f"hx-{name}-title", "children"),
        f"{name}.text": Output(f"hx-{name}-text", "children"),
        f"{name}.action": Output(f"hx-{name}-action", "children"),
        f"{name}.deed": Output(f"hx-{name}-action", "data-action"),
    }


def ready(name: str, *, stale: bool = False, **parts: Any) -> Updates:
    """Panel ``name`` shows ``parts`` (``figure``, ``subtitle``)."""
    shown = {f"{name}.{part}": value for part, value in parts.items()}
    return {f"{name}.state": "stale" if stale else "ready"} | shown


def away(*names: str) -> Updates:
    """Panels that are out of sight, because another one says for all of them why there is nothing."""
    return {f"{name}.state": "away" for name in names}


def says(name: str, words: Message) -> Updates:
    """Panel ``name`` shows words in place of its content."""
    return {
        f"{name}.state": words.state,
        f"{name}.role": "alert" if words.state == "error" else "status",
        f"{name}.title": words.title,
        f"{name}.text": words.text,
        f"{name}.action": ACTIONS[words.action],
        f"{name}.deed": words.action,
    }
