"""The overview's charts."""

from __future__ import annotations

from collections.abc import Callable

from helix_dash.metrics.ranks import Parts
from helix_dash.pages.overview.queries import Overview
from helix_dash.ui import charts, timelines
from helix_dash.ui.charts import PALETTE, PERCENT, Layer
from helix_dash.ui.look import Drawn, Look, axis, headline, layers


def _volume(found: Overview, look: Look) -> Drawn:
    return timelines.outcomes(found.timeline, found.past, found.kpis, look)


def _tokens(found: Overview, look: Look) -> Drawn:
    return timelines.tokens(found.timeline, found.past, found.kpis, look)


def _latency(found: Overview, look: Look) -> Drawn:
    return timelines.latencies(found.timeline, found.past, found.kpis, look)


def _cost(found: Overview, look: Look) -> Drawn:
    parts = Parts(found.costs, found.others, found.apart)
    return timelines.costs(parts, found.past, found.kpis, found.palette_order, look)


def _cache(found: Overview, look: Look) -> Drawn:
    drawn = layers(found.timeline, found.past, [("cache_hit_rate", "Hit rate", PALETTE[2], None)], 100)
    known = any(one is not None for one in found.timeline.values["cache_hit_rate"][0])
    if known and not drawn:  # never a hit is a rate too
        drawn = [Layer("Hit rate", found.timeline.values["cache_hit_rate"][0], PALETTE[2])]
    marked = headline(found.kpis, "cache_hit_rate", compared=found.past is not None)
    figure = charts.rates(axis(found.timeline, look), drawn, PERCENT, headline=marked)
    return Drawn("Hits of eligible requests", "cache lookups", figure if drawn else None)


BUILDERS: dict[str, Callable[[Overview, Look], Drawn]] = {
    "volume": _volume,
    "latency": _latency,
    "tokens": _tokens,
    "cost": _cost,
    "cache": _cache,
}
