"""The wire of the Security page: one read per refresh; what people do about incidents; how texts are masked."""

from __future__ import annotations

from typing import Any

from dash import Input, Output, State, no_update

from helix_dash import context
from helix_dash.asked import asked
from helix_dash.pages.security import (
    deeds,
    drawer,
    export,
    listing,
    masking,
    queries,
    radius,
    revealing,
    view,
)
from helix_dash.ui import drawer as side
from helix_dash.ui import fill, panel, recent, shell
from helix_dash.ui.look import failing
from helix_dash.ui.wiring import Callbacks

on = Callbacks()

PLACES = view.outputs()


@on(
    output=Output(view.FILL, "data"),
    inputs=shell.INPUTS
    | {
        "source": Input(view.PICK, "value"),
        "chosen": Input(listing.STATE, "value"),
        "page": Input(listing.PAGE, "data"),
        "changed": Input(drawer.CHANGES, "data"),
        "masked": Input(masking.CHANGED, "data"),
    },
    state={"shown": State(view.ROOT, "data-page-state")},
    failed=failing(view.ROOT, PLACES, (*view.CARDS, *view.STRIP), view.PANELS),
    running=shell.RUNNING,
)
def show_security(
    state: dict[str, Any] | None, source: str | None, chosen: str | None, page: int | None, **_others: Any
) -> Any:
    if state is None:  # the address has not been read yet
        return no_update
    ask = asked(state)
    found = queries.security(
        ask.log,
        context.reading(),
        ask.scope,
        ask.where,
        source=source,
        zone=ask.zone.info,
        now=ask.now,
        settings=context.settings(),
    )
    wanted = {
        "state": chosen,
        "page": page,
        "path": recent.address(context.running().path("security"), state),
    }
    return fill.sent(view.ROOT, view.show(found, ask.look, wanted, ask.now_us), PLACES)


fill.wire(on, view.FILL)
for _name, *_words in view.CHARTS:
    panel.wire_chart(on, _name)
deeds.wire(on)
radius.wire(on)
revealing.wire(on)
masking.wire(on)
export.wire(on, view.PICK)
side.wire(on, drawer.KEY, "hxsecurity")
on.in_browser(
    "hxsecurity.turn",
    Output(listing.PAGE, "data"),
    Input(listing.EARLIER, "n_clicks"),
    Input(listing.LATER, "n_clicks"),
    Input(listing.STATE, "value"),
    Input(view.PICK, "value"),
    State(listing.PAGE, "data"),
    prevent_initial_call=True,
)
