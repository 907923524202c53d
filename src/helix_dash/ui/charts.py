"""Figures as plain dictionaries. They know no theme: assets/plotly.css colours axes, grid and texts.

Times are given as epoch milliseconds of the reporting zone's wall clock (:func:`helix_dash.ui.format.wall_ms`),
because Plotly has no zones; what a person brushes is therefore a time of that zone too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

Number = float | int | None
Figure = dict[str, Any]

PALETTE = ("#4369F7", "#DA7A26", "#347F68", "#B27592", "#7A5998", "#6B6B0C", "#CA375B", "#0DA0C7")
OTHERS = "#7C8594"
SUCCESS, THROTTLED, ERROR, BLOCKED = PALETTE[2], PALETTE[1], PALETTE[6], PALETTE[4]

CONFIG = {"displayModeBar": False, "responsive": True, "doubleClick": "reset", "showTips": False}
HOUR = 3_600_000
DAY = 24 * HOUR
DENSE = 72
"""More bars than this touch each other: gaps narrower than a pixel flicker."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One series of a chart.

    Args:
        name: what it is called in the legend and when pointing at it.
        values: one per bucket; ``None`` is a gap and stays one.
        colour: its colour in both themes.
        where: the column and value that a click on it filters by; ``None`` when it stands for no filter.
    """

    name: str
    values: Sequence[Number]
    colour: str
    where: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Axis:
    """The time axis of a chart.

    Args:
        starts: the first instant of each bucket, wall-clock milliseconds.
        start: where the axis begins, wall-clock milliseconds.
        end: where it ends.
        unfinished: whether the last bucket is still filling.
        key: changes when the viewer chose another range, so that Plotly forgets an earlier zoom.
    """

    starts: Sequence[int]
    start: int
    end: int
    unfinished: bool = False
    key: str = ""


def bars(
    axis: Axis, layers: Sequence[Layer], *, hover: str = "%{y:,}", tick: str = "~s", prefix: str = ""
) -> Figure:
    """Stacked bars per bucket; the last one is hatched while it is still filling."""
    widths = _widths(axis)
    gap = 0.07 if len(widths) <= DENSE else 0
    traces = [
        {
            **_trace(axis, layer, hover),
            "type": "bar",
            "y": _rounded(layer.values),
            "width": _once([round(width * (1 - 2 * gap)) for width in widths]),
            "offset": _once([round(width * gap) for width in widths]),
            "marker": {"color": layer.colour, "line": {"width": 0}, **_hatched(axis, len(widths))},
        }
        for layer in layers
    ]
    layout = _layout(axis, tick=tick, prefix=prefix)
    return {"data": traces, "layout": layout | {"barmode": "stack", "barcornerradius": 2 if gap else 0}}


def lines(
    axis: Axis,
    layers: Sequence[Layer],
    *,
    hover: str,
    tick: str = "~s",
    prefix: str = "",
    suffix: str = "",
    top: float | None = None,
) -> Figure:
    """Lines with gaps where nothing is known; a point between two gaps is drawn as a dot."""
    traces = [
        {
            **_trace(axis, layer, hover),
            "type": "scatter",
            **_dots(layer),
            "y": _rounded(layer.values),
            "connectgaps": False,
            "line": {"color": layer.colour, "width": 2},
        }
        for layer in layers
    ]
    layout = _layout(axis, tick=tick, prefix=prefix, suffix=suffix)
    if top is not None:
        layout["yaxis"] |= {"range": [0, top], "rangemode": "normal"}
    return {"data": traces, "layout": layout}


def counts(
    kind: str,
    axis: Axis,
    layers: Sequence[Layer],
    *,
    hover: str = "%{y:,}",
    tick: str = "~s",
    prefix: str = "",
) -> Figure:
    """Counts per bucket as the operator chose: ``line`` for lines, else stacked bars."""
    draw = lines if kind == "line" else bars
    return draw(axis, layers, hover=hover, tick=tick, prefix=prefix)


def nothing() -> Figure:
    """An empty figure: what a chart holds before its first data."""
    return {"data": [], "layout": {"paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)", "xaxis": {"visible": False}, "yaxis": {"visible": False}}}  # fmt: skip


def _trace(axis: Axis, layer: Layer, hover: str) -> dict[str, Any]:
    where = list(layer.where) if layer.where else None
    return {
        "name": layer.name,
        "hovertemplate": hover + "<extra>" + _escaped(layer.name) + "</extra>",
        "meta": {"where": where},
        **_times(axis.starts),
    }


def _escaped(text: str) -> str:
    # Plotly reads a small HTML in texts; a model's name is data, not markup
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _times(starts: Sequence[int]) -> dict[str, Any]:
    """The buckets' times: two numbers when they are evenly spaced, else all of them."""
    if len(starts) > 2:
        step = starts[1] - starts[0]
        if all(later - earlier == step for earlier, later in pairwise(starts)):
            return {"x0": starts[0], "dx": step}
    return {"x": list(starts)}


