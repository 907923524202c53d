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

from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component

from helix_dash.ui import controls, filter_bar, icon, trust
from helix_dash.ui.section import GROUPS, Section
from helix_dash.ui.wiring import Callbacks
from helix_dash.zones import COMMON as COMMON_ZONES

URL = "hx-url"
FILTER = "hx-filter"
TICK = "hx-tick"
INTERVAL = "hx-interval"
CONFIG = "hx-config"
PAGE = "hx-page"
BUSY = "hx-progress"
EXPORT, EXPORT_PROGRESS, EXPORT_CANCEL, EXPORT_LINK, EXPORT_COLUMNS = (
    "hx-export",
    "hx-export-progress",
    "hx-export-cancel",
    "hx-export-link",
    "hx-export-columns",
)
"""Of a page with an export button; the last is a store with the names of the columns to export, in order."""

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
        home: path and parameters of the view that opens for them; ``None`` for the plain start page.
    """

    prefix: str
    zone: str
    theme: str
    refresh: float
    person: str
    role: str
    may: Callable[[str], bool]
    home: tuple[str, str] | None = None


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
            dcc.Store(id=CONFIG, data=_config(sections, frame)),
            dcc.Interval(id=INTERVAL, interval=round(frame.refresh * 1000)),
            _sidebar(sections, frame),
            html.Div(className="hx-main", children=[_top(frame), _content()]),
        ],
    )


def _config(sections: Sequence[Section], frame: Frame) -> dict[str, Any]:
    """What the browser has to know: assets/address.js keeps it for all scripts."""
    return {
        "prefix": frame.prefix,
        "zone": frame.zone,
        "zones": COMMON_ZONES,
        "refresh": f"{frame.refresh:g}",
        "titles": filter_bar.TITLES,
        "filters": filter_bar.columns(),
        "ranges": {**dict(controls.RANGES), "now-400d": "The whole log"},
        "from": controls.DEFAULT_RANGE,
        "home": frame.home,
        "pages": [
            {"path": section.path, "title": section.title, "icon": section.icon, "letter": section.letter}
            for section in sections
            if section.listed and frame.may(section.permission)
        ],
    }


def _sidebar(sections: Sequence[Section], frame: Frame) -> Component:
    shown = [section for section in sections if section.listed and frame.may(section.permission)]
    groups = [(group, [section for section in shown if section.group == group]) for group in GROUPS]
    return html.Aside(
        className="hx-sidebar",
        children=[
            html.A(
                [html.Span(className="hx-brand__mark"), "Helix Dash"], href=frame.prefix, className="hx-brand"
            ),
            controls.palette(),
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
    # wildcard attributes are not dcc.Link's, so assets/header.js marks the current page
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
                    controls.views(),
                    controls.compare(),
                    controls.time_range(),
                    controls.zone(),
                    controls.refresh(frame.refresh),
                    controls.link(),
                    controls.account(frame.person, frame.role, frame.prefix + "logout"),
                ],
            ),
            html.Div(
                className="hx-filters",
                role="group",
                **{"aria-label": "Filters"},
                children=[
                    *filter_bar.filter_bar(),
                    trust.bar(),
                ],
            ),
        ],
    )


def _content() -> Component:
    banners = html.Div(className="hx-banners", children=[trust.banner()])
    return html.Main(className="hx-content", children=[banners, html.Div(id=PAGE, tabIndex="-1")])


Refused = Callable[[str, str], None]
"""``refused(path, permission)``: somebody was refused a page that is shown within the app."""


def callbacks(
    sections: Sequence[Section], prefix: str, may: Callable[[str], bool], refused: Refused
) -> Callbacks:
    """The shell's own callbacks: routing, the address, chips, tick, trust."""
    on = Callbacks()
    by_path = {section.path.strip("/"): section for section in sections}

    @on(Output(PAGE, "children"), Output("hx-title", "children"), Input(URL, "pathname"))
    def show_page(pathname: str | None) -> tuple[Any, Any]:
        section = by_path.get((pathname or prefix).removeprefix(prefix.rstrip("/")).strip("/"))
        if section is None:
            return plain("Not found", "There is no page at this address."), "Not found"
        if not may(section.permission):
            refused(section.path, section.permission)
            return plain("Not allowed", f"Needs the permission {section.permission}."), section.title
        return section.layout(), section.title

    _wire_browser(on)
    return on


def plain(title: str, text: str) -> Component:
    """A page of two lines."""
    return html.Div(
        className="hx-card hx-panel", children=[html.H2(title, className="hx-panel__title"), html.P(text, className="hx-muted")]
    )  # fmt: skip


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
        Output("hx-zone-label", "children"),
        Output("hx-range-zone", "children"),
        Input(URL, "search"),
        Input(URL, "pathname"),
        State(CONFIG, "data"),
    )
    on.in_browser(
        "hx.chips",
        Output(filter_bar.CHIPS, "children"),
        Output(filter_bar.SHEET, "children"),
        Output(filter_bar.COUNT, "children"),
        Input(FILTER, "data"),
    )
    on.in_browser("hx.tick", Output(TICK, "data"), Input(INTERVAL, "n_intervals"), State(TICK, "data"), State(BUSY, "data-busy"), prevent_initial_call=True)  # fmt: skip
    on.in_browser(
        "hxtrust.ask", Output(trust.STATUS, "data"), Input(TICK, "data"), Input(FILTER, "data"), State(CONFIG, "data")
    )  # fmt: skip
