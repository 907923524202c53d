"""The wire of the cache page: one read of totals and the gateway, one of single requests; the forms."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from dash import Input, Output, State, no_update

from helix_dash import context
from helix_dash.context import log, scope, settings
from helix_dash.metrics.cache_owners import Policy
from helix_dash.model import us_from_utc
from helix_dash.pages.cache import controls, prompt_drawer, queries, view, view_single
from helix_dash.pages.cache.single import single
from helix_dash.query_params import compares, page_filter
from helix_dash.ui import fill, panel, recent, shell
from helix_dash.ui.look import fill_failed, look_at
from helix_dash.ui.wiring import Callbacks

on = Callbacks()

TOTALS, SINGLE = view.totals_outputs(), view_single.outputs(view.ROOT)
SHOWN = {"shown": State(view.ROOT, "data-page-state")}


def _totals_failed(error: Exception, reference: str, *, shown: str, **_: Any) -> dict[str, Any]:
    return fill.sent(
        view.ROOT, fill_failed(error, reference, shown, view.OF_TOTALS, view.TOTALS_PANELS), TOTALS
    )


def _single_failed(error: Exception, reference: str, *, shown: str, **_: Any) -> dict[str, Any]:
    return fill.sent(
        view.ROOT, fill_failed(error, reference, shown, view.OF_SINGLE, view.SINGLE_PANELS), SINGLE
    )


@on(
    output=Output(view.TOTALS, "data"),
    inputs=shell.INPUTS | controls.CHANGED,
    state=SHOWN,
    failed=_totals_failed,
    running=shell.RUNNING,
)
def show_totals(state: dict[str, Any] | None, **_others: Any) -> Any:
    if state is None:  # the address has not been read yet
        return no_update
    now, zone = datetime.now(UTC), context.zone(state)
    where = page_filter(state, zone.info, now)
    health = log().health()
    found = queries.cache(
        log().in_zone(zone.info),
        context.reading(),
        scope(),
        where,
        now=now,
        points=settings().max_data_points,
        compare=compares(state),
    )
    look = look_at(state, where, zone, health, chart=settings().chart_type)
    return fill.sent(view.ROOT, view.show_totals(found, look, us_from_utc(now)), TOTALS)


@on(
    output=Output(view.SINGLE, "data"),
    inputs=shell.INPUTS | {"picked": Input(view.PICK, "value"), "policy": Input(view.POLICY, "value")},
    state=SHOWN,
    failed=_single_failed,
)
def show_single(state: dict[str, Any] | None, picked: Any = None, policy: Any = None, **_others: Any) -> Any:
    if state is None:
        return no_update
    now, zone = datetime.now(UTC), context.zone(state)
    where = page_filter(state, zone.info, now)
    health, read = log().health(), log().in_zone(zone.info)
    asked: Policy = "user" if policy == "user" else "team"
    tried = float(picked) if isinstance(picked, int | float) and 0 < picked < 1 else None
    found = single(read, context.reading(), scope(), where, us_from_utc(now), picked=tried, policy=asked)
    look = look_at(state, where, zone, health)
    path = context.running().path
    requests, here = recent.address(path("requests"), state), recent.address(path("cache"), state)
    return fill.sent(view.ROOT, view_single.show(found, look, asked, requests, here), SINGLE)


fill.wire(on, view.TOTALS)
fill.wire(on, view.SINGLE)
for _name in view.CHARTS:
    panel.wire_chart(on, _name)
controls.wire(on)
prompt_drawer.wire(on)
