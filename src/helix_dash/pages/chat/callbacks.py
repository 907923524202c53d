"""The wire of the chat page: one read of totals and one of single requests per refresh."""

from __future__ import annotations

from typing import Any

from dash import Output, State, no_update

from helix_dash import context
from helix_dash.asked import asked
from helix_dash.metrics.calls import CHAT
from helix_dash.metrics.ranks import rank_order
from helix_dash.pages.chat import queries, view
from helix_dash.pages.chat.spread import spread
from helix_dash.pages.chat.view_single import show_single as show_single_parts
from helix_dash.ui import fill, panel, recent, shell
from helix_dash.ui.look import failing
from helix_dash.ui.wiring import Callbacks

on = Callbacks()

TOTALS, SINGLE = view.totals_outputs(), view.single_outputs()
SHOWN = {"shown": State(view.ROOT, "data-page-state")}


@on(
    output=Output(view.TOTALS, "data"),
    inputs=shell.INPUTS,
    state=SHOWN,
    failed=failing(view.ROOT, TOTALS, (*view.CARDS, *view.STRIP), view.TOTALS_PANELS),
    running=shell.RUNNING,
)
def show_totals(state: dict[str, Any] | None, **_others: Any) -> Any:
    if state is None:  # the address has not been read yet
        return no_update
    ask = asked(state)
    found = queries.chat(ask.log, ask.scope, ask.where, now=ask.now, points=ask.points, compare=ask.compare)
    return fill.sent(view.ROOT, view.show_totals(found, ask.look), TOTALS)


@on(
    output=Output(view.SINGLE, "data"),
    inputs=shell.INPUTS,
    state=SHOWN,
    failed=failing(view.ROOT, SINGLE, view.STRIP_SINGLE, view.SINGLE_PANELS),
)
def show_single(state: dict[str, Any] | None, **_others: Any) -> Any:
    if state is None:
        return no_update
    ask = asked(state)
    found = spread(ask.log, context.reading(), ask.scope, ask.where, ask.now_us)
    order = rank_order(ask.log, ask.scope, "model", ask.now)
    address = recent.address(context.running().path("requests"), state, endpoint=CHAT)
    return fill.sent(view.ROOT, show_single_parts(found, order, ask.look, address), SINGLE)


fill.wire(on, view.TOTALS)
fill.wire(on, view.SINGLE)
for _name in view.CHARTS:
    panel.wire_chart(on, _name)
