"""The embeddings page's charts: which figures, in which colours, and what a click on a mark filters by or opens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from helix_dash.log.query import Number
from helix_dash.metrics.embedding import Embedded
from helix_dash.metrics.projection import Projection
from helix_dash.pages.embeddings.queries import BATCHES, LATENCY_PERCENTS, Single, Usage
from helix_dash.ui import charts
from helix_dash.ui.chart_choices import between, choices, opening
from helix_dash.ui.charts import COUNT, MILLISECONDS, PALETTE, PERCENT, USD, Axis, Band, Figure, Layer
from helix_dash.ui.charts_ranked import Bar, pie, plot, ranked_bars
from helix_dash.ui.colours import entity_colours
from helix_dash.ui.groups import ends, group_layers, model_bars, slim
from helix_dash.ui.look import Drawn, Look, Part, axis, headline, layers

_OUTCOMES: tuple[Part, ...] = (
    ("success", "Success", charts.SUCCESS, ("status", "success")),
    ("error", "Error", charts.ERROR, ("status", "error")),
    ("throttled", "Throttled", charts.THROTTLED, ("status", "throttled")),
    ("blocked", "Blocked", charts.BLOCKED, ("status", "blocked")),
    ("cancelled", "Cancelled", charts.OTHERS, ("status", "cancelled")),
)


def requests(found: Usage, look: Look) -> Drawn:
    drawn = layers(found.statuses, None, _OUTCOMES)
    figure = charts.amounts(
        axis(found.statuses, look), drawn, COUNT, kind=look.chart, before=_before(found, "requests"),
        headline=headline(found.kpis, "requests", compared=found.past is not None),
    )  # fmt: skip
    return Drawn("Requests", "embeddings", figure if drawn else None)


def tokens(found: Usage, look: Look) -> Drawn:
    names = [group[0] for group in found.tokens.series.groups]
    colours = entity_colours(names, found.palette_order)
    parts = group_layers(found.tokens, "model", "Unknown model", [colours[name] for name in names])
    figure = charts.amounts(
        axis(found.tokens.series, look), parts, COUNT, kind=look.chart, before=_before(found, "input_tokens"),
        headline=headline(found.kpis, "input_tokens", compared=found.past is not None),
    )  # fmt: skip
    return Drawn("Input tokens", "tokens", figure if parts else None)


def _before(found: Usage, measure: str) -> Sequence[Number]:
    return found.past.values[measure][0] if found.past else ()


OVER_TIME: dict[str, Callable[[Usage, Look], Drawn]] = {"emb-requests": requests, "emb-tokens": tokens}


def cost(told: Projection) -> Figure | None:
    """Dollars per day, and what the month's remaining days usually cost, with its range."""
    known = [(day, value) for day, value in told.history if value is not None]
    if not known:
        return None
    days = [day for day, _ in told.history if day >= known[0][0]]
    ahead = {day: (mean, low, high) for day, mean, low, high in told.ahead}
    every = [*days, *(day for day in ahead if day > days[-1])]
    spent = dict(told.history)
    starts = [int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000) for day in every]
    past: list[Number] = [None if day in ahead else spent.get(day) for day in every]
    usual: list[Number] = [(spent.get(day) or 0) + ahead[day][0] if day in ahead else None for day in every]
    lines = [Layer("Spent", past, PALETTE[0]), Layer("Usual for its weekday", usual, charts.OTHERS)]
    band = None
    if ahead:
        low: list[Number] = [(spent.get(day) or 0) + ahead[day][1] if day in ahead else None for day in every]
        high: list[Number] = [
            (spent.get(day) or 0) + ahead[day][2] if day in ahead else None for day in every
        ]
        band = Band("P10 to P90 of a day", low, high, charts.OTHERS)
    last = every[-1] + timedelta(days=1)
    end = int(datetime(last.year, last.month, last.day, tzinfo=UTC).timestamp() * 1000)
    span = Axis(starts=starts, start=starts[0], end=end, key=f"{every[0]}/{every[-1]}")
    head = None
    if told.end is not None:
        head = charts.Headline(USD.words(round(told.end, 2)), "at the month's end")
    drawn = [line for line in lines if any(value is not None for value in line.values)]
    return charts.rates(span, drawn, USD, band=band, headline=head)


