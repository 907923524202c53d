"""The frame around every page: menu, header, filters, and the wires that keep address and page one.

``app.py`` uses :func:`index` for the document, :func:`layout` for ``app.layout`` and attaches :func:`callbacks`
first, then those of each section. The address (``hx-url``) is the only state; ``hx-filter`` is its parsed
form, and pages take it with ``hx-tick`` as their inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from dash import Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from helix_dash.log.schema import COLUMNS
from helix_dash.ui import controls, icon, trust
from helix_dash.ui.section import GROUPS, Section
from helix_dash.ui.wiring import Callbacks

URL = "hx-url"
FILTER = "hx-filter"
TICK = "hx-tick"
INTERVAL = "hx-interval"
CONFIG = "hx-config"
PAGE = "hx-page"
BUSY = "hx-progress"
EXPORT, EXPORT_PROGRESS, EXPORT_CANCEL, EXPORT_LINK = (
    "hx-export",
    "hx-export-progress",
    "hx-export-cancel",
    "hx-export-link",
)

PICKERS = ("model", "status", "user", "team", "endpoint")
TITLES = {column.name: column.title for column in COLUMNS if column.kind in ("word", "text", "flag")}
RUNNING = [(Output(BUSY, "data-busy"), "true", "false")]
"""``running=`` of a page's main callback: the next tick waits for it, and a thin bar shows that it runs."""
INPUTS = {"tick": Input(TICK, "data"), "state": Input(FILTER, "data")}
"""``inputs=`` of a page's main callback: it asks again at each tick and when the filter changes."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What the shell needs to know of the app and the asker.

    Args:
        prefix: the path the app is served under, ``/`` or ``/helix/``.
        zone: the reporting zone's name.
        theme: ``auto``, ``light`` or ``dark``: the look before the viewer chooses.
        refresh: seconds between refreshes before the viewer chooses.
        person: who is signed in.
        role: their role.
        may: whether they hold a permission; pages they may not see are not in the menu.
    """

    prefix: str
    zone: str
    theme: str
    refresh: float
    person: str
    role: str
    may: Callable[[str], bool]


def index(prefix: str, theme: str, *, motion: bool = True) -> str:
    """The document that Dash fills: the theme is set before anything is drawn.

    Args:
        prefix: the path the app is served under.
        theme: the look before a viewer chooses.
        motion: whether the interface may move.
    """
    return f"""<!DOCTYPE html>
<html lang="en" data-theme="light" data-look="{escape(theme)}" data-motion="{"on" if motion else "off"}">
<head>
{{%metas%}}
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{%title%}}</title>
<link rel="icon" type="image/svg+xml" href="{escape(prefix)}assets/favicon.svg">
<script src="{escape(prefix)}assets/theme.js"></script>
{{%css%}}
</head>
<body>
{{%app_entry%}}
<footer>{{%config%}}{{%scripts%}}{{%renderer%}}</footer>
</body>
</html>"""


def layout(sections: Sequence[Section], frame: Frame) -> Component:
    """The whole frame, without data."""
    return html.Div(
        className="hx-shell",
        children=[
            html.A("Skip to content", href=f"#{PAGE}", className="hx-skip"),
            dcc.Location(id=URL, refresh=False),
            dcc.Store(id=FILTER),
            dcc.Store(id=TICK, data={"n": 0}),
            dcc.Store(
                id=CONFIG,
                data={
                    "prefix": frame.prefix,
                    "zone": frame.zone,
                    "refresh": f"{frame.refresh:g}",
                    "titles": TITLES,
                    "ranges": {**dict(controls.RANGES), "now-400d": "The whole log"},
                    "from": controls.DEFAULT_RANGE,
                },
            ),
            dcc.Interval(id=INTERVAL, interval=round(frame.refresh * 1000)),
            _sidebar(sections, frame),
            html.Div(className="hx-main", children=[_top(frame), _content()]),
        ],
    )


def _sidebar(sections: Sequence[Section], frame: Frame) -> Component:
    shown = [section for section in sections if frame.may(section.permission)]
    groups = [(group, [section for section in shown if section.group == group]) for group in GROUPS]
    return html.Aside(
        className="hx-sidebar",
        children=[
            html.A(
                [html.Span(className="hx-brand__mark"), "Helix Dash"], href=frame.prefix, className="hx-brand"
            ),
            html.Nav(
                className="hx-nav",
                **{"aria-label": "Pages"},
                children=[
                    html.Div(
                        [
                            html.Div(group, className="hx-nav__title"),
                            *(_link(section, frame) for section in members),
                        ],
                        className="hx-nav__group",
                    )
                    for group, members in groups
                    if members
                ],
            ),
        ],
    )


def _link(section: Section, frame: Frame) -> Component:
    address = frame.prefix + section.path.lstrip("/")
    # wildcard attributes are not dcc.Link's, so assets/shell.js marks the current page
    return dcc.Link(
        [icon(section.icon), section.title], href=address, className="hx-nav__item", id={"nav": section.key}
    )


