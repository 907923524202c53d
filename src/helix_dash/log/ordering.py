"""The rows of one page of a sorted result, and the exact total, without sorting the result.

Each row has one whole number to sort by, smaller first; rows that tie follow each other by time, producer and
sequence, which within a segment is the order they stand in. The first pages are found in one pass that keeps the
best rows so far and looks only at what is better. A page far down is found by first counting where it begins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from helix_dash.errors import BadQuery
from helix_dash.log.derived import numbers as derived_numbers
from helix_dash.log.held import Integers, Mask, Verdict, both
from helix_dash.log.scan import Place, Run, Scan, count_of, matching_rows
from helix_dash.log.schema import BY_NAME, Column
from helix_dash.log.vocabulary import Vocabulary
from helix_dash.model import Slice, Sort

NEAR = 2_000
"""Offset up to which all rows before the page are kept on the way to it."""

MOST_TEXTS = 2_000_000
"""Matching rows up to which they can be sorted by a column of ids."""

_FEW = 50_000
"""Rows that are put in order in one go."""

_BITS = 14
_MANY = 8
"""One row in so many, and it is better to look at all of them than to pick them out."""

_LAST = np.iinfo(np.int64).max
"""What unknown values sort by."""

Rows = Integers | slice
Key = tuple[int, int, int, int]
"""Where a row stands: its number to sort by, time, producer, sequence; smaller first."""


def page(scan: Scan, sort: Sort, part: Slice, vocabulary: Vocabulary) -> tuple[list[Place], int]:
    """The rows of ``part`` in the order of ``sort``, and how many match.

    Unknown values come last. Rows of equal value follow each other by time, producer and sequence, in the
    sort's own direction when it is by time, ascending else.

    Raises:
        BadQuery: too many rows to sort by a column of ids.
    """
    if part.limit == 0:
        return [], sum(map(scan.count, scan.runs))
    order = _order(scan, sort, vocabulary)
    if part.offset <= NEAR:
        best, total = _first(scan, order, part.offset + part.limit, None)
        return best.places()[part.offset :], total
    begin = _key_at(scan, order, part.offset)
    best, total = _first(scan, order, part.limit, begin)
    return ([] if begin is None else best.places()), total


@dataclass(frozen=True, slots=True)
class _Order:
    """How rows are sorted.

    ``by_time`` says that the numbers to sort by are the times, in the rows' own order or (``falling``) against it.
    """

    sort: Sort
    vocabulary: Vocabulary
    texts: dict[int, Integers]

    @property
    def by_time(self) -> bool:
        return self.sort.column == "time"

    @property
    def falling(self) -> bool:
        """Whether rows that tie follow each other backwards."""
        return self.by_time and self.sort.descending

    def numbers(self, run: Run, rows: Rows = slice(None)) -> Integers:
        """What some rows of ``run`` are sorted by."""
        column = BY_NAME[self.sort.column]
        if column.kind == "text":
            return self.texts[id(run)][rows]
        if column.name == "time":
            return ~run.times[rows] if self.falling else run.times[rows]
        values, known = _values(run, column, rows)
        if column.kind == "word":
            values = np.array(self.vocabulary.ranks(column.name)).take(values)
        numbers = ~values if self.sort.descending else values
        if known is not None:
            numbers[~known] = _LAST
        return numbers

    def least(self, run: Run) -> int:
        """No row of ``run`` is sorted by a smaller number."""
        name = self.sort.column
        if self.by_time:
            return int(~run.times[-1] if self.falling else run.times[0])
        if BY_NAME[name].kind in ("text", "word", "flag") or BY_NAME[name].derived:
            return -_LAST
        held = run.held(name)
        if held.low is None or held.high is None:
            return _LAST
        return ~held.high if self.sort.descending else held.low

    def ties(self, run: Run, rows: Any) -> tuple[Any, ...]:
        """Time, producer and sequence of some rows, smaller first."""
        keys = run.times[rows], run.producers(rows), run.held("seq").values(rows)
        return tuple(~key for key in keys) if self.falling else keys


def _values(run: Run, column: Column, rows: Rows) -> tuple[Integers, Mask | None]:
    """The numbers, or codes, of some rows, and which are known (``None``: all)."""
    if column.derived:
        return derived_numbers(run.held, column.derived, rows)
    held = run.held(column.name)
    values, known = held.values(rows), held.known()
    if column.kind in ("word", "flag"):
        return values, values > 0
    return values, None if known is None else known[rows]


def _order(scan: Scan, sort: Sort, vocabulary: Vocabulary) -> _Order:
    texts = _text_ranks(scan, sort) if BY_NAME[sort.column].kind == "text" else {}
    return _Order(sort, vocabulary, texts)


def _text_ranks(scan: Scan, sort: Sort) -> dict[int, Integers]:
    """For each run, by id, the place of each matching row's text among all of them."""
    rows = [matching_rows(scan.matches(run), run.rows) for run in scan.runs]
    if sum(map(len, rows)) > MOST_TEXTS:
        title = BY_NAME[sort.column].title
        raise BadQuery(
            "sort",
            f"More than {MOST_TEXTS:,} requests cannot be sorted by {title}. Please narrow the filter.",
        )
    texts = [run.series(sort.column)[some] for run, some in zip(scan.runs, rows, strict=True)]
    if not texts:
        return {}
    ranks = pl.concat(texts).rank("dense").cast(pl.Int64)
    known = ranks.is_not_null().to_numpy()
    whole = ranks.fill_null(0).to_numpy()
    whole = np.where(known, ~whole if sort.descending else whole, _LAST)
    found, begin = {}, 0
    for run, some in zip(scan.runs, rows, strict=True):
        found[id(run)] = np.full(run.rows, _LAST)
        found[id(run)][some] = whole[begin : begin + len(some)]
        begin += len(some)
    return found


