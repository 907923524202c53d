"""The wire of the Security page: one read per refresh; what people do about incidents; how texts are masked."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from dash import Input, Output, State, no_update

from helix_dash import context
from helix_dash.context import log, scope, settings
from helix_dash.model import us_from_utc
from helix_dash.pages.security import deeds, drawer, listing, masking, queries, radius, revealing, view
from helix_dash.query_params import page_filter
from helix_dash.ui import fill, panel, recent, shell
from helix_dash.ui.look import fill_failed, look_at
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
    inputs=shell.INPUTS
    | {
        "source": Input(view.PICK, "value"),
        "chosen": Input(listing.STATE, "value"),
        "page": Input(listing.PAGE, "data"),
        "changed": Input(drawer.CHANGES, "data"),
        "masked": Input(masking.CHANGED, "data"),
    },
    state={"shown": State(view.ROOT, "data-page-state")},
    failed=_failed,
    running=shell.RUNNING,
)
def show_security(
    state: dict[str, Any] | None, source: str | None, chosen: str | None, page: int | None, **_others: Any
) -> Any:
    if state is None:  # the address has not been read yet
        return no_update
    now, zone = datetime.now(UTC), context.zone(state)
    where = page_filter(state, zone.info, now)
    found = queries.security(
        log().in_zone(zone.info),
        context.reading(),
        scope(),
        where,
        source=source,
        zone=zone.info,
        now=now,
        settings=settings(),
    )
    look = look_at(state, where, zone, log().health(), chart=settings().chart_type)
    path = recent.address(context.running().path("security"), state)
    return _fill(view.show(found, look, {"state": chosen, "page": page, "path": path}, us_from_utc(now)))


fill.wire(on, view.FILL)
for _name, *_words in view.CHARTS:
    panel.wire_chart(on, _name)
deeds.wire(on)
radius.wire(on)
revealing.wire(on)
masking.wire(on)
on.in_browser(
    "hxsecurity.drawer",
    Output(drawer.DRAWER, "is_open"),
    Output(drawer.WANTED, "data"),
    Input(shell.URL, "search"),
    State(drawer.DRAWER, "is_open"),
    State(drawer.WANTED, "data"),
)
on.in_browser("hxsecurity.closed", Input(drawer.DRAWER, "is_open"), prevent_initial_call=True)
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