def _widths(axis: Axis) -> list[int]:
    starts = list(axis.starts)
    if len(starts) < 2:
        return [max(1, axis.end - starts[0])] if starts else []
    gaps = [max(1, later - earlier) for earlier, later in pairwise(starts)]
    return [*gaps, gaps[-1]]


def _hatched(axis: Axis, count: int) -> dict[str, Any]:
    if not axis.unfinished or not count:
        return {}
    shapes = [""] * (count - 1) + ["/"]
    return {"pattern": {"shape": shapes, "fillmode": "overlay", "size": 5, "solidity": 0.35, "fgcolor": "rgba(255,255,255,.55)"}}  # fmt: skip


def _once(widths: list[int]) -> int | list[int]:
    """One number where all are the same: it is sent for every layer at every refresh."""
    return widths[0] if len(set(widths)) == 1 else widths


def _dots(layer: Layer) -> dict[str, Any]:
    """Marks at the points between two gaps, which a line alone would not show."""
    padded = [None, *layer.values, None]
    around = zip(padded, padded[1:], padded[2:], strict=False)
    sizes = [
        5 if before is None and after is None and here is not None else 0 for before, here, after in around
    ]
    marker: dict[str, Any] = {"color": layer.colour}
    if not any(sizes):
        return {"mode": "lines", "marker": marker}
    return {"mode": "lines+markers", "marker": marker | {"size": sizes, "opacity": 1, "line": {"width": 0}}}


def _rounded(values: Sequence[Number]) -> list[Number]:
    return [float(f"{value:.6g}") if isinstance(value, float) else value for value in values]


def _layout(axis: Axis, *, tick: str, prefix: str = "", suffix: str = "") -> dict[str, Any]:
    text = {"family": "Inter, system-ui, sans-serif", "size": 12}
    return {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": text,
        "margin": {"l": 4, "r": 8, "t": 8, "b": 4, "pad": 4},
        "hovermode": "x unified",
        "hoverlabel": {"font": text, "namelength": 40, "align": "right"},
        "dragmode": "zoom",
        "showlegend": False,
        "uirevision": axis.key,
        "xaxis": {
            "type": "date", "range": [axis.start, axis.end], "automargin": True, "showgrid": False, "zeroline": False,
            "fixedrange": False, "ticks": "", "hoverformat": _hover_time(axis), "showspikes": False, **_ticks(axis),
        },
        "yaxis": {
            "automargin": True, "fixedrange": True, "rangemode": "tozero", "nticks": 5, "zeroline": False, "ticks": "",
            "tickformat": tick, "tickprefix": prefix, "ticksuffix": suffix, "ticklabelstandoff": 8, "gridwidth": 1,
            "minallowed": 0,
        },
    }  # fmt: skip


def _ticks(axis: Axis) -> dict[str, Any]:
    """Labels that fit a phone as well: Plotly chooses how many, we say how a step of each size reads."""
    span = axis.end - axis.start
    if span <= 26 * HOUR:
        return {"tickformat": "%H:%M"}
    if span <= 6 * DAY:
        return {"tickformat": "%-d %b", "dtick": DAY, "tick0": axis.end - axis.end % DAY}
    return {
        "tickformatstops": [
            {"dtickrange": [None, "M1"], "value": "%-d %b"},
            {"dtickrange": ["M1", None], "value": "%b %Y"},
        ]
    }


def _hover_time(axis: Axis) -> str:
    step = axis.starts[1] - axis.starts[0] if len(axis.starts) > 1 else HOUR
    return "%a %-d %b %Y" if step >= DAY else "%a %-d %b, %H:%M"
