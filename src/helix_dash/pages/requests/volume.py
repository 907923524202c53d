"""The requests of the grid over time by outcome, a small chart above it: dragging over it sets the range."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from dash import Input, no_update
from dash.development.base_component import Component

from helix_dash import context
from helix_dash.context import log, scope, settings
from helix_dash.errors import BadQuery
from helix_dash.log.query import Series
from helix_dash.model import Filter
from helix_dash.pages.requests import queries
from helix_dash.query_params import from_state
from helix_dash.ui import charts, panel, shell, states, trust
from helix_dash.ui import format as fmt
from helix_dash.ui.states import Message
from helix_dash.ui.wiring import Callbacks
from helix_dash.zones import Zone

NAME = "outcomes"
HEIGHT = 88

LAYERS = (
    ("success", "Success", charts.SUCCESS),
    ("error", "Error", charts.ERROR),
    ("throttled", "Throttled", charts.THROTTLED),
    ("blocked", "Blocked", charts.BLOCKED),
    ("cancelled", "Cancelled", charts.OTHERS),
)


def card() -> Component:
    """The chart without data."""
    label = "Requests over time by outcome; drag over it to choose a range"
    return panel.chart(NAME, "Over time", label, span=12, height=HEIGHT, carries=None)


def figure(series: Series, where: Filter, key: str, zone: Zone) -> charts.Figure | None:
    """Bars per bucket; ``None`` when there is nothing to draw.

    Args:
        series: one measure per outcome of :data:`LAYERS`.
        where: what it was asked with; its period is the axis.
        key: changes when the viewer chose another range.
        zone: what the axis is in.
    """

    layers = [
        charts.Layer(words, series.values[name][0], colour, ("status", name))
        for name, words, colour in LAYERS
        if any(series.values[name][0])
    ]
    if not layers:
        return None
    axis = charts.time_axis(series.starts, where.period, zone.info, unfinished=series.unfinished, key=key)
    return charts.amounts(axis, layers)


def _failed(error: Exception, reference: str, *_: Any, **__: Any) -> dict[str, Any]:
    """Bars on the page stay, marked as old; the grid says what is wrong."""
    nothing = dict.fromkeys(panel.outputs(NAME), no_update)
    if isinstance(error, BadQuery):
        words = states.failed(error, reference)
        return nothing | panel.says(NAME, Message(words.state, words.title))
    return nothing | {f"{NAME}.state": "stale"}


def wire(on: Callbacks) -> None:
    """One read per refresh, of the grid's own filter."""

    @on(
        output=panel.outputs(NAME),
        inputs={"tick": Input(shell.TICK, "data"), "state": Input(shell.FILTER, "data")},
        failed=_failed,
    )
    def show_outcomes(state: dict[str, Any] | None, **_tick: Any) -> dict[str, Any]:
        nothing = dict.fromkeys(panel.outputs(NAME), no_update)
        if state is None:  # the address has not been read yet
            return nothing
        zone = context.zone(state)
        where, _ = from_state(state, zone.info, datetime.now(UTC))
        bucket, series = queries.outcomes(
            log().in_zone(zone.info), scope(), where, settings().max_data_points
        )
        drawn = figure(series, where, f"{state.get('from')}/{state.get('to')}/{zone.name}", zone)
        if drawn is None:
            return nothing | panel.says(NAME, Message("empty", f"No requests in {fmt.these(where.period)}"))
        stale = bool(trust.why_old(log().health(), zone.info, zone.name))
        each = fmt.per("Requests", bucket, zone.name)
        return nothing | panel.ready(NAME, stale=stale, figure=drawn, subtitle=each)

    panel.wire_chart(on, NAME)
