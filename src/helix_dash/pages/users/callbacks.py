"""The wire of the users page: one read of the log and one that needs the store per refresh; the form for groups."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from dash import Input, Output, State, no_update

from helix_dash import context
from helix_dash.context import log, scope, settings
from helix_dash.metrics.people import ORDERS, Order
from helix_dash.pages.users import editing, queries, view
from helix_dash.pages.users.rows import Place
from helix_dash.query_params import page_filter
from helix_dash.ui import fill, pager, panel, shell
from helix_dash.ui.look import fill_failed, look_at
from helix_dash.ui.wiring import Callbacks

on = Callbacks()

PEOPLE, KEPT = view.people_outputs(), view.kept_outputs()
SHOWN = {"shown": State(view.ROOT, "data-page-state")}
Filtered = dict[str, Any]


def _people_failed(error: Exception, reference: str, *, shown: str, **_: Any) -> dict[str, Any]:
    cards = [name for name, _label in (*view.CARDS, *view.STRIP)]
    return fill.sent(view.ROOT, fill_failed(error, reference, shown, cards, view.PEOPLE_PANELS), PEOPLE)


def _kept_failed(error: Exception, reference: str, *, shown: str, **_: Any) -> dict[str, Any]:
    cards = [name for name, _label in view.STRIP_KEPT]
    return fill.sent(view.ROOT, fill_failed(error, reference, shown, cards, view.KEPT_PANELS), KEPT)


def _place(state: Filtered, now: datetime) -> tuple[Place, Any]:
    """Where links lead, and the zone."""
    zone, running = context.zone(state), context.running()
    where = page_filter(state, zone.info, now)
    look = look_at(state, where, zone, log().health(), chart=settings().chart_type)
    usage, users, requests = (running.path(name) for name in ("usage", "users", "requests"))
    return Place(usage, users, requests, state, look, now), zone.info


@on(
    output=Output(view.PEOPLE, "data"),
    inputs=shell.INPUTS | {"order": Input(view.ORDER, "value"), "page": pager.turned(view.LIST)},
    state=SHOWN,
    failed=_people_failed,
    running=shell.RUNNING,
)
def show_people(state: Filtered | None, order: str, page: Any, **_others: Any) -> Any:
    if state is None:  # the address has not been read yet
        return no_update
    now = datetime.now(UTC)
    place, zone = _place(state, now)
    chosen: Order = next((one for one in ORDERS if one == order), "cost")
    here, look = log().in_zone(zone), place.look
    points = settings().max_data_points
    found = queries.people(here, context.reading(), scope(), look.where, now=now, zone=zone, points=points)
    return fill.sent(view.ROOT, view.show_people(found, place, chosen, page), PEOPLE)


@on(
    output=Output(view.KEPT, "data"),
    inputs=shell.INPUTS
    | editing.CHANGED
    | {"keys": pager.turned("users-keys"), "counted": pager.turned("users-counted")},
    state=SHOWN,
    failed=_kept_failed,
)
def show_kept(state: Filtered | None, keys: Any, counted: Any, **_others: Any) -> Any:
    if state is None:
        return no_update
    now = datetime.now(UTC)
    place, zone = _place(state, now)
    found = queries.kept(
        log().in_zone(zone), context.reading(), scope(), place.look.where, now=now, zone=zone
    )
    return fill.sent(view.ROOT, view.show_kept(found, place, keys, counted), KEPT)


fill.wire(on, view.PEOPLE)
fill.wire(on, view.KEPT)
for _name in view.CHARTS:
    panel.wire_chart(on, _name)
pager.wire(on, view.LIST, Input(view.ORDER, "value"), Input(shell.FILTER, "data"))
for _name in ("users-keys", "users-counted"):
    pager.wire(on, _name, Input(shell.FILTER, "data"))
editing.wire(on)
