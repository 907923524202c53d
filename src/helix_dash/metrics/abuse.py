"""Signs of abuse, each by a rule that is shown with its evidence. A sign is a reason to look, no verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta, tzinfo

import polars as pl

from helix_dash.log.query import RequestLog
from helix_dash.metrics.demand import MINUTE, Demand, demand
from helix_dash.model import Filter, Period, Scope, utc_from_us

BURST_LEAST, BURST_TIMES = 20, 10
MODELS_LEAST = 8
REFUSED_LEAST, REFUSED_SHARE = 20, 0.5
NIGHT_LEAST, NIGHT_SHARE, NIGHT = 50, 0.5, (0, 5)
"""Hours of the reporting zone that count as night: from the first to before the second."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Args:
        name: its fixed word.
        title: what it is called.
        words: what it says, with its thresholds.
    """

    name: str
    title: str
    words: str


RULES: tuple[Rule, ...] = (
    Rule(
        "burst",
        "Burst",
        f"A minute with at least {BURST_LEAST} requests and {BURST_TIMES} times its median active minute.",
    ),
    Rule("many_models", "Many models", f"At least {MODELS_LEAST} different models within one hour."),
    Rule(
        "refused",
        "Mostly refused",
        f"At least {REFUSED_LEAST} requests, {REFUSED_SHARE:.0%} or more of them answered with 401, 403 or 429.",
    ),
    Rule(
        "night",
        "Active at night",
        f"At least {NIGHT_LEAST} requests, {NIGHT_SHARE:.0%} or more of them from {NIGHT[0]:02}:00 to {NIGHT[1]:02}:00.",
    ),
)


@dataclass(frozen=True, slots=True)
class Sign:
    """A rule that a key met.

    Args:
        key: the key's alias; ``None`` for requests without one.
        evidence: the figures that met it.
        at: when it was met most, microseconds since the epoch; ``None`` when it is about the whole period.
        strength: by how much it was met; 1 is just.
    """

    key: str | None
    rule: str
    evidence: str
    at: int | None
    strength: float


def signs(log: RequestLog, scope: Scope, where: Filter, zone: tzinfo) -> list[Sign]:
    """Every rule that a key met in the last seven days of ``where``, the strongest first."""
    found = demand(log, scope, where)
    where = where.during(found.period)

    def compute() -> list[Sign]:
        told = [*_bursts(found), *_nights(found, zone), *_others(log, scope, where)]
        return sorted(told, key=lambda sign: (-sign.strength, sign.key or "", sign.rule))

    return log.kept(("abuse", scope, where), compute)


def _bursts(found: Demand) -> list[Sign]:
    lines = (
        found.table.group_by("key")
        .agg(
            pl.col("requests").max().alias("peak"),
            pl.col("requests").median().alias("median"),
            pl.col("minute").get(pl.col("requests").arg_max()).alias("at"),
        )
        .filter((pl.col("peak") >= BURST_LEAST) & (pl.col("peak") >= BURST_TIMES * pl.col("median")))
    )
    return [
        Sign(
            one["key"],
            "burst",
            f"{one['peak']:,} requests in one minute; the median active minute has {one['median']:,.0f}.",
            one["at"] * MINUTE,
            one["peak"] / (BURST_TIMES * one["median"]),
        )
        for one in lines.iter_rows(named=True)
    ]


def _nights(found: Demand, zone: tzinfo) -> list[Sign]:
    hours = _hours(found.table["minute"], zone)
    at_night = pl.when(pl.col("hour").is_between(*NIGHT, closed="left")).then(pl.col("requests"))
    lines = (
        found.table.with_columns(hours.alias("hour"))
        .group_by("key")
        .agg(at_night.sum().alias("night"), pl.col("requests").sum().alias("all"))
        .filter((pl.col("all") >= NIGHT_LEAST) & (pl.col("night") >= NIGHT_SHARE * pl.col("all")))
    )
    return [
        Sign(
            one["key"],
            "night",
            f"{one['night']:,} of {one['all']:,} requests ({one['night'] / one['all']:.0%}) at night.",
            None,
            one["night"] / (NIGHT_SHARE * one["all"]),
        )
        for one in lines.iter_rows(named=True)
    ]


def _hours(minutes: pl.Series, zone: tzinfo) -> pl.Series:
    """The hour of the day of each minute in ``zone``; zones move only at whole quarter hours."""
    quarters = (minutes // 15).unique().to_list()
    hours: Mapping[int, int] = {
        quarter: utc_from_us(quarter * 15 * MINUTE).astimezone(zone).hour for quarter in quarters
    }
    return (minutes // 15).replace_strict(hours, return_dtype=pl.Int64) if quarters else minutes


def _others(log: RequestLog, scope: Scope, where: Filter) -> list[Sign]:
    models: list[pl.DataFrame] = []
    refused: list[pl.DataFrame] = []
    for frame in log.frames(
        scope, where, ["time", "key_alias", "model_requested", "model", "status", "http_code"]
    ):
        asked = pl.coalesce("model_requested", "model").alias("asked")
        hour = (pl.col("time") // (60 * MINUTE)).alias("hour")
        models.append(frame.select("key_alias", hour, asked).drop_nulls("asked").unique())
        denied = pl.col("http_code").is_in([401, 403, 429]).fill_null(value=False) | (
            pl.col("status") == "throttled"
        )
        refused.append(frame.group_by("key_alias").agg(denied.sum().alias("refused"), pl.len().alias("all")))
    return [*_many_models(models), *_mostly_refused(refused)]


def _many_models(parts: list[pl.DataFrame]) -> list[Sign]:
    if not parts:
        return []
    hours = pl.concat(parts).unique().group_by("key_alias", "hour").agg(pl.len().alias("models"))
    lines = (
        hours.filter(pl.col("models") >= MODELS_LEAST)
        .sort(["models", "hour"], descending=[True, False])
        .unique("key_alias", keep="first", maintain_order=True)
    )
    return [
        Sign(
            one["key_alias"],
            "many_models",
            f"{one['models']:,} different models within one hour.",
            one["hour"] * 60 * MINUTE,
            one["models"] / MODELS_LEAST,
        )
        for one in lines.iter_rows(named=True)
    ]


def _mostly_refused(parts: list[pl.DataFrame]) -> list[Sign]:
    if not parts:
        return []
    lines = (
        pl.concat(parts)
        .group_by("key_alias")
        .agg(pl.col("refused", "all").sum())
        .filter((pl.col("all") >= REFUSED_LEAST) & (pl.col("refused") >= REFUSED_SHARE * pl.col("all")))
    )
    return [
        Sign(
            one["key_alias"],
            "refused",
            f"{one['refused']:,} of {one['all']:,} requests refused ({one['refused'] / one['all']:.0%}).",
            None,
            one["refused"] / (REFUSED_SHARE * one["all"]),
        )
        for one in lines.iter_rows(named=True)
    ]


def around(sign: Sign, where: Filter) -> Period:
    """The stretch of time to look at for ``sign``: five minutes on each side of it, else the whole period."""
    if sign.at is None:
        return where.period
    at = utc_from_us(sign.at)
    return Period(at - timedelta(minutes=5), at + timedelta(minutes=65 if sign.rule == "many_models" else 6))
