"""The wire of the usage pages: one read per refresh. Whose usage "mine" is, the server decides, not the address."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dash import Output, State, no_update

from helix_dash import context
from helix_dash.asked import asked
from helix_dash.metrics.identity import Match, matched
from helix_dash.model import Condition, Filter
from helix_dash.pages.usage import queries, view
from helix_dash.ui import fill, panel, recent, shell, timelines
from helix_dash.ui.inside import inside
from helix_dash.ui.look import failing
from helix_dash.ui.wiring import Callbacks

on = Callbacks()

PLACES = view.outputs()


@on(
    output=Output(view.FILL, "data"),
    inputs=shell.INPUTS,
    state={"shown": State(view.ROOT, "data-page-state"), "mine": State(view.ROOT, "data-mine")},
    failed=failing(view.ROOT, PLACES, (*view.CARDS, *view.STRIP), view.PANELS),
    running=shell.RUNNING,
)
def show_usage(state: dict[str, Any] | None, mine: str | None, **_others: Any) -> Any:
    if state is None:  # the address has not been read yet
        return no_update
    ask, running = asked(state), context.running()
    where, look = ask.where, ask.look
    back = inside(running.path("users"), state, user=None, team=None)
    match: Match | None = None
    whom = queries.subject(where)
    address = recent.address(running.path("requests"), state)
    if mine == "true":
        match = matched(ask.log, ask.scope, context.user().name)
        if not match.users:
            return fill.sent(view.ROOT, view.nobody(context.user().name, match, back), PLACES)
        where = Filter(where.period, (*where.conditions, Condition("user", "in", match.users)))
        look = replace(look, where=where)
        whom = queries.Subject("user", match.users)
        address = inside(running.path("requests"), state, user=match.users[0])
    found = queries.usage(
        ask.log,
        context.reading(),
        ask.scope,
        where,
        now=ask.now,
        zone=ask.zone.info,
        measures=timelines.MEASURES,
        points=ask.points,
        compare=ask.compare,
    )
    return fill.sent(view.ROOT, view.show(found, whom, look, log=address, back=back, match=match), PLACES)


fill.wire(on, view.FILL)
for _name, *_words in view.CHARTS:
    panel.wire_chart(on, _name)
