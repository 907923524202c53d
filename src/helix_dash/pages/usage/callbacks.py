"""The wire of the usage pages: one read per refresh. Whose usage "mine" is, the server decides, not the address."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from dash import Output, State, no_update

from helix_dash import context
from helix_dash.context import log, scope, settings
from helix_dash.metrics.identity import Match, matched
from helix_dash.model import Condition, Filter
from helix_dash.pages.usage import queries, view
from helix_dash.query_params import compares, page_filter
from helix_dash.ui import fill, panel, recent, shell, timelines
from helix_dash.ui.inside import inside
from helix_dash.ui.look import fill_failed, look_at
from helix_dash.ui.wiring import Callbacks

on = Callbacks()

PLACES = view.outputs()


def _failed(error: Exception, reference: str, *, shown: str, **_: Any) -> dict[str, Any]:
    cards = [name for name, _label in (*view.CARDS, *view.STRIP)]
    return fill.sent(view.ROOT, fill_failed(error, reference, shown, cards, view.PANELS), PLACES)


@on(
    output=Output(view.FILL, "data"),
    inputs=shell.INPUTS,
    state={"shown": State(view.ROOT, "data-page-state"), "mine": State(view.ROOT, "data-mine")},
    failed=_failed,
    running=shell.RUNNING,
)
def show_usage(state: dict[str, Any] | None, mine: str | None, **_others: Any) -> Any:
    if state is None:  # the address has not been read yet
        return no_update
    now, zone, running = datetime.now(UTC), context.zone(state), context.running()
    where = page_filter(state, zone.info, now)
    back = inside(running.path("users"), state, user=None, team=None)
    match: Match | None = None
    whom = queries.subject(where)
    address = recent.address(running.path("requests"), state)
    if mine == "true":
        match = matched(log(), scope(), context.user().name)
        if not match.users:
            return fill.sent(view.ROOT, view.nobody(context.user().name, match, back), PLACES)
        where = Filter(where.period, (*where.conditions, Condition("user", "in", match.users)))
        whom = queries.Subject("user", match.users)
        address = inside(running.path("requests"), state, user=match.users[0])
    found = queries.usage(
        log().in_zone(zone.info),
        context.reading(),
        scope(),
        where,
        now=now,
        zone=zone.info,
        measures=timelines.MEASURES,
        points=settings().max_data_points,
        compare=compares(state),
    )
    look = look_at(state, where, zone, log().health(), chart=settings().chart_type)
    return fill.sent(view.ROOT, view.show(found, whom, look, log=address, back=back, match=match), PLACES)


fill.wire(on, view.FILL)
for _name, *_words in view.CHARTS:
    panel.wire_chart(on, _name)