class _Best:
    """The first ``count`` rows of those seen so far."""

    def __init__(self, order: _Order, count: int) -> None:
        self._order, self._count = order, count
        self._runs: list[Run] = []
        self._parts: list[tuple[Any, ...]] = []
        self._held = 0
        self.worst: tuple[int, int] | None = None
        """Number and time of the last one, as soon as it is worth to know them."""

    def add(self, run: Run, rows: Integers, numbers: Integers) -> None:
        """See ``rows`` of ``run``, ascending, which are sorted by ``numbers``."""
        enough = len(rows) >= self._count
        if enough:
            chosen = self._smallest(numbers)
            rows, numbers = rows[chosen], numbers[chosen]
        owners = np.full(len(rows), len(self._runs))
        self._runs.append(run)
        self._parts.append((numbers, *self._order.ties(run, rows), owners, rows))
        self._held += len(rows)
        if enough or self._held > 4 * self._count:
            self._sort()

    def _sort(self) -> None:
        columns = [np.concatenate(column) for column in zip(*self._parts, strict=True)]
        first = np.lexsort(columns[3::-1])[: self._count]
        numbers, times, *rest = (column[first] for column in columns)
        self._parts, self._held = [(numbers, times, *rest)], len(first)
        if len(first) == self._count:
            time = int(times[-1])
            self.worst = int(numbers[-1]), ~time if self._order.falling else time

    def _smallest(self, numbers: Integers) -> Integers:
        """The places of the first ``count`` of a run's numbers; of equal ones the first, or last, in place."""
        if self._order.by_time:
            places = np.arange(len(numbers))
            return places[-self._count :] if self._order.falling else places[: self._count]
        limit = np.partition(numbers, self._count - 1)[self._count - 1]
        less = np.flatnonzero(numbers < limit)
        equal = np.flatnonzero(numbers == limit)[: self._count - len(less)]
        return np.sort(np.concatenate([less, equal]))

    def places(self) -> list[Place]:
        """These rows, in order."""
        if not self._parts:
            return []
        self._sort()
        owners, rows = (column.tolist() for column in self._parts[0][4:])
        return [(self._runs[owner], row) for owner, row in zip(owners, rows, strict=True)]


def _first(scan: Scan, order: _Order, count: int, begin: Key | None) -> tuple[_Best, int]:
    """The first ``count`` rows, from ``begin`` on when it is given, and how many match in all."""
    best, total = _Best(order, count), 0
    for run in sorted(scan.runs, key=order.least):
        if best.worst is not None and order.least(run) > best.worst[0]:
            total += scan.count(run)
            continue
        verdict = scan.matches(run)
        total += count_of(verdict, run.rows)
        if verdict is False:
            continue
        rows, numbers = _candidates(order, run, verdict, count, best.worst, begin)
        if len(rows):
            best.add(run, rows, numbers)
    return best, total


