"""The wire of the chat page: one read of totals and one of single requests per refresh."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from dash import Output, State, no_update

from helix_dash import context
from helix_dash.context import log, scope, settings
from helix_dash.metrics.calls import CHAT
from helix_dash.metrics.ranks import rank_order
from helix_dash.model import us_from_utc
from helix_dash.pages.chat import queries, view
from helix_dash.pages.chat.spread import spread
from helix_dash.pages.chat.view_single import show_single as show_single_parts
from helix_dash.query_params import compares, from_state
from helix_dash.ui import fill, panel, recent, rows, server_panel, shell
from helix_dash.ui.look import fill_failed, look_at
from helix_dash.ui.wiring import Callbacks

on = Callbacks()

TOTALS, SINGLE = view.totals_outputs(), view.single_outputs()
SHOWN = {"shown": State(view.ROOT, "data-page-state")}


def _totals_failed(error: Exception, reference: str, *, shown: str, **_: Any) -> dict[str, Any]:
    cards = [name for name, _label in (*view.CARDS, *view.STRIP)]
    return fill.sent(view.ROOT, fill_failed(error, reference, shown, cards, view.TOTALS_PANELS), TOTALS)


def _single_failed(error: Exception, reference: str, *, shown: str, **_: Any) -> dict[str, Any]:
    cards = [name for name, _label in view.STRIP_SINGLE]
    return fill.sent(view.ROOT, fill_failed(error, reference, shown, cards, view.SINGLE_PANELS), SINGLE)


@on(
    output=Output(view.TOTALS, "data"),
    inputs=shell.INPUTS,
    state=SHOWN,
    failed=_totals_failed,
    running=shell.RUNNING,
)
def show_totals(state: dict[str, Any] | None, **_others: Any) -> Any:
    if state is None:  # the address has not been read yet
        return no_update
    now, zone = datetime.now(UTC), context.zone(state)
    where, _ = from_state({**state, "grid": None}, zone.info, now)
    health = log().health()
    found = queries.chat(
        log().in_zone(zone.info),
        scope(),
        where,
        now=now,
        points=settings().max_data_points,
        compare=compares(state),
    )
    look = look_at(state, where, zone, health, chart=settings().chart_type)
    return fill.sent(view.ROOT, view.show_totals(found, look), TOTALS)


@on(output=Output(view.SINGLE, "data"), inputs=shell.INPUTS, state=SHOWN, failed=_single_failed)
def show_single(state: dict[str, Any] | None, **_others: Any) -> Any:
    if state is None:
        return no_update
    now, zone = datetime.now(UTC), context.zone(state)
    where, _ = from_state({**state, "grid": None}, zone.info, now)
    health, here = log().health(), log().in_zone(zone.info)
    found = spread(here, context.store(), scope(), where, us_from_utc(now))
    look = look_at(state, where, zone, health)
    order = rank_order(here, scope(), "model", now)
    address = recent.address(context.running().path("requests"), state, endpoint=CHAT)
    return fill.sent(view.ROOT, show_single_parts(found, order, look, address), SINGLE)


fill.wire(on, view.TOTALS)
fill.wire(on, view.SINGLE)
for _name in view.CHARTS:
    panel.wire_chart(on, _name)
for _name in view.TABLES:
    rows.wire(on, _name)
server_panel.wire(on, "chat-server")
