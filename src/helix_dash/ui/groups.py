"""Figures of groups (models, error classes, dimensions) as layers of a chart over time and as bars beside each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from helix_dash.log.query import Number
from helix_dash.metrics.ranks import Parts
from helix_dash.ui import charts
from helix_dash.ui.charts import Figure, Layer, Unit
from helix_dash.ui.charts_ranked import Bar, ranked_bars
from helix_dash.ui.colours import entity_colours

MOST_BARS = 10
FEW = 6
"""Bars for which a ranking has room at least."""


def group_layers(
    parts: Parts, column: str, unknown: str, colours: Sequence[str], of: Sequence[Number] | None = None
) -> list[Layer]:
    """A layer per group that has anything, and one for the others; as percent of ``of`` where it is given."""

    def scaled(line: Sequence[Number]) -> list[Number]:
        if of is None:
            return list(line)
        return [
            None if part is None or not whole else part / whole * 100
            for part, whole in zip(line, of, strict=True)
        ]

    ((_, lines),) = parts.series.values.items()
    found = [
        Layer(name or unknown, scaled(line), colours[index % len(colours)], (column, name or ""))
        for index, ((name,), line) in enumerate(zip(parts.series.groups, lines, strict=True))
        if any(line)
    ]
    if any(parts.others):
        found.append(Layer("Others", scaled(parts.others), charts.OTHERS, apart=parts.apart))
    return found


def model_bars(
    values: Mapping[str | None, Number], order: Sequence[str | None], most: int = MOST_BARS
) -> list[Bar]:
    """The ``most`` largest of what is known by model, each in its colour."""
    known = [(name, value) for name, value in values.items() if value]
    known.sort(key=lambda one: -(one[1] or 0))
    colours = entity_colours([name for name, _ in known], order)
    return [
        Bar(name or "Unknown model", value or 0, colours[name], ("model", name or ""))
        for name, value in known[:most]
    ]


def beside(bars: Sequence[Bar], unit: Unit) -> Figure:
    """A ranking of what does not add up: without shares."""
    figure = ranked_bars(bars, unit, noun="Model")
    trace = figure["data"][0] | {"text": [unit.words(bar.value) for bar in bars]}
    rows = [row[:2] for row in figure["table"]["rows"]]
    table = {"head": figure["table"]["head"][:2], "rows": rows, "units": figure["table"]["units"][:1]}
    said = f"{bars[0].name}: {unit.words(bars[0].value)}, the highest of {len(bars)}." if bars else ""
    return slim(figure | {"data": [trace], "table": table, "says": said})


def ends(counts: Sequence[int]) -> tuple[int, int]:
    """The part of ``counts`` between its empty ends."""
    full = [index for index, count in enumerate(counts) if count]
    return (full[0], full[-1] + 1) if full else (0, 1)


def slim(figure: Figure) -> Figure:
    """A ranking of few bars, none of them thicker than if there were :data:`FEW`."""
    if len(figure["data"][0]["y"]) >= FEW:
        return figure
    axis = figure["layout"]["yaxis"] | {"autorange": False, "range": [FEW - 0.5, -0.5]}
    return figure | {"layout": figure["layout"] | {"yaxis": axis}}