def _candidates(
    order: _Order, run: Run, verdict: Verdict, count: int, worst: tuple[int, int] | None, begin: Key | None
) -> tuple[Integers, Integers]:
    """The rows of ``run`` that may be among the best, and what they are sorted by."""
    if order.by_time and begin is None:
        rows = matching_rows(verdict, run.rows)
        rows = rows[-count:] if order.falling else rows[:count]
        return rows, order.numbers(run, rows)
    picked: Integers | None = None
    wanted = verdict
    if verdict is not True and _MANY * count_of(verdict, run.rows) < run.rows:
        picked, wanted = matching_rows(verdict, run.rows), True
    some: Rows = slice(None) if picked is None else picked
    times, numbers = run.times[some], order.numbers(run, some)
    if worst is not None:
        better: Mask = numbers < worst[0]
        # Of the rows that tie with the last one only those that do not stand behind it in time.
        cut = int(np.searchsorted(times, worst[1], side="right"))
        if cut:
            better[:cut] |= numbers[:cut] == worst[0]
        wanted = both(wanted, better)
    if begin is not None:
        wanted = both(wanted, _from(order, run, picked, numbers, begin))
    if wanted is not True:
        places = matching_rows(wanted, len(numbers))
        return places if picked is None else picked[places], numbers[places]
    return np.arange(run.rows) if picked is None else picked, numbers


def _from(order: _Order, run: Run, rows: Integers | None, numbers: Integers, begin: Key) -> Mask:
    """Which of ``rows`` (``None``: all), sorted by ``numbers``, do not stand before ``begin``."""
    found: Mask = numbers > begin[0]
    equal = np.flatnonzero(numbers == begin[0])
    if len(equal):
        time, producer, seq = order.ties(run, equal if rows is None else rows[equal])
        later = (time > begin[1]) | (
            (time == begin[1]) & ((producer > begin[2]) | ((producer == begin[2]) & (seq >= begin[3])))
        )
        found[equal[later]] = True
    return found


def _key_at(scan: Scan, order: _Order, rank: int) -> Key | None:
    """The key of the row with ``rank`` others before it; ``None`` when there are not so many."""

    def numbers() -> Iterator[tuple[Run, Integers, Integers]]:
        for run in scan.runs:
            verdict = scan.matches(run)
            if verdict is not False:
                rows = matching_rows(verdict, run.rows)
                yield run, rows, order.numbers(run, slice(None) if verdict is True else rows)

    def known() -> Iterator[Integers]:
        return (some[some != _LAST] for _, _, some in numbers())

    low, high, left = _narrowed(known, rank)
    if left < 0:  # among the rows of unknown value
        low = high = _LAST
        left = -left - 1
    earliest, latest = -_LAST, _LAST
    if low == high:

        def times() -> Iterator[Integers]:
            return (order.ties(run, rows[some == low])[0] for run, rows, some in numbers())

        earliest, latest, left = _narrowed(times, left)
        if left < 0:
            return None
    parts = []
    for run, rows, some in numbers():
        inside = np.flatnonzero((some >= low) & (some <= high))
        ties = order.ties(run, rows[inside])
        here = (ties[0] >= earliest) & (ties[0] <= latest)
        parts.append([column[here] for column in (some[inside], *ties)])
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    found = np.lexsort(columns[::-1])[left]
    number, time, producer, seq = (int(column[found]) for column in columns)
    return number, time, producer, seq


def _narrowed(numbers: Callable[[], Iterator[Integers]], rank: int) -> tuple[int, int, int]:
    """A range that holds the number of this rank and few others, and its rank within that range.

    The range ends where it holds one number only. When there are no more than ``rank`` numbers, the third is
    negative: it is ``n − rank − 1`` for ``n`` numbers.

    Args:
        numbers: all numbers, a part at a time, each time it is called.
    """
    ends = [(len(some), int(some.min()), int(some.max())) for some in numbers() if len(some)]
    total = sum(count for count, _, _ in ends)
    if rank >= total:
        return 0, 0, total - rank - 1
    low, high = min(end[1] for end in ends), max(end[2] for end in ends)
    while True:
        shift = max(0, (high - low).bit_length() - _BITS)
        counts = np.zeros(1 << _BITS, np.int64)
        for some in numbers():
            inside = some[(some >= low) & (some <= high)]
            counts += np.bincount((inside - low) >> shift, minlength=1 << _BITS)
        running = np.cumsum(counts)
        place = int(np.searchsorted(running, rank, side="right"))
        rank -= int(running[place] - counts[place])
        low, high = low + (place << shift), min(high, low + ((place + 1) << shift) - 1)
        if counts[place] <= _FEW or low == high:
            return low, high, rank
