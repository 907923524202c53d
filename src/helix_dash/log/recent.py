"""Business duplicates: one call that reached the log twice, by two hooks or a repeated import.

Known by ``(source, call_id)`` among the last :data:`MOST_CALLS` calls or :data:`WINDOW` of arrivals, whichever
is less. Beyond that window a repeated call counts again; the window bounds the fold's memory (about 50 MB).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from helix_dash.log.schema import WIRE

MOST_CALLS = 200_000
WINDOW = 24 * 3600 * 10**6
"""Microseconds of arrival."""

_SUCCESS = 1_000
"""What success adds to the number of known values: more than there are columns."""


@dataclass(slots=True)
class Sifted:
    """Which rows of a batch to keep.

    Args:
        rows: the batch without its duplicates.
        duplicates: how many rows were left out.
        poorer: call → arrival of the row already in a segment that a richer one of this batch replaces.
    """

    rows: pa.Table
    duplicates: int = 0
    poorer: dict[str, int] = field(default_factory=dict)


def call_keys(rows: pa.Table) -> pa.ChunkedArray:
    """What makes two rows the same call; null where the producer named none."""
    return pc.binary_join_element_wise(rows["source"].cast(pa.string()), rows["call_id"], "\0")


def richness(rows: pa.Table) -> npt.NDArray[np.int64]:
    """How much a row knew when it came: success before all else, then the number of known values."""
    known: npt.NDArray[np.int64] = _SUCCESS * pc.equal(
        rows["status"].cast(pa.string()), "success"
    ).to_numpy().astype(np.int64)
    for column in WIRE:
        known += pc.is_valid(rows[column.name]).to_numpy()
    # a cost that was computed afterwards must not make a row richer than the record it was
    known -= pc.is_valid(rows["cost_source"]).to_numpy()
    return known


class RecentCalls:
    """The calls of the window, with how much was known of each."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, int]] = {}  # call → (richness, arrival), oldest first

    def remember(self, tables: Iterable[pa.Table]) -> None:
        """Learn the rows of segments, oldest first."""
        for table in tables:
            self.sift(table.sort_by("ingested"))

    def sift(self, rows: pa.Table) -> Sifted:
        """Keep the richest row of each call, here and against the window; of equals the first."""
        keep = np.ones(rows.num_rows, bool)
        sifted = Sifted(rows)
        here: dict[str, int] = {}
        scored = zip(
            call_keys(rows).to_pylist(), richness(rows).tolist(), rows["ingested"].to_pylist(), strict=True
        )
        for index, (call, score, arrival) in enumerate(scored):
            if call is None:
                continue
            seen = self._seen.get(call)
            if seen is not None:
                if score <= seen[0]:
                    keep[index] = False
                    continue
                del self._seen[call]  # so that it goes to the end of the line again
                if call in here:
                    keep[here[call]] = False
                else:
                    sifted.poorer[call] = seen[1]
            here[call] = index
            self._seen[call] = (score, arrival)
        self._forget()
        sifted.duplicates = int(rows.num_rows - keep.sum())
        if sifted.duplicates:
            sifted.rows = rows.filter(pa.array(keep))
        return sifted

    def _forget(self) -> None:
        if not self._seen:
            return
        newest = next(reversed(self._seen.values()))[1]
        excess = len(self._seen) - MOST_CALLS
        old = []
        for index, (call, (_, arrival)) in enumerate(self._seen.items()):
            if index >= excess and arrival > newest - WINDOW:
                break
            old.append(call)
        for call in old:
            del self._seen[call]
