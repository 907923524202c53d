"""Where demand pressed against limits: key by time, and each minute in which somebody was over one.

A breach is a minute of a key in which requests were throttled, or in which more was let through than its limits in
the table allow: the table limits nobody, so both happen. Minutes are those of the clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from helix_dash.log.query import RequestLog
from helix_dash.metrics.demand import MINUTE, Demand
from helix_dash.metrics.limits import LimitTable
from helix_dash.model import Condition, Filter, Scope

LET_THROUGH = "let_through"
"""The origin of a breach that nobody refused."""

Number = float | None


@dataclass(frozen=True, slots=True)
class Heat:
    """Demand of the busiest minute as a share of the limit per minute that it came nearest to.

    Args:
        keys: the keys with a limit per minute, the busiest first.
        shares: ``[key][bucket]``, 1 is the limit; ``None`` where the key asked for nothing.
    """

    keys: tuple[str | None, ...]
    shares: tuple[tuple[Number, ...], ...]


def heat(found: Demand, limits: LimitTable, starts: Sequence[int], most: int = 12) -> Heat:
    """``found`` against ``limits`` in the buckets that begin at ``starts``, epoch milliseconds."""
    edges = np.asarray(starts, np.int64) * 1000 // MINUTE
    shares: dict[str | None, tuple[Number, ...]] = {}
    teams = dict(found.table.group_by("key").agg(pl.col("team").drop_nulls().max()).iter_rows())
    for key in found.keys:
        if len(shares) == most:
            break
        own, _ = limits.of(key, teams.get(key))
        if own.rpm is None and own.tpm is None:
            continue
        group = _of(found.table, key)
        against = [
            group[column].to_numpy() / limit
            for column, limit in (("requests", own.rpm), ("tokens", own.tpm))
            if limit
        ]
        places = np.searchsorted(edges, group["minute"].to_numpy(), side="right") - 1
        here = places >= 0
        line = np.full(len(edges), -1.0)
        np.maximum.at(line, places[here], np.maximum.reduce(against)[here])
        shares[key] = tuple(None if share < 0 else float(share) for share in line)
    return Heat(tuple(shares), tuple(shares.values()))


@dataclass(frozen=True, slots=True)
class Breach:
    """One minute of one key over one limit.

    Args:
        key: its alias; ``None`` for requests without one.
        minute: when it began, microseconds since the epoch.
        origin: who refused: a limiter's word, ``None`` when that is not on record, or :data:`LET_THROUGH`.
        limit: the limit in the table that was passed, ``rpm`` or ``tpm``, or the limiter's word.
        allowed: what the table allows in that minute; ``None`` without such a limit.
        observed: what was asked for: requests, or tokens for ``tpm``.
        refused: requests that were throttled.
    """

    key: str | None
    minute: int
    origin: str | None
    limit: str | None
    allowed: int | None
    observed: int
    refused: int


def breaches(
    log: RequestLog, scope: Scope, where: Filter, found: Demand, limits: LimitTable
) -> tuple[Breach, ...]:
    """Every breach in the period of ``found``, the latest first.

    Args:
        where: the filter ``found`` was made with.
    """
    during = where.during(found.period)
    throttled = Filter(during.period, (*during.conditions, Condition("status", "in", ("throttled",))))

    def compute() -> tuple[Breach, ...]:
        parts = [_refusals(frame) for frame in log.frames(scope, throttled, ("time", "key_alias", "limiter"))]
        refused = pl.concat(parts).group_by("key", "minute", "limiter").agg(pl.col("refused").sum()) if parts else _NONE  # fmt: skip
        told = [*_refused(refused, found, limits), *_passed(found, limits)]
        return tuple(sorted(told, key=lambda one: (-one.minute, one.key or "", one.origin or "")))

    return log.kept(("breaches", scope, throttled, _fingerprint(limits)), compute)


def breached_minutes(
    told: Sequence[Breach], starts: Sequence[int], most: int = 5
) -> list[tuple[str | None, list[int]]]:
    """Key → breached minutes per bucket, the most breached first; what lies before the first bucket is left out.

    A minute with two kinds of breaches is one minute. Keys beyond ``most`` are left out.
    """
    edges = [start * 1000 for start in starts]
    seen = {(one.key, one.minute) for one in told if edges and one.minute >= edges[0] - MINUTE + 1}
    lines: dict[str | None, list[int]] = {}
    for key, minute in seen:
        place = max(0, int(np.searchsorted(edges, minute, side="right")) - 1)
        lines.setdefault(key, [0] * len(edges))[place] += 1
    return sorted(lines.items(), key=lambda item: (-sum(item[1]), item[0] or ""))[:most]


def _of(table: pl.DataFrame, key: str | None) -> pl.DataFrame:
    return table.filter(pl.col("key").is_null() if key is None else pl.col("key") == key)


_NONE = pl.DataFrame(
    schema={"key": pl.String, "minute": pl.Int64, "limiter": pl.String, "refused": pl.UInt32}
)


def _refusals(frame: pl.DataFrame) -> pl.DataFrame:
    minute = (pl.col("time") // MINUTE).alias("minute")
    return (
        frame.group_by(pl.col("key_alias").alias("key"), minute, "limiter")
        .agg(pl.len().alias("refused"))
        .select("key", "minute", pl.col("limiter").cast(pl.String), "refused")
    )


def _refused(refused: pl.DataFrame, found: Demand, limits: LimitTable) -> list[Breach]:
    asked = refused.join(found.table, on=["key", "minute"], how="left", nulls_equal=True)
    told = []
    for one in asked.iter_rows(named=True):
        own, _ = limits.of(one["key"], one["team"])
        word = one["limiter"]
        tokens = word == "tpm"
        told.append(
            Breach(
                one["key"],
                one["minute"] * MINUTE,
                word,
                word,
                own.tpm if tokens else own.rpm if word == "rpm" else None,
                int((one["tokens"] if tokens else one["requests"]) or one["refused"]),
                int(one["refused"]),
            )
        )
    return told


def _passed(found: Demand, limits: LimitTable) -> list[Breach]:
    """Minutes in which more was let through than the table allows."""
    told: list[Breach] = []
    teams = found.table.group_by("key").agg(pl.col("team").max())
    for key, team in teams.iter_rows():
        own, _ = limits.of(key, team)
        group = _of(found.table, key) if own.rpm or own.tpm else found.table.clear()
        let = group.with_columns((pl.col("requests") - pl.col("throttled")).alias("let"))
        for column, word, limit in (("let", "rpm", own.rpm), ("tokens", "tpm", own.tpm)):
            if limit:
                over = let.filter(pl.col(column) > limit).select("minute", column)
                told += [
                    Breach(key, minute * MINUTE, LET_THROUGH, word, limit, int(observed), 0)
                    for minute, observed in over.iter_rows()
                ]
    return told


def _fingerprint(limits: LimitTable) -> tuple[object, ...]:
    """Changes with the table."""
    return (
        tuple(limits.tiers.items()),
        limits.default,
        tuple(limits.keys.items()),
        tuple(limits.teams.items()),
    )
