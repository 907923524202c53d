"""What the page of one user, team or group asks: a bounded number of reads of the log, one command of the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

import redis

from helix_dash.log.buckets import choose_bucket
from helix_dash.log.query import Bucket, RequestLog, Series
from helix_dash.metrics.activity import Activity, activity
from helix_dash.metrics.calls import ended
from helix_dash.metrics.gateway_users import Counted, gateway_users
from helix_dash.metrics.people import Standings, standings
from helix_dash.metrics.periods import aligned
from helix_dash.metrics.ranks import Parts, Ranked, parted, rank_order, ranked
from helix_dash.metrics.summary import Card, cards
from helix_dash.model import Filter, Kpi, Scope, Slice, Sort

MAX_BARS = 200
TOP_MODELS = 8
RECENT = 10
FAILED = ("error", "throttled", "blocked")

KPIS: tuple[Card, ...] = (
    ("requests", "Requests", "count", "none"),
    ("cost_usd", "Cost", "usd", "none"),
    ("total_tokens", "Tokens", "tokens", "none"),
    ("success_rate", "Success rate", "ratio", "up"),
    ("latency_ms_p95", "Latency p95", "ms", "down"),
    ("ttft_ms_p95", "Time to first token p95", "ms", "down"),
    ("errors", "Errors", "count", "down"),
    ("cache_hit_rate", "Cache hit rate", "ratio", "up"),
    ("avoided_cost_usd", "Saved by the cache", "usd", "up"),
    ("unpriced_requests", "Unpriced requests", "count", "down"),
)
MODELS = ("requests", "success_rate", "latency_ms_p50", "latency_ms_p95", "ttft_ms_p95", "total_tokens", "cost_usd")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Usage:
    """Everything the page shows.

    Args:
        kpis: the cards' figures.
        bucket: the width of a bucket.
        timeline: outcomes, latencies, tokens per bucket.
        past: the same over the period before; ``None`` when it is not compared.
        costs: dollars by model and bucket.
        palette_order: fixes each model's colour.
        models: what was asked for.
        errors: failed requests by error class.
        keys: with which keys.
        others: of a user the teams, of a team the users.
        recent: the newest requests.
        activity: on which days, whatever the period.
        counted: what a gateway counted of the one user that this is about; ``None`` when it told nothing.
    """

    kpis: tuple[Kpi, ...]
    bucket: Bucket
    timeline: Series
    past: Series | None
    costs: Parts
    palette_order: tuple[str | None, ...]
    models: tuple[Ranked, ...]
    errors: tuple[Ranked, ...]
    keys: Standings
    others: Standings
    recent: Sequence[Mapping[str, Any]]
    activity: Activity
    counted: Counted | None


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom the page is about.

    Args:
        column: ``user``, ``team``, or empty for everybody.
        names: which ones; one empty name is "unknown".
    """

    column: str
    names: tuple[str, ...]

    @property
    def one(self) -> str | None:
        """The name, when it is one."""
        return self.names[0] if len(self.names) == 1 else None

    @property
    def beside(self) -> str:
        """What stands beside it: the users of a team, the teams of a user."""
        return "user" if self.column in ("team", "") else "team"


def subject(where: Filter) -> Subject:
    """Whom the filter ``where`` is about: its users, else its teams, else everybody."""
    for column in ("user", "team"):
        for condition in where.conditions:
            if condition.column == column and condition.op == "in":
                return Subject(column, condition.values)
            if condition.column == column and condition.op == "blank":
                return Subject(column, ("",))
    return Subject("", ())


def usage(
    log: RequestLog,
    store: redis.Redis,
    scope: Scope,
    where: Filter,
    *,
    now: datetime,
    zone: tzinfo,
    measures: Sequence[str],
    points: int = MAX_BARS,
    compare: bool = False,
) -> Usage:
    """The page's figures for ``where``.

    Args:
        measures: what the charts over time are made of.
        points: the most buckets a chart may have.
        compare: whether the charts show the period before as well.

    Raises:
        StoreUnavailable: the store did not answer, or the log was never read on this host.
        BadQuery: a condition cannot be asked.
    """
    whom = subject(where)
    bucket = choose_bucket(where.period, min(MAX_BARS, points))
    timeline = log.series(scope, where, [], bucket, measures)
    earlier = where.during(where.period.previous())
    past = log.series(scope, earlier, [], bucket, measures) if compare else None
    failed = ended(where, *FAILED)
    return Usage(
        kpis=cards(log, scope, where, KPIS),
        bucket=bucket,
        timeline=timeline,
        past=aligned(past, timeline, where.period) if past else None,
        costs=parted(log.series(scope, where, ["model"], bucket, ["cost_usd"]), TOP_MODELS),
        palette_order=rank_order(log, scope, "model", now),
        models=ranked(log.series(scope, where, ["model"], None, MODELS)),
        errors=ranked(log.series(scope, failed, ["error_class"], None, ["requests"])),
        keys=standings(log, scope, where, "key_alias"),
        others=standings(log, scope, where, whom.beside),
        recent=log.page(scope, where, Sort(), Slice(0, RECENT)).rows,
        activity=activity(log, scope, where, now, zone),
        counted=_counted(log, store, scope, whom, now, zone),
    )


def _counted(
    log: RequestLog, store: redis.Redis, scope: Scope, whom: Subject, now: datetime, zone: tzinfo
) -> Counted | None:
    if whom.column != "user" or not whom.one:
        return None
    found = gateway_users(log, store, scope, now, zone).users
    return next((one for one in found if one.name == whom.one), None)
