"""The wire of the KV cache page: one read per refresh fills every part."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from dash import Input, Output, State, no_update

from helix_dash import context
from helix_dash.context import settings
from helix_dash.model import us_from_utc
from helix_dash.pages.kv_cache import queries, view
from helix_dash.query_params import from_state
from helix_dash.ui import fill, panel, shell
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
    inputs=shell.INPUTS | {"source": Input(view.PICK, "value")},
    state={"shown": State(view.ROOT, "data-page-state")},
    failed=_failed,
    running=shell.RUNNING,
)
def show_kv_cache(state: dict[str, Any] | None, source: str | None, **_others: Any) -> Any:
    if state is None:  # the address has not been read yet
        return no_update
    now = datetime.now(UTC)
    zone = context.zone(state)
    where, _ = from_state({**state, "grid": None, "where": {}, "without": {}}, zone.info, now)
    asked = settings()
    found = queries.kv_page(
        context.running().store,
        source,
        where.period,
        us_from_utc(now),
        fakeai=bool(asked.api_url),
        servers=[name for name, _url in asked.kv_metrics_urls],
    )
    look = Look(
        where=where,
        zone=zone.info,
        zone_name=zone.name,
        chart=asked.chart_type,
        key=f"{state.get('from')}/{state.get('to')}/{zone.name}/{source}",
    )
    return _fill(view.show(found, look, us_from_utc(now)))


fill.wire(on, view.FILL)
for _name, *_words in view.CHARTS:
    panel.wire_chart(on, _name)