def models(found: Single, order: Sequence[str | None]) -> Figure | None:
    bars = model_bars({one.name: one.figures["requests"] for one in found.models}, order)
    if not bars:
        return None
    return choices(
        {"bar": slim(ranked_bars(bars, COUNT, noun="Model")), "pie": pie(bars, COUNT, noun="Model")}
    )


def dimensions(sorts: Sequence[Embedded]) -> Figure | None:
    """Inputs by the length of their vectors; requests where no batch size is recorded."""
    counts: dict[int | None, int] = {}
    for one in sorts:
        counts[one.dimensions] = counts.get(one.dimensions, 0) + one.requests
    named = sorted(counts.items(), key=lambda item: -item[1])
    if not named:
        return None
    bars = [
        Bar(
            "Not recorded" if size is None else f"{size:,}",
            count,
            charts.OTHERS if size is None else PALETTE[2],
        )
        for size, count in named
    ]
    opens = [None if size is None else {"embedding_dimensions": [size, size]} for size, _ in named]
    return opening(slim(ranked_bars(bars, COUNT, noun="Dimensions")), opens)  # type: ignore[arg-type]


def batches(found: Single) -> Figure | None:
    counts = found.batches.counts.get(None, ())
    if not any(counts):
        return None
    low, high = ends(counts)
    names, total = batch_names()[low:high], sum(counts)
    trace = {
        "type": "bar", "x": names, "y": list(counts[low:high]), "width": 0.86,
        "marker": {"color": PALETTE[0], "line": {"width": 0}},
        "customdata": [f"{count:,} requests, {count / total:.1%}" for count in counts[low:high]],
        "hovertemplate": "%{x} inputs: %{customdata}<extra></extra>",
    }  # fmt: skip
    rows = [
        (name, count, round(count / total * 100, 1))
        for name, count in zip(names, counts[low:high], strict=True)
    ]
    figure = plot(
        [trace],
        {"xaxis": {"type": "category", "tickangle": 0}, "barcornerradius": 2},
        head=("Inputs", "Requests", "Share"),
        rows=rows,
        units=(COUNT, PERCENT),
        says=f"{total:,} requests; most have {max(rows, key=lambda row: row[1])[0]} inputs.",
    )
    return opening(figure, between("batch_size", BATCHES)[low:high])


def latency(found: Single) -> Figure | None:
    """Latency by batch size: the median and the 95th percentile."""
    known = [1 if line and line[0] is not None else 0 for line in found.latency]
    if not any(known):
        return None
    low, high = ends(known)
    names, colours = batch_names()[low:high], (PALETTE[0], PALETTE[4])
    lines: list[tuple[str, list[float | None], str]] = [
        (f"p{percent}", [line[index] for line in found.latency[low:high]], colours[index])
        for index, percent in enumerate(LATENCY_PERCENTS)
    ]
    traces = [
        {
            "type": "scatter", "mode": "lines+markers", "name": name, "x": names, "y": values, "connectgaps": False,
            "line": {"color": colour, "width": 2}, "marker": {"color": colour, "size": 7, "line": {"width": 0}},
            "customdata": ["—" if value is None else MILLISECONDS.words(value) for value in values],
            "hovertemplate": "%{customdata}<extra>" + name + "</extra>",
        }
        for name, values, colour in lines
    ]  # fmt: skip
    axes = {
        "xaxis": {"type": "category", "tickangle": 0},
        "yaxis": {"ticksuffix": " ms", "tickformat": ",~g"},
    }
    figure = plot(
        traces,
        axes | {"hovermode": "x unified"},
        head=("Inputs", *(name for name, _, _ in lines)),
        rows=[(name, *(values[index] for _, values, _ in lines)) for index, name in enumerate(names)],
        units=[MILLISECONDS] * len(lines),
        says=f"From {names[0]} to {names[-1]} inputs per request.",
        legend=[(name, colour) for name, _, colour in lines],
    )
    return opening(figure, between("batch_size", BATCHES)[low:high])


def batch_names() -> list[str]:
    """The stretches of batch sizes in words."""
    names = [str(low) if high == low + 1 else f"{low}–{high - 1}" for low, high in pairwise(BATCHES)]
    return [*names, f"{BATCHES[-1]} and more"]
