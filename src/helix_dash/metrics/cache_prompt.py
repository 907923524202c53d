"""One prompt and the gateway's cache: who asked it, which entries answered, what that saved, what was paid again and why.

From the single requests of a period that carry the prompt's keyed hash; its text is in no log.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any

import polars as pl

from helix_dash.log.query import RequestLog
from helix_dash.log.schema import PICO
from helix_dash.metrics.cache_births import traced
from helix_dash.metrics.cache_waste import Waste, waste
from helix_dash.model import Condition, Filter, Scope

AGES_S: tuple[int, ...] = (0, 60, 3600, 21_600, 86_400, 604_800)
"""Where stretches of the ages at hit begin, seconds: to a minute, an hour, six hours, a day, a week, and beyond."""

MOST = 12
"""Models, askers and entries that are told one by one."""

_COLUMNS = (
    "time", "status", "cache", "model", "user", "team", "cost_usd", "avoided_cost_usd", "cache_age_ms", "cache_owner",
    "cache_key", "prompt_hash", "producer", "seq",
)  # fmt: skip
_HIT = pl.col("cache").is_in(["exact", "semantic"]).fill_null(value=False)


@dataclass(frozen=True, slots=True)
class Uses:
    """Requests for the prompt, of all or of one model.

    Args:
        model: whose; ``None`` of a request that names none.
        silent: those that do not say what the cache did.
        saved_usd: what hits avoided, as far as priced; ``None`` when no hit is. ``spent_usd`` is what the
            others cost, likewise.
    """

    model: str | None
    requests: int
    exact: int
    semantic: int
    misses: int
    bypass: int
    silent: int
    saved_usd: Decimal | None
    spent_usd: Decimal | None

    @property
    def hits(self) -> int:
        """Answers from the cache."""
        return self.exact + self.semantic


@dataclass(frozen=True, slots=True)
class Asker:
    """Who was answered from the cache.

    Args:
        hits: how often; ``foreign`` of them with an entry that somebody else wrote.
        last: when last, microseconds since the epoch.
    """

    user: str | None
    team: str | None
    hits: int
    foreign: int
    last: int


@dataclass(frozen=True, slots=True)
class Used:
    """An entry that answered.

    Args:
        key: its key as the log keeps it; ``None`` when it was not told: then one entry per model.
        owner: who wrote it; ``None`` when nothing tells.
        created: when it was born, microseconds since the epoch; ``None`` when its age was not told.
        last: when it answered last.
    """

    key: str | None
    model: str | None
    owner: str | None
    created: int | None
    hits: int
    last: int


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the log tells of one prompt.

    Args:
        uses: of all models together; ``models`` are the same by model, most requests first.
        first: the first request, microseconds since the epoch; ``last`` the last.
        ages: hits by the age of their entry, by :data:`AGES_S`; ``ages_p50_s`` is its median, ``None`` without any.
        askers: most hits first; ``others`` is how many more there are.
        entries: latest used first.
        waste: what was paid again, and why.
    """

    prompt_hash: str
    uses: Uses
    models: tuple[Uses, ...]
    first: int
    last: int
    ages: tuple[int, ...]
    ages_p50_s: float | None
    askers: tuple[Asker, ...]
    others: int
    entries: tuple[Used, ...]
    waste: Waste


def prompt(
    log: RequestLog,
    scope: Scope,
    where: Filter,
    prompt_hash: str,
    *,
    ttl_s: float | None,
    threshold: float | None,
) -> Prompt | None:
    """What is known of the prompt within ``where``; ``None`` when no request there carries its hash.

    Args:
        ttl_s: how long an entry lives, and ``threshold`` what a score must reach; see :func:`waste`.

    Raises:
        StoreUnavailable: the log has never been read on this host and the store does not answer.
    """
    asked = Filter(where.period, (*where.conditions, Condition("prompt_hash", "in", (prompt_hash,))))
    again = waste(log, scope, asked, ttl_s=ttl_s, threshold=threshold)

    def compute() -> Prompt | None:
        words = ["status", "cache", "model", "user", "team", "cache_owner"]
        parts = [
            one.with_columns(pl.col(words).cast(pl.String)) for one in log.frames(scope, asked, _COLUMNS)
        ]
        rows = pl.concat(parts) if parts else None
        if rows is None or not rows.height:
            return None
        return _told(rows, _owned(log, scope, asked, rows.filter(_HIT)), prompt_hash, again)

    return log.kept(("cache prompt", scope, asked, ttl_s, threshold), compute)


