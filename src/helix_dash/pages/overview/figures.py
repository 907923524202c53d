"""The overview's charts: which measures, in which colours, and what a click on a mark filters by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from helix_dash.log.query import Number
from helix_dash.pages.overview.queries import Overview
from helix_dash.ui import charts
from helix_dash.ui.charts import COUNT, PALETTE, PERCENT, SECONDS, USD, Headline, Layer
from helix_dash.ui.colours import entity_colours
from helix_dash.ui.look import Drawn, Look, Part, axis, headline, layers

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


def _before(found: Overview, measure: str) -> Sequence[Number]:
    return found.past.values[measure][0] if found.past else ()


def _headline(found: Overview, name: str) -> Headline | None:
    return headline(found.kpis, name, compared=found.past is not None)


def _volume(found: Overview, look: Look) -> Drawn:
    return _amounts(found, look, "Requests", "requests", _OUTCOMES, "requests")


def _tokens(found: Overview, look: Look) -> Drawn:
    return _amounts(found, look, "Tokens", "tokens", _CLASSES, "total_tokens")


def _amounts(found: Overview, look: Look, unit: str, noun: str, parts: Sequence[Part], measure: str) -> Drawn:
    drawn = layers(found.timeline, found.past, parts)
    figure = charts.amounts(
        axis(found.timeline, look),
        drawn,
        COUNT,
        kind=look.chart,
        before=_before(found, measure),
        headline=_headline(found, measure),
    )
    return Drawn(unit, noun, figure if drawn else None)


def _latency(found: Overview, look: Look) -> Drawn:
    drawn = layers(found.timeline, found.past, _PERCENTILES, 1 / 1000, hidden=(_ASKED_FOR,))
    headline = _headline(found, "latency_ms_p95")
    marked = Headline(f"p95 {headline.value}", headline.before) if headline else None
    figure = charts.rates(axis(found.timeline, look), drawn, SECONDS, lead="p95", headline=marked)
    return Drawn("Seconds", "answers", figure if drawn else None)


def _cost(found: Overview, look: Look) -> Drawn:
    models = [group[0] for group in found.costs.groups]
    colours = entity_colours(models, found.palette_order)
    drawn = [
        Layer(model or "Unknown model", line, colours[model], ("model", model or ""))
        for model, line in zip(models, found.costs.values["cost_usd"], strict=True)
        if any(line)
    ]
    if any(found.others):
        drawn.append(Layer("Others", found.others, charts.OTHERS, apart=found.apart))
    options: dict[str, Any] = {"kind": look.chart, "before": _before(found, "cost_usd")}
    figure = charts.amounts(axis(found.costs, look), drawn, USD, headline=_headline(found, "cost_usd"), **options)  # fmt: skip
    return Drawn("US dollars", "priced requests", figure if drawn else None)


def _cache(found: Overview, look: Look) -> Drawn:
    drawn = layers(found.timeline, found.past, [("cache_hit_rate", "Hit rate", PALETTE[2], None)], 100)
    known = any(one is not None for one in found.timeline.values["cache_hit_rate"][0])
    if known and not drawn:  # never a hit is a rate too
        drawn = [Layer("Hit rate", found.timeline.values["cache_hit_rate"][0], PALETTE[2])]
    figure = charts.rates(
        axis(found.timeline, look), drawn, PERCENT, headline=_headline(found, "cache_hit_rate")
    )
    return Drawn("Hits of eligible requests", "cache lookups", figure if drawn else None)


BUILDERS: dict[str, Callable[[Overview, Look], Drawn]] = {
    "volume": _volume,
    "latency": _latency,
    "tokens": _tokens,
    "cost": _cost,
    "cache": _cache,
}