def _top(frame: Frame) -> Component:
    return html.Div(
        className="hx-top",
        children=[
            html.Div(id=BUSY, className="hx-progress", **{"data-busy": "false", "aria-hidden": "true"}),
            html.Header(
                className="hx-header",
                children=[
                    html.H1("", id="hx-title"),
                    controls.time_range(frame.zone),
                    controls.refresh(frame.refresh),
                    controls.theme(),
                    controls.account(frame.person, frame.role, frame.prefix + "logout"),
                ],
            ),
            html.Div(
                className="hx-filters",
                role="group",
                **{"aria-label": "Filters"},
                children=[
                    *(controls.picker(column, TITLES[column]) for column in PICKERS),
                    html.Div(id="hx-chips", className="hx-chips"),
                    trust.bar(),
                ],
            ),
        ],
    )


def _content() -> Component:
    banners = html.Div(className="hx-banners", children=[trust.banner()])
    return html.Main(className="hx-content", children=[banners, html.Div(id=PAGE, tabIndex="-1")])


Values = Callable[[str, str], Sequence[str]]
"""``values(column, contains)``: what a column has held, as far as the asker may see."""


def callbacks(
    sections: Sequence[Section], prefix: str, may: Callable[[str], bool], values: Values
) -> Callbacks:
    """The shell's own callbacks: routing, the address, pickers, tick, trust."""
    on = Callbacks()
    by_path = {section.path.strip("/"): section for section in sections}

    @on(Output(PAGE, "children"), Output("hx-title", "children"), Input(URL, "pathname"))
    def show_page(pathname: str | None) -> tuple[Any, Any]:
        section = by_path.get((pathname or prefix).removeprefix(prefix.rstrip("/")).strip("/"))
        if section is None:
            return plain("Not found", "There is no page at this address."), "Not found"
        if not may(section.permission):
            return plain("Not allowed", f"Needs the permission {section.permission}."), section.title
        return section.layout(), section.title

    for column in PICKERS:
        _wire_picker(on, column, values)
    _wire_browser(on)
    return on


def plain(title: str, text: str) -> Component:
    """A page of two lines."""
    return html.Div(
        className="hx-card hx-panel", children=[html.H2(title, className="hx-panel__title"), html.P(text, className="hx-muted")]
    )  # fmt: skip


def _wire_picker(on: Callbacks, column: str, values: Values) -> None:
    key = f"hx-pick-{column}"

    @on(
        Output(f"{key}-list", "options"),
        Output(f"{key}-note", "children"),
        Input(f"{key}-button", "n_clicks"),
        Input(f"{key}-search", "value"),
        Input(f"{key}-list", "value"),
        prevent_initial_call=True,
    )
    def offer(clicks: int | None, contains: str | None, chosen: list[str] | None) -> tuple[Any, Any]:
        if not clicks and not contains:
            return list(chosen or []), no_update
        limit = 200
        found = list(values(column, contains or ""))
        options = list(dict.fromkeys([*(chosen or []), *found[:limit]]))
        note = "" if options else f"No {TITLES[column].lower()} contains that."
        if len(found) >= limit:
            note = f"The first {limit}; type to find others."
        return options, note

    on.in_browser(
        "hx.chosen", Output(f"{key}-list", "value"), Input(FILTER, "data"), State(f"{key}-list", "value")
    )
    on.in_browser("hx.pick", Input(f"{key}-list", "value"), State(FILTER, "data"), prevent_initial_call=True)


def _wire_browser(on: Callbacks) -> None:
    on.in_browser(
        "hx.parse", Output(FILTER, "data"), Input(URL, "search"), State(FILTER, "data"), State(CONFIG, "data")
    )
    on.in_browser(
        "hx.controls",
        Output("hx-range-label", "children"),
        Output("hx-refresh-label", "children"),
        Output(INTERVAL, "interval"),
        Output(INTERVAL, "disabled"),
        Input(URL, "search"),
        Input(URL, "pathname"),
        State(CONFIG, "data"),
    )
    on.in_browser("hx.chips", Output("hx-chips", "children"), Input(FILTER, "data"), State(CONFIG, "data"))
    on.in_browser("hx.tick", Output(TICK, "data"), Input(INTERVAL, "n_intervals"), State(TICK, "data"), State(BUSY, "data-busy"), prevent_initial_call=True)  # fmt: skip
    on.in_browser(
        "hxtrust.ask", Output(trust.STATUS, "data"), Input(TICK, "data"), Input(FILTER, "data"), State(CONFIG, "data")
    )  # fmt: skip


def wire_status(on: Callbacks, store: str) -> None:
    """Parts of a page that wait for an answer hear from its ``store`` that there will be none (``trust.failed``)."""
    on.in_browser("hxtrust.told", Input(store, "data"), prevent_initial_call=True)
