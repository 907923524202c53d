"""The wire of the rate limits page: one read per refresh; the form that changes limits; the replay."""

from __future__ import annotations

from typing import Any

from dash import Output, State, no_update

from helix_dash import context
from helix_dash.asked import asked
from helix_dash.pages.rate_limits import editing, queries, trial, view
from helix_dash.pages.rate_limits.rows import Place
from helix_dash.ui import fill, panel, shell
from helix_dash.ui.look import failing
from helix_dash.ui.wiring import Callbacks

on = Callbacks()

PLACES = view.outputs()


@on(
    output=Output(view.FILL, "data"),
    inputs=shell.INPUTS | editing.CHANGED,
    state={"shown": State(view.ROOT, "data-page-state")},
    failed=failing(view.ROOT, PLACES, (*view.CARDS, *view.STRIP), view.PANELS),
    running=shell.RUNNING,
)
def show_rate_limits(state: dict[str, Any] | None, **_others: Any) -> Any:
    if state is None:  # the address has not been read yet
        return no_update
    ask = asked(state)
    store, zone = context.reading(), ask.zone.info
    found = queries.rate_limits(
        ask.log, store, ask.scope, ask.where, now=ask.now, zone=zone, points=ask.points
    )
    place = Place(context.running().path("requests"), ask.look, ask.now)
    shown = view.show(found, place, asked=bool(context.settings().api_url))
    return fill.sent(view.ROOT, shown, PLACES)


fill.wire(on, view.FILL)
for _name, *_words in view.CHARTS:
    panel.wire_chart(on, _name)
editing.wire(on)
trial.wire(on)
