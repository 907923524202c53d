"""The wire of the rate limits page: one read per refresh; the form that changes limits; the replay."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from dash import Output, State, no_update

from helix_dash import context
from helix_dash.context import log, scope, settings
from helix_dash.pages.rate_limits import editing, queries, trial, view
from helix_dash.pages.rate_limits.rows import Place
from helix_dash.query_params import from_state
from helix_dash.ui import fill, panel, shell, trust
from helix_dash.ui.look import Look, fill_failed
from helix_dash.ui.panel import Updates
from helix_dash.ui.wiring import Callbacks

on = Callbacks()

PLACES = view.outputs()


def _fill(updates: Updates) -> dict[str, Any]:
    return fill.sent(view.ROOT, updates, PLACES)


def _failed(error: Exception, reference: str, *, shown: str, **_: Any) -> dict[str, Any]:
    cards = [name for name, _label in (*view.CARDS, *view.STRIP)]
    return _fill(fill_failed(error, reference, shown, cards, view.PANELS))


@on(
    output=Output(view.FILL, "data"),
    inputs=shell.INPUTS | editing.CHANGED,
    state={"shown": State(view.ROOT, "data-page-state")},
    failed=_failed,
    running=shell.RUNNING,
)
def show_rate_limits(state: dict[str, Any] | None, **_others: Any) -> Any:
    if state is None:  # the address has not been read yet
        return no_update
    now = datetime.now(UTC)
    zone = context.zone(state)
    where, _ = from_state({**state, "grid": None}, zone.info, now)
    health = log().health()
    found = queries.rate_limits(
        log().in_zone(zone.info),
        context.running().store,
        scope(),
        where,
        now=now,
        zone=zone.info,
        points=settings().max_data_points,
    )
    look = Look(
        where=where,
        zone=zone.info,
        zone_name=zone.name,
        stale=bool(trust.why_old(health, zone.info, zone.name)),
        virgin=health.rows == 0,
        chart=settings().chart_type,
        key=f"{state.get('from')}/{state.get('to')}/{zone.name}",
    )
    place = Place(context.running().path("requests"), look, now)
    return _fill(view.show(found, place, asked=bool(settings().api_url)))


fill.wire(on, view.FILL)
for _name, *_words in view.CHARTS:
    panel.wire_chart(on, _name)
editing.wire(on)
trial.wire(on)
