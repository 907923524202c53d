"""What the overview asks of the log: a handful of bounded reads per refresh, whatever the range."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from helix_dash.log.buckets import choose_bucket
from helix_dash.log.query import Bucket, Number, RequestLog, Series
from helix_dash.metrics.periods import aligned
from helix_dash.metrics.ranks import Ranked, largest, rank_order, ranked
from helix_dash.metrics.summary import kpis, requests_per_minute
from helix_dash.model import Condition, Filter, Kpi, Scope

MAX_BARS = 200
"""More buckets than this are thinner than a bar can be drawn."""

TOP_MODELS = 8
TOP_ERRORS = 8

TIMELINE = (
    "requests", "success", "throttled", "error", "blocked", "cancelled",
    "latency_ms_p50", "latency_ms_p90", "latency_ms_p95", "latency_ms_p99", "cost_usd", "total_tokens",
    "uncached_tokens", "cached_tokens", "cache_write_tokens", "visible_tokens", "reasoning_tokens",
    "cache_hit_rate",
)  # fmt: skip
RANKED = (
    "requests",
    "success_rate",
    "total_tokens",
    "cost_usd",
    "latency_ms_p95",
    "output_tokens_per_second",
)


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything the page shows.

    Args:
        kpis: the cards' figures.
        bucket: the width of a bucket of ``timeline`` and ``costs``.
        timeline: the measures of :data:`TIMELINE` per bucket.
        costs: dollars per model and bucket, largest model first, at most :data:`TOP_MODELS`, and all others.
        others: dollars per bucket of the models beyond them; empty when there are none.
        apart: how many models that are.
        palette_order: models by cost over the last 30 days: it fixes each model's colour on every page.
        errors: failed requests by error class, most first.
        ranking: the rows of the chosen dimension.
        groups: how many different values that dimension has in the period.
        before: requests of the period before by value of that dimension.
        past: ``timeline`` of the period before, bucket by bucket; ``None`` when it is not compared.
    """

    kpis: tuple[Kpi, ...]
    bucket: Bucket
    timeline: Series
    costs: Series
    others: tuple[Number, ...]
    palette_order: tuple[str | None, ...]
    errors: tuple[Ranked, ...]
    ranking: tuple[Ranked, ...]
    groups: int
    apart: int = 0
    before: dict[str | None, Number] = field(default_factory=dict)
    past: Series | None = None


def overview(
    log: RequestLog,
    scope: Scope,
    where: Filter,
    *,
    dim: str,
    rows: int,
    now: datetime,
    points: int = MAX_BARS,
    compare: bool = False,
) -> Overview:
    """The page's figures for ``where``.

    Args:
        dim: what the ranking is by.
        rows: its length.
        now: the present, for the models' order.
        points: the most buckets a chart may have; :data:`MAX_BARS` in any case.
        compare: whether the charts show the period before as well.

    Raises:
        StoreUnavailable: the log has never been read on this host and the store does not answer.
        BadQuery: a condition names a value its column cannot hold.
    """
    bucket = choose_bucket(where.period, min(MAX_BARS, points))
    all_costs = log.series(scope, where, ["model"], bucket, ["cost_usd"])
    costs, others = largest(all_costs, TOP_MODELS)
    ranking = ranked(log.series(scope, where, [dim], None, RANKED))
    timeline = log.series(scope, where, [], bucket, TIMELINE)
    earlier = where.during(where.period.previous())
    past = (
        aligned(log.series(scope, earlier, [], bucket, TIMELINE), timeline, where.period) if compare else None
    )
    return Overview(
        kpis=(*kpis(log, scope, where), requests_per_minute(log, scope, where, now)),
        bucket=bucket,
        timeline=timeline,
        costs=costs,
        others=others,
        palette_order=rank_order(log, scope, "model", now),
        errors=_errors(log, scope, where)[:TOP_ERRORS],
        ranking=ranking[:rows],
        groups=len(ranking),
        apart=sum(1 for line in all_costs.values["cost_usd"][TOP_MODELS:] if any(line)),
        before=_requests(log.series(scope, earlier, [dim], None, ["requests"])),
        past=past,
    )


def _errors(log: RequestLog, scope: Scope, where: Filter) -> tuple[Ranked, ...]:
    failed = Condition("status", "in", ("error", "throttled", "blocked"))
    narrowed = Filter(where.period, (*where.conditions, failed))
    return ranked(log.series(scope, narrowed, ["error_class"], None, ["requests"]))


def _requests(series: Series) -> dict[str | None, Number]:
    return {group[0]: line[0] for group, line in zip(series.groups, series.values["requests"], strict=True)}
