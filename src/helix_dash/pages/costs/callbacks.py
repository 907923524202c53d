"""The wire of the costs page: one read of totals and one of single requests per refresh, and the two forms."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from dash import Input, Output, State, no_update

from helix_dash import context
from helix_dash.context import log, scope, settings
from helix_dash.pages.costs import budget_form, price_form, queries, show, view
from helix_dash.query_params import compares, page_filter
from helix_dash.ui import fill, panel, shell
from helix_dash.ui.look import fill_failed, look_at
from helix_dash.ui.wiring import Callbacks

on = Callbacks()

SPENDING, ARITHMETIC = view.spending_outputs(), view.arithmetic_outputs()
SHOWN = {"shown": State(view.ROOT, "data-page-state")}


def _spending_failed(error: Exception, reference: str, *, shown: str, **_: Any) -> dict[str, Any]:
    cards = [name for name, _label in (*view.CARDS, *view.STRIP)]
    updates = fill_failed(error, reference, shown, cards, view.SPENDING_PANELS)
    return fill.sent(view.ROOT, updates, SPENDING)


def _arithmetic_failed(error: Exception, reference: str, *, shown: str, **_: Any) -> dict[str, Any]:
    updates = fill_failed(error, reference, shown, [], view.ARITHMETIC_PANELS)
    return fill.sent(view.ROOT, updates, ARITHMETIC)


@on(
    output=Output(view.SPENDING, "data"),
    inputs=shell.INPUTS | budget_form.CHANGED | {"dim": Input(view.TAB, "value")},
    state=SHOWN,
    failed=_spending_failed,
    running=shell.RUNNING,
)
def show_spending(state: dict[str, Any] | None, dim: str, **_others: Any) -> Any:
    if state is None:  # the address has not been read yet
        return no_update
    now, zone, reporting = datetime.now(UTC), context.zone(state), settings().reporting
    where = page_filter(state, zone.info, now)
    dim = dim if dim in queries.DIMS else "model"
    health = log().health()
    found = queries.spending(
        log().in_zone(zone.info),
        context.reading(),
        scope(),
        where,
        dim=dim,
        zone=zone.info,
        reporting=reporting.info,
        now=now,
        points=settings().max_data_points,
        compare=compares(state),
    )
    look = look_at(state, where, zone, health, chart=settings().chart_type)
    return fill.sent(view.ROOT, show.spending(found, dim, look, now, reporting.name), SPENDING)


@on(
    output=Output(view.ARITHMETIC, "data"),
    inputs=shell.INPUTS | price_form.CHANGED,
    state=SHOWN,
    failed=_arithmetic_failed,
)
def show_arithmetic(state: dict[str, Any] | None, **_others: Any) -> Any:
    if state is None:
        return no_update
    now, zone, reporting = datetime.now(UTC), context.zone(state), settings().reporting
    where = page_filter(state, zone.info, now)
    health = log().health()
    found = queries.arithmetic(log().in_zone(zone.info), context.reading(), scope(), where, reporting.info)
    return fill.sent(view.ROOT, show.arithmetic(found, look_at(state, where, zone, health)), ARITHMETIC)


fill.wire(on, view.SPENDING)
fill.wire(on, view.ARITHMETIC)
for _name in view.CHARTS:
    panel.wire_chart(on, _name)
budget_form.wire(on)
price_form.wire(on)
