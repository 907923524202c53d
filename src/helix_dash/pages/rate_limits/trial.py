"""What other limits would have done: the form of the proposal, and the replay's result."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from dash import Input, Output, State, html, no_update
from dash.development.base_component import Component

from helix_dash import context
from helix_dash.asked import asked
from helix_dash.metrics.demand import MOST_DAYS, Victim
from helix_dash.metrics.limits import WINDOWS, limits_from, table
from helix_dash.metrics.what_if import WhatIf, proposed, what_if
from helix_dash.model import Kpi, Period
from helix_dash.pages.rate_limits import editing
from helix_dash.pages.rate_limits.rows import TITLES, WORDS, count, named
from helix_dash.ui import controls, fill, kpi, panel, rich_table, shell, states
from helix_dash.ui import format as fmt
from helix_dash.ui.panel import Updates
from helix_dash.ui.rich_table import Cell, Column, Line, Meter
from helix_dash.ui.states import Message
from helix_dash.ui.wiring import Callbacks

ROOT, FILL, PANEL = "hx-limits-what-if", "hx-limits-what-if-fill", "limits-trial"
KIND, NAME, RUN, BUSY, NAMES = (f"hx-limits-try-{part}" for part in ("kind", "name", "run", "busy", "names"))  # fmt: skip
VICTIMS = 10
CARDS: tuple[tuple[str, str], ...] = (
    ("trial_refused", "Would be refused"),
    *((f"trial_{window}", f"By {TITLES[window]}") for window in WINDOWS),
    ("trial_keys", "Keys hit"),
)
COLUMNS = (
    Column("refused", "Would be refused"),
    Column("share", "Of its requests", "meter"),
    Column("minutes", "Minutes"),
    Column("requests", "Requests"),
)
ASSUMES = (
    "A throttled request counts with the mean tokens of its key's others, and nobody is taken to try again. "
    "Minutes are those of the clock."
)


def layout() -> Component:
    """The form and an empty result."""
    form = html.Section(
        className="hx-card hx-panel hx-col-4 hx-form",
        **{"aria-labelledby": "hx-limits-try-heading", "data-kind": "tier", "data-own": "true"},
        children=[
            html.Header(
                html.Div(
                    [
                        html.H2("Propose limits", id="hx-limits-try-heading", className="hx-panel__title"),
                        html.P(f"The last {MOST_DAYS} days are replayed with them; nothing is changed", className="hx-panel__subtitle"),
                    ]
                ),
                className="hx-panel__head",
            ),
            html.Div(controls.tabs(KIND, editing.KINDS[:3], "Propose for"), className="hx-form__row"),
            html.Div([editing.named(NAME, "Name", NAMES), html.Datalist(id=NAMES)], className="hx-form__row"),
            html.Div([editing.numbers(f"hx-limits-try-{window}", window) for window in WINDOWS], className="hx-form__windows"),
            html.Div(
                [
                    html.Button("Replay", id=RUN, className="hx-button hx-button--primary", type="button"),
                    html.Progress(id=BUSY, hidden=True, className="hx-busy", **{"aria-label": "Replaying"}),
                ],
                className="hx-form__deeds",
            ),
        ],
    )  # fmt: skip
    result = panel.panel(
        PANEL,
        "What would have happened",
        [
            html.Div([kpi.card(name, label, small=True) for name, label in CARDS], className="hx-strip hx-strip--inside"),
            rich_table.table(PANEL, "Whom it would hit", "Key", COLUMNS),
        ],
        span=8,
        kind="list",
    )  # fmt: skip
    return html.Div([fill.store(FILL), form, result], id=ROOT, className="hx-grid")


def outputs() -> dict[str, Output]:
    """The places a replay fills."""
    found = panel.outputs(PANEL, figure=False) | rich_table.outputs(PANEL)
    for name, _ in CARDS:
        found |= kpi.outputs(name)
    return found


PLACES = outputs()
WAITING = Message("empty", "Nothing replayed yet", "Choose a tier, key or team, change its limits, and replay.")  # fmt: skip


def _failed(error: Exception, reference: str, *_: Any, **__: Any) -> Any:
    return fill.sent(ROOT, panel.says(PANEL, states.failed(error, reference)), PLACES)


def wire(on: Callbacks) -> None:
    """The replay's callbacks."""

    @on(
        Output(FILL, "data"),
        Input(RUN, "n_clicks"),
        State(shell.FILTER, "data"),
        State(KIND, "value"),
        State(NAME, "value"),
        *(State(f"hx-limits-try-{window}", "value") for window in WINDOWS),
        failed=_failed,
        running=[(Output(RUN, "disabled"), True, False), (Output(BUSY, "hidden"), False, True)],
    )
    def replay_limits(
        clicks: int | None, state: dict[str, Any] | None, kind: str, name: str, *windows: int | None
    ) -> Any:
        if not clicks:
            return fill.sent(ROOT, panel.says(PANEL, WAITING), PLACES)
        if state is None:
            return no_update
        ask = asked(state)
        week = ask.where.during(Period(ask.now - timedelta(days=MOST_DAYS), ask.now))
        known = table(context.reading())
        limits = limits_from(dict(zip(WINDOWS, windows, strict=True)))
        other = proposed(known, kind, str(name or "").strip(), limits)
        found = what_if(ask.log, ask.scope, week, known, other, ask.zone.info)
        return fill.sent(ROOT, show(found), PLACES)

    fill.wire(on, FILL)
    on.in_browser(
        "hxlimits.named", Output(NAMES, "children"), Input(KIND, "value"), Input(editing.KNOWN, "data")
    )
    on.in_browser(
        "hxlimits.proposed",
        *(Output(f"hx-limits-try-{window}", "value") for window in WINDOWS),
        Input(KIND, "value"),
        Input(NAME, "value"),
        State(editing.KNOWN, "data"),
        prevent_initial_call=True,
    )


def show(found: WhatIf) -> Updates:
    """The new values of the result's parts."""
    then, now = found.then, found.now
    days = round(found.period.length.total_seconds() / 86_400)
    subtitle = (
        f"{then.requests:,} requests of {days} days; {found.concerned:,} keys get other limits. "
        f"With today's table {now.refused:,} would be refused; {then.recorded:,} really were. {ASSUMES}"
    )
    kpis = [
        Kpi("trial_refused", "", then.refused, "count", now.refused, "down"),
        *(
            Kpi(f"trial_{window}", "", then.throttled[window], "count", None, "none", "", (), WORDS[window])
            for window in WINDOWS
        ),
        Kpi("trial_keys", "", len(then.victims), "count", None, "none", "", (), f"in {then.minutes:,} minutes"),
    ]  # fmt: skip
    updates: Updates = {f"{PANEL}.subtitle": subtitle} | panel.ready(PANEL)
    for figure in kpis:
        updates |= kpi.fill(figure, before="today's table", during=f"{days} days")
    return updates | rich_table.fill(PANEL, COLUMNS, [_victim(one) for one in then.victims[:VICTIMS]], VICTIMS)  # fmt: skip


def _victim(one: Victim) -> Line:
    name, where = named(one.key)
    share = one.throttled / one.requests if one.requests else None
    cells: dict[str, Cell] = {
        "refused": count(one.throttled),
        "share": Meter(share, fmt.short(share, "ratio"), f"{one.throttled:,} of {one.requests:,}"),
        "minutes": count(one.minutes),
        "requests": count(one.requests),
    }
    return Line(name, cells, where)
