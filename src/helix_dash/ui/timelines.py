"""Charts over time that several pages show of the same measures: outcomes, tokens, latency, cost by model."""

from __future__ import annotations

from collections.abc import Sequence

from helix_dash.log.query import Number, Series
from helix_dash.metrics.ranks import Parts
from helix_dash.model import Kpi
from helix_dash.ui import charts
from helix_dash.ui.charts import COUNT, PALETTE, SECONDS, USD, Headline
from helix_dash.ui.colours import entity_colours
from helix_dash.ui.groups import group_layers
from helix_dash.ui.look import Drawn, Look, Part, axis, headline, layers

OUTCOMES: tuple[Part, ...] = (
    ("success", "Success", charts.SUCCESS, ("status", "success")),
    ("error", "Error", charts.ERROR, ("status", "error")),
    ("throttled", "Throttled", charts.THROTTLED, ("status", "throttled")),
    ("blocked", "Blocked", charts.BLOCKED, ("status", "blocked")),
    ("cancelled", "Cancelled", charts.OTHERS, ("status", "cancelled")),
)
PERCENTILES: tuple[Part, ...] = (
    ("latency_ms_p50", "p50", PALETTE[0], None),
    ("latency_ms_p90", "p90", PALETTE[7], None),
    ("latency_ms_p95", "p95", PALETTE[4], None),
    ("latency_ms_p99", "p99", PALETTE[6], None),
)
_ASKED_FOR = "latency_ms_p90"
"""Drawn when somebody chooses it in the legend: it runs close to p95."""
CLASSES: tuple[Part, ...] = (
    ("uncached_tokens", "Input", PALETTE[0], None),
    ("cached_tokens", "Cached input", PALETTE[7], None),
    ("cache_write_tokens", "Cache write", PALETTE[5], None),
    ("visible_tokens", "Output", PALETTE[1], None),
    ("reasoning_tokens", "Reasoning", PALETTE[3], None),
)
MEASURES = (
    "requests", *(name for name, *_ in OUTCOMES), *(name for name, *_ in PERCENTILES),
    "cost_usd", "total_tokens", *(name for name, *_ in CLASSES),
)  # fmt: skip
"""What a series must hold for all charts of this module."""

Kpis = Sequence[Kpi]


def outcomes(now: Series, past: Series | None, kpis: Kpis, look: Look) -> Drawn:
    """Requests by how they ended."""
    return _amounts(now, past, kpis, look, ("Requests", "requests"), OUTCOMES, "requests")


def tokens(now: Series, past: Series | None, kpis: Kpis, look: Look) -> Drawn:
    """Tokens by class."""
    return _amounts(now, past, kpis, look, ("Tokens", "tokens"), CLASSES, "total_tokens")


def latencies(now: Series, past: Series | None, kpis: Kpis, look: Look) -> Drawn:
    """Percentiles of latency."""
    drawn = layers(now, past, PERCENTILES, 1 / 1000, hidden=(_ASKED_FOR,))
    found = headline(kpis, "latency_ms_p95", compared=past is not None)
    marked = Headline(f"p95 {found.value}", found.before) if found else None
    figure = charts.rates(axis(now, look), drawn, SECONDS, lead="p95", headline=marked)
    return Drawn("Seconds", "answers", figure if drawn else None)


def costs(parts: Parts, past: Series | None, kpis: Kpis, order: Sequence[str | None], look: Look) -> Drawn:
    """Dollars by model; ``order`` fixes their colours."""
    names = [group[0] for group in parts.series.groups]
    colours = entity_colours(names, order)
    drawn = group_layers(parts, "model", "Unknown model", [colours[name] for name in names])
    figure = charts.amounts(
        axis(parts.series, look),
        drawn,
        USD,
        kind=look.chart,
        before=_before(past, "cost_usd"),
        headline=headline(kpis, "cost_usd", compared=past is not None),
    )
    return Drawn("US dollars", "priced requests", figure if drawn else None)


def _amounts(
    now: Series,
    past: Series | None,
    kpis: Kpis,
    look: Look,
    words: tuple[str, str],
    parts: Sequence[Part],
    measure: str,
) -> Drawn:
    drawn = layers(now, past, parts)
    marked = headline(kpis, measure, compared=past is not None)
    before = _before(past, measure)
    figure = charts.amounts(axis(now, look), drawn, COUNT, kind=look.chart, before=before, headline=marked)
    unit, noun = words
    return Drawn(unit, noun, figure if drawn else None)


def _before(past: Series | None, measure: str) -> Sequence[Number]:
    return past.values[measure][0] if past else ()
