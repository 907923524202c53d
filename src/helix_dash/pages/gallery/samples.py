"""What the gallery shows: samples in every state, the same at each visit. None of it is anybody's traffic."""

from __future__ import annotations

from collections.abc import Callable
from math import pi, sin

from helix_dash.model import Kpi
from helix_dash.ui import charts, states
from helix_dash.ui.charts import Axis, Figure, Layer
from helix_dash.ui.gallery_charts import charts_gallery
from helix_dash.ui.packed import Number
from helix_dash.ui.states import Message

BUCKETS = 24
NOON = 1_795_348_800_000
"""Epoch milliseconds: 22 November 2026, 12:00."""

GAP = range(9, 12)
"""The buckets about which nothing is known."""


def course(mean: float, swing: float, shift: float = 0.0) -> list[float]:
    """A day's course around ``mean``."""
    return [mean + swing * sin(2 * pi * (hour / BUCKETS - shift)) for hour in range(BUCKETS)]


def with_gap(values: list[float]) -> list[Number]:
    """``values`` with :data:`GAP` unknown."""
    return [None if index in GAP else value for index, value in enumerate(values)]


def _axis() -> Axis:
    starts = [NOON - charts.HOUR * (BUCKETS - index) for index in range(BUCKETS)]
    return Axis(starts, starts[0], NOON, True, "gallery", past="Previous 24 hours")


def bars() -> Figure:
    """Stacked amounts, the last bucket unfinished."""
    names = (
        ("Success", charts.SUCCESS, 300.0),
        ("Throttled", charts.THROTTLED, 24.0),
        ("Error", charts.ERROR, 12.0),
    )
    layers = [
        Layer(name, [float(round(value)) for value in course(mean, mean / 2, 0.3)], colour)
        for name, colour, mean in names
    ]
    return charts.amounts(_axis(), layers, headline=charts.Headline("8,064", "7,512"))


def lines() -> Figure:
    """Percentiles with a gap."""
    names = (
        ("p50", charts.PALETTE[0], 0.8),
        ("p95", charts.PALETTE[4], 2.4),
        ("p99", charts.PALETTE[6], 4.1),
    )
    layers = [Layer(name, with_gap(course(mean, mean / 5, mean)), colour) for name, colour, mean in names]
    return charts.rates(_axis(), layers, charts.SECONDS)


def palette() -> Figure:
    """Every colour of series, and the grey of all others."""
    colours = (*charts.PALETTE, charts.OTHERS)
    layers = [
        Layer("Others" if colour == charts.OTHERS else f"Series {index + 1}", [6.0] * BUCKETS, colour)
        for index, colour in enumerate(colours)
    ]
    return charts.amounts(_axis(), layers)


CHARTS: dict[str, tuple[str, Callable[[], Figure]]] = {
    "g-ready": ("Amounts", bars),
    "g-lines": ("Rates with a gap", lines),
    "g-stale": ("Stale", bars),
    "g-palette": ("Colours of series", palette),
}
"""Panel → its title and its figure."""

KINDS: dict[str, tuple[str, str, Figure]] = charts_gallery()
"""Panel → its title, its unit and its figure: every kind of chart that pages are made of."""

WORDS: dict[str, tuple[str, Message | None]] = {
    "g-loading": ("Loading", None),
    "g-waiting": ("Nothing recorded yet", states.waiting("requests")),
    "g-empty": ("Empty", states.empty("requests", filtered=False, period="these 24 hours")),
    "g-filtered": ("Empty for this filter", states.empty("requests", filtered=True, period="these 7 days")),
    "g-few": ("Not enough", states.not_enough("projection", "14 full days", "there are 3")),
    "g-error": ("Error", states.failed(RuntimeError(), "5f2c91ab", "spend")),
    "g-forbidden": ("Not allowed", states.not_allowed("editor")),
}
"""Panel → its title and what it says; ``None``: nothing has come yet."""


def _kpi(name: str, label: str, value: float | None, unit: str, before: float | None, *, good: str, reason: str = "") -> Kpi:  # fmt: skip
    trend = tuple(course(value or 0.0, (value or 0.0) / 3, 0.4))
    return Kpi(name, label, value, unit, before, good, reason, trend)  # type: ignore[arg-type]


KPIS: tuple[Kpi, ...] = (
    _kpi("g_up", "Better, and higher", 0.964, "ratio", 0.951, good="up"),
    _kpi("g_down", "Better, and lower", 640.0, "ms", 812.0, good="down"),
    _kpi("g_worse", "Worse", 182.0, "count", 121.0, good="down"),
    _kpi("g_flat", "Unchanged", 12_500.0, "count", 12_500.0, good="up"),
    _kpi("g_neutral", "A matter of taste", 7.0312, "usd", 6.2, good="none"),
    _kpi("g_first", "Nothing to compare with", 3000.0, "count", None, good="none"),
    _kpi("g_zero", "Zero", 0.0, "count", 0.0, good="down"),
    _kpi("g_unknown", "Unknown", None, "usd", 4.0, good="down", reason="no budget set"),
)
