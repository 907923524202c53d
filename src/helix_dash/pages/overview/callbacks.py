"""The wire of the overview: one read per refresh fills every part of the page."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from dash import Input, Output, State, no_update

from helix_dash import context
from helix_dash.context import log, running, scope, settings
from helix_dash.metrics.system import chips
from helix_dash.pages.overview import queries, view
from helix_dash.query_params import compares, page_filter
from helix_dash.ui import fill, health_chips, panel, shell
from helix_dash.ui.look import fill_failed, look_at
from helix_dash.ui.panel import Updates
from helix_dash.ui.wiring import Callbacks

on = Callbacks()

PLACES = view.outputs()


def _fill(updates: Updates) -> dict[str, Any]:
    return fill.sent(view.ROOT, updates, PLACES)


def _failed(error: Exception, reference: str, *, shown: str, **_: Any) -> dict[str, Any]:
    """Figures on the page stay, marked as old; only a page without any shows the failure in their place."""
    cards = [name for name, _label in (*view.CARDS, *view.STRIP)]
    return _fill(fill_failed(error, reference, shown, cards, view.PANELS))


@on(
    output=Output(view.FILL, "data"),
    inputs={
        "tick": Input(shell.TICK, "data"),
        "state": Input(shell.FILTER, "data"),
        "dim": Input(view.TAB, "value"),
    },
    state={"shown": State(view.ROOT, "data-page-state")},
    failed=_failed,
    running=shell.RUNNING,
)
def show_overview(state: dict[str, Any] | None, dim: str, **_others: Any) -> Any:
    if state is None:  # the address has not been read yet
        return no_update
    now = datetime.now(UTC)
    zone = context.zone(state)
    # a grid's own filter belongs to its page
    where = page_filter(state, zone.info, now)
    dim = dim if dim in view.SINGULAR else "model"
    health = log().health()
    found = queries.overview(
        log().in_zone(zone.info),
        scope(),
        where,
        dim=dim,
        rows=settings().page_size,
        now=now,
        points=settings().max_data_points,
        compare=compares(state),
    )
    look = look_at(state, where, zone, health, chart=settings().chart_type)
    services = chips(running().known, running().store, health)
    told = health_chips.fill("overview", services, running().path("system"))
    return _fill(view.show(found, dim, look) | told)


fill.wire(on, view.FILL)
for _name in view.CHARTS:
    panel.wire_chart(on, _name)
