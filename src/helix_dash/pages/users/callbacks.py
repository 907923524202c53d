"""The wire of the users page: one read of the log and one that needs the store per refresh; the form for groups."""

from __future__ import annotations

from typing import Any

from dash import Input, Output, State, no_update

from helix_dash import context
from helix_dash.asked import Asked, asked
from helix_dash.metrics.people import ORDERS, Order
from helix_dash.pages.users import editing, queries, view
from helix_dash.pages.users.rows import Place
from helix_dash.ui import fill, pager, panel, shell
from helix_dash.ui.look import failing
from helix_dash.ui.wiring import Callbacks

on = Callbacks()

PEOPLE, KEPT = view.people_outputs(), view.kept_outputs()
SHOWN = {"shown": State(view.ROOT, "data-page-state")}
Filtered = dict[str, Any]


def _place(ask: Asked, state: Filtered) -> Place:
    """Where links lead."""
    usage, users, requests = (context.running().path(name) for name in ("usage", "users", "requests"))
    return Place(usage, users, requests, state, ask.look, ask.now)


@on(
    output=Output(view.PEOPLE, "data"),
    inputs=shell.INPUTS | {"order": Input(view.ORDER, "value"), "page": pager.turned(view.LIST)},
    state=SHOWN,
    failed=failing(view.ROOT, PEOPLE, (*view.CARDS, *view.STRIP), view.PEOPLE_PANELS),
    running=shell.RUNNING,
)
def show_people(state: Filtered | None, order: str, page: Any, **_others: Any) -> Any:
    if state is None:  # the address has not been read yet
        return no_update
    ask = asked(state)
    chosen: Order = next((one for one in ORDERS if one == order), "cost")
    found = queries.people(
        ask.log, context.reading(), ask.scope, ask.where, now=ask.now, zone=ask.zone.info, points=ask.points
    )
    return fill.sent(view.ROOT, view.show_people(found, _place(ask, state), chosen, page), PEOPLE)


@on(
    output=Output(view.KEPT, "data"),
    inputs=shell.INPUTS
    | editing.CHANGED
    | {"keys": pager.turned("users-keys"), "counted": pager.turned("users-counted")},
    state=SHOWN,
    failed=failing(view.ROOT, KEPT, view.STRIP_KEPT, view.KEPT_PANELS),
)
def show_kept(state: Filtered | None, keys: Any, counted: Any, **_others: Any) -> Any:
    if state is None:
        return no_update
    ask = asked(state)
    found = queries.kept(ask.log, context.reading(), ask.scope, ask.where, now=ask.now, zone=ask.zone.info)
    return fill.sent(view.ROOT, view.show_kept(found, _place(ask, state), keys, counted), KEPT)


fill.wire(on, view.PEOPLE)
fill.wire(on, view.KEPT)
for _name in view.CHARTS:
    panel.wire_chart(on, _name)
pager.wire(on, view.LIST, Input(view.ORDER, "value"), Input(shell.FILTER, "data"))
for _name in ("users-keys", "users-counted"):
    pager.wire(on, _name, Input(shell.FILTER, "data"))
editing.wire(on)