def _owned(log: RequestLog, scope: Scope, asked: Filter, hits: pl.DataFrame) -> pl.DataFrame:
    """``hits`` with the owner of their entry where the gateway or the log tells it, and when it was born."""
    found = traced(log, scope, asked.period, hits.filter(pl.col("cache_owner").is_null()))
    rest = hits.join(found.select("producer", "seq"), on=["producer", "seq"], how="anti")
    born = pl.col("time").cast(pl.Int64) - pl.col("cache_age_ms").cast(pl.Int64)
    return pl.concat([rest, found]).with_columns(born.alias("born"))


def _told(rows: pl.DataFrame, hits: pl.DataFrame, prompt_hash: str, again: Waste) -> Prompt:
    models = [_uses(one, name) for (name,), one in rows.group_by("model")]
    askers = _askers(hits)
    ages = hits["cache_age_ms"].drop_nulls().cast(pl.Int64) / 1_000_000
    edges = [*AGES_S, float("inf")]
    return Prompt(
        prompt_hash=prompt_hash,
        uses=_uses(rows, None),
        models=tuple(sorted(models, key=lambda one: (-one.requests, one.model or "")))[:MOST],
        first=rows["time"].cast(pl.Int64).min(),  # type: ignore[arg-type]
        last=rows["time"].cast(pl.Int64).max(),  # type: ignore[arg-type]
        ages=tuple(int(((ages >= low) & (ages < high)).sum()) for low, high in pairwise(edges)),
        ages_p50_s=ages.quantile(0.5, interpolation="nearest"),
        askers=askers[:MOST],
        others=max(0, len(askers) - MOST),
        entries=_entries(hits),
        waste=again,
    )


def _uses(rows: pl.DataFrame, model: Any) -> Uses:
    counts = dict(rows.group_by("cache").len().iter_rows())
    return Uses(
        model,
        rows.height,
        exact=counts.get("exact", 0),
        semantic=counts.get("semantic", 0),
        misses=counts.get("miss", 0),
        bypass=counts.get("bypass", 0),
        silent=counts.get(None, 0),
        saved_usd=_dollars(rows.filter(_HIT)["avoided_cost_usd"]),
        spent_usd=_dollars(rows.filter(~_HIT)["cost_usd"]),
    )


def _dollars(money: pl.Series) -> Decimal | None:
    known = money.drop_nulls()
    return Decimal(int(known.cast(pl.Int128).sum())) / PICO if len(known) else None


def _askers(hits: pl.DataFrame) -> tuple[Asker, ...]:
    owner = pl.col("cache_owner")
    own = (owner == pl.col("user")) | (owner == pl.col("team"))
    foreign = owner.is_not_null() & ~own.fill_null(value=False)
    groups = hits.group_by("user", "team").agg(
        pl.len().alias("hits"),
        foreign.sum().alias("foreign"),
        pl.col("time").cast(pl.Int64).max().alias("last"),
    )
    ranked = groups.sort(["hits", "last"], descending=True)
    return tuple(Asker(**one) for one in ranked.to_dicts())


def _entries(hits: pl.DataFrame) -> tuple[Used, ...]:
    """By key; of hits without one the latest of each model stands for all, which may have been several."""
    groups = (
        hits.sort("time")
        .group_by(pl.col("cache_key").alias("key"), "model")
        .agg(
            pl.col("cache_owner").drop_nulls().last().alias("owner"),
            pl.col("born").drop_nulls().last().alias("created"),
            pl.len().alias("hits"),
            pl.col("time").cast(pl.Int64).max().alias("last"),
        )
    )
    return tuple(Used(**one) for one in groups.sort("last", descending=True).head(MOST).to_dicts())
