"""What the embeddings page asks: of the log's totals and of single requests, and of the server's own counters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo
from decimal import Decimal

import redis

from helix_dash.log.buckets import choose_bucket
from helix_dash.log.query import Bucket, Number, RequestLog, Series
from helix_dash.metrics import distributions as spreads
from helix_dash.metrics.calls import EMBEDDINGS, calls, ended
from helix_dash.metrics.embedding import Embedded, embedded
from helix_dash.metrics.model_server import Logged, ModelServer, logged, model_server
from helix_dash.metrics.periods import aligned
from helix_dash.metrics.projection import Projection, projection
from helix_dash.metrics.ranks import Parts, Ranked, parted, rank_order, ranked
from helix_dash.metrics.singly import Held, held
from helix_dash.metrics.summary import Card, cards
from helix_dash.model import Condition, Filter, Kpi, Scope, us_from_utc

MAX_BARS = 200
TOP_MODELS = 8
REPEATS = 10
BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048)
"""Edges of batch sizes: twice the one before."""
LATENCY_PERCENTS = (50, 95)

KPIS: tuple[Card, ...] = (
    ("requests", "Requests", "count", "none"),
    ("input_tokens", "Tokens", "tokens", "none"),
    ("cost_usd", "Cost", "usd", "none"),
    ("latency_ms_p95", "Latency p95", "ms", "down"),
)


@dataclass(frozen=True, slots=True)
class Usage:
    """What totals tell.

    Args:
        kpis: the cards' figures that totals tell.
        bucket: the width of a bucket.
        statuses: requests by outcome and bucket.
        tokens: input tokens by model and bucket.
        past: requests and tokens of the period before, bucket by bucket; ``None`` when it is not compared.
        projection: the month's cost so far and at its end, whatever the period.
        palette_order: models by cost over the last 30 days.
    """

    kpis: tuple[Kpi, ...]
    bucket: Bucket
    statuses: Series
    tokens: Parts
    past: Series | None
    projection: Projection
    palette_order: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Single:
    """What single requests tell.

    Args:
        held: the requests whose rows are still there.
        kpis: inputs, inputs per request, dollars per million tokens, duplicate share.
        models: requests by model.
        sorts: inputs, tokens, dollars by model and dimension, of successful requests.
        batches: successful requests by batch size, by :data:`BATCHES`.
        latency: milliseconds at :data:`LATENCY_PERCENTS` per stretch of batch sizes; empty where nothing is known.
        repeats: inputs that were embedded more than once.
        logged: model → what the log knows over the time the server was watched.
        server: what the server itself counted.
    """

    held: Held
    kpis: tuple[Kpi, ...]
    models: tuple[Ranked, ...]
    sorts: tuple[Embedded, ...]
    batches: spreads.Histogram
    latency: tuple[tuple[float | None, ...], ...]
    repeats: spreads.Repeats
    logged: dict[str | None, Logged]
    server: ModelServer


def usage(
    log: RequestLog,
    scope: Scope,
    where: Filter,
    *,
    zone: tzinfo,
    now: datetime,
    points: int = MAX_BARS,
    compare: bool = False,
) -> Usage:
    """What totals tell of ``where``, of embedding calls only; a bounded number of reads whatever the range.

    Args:
        where: the page's filter.
        zone: where days and months begin.
        now: the present instant.
        points: the most buckets a chart may have.
        compare: whether the charts show the period before as well.

    Raises:
        StoreUnavailable: the log has never been read on this host and the store does not answer.
        BadQuery: a condition names a value its column cannot hold.
    """
    where = calls(where, EMBEDDINGS)
    bucket = choose_bucket(where.period, min(MAX_BARS, points))
    outcomes = ("requests", "success", "throttled", "error", "blocked", "cancelled")
    statuses = log.series(scope, where, [], bucket, outcomes)
    past = None
    if compare:
        earlier = where.during(where.period.previous())
        before = log.series(scope, earlier, [], bucket, ("requests", "input_tokens", "cost_usd"))
        past = aligned(before, statuses, where.period)
    return Usage(
        kpis=cards(log, scope, where, KPIS),
        bucket=bucket,
        statuses=statuses,
        tokens=parted(log.series(scope, where, ["model"], bucket, ["input_tokens"]), TOP_MODELS),
        past=past,
        projection=projection(log, scope, where, zone, now),
        palette_order=rank_order(log, scope, "model", now),
    )


def single(log: RequestLog, store: redis.Redis, scope: Scope, where: Filter, now: datetime) -> Single:
    """What single requests tell of ``where``, of embedding calls only, and two commands for the server's counters.

    Raises:
        StoreUnavailable: the log has never been read on this host and the store does not answer.
        BadQuery: a condition names a value its column cannot hold.
    """
    server = model_server(store, "embeddings", where.period, us_from_utc(now))
    where = calls(where, EMBEDDINGS)
    earlier = where.during(where.period.previous())
    answered = ended(where, "success")
    sorts, again = embedded(log, scope, where), spreads.repeats(log, scope, where, REPEATS)
    before = spreads.repeats(log, scope, earlier, REPEATS)
    return Single(
        held=held(log, scope, where),
        kpis=_kpis(sorts, embedded(log, scope, earlier), again, before),
        models=ranked(log.series(scope, where, ["model"], None, ["requests"])),
        sorts=sorts,
        batches=spreads.histogram(log, scope, answered, "batch_size", BATCHES),
        latency=_latency(log, scope, answered),
        repeats=again,
        logged=logged(log, scope, where, server),
        server=server,
    )


def _kpis(
    now: tuple[Embedded, ...], past: tuple[Embedded, ...], again: spreads.Repeats, before: spreads.Repeats
) -> tuple[Kpi, ...]:
    def kpi(name: str, label: str, unit: str, value: Number, then: Number, reason: str) -> Kpi:
        good = "down" if name in ("usd_per_million_tokens", "duplicate_share") else "none"
        return Kpi(name, label, value, unit, then, "down" if good == "down" else "none", "" if value is not None else reason)  # fmt: skip

    sized = "no batch size is recorded"
    return (
        kpi("inputs", "Inputs embedded", "count", _inputs(now), _inputs(past), sized),
        kpi("inputs_per_request", "Inputs per request", "count", _each(now), _each(past), sized),
        kpi("usd_per_million_tokens", "Cost per 1M tokens", "usd", _price(now), _price(past), "no request has a known price"),
        kpi("duplicate_share", "Duplicate inputs", "ratio", _doubled(again), _doubled(before), "no input's hash is recorded"),
    )  # fmt: skip


def _inputs(sorts: tuple[Embedded, ...]) -> int | None:
    known = [one.inputs for one in sorts if one.inputs is not None]
    return sum(known) if known else None


def _each(sorts: tuple[Embedded, ...]) -> float | None:
    sized, inputs = sum(one.sized for one in sorts), _inputs(sorts)
    return inputs / sized if inputs is not None and sized else None


def _price(sorts: tuple[Embedded, ...]) -> float | None:
    tokens = sum(one.priced_tokens for one in sorts)
    cost = sum((one.cost_usd for one in sorts if one.cost_usd is not None), Decimal(0))
    return float(cost / tokens * 1_000_000) if tokens else None


def _doubled(repeats: spreads.Repeats) -> float | None:
    return repeats.repeated / repeats.hashed if repeats.hashed else None


def _latency(log: RequestLog, scope: Scope, answered: Filter) -> tuple[tuple[float | None, ...], ...]:
    """Per stretch of batch sizes; each asks only for its own requests."""
    found: list[tuple[float | None, ...]] = []
    for index, low in enumerate(BATCHES):
        size = Condition("batch_size", "gte", (str(low),))
        below = (
            (Condition("batch_size", "lt", (str(BATCHES[index + 1]),)),) if index + 1 < len(BATCHES) else ()
        )
        part = Filter(answered.period, (*answered.conditions, size, *below))
        found.append(spreads.percentiles(log, scope, part, "latency_ms", LATENCY_PERCENTS)[None])
    return tuple(found)
