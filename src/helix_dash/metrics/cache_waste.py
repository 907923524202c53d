"""Cacheable waste: prompts that one model was paid to answer again, why its answer did not come from the cache, and
what that cost. From single requests; repeats are found by the keyed hash of the prompt.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import polars as pl

from helix_dash.log.query import RequestLog
from helix_dash.log.schema import PICO
from helix_dash.model import Filter, Scope

REASONS: dict[str, str] = {
    "bypass": "Cache not asked",
    "parallel": "Asked in parallel",
    "expired": "Entry had expired",
    "below": "Score below threshold",
    "other": "Other parameters, or gone",
    "unrecorded": "Not recorded",
}
"""Why a repeated prompt was paid for again, by fixed words; the first rule that holds counts."""

_ROWS_AT_ONCE = 2_000_000
_COLUMNS = ("prompt_hash", "model", "status", "cache", "time", "latency_ms", "cost_usd", "similarity")


@dataclass(frozen=True, slots=True)
class Again:
    """Requests that were paid for again.

    Args:
        requests: how many.
        cost_usd: what they cost, as far as priced; ``None`` when none of them is.
        unpriced: those whose cost is not known.
    """

    requests: int = 0
    cost_usd: Decimal | None = None
    unpriced: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """One prompt of one model.

    Args:
        prompt_hash: the keyed hash they share.
        again: its repeats.
        reason: why most of them were paid for, one of :data:`REASONS`.
        last: when the last one was, microseconds since the epoch.
        gap_s: the median time since the answer before, seconds.
    """

    prompt_hash: str
    model: str | None
    again: Again
    reason: str
    last: int
    gap_s: float


@dataclass(frozen=True, slots=True)
class Waste:
    """What was paid for again.

    Args:
        total: all of it.
        reasons: the same by reason; parts of ``total``.
        groups: how many prompts.
        top: those whose repeats cost most.
        hashed: paid requests whose prompt's hash is known: what ``total`` is a part of.
        gap_p90_s: of repeats whose entry had expired: nine of ten came within so many seconds; ``None`` without any.
    """

    total: Again
    reasons: dict[str, Again]
    groups: int
    top: tuple[Group, ...]
    hashed: int
    gap_p90_s: float | None


def waste(
    log: RequestLog,
    scope: Scope,
    where: Filter,
    *,
    ttl_s: float | None,
    threshold: float | None,
    most: int = 10,
) -> Waste:
    """Paid answers of ``where`` whose prompt the same model had been paid to answer before, within the period.

    Memory is bounded: of very many requests each pass looks at one part of the hashes.

    Args:
        ttl_s: how long an entry lives; ``None`` when it is not known, and then nothing is called expired.
        threshold: what a score must reach; ``None`` when it is not known.
        most: the largest number of groups that are told one by one.

    Raises:
        StoreUnavailable: the log has never been read on this host and the store does not answer.
    """
    # Before, not within: an answer that waits for another one while it counts as heavy could wait for ever.
    parts = max(1, -(-log.count(scope, where) // _ROWS_AT_ONCE))

    def compute() -> Waste:
        told: list[pl.DataFrame] = []
        hashed = 0
        for part in range(parts):
            paid = _paid(log, scope, where, part, parts)
            hashed += paid.height
            told.append(_repeats(paid, ttl_s, threshold))
        return _summed(pl.concat(told), hashed, most)

    return log.kept(("cache waste", scope, where, ttl_s, threshold, most), compute)


def _paid(log: RequestLog, scope: Scope, where: Filter, part: int, parts: int) -> pl.DataFrame:
    """The answers that did not come from the cache and whose prompt's hash is known."""
    found: list[pl.DataFrame] = []
    for frame in log.frames(scope, where, _COLUMNS):
        hit = pl.col("cache").is_in(["exact", "semantic"]).fill_null(value=False)
        mine = frame.filter((pl.col("status") == "success") & pl.col("prompt_hash").is_not_null() & ~hit)
        if parts > 1:
            mine = mine.filter(mine["prompt_hash"].hash(0) % parts == part)
        found.append(
            mine.select(
                pl.col("prompt_hash", "model").cast(pl.String),
                pl.col("cache").cast(pl.String),
                pl.col("time", "latency_ms", "similarity").cast(pl.Int64),
                pl.col("cost_usd").cast(pl.Int128),
            )
        )
    return pl.concat(found) if found else _NOTHING


_NOTHING = pl.DataFrame(
    schema={
        "prompt_hash": pl.String, "model": pl.String, "cache": pl.String, "time": pl.Int64, "latency_ms": pl.Int64,
        "similarity": pl.Int64, "cost_usd": pl.Int128,
    }
)  # fmt: skip


def _repeats(paid: pl.DataFrame, ttl_s: float | None, threshold: float | None) -> pl.DataFrame:
    """All but the first of each group, with the time since the one before and the reason."""
    group = ["prompt_hash", "model"]
    several = paid.filter(pl.len().over(group) > 1).sort("time")
    gap = pl.col("time") - pl.col("time").shift(1).over(group)
    again = several.with_columns(gap.alias("gap")).filter(pl.col("gap").is_not_null())
    expired = pl.lit(value=False) if ttl_s is None else pl.col("gap") > round(ttl_s * 1_000_000)
    near = pl.lit(value=False) if threshold is None else pl.col("similarity") < round(threshold * 1_000_000)
    reason = (
        pl.when(pl.col("cache").is_null())
        .then(pl.lit("unrecorded"))
        .when(pl.col("cache") == "bypass")
        .then(pl.lit("bypass"))
        .when((pl.col("latency_ms") > pl.col("gap")).fill_null(value=False))
        .then(pl.lit("parallel"))
        .when(expired)
        .then(pl.lit("expired"))
        .when(near.fill_null(value=False))
        .then(pl.lit("below"))
        .otherwise(pl.lit("other"))
    )
    return again.with_columns(reason.alias("reason"))


def _summed(again: pl.DataFrame, hashed: int, most: int) -> Waste:
    sums = [
        pl.len().alias("requests"),
        pl.col("cost_usd").sum().alias("cost"),
        pl.col("cost_usd").count().alias("priced"),
    ]
    reasons = {row["reason"]: _again(row) for row in again.group_by("reason").agg(sums).to_dicts()}
    ordered = {reason: reasons[reason] for reason in REASONS if reason in reasons}
    groups = again.group_by("prompt_hash", "model").agg(
        *sums,
        pl.col("time").max().alias("last"),
        pl.col("gap").median().alias("gap"),
        pl.col("reason").mode().sort().first().alias("reason"),
    )
    top = groups.sort(["cost", "requests", "prompt_hash"], descending=[True, True, False]).head(most)
    expired = again.filter(pl.col("reason") == "expired")["gap"]
    gap = expired.quantile(0.9, interpolation="higher") if len(expired) else None
    total = _again(again.select(sums).to_dicts()[0])
    return Waste(
        total,
        ordered,
        groups.height,
        tuple(_group(row) for row in top.to_dicts()),
        hashed,
        None if gap is None else gap / 1_000_000,
    )


def _again(row: dict[str, Any]) -> Again:
    cost = Decimal(int(row["cost"])) / PICO if row["priced"] else None
    return Again(row["requests"], cost if row["requests"] else Decimal(0), row["requests"] - row["priced"])


def _group(row: dict[str, Any]) -> Group:
    return Group(
        row["prompt_hash"], row["model"], _again(row), row["reason"], row["last"], row["gap"] / 1_000_000
    )
