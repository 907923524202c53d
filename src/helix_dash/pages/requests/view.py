"""How the request log page looks: toolbar, grid, details drawer."""

from __future__ import annotations

from dash import Output, dcc, html
from dash.development.base_component import Component

from helix_dash.context import may, settings
from helix_dash.pages.requests import columns, inspector, live, presets, search, strip, volume
from helix_dash.ui import icon, panel, shell

CARD, HOLDER, COUNT, NEW, TAIL = "hx-grid", "hx-grid-holder", "hx-grid-count", "hx-grid-new", "hx-tail"
WANTED, FAILED, BAR, DENSITY = "hx-grid-wanted", "hx-grid-failed", "hx-export-bar", "hx-density"


def layout() -> Component:
    """The page without data."""
    return html.Div(
        className="hx-stack",
        children=[
            *live.stores(),
            dcc.Store(id=WANTED),
            dcc.Store(id=FAILED),
            html.Div(
                className="hx-toolbar",
                children=[search.box(), _count(), _density(), columns.picker(), *_export()],
            ),
            presets.row(),
            strip.strip(),
            volume.card(),
            html.Section(
                id=CARD,
                className="hx-card hx-panel--list hx-gridcard",
                **{
                    "data-panel": "requests",
                    "data-state": "loading",
                    "data-total": "",
                    "aria-label": "Requests",
                },
                children=[
                    html.Div(id=HOLDER),
                    html.Button("", id=NEW, className="hx-newer", type="button", hidden=True),
                    panel.message("grid"),
                ],
            ),
            *inspector.drawer(),
        ],
    )


def _count() -> Component:
    """How many there are, whether new ones come in by themselves (assets/grid_tail.js), and what an id ignores."""
    return html.Div(
        [
            html.Span("", id=COUNT, role="status"),
            html.Span("", id=TAIL, className="hx-tail", hidden=True, **{"data-tail": ""}),
            html.Span(
                [html.B("ID"), "whole log, range ignored"],
                id=presets.BADGE,
                className="hx-tag",
                hidden=True,
                **{"data-tone": "info"},
            ),
        ],
        className="hx-toolbar__count",
    )


def _density() -> Component:
    return html.Button(
        icon("list"),
        id=DENSITY,
        className="hx-button hx-button--icon",
        type="button",
        title="Dense rows",
        **{"aria-label": "Dense rows", "aria-pressed": "false"},
    )


def _export() -> list[Component]:
    """The export button and what it grows while an export runs; the wires are in ``exports.callbacks``."""
    if not settings().enable_exports:
        return []
    allowed = may("export:create")
    return [
        html.Div(
            className="hx-export",
            children=[
                html.Progress(
                    id=BAR,
                    className="hx-export__bar",
                    value="0",
                    max="1",
                    hidden=True,
                    **{"aria-label": "Export"},
                ),
                html.Span("", id=shell.EXPORT_PROGRESS, className="hx-faint", role="status"),
                html.Button(
                    "Cancel", id=shell.EXPORT_CANCEL, className="hx-button", type="button", hidden=True
                ),
                html.A("", id=shell.EXPORT_LINK, className="hx-link hx-export__link", hidden=True),
                html.Button(
                    [icon("download" if allowed else "lock"), "Export CSV"],
                    id=shell.EXPORT,
                    className="hx-button",
                    type="button",
                    disabled=not allowed,
                    title="All requests of this view, in these columns, oldest first"
                    if allowed
                    else "Needs the analyst role",
                ),
            ],
        )
    ]


def outputs() -> dict[str, Output]:
    """The places that a block of rows fills beside the grid itself."""
    return {
        "grid.state": Output(CARD, "data-state"),
        "grid.total": Output(CARD, "data-total"),
        "grid.count": Output(COUNT, "children"),
        "grid.mark": Output(live.MARK, "data"),
        **panel.message_outputs("grid"),
    }


def count_words(total: int) -> list[str | Component]:
    """The exact number of requests, in words."""
    return [html.B(f"{total:,}"), " request" if total == 1 else " requests"]
