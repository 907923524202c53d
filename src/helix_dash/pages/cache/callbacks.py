"""The wire of the cache page: one read of totals and the gateway, one of single requests; the forms."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from dash import Input, Output, State, no_update

from helix_dash import context
from helix_dash.asked import asked
from helix_dash.metrics.cache_owners import Policy
from helix_dash.pages.cache import controls, prompt_drawer, queries, view, view_single
from helix_dash.pages.cache.single import single
from helix_dash.ui import fill, panel, recent, shell
from helix_dash.ui.look import failing
from helix_dash.ui.wiring import Callbacks

on = Callbacks()

TOTALS, SINGLE = view.totals_outputs(), view_single.outputs(view.ROOT)
SHOWN = {"shown": State(view.ROOT, "data-page-state")}


def _cards(names: Collection[str]) -> list[tuple[str, str]]:
    return [card for card in (*view.CARDS, *view.STRIP) if card[0] in names]


@on(
    output=Output(view.TOTALS, "data"),
    inputs=shell.INPUTS | controls.CHANGED,
    state=SHOWN,
    failed=failing(view.ROOT, TOTALS, _cards(view.OF_TOTALS), view.TOTALS_PANELS),
    running=shell.RUNNING,
)
def show_totals(state: dict[str, Any] | None, **_others: Any) -> Any:
    if state is None:  # the address has not been read yet
        return no_update
    ask = asked(state)
    found = queries.cache(
        ask.log, context.reading(), ask.scope, ask.where, now=ask.now, points=ask.points, compare=ask.compare
    )
    return fill.sent(view.ROOT, view.show_totals(found, ask.look, ask.now_us), TOTALS)


@on(
    output=Output(view.SINGLE, "data"),
    inputs=shell.INPUTS | {"picked": Input(view.PICK, "value"), "policy": Input(view.POLICY, "value")},
    state=SHOWN,
    failed=failing(view.ROOT, SINGLE, _cards(view.OF_SINGLE), view.SINGLE_PANELS),
)
def show_single(state: dict[str, Any] | None, picked: Any = None, policy: Any = None, **_others: Any) -> Any:
    if state is None:
        return no_update
    ask = asked(state)
    apart: Policy = "user" if policy == "user" else "team"
    tried = float(picked) if isinstance(picked, int | float) and 0 < picked < 1 else None
    found = single(ask.log, context.reading(), ask.scope, ask.where, ask.now_us, picked=tried, policy=apart)
    path = context.running().path
    requests, here = recent.address(path("requests"), state), recent.address(path("cache"), state)
    return fill.sent(view.ROOT, view_single.show(found, ask.look, apart, requests, here), SINGLE)


fill.wire(on, view.TOTALS)
fill.wire(on, view.SINGLE)
for _name in view.CHARTS:
    panel.wire_chart(on, _name)
controls.wire(on)
prompt_drawer.wire(on)
