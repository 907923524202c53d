"""A sample of each kind of chart that pages are made of: for the gallery, and to try them in tests. No traffic."""

from __future__ import annotations

from math import exp, pi, sin

from helix_dash.ui import charts, charts_ranked, charts_spread
from helix_dash.ui.charts import (
    COUNT,
    MILLISECONDS,
    PALETTE,
    SECONDS,
    USD,
    Axis,
    Band,
    Figure,
    Headline,
    Layer,
)
from helix_dash.ui.charts_ranked import Bar, Use

NOON = 1_795_348_800_000
"""Epoch milliseconds: 22 November 2026, 12:00."""

MODELS = (
    "gpt-5.2",
    "claude-sonnet-4-5",
    "gemini-2.5-pro",
    "gpt-4o",
    "a-model-with-a-name-that-is-too-long-for-its-place",
)
COSTS = (413.2, 301.5, 188.0, 120.4, 96.1)


def charts_gallery() -> dict[str, tuple[str, str, Figure]]:
    """Panel → its title, its unit, its chart."""
    bars = [Bar(model, cost, where=("model", model)) for model, cost in zip(MODELS, COSTS, strict=True)]
    total = Headline(USD.words(sum(COSTS)))
    return {
        "k-ranked": ("Ranked bars", "US dollars in these 7 days", charts_ranked.ranked_bars(bars, USD, noun="Model", headline=total)),
        "k-pie": ("Shares as a ring", "US dollars in these 7 days", charts_ranked.pie(bars, USD, noun="Model", headline=total)),
        "k-shares": ("Stacked shares", "Finish reasons, share of requests", _shares()),
        "k-uses": ("Use of limits", "Requests per minute", _uses()),
        "k-waterfall": ("Waterfall", "US dollars against the week before", _waterfall()),
        "k-histogram": ("Histogram", "Requests by latency", _histogram()),
        "k-weekly": ("Heat map", "Requests by hour and weekday, UTC", _weekly()),
        "k-quantiles": ("Quantile curve", "Seconds by share of requests", _quantiles()),
        "k-scatter": ("Scatter", "Milliseconds by batch size", _scatter()),
        "k-fan": ("Fan", "US dollars per day, UTC", _fan()),
    }  # fmt: skip


def _shares() -> Figure:
    parts = [("Stop", (80.0, 60.0, 95.0), PALETTE[2]), ("Length", (15.0, 30.0, 3.0), PALETTE[1]), ("Tool calls", (5.0, 10.0, 2.0), PALETTE[0])]  # fmt: skip
    return charts_ranked.stacked_shares(MODELS[:3], parts, COUNT, noun="Model")


def _uses() -> Figure:
    entries = [
        Use("batch-jobs", 1040, 1000),
        Use("web-app", 820, 1000),
        Use("notebooks", 120, 600),
        Use("unlimited", 90, None),
    ]
    return charts_ranked.uses(entries, COUNT, noun="Key")


def _waterfall() -> Figure:
    steps = [
        ("More requests", 42.0),
        ("Longer prompts", 18.5),
        ("Cheaper model", -31.0),
        ("Cache hits", -9.5),
    ]
    return charts_ranked.waterfall(("Last week", 210.0), steps, "This week", USD)


def _histogram() -> Figure:
    edges = [0, 100, 200, 400, 800, 1600, 3200, 6400, 12_800]
    return charts_spread.histogram(edges, [40, 220, 610, 930, 720, 310, 90, 14], MILLISECONDS, noun="Requests", marks=[(640, "median"), (4100, "p95")])  # fmt: skip


def _weekly() -> Figure:
    values = [
        [None if day == 2 and hour < 4 else round(60 * (1 + sin(2 * pi * (hour - 8) / 24)) * (0.3 if day > 4 else 1)) for hour in range(24)]
        for day in range(7)
    ]  # fmt: skip
    return charts_spread.weekly(values, COUNT)


def _quantiles() -> Figure:
    percents = [0, 10, 25, 50, 75, 90, 95, 99, 100]
    lines = [(name, [mean * exp(percent / 38) / 4 for percent in percents], colour) for name, mean, colour in (("Response time", 2.2, PALETTE[0]), ("Time to first token", 0.5, PALETTE[1]))]  # fmt: skip
    return charts_spread.quantile_curve(lines, percents, SECONDS)


def _scatter() -> Figure:
    points = [(f"batch of {size}", float(size), 40 + 9.0 * size + 20 * sin(size)) for size in range(1, 33)]
    return charts_spread.scatter(
        points, ("Inputs per request", COUNT), ("Latency", MILLISECONDS), noun="Request"
    )


def _fan() -> Figure:
    starts = [NOON - 12 * 3_600_000 + charts.DAY * day for day in range(-13, 15)]
    axis = Axis(starts, starts[0], starts[-1] + charts.DAY, key="fan")
    spent = [20 + 4 * sin(day) for day in range(14)]
    known: list[float | None] = [*spent, *([None] * 14)]
    ahead: list[float | None] = [*([None] * 13), spent[-1], *(24 + day / 6 for day in range(14))]
    low: list[float | None] = [*([None] * 13), *(spent[-1] - day * 0.7 for day in range(15))]
    high: list[float | None] = [*([None] * 13), *(spent[-1] + day * 1.1 for day in range(15))]
    layers = [Layer("Spent", known, PALETTE[0]), Layer("Projected", ahead, PALETTE[4])]
    return charts.rates(axis, layers, USD, band=Band("P10 to P90", low, high, PALETTE[4]))
