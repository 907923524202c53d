"""Adding up: rows and cells of cubes into tallies and percentiles per cell ``k`` (group and time bucket).

Whatever the order or split of the rows, the answer is the same: sums are integers, percentiles are the value at
the nearest rank.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from helix_dash.log.cube import BUCKETS, bucket_of, bucket_value
from helix_dash.log.measures import TALLIES, Adding
from helix_dash.log.vocabulary import Vocabulary

Integers = npt.NDArray[np.int64]
Histogram = npt.NDArray[np.int64]

_VALUE_BITS = 40  # a duration is under 7 days, 6.1e11 µs
_KEYS = 1 << 23  # and this many cells fit beside it in 63 bits


def tallied(
    frame: pl.DataFrame, names: Sequence[str], vocabulary: Vocabulary, *, cells: bool = False
) -> pl.DataFrame:
    """``k`` and one 128-bit column per tally; one line per ``k`` that occurs in ``frame``."""
    adding = Adding(vocabulary, pl.Int128 if cells else _width(frame))
    expressions = [
        (TALLIES[name].cells if cells else TALLIES[name].rows)(adding).cast(pl.Int128).alias(name)
        for name in names
    ]
    if frame.height and frame["k"].n_unique() > 1:
        return frame.group_by("k").agg(expressions)
    key = frame["k"].head(1)
    return pl.DataFrame([key]).hstack(frame.select(expressions).head(len(key)))


def _width(frame: pl.DataFrame) -> type[pl.Int64] | type[pl.Int128]:
    """64 bits when no sum over ``frame`` can leave them (ten of the largest costs would), as they are faster."""
    amounts = frame.select(pl.col(pl.Int64, pl.UInt32).exclude("k", "bucket", "time").max())
    largest = max((value for value in amounts.row(0) if value is not None), default=0) if amounts.width else 0
    # Two amounts meet in one addend at most: visible and reasoning tokens.
    return pl.Int64 if 2 * largest * frame.height < 2**62 else pl.Int128


def added(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """The sum of tallies from several sources, in order of ``k``."""
    if len(parts) == 1:
        return parts[0].sort("k")
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
