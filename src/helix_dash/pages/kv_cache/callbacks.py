"""The wire of the KV cache page: one read per refresh fills every part."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from dash import Input, Output, State, no_update

from helix_dash import context
from helix_dash.model import us_from_utc
from helix_dash.pages.kv_cache import queries, view
from helix_dash.query_params import from_state
from helix_dash.ui import fill, panel, shell
from helix_dash.ui.look import Look, failing
from helix_dash.ui.wiring import Callbacks

on = Callbacks()

PLACES = view.outputs()


@on(
    output=Output(view.FILL, "data"),
    inputs=shell.INPUTS | {"source": Input(view.PICK, "value")},
    state={"shown": State(view.ROOT, "data-page-state")},
    failed=failing(view.ROOT, PLACES, (*view.CARDS, *view.STRIP), view.PANELS),
    running=shell.RUNNING,
)
def show_kv_cache(state: dict[str, Any] | None, source: str | None, **_others: Any) -> Any:
    if state is None:  # the address has not been read yet
        return no_update
    now, zone = datetime.now(UTC), context.zone(state)
    # a server knows nothing of keys and teams
    where, _ = from_state({**state, "grid": None, "where": {}, "without": {}}, zone.info, now)
    known = context.settings()
    found = queries.kv_page(
        context.reading(),
        source,
        where.period,
        us_from_utc(now),
        fakeai=bool(known.api_url),
        servers=[name for name, _url in known.kv_metrics_urls],
    )
    look = Look(
        where=where,
        zone=zone.info,
        zone_name=zone.name,
        chart=known.chart_type,
        key=f"{state.get('from')}/{state.get('to')}/{zone.name}/{source}",
    )
    return fill.sent(view.ROOT, view.show(found, look, us_from_utc(now)), PLACES)


on.in_browser(
    "hxservers.chosen",
    Output(view.PICK, "value"),
    Input(shell.URL, "search"),
    State(view.PICK, "options"),
    State(view.PICK, "value"),
)
on.in_browser(
    "hxservers.choose", Input(view.PICK, "value"), State(view.PICK, "options"), prevent_initial_call=True
)
fill.wire(on, view.FILL)
for _name, *_words in view.CHARTS:
    panel.wire_chart(on, _name)
