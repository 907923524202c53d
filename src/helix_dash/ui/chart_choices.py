"""What a chart can bring along beside its figures: other ways to look at it, and the requests behind each mark.

``assets/chart_choices.js`` acts on both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from helix_dash.ui.charts import Figure

Grid = dict[str, list[float]]
"""A filter of the request grid: column → lowest and highest value that is shown, or only the lowest."""


def choices(views: Mapping[str, Figure]) -> Figure:
    """Several ways to look at the same, the first one first; the panel's buttons choose
    (:func:`helix_dash.ui.panel.chart`, ``views``)."""
    return {"views": dict(views), "view": next(iter(views))}


def opening(figure: Figure, opens: Sequence[Grid | None]) -> Figure:
    """``figure``, where a click on a mark opens its requests: one filter per mark."""
    return _marked(figure, {"opens": list(opens)})


def opening_cells(figure: Figure, across: Sequence[Grid], upward: Sequence[Grid]) -> Figure:
    """The same for a heat map: one filter per column and one per row, both of which a cell's requests meet."""
    return _marked(figure, {"across": list(across), "upward": list(upward)})


def _marked(figure: Figure, more: dict[str, Any]) -> Figure:
    first = figure["data"][0]
    return figure | {"data": [first | {"meta": first.get("meta", {}) | more}, *figure["data"][1:]]}


def between(column: str, edges: Sequence[float], *, whole: bool = True) -> list[Grid]:
    """The requests of each stretch between two ``edges``, and of the one without an end beyond the last.

    Args:
        column: the grid's column.
        edges: ascending, in the unit the grid shows.
        whole: whether only whole numbers occur, so that a stretch ends before the next one begins.
    """
    found: list[Grid] = [{column: [low, high - 1 if whole else high]} for low, high in pairwise(edges)]
    return [*found, {column: [edges[-1]]}]


def brief(number: float) -> str:
    """A number on an axis: ``512``, ``1k``, ``131k``."""
    for size, suffix in ((1_000_000, "M"), (1000, "k")):
        if number >= size:
            return f"{number / size:.3g}{suffix}"
    return f"{number:g}"
