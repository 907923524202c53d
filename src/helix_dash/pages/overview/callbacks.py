"""The wire of the overview: one read per refresh fills every part of the page."""

from __future__ import annotations

from typing import Any

from dash import Input, Output, State, no_update

from helix_dash import context
from helix_dash.asked import asked
from helix_dash.metrics.system import chips
from helix_dash.pages.overview import queries, view
from helix_dash.ui import fill, health_chips, panel, shell
from helix_dash.ui.look import failing
from helix_dash.ui.wiring import Callbacks

on = Callbacks()

PLACES = view.outputs()


@on(
    output=Output(view.FILL, "data"),
    inputs=shell.INPUTS | {"dim": Input(view.TAB, "value")},
    state={"shown": State(view.ROOT, "data-page-state")},
    failed=failing(view.ROOT, PLACES, (*view.CARDS, *view.STRIP), view.PANELS),
    running=shell.RUNNING,
)
def show_overview(state: dict[str, Any] | None, dim: str, **_others: Any) -> Any:
    if state is None:  # the address has not been read yet
        return no_update
    ask, running = asked(state), context.running()
    dim = dim if dim in view.SINGULAR else "model"
    found = queries.overview(
        ask.log,
        ask.scope,
        ask.where,
        dim=dim,
        rows=context.settings().page_size,
        now=ask.now,
        points=ask.points,
        compare=ask.compare,
    )
    services = chips(running.known, running.store, ask.log.health())
    told = health_chips.fill("overview", services, running.path("system"))
    return fill.sent(view.ROOT, view.show(found, dim, ask.look) | told, PLACES)


fill.wire(on, view.FILL)
for _name in view.CHARTS:
    panel.wire_chart(on, _name)
