"""The tallies of a segment by quarter of an hour, organization and model, made once with its mirror file.

A chart over weeks adds these lines up instead of rows, where it asks for nothing finer, and gives the same
figures: lines are only kept when they are the whole truth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import polars as pl
import pyarrow as pa

from helix_dash.log.cells import Cells, Question
from helix_dash.log.cube import QUARTER
from helix_dash.log.held import Held, HeldText
from helix_dash.log.matching import Tests
from helix_dash.log.measures import TALLIES
from helix_dash.log.vocabulary import Vocabulary

TOLD_APART = ("organization", "model")

WORTH = 8
"""Rows per line from which on lines are kept; below it rows are as fast."""

_LARGEST = 2**62


def lines_of(cells: pl.DataFrame, rows: int, vocabulary: Vocabulary) -> pl.DataFrame | None:
    """The lines of a segment, in order of time, from the coded cells of its cube, of which none is folded.

    ``None`` when there would be too many of them to be of use, or sums that are too large for 64 bits.
    """
    sums = [tally.cells(vocabulary).cast(pl.Int128).alias(name) for name, tally in TALLIES.items()]
    lines = cells.group_by("quarter", *TOLD_APART).agg(sums).sort("quarter", *TOLD_APART)
    whole = lines.select(list(TALLIES))
    if not lines.height or lines.height * WORTH > rows:
        return None
    if max(abs(sum_) for ends in (whole.min(), whole.max()) for sum_ in ends.row(0)) > _LARGEST:
        return None
    return lines.with_columns(pl.col(name).cast(_narrowest(whole[name])) for name in TALLIES)


def _narrowest(sums: pl.Series) -> type[pl.DataType]:
    """The smallest type that holds all ``sums``."""
    low, high = sums.min(), sums.max()
    assert isinstance(low, int)
    assert isinstance(high, int)
    fitting = (
        width for width, most in ((pl.UInt8, 2**8), (pl.UInt16, 2**16), (pl.UInt32, 2**32)) if high < most
    )
    return next(fitting, pl.Int64) if low >= 0 else pl.Int64


def can_tell(question: Question, durations: Sequence[str]) -> bool:
    """Whether lines can answer what is asked of whole quarters."""
    aligned = all(start % QUARTER == 0 for start in question.starts[1:])
    asked = question.columns | set(question.dims)
    return aligned and not durations and asked <= set(TOLD_APART)


def whole_quarters(start: int, end: int, first: int, last: int) -> tuple[int, int]:
    """Of a period, where its whole quarters begin and end, for rows whose times are ``first`` to ``last``."""
    begin = first // QUARTER * QUARTER if start <= first else -(-start // QUARTER) * QUARTER
    stop = (last // QUARTER + 1) * QUARTER if end > last else end // QUARTER * QUARTER
    return begin, max(begin, stop)


@dataclass(frozen=True, slots=True)
class _Columns:
    """Lines as conditions test them."""

    lines: pl.DataFrame

    @property
    def rows(self) -> int:
        return self.lines.height

    def held(self, name: str) -> Held:
        return Held(self.lines[name].to_numpy())

    def text(self, name: str) -> HeldText:
        raise KeyError(name)  # lines are asked only for what they tell apart


def added_up(
    parts: Sequence[pa.Table], asked: Tests, question: Question, cells: Cells, tallies: Sequence[str]
) -> pl.DataFrame:
    """``k`` and the tallies of those lines that meet what is asked, in 128 bits, one line per ``k``."""
    lines = cast("pl.DataFrame", pl.from_arrow(pa.concat_tables(parts, promote_options="permissive")))
    verdict = asked.of(_Columns(lines))
    if not isinstance(verdict, bool):
        lines = lines.filter(pl.Series(verdict))
    elif not verdict:
        lines = lines.clear()
    # A quarter that the period cuts is not among them, so each lies in the bucket it begins in.
    places = np.searchsorted(np.asarray(question.starts), lines["quarter"].to_numpy(), side="right") - 1
    keyed = lines.with_columns(pl.Series("bucket", np.maximum(places, 0))).with_columns(cells.key())
    sums = [pl.col(name).cast(pl.Int128).sum() for name in tallies]
    return keyed.group_by("k").agg(sums)
