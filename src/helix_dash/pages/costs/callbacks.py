"""The wire of the costs page: one read of totals and one of single requests per refresh, and the two forms."""

from __future__ import annotations

from typing import Any

from dash import Input, Output, State, no_update

from helix_dash import context
from helix_dash.asked import asked
from helix_dash.pages.costs import budget_form, price_form, queries, show, view
from helix_dash.ui import fill, panel, shell
from helix_dash.ui.look import failing
from helix_dash.ui.wiring import Callbacks

on = Callbacks()

SPENDING, ARITHMETIC = view.spending_outputs(), view.arithmetic_outputs()
SHOWN = {"shown": State(view.ROOT, "data-page-state")}


@on(
    output=Output(view.SPENDING, "data"),
    inputs=shell.INPUTS | budget_form.CHANGED | {"dim": Input(view.TAB, "value")},
    state=SHOWN,
    failed=failing(view.ROOT, SPENDING, (*view.CARDS, *view.STRIP), view.SPENDING_PANELS),
    running=shell.RUNNING,
)
def show_spending(state: dict[str, Any] | None, dim: str, **_others: Any) -> Any:
    if state is None:  # the address has not been read yet
        return no_update
    ask, reporting = asked(state), context.settings().reporting
    dim = dim if dim in queries.DIMS else "model"
    found = queries.spending(
        ask.log,
        context.reading(),
        ask.scope,
        ask.where,
        dim=dim,
        zone=ask.zone.info,
        reporting=reporting.info,
        now=ask.now,
        points=ask.points,
        compare=ask.compare,
    )
    return fill.sent(view.ROOT, show.spending(found, dim, ask.look, ask.now, reporting.name), SPENDING)


@on(
    output=Output(view.ARITHMETIC, "data"),
    inputs=shell.INPUTS | price_form.CHANGED,
    state=SHOWN,
    failed=failing(view.ROOT, ARITHMETIC, (), view.ARITHMETIC_PANELS),
)
def show_arithmetic(state: dict[str, Any] | None, **_others: Any) -> Any:
    if state is None:
        return no_update
    ask, reporting = asked(state), context.settings().reporting
    found = queries.arithmetic(ask.log, context.reading(), ask.scope, ask.where, reporting.info)
    return fill.sent(view.ROOT, show.arithmetic(found, ask.look), ARITHMETIC)


fill.wire(on, view.SPENDING)
fill.wire(on, view.ARITHMETIC)
for _name in view.CHARTS:
    panel.wire_chart(on, _name)
budget_form.wire(on)
price_form.wire(on)
