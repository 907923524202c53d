"""Charts over time as small dictionaries: what is drawn and what it means. ``assets/chart.js`` draws them.

They know no theme and no library: the browser adds axes and hover, ``assets/plotly.css`` the colours of the theme.
One form serves the drawing, the table beside it, the CSV file and what a screen reader is told; the other kinds of
charts are in ``charts_ranked`` and ``charts_spread``.

Times are epoch milliseconds of the reporting zone's wall clock (:func:`helix_dash.ui.format.wall_ms`), because a
browser's axis has no zones; what a person brushes is therefore a time of that zone too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from itertools import pairwise
from typing import Any

from helix_dash.model import Period, us_from_utc
from helix_dash.ui import format as fmt
from helix_dash.ui.chart_words import adding, comparing
from helix_dash.ui.packed import Number, pack

Figure = dict[str, Any]

PALETTE = ("#4369F7", "#DA7A26", "#347F68", "#B27592", "#7A5998", "#6B6B0C", "#CA375B", "#0DA0C7")
OTHERS = "#7C8594"
SUCCESS, THROTTLED, ERROR, BLOCKED = PALETTE[2], PALETTE[1], PALETTE[6], PALETTE[4]

CONFIG = {"displayModeBar": False, "responsive": True, "doubleClick": False, "showTips": False}
HOUR = 3_600_000
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Unit:
    """How a figure is written on the axis, in the tooltip and in the table.

    Args:
        prefix: what stands before it (``$``).
        suffix: what stands after it (`` s``, ``%``).
        tick: its d3 format on the axis.
        places: digits after the point; ``None`` for four significant digits.
    """

    prefix: str = ""
    suffix: str = ""
    tick: str = "~s"
    places: int | None = None

    def sent(self) -> dict[str, Any]:
        """What the browser needs to know of it."""
        known = {"prefix": self.prefix, "suffix": self.suffix, "places": self.places}
        return {"tick": self.tick} | {name: value for name, value in known.items() if value not in ("", None)}

    def words(self, value: float) -> str:
        """``value`` as a person reads it."""
        if self.prefix == "$" and 1 <= abs(value) < 1000:
            text = f"{value:,.2f}"
        elif self.places is not None:
            text = f"{value:,.{self.places}f}"
        elif value == int(value) or abs(value) >= 1000:
            text = f"{value:,.0f}"
        else:
            text = f"{float(f'{value:.4g}'):,.10f}".rstrip("0").rstrip(".")
        return f"{self.prefix}{text}{self.suffix}"


COUNT = Unit()
USD = Unit(prefix="$", tick=",.3~f")
SECONDS = Unit(suffix=" s", tick="~g")
MILLISECONDS = Unit(suffix=" ms", tick=",~g")
PERCENT = Unit(suffix="%", tick="~g", places=1)


@dataclass(frozen=True, slots=True)
class Layer:
    """One series of a chart.

    Args:
        name: what it is called in the legend and when pointing at it.
        values: one per bucket; ``None`` is a gap and stays one.
        colour: its colour in both themes.
        where: the column and value that a click on it filters by; ``None`` when it stands for no filter.
        before: the same over the period before, bucket by bucket; empty when it is not compared.
        apart: how many entities it sums up, for "+6 more"; 0 when it is one.
        shown: whether it is drawn before somebody asks for it in the legend.
    """

    name: str
    values: Sequence[Number]
    colour: str
    where: tuple[str, str] | None = None
    before: Sequence[Number] = ()
    apart: int = 0
    shown: bool = True


@dataclass(frozen=True, slots=True)
class Axis:
    """The time axis of a chart.

    Args:
        starts: the first instant of each bucket, wall-clock milliseconds.
        start: where the axis begins, wall-clock milliseconds.
        end: where it ends.
        unfinished: whether the last bucket is still filling.
        key: changes when the viewer chose another range, so that the browser forgets an earlier zoom.
        offsets: (bucket, minutes east of UTC) wherever the zone's offset changes: for files, whose times have zones.
        past: what the period before is called ("Previous 7 days").
    """

    starts: Sequence[int]
    start: int
    end: int
    unfinished: bool = False
    key: str = ""
    offsets: Sequence[tuple[int, int]] = ((0, 0),)
    past: str = "Previous period"


def time_axis(
    starts: Sequence[int],
    period: Period,
    zone: tzinfo,
    *,
    unfinished: bool = False,
    key: str = "",
    past: str = "Previous period",
) -> Axis:
    """The axis of ``period`` on the wall clock of ``zone``; ``starts`` are the buckets' epoch milliseconds."""
    return Axis(
        starts=[fmt.wall_ms(start, zone) for start in starts],
        start=fmt.wall_ms(us_from_utc(period.start) // 1000, zone),
        end=fmt.wall_ms(us_from_utc(period.end) // 1000, zone),
        unfinished=unfinished,
        key=key,
        offsets=_offsets(starts, zone),
        past=past,
    )


def _offsets(starts: Sequence[int], zone: tzinfo) -> tuple[tuple[int, int], ...]:
    found: list[tuple[int, int]] = []
    for index, start in enumerate(starts):
        offset = datetime.fromtimestamp(start / 1000, zone).utcoffset()
        minutes = round(offset.total_seconds() / 60) if offset else 0
        if not found or found[-1][1] != minutes:
            found.append((index, minutes))
    return tuple(found) or ((0, 0),)


@dataclass(frozen=True, slots=True)
class Band:
    """What lies between two lines, as a shade: a forecast's 10th to 90th percentile, the usual range.

    Args:
        name: what it is called.
        low: one per bucket; ``None`` where there is no band.
        high: the same.
        colour: its colour.
    """

    name: str
    low: Sequence[Number]
    high: Sequence[Number]
    colour: str = PALETTE[0]


@dataclass(frozen=True, slots=True)
class Headline:
    """The figure beside a panel's title, and the same of the period before."""

    value: str
    before: str = ""


def amounts(
    axis: Axis,
    layers: Sequence[Layer],
    unit: Unit = COUNT,
    *,
    kind: str = "bar",
    before: Sequence[Number] = (),
    headline: Headline | None = None,
) -> Figure:
    """What adds up, stacked: bars, or as the viewer chooses, lines or an area.

    Args:
        axis: the buckets.
        layers: one per part, the lowest first.
        unit: how a figure is written.
        kind: how it is drawn before the viewer chooses: ``bar``, ``line`` or ``area``.
        before: the whole of the period before, per bucket.
        headline: the figure beside the title.
    """
    figure = _over_time(axis, layers, unit, headline)
    past = {"past": {"name": axis.past, "y": pack(before)}} if any(one is not None for one in before) else {}
    totals = [_sum([layer.values[index] for layer in layers]) for index in range(len(axis.starts))]
    return (
        figure
        | past
        | {
            "as": kind if kind in ("line", "area") else "bar",
            "types": ["bar", "line", "area"],
            "adds": True,
            "says": adding(axis.starts, totals, unit.words, unfinished=axis.unfinished),
        }
    )


def rates(
    axis: Axis,
    layers: Sequence[Layer],
    unit: Unit,
    *,
    top: float | None = None,
    lead: str = "",
    band: Band | None = None,
    headline: Headline | None = None,
) -> Figure:
    """What cannot be added (ratios, percentiles): lines with gaps where nothing is known.

    Args:
        axis: the buckets.
        layers: one per line.
        unit: how a figure is written.
        top: the largest value there can be, where the axis shall end.
        band: a shade behind the lines.
        lead: of several lines, the one whose period before is drawn; all are in the table.
        headline: the figure beside the title.
    """
    figure = _over_time(axis, layers, unit, headline) | {"as": "line"}
    figure["says"] = comparing(axis.starts, [(layer.name, layer.values) for layer in layers], unit.words)
    figure["types"] = ["line"] if len(layers) > 1 else ["line", "area", "bar"]
    if any(one is not None for layer in layers for one in layer.before):
        figure["past"] = {"name": axis.past}
        if lead:
            figure["lead"] = lead
    if band:
        shade = {"name": band.name, "colour": band.colour, "low": pack(band.low), "high": pack(band.high)}
        figure |= {"band": shade, "types": ["line"]}
    return figure if top is None else figure | {"top": top}


def _over_time(axis: Axis, layers: Sequence[Layer], unit: Unit, headline: Headline | None) -> Figure:
    time = {
        "start": axis.start,
        "end": axis.end,
        "key": axis.key,
        "offsets": [list(one) for one in axis.offsets],
    }
    if axis.unfinished:
        time["open"] = True
    figure = {
        "kind": "time",
        "time": time | _times(axis.starts),
        "unit": unit.sent(),
        "series": [_sent(layer) for layer in layers],
    }
    return figure | ({"headline": [headline.value, headline.before]} if headline else {})


def _sent(layer: Layer) -> dict[str, Any]:
    found: dict[str, Any] = {"name": layer.name, "colour": layer.colour, "y": pack(layer.values)}
    if layer.where:
        found["where"] = list(layer.where)
    if any(one is not None for one in layer.before):
        found["before"] = pack(layer.before)
    if layer.apart:
        found["apart"] = layer.apart
    if not layer.shown:
        found["off"] = True
    return found


def _times(starts: Sequence[int]) -> dict[str, Any]:
    """The buckets' times: two numbers when they are evenly spaced, else all of them."""
    if len(starts) > 2:
        step = starts[1] - starts[0]
        if all(later - earlier == step for earlier, later in pairwise(starts)):
            return {"x0": starts[0], "dx": step, "n": len(starts)}
    return {"x": list(starts)}


def _sum(numbers: Sequence[Number]) -> Number:
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None


def nothing() -> Figure:
    """What the drawing library holds before the first data: no axes, no background."""
    return {"data": [], "layout": {"paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)", "xaxis": {"visible": False}, "yaxis": {"visible": False}}}  # fmt: skip
