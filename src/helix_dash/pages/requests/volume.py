"""The requests of the grid over time by outcome, a small chart above it: dragging over it sets the range."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash.development.base_component import Component

from helix_dash.log.query import Series
from helix_dash.model import Filter
from helix_dash.pages.requests import queries
from helix_dash.ui import charts, panel
from helix_dash.ui import format as fmt
from helix_dash.ui.states import Message
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


def show(
    found: queries.Glance, where: Filter, state: Mapping[str, Any], zone: Zone, *, stale: bool
) -> dict[str, Any]:
    """The chart's new contents."""
    drawn = figure(found.outcomes, where, f"{state.get('from')}/{state.get('to')}/{zone.name}", zone)
    if drawn is None:
        return panel.says(NAME, Message("empty", f"No requests in {fmt.these(where.period)}"))
    each = fmt.per("Requests", found.bucket, zone.name)
    return panel.ready(NAME, stale=stale, figure=drawn, subtitle=each)
