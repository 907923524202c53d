"""What every engine is asked, in numbers that all share: the questions of a grid and of charts."""

from __future__ import annotations

from dataclasses import dataclass

from bench.dataset import DAY, SPAN

COLUMNS = (
    "time", "status", "http_code", "model", "provider", "endpoint", "user", "team", "organization", "key_alias",
    "call_id", "uncached_tokens", "cached_tokens", "cache_write_tokens", "visible_tokens", "reasoning_tokens",
    "cost_usd", "latency_ms", "cache",
)  # fmt: skip
"""The columns that a frame or a Parquet file of a usual app holds, and that a page shows."""

PAGE = 100
TWO_MODELS = ("model-c", "model-f")
PART_OF_USER = "012"
COST_RANGE = (10**9, 3 * 10**9)
"""10⁻¹² dollars, both ends included."""

LATENCY_RANGE = (2_000_000, 4_000_000)
"""Microseconds, both ends included."""

TOP = 20
HOUR = 3600 * 10**6
MINUTE = 60 * 10**6


@dataclass(frozen=True, slots=True)
class Asked:
    """The instants and the offset that the questions are about.

    Args:
        rows: how many requests there are.
        now: the end of all periods, microseconds.
    """

    rows: int
    now: int

    @property
    def month(self) -> tuple[int, int]:
        """The whole log, and the second in which the first requests may have ended before it."""
        return self.now - SPAN - 10**6, self.now

    @property
    def day(self) -> tuple[int, int]:
        return self.now - DAY, self.now

    @property
    def half_day(self) -> tuple[int, int]:
        return self.now - DAY // 2, self.now

    @property
    def deep(self) -> int:
        """The offset of a page in the middle of everything."""
        return self.rows // 2


QUESTIONS = {
    "selective_page": "2 of 12 models, status error, last 24 h, by latency: 100 rows and the exact total",
    "unfiltered_sort": "all rows by latency: the first 100 and the total",
    "contains": "user contains a text, 30 days, newest first: 100 rows and the total",
    "wide_filter": "2 models, successes, 30 days, by latency: 100 rows and the total",
    "deep_offset": "all rows by cost: 100 rows from the middle",
    "ranges": "a range of cost and one of latency, newest first: 100 rows and the total",
    "newest": "the newest 100 rows and the total",
    "by_hour_and_model": "requests and cost per hour and model, 30 days",
    "by_minute": "requests per minute, 12 h",
    "top_users": "the 20 users of highest cost, 30 days",
    "percentiles": "p50, p95 and p99 of latency per hour, 30 days",
    "totals": "requests, errors, tokens and cost, 30 days",
}
"""Name → what is asked. Answers: pages as (total, the keys sorted by), charts as sorted (cell, figures)."""
