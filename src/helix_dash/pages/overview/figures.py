"""The overview's charts: which measures, in which colours, and what a click on a mark filters by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from helix_dash.log.query import Number, Series
from helix_dash.model import Filter, Kpi, Period
from helix_dash.pages.overview.queries import Overview
from helix_dash.ui import charts
from helix_dash.ui import format as fmt
from helix_dash.ui.charts import COUNT, PALETTE, PERCENT, SECONDS, USD, Axis, Figure, Headline, Layer
from helix_dash.ui.colours import entity_colours


@dataclass(frozen=True, slots=True)
class Look:
    """What the figures are shown under.

    Args:
        where: the filter.
        zone: the zone times are shown in.
        zone_name: its name.
        stale: whether the figures are old.
        virgin: whether nothing was ever recorded.
        chart: how amounts over time are drawn, ``bar`` or ``line``.
        key: changes with the range.
    """

    where: Filter
    zone: tzinfo
    zone_name: str
    stale: bool = False
    virgin: bool = False
    chart: str = "bar"
    key: str = ""

    @property
    def period(self) -> Period:
        return self.where.period

    @property
    def past(self) -> str:
        """What the period before is called."""
        return f"Previous {fmt.length(self.period)}"


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart: its unit in words, its figure, and its noun when there is nothing in it."""

    unit: str
    noun: str
    figure: Figure | None


Part = tuple[str, str, str, tuple[str, str] | None]
"""A measure, its name in words, its colour, and what a click on it filters by."""

_OUTCOMES: tuple[Part, ...] = (
    ("success", "Success", charts.SUCCESS, ("status", "success")),
    ("error", "Error", charts.ERROR, ("status", "error")),
    ("throttled", "Throttled", charts.THROTTLED, ("status", "throttled")),
    ("blocked", "Blocked", charts.BLOCKED, ("status", "blocked")),
    ("cancelled", "Cancelled", charts.OTHERS, ("status", "cancelled")),
)
_PERCENTILES: tuple[Part, ...] = (
    ("latency_ms_p50", "p50", PALETTE[0], None),
    ("latency_ms_p90", "p90", PALETTE[7], None),
    ("latency_ms_p95", "p95", PALETTE[4], None),
    ("latency_ms_p99", "p99", PALETTE[6], None),
)
_ASKED_FOR = "latency_ms_p90"
"""Drawn when somebody chooses it in the legend: it runs close to p95."""
_CLASSES: tuple[Part, ...] = (
    ("uncached_tokens", "Input", PALETTE[0], None),
    ("cached_tokens", "Cached input", PALETTE[7], None),
    ("cache_write_tokens", "Cache write", PALETTE[5], None),
    ("visible_tokens", "Output", PALETTE[1], None),
    ("reasoning_tokens", "Reasoning", PALETTE[3], None),
)


def _axis(series: Series, look: Look) -> Axis:
    return charts.time_axis(
        series.starts, look.period, look.zone, unfinished=series.unfinished, key=look.key, past=look.past
    )


def _layers(found: Overview, parts: Sequence[Part], scale: float | None = None) -> list[Layer]:
    """A layer per part that has anything; ``scale`` makes the unit shown of the one measured."""

    def line(series: Series | None, name: str) -> list[Number]:
        values = series.values[name][0] if series else []
        return values if scale is None else [None if one is None else one * scale for one in values]

    layers = [
        Layer(
            words,
            line(found.timeline, name),
            colour,
            where,
            before=line(found.past, name) if scale else (),
            shown=name != _ASKED_FOR,
        )
        for name, words, colour, where in parts
    ]
    return [layer for layer in layers if any(layer.values)]


def _before(found: Overview, measure: str) -> Sequence[Number]:
    return found.past.values[measure][0] if found.past else ()


def _headline(found: Overview, name: str) -> Headline | None:
    kpi = next((one for one in found.kpis if one.name == name), None)
    if kpi is None or kpi.value is None:
        return None
    return Headline(fmt.short(kpi.value, kpi.unit), _then(kpi) if found.past else "")


def _then(kpi: Kpi) -> str:
    return f"before {fmt.short(kpi.before, kpi.unit)}"


def _volume(found: Overview, look: Look) -> Drawn:
    return _amounts(found, look, "Requests", "requests", _OUTCOMES, "requests")


def _tokens(found: Overview, look: Look) -> Drawn:
    return _amounts(found, look, "Tokens", "tokens", _CLASSES, "total_tokens")


def _amounts(found: Overview, look: Look, unit: str, noun: str, parts: Sequence[Part], measure: str) -> Drawn:
    layers = _layers(found, parts)
    figure = charts.amounts(
        _axis(found.timeline, look),
        layers,
        COUNT,
        kind=look.chart,
        before=_before(found, measure),
        headline=_headline(found, measure),
    )
    return Drawn(unit, noun, figure if layers else None)


def _latency(found: Overview, look: Look) -> Drawn:
    layers = _layers(found, _PERCENTILES, 1 / 1000)
    headline = _headline(found, "latency_ms_p95")
    marked = Headline(f"p95 {headline.value}", headline.before) if headline else None
    figure = charts.rates(_axis(found.timeline, look), layers, SECONDS, lead="p95", headline=marked)
    return Drawn("Seconds", "answers", figure if layers else None)


def _cost(found: Overview, look: Look) -> Drawn:
    models = [group[0] for group in found.costs.groups]
    colours = entity_colours(models, found.palette_order)
    layers = [
        Layer(model or "Unknown model", line, colours[model], ("model", model or ""))
        for model, line in zip(models, found.costs.values["cost_usd"], strict=True)
        if any(line)
    ]
    if any(found.others):
        layers.append(Layer("Others", found.others, charts.OTHERS, apart=found.apart))
    options: dict[str, Any] = {"kind": look.chart, "before": _before(found, "cost_usd")}
    figure = charts.amounts(_axis(found.costs, look), layers, USD, headline=_headline(found, "cost_usd"), **options)  # fmt: skip
    return Drawn("US dollars", "priced requests", figure if layers else None)


def _cache(found: Overview, look: Look) -> Drawn:
    layers = _layers(found, [("cache_hit_rate", "Hit rate", PALETTE[2], None)], 100)
    known = any(one is not None for one in found.timeline.values["cache_hit_rate"][0])
    if known and not layers:  # never a hit is a rate too
        layers = [Layer("Hit rate", found.timeline.values["cache_hit_rate"][0], PALETTE[2])]
    figure = charts.rates(
        _axis(found.timeline, look), layers, PERCENT, headline=_headline(found, "cache_hit_rate")
    )
    return Drawn("Hits of eligible requests", "cache lookups", figure if layers else None)


BUILDERS: dict[str, Callable[[Overview, Look], Drawn]] = {
    "volume": _volume,
    "latency": _latency,
    "tokens": _tokens,
    "cost": _cost,
    "cache": _cache,
}
