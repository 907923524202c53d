"""Charts of how figures spread: histograms, heat maps, quantiles, points. With their tables, like all charts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from helix_dash.ui.charts import COUNT, OTHERS, PALETTE, Figure, Headline, Unit
from helix_dash.ui.charts_ranked import plain, plot
from helix_dash.ui.packed import Number

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
HOURS = tuple(f"{hour:02}:00" for hour in range(24))


def histogram(
    edges: Sequence[float],
    counts: Sequence[int],
    unit: Unit,
    *,
    noun: str,
    marks: Sequence[tuple[float, str]] = (),
    colour: str = PALETTE[0],
    headline: Headline | None = None,
) -> Figure:
    """How many fall between each two edges.

    Args:
        edges: one more than counts, in order; the bars are drawn equally wide, so edges may grow by factors.
        counts: how many per bar.
        unit: how an edge is written.
        noun: what is counted ("Requests").
        marks: values with a name, drawn as upright lines (a threshold, a median).
        colour: the bars'.
        headline: the figure beside the title.
    """
    names = [f"{unit.words(low)} to {unit.words(high)}" for low, high in pairwise(edges)]
    total, most = sum(counts), max(counts, default=0)
    trace = {
        "type": "bar", "x": [at + 0.5 for at in range(len(counts))], "y": list(counts), "width": 0.92,
        "customdata": names, "marker": {"color": colour, "line": {"width": 0}},
        "hovertemplate": "%{customdata}: %{y:,}<extra></extra>",
    }  # fmt: skip
    step = max(1, -(-len(edges) // 6))
    ticks = list(range(0, len(edges), step))
    height = {
        "range": [0, (most or 1) * 1.2],
        "rangemode": "normal",
        "tickformat": COUNT.tick,
    }  # room for the names of the marks
    axis = {
        "tickvals": ticks,
        "ticktext": [unit.words(edges[at]) for at in ticks],
        "range": [0, max(1, len(counts))],
    }
    drawn = [(_place(value, edges), words) for value, words in marks]
    layout = {"xaxis": axis, "shapes": [_upright(at) for at, _ in drawn], "annotations": [_named(at, words) for at, words in drawn]}  # fmt: skip
    peak = names[list(counts).index(most)] if total else ""
    return plot(
        [trace],
        layout | {"yaxis": height, "bargap": 0, "barcornerradius": 2},
        head=("Between", noun, "Share"),
        rows=[(name, count, round(count / total * 100, 1) if total else None) for name, count in zip(names, counts, strict=True)],
        units=(Unit(), Unit(suffix="%", places=1)),
        says=f"{total:,} in all; most between {peak} ({most:,})." if total else "Nothing to count.",
        headline=headline,
    )  # fmt: skip


def heat_map(
    rows: Sequence[str],
    columns: Sequence[str],
    values: Sequence[Sequence[Number]],
    unit: Unit,
    *,
    noun: str,
    headline: Headline | None = None,
) -> Figure:
    """A grid of tiles, the darker (in the dark theme: the lighter) the more; what is unknown stays empty.

    Args:
        rows: their names, the first on top.
        columns: their names.
        values: one line per row.
        unit: how a figure is written.
        noun: what the rows are.
        headline: the figure beside the title.
    """
    texts = [[unit.words(value) if value is not None else "—" for value in line] for line in values]
    trace = {
        "type": "heatmap", "x": [plain(name) for name in columns], "y": [plain(name) for name in rows], "z": [list(line) for line in values], "text": texts,
        "xgap": 2, "ygap": 2, "showscale": False, "hoverongaps": False, "meta": {"scale": "sequential"},
        "hovertemplate": "%{y}, %{x}: %{text}<extra></extra>",
    }  # fmt: skip
    known = [(value, row, column) for row, line in zip(rows, values, strict=True) for column, value in zip(columns, line, strict=True) if value is not None]  # fmt: skip
    most = max(known, key=lambda one: one[0], default=None)
    return plot(
        [trace],
        {
            "xaxis": {"type": "category", "tickangle": 0},
            "yaxis": {"type": "category", "autorange": "reversed", "showgrid": False, "nticks": len(rows), "minallowed": None},
        },
        head=(noun, *columns),
        rows=[(row, *line) for row, line in zip(rows, values, strict=True)],
        units=[unit] * len(columns),
        says=f"Most {unit.words(most[0])}: {most[1]}, {most[2]}." if most else "Nothing was recorded.",
        headline=headline,
    )  # fmt: skip


def weekly(values: Sequence[Sequence[Number]], unit: Unit, *, headline: Headline | None = None) -> Figure:
    """Hour by weekday; ``values`` are seven lines of 24, Monday first, in the zone of the page."""
    return heat_map(WEEKDAYS, HOURS, values, unit, noun="Day", headline=headline)


def quantile_curve(
    lines: Sequence[tuple[str, Sequence[Number], str]], quantiles: Sequence[float], unit: Unit
) -> Figure:
    """Which share of requests stays below which figure: steep at the right is a long tail.

    Args:
        lines: name, one figure per quantile, colour.
        quantiles: percents, in order, 0 to 100.
        unit: how a figure is written.
    """
    traces = [
        {
            "type": "scatter", "mode": "lines", "name": name, "x": list(quantiles), "y": list(values),
            "line": {"color": colour, "width": 2}, "customdata": _texts(values, unit),
            "hovertemplate": "%{customdata}<extra>" + plain(name) + "</extra>",
        }
        for name, values, colour in lines
    ]  # fmt: skip
    axis = {
        "ticksuffix": "%",
        "range": [quantiles[0], quantiles[-1]] if quantiles else [0, 100],
        "hoverformat": ".4~g",
    }
    medians = [f"{name}: half below {unit.words(half)}" for name, half in _halves(lines, quantiles)]
    return plot(
        traces,
        {"xaxis": axis, "yaxis": _ticks(unit), "hovermode": "x unified"},
        head=("Percent of requests", *(name for name, _, _ in lines)),
        rows=[(f"{at:g}%", *(values[index] for _, values, _ in lines)) for index, at in enumerate(quantiles)],
        units=[unit] * len(lines),
        says=("; ".join(medians) or "Nothing was measured") + ".",
        legend=[(name, colour) for name, _, colour in lines] if len(lines) > 1 else (),
    )


def scatter(
    points: Sequence[tuple[str, float, float]],
    across: tuple[str, Unit],
    up: tuple[str, Unit],
    *,
    noun: str,
    colours: Sequence[str] = (),
    wheres: Sequence[tuple[str, str] | None] = (),
) -> Figure:
    """Points by two figures.

    Args:
        points: name and both figures.
        across: what runs to the right, and how it is written.
        up: what runs up.
        noun: what a point is.
        colours: one per point; all in one colour without.
        wheres: what a click on each filters by.
    """
    trace = {
        "type": "scatter", "mode": "markers", "x": [one[1] for one in points], "y": [one[2] for one in points],
        "marker": {"color": list(colours) or PALETTE[0], "size": 9, "opacity": 0.85, "line": {"width": 0}},
        "text": [f"{plain(name)}: {across[1].words(x)}, {up[1].words(y)}" for name, x, y in points],
        "hovertemplate": "%{text}<extra></extra>", "cliponaxis": False,
        "meta": {"wheres": [list(one) if one else None for one in wheres]},
    }  # fmt: skip
    title = {"text": across[0], "font": {"size": 12}}
    titled = _ticks(across[1]) | {"title": title, "rangemode": "tozero"}
    return plot(
        [trace],
        {"xaxis": titled, "yaxis": _ticks(up[1])},
        head=(noun, across[0], up[0]),
        rows=points,
        units=(across[1], up[1]),
        says=f"{len(points)} points by {across[0].lower()} and {up[0].lower()}.",
    )


def _halves(
    lines: Sequence[tuple[str, Sequence[Number], str]], quantiles: Sequence[float]
) -> list[tuple[str, float]]:
    if 50 not in quantiles:
        return []
    at = list(quantiles).index(50)
    return [(name, half) for name, values, _ in lines if (half := values[at]) is not None]


def _texts(values: Sequence[Number], unit: Unit) -> list[str]:
    return ["—" if value is None else unit.words(value) for value in values]


def _ticks(unit: Unit) -> dict[str, Any]:
    return {"tickprefix": unit.prefix, "ticksuffix": unit.suffix, "tickformat": unit.tick}


def _place(value: float, edges: Sequence[float]) -> float:
    """Where ``value`` stands among bars of equal width."""
    for at, (low, high) in enumerate(pairwise(edges)):
        if value <= high:
            return at + max(0.0, (value - low) / (high - low)) if high > low else float(at)
    return float(len(edges) - 1)


def _upright(at: float) -> dict[str, Any]:
    return {"type": "line", "xref": "x", "yref": "paper", "x0": at, "x1": at, "y0": 0, "y1": 1, "line": {"width": 1.5, "dash": "dot", "color": OTHERS}}  # fmt: skip


def _named(at: float, words: str) -> dict[str, Any]:
    return {"x": at, "xref": "x", "y": 1, "yref": "paper", "yanchor": "top", "xanchor": "left", "xshift": 3, "text": plain(words), "showarrow": False, "font": {"size": 12}}  # fmt: skip
