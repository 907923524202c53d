"""Adding up: rows and cells of cubes into tallies and percentiles per cell ``k`` (group and time bucket).

Whatever the order or split of the rows, the answer is the same: sums are integers, percentiles are the value at
the nearest rank.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat

import numpy as np
import numpy.typing as npt
import polars as pl

from helix_dash.log.cube import BUCKETS, bucket_of, bucket_value
from helix_dash.log.held import Integers, Verdict
from helix_dash.log.measures import TALLIES, Addend, Whole
from helix_dash.log.vocabulary import Vocabulary

Histogram = npt.NDArray[np.int64]

_VALUE_BITS = 40  # a duration is under 7 days, 6.1e11 µs
_KEYS = 1 << 23  # and this many cells fit beside it in 63 bits

_DENSE = 1 << 18
"""Cells up to which there is a place for each; of more only those that occur are kept."""

_LOW_BITS = 30
_EXACT = 1 << 53
"""Whole numbers up to here are added without error as the floats that numpy counts weights in."""

_CARRY_EVERY = 128


def tallied(frame: pl.DataFrame, names: Sequence[str], vocabulary: Vocabulary) -> pl.DataFrame:
    """Cells of cubes added up: ``k`` and one 128-bit column per tally, one line per ``k`` that occurs."""
    expressions = [TALLIES[name].cells(vocabulary).cast(pl.Int128).alias(name) for name in names]
    return frame.group_by("k").agg(expressions)


class Places:
    """Which cell each of some rows belongs to.

    Args:
        cells: how many cells there are.
        count: how many rows.
        keys: the cell of each row; ``None`` when rows of one cell stand together.
        cuts: then the place where each cell's rows begin, and their end.
    """

    def __init__(self, cells: int, count: int, keys: Integers | None, cuts: Integers | None) -> None:
        self.cells, self.count = cells, count
        self._keys, self._cuts = keys, cuts
        self._all: Integers | None = None
        if cuts is not None:
            self._used = np.flatnonzero(np.diff(cuts))

    def keys(self) -> Integers:
        """The cell of each row."""
        if self._keys is None:
            assert self._cuts is not None
            self._keys = np.repeat(np.arange(self.cells), np.diff(self._cuts))
        return self._keys

    def counts(self, verdict: Verdict) -> Integers:
        """How many rows of each cell ``verdict`` holds for."""
        if verdict is False:
            return np.zeros(self.cells, np.int64)
        if verdict is not True:
            if self._cuts is not None:
                return self._slices(verdict)
            return np.bincount(self.keys()[verdict], minlength=self.cells)
        if self._all is None:
            cuts = self._cuts
            self._all = np.bincount(self.keys(), minlength=self.cells) if cuts is None else np.diff(cuts)
        return self._all

    def sums(self, numbers: tuple[Whole, int], verdict: Verdict) -> tuple[Integers, Integers]:
        """The sum of numbers of each cell in two parts: what fits, and that which counts 2³⁰ fold."""
        values, fold = numbers
        nothing = np.zeros(self.cells, np.int64)
        if verdict is False or not self.count:
            return nothing, nothing
        if verdict is not True:
            values = values * verdict
        if max(int(values.max()), -int(values.min())) * fold * self.count < _EXACT:
            return fold * self._added(values), nothing
        whole = values.astype(np.int64) * fold
        return self._added(whole & ((1 << _LOW_BITS) - 1)), self._added(whole >> _LOW_BITS)

    def _added(self, values: Whole) -> Integers:
        if self._cuts is not None:
            return self._slices(values)
        return np.bincount(self.keys(), weights=values, minlength=self.cells).astype(np.int64)

    def _slices(self, values: Whole) -> Integers:
        found = np.zeros(self.cells, np.int64)
        if len(self._used) == 1:
            found[self._used] = values.sum(dtype=np.int64)
        elif len(self._used):
            assert self._cuts is not None
            found[self._used] = np.add.reduceat(values, self._cuts[self._used], dtype=np.int64)
        return found


class Sums:
    """Tallies of rows by cell, exact whatever they hold.

    Args:
        names: the tallies, ``requests`` among them.
        cells: how many cells there are.
    """

    def __init__(self, names: Sequence[str], cells: int) -> None:
        self._names, self._cells = names, cells
        self._low, self._high = (np.zeros((len(names), cells), np.int64) for _ in range(2))
        self._added = 0

    def add(self, addends: Sequence[Addend], places: Places) -> None:
        """Add what each tally has in ``places``."""
        for index, (numbers, verdict) in enumerate(addends):
            if numbers is None:
                self._low[index] += places.counts(verdict)
            else:
                low, high = places.sums(numbers, verdict)
                self._low[index] += low
                self._high[index] += high
        self._added += 1
        if self._added % _CARRY_EVERY == 0:
            self._high += self._low >> _LOW_BITS
            self._low &= (1 << _LOW_BITS) - 1

    def frame(self, names: Integers | None = None) -> pl.DataFrame:
        """``k`` and one 128-bit column per tally, one line per cell with requests; ``names`` are the cells' ``k``."""
        requests = self._names.index("requests")
        used = np.flatnonzero(self._low[requests] | self._high[requests])
        keys = pl.Series("k", used if names is None else names[used])
        return pl.DataFrame([keys, *map(self._sum, range(len(self._names)), repeat(used))])

    def _sum(self, index: int, used: Integers) -> pl.Series:
        name = self._names[index]
        low, high = (pl.Series(name, half[index][used]).cast(pl.Int128) for half in (self._low, self._high))
        return low + high * pl.Series([1 << _LOW_BITS], dtype=pl.Int128) if self._high[index].any() else low


