"""How the request log page looks: toolbar, grid, details drawer."""

from __future__ import annotations

import dash_bootstrap_components as dbc
from dash import Output, dcc, html
from dash.development.base_component import Component

from helix_dash.context import may, settings
from helix_dash.log.schema import SHOWN
from helix_dash.pages.requests import inspector, presets, search, volume
from helix_dash.pages.requests.grid import USUAL
from helix_dash.ui import controls, icon, panel, shell

CARD, HOLDER, COUNT, MARK, NEW, PROBE = (
    "hx-grid",
    "hx-grid-holder",
    "hx-grid-count",
    "hx-grid-mark",
    "hx-grid-new",
    "hx-grid-probe",
)
COLUMNS, BAR, STATUS, DENSITY = (
    "hx-columns-list",
    "hx-export-bar",
    "hx-requests-status",
    "hx-density",
)


def layout() -> Component:
    """The page without data."""
    return html.Div(
        className="hx-stack",
        children=[
            dcc.Store(id=MARK, data=None),
            dcc.Store(id=PROBE, data=None),
            dcc.Store(id=STATUS),
            html.Div(
                className="hx-toolbar",
                children=[
                    search.box(),
                    html.Div(
                        [
                            html.Span("", id=COUNT, role="status"),
                            html.Span(
                                "ID: whole log, range ignored",
                                id=presets.BADGE,
                                className="hx-tag",
                                hidden=True,
                                **{"data-tone": "info"},
                            ),
                        ],
                        className="hx-toolbar__count",
                    ),
                    html.Button("", id=NEW, className="hx-button", type="button", hidden=True),
                    html.Button(
                        icon("list"),
                        id=DENSITY,
                        className="hx-button hx-button--icon",
                        type="button",
                        title="Dense rows",
                        **{"aria-label": "Dense rows", "aria-pressed": "false"},
                    ),
                    _columns(),
                    *_export(),
                ],
            ),
            presets.row(),
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
                children=[html.Div(id=HOLDER), panel.message("grid")],
            ),
            *inspector.drawer(),
        ],
    )


def _columns() -> Component:
    return controls.popover(
        "hx-columns",
        [icon("columns-3"), "Columns"],
        html.Div(
            dbc.Checklist(
                id=COLUMNS,
                options=[{"value": column.name, "label": column.title} for column in SHOWN],
                value=list(USUAL),
                class_name="hx-checks",
                label_class_name="hx-check",
                persistence=True,
            ),
            className="hx-picker__list",
            style={"margin": "0 -8px -8px", "maxHeight": "420px"},
        ),
        name="Choose columns",
        side="right",
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
                    title="All requests of this view, every column" if allowed else "Needs the analyst role",
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
        "grid.mark": Output(MARK, "data"),
        **panel.message_outputs("grid"),
    }


def count_words(total: int) -> list[str | Component]:
    """The exact number of requests, in words."""
    return [html.B(f"{total:,}"), " request" if total == 1 else " requests"]
