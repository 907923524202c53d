"""The chat page's charts: which figures, in which colours, and what a click on a mark filters by or opens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from helix_dash.log.query import Number
from helix_dash.metrics.context_windows import EDGES, stretches
from helix_dash.pages.chat.queries import Chat
from helix_dash.pages.chat.spread import CURVE, FIRST_TOKEN_MS, PERCENTS, TOKENS, Spread
from helix_dash.ui import charts
from helix_dash.ui import format as fmt
from helix_dash.ui.chart_choices import between, brief, choices, opening, opening_cells
from helix_dash.ui.chart_words import comparing
from helix_dash.ui.charts import COUNT, PALETTE, PERCENT, SECONDS, USD, Figure, Unit
from helix_dash.ui.charts_ranked import Bar, pie, plot, ranked_bars
from helix_dash.ui.charts_spread import heat_map, histogram, quantile_curve
from helix_dash.ui.colours import entity_colours
from helix_dash.ui.groups import MOST_BARS, beside, ends, group_layers, model_bars, slim
from helix_dash.ui.look import Drawn, Look, Part, axis, headline, layers
from helix_dash.ui.treemap import treemap

RATE = Unit(suffix=" tok/s", tick="~s")

_CLASSES: tuple[Part, ...] = (
    ("uncached_tokens", "Input", PALETTE[0], None),
    ("cached_tokens", "Cached input", PALETTE[7], None),
    ("cache_write_tokens", "Cache write", PALETTE[5], None),
    ("visible_tokens", "Output", PALETTE[1], None),
    ("reasoning_tokens", "Reasoning", PALETTE[3], None),
)
_FIRST: tuple[Part, ...] = (
    ("ttft_ms_p50", "p50", PALETTE[0], ("stream", "true")),
    ("ttft_ms_p95", "p95", PALETTE[4], ("stream", "true")),
)
_FINISHES = {"stop": PALETTE[2], "length": PALETTE[1], "tool_calls": PALETTE[0], "content_filter": PALETTE[6]}


def tokens(found: Chat, look: Look) -> Drawn:
    drawn = layers(found.timeline, found.past, _CLASSES)
    total = [_plus(found, at) for at in range(len(found.timeline.starts))]
    head = charts.Headline(fmt.short(sum(one for one in total if one), "count")) if any(total) else None
    before: Sequence[Number] = found.past.values["total_tokens"][0] if found.past else ()
    figure = charts.amounts(
        axis(found.timeline, look), drawn, COUNT, kind=look.chart, before=before, headline=head
    )
    return Drawn("Tokens", "tokens", figure if drawn else None)


def _plus(found: Chat, at: int) -> Number:
    return found.timeline.values["total_tokens"][0][at]


def first_token(found: Chat, look: Look) -> Drawn:
    drawn = layers(found.timeline, found.past, _FIRST, 1 / 1000)
    marked = headline(found.kpis, "ttft_ms_p95", compared=found.past is not None)
    marked = charts.Headline(f"p95 {marked.value}", marked.before) if marked else None
    figure = charts.rates(axis(found.timeline, look), drawn, SECONDS, lead="p95", headline=marked)
    return Drawn("Seconds, streams only", "streamed answers", figure if drawn else None)


def errors(found: Chat, look: Look) -> Drawn:
    """Each class's share of all requests; stacked they are the error rate."""
    requests = found.timeline.values["requests"][0]
    parts = group_layers(found.failures, "error_class", "Unknown class", list(reversed(PALETTE)), requests)
    figure = charts.amounts(
        axis(found.failures.series, look), parts, PERCENT, kind=look.chart, headline=_error_rate(found)
    )
    lines = [(part.name, part.values) for part in parts]
    figure |= {"says": comparing(axis(found.timeline, look).starts, lines, PERCENT.words)}
    return Drawn("Percent of requests, by class", "requests", figure if parts else None)


def _error_rate(found: Chat) -> charts.Headline | None:
    known = {kpi.name: kpi for kpi in found.kpis}
    all_of_them, failed = known["requests"].value, sum(one.figures["requests"] or 0 for one in found.errors)
    return charts.Headline(PERCENT.words(failed / all_of_them * 100)) if all_of_them else None


def finishes(found: Chat, look: Look) -> Drawn:
    names = [group[0] for group in found.finishes.series.groups]
    rest = (PALETTE[7], PALETTE[4], PALETTE[3], PALETTE[5], PALETTE[6])
    colours = [_FINISHES.get(name or "") or rest[index % len(rest)] for index, name in enumerate(names)]
    parts = group_layers(found.finishes, "finish_reason", "Not recorded", colours)
    figure = charts.amounts(axis(found.finishes.series, look), parts, COUNT, kind=look.chart)
    return Drawn("Answers", "answers", figure if parts else None)


def costs(found: Chat, look: Look) -> Drawn:
    names = [group[0] for group in found.costs.series.groups]
    colours = entity_colours(names, found.palette_order)
    parts = group_layers(found.costs, "model", "Unknown model", [colours[name] for name in names])
    before: Sequence[Number] = found.past.values["cost_usd"][0] if found.past else ()
    marked = headline(found.kpis, "cost_usd", compared=found.past is not None)
    figure = charts.amounts(
        axis(found.costs.series, look), parts, USD, kind=look.chart, before=before, headline=marked
    )
    return Drawn("US dollars", "priced requests", figure if parts else None)


