"""What keys asked for, minute by minute: held against limits, replayed against others, and judged by stated rules.

Demand is every request that was not cancelled, throttled ones included; use is what was let through. A throttled
request has no tokens on record, so a replay takes it to need as many as the key's others did on average; it also
takes nobody to try again. Both are said where its figures are shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta, tzinfo
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from helix_dash.log.query import RequestLog
from helix_dash.metrics.limits import WINDOWS, Limits, LimitTable
from helix_dash.model import Filter, Period, Scope, utc_from_us

Whole = npt.NDArray[np.int64]

MINUTE = 60_000_000
"""Microseconds."""

MOST_DAYS = 7
"""Days that are looked at minute by minute."""

_TOKENS = ("uncached_tokens", "cached_tokens", "cache_write_tokens", "visible_tokens", "reasoning_tokens")
_COLUMNS = ("time", "key_alias", "team", "status", "total_tokens")


@dataclass(frozen=True, slots=True)
class Demand:
    """Requests and tokens per key and minute.

    Args:
        table: one line per key and minute with any demand, in that order: ``key``, ``team``, ``minute`` (since the
            epoch), ``requests``, ``throttled``, ``tokens``.
        period: what it covers.
    """

    table: pl.DataFrame
    period: Period

    @property
    def keys(self) -> list[str | None]:
        """Every key, the busiest first."""
        ranked = self.table.group_by("key").agg(pl.col("requests").sum()).sort(
            ["requests", "key"], descending=[True, False]
        )  # fmt: skip
        return ranked["key"].to_list()


def demand(log: RequestLog, scope: Scope, where: Filter) -> Demand:
    """The demand of ``where``, of which the last seven days are taken when it is longer."""
    start = max(where.period.start, where.period.end - timedelta(days=MOST_DAYS))
    where = where.during(Period(start, where.period.end))

    def compute() -> Demand:
        parts = [_minutes(frame) for frame in log.frames(scope, where, _COLUMNS)]
        together = pl.concat(parts) if parts else _minutes(_NOTHING)
        added = together.group_by("key", "minute").agg(
            pl.col("team").max(), pl.col("requests", "throttled", "tokens").sum()
        )
        columns = ["key", "team", "minute", "requests", "throttled", "tokens"]
        return Demand(added.sort("key", "minute", nulls_last=True).select(columns), where.period)

    return log.kept(("demand", scope, where), compute)


def _minutes(frame: pl.DataFrame) -> pl.DataFrame:
    tokens = pl.sum_horizontal(pl.col(name).fill_null(0).cast(pl.Int64) for name in _TOKENS)
    return (
        frame.lazy()
        .filter(pl.col("status") != "cancelled")
        .group_by(pl.col("key_alias").alias("key"), (pl.col("time") // MINUTE).alias("minute"))
        .agg(
            pl.col("team").max(),
            pl.len().cast(pl.Int64).alias("requests"),
            (pl.col("status") == "throttled").sum().cast(pl.Int64).alias("throttled"),
            tokens.sum().alias("tokens"),
        )
        .collect()
    )


_NOTHING = pl.DataFrame(
    schema={"time": pl.Int64, "key_alias": pl.String, "team": pl.String, "status": pl.String}
    | dict.fromkeys(_TOKENS, pl.Int64)
)


@dataclass(frozen=True, slots=True)
class Use:
    """How much of its limits a key uses.

    Args:
        key: its alias; ``None`` for requests without one.
        limits: what it may use.
        origin: where these come from: ``own``, a tier's name, or ``none``.
        used: window → what it used: of the last minute and of today.
        requests: its demand in the period.
        throttled: how much of that was throttled.
        throttled_minutes: in how many minutes.
        busy: requests per minute at the 95th percentile of its active minutes; tokens the same.
        peak: requests of its busiest minute.
    """

    key: str | None
    team: str | None
    limits: Limits
    origin: str
    used: Mapping[str, int]
    requests: int
    throttled: int
    throttled_minutes: int
    busy: tuple[int, int]
    peak: int

    def share(self, window: str) -> float | None:
        """Used of its limit, 0–1 and more; ``None`` without a limit."""
        limit = self.limits.get(window)
        return self.used[window] / limit if limit else None

    @property
    def highest(self) -> float | None:
        """The highest share of all windows; ``None`` without any limit."""
        shares = [share for window in WINDOWS if (share := self.share(window)) is not None]
        return max(shares) if shares else None


def uses(
    log: RequestLog, scope: Scope, where: Filter, limits: LimitTable, now: int, zone: tzinfo
) -> list[Use]:
    """Every key of the period, the one nearest to a limit first.

    Args:
        now: microseconds since the epoch: the end of the last minute and of today.
        zone: where today began.
    """
    began = utc_from_us(now).astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    today = where.during(Period(began, utc_from_us(now)))
    minute = where.during(Period(utc_from_us(now - MINUTE), utc_from_us(now)))
    of_day, of_minute = (_let_through(log, scope, one) for one in (today, minute))
    asked = demand(log, scope, where).table.group_by("key", maintain_order=True).agg(_OF_KEY)
    found = [_use(one, limits, of_minute, of_day) for one in asked.iter_rows(named=True)]
    return sorted(found, key=lambda use: (-(use.highest or -1), -use.requests, use.key or ""))


def _let_through(log: RequestLog, scope: Scope, where: Filter) -> dict[str | None, tuple[int, int]]:
    """Key → requests and tokens that were not throttled."""
    measures = ["requests", "throttled", "cancelled", "total_tokens"]
    found = log.series(scope, where, ["key_alias"], None, measures)

    def of(measure: str, place: int) -> int:
        return int(found.values[measure][place][0] or 0)

    return {
        group[0]: (
            of("requests", place) - of("throttled", place) - of("cancelled", place),
            of("total_tokens", place),
        )
        for place, group in enumerate(found.groups)
    }


def _rank95(column: str) -> pl.Expr:
    """The 95th percentile, nearest rank."""
    return pl.col(column).sort().get((pl.len() * 95 + 99) // 100 - 1)


_OF_KEY = (
    pl.col("team").drop_nulls().max(),
    pl.col("requests").sum(),
    pl.col("throttled").sum(),
    (pl.col("throttled") > 0).sum().alias("throttled_minutes"),
    _rank95("requests").alias("busy_requests"),
    _rank95("tokens").alias("busy_tokens"),
    pl.col("requests").max().alias("peak"),
)
"""What the minutes of a key come to."""


def _use(
    one: Mapping[str, Any],
    limits: LimitTable,
    of_minute: Mapping[str | None, tuple[int, int]],
    of_day: Mapping[str | None, tuple[int, int]],
) -> Use:
    key = one["key"]
    own, origin = limits.of(key, one["team"])
    (rpm, tpm), (rpd, tpd) = of_minute.get(key, (0, 0)), of_day.get(key, (0, 0))
    return Use(
        key,
        one["team"],
        own,
        origin,
        {"rpm": rpm, "tpm": tpm, "rpd": rpd, "tpd": tpd},
        one["requests"],
        one["throttled"],
        one["throttled_minutes"],
        (one["busy_requests"], one["busy_tokens"]),
        one["peak"],
    )


@dataclass(frozen=True, slots=True)
class Victim:
    """A key that other limits would throttle: how many of its requests, and in how many minutes."""

    key: str | None
    throttled: int
    minutes: int
    requests: int


@dataclass(frozen=True, slots=True)
class Replay:
    """What other limits would have done to recorded demand.

    Args:
        requests: all demand.
        throttled: window → requests it would have refused.
        minutes: minutes and keys in which any would have been refused.
        victims: whom it would have hit, the hardest hit first.
        recorded: requests that really were throttled.
    """

    requests: int
    throttled: Mapping[str, int]
    minutes: int
    victims: tuple[Victim, ...]
    recorded: int

    @property
    def refused(self) -> int:
        """Requests that would have been refused, by whichever limit."""
        return sum(self.throttled.values())


def replay(found: Demand, limits: Mapping[str | None, Limits], zone: tzinfo, most: int = 50) -> Replay:
    """``found`` once more, with these limits by key; a key without any has none.

    A request counts against the first limit that refuses it, in the order of :data:`WINDOWS`. Minutes are those of
    the clock.
    """
    refused = dict.fromkeys(WINDOWS, 0)
    victims, minutes = [], 0
    for _, group in found.table.group_by("key", maintain_order=True):
        key = group["key"][0]
        by_window = _refused(group, limits.get(key, Limits()), zone)
        each = sum(by_window.values(), np.zeros(group.height, np.int64))
        if not each.any():
            continue
        for window, counts in by_window.items():
            refused[window] += int(counts.sum())
        hit = int(np.count_nonzero(each))
        minutes += hit
        victims.append(Victim(key, int(each.sum()), hit, int(group["requests"].sum())))
    victims.sort(key=lambda one: (-one.throttled, one.key or ""))
    table = found.table
    return Replay(
        int(table["requests"].sum()), refused, minutes, tuple(victims[:most]), int(table["throttled"].sum())
    )


def _refused(group: pl.DataFrame, limits: Limits, zone: tzinfo) -> dict[str, Whole]:
    """Window → how many requests of each line it refuses."""
    wanted = group["requests"].to_numpy().astype(np.int64)
    let = int(wanted.sum() - group["throttled"].sum())
    each = float(group["tokens"].sum()) / let if let else 0.0
    tokens = group["tokens"].to_numpy() + group["throttled"].to_numpy() * each
    left, refused = wanted.copy(), {}
    if limits.rpm is not None:
        refused["rpm"] = np.maximum(0, left - limits.rpm)
        left = left - refused["rpm"]
    cost = np.divide(tokens, wanted, out=np.zeros(len(wanted)), where=wanted > 0)
    if limits.tpm is not None:
        fits = np.where(cost > 0, np.floor(limits.tpm / np.maximum(cost, 1e-9)), left).astype(np.int64)
        refused["tpm"] = np.maximum(0, left - fits)
        left = left - refused["tpm"]
    if limits.rpd is not None or limits.tpd is not None:
        days = _days(group["minute"], zone)
        for window, limit, weight in (("rpd", limits.rpd, np.ones(len(left))), ("tpd", limits.tpd, cost)):
            if limit is not None:
                refused[window] = left - _within_days(left, weight, limit, days)
                left = left - refused[window]
    return refused


def _within_days(left: Whole, weight: npt.NDArray[np.float64], limit: int, days: Whole) -> Whole:
    """How many requests of each line still fit into ``limit`` of its day, in order."""
    used = np.cumsum(left * weight)
    starts = np.flatnonzero(np.r_[True, days[1:] != days[:-1]])
    before = np.repeat(np.r_[0.0, used[starts[1:] - 1]], np.diff(np.r_[starts, len(days)]))
    room = np.maximum(0.0, limit - (used - left * weight - before))
    fits = np.where(weight > 0, np.floor(room / np.maximum(weight, 1e-9)), left).astype(np.int64)
    kept: Whole = np.minimum(left, fits)
    return kept


def _days(minutes: pl.Series, zone: tzinfo) -> Whole:
    """The calendar day of each minute in ``zone``; zones move only at whole quarter hours."""
    quarters, places = np.unique(minutes.to_numpy() // 15, return_inverse=True)
    days = [
        utc_from_us(int(quarter) * 15 * MINUTE).astimezone(zone).date().toordinal() for quarter in quarters
    ]
    return np.asarray(days)[places]


@dataclass(frozen=True, slots=True)
class Advice:
    """The smallest tier that would have fitted a key.

    Args:
        tier: its name; ``None`` when none is generous enough.
        change: ``up``, ``down`` or ``keep``.
    """

    key: str | None
    tier: str | None
    change: str


HEADROOM = 1.2
"""A tier fits when demand at the 95th percentile of active minutes, times this, is within it."""


def advise(use: Use, limits: LimitTable) -> Advice | None:
    """Which tier would fit ``use``; ``None`` for a key that has no tier."""
    if use.origin not in limits.tiers:
        return None
    requests, tokens = (amount * HEADROOM for amount in use.busy)
    order = list(limits.tiers)
    fitting = next(
        (
            name
            for name, tier in limits.tiers.items()
            if requests <= (tier.rpm or np.inf) and tokens <= (tier.tpm or np.inf)
        ),
        None,
    )
    if fitting is None:
        return Advice(use.key, None, "up")
    step = order.index(fitting) - order.index(use.origin)
    return Advice(use.key, fitting, "keep" if step == 0 else "up" if step > 0 else "down")
