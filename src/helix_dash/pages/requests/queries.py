"""What the request log page asks: blocks of rows with the exact total, one request in full, the figures above them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from helix_dash.log.buckets import choose_bucket
from helix_dash.log.query import Bucket, Page, RequestLog, Series
from helix_dash.model import Condition, Filter, Scope, Slice, Sort, utc_from_us

BLOCK = 100
"""Rows per block of the infinite grid."""


def block(
    log: RequestLog,
    scope: Scope,
    where: Filter,
    sort: Sort,
    start: int,
    end: int,
    *,
    columns: Sequence[str],
    watermark: int | None,
) -> Page:
    """Rows ``[start, end)`` of the sorted result, and its exact size.

    Args:
        columns: those that the grid shows; it needs no others.
        watermark: count only what was there at this ingest time, so that the blocks of one list fit together
            while new requests arrive; ``None`` for the newest.
    """
    size = min(max(end - start, 0), BLOCK)
    return log.page(scope, where, sort, Slice(max(start, 0), size), columns=columns, watermark=watermark)


def request(log: RequestLog, scope: Scope, row_id: str) -> dict[str, Any] | None:
    """One request with every column; ``None`` when there is none, or it is outside ``scope``."""
    return log.one(scope, row_id)


OUTCOMES = ("success", "error", "throttled", "blocked", "cancelled")
MOST_BARS = 160
"""More buckets than this are thinner than a bar can be drawn."""


@dataclass(frozen=True, slots=True)
class Glance:
    """What stands above the grid.

    Args:
        bucket: the width of a bar.
        outcomes: requests per bucket, one measure per outcome.
        totals: measure → figure over the whole period.
        new: how many requests have come in since the grid's rows were read.
    """

    bucket: Bucket
    outcomes: Series
    totals: dict[str, Any]
    new: int


def glance(
    log: RequestLog, scope: Scope, where: Filter, points: int, measures: Sequence[str], mark: int | None
) -> Glance:
    """The figures of ``where`` in three bounded reads.

    Args:
        points: the most buckets that the operator allows.
        measures: the totals to give; ``requests`` is given too.
        mark: the watermark of the rows in the grid, in microseconds; ``None`` when it has none yet.
    """
    bucket = choose_bucket(where.period, min(MOST_BARS, points))
    new = 0
    if mark is not None:
        since = Condition("ingested", "gt", (utc_from_us(mark).isoformat(),))
        new = log.count(scope, Filter(where.period, (*where.conditions, since)))
    return Glance(
        bucket,
        log.series(scope, where, [], bucket, OUTCOMES),
        log.totals(scope, where, (*measures, "requests")),
        new,
    )
