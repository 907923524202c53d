"""The rows of a period: what every query begins with.

Each segment is in order of time, so a period is two binary searches and a slice of it, without a copy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from helix_dash.log.held import TRUE, Held, HeldText, Integers, Verdict, both, opposite
from helix_dash.log.mapped import TEXTS, MappedSegment
from helix_dash.log.matching import Tests
from helix_dash.log.mirror import MirrorState
from helix_dash.log.schema import BY_NAME
from helix_dash.log.vocabulary import WORDS, Vocabulary

_FEW = 2_000
"""Rows up to which words are looked up one by one."""


@dataclass(frozen=True, slots=True)
class Run:
    """Rows ``[start, stop)`` of one segment."""

    mapped: MappedSegment
    start: int
    stop: int

    @property
    def rows(self) -> int:
        return self.stop - self.start

    @property
    def times(self) -> Integers:
        """When the requests ended, ascending."""
        return self.mapped.times[self.start : self.stop]

    def held(self, name: str) -> Held:
        """A column of words, flags or numbers."""
        return self.mapped.held(name).cut(self.start, self.stop)

    def text(self, name: str) -> HeldText:
        """A column of texts."""
        if name == "producer":  # held as places among the segment's producers
            return HeldText(self.series(name).to_arrow(), "text", self.rows)
        return self.mapped.text(name).cut(self.start, self.stop)

    def producers(self, rows: Any = slice(None)) -> npt.NDArray[np.uint64]:
        """The 64-bit producer ids of some rows."""
        return self.mapped.producers[self.held("producer").values(rows)]

    def series(self, name: str) -> pl.Series:
        """A stored column: codes, flags, integers, texts."""
        if name in TEXTS:
            return self.text(name).texts().alias(name)
        if name == "producer":
            words = [f"{producer:016x}" for producer in self.mapped.producers.tolist()]
            return pl.Series(name, words, dtype=pl.String).gather(self.held(name).values())
        held = self.held(name)
        if BY_NAME[name].kind == "word":
            return pl.Series(name, held.values().astype(np.uint32))
        if BY_NAME[name].kind == "flag":
            codes = held.values()
            return _series(name, codes == TRUE, codes != 0)
        return _series(name, held.values(), held.known())


def _series(name: str, values: npt.NDArray[Any], known: npt.NDArray[np.bool_] | None) -> pl.Series:
    array = pa.array(values, mask=None if known is None else ~known)
    return cast("pl.Series", pl.from_arrow(array)).alias(name)


@dataclass(frozen=True, slots=True)
class Scan:
    """The rows of one question.

    Args:
        runs: the slices of segments within the period, none of them empty, in order of their first row's time.
        tests: what rows must hold.
        now: rows whose clock ran ahead count only once their time has come.
        watermark: when given, only rows count that had been received by then.
    """

    runs: tuple[Run, ...]
    tests: Tests
    now: int
    watermark: int | None = None

    @property
    def rows(self) -> int:
        """How many rows there are, matching or not."""
        return sum(run.rows for run in self.runs)

    def matches(self, run: Run) -> Verdict:
        """Which rows of ``run`` count and match."""
        segment, verdict = run.mapped.segment, self.tests.of(run)
        if segment.max_time >= self.now:
            ahead = both(run.held("skewed").is_any([TRUE], 3), run.held("time").between(self.now, None))
            verdict = both(verdict, opposite(ahead))
        if self.watermark is not None and segment.max_ingested > self.watermark:
            verdict = both(verdict, run.held("ingested").between(None, self.watermark))
        return verdict

    def count(self, run: Run) -> int:
        """How many rows of ``run`` count and match, without a look at them where that is known."""
        segment, words = run.mapped.segment, self.tests.words
        late = self.watermark is not None and segment.max_ingested > self.watermark
        if words is not None and run.rows == segment.rows and segment.max_time < self.now and not late:
            counts = run.mapped.counts(words[0])
            return int(counts[[code for code in set(words[1]) if code < len(counts)]].sum())
        return count_of(self.matches(run), run.rows)


def scan(
    state: MirrorState, start: int, end: int, now: int, tests: Tests, watermark: int | None = None
) -> Scan:
    """The rows of ``state`` with ``start <= time < end``. All in microseconds."""
    runs = []
    for mapped in state.segments:
        segment = mapped.segment
        if segment.max_time < start or segment.min_time >= end:
            continue
        low = int(np.searchsorted(mapped.times, start)) if segment.min_time < start else 0
        high = int(np.searchsorted(mapped.times, end)) if segment.max_time >= end else segment.rows
        if low < high:
            runs.append(Run(mapped, low, high))
    runs.sort(key=lambda run: int(run.mapped.times[run.start]))
    return Scan(tuple(runs), tests, now, watermark)


def count_of(verdict: Verdict, rows: int) -> int:
    """How many of ``rows`` it holds for."""
    if isinstance(verdict, bool):
        return rows if verdict else 0
    return int(np.count_nonzero(verdict))


def matching_rows(verdict: Verdict, rows: int) -> Integers:
    """The numbers of the rows that ``verdict`` holds for."""
    if isinstance(verdict, bool):
        return np.arange(rows if verdict else 0)
    return np.flatnonzero(verdict)


Place = tuple[Run, int]
"""One row of a run."""


def gathered(places: Sequence[Place], columns: Sequence[str], vocabulary: Vocabulary) -> dict[str, list[Any]]:
    """Stored ``columns`` of some rows, in inner units, words as words, in the order of ``places``."""
    owners: dict[int, tuple[Run, list[int], list[int]]] = {}
    for order, (run, row) in enumerate(places):
        _, rows, orders = owners.setdefault(id(run), (run, [], []))
        rows.append(row)
        orders.append(order)
    found: dict[str, list[Any]] = {name: [] for name in columns}
    taken: list[int] = []
    for run, rows, orders in owners.values():
        taken += orders
        numbers = np.array(rows) + run.start
        for name, values in found.items():
            values += _taken(run.mapped, name, numbers, vocabulary)
    if len(owners) == 1:
        return found
    back = np.argsort(taken).tolist()
    return {name: [values[place] for place in back] for name, values in found.items()}


def _taken(mapped: MappedSegment, name: str, rows: Integers, vocabulary: Vocabulary) -> Iterable[Any]:
    if name in TEXTS:
        return mapped.text(name).take(rows)
    held = mapped.held(name)
    if not held.numbers.strides[0]:
        return [_meant(mapped, name, held.base, vocabulary) if held.low is not None else None] * len(rows)
    if name == "producer":
        return [f"{producer:016x}" for producer in mapped.producers[held.numbers[rows]].tolist()]
    values: list[Any] = held.numbers[rows].tolist()
    kind = BY_NAME[name].kind
    if kind == "word":
        words = vocabulary.words(name)
        return [words[code] for code in values]
    if kind == "flag":
        return [_FLAGS[code] for code in values]
    if held.step != 1 or held.base:
        base, step = held.base, held.step
        values = [base + step * value for value in values]
    if held.bits is None:
        return values
    known = (held.bits[rows >> 3] >> (rows & 7)) & 1
    return [value if sure else None for value, sure in zip(values, known.tolist(), strict=True)]


_FLAGS = (None, False, True)


def _meant(mapped: MappedSegment, name: str, alike: int, vocabulary: Vocabulary) -> Any:
    """What a row shows whose column holds one and the same number in the whole segment."""
    if name == "producer":
        return f"{int(mapped.producers[alike]):016x}"
    kind = BY_NAME[name].kind
    if kind == "word":
        return vocabulary.word(name, alike)
    return _FLAGS[alike] if kind == "flag" else alike


def frames(found: Scan, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
    """Stored ``columns`` of the matching rows, run by run: codes, integers, flags, texts; none is empty."""
    for run in found.runs:
        verdict = found.matches(run)
        if verdict is False:
            continue
        frame = pl.DataFrame([run.series(name) for name in columns])
        if verdict is not True:
            frame = frame.filter(pl.Series(verdict))
        if frame.height:
            yield frame


def in_words(frame: pl.DataFrame, vocabulary: Vocabulary) -> pl.DataFrame:
    """``frame`` with its codes replaced by the words they stand for."""
    return frame.with_columns(
        _worded(frame[name], vocabulary.words(name)) for name in frame.columns if name in WORDS
    )


def _worded(codes: pl.Series, words: list[str | None]) -> pl.Series:
    if len(codes) <= _FEW:
        return pl.Series(codes.name, [words[code] for code in codes], dtype=pl.String)
    return pl.Series(codes.name, words, dtype=pl.String).gather(codes)
