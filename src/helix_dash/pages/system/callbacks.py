"""The wire of the System health page: one read per refresh fills the cards and the part that is shown."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from dash import Input, Output, State, no_update

from helix_dash import context
from helix_dash.context import log, running, scope, settings
from helix_dash.pages.system import queries, view
from helix_dash.pages.system.cards import CARDS, STRIP
from helix_dash.pages.system.log_lines import Wanted
from helix_dash.query_params import page_filter
from helix_dash.samples import sources as names
from helix_dash.ui import fill, panel, shell, typed
from helix_dash.ui.look import Look, fill_failed
from helix_dash.ui.panel import Updates
from helix_dash.ui.wiring import Callbacks

on = Callbacks()

PLACES = view.outputs()
OPERATOR = "audit:read"
"""What shows log lines and slow commands: they tell who did what, as the audit record does."""


def _fill(updates: Updates) -> dict[str, Any]:
    return fill.sent(view.ROOT, updates, PLACES)


def _failed(
    error: Exception, reference: str, *, shown: str, tab: str | None = None, **_: Any
) -> dict[str, Any]:
    cards = [name for name, _label in (*CARDS, *STRIP)]
    chosen = tab if tab in queries.TABS else queries.TABS[0]
    return _fill(fill_failed(error, reference, shown, cards, view.PANELS) | {"page.tab": chosen})


def operator() -> bool:
    """Whether the asker may see what processes logged: that tells of everybody, so not who sees one organization."""
    return context.may(OPERATOR) and context.user().organization is None


@on(
    output=Output(view.FILL, "data"),
    inputs={
        "tick": Input(shell.TICK, "data"),
        "state": Input(shell.FILTER, "data"),
        "tab": Input(view.TAB, "value"),
        "server": Input(view.STORE, "value"),
        "level": Input(view.LEVEL, "value"),
        "source": Input(view.SOURCE, "value"),
        "grouped": Input(view.GROUPED, "value"),
        "text": Input(typed.text_of(view.SEARCH), "data"),
    },
    state={"shown": State(view.ROOT, "data-page-state")},
    failed=_failed,
    running=shell.RUNNING,
)
def show_system(
    state: dict[str, Any] | None,
    tab: str | None,
    server: str | None,
    level: str | None,
    source: str | None,
    grouped: str | None,
    text: str | None,
    **_others: Any,
) -> Any:
    if state is None:  # the address has not been read yet
        return no_update
    now, zone, own = datetime.now(UTC), context.zone(state), running()
    where = page_filter(state, zone.info, now)
    tab = tab if tab in queries.TABS else queries.TABS[0]
    two = settings().redis_url != settings().log_redis_url
    allowed = operator()
    found = queries.system_page(
        own.known,
        own.store,
        own.reading,
        log().in_zone(zone.info),
        scope(),
        where,
        tab=tab,
        server=names.GATEWAY_STORE if two and server == names.GATEWAY_STORE else names.STORE,
        tail=own.tail if allowed else None,
        key=f"{state.get('from')}/{state.get('to')}",
    )
    look = Look(
        where=where,
        zone=zone.info,
        zone_name=zone.name,
        chart=settings().chart_type,
        key=f"{state.get('from')}/{state.get('to')}/{zone.name}",
    )
    wanted = Wanted(str(level), str(source), str(text or "")[:100], grouped == "yes")
    return _fill(view.show(found, look, tab, own.path("system"), wanted, operator=allowed))


fill.wire(on, view.FILL)
for _charts in view.CHARTS.values():
    for _name, *_words in _charts:
        panel.wire_chart(on, _name)
