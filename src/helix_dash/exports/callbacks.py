"""The export button: order, work, progress, cancel, link. Its elements stand on the page (``ui.shell`` names them).

Two steps: pressing the button writes an order, in the web process, with the asker's rights and the log's
present watermark; the background job then gets nothing but the order's id. So nothing a browser says decides
what is exported or for whom, and a result is an id, never data.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from dash import Dash, Input, Output, State, dcc, no_update
from dash.development.base_component import Component

from helix_dash import context
from helix_dash.auth import trail
from helix_dash.errors import BadQuery, ExportError, NotFound, StoreUnavailable
from helix_dash.exports.folder import Folder, Order, new_id
from helix_dash.exports.job import run_export
from helix_dash.exports.spawned_jobs import LOST
from helix_dash.log.schema import SHOWN
from helix_dash.model import Slice
from helix_dash.query_params import columns_of, from_state
from helix_dash.ui.shell import EXPORT, EXPORT_CANCEL, EXPORT_COLUMNS, EXPORT_LINK, EXPORT_PROGRESS, FILTER
from helix_dash.ui.wiring import Callbacks, Guard

ORDER = "hx-export-order"
RESULT = "hx-export-result"

COLUMNS = tuple(column.name for column in SHOWN)

on = Callbacks()

_LINK = ("href", "children", "hidden")


def stores() -> list[Component]:
    """What the callbacks remember between each other; belongs somewhere in the layout."""
    return [dcc.Store(id=ORDER), dcc.Store(id=RESULT)]


@on(
    Output(ORDER, "data"),
    *(Output(EXPORT_LINK, name) for name in _LINK),
    Input(EXPORT, "n_clicks"),
    State(FILTER, "data"),
    State(EXPORT_COLUMNS, "data"),
    permission="export:create",
    prevent_initial_call=True,
)
def order(clicks: int | None, state: Any, shown: Any) -> tuple[Any, ...]:
    """Write the order down; what is against it is said beside the button."""
    if not clicks:
        return (no_update, no_update, no_update, no_update)
    try:
        placed = take(state, shown)
        _place(placed)
    except (BadQuery, ExportError, StoreUnavailable) as error:
        return (no_update, *_said(str(error)))
    return (placed.id, None, "", True)


@on(
    *(Output(EXPORT_LINK, name, allow_duplicate=True) for name in _LINK),
    Input(RESULT, "data"),
    State(ORDER, "data"),
    permission="export:create",
    prevent_initial_call=True,
)
def show(result: Any, identity: Any) -> tuple[Any, ...]:
    """The link to the finished table, or why there is none."""
    if not isinstance(result, dict):
        return (no_update, no_update, no_update)
    if result == LOST and not _ordered(identity):
        return (no_update, no_update, no_update)  # given up, which has been said already
    if result.get("state") != "done":
        return _said(str(result.get("message", "The export failed.")))
    try:
        sidecar = _folder().sidecar(result.get("id", ""))
    except NotFound as error:
        return _said(str(error))
    if sidecar.owner != context.user().key:
        return _said("There is no such export.")
    address = context.running().path(f"exports/{sidecar.id}.csv")
    return (address, f"Download {sidecar.rows:,} rows ({_size(sidecar.bytes)})", False)


@on(
    *(Output(EXPORT_LINK, name, allow_duplicate=True) for name in _LINK),
    Input(EXPORT_CANCEL, "n_clicks"),
    State(ORDER, "data"),
    permission="export:create",
    prevent_initial_call=True,
)
def give_up(clicks: int | None, identity: Any) -> tuple[Any, ...]:
    """Take the order away. Dash kills the job beside this; the job would also notice by itself."""
    if not clicks:
        return (no_update, no_update, no_update)
    try:
        if _folder().order(identity).owner == context.user().key:
            _folder().drop(identity)
    except NotFound:
        return _said("The export had ended already.")
    return _said("Export cancelled.")


def attach(dash: Dash, guard: Guard) -> None:
    """Register all of it on ``dash``."""
    on.attach(dash, guard)
    # Not through ``on``: its guard is a closure over the app, and a job must be importable by name. The door
    # holds the permission of this one.
    dash.callback(
        Output(RESULT, "data"),
        Input(ORDER, "data"),
        background=True,
        interval=500,
        prevent_initial_call=True,
        progress=[Output(EXPORT_PROGRESS, "children")],
        progress_default=[""],
        running=[(Output(EXPORT, "disabled"), True, False), (Output(EXPORT_CANCEL, "hidden"), False, True)],
        cancel=[Input(EXPORT_CANCEL, "n_clicks")],
    )(run_export)


def _place(placed: Order) -> None:
    """Write ``placed`` down, and on the audit record: both or neither.

    Raises:
        ExportError: too much is being exported already, or there is no space.
        StoreUnavailable: it could not be put on record.
    """
    _folder().place(placed)
    try:
        trail.record("export.ordered", placed.id, f"{placed.total} rows of {placed.table}")
    except StoreUnavailable:
        _folder().drop(placed.id)
        raise


def _ordered(identity: Any) -> bool:
    try:
        _folder().order(identity)
    except NotFound:
        return False
    return True


def _folder() -> Folder:
    return Folder(context.settings().export_dir)


def take(state: Any, columns: Any = None) -> Order:
    """The order for all requests that ``state`` (the page's filter, with the grid's own) shows right now.

    Args:
        columns: names of those to export, in order; ``None`` for every column.

    Raises:
        BadQuery: the state cannot be read, or there is no such column.
        StoreUnavailable: the log cannot be read.
    """
    now = datetime.now(UTC)
    where, sort = from_state(state, context.settings().zone, now)
    scope, asker = context.scope(), context.user()
    shown = context.log().page(scope, where, sort, Slice(0, 1), columns=())
    return Order(
        id=new_id(),
        owner=asker.key,
        organization=scope.organization,
        table="requests",
        columns=COLUMNS if columns is None else columns_of(columns),
        start=where.period.start.isoformat(),
        end=where.period.end.isoformat(),
        conditions=tuple((test.column, test.op, test.values) for test in where.conditions),
        watermark=shown.watermark,
        total=shown.total,
        zone=context.zone(state).name,
        created=now.isoformat(timespec="milliseconds"),
    )


def _said(text: str) -> tuple[Any, ...]:
    """The place of the link, with words instead."""
    return (None, text, False)


def _size(size: int) -> str:
    return f"{size / 1000:,.0f} kB" if size < 1_000_000 else f"{size / 1_000_000:,.1f} MB"