class Tallied:
    """Tallies of rows by cell, whatever the number of possible cells."""

    def __init__(self, names: Sequence[str], cells: int) -> None:
        self._names = names
        self._dense = Sums(names, cells) if cells <= _DENSE else None
        self._parts: list[pl.DataFrame] = []

    def add(self, addends: Sequence[Addend], places: Places) -> None:
        """Add what each tally has in ``places``."""
        if self._dense is not None:
            self._dense.add(addends, places)
            return
        cells, keys = np.unique(places.keys(), return_inverse=True)
        sums = Sums(self._names, len(cells))
        sums.add(addends, Places(len(cells), places.count, keys, None))
        self._parts.append(sums.frame(cells))
        if sum(part.height for part in self._parts) > 2 * _DENSE:
            self._parts = [added(self._parts)]

    def frame(self) -> pl.DataFrame:
        """``k`` and one 128-bit column per tally; one line per ``k`` that occurs."""
        if self._dense is not None:
            return self._dense.frame()
        return added(self._parts) if self._parts else Sums(self._names, 0).frame()


def added(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """The sum of tallies from several sources, in order of ``k``."""
    if len(parts) == 1:
        return parts[0] if parts[0]["k"].is_sorted() else parts[0].sort("k")
    return pl.concat(parts).group_by("k").agg(pl.all().sum()).sort("k")


class Ranked:
    """Durations in order within each key, to read percentiles from.

    Args:
        keys: the key of each duration, ≥ 0.
        micros: the durations in microseconds.
    """

    def __init__(self, keys: Integers, micros: Integers) -> None:
        names = None
        if len(keys) and keys.max() >= _KEYS:
            names, keys = np.unique(keys, return_inverse=True)
        # One sort of one integer per row: the key above, the duration below.
        self._packed = np.sort((keys << _VALUE_BITS) | micros)
        owners = self._packed >> _VALUE_BITS
        self._firsts = np.flatnonzero(np.diff(owners, prepend=-1))
        self._counts = np.diff(self._firsts, append=len(owners))
        self._keys = owners[self._firsts] if names is None else names[owners[self._firsts]]

    def at(self, percent: int) -> dict[int, int]:
        """For each key the duration at the nearest rank."""
        found = self._packed[self._firsts + nearest_rank(self._counts, percent)] & ((1 << _VALUE_BITS) - 1)
        return dict(zip(self._keys.tolist(), found.tolist(), strict=True))


def nearest_rank(counts: Integers, percent: int) -> Integers:
    """``ceil(percent/100 · n) − 1`` for each ``n``, in whole numbers."""
    return (counts * percent + 99) // 100 - 1


def histograms(keys: Integers, values: Integers) -> dict[int, Histogram]:
    """For each key how many ``values`` (microseconds) fall in each bucket of a cube's histogram."""
    names, index = np.unique(keys, return_inverse=True)
    flat = np.bincount(index * BUCKETS + bucket_of(values), minlength=len(names) * BUCKETS)
    return {int(key): flat[place * BUCKETS : (place + 1) * BUCKETS] for place, key in enumerate(names)}


def percentile_of_histogram(histogram: Histogram, percent: int) -> int:
    """The middle of the bucket that holds the nearest rank of ``percent``, in microseconds."""
    running = np.cumsum(histogram)
    rank = nearest_rank(running[-1:], percent)[0]
    return bucket_value(int(np.searchsorted(running, rank, side="right")))
