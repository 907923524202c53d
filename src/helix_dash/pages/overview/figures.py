"""The overview's charts: which measures, in which colours, and what a click on a mark filters by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from helix_dash.log.query import Number, Series
from helix_dash.model import Filter, Period, us_from_utc
from helix_dash.pages.overview.queries import Overview
from helix_dash.ui import charts
from helix_dash.ui import format as fmt
from helix_dash.ui.charts import PALETTE, Axis, Figure, Layer


@dataclass(frozen=True, slots=True)
class Look:
    """What the figures are shown under.

    Args:
        where: the filter.
        zone: the reporting zone.
        zone_name: its name.
        stale: whether the figures are old.
        virgin: whether nothing was ever recorded.
        chart: how counts over time are drawn, ``bar`` or ``line``.
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


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart: its unit in words, its figure, and its noun when there is nothing in it."""

    unit: str
    noun: str
    figure: Figure | None


def _axis(series: Series, look: Look) -> Axis:
    def wall(microseconds: int) -> int:
        return fmt.wall_ms(microseconds // 1000, look.zone)

    starts = [fmt.wall_ms(start, look.zone) for start in series.starts]
    end = wall(us_from_utc(look.period.end))
    if series.unfinished and len(starts) > 1:  # room for the whole bar, else a young day is a sliver
        end = max(end, 2 * starts[-1] - starts[-2])
    return Axis(
        starts=starts,
        start=wall(us_from_utc(look.period.start)),
        end=end,
        unfinished=series.unfinished,
        key=look.key,
    )


def _layers(series: Series, parts: Sequence[tuple[str, str, str, tuple[str, str] | None]]) -> list[Layer]:
    layers = [Layer(words, series.values[name][0], colour, where) for name, words, colour, where in parts]
    return [layer for layer in layers if any(value for value in layer.values)]


def _volume(found: Overview, look: Look) -> Drawn:
    layers = _layers(
        found.timeline,
        [
            ("success", "Success", charts.SUCCESS, ("status", "success")),
            ("error", "Error", charts.ERROR, ("status", "error")),
            ("throttled", "Throttled", charts.THROTTLED, ("status", "throttled")),
            ("blocked", "Blocked", charts.BLOCKED, ("status", "blocked")),
            ("cancelled", "Cancelled", charts.OTHERS, ("status", "cancelled")),
        ],
    )
    return Drawn(
        "Requests",
        "requests",
        charts.counts(look.chart, _axis(found.timeline, look), layers) if layers else None,
    )


def _latency(found: Overview, look: Look) -> Drawn:
    layers = _layers(
        found.timeline,
        [
            ("latency_ms_p99", "p99", PALETTE[6], None),
            ("latency_ms_p95", "p95", PALETTE[4], None),
            ("latency_ms_p50", "p50", PALETTE[0], None),
        ],
    )
    layers = [Layer(one.name, [_seconds(value) for value in one.values], one.colour) for one in layers]
    figure = charts.lines(_axis(found.timeline, look), layers, hover="%{y:,.3~f} s", tick="~g", suffix=" s")
    return Drawn("Seconds", "answers", figure if layers else None)


def _seconds(milliseconds: Number) -> Number:
    return None if milliseconds is None else milliseconds / 1000


def _tokens(found: Overview, look: Look) -> Drawn:
    layers = _layers(
        found.timeline,
        [
            ("uncached_tokens", "Input", PALETTE[0], None),
            ("cached_tokens", "Cached input", PALETTE[7], None),
            ("cache_write_tokens", "Cache write", PALETTE[5], None),
            ("visible_tokens", "Output", PALETTE[1], None),
            ("reasoning_tokens", "Reasoning", PALETTE[3], None),
        ],
    )
    figure = charts.counts(look.chart, _axis(found.timeline, look), layers)
    return Drawn("Tokens", "tokens", figure if layers else None)


def _cost(found: Overview, look: Look) -> Drawn:
    models = [group[0] for group in found.costs.groups]
    colours = model_colours(models, found.palette_order)
    layers = [
        Layer(model or "Unknown model", line, colours[model], ("model", model or ""))
        for model, line in zip(models, found.costs.values["cost_usd"], strict=True)
        if any(line)
    ]
    if any(found.others):
        layers.append(Layer("Others", found.others, charts.OTHERS))
    axis = _axis(found.costs, look)
    figure = charts.counts(look.chart, axis, layers, hover="$%{y:,.4~f}", tick=",.3~f", prefix="$")
    return Drawn("US dollars", "priced requests", figure if layers else None)


def _cache(found: Overview, look: Look) -> Drawn:
    rates = [None if rate is None else rate * 100 for rate in found.timeline.values["cache_hit_rate"][0]]
    layers = [Layer("Hit rate", rates, PALETTE[2])] if any(rate is not None for rate in rates) else []
    figure = charts.lines(_axis(found.timeline, look), layers, hover="%{y:.1f}%", tick="~g", suffix="%")
    return Drawn("Hits of eligible requests", "cache lookups", figure if layers else None)


BUILDERS: dict[str, Callable[[Overview, Look], Drawn]] = {
    "volume": _volume,
    "latency": _latency,
    "tokens": _tokens,
    "cost": _cost,
    "cache": _cache,
}


def model_colours(models: Sequence[str | None], order: Sequence[str | None]) -> dict[str | None, str]:
    """A colour per model: its place in ``order`` decides, so it is the same whatever is filtered.

    A model beyond the palette takes the first colour that no other model in view has.
    """
    fixed = {model: PALETTE[index] for index, model in enumerate(order[: len(PALETTE)])}
    colours = {model: fixed[model] for model in models if model in fixed}
    free = [colour for colour in PALETTE if colour not in colours.values()]
    late = [model for model in models if model not in fixed]
    return colours | {
        model: free[index % len(free)] if free else charts.OTHERS for index, model in enumerate(late)
    }
