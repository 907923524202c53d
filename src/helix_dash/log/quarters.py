"""The tallies of a segment by quarter of an hour, organization and model, made once with its mirror file.

A chart over weeks adds these lines up instead of rows, where it asks for nothing finer, and gives the same
figures: lines are only kept when they are the whole truth.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from helix_dash.log.cells import Cells, Question
from helix_dash.log.cube import QUARTER
from helix_dash.log.held import Held, HeldText, Integers
from helix_dash.log.matching import Tests
from helix_dash.log.measures import TALLIES
from helix_dash.log.tally import Places, Tallied
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
    if max(whole.select(pl.all().abs().sum()).row(0)) > _LARGEST:
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


def by_quarter(quarters: Integers, column: npt.NDArray[Any]) -> Integers:
    """A column of lines added up over everything but their quarter, which ascends."""
    return np.add.reduceat(column, np.flatnonzero(np.diff(quarters, prepend=-1)), dtype=np.int64)


class Lines:
    """Lines of several segments as they are tested and added up.

    Args:
        parts: one column of each segment's lines, given its name.
    """

    def __init__(self, parts: Sequence[Callable[[str], npt.NDArray[Any]]]) -> None:
        self._parts = parts
        self._quarters = self._column("quarter")

    @property
    def rows(self) -> int:
        """How many lines there are."""
        return len(self._quarters)

    def held(self, name: str) -> Held:
        """The codes of a dimension."""
        return Held(self._column(name))

    def text(self, name: str) -> HeldText:
        """There are none."""
        raise KeyError(name)  # lines are asked only for what they tell apart

    def add_to(
        self, sums: Tallied, tallies: Sequence[str], asked: Tests, question: Question, cells: Cells
    ) -> None:
        """Add those that meet what is ``asked`` to ``sums``."""
        verdict = asked.of(self)
        if verdict is False:
            return
        some: Any = slice(None) if verdict is True else verdict
        # A quarter that the period cuts is not among them, so each lies in the bucket it begins in.
        keys = _buckets(self._quarters, question.starts)[some]
        groups = cells.group_codes(lambda name: self._column(name)[some].astype(np.int64))
        count = len(keys)
        if groups is not None:
            keys = groups * cells.buckets + keys
        cuts = np.array([0, count]) if cells.count == 1 else None
        places = Places(cells.count, count, None if cells.count == 1 else keys, cuts)
        sums.add([((self._column(name)[some], 1), True) for name in tallies], places)

    def _column(self, name: str) -> npt.NDArray[Any]:
        return np.concatenate([part(name) for part in self._parts])


def _buckets(quarters: Integers, starts: Sequence[int]) -> Integers:
    """The bucket of each line; lines of one quarter stand together, so each quarter is looked up once."""
    begins = np.flatnonzero(np.diff(quarters, prepend=-1))
    edges = np.asarray(starts[1:], dtype=np.int64)
    buckets = np.searchsorted(edges, quarters[begins], side="right")
    return np.repeat(buckets, np.diff(begins, append=len(quarters)))
