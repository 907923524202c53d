"""The rows of a period, as frames over the mapped columns: what every query begins with.

Each segment is in order of time, so a period is two binary searches and a slice of it, without a copy. A row
is addressed by its position in the slices laid end to end.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_

import numpy as np
import numpy.typing as npt
import polars as pl

from helix_dash.log.mapped import TEXTS, MappedSegment, take
from helix_dash.log.mirror import MirrorState
from helix_dash.log.schema import BY_NAME
from helix_dash.log.vocabulary import WORDS, Vocabulary

Positions = npt.NDArray[np.int64]

_EMPTY: dict[str, type[pl.DataType]] = {"word": pl.UInt32, "flag": pl.Boolean, "text": pl.String}

_FEW = 2_000
"""Rows up to which words are looked up one by one."""


@dataclass(frozen=True, slots=True)
class Run:
    """Rows ``[start, stop)`` of one segment; ``offset`` is the position of its first row in the scan."""

    mapped: MappedSegment
    start: int
    stop: int
    offset: int

    @property
    def rows(self) -> int:
        return self.stop - self.start


@dataclass(frozen=True, slots=True)
class Scan:
    """The rows of one period.

    Args:
        runs: the slices, none of them empty.
        rows: how many rows they hold.
        guard: what must hold besides the conditions; ``None`` when all rows count.
        guard_columns: the columns that ``guard`` reads.
    """

    runs: tuple[Run, ...]
    rows: int
    guard: pl.Expr | None
    guard_columns: frozenset[str]

    def frame(self, columns: Iterable[str]) -> pl.DataFrame:
        """Stored ``columns`` of all rows, in order of position: codes, integers, flags, texts."""
        return pl.DataFrame([self._column(name) for name in dict.fromkeys(columns)])

    def _column(self, name: str) -> pl.Series:
        if not self.runs:
            return pl.Series(name, [], dtype=_EMPTY.get(BY_NAME[name].kind, pl.Int64))
        if name in TEXTS or name == "producer":
            parts = [run.mapped.text(name, run.start, run.stop) for run in self.runs]
            return pl.concat(parts, rechunk=False)
        slices = [run.mapped.columns[name].slice(run.start, run.rows) for run in self.runs]
        # Relaxed: a rare segment with large values is wider than the others.
        whole = pl.concat([part.to_frame() for part in slices], how="vertical_relaxed", rechunk=False)
        return whole[name]

    def buckets(self, starts: Sequence[int]) -> pl.Series:
        """For each row the index of the bucket its time falls in; the first bucket holds all before the second."""
        edges = np.asarray(starts[1:], dtype=np.int64)
        indices = np.arange(len(starts), dtype=np.int64)
        parts = []
        for run in self.runs:
            cuts = np.searchsorted(run.mapped.times[run.start : run.stop], edges, side="left")
            counts = np.diff(np.concatenate(([0], cuts, [run.rows])))
            parts.append(np.repeat(indices, counts))
        return pl.Series("bucket", np.concatenate(parts) if parts else np.empty(0, np.int64))

    def values(self, name: str, positions: Positions) -> pl.Series:
        """The stored column ``name`` of the rows at ``positions``, which ascend; ``producer`` as 64 bits."""
        if len(positions) == self.rows and name != "producer":
            return self._column(name)
        cuts = np.searchsorted(positions, [run.offset for run in self.runs] + [self.rows])
        parts = []
        for run, low, high in zip(self.runs, cuts[:-1], cuts[1:], strict=True):
            if low == high:
                continue
            rows = positions[low:high] - run.offset
            if name in TEXTS:
                parts.append(run.mapped.text(name, run.start, run.stop)[rows])
            else:
                parts.append(run.mapped.columns[name][rows + run.start])
        if not parts:
            return self._column(name).head(0)
        return pl.concat([part.to_frame() for part in parts], how="vertical_relaxed")[name]

    def gather(self, positions: Positions) -> pl.DataFrame:
        """All stored columns of the rows at ``positions`` (at least one), in that order."""
        offsets = np.array([run.offset for run in self.runs])
        owners = np.searchsorted(offsets, positions, side="right") - 1
        parts, places = [], []
        for owner in np.unique(owners):
            mine = np.flatnonzero(owners == owner)
            run = self.runs[owner]
            parts.append((run.mapped, positions[mine] - run.offset + run.start))
            places.append(mine)
        return take(parts)[np.argsort(np.concatenate(places))]


def scan(state: MirrorState, start: int, end: int, now: int, watermark: int | None = None) -> Scan:
    """The rows of ``state`` with ``start <= time < end``.

    A row whose clock ran ahead counts only once its time has come (``now``); with a ``watermark`` only rows
    count that had been received by then. All in microseconds.
    """
    runs: list[Run] = []
    offset = 0
    for mapped in state.segments:
        if mapped.segment.max_time < start or mapped.segment.min_time >= end:
            continue
        low, high = (int(place) for place in np.searchsorted(mapped.times, (start, end), side="left"))
        if low < high:
            runs.append(Run(mapped, low, high, offset))
            offset += high - low
    guards: list[pl.Expr] = []
    columns: set[str] = set()
    if any(run.mapped.segment.max_time >= now for run in runs):
        guards.append(~pl.col("skewed").fill_null(value=False) | (pl.col("time") < now))
        columns |= {"skewed", "time"}
    if watermark is not None and any(run.mapped.segment.max_ingested > watermark for run in runs):
        guards.append(pl.col("ingested") <= watermark)
        columns.add("ingested")
    return Scan(tuple(runs), offset, reduce(and_, guards) if guards else None, frozenset(columns))


def in_words(frame: pl.DataFrame, vocabulary: Vocabulary) -> pl.DataFrame:
    """``frame`` with its codes replaced by the words they stand for."""
    return frame.with_columns(
        _worded(frame[name], vocabulary.words(name)) for name in frame.columns if name in WORDS
    )


def _worded(codes: pl.Series, words: list[str | None]) -> pl.Series:
    if len(codes) <= _FEW:
        return pl.Series(codes.name, [words[code] for code in codes], dtype=pl.String)
    return pl.Series(codes.name, words, dtype=pl.String).gather(codes)
