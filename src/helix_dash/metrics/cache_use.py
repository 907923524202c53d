"""How the gateway's cache is used: which prompts it answers again and again, and the time that its hits spare."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import polars as pl

from helix_dash.log.query import Number, RequestLog
from helix_dash.log.schema import PICO
from helix_dash.model import Condition, Filter, Scope

STRETCHES: tuple[int, ...] = (1, 2, 3, 6, 11, 21, 51)
"""Hits of one entry: 1, 2, 3 to 5, 6 to 10, 11 to 20, 21 to 50, more."""

_COLUMNS = (
    "time", "cache", "prompt_hash", "model", "latency_ms", "avoided_cost_usd", "cache_owner", "cache_key",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt that the exact cache answered, with one model.

    Args:
        hits: how often within the period.
        saved_usd: what that avoided, as far as priced; ``None`` when nothing is.
        first: the first hit, microseconds since the epoch; ``last`` the last one.
        owner: who wrote the entry that answered last; ``None`` when the gateway does not say.
    """

    prompt_hash: str
    model: str | None
    hits: int
    saved_usd: Decimal | None
    first: int
    last: int
    owner: str | None


@dataclass(frozen=True, slots=True)
class Use:
    """What the hits of a period tell.

    Args:
        prompts: different prompts (with their model) that the exact cache answered and whose hash is known.
        entries: its entries that answered: by their key, where that is not told one per prompt.
        per_entry: how many of them by hits (:data:`STRETCHES`).
        top: those with most hits.
        unhashed: exact hits without a hash.
        timed: hits whose latency is known, and the milliseconds they took, by model.
    """

    prompts: int
    entries: int
    per_entry: tuple[int, ...]
    top: tuple[Prompt, ...]
    unhashed: int
    timed: dict[str | None, tuple[int, float]]


def use(log: RequestLog, scope: Scope, where: Filter, most: int = 10) -> Use:
    """The hits of ``where``.

    Raises:
        StoreUnavailable: the log has never been read on this host and the store does not answer.
    """
    asked = Filter(where.period, (*where.conditions, Condition("cache", "in", ("exact", "semantic"))))
    return log.kept(("cache use", scope, where, most), lambda: _counted(log, scope, asked, most))


def _counted(log: RequestLog, scope: Scope, asked: Filter, most: int) -> Use:
    parts, timed, unhashed = list[pl.DataFrame](), dict[str | None, tuple[int, float]](), 0
    for frame in log.frames(scope, asked, _COLUMNS):
        exact = frame.filter(pl.col("cache") == "exact")
        unhashed += exact["prompt_hash"].null_count()
        parts.append(
            exact.filter(pl.col("prompt_hash").is_not_null() | pl.col("cache_key").is_not_null())
            .sort("time")
            .group_by("prompt_hash", pl.col("model").cast(pl.String), "cache_key")
            .agg(
                pl.len().alias("hits"),
                pl.col("avoided_cost_usd").cast(pl.Int128).sum().alias("saved"),
                pl.col("avoided_cost_usd").count().alias("priced"),
                pl.col("time").min().alias("first"),
                pl.col("time").max().alias("last"),
                pl.col("cache_owner").cast(pl.String).last().alias("owner"),
            )
        )
        known = frame.filter(pl.col("latency_ms").is_not_null())
        for row in (
            known.group_by("model").agg(pl.len(), pl.col("latency_ms").cast(pl.Int64).sum()).to_dicts()
        ):
            count, total = timed.get(row["model"], (0, 0.0))
            timed[row["model"]] = count + row["len"], total + row["latency_ms"] / 1000
    if not parts:
        return Use(0, 0, (0,) * len(STRETCHES), (), 0, {})
    whole = pl.concat(parts)
    together = _together(whole.filter(pl.col("prompt_hash").is_not_null()))
    entry = pl.coalesce("cache_key", pl.concat_str("prompt_hash", "model", separator=" ", ignore_nulls=True))
    entries = whole.group_by(entry.alias("entry")).agg(pl.col("hits").sum())
    counts = [0] * len(STRETCHES)
    for hits, number in entries.group_by("hits").len().iter_rows():
        counts[max(at for at, least in enumerate(STRETCHES) if hits >= least)] += number
    top = together.sort(["hits", "saved", "prompt_hash"], descending=[True, True, False]).head(most)
    return Use(
        together.height, entries.height, tuple(counts), tuple(map(_prompt, top.to_dicts())), unhashed, timed
    )


def _together(parts: pl.DataFrame) -> pl.DataFrame:
    return (
        parts.sort("last")
        .group_by("prompt_hash", "model")
        .agg(
            pl.col("hits", "saved", "priced").sum(),
            pl.col("first").min(),
            pl.col("last").max(),
            pl.col("owner").last(),
        )
    )


def _prompt(row: dict[str, Any]) -> Prompt:
    saved = Decimal(int(row["saved"])) / PICO if row["priced"] else None
    return Prompt(
        row["prompt_hash"], row["model"], row["hits"], saved, row["first"], row["last"], row["owner"]
    )


def time_saved(found: Use, missed: dict[str | None, Number]) -> tuple[float | None, int]:
    """Milliseconds that hits spared, and of how many of them it cannot be told.

    A hit spares the median latency of its model's misses, less its own latency. An estimate: nobody knows how long
    the call that was not made would have taken.

    Args:
        missed: the median latency of misses by model, milliseconds; ``None`` where it is unknown.
    """
    saved, silent, told = 0.0, 0, 0
    for model, (hits, took) in found.timed.items():
        median = missed.get(model)
        if median is None:
            silent += hits
        else:
            saved, told = saved + median * hits - took, told + hits
    return (saved if told else None), silent
