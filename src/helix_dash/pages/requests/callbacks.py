"""The wire of the request log page: blocks of rows, their count, the drawer, what is new."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from dash import Input, Output, State, no_update

from helix_dash import context
from helix_dash.context import log, scope
from helix_dash.errors import BadQuery
from helix_dash.model import Filter, Sort
from helix_dash.pages.requests import columns, inspector, live, presets, queries, search, view
from helix_dash.pages.requests.grid import GRID, grid
from helix_dash.query_params import from_state
from helix_dash.ui import format as fmt
from helix_dash.ui import panel, shell, states, trust
from helix_dash.ui.wiring import Callbacks

on = Callbacks()

OUTPUTS = view.outputs()


def _asked(state: dict[str, Any] | None, model: dict[str, Any] | None) -> tuple[Filter, Sort]:
    """The filter and order of the address and of the grid itself."""
    return from_state({**(state or {}), "grid": model}, context.zone(state).info, datetime.now(UTC))


@on(Output(view.HOLDER, "children"), Input(view.WANTED, "data"), prevent_initial_call=True)
def place_grid(wanted: dict[str, Any] | None) -> Any:
    """The grid comes with the address's filter, order and columns, once; later changes go through its own interface."""
    if not isinstance(wanted, dict):
        return no_update
    return grid(wanted.get("grid"), wanted.get("columns"))


def _no_rows(error: Exception, reference: str, *, shown: str, **_: Any) -> dict[str, Any]:
    """Rows on the page stay (assets/grid.js answers the grid with them), marked as old."""
    words = states.failed(error, reference)
    nothing = dict.fromkeys((*OUTPUTS, "rows"), no_update) | {"failed": reference}
    if shown in ("ready", "stale") and not isinstance(error, BadQuery):
        return nothing | {"grid.state": "stale"}
    empty = {"rows": {"rowData": [], "rowCount": 0}, "grid.total": "", "grid.count": ""}
    return nothing | panel.says("grid", words) | empty


@on(
    output=OUTPUTS | {"rows": Output(GRID, "getRowsResponse"), "failed": Output(view.FAILED, "data")},
    inputs={"request": Input(GRID, "getRowsRequest")},
    state={
        "state": State(shell.FILTER, "data"),
        "mark": State(live.MARK, "data"),
        "names": State(shell.EXPORT_COLUMNS, "data"),
        "shown": State(view.CARD, "data-state"),
    },
    failed=_no_rows,
    prevent_initial_call=True,
)
def give_rows(
    request: dict[str, Any] | None,
    state: dict[str, Any] | None,
    mark: int | None,
    names: list[str] | None,
    **_: Any,
) -> Any:
    """A block of rows. The first block fixes the watermark that all later ones keep to."""
    nothing = dict.fromkeys((*OUTPUTS, "rows", "failed"), no_update)
    if not request:
        return nothing
    where, sort = _asked(state, request)
    start, end = int(request.get("startRow") or 0), int(request.get("endRow") or 0)
    found = queries.block(
        log(),
        scope(),
        where,
        sort,
        start,
        end,
        columns=columns.read(names),
        watermark=None if start == 0 else mark,
    )
    rows = {"rows": {"rowData": found.rows, "rowCount": found.total}}
    if start:
        return nothing | rows
    updates = {
        "grid.total": str(found.total),
        "grid.count": view.count_words(found.total),
        "grid.mark": found.watermark,
    }
    health, zone = log().health(), context.zone(state)
    if found.total:
        updates |= {"grid.state": "stale" if trust.why_old(health, zone.info, zone.name) else "ready"}
    elif health.rows == 0:
        updates |= panel.says("grid", states.waiting("requests"))
    else:
        period = fmt.these(where.period)
        updates |= panel.says(
            "grid", states.empty("requests", filtered=bool(where.conditions), period=period)
        )
    return nothing | updates | rows


inspector.wire(on)
search.wire(on)
presets.wire(on)
columns.wire(on)
live.wire(on)
on.in_browser(
    "hxgrid.wanted", Output(view.WANTED, "data"), Input(shell.FILTER, "data"), State(view.HOLDER, "children")
)
on.in_browser("hxgrid.gridded", Input(GRID, "getRowsRequest"), prevent_initial_call=True)
on.in_browser("hxgrid.regrid", Input(shell.FILTER, "data"), prevent_initial_call=True)
on.in_browser("hxgrid.keep", Input(view.FAILED, "data"), prevent_initial_call=True)
on.in_browser("hxgrid.rowopen", Input(GRID, "cellClicked"), prevent_initial_call=True)
on.in_browser(
    "hxgrid.density",
    Output(view.DENSITY, "aria-pressed"),
    Input(view.DENSITY, "n_clicks"),
    Input(shell.URL, "search"),
)
on.in_browser("hxtail.resume", Input(view.NEW, "n_clicks"), prevent_initial_call=True)
on.in_browser(
    "hxgrid.exportbar",
    Output(view.BAR, "value"),
    Output(view.BAR, "max"),
    Output(view.BAR, "hidden"),
    Input(shell.EXPORT_PROGRESS, "children"),
)