OVER_TIME: dict[str, Callable[[Chat, Look], Drawn]] = {
    "chat-tokens": tokens,
    "chat-ttft": first_token,
    "chat-errors": errors,
    "chat-finish": finishes,
    "chat-cost": costs,
}


def usage(found: Spread, order: Sequence[str | None]) -> Figure | None:
    """Requests by model, as bars, a ring or a treemap."""
    requests = {one.name: one.figures["requests"] for one in found.models}
    bars = model_bars(requests, order, MOST_BARS - 1)
    rest = sum(value or 0 for value in requests.values()) - sum(bar.value for bar in bars)
    if rest:
        bars.append(Bar(fmt.others(len(requests) - len(bars)), rest, charts.OTHERS, rest=True))
    head = charts.Headline(f"{len(requests)} model{'s' if len(requests) != 1 else ''}")
    if not bars:
        return None
    views = {
        key: draw(bars, COUNT, noun="Model", headline=head)
        for key, draw in (("bar", ranked_bars), ("pie", pie), ("treemap", treemap))
    }
    return choices(views | {"bar": slim(views["bar"])})


def latency(found: Spread, order: Sequence[str | None]) -> Figure | None:
    """Response time by model, one view per percentile."""
    views: dict[str, Figure] = {}
    for index, percent in enumerate(PERCENTS):
        values = {name: _seconds(line[index]) for name, line in found.latency.items()}
        views[f"p{percent}"] = beside(model_bars(values, order), SECONDS)
    if not any(found.latency.values()):
        return None
    return choices({"p95": views.pop("p95")} | views)


def speed(found: Spread, order: Sequence[str | None]) -> Figure | None:
    bars = model_bars(dict(found.speed), order)
    return beside(bars, RATE) if bars else None


def curves(found: Spread) -> Figure | None:
    """Which share of the answers took no longer than what: whole answers, or their first token."""
    views: dict[str, Figure] = {}
    for key, column, name, colour in (
        ("response", "latency_ms", "Response time", PALETTE[0]),
        ("first", "ttft_ms", "Time to first token", PALETTE[7]),
    ):
        line = [None if value is None else float(f"{value / 1000:.4g}") for value in found.curves[column]]
        opens = [{column: [round(value, 3)]} if value else None for value in found.curves[column]]
        views[key] = opening(quantile_curve([(name, line, colour)], CURVE, SECONDS), opens)
    return choices(views) if any(found.curves["latency_ms"]) else None


def sizes(counts: Sequence[int], column: str, colour: str) -> Figure | None:
    """Requests by their number of tokens, without the empty ends."""
    if not any(counts):
        return None
    low, high = ends(counts)
    edges = [*TOKENS, TOKENS[-1] * 2]
    figure = histogram(edges[low : high + 1], counts[low:high], COUNT, noun="Requests", colour=colour)
    return opening(figure, between(column, TOKENS)[low:high])


def heat(found: Spread) -> Figure | None:
    """Requests by input size and time to the first token."""
    columns = [sum(row[at] for row in found.heat) for at in range(len(TOKENS))]
    rows = [sum(row) for row in found.heat]
    if not any(rows):
        return None
    (left, right), (low, high) = ends(columns), ends(rows)
    values: list[list[Number]] = [
        [count or None for count in row[left:right]] for row in reversed(found.heat[low:high])
    ]
    names = [f"≥ {brief(edge)} ms" for edge in reversed(FIRST_TOKEN_MS[low:high])]
    figure = heat_map(names, [f"≥ {brief(edge)}" for edge in TOKENS[left:right]], values, COUNT, noun="TTFT by input tokens")  # fmt: skip
    across = between("input_tokens", TOKENS)[left:right]
    upward = between("ttft_ms", FIRST_TOKEN_MS, whole=False)[low:high]
    return opening_cells(figure, across, list(reversed(upward)))


def windows(found: Spread) -> Figure | None:
    """Answers by the share of their model's context window that they took."""
    counts = found.windows.counts
    if not any(counts):
        return None
    names, total = stretches(), sum(counts)
    trace: dict[str, Any] = {
        "type": "bar", "x": names, "y": list(counts), "width": 0.86, "marker": {"color": PALETTE[4], "line": {"width": 0}},
        "customdata": [f"{count:,} answers, {count / total:.1%}" for count in counts],
        "hovertemplate": "%{x}: %{customdata}<extra></extra>",
    }  # fmt: skip
    nearly = sum(count for count, edge in zip(counts, EDGES, strict=True) if edge >= 0.75)
    fullest = found.windows.fullest
    return plot(
        [trace],
        {"xaxis": {"type": "category", "tickangle": 0}, "barcornerradius": 2},
        head=("Share of the window", "Answers", "Share"),
        rows=[
            (name, count, round(count / total * 100, 1)) for name, count in zip(names, counts, strict=True)
        ],
        units=(COUNT, PERCENT),
        says=f"{nearly:,} of {total:,} answers took three quarters of their model's window or more.",
        headline=charts.Headline(f"fullest {fullest[0]:.1%}", fullest[1]) if fullest else None,
    )


def _seconds(milliseconds: Number) -> float | None:
    return None if milliseconds is None else milliseconds / 1000
