"""Which answer made the entry that a hit was answered with, where the gateway does not say who wrote it.

By the entry's key: the last answer before the hit that was kept under it. Without keys (LiteLLM tells none with a miss)
an exact hit's entry was made by an answer of the same model to the same prompt, while which the entry was born.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from helix_dash.log.query import RequestLog
from helix_dash.model import Condition, Filter, Period, Scope

MOST_BACK = timedelta(days=30)
"""Entries live no longer in any of the gateways that are known."""

_SLACK = 1_000_000
"""Microseconds: LiteLLM keeps the whole second in which an entry was born."""

_COLUMNS = ("time", "user", "team", "model", "latency_ms", "prompt_hash", "cache_key")


def traced(log: RequestLog, scope: Scope, period: Period, hits: pl.DataFrame) -> pl.DataFrame:
    """Those of ``hits`` whose entry's birth the log shows, their ``cache_owner`` filled: its user, else its team.

    Args:
        period: in which the hits were.
        hits: ``time``, ``cache_age_ms`` (inner units), ``cache_key``, ``prompt_hash``, ``model`` and ``cache`` as words.

    Raises:
        StoreUnavailable: the log has never been read on this host and the store does not answer.
    """
    known = hits.filter(pl.col("cache_key").is_not_null() | pl.col("prompt_hash").is_not_null())
    if not known.height:
        return known
    back = timedelta(microseconds=int(known["cache_age_ms"].max() or 0))  # type: ignore[arg-type]
    births = _births(log, scope, Period(period.start - min(back, MOST_BACK), period.end), known)
    by_key = known.filter(pl.col("cache_key").is_not_null()).sort("time")
    kept = births.filter(pl.col("cache_key").is_not_null()).select("time", "cache_key", "wrote").sort("time")
    named = by_key.join_asof(kept, on="time", by="cache_key", strategy="backward", check_sortedness=False)
    found = named.filter(pl.col("wrote").is_not_null())
    rest = known.join(found.select("producer", "seq"), on=["producer", "seq"], how="anti")
    both = [found, _by_birth(rest, births)]
    return pl.concat(
        [one.with_columns(pl.col("wrote").alias("cache_owner")).select(hits.columns) for one in both]
    )


def _by_birth(hits: pl.DataFrame, births: pl.DataFrame) -> pl.DataFrame:
    """The exact hits without a key of which an answer to the same prompt was under way when their entry was born."""
    exact = (
        (pl.col("cache") == "exact")
        & pl.col("cache_age_ms").is_not_null()
        & pl.col("prompt_hash").is_not_null()
    )
    born = pl.col("time").cast(pl.Int64) - pl.col("cache_age_ms").cast(pl.Int64)
    asked = hits.filter(exact).with_columns((born - _SLACK).alias("born")).sort("born")
    ended = births.select("prompt_hash", "model", "wrote", "begun", pl.col("time").alias("born"))
    told = asked.join_asof(
        ended.filter(pl.col("prompt_hash").is_not_null()).sort("born"),
        on="born",
        by=["prompt_hash", "model"],
        strategy="forward",
        check_sortedness=False,
    )
    return told.filter(pl.col("wrote").is_not_null() & (pl.col("begun") <= pl.col("born") + 2 * _SLACK)).drop(
        "born", "begun"
    )


def _births(log: RequestLog, scope: Scope, period: Period, hits: pl.DataFrame) -> pl.DataFrame:
    """Paid answers whose entry may be one of ``hits``: when they began and ended, and who was given them."""
    paid = Filter(period, (Condition("cache", "in", ("miss",)), Condition("status", "in", ("success",))))
    keys, hashes = (hits[name].drop_nulls().unique().implode() for name in ("cache_key", "prompt_hash"))
    found = [_NOTHING]
    for frame in log.frames(scope, paid, _COLUMNS):
        mine = frame.filter(pl.col("cache_key").is_in(keys) | pl.col("prompt_hash").is_in(hashes))
        time = pl.col("time").cast(pl.Int64)
        found.append(
            mine.select(
                time,
                (time - pl.col("latency_ms").cast(pl.Int64).fill_null(0)).alias("begun"),
                pl.coalesce(pl.col("user").cast(pl.String), pl.col("team").cast(pl.String)).alias("wrote"),
                pl.col("model", "prompt_hash", "cache_key").cast(pl.String),
            )
        )
    return pl.concat(found).filter(pl.col("wrote").is_not_null())


_NOTHING = pl.DataFrame(
    schema={"time": pl.Int64, "begun": pl.Int64, "wrote": pl.String, "model": pl.String, "prompt_hash": pl.String, "cache_key": pl.String}
)  # fmt: skip
