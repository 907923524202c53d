"""The cache page's charts: which figures, in which colours, and what a click on a mark filters by or opens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from helix_dash.log.query import Number
from helix_dash.metrics.cache_lab import THRESHOLDS
from helix_dash.metrics.cache_use import STRETCHES
from helix_dash.metrics.ranks import Ranked
from helix_dash.pages.cache.queries import DIMS, Cache
from helix_dash.pages.cache.single import AGES_S, SCORES, Single
from helix_dash.ui import charts
from helix_dash.ui.chart_choices import between, choices, opening
from helix_dash.ui.charts import COUNT, OTHERS, PALETTE, PERCENT, USD, Figure, Unit
from helix_dash.ui.charts_ranked import Bar, plot, ranked_bars
from helix_dash.ui.charts_spread import histogram
from helix_dash.ui.colours import entity_colours
from helix_dash.ui.groups import MOST_BARS, ends, slim
from helix_dash.ui.look import Drawn, Look, Part, axis, headline, layers

EXACT, SEMANTIC, MISS, BYPASS = PALETTE[2], PALETTE[7], PALETTE[1], OTHERS
SCORE = Unit(tick=".2f", places=2)

_OUTCOMES: tuple[Part, ...] = (
    ("cache_hits_exact", "Exact", EXACT, ("cache", "exact")),
    ("cache_hits_semantic", "Semantic", SEMANTIC, ("cache", "semantic")),
    ("cache_misses", "Miss", MISS, ("cache", "miss")),
    ("cache_bypass", "Bypass", BYPASS, ("cache", "bypass")),
)
_SAVED: tuple[Part, ...] = (("avoided_cost_usd", "Avoided cost", EXACT, ("cache", "exact")),)


def outcomes(found: Cache, look: Look) -> Drawn:
    drawn = layers(found.timeline, found.past, _OUTCOMES)
    marked = headline(found.kpis, "cache_hit_rate", compared=found.past is not None)
    figure = charts.amounts(axis(found.timeline, look), drawn, COUNT, kind=look.chart, headline=marked)
    return Drawn("Requests by what the cache did", "requests", figure if drawn else None)


def saved(found: Cache, look: Look) -> Drawn:
    drawn = [charts.Layer(layer.name, layer.values, layer.colour) for layer in layers(found.timeline, None, _SAVED)]  # fmt: skip
    before: Sequence[Number] = found.past.values["avoided_cost_usd"][0] if found.past else ()
    marked = headline(found.kpis, "avoided_cost_usd", compared=found.past is not None)
    figure = charts.amounts(
        axis(found.timeline, look), drawn, USD, kind=look.chart, before=before, headline=marked
    )
    return Drawn("US dollars that hits avoided", "hits with a known price", figure if drawn else None)


OVER_TIME: dict[str, Callable[[Cache, Look], Drawn]] = {"cache-outcomes": outcomes, "cache-saved": saved}


def hit_rates(found: Cache) -> Figure | None:
    """Hit rate by model, and by team."""
    views: dict[str, Figure] = {}
    for dim in DIMS:
        known = [one for one in found.splits[dim] if one.figures["cache_hit_rate"] is not None]
        # By eligible requests, so that a rate over three of them does not lead.
        known = sorted(known, key=lambda one: -_eligible(one))[:MOST_BARS]
        order = found.palette_order if dim == "model" else [one.name for one in found.splits[dim]]
        colours = entity_colours([one.name for one in known], order)
        bars = [
            Bar(one.name or "Unknown", (one.figures["cache_hit_rate"] or 0) * 100, colours[one.name], (dim, one.name or ""))
            for one in known
        ]  # fmt: skip
        if bars:
            views[dim] = _rates(bars, known, dim)
    return choices(views) if views else None


def _eligible(one: Ranked) -> float:
    return sum(one.figures[name] or 0 for name in ("cache_hits_exact", "cache_hits_semantic", "cache_misses"))


def _rates(bars: list[Bar], known: list[Ranked], dim: str) -> Figure:
    figure = ranked_bars(bars, PERCENT, noun=dim.capitalize())
    counts = {one.name or "Unknown": _eligible(one) for one in known}
    ordered = sorted(bars, key=lambda bar: -bar.value)
    trace = figure["data"][0] | {"text": [f"{bar.value:.1f}%  of {counts[bar.name]:,.0f}" for bar in ordered]}
    table = {
        "head": [dim.capitalize(), "Hit rate", "Eligible"],
        "rows": [(bar.name, round(bar.value, 1), counts[bar.name]) for bar in ordered],
        "units": [PERCENT.sent(), COUNT.sent()],
    }
    says = f"{ordered[0].name}: {ordered[0].value:.1f}%, the highest of {len(ordered)}."
    return slim(figure | {"data": [trace], "table": table, "says": says})


def scores(found: Single) -> Figure | None:
    """Requests by the score of their best match, hits on misses, with the line from which the cache answers."""
    hits, misses = (
        list(found.scores[name].counts.get(None, ())) or [0] * len(SCORES) for name in ("semantic", "miss")
    )
    if not any(hits) and not any(misses):
        return None
    low, high = ends([one + other for one, other in zip(hits, misses, strict=True)])
    edges = [*SCORES, 1.0][low : high + 1]
    marks = [(found.threshold, "threshold")] if found.threshold is not None else []
    whole = [one + other for one, other in zip(hits, misses, strict=True)][low:high]
    figure = histogram(edges, whole, SCORE, noun="Requests", marks=marks)
    first = figure["data"][0]
    opens = between("similarity", SCORES, whole=False)[low:high]
    traces = [
        first
        | {"y": counts[low:high], "name": name, "marker": {"color": colour, "line": {"width": 0}}, "meta": {"opens": opens}}
        | {"hovertemplate": f"%{{customdata}}: %{{y:,}} {name.lower()}<extra></extra>"}
        for name, counts, colour in (("Hits", hits, SEMANTIC), ("Misses", misses, MISS))
    ]  # fmt: skip
    names = [row[0] for row in figure["table"]["rows"]]
    rows = [list(row) for row in zip(names, hits[low:high], misses[low:high], strict=True)]
    table = {"head": ["Score", "Hits", "Misses"], "rows": rows, "units": [COUNT.sent(), COUNT.sent()]}
    legend = [{"name": "Hits", "colour": SEMANTIC}, {"name": "Misses", "colour": MISS}]
    layout = figure["layout"] | {"barmode": "stack"}
    return figure | {"data": traces, "layout": layout, "table": table, "legend": legend}


def ages(found: Single) -> Figure | None:
    """Hits by the age of their entry, with the lives of entries."""
    counts = found.ages.counts.get(None, ())
    if not any(counts):
        return None
    low, high = ends(counts)
    names = [_length(one) for one in AGES_S]
    shown = [*names[low:high], _length(AGES_S[high]) if high < len(AGES_S) else "older"]
    edges = [*AGES_S[low:high], AGES_S[high] if high < len(AGES_S) else AGES_S[-1] * 2]
    marks = [(float(found.gateway.ttl_exact), "TTL")] if found.gateway.ttl_exact else []
    figure = histogram(edges, counts[low:high], COUNT, noun="Hits", marks=[one for one in marks if one[0] < edges[-1]], colour=EXACT)  # fmt: skip
    ticks = {"tickvals": list(range(len(shown))), "ticktext": shown}
    words = [f"{one} to {other}" for one, other in pairwise(shown)]
    total = sum(counts)
    rows = [[name, count, round(count / total * 100, 1)] for name, count in zip(words, counts[low:high], strict=True)]  # fmt: skip
    figure["data"][0]["customdata"] = words
    figure["table"]["rows"] = rows
    figure["layout"]["xaxis"] |= ticks
    figure["says"] = (
        f"{total:,} hits; most with an entry {words[max(range(len(words)), key=lambda at: counts[low + at])]} old."
    )
    return opening(figure, between("cache_age_ms", [one * 1000 for one in AGES_S], whole=False)[low:high])


def _length(seconds: float) -> str:
    for size, word in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:g} {word}"
    return f"{seconds:g}"


def per_entry(found: Single) -> Figure | None:
    """Entries by how often the exact cache answered with them."""
    counts = found.use.per_entry
    if not any(counts):
        return None
    names = [f"{low}" if high == low + 1 else f"{low}–{high - 1}" for low, high in pairwise(STRETCHES)] + [
        f"{STRETCHES[-1]}+"
    ]
    total = sum(counts)
    trace: dict[str, Any] = {
        "type": "bar", "x": names, "y": list(counts), "width": 0.86, "marker": {"color": EXACT, "line": {"width": 0}},
        "customdata": [f"{count:,} entries, {count / total:.1%}" for count in counts],
        "hovertemplate": "%{x} hits: %{customdata}<extra></extra>",
    }  # fmt: skip
    return plot(
        [trace],
        {"xaxis": {"type": "category", "tickangle": 0}, "barcornerradius": 2},
        head=("Hits", "Entries", "Share"),
        rows=[(f"{name} hits", count, round(count / total * 100, 1)) for name, count in zip(names, counts, strict=True)],
        units=(COUNT, PERCENT),
        says=f"{counts[0]:,} of {total:,} prompts were answered once only.",
    )  # fmt: skip


def lab(found: Single) -> Figure | None:
    """Hit rate, and dollars saved, at each threshold: what the recorded scores would have made of it."""
    if not found.lab.lookups or not found.eligible:
        return None
    told = [(threshold, found.lab.at(threshold)) for threshold in THRESHOLDS]
    exact = float(found.exact_usd or 0)
    rates = [(found.exact + one.hits) / found.eligible * 100 for _, one in told]
    dollars = [exact + float(one.saved_usd) for _, one in told]
    rows = [
        (f"{threshold:.2f}", round(rate, 2), round(usd, 6), one.hits, one.gained, one.lost)
        for (threshold, one), rate, usd in zip(told, rates, dollars, strict=True)
    ]
    views = {
        key: _line(found, values, unit, words, rows)
        for key, values, unit, words in (
            ("rate", rates, PERCENT, "hit rate"),
            ("saved", dollars, USD, "saved"),
        )
    }
    return choices(views)


def _line(
    found: Single, values: list[float], unit: Unit, words: str, rows: Sequence[Sequence[Any]]
) -> Figure:
    trace = {
        "type": "scatter", "mode": "lines", "x": list(THRESHOLDS), "y": values, "name": words.capitalize(),
        "line": {"color": SEMANTIC, "width": 2}, "customdata": [unit.words(value) for value in values],
        "hovertemplate": f"at %{{x:.2f}}: %{{customdata}} {words}<extra></extra>",
    }  # fmt: skip
    marks = [(found.threshold, "now", "top", "right")] if found.threshold is not None else []
    if found.threshold is None or abs(found.picked - found.threshold) > 0.001:
        marks.append((found.picked, "tried", "bottom", "left"))
    axis_y = {
        "tickprefix": unit.prefix,
        "ticksuffix": unit.suffix,
        "tickformat": unit.tick,
        "rangemode": "tozero",
    }
    layout = {
        "xaxis": {"tickformat": ".2f", "range": [THRESHOLDS[0], THRESHOLDS[-1]], "title": {"text": "Threshold", "font": {"size": 12}}},
        "yaxis": axis_y,
        "hovermode": "x",
        "shapes": [_upright(at) for at, *_ in marks],
        "annotations": [_named(*mark) for mark in marks],
    }  # fmt: skip
    best = max(values)
    return plot(
        [trace],
        layout,
        head=("Threshold", "Hit rate", "Saved", "Semantic hits", "Gained", "Lost"),
        rows=rows,
        units=(PERCENT, USD, COUNT, COUNT, COUNT),
        says=f"From {unit.words(best)} at {THRESHOLDS[0]:.2f} to {unit.words(min(values))} at {THRESHOLDS[-1]:.2f}.",
    )


def _upright(at: float) -> dict[str, Any]:
    return {"type": "line", "xref": "x", "yref": "paper", "x0": at, "x1": at, "y0": 0, "y1": 1, "line": {"width": 1.5, "dash": "dot", "color": OTHERS}}  # fmt: skip


def _named(at: float, words: str, end: str, side: str) -> dict[str, Any]:
    shift = {"right": {"xanchor": "right", "xshift": -4}, "left": {"xanchor": "left", "xshift": 4}}[side]
    return {"x": at, "xref": "x", "y": 1 if end == "top" else 0.08, "yref": "paper", "yanchor": "top", "text": words, "showarrow": False, "font": {"size": 12}} | shift  # fmt: skip


SINGLE: dict[str, Callable[[Single], Figure | None]] = {
    "cache-scores": scores,
    "cache-ages": ages,
    "cache-use": per_entry,
    "cache-lab": lab,
}
