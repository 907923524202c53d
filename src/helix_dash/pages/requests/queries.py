"""What the request log page asks: blocks of rows with the exact total, one request in full, how much is simulated."""

from __future__ import annotations

from typing import Any

from helix_dash.log.buckets import choose_bucket
from helix_dash.log.query import Bucket, Page, RequestLog, Series
from helix_dash.model import Filter, Scope, Slice, Sort

BLOCK = 100
"""Rows per block of the infinite grid."""


def block(
    log: RequestLog, scope: Scope, where: Filter, sort: Sort, start: int, end: int, watermark: int | None
) -> Page:
    """Rows ``[start, end)`` of the sorted result, and its exact size.

    Args:
        watermark: count only what was there at this ingest time, so that the blocks of one list fit together
            while new requests arrive; ``None`` for the newest.
    """
    size = min(max(end - start, 0), BLOCK)
    return log.page(scope, where, sort, Slice(max(start, 0), size), watermark=watermark)


def total(log: RequestLog, scope: Scope, where: Filter) -> int:
    """How many requests match now."""
    return log.count(scope, where)


def request(log: RequestLog, scope: Scope, row_id: str) -> dict[str, Any] | None:
    """One request with every column; ``None`` when there is none, or it is outside ``scope``."""
    return log.one(scope, row_id)


OUTCOMES = ("success", "error", "throttled", "blocked", "cancelled")
MOST_BARS = 160
"""More buckets than this are thinner than a bar can be drawn."""


def outcomes(log: RequestLog, scope: Scope, where: Filter, points: int) -> tuple[Bucket, Series]:
    """Requests over time by outcome, and the width of a bucket; ``points`` is the most the operator allows."""
    bucket = choose_bucket(where.period, min(MOST_BARS, points))
    return bucket, log.series(scope, where, [], bucket, OUTCOMES)
