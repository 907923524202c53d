"""The first rows of a sorted result, without sorting the result.

Each key is one whole number per row, smaller first; rows that tie go on to the next key. What is kept after
the last key is in exact order, whatever the split of the log into segments.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import polars as pl

from helix_dash.log.filtering import value_expression
from helix_dash.log.scan import Positions, Scan
from helix_dash.log.schema import BY_NAME
from helix_dash.log.vocabulary import Vocabulary
from helix_dash.model import Sort

Key = Callable[[Positions], Positions]
"""The key of the rows at ascending positions."""

_LAST = np.iinfo(np.int64).max


def first_rows(scan: Scan, rows: Positions, sort: Sort, count: int, vocabulary: Vocabulary) -> Positions:
    """The positions of the first ``count`` of ``rows`` (ascending positions, at least one) in the order of ``sort``.

    Unknown values come last. Rows of equal value follow each other by time, producer and sequence, in the
    sort's own direction when it is by time, ascending else.
    """
    by_time = sort.column == "time"
    if by_time:
        rows = _ends_of_runs(scan, rows, count, sort.descending)
    falling = by_time and sort.descending
    keys = [] if by_time else [_key(scan, sort.column, sort.descending, vocabulary)]
    keys += [_key(scan, name, falling, vocabulary) for name in ("time", "producer", "seq")]
    return _smallest(rows, keys, count)


def _ends_of_runs(scan: Scan, rows: Positions, count: int, last: bool) -> Positions:
    """Those of ``rows`` that can be among the first ``count`` by time: each run is in order already."""
    cuts = np.searchsorted(rows, [run.offset for run in scan.runs] + [scan.rows])
    parts = [rows[low:high] for low, high in pairwise(cuts)]
    return np.concatenate([part[-count:] if last else part[:count] for part in parts])


def _smallest(rows: Positions, keys: Sequence[Key], count: int) -> Positions:
    kept: list[Positions] = []
    tied, wanted = rows, count
    for key in keys:
        if len(tied) <= wanted:
            break
        values = key(tied)
        limit = np.partition(values, wanted - 1)[wanted - 1]
        kept.append(tied[values < limit])
        tied = tied[values == limit]
        wanted -= len(kept[-1])
    found = np.sort(np.concatenate([*kept, tied]))
    return found[np.lexsort([key(found) for key in reversed(keys)])][:count]


def _key(scan: Scan, name: str, descending: bool, vocabulary: Vocabulary) -> Key:
    def key(rows: Positions) -> Positions:
        values = _whole_values(scan, name, rows, vocabulary)
        numbers = values.fill_null(_LAST).to_numpy()
        if not descending:
            return numbers
        # ~x is −x − 1: the opposite order, for every integer.
        return np.where(values.is_null().to_numpy(), _LAST, ~numbers)

    return key


def _whole_values(scan: Scan, name: str, rows: Positions, vocabulary: Vocabulary) -> pl.Series:
    """The column as 64-bit integers in its order, null where unknown."""
    column = BY_NAME[name]
    if column.derived:
        parts = pl.DataFrame([scan.values(part, rows) for part in column.derived])
        return parts.select(value_expression(name).cast(pl.Int64)).to_series()
    values = scan.values(name, rows)
    if name == "producer":  # 64 bits without a sign: moved down, which keeps their order
        return pl.Series((values.to_numpy() ^ np.uint64(1 << 63)).view(np.int64))
    if column.kind == "word":
        ranks = pl.Series(vocabulary.ranks(name), dtype=pl.Int64).gather(values)
        return pl.select(pl.when(ranks > 0).then(ranks)).to_series()
    if column.kind == "text":
        return values.rank("dense").cast(pl.Int64)
    return values.cast(pl.Int64)
