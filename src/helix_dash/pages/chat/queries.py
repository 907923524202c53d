"""What the chat page asks of the log's totals: cards, and everything over time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from helix_dash.log.buckets import choose_bucket
from helix_dash.log.query import Bucket, Number, RequestLog, Series
from helix_dash.metrics.calls import CHAT, calls, ended
from helix_dash.metrics.periods import aligned
from helix_dash.metrics.ranks import Parts, Ranked, parted, rank_order, ranked
from helix_dash.metrics.summary import TREND_POINTS, Card, cards
from helix_dash.model import Filter, Kpi, Scope

MAX_BARS = 200
"""More buckets than this are thinner than a bar can be drawn."""

TOP_MODELS = 8
TOP_CLASSES = 6
FAILED = ("error", "throttled", "blocked")

KPIS: tuple[Card, ...] = (
    ("requests", "Requests", "count", "none"),
    ("success_rate", "Success rate", "ratio", "up"),
    ("latency_ms_p95", "Latency p95", "ms", "down"),
    ("cost_usd", "Cost", "usd", "none"),
    ("latency_ms_p50", "Latency p50", "ms", "down"),
    ("latency_ms_p99", "Latency p99", "ms", "down"),
    ("ttft_ms_p50", "Time to first token p50", "ms", "down"),
    ("ttft_ms_p95", "Time to first token p95", "ms", "down"),
    ("input_tokens", "Input tokens", "tokens", "none"),
    ("cached_tokens", "Cached input", "tokens", "none"),
    ("output_tokens", "Output tokens", "tokens", "none"),
    ("reasoning_tokens", "Reasoning tokens", "tokens", "none"),
)
TIMELINE = (
    "requests", "errors", "cost_usd", "total_tokens", "ttft_ms_p50", "ttft_ms_p95",
    "uncached_tokens", "cached_tokens", "cache_write_tokens", "visible_tokens", "reasoning_tokens",
)  # fmt: skip
STREAMS = (
    "requests", "success_rate", "errors", "cancelled", "latency_ms_p50", "latency_ms_p95", "ttft_ms_p50",
    "ttft_ms_p95", "output_tokens_per_second",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Chat:
    """What the page shows of totals.

    Args:
        kpis: the cards' figures that totals tell.
        kinds: requests by endpoint, most first.
        bucket: the width of a bucket.
        timeline: the measures of :data:`TIMELINE` per bucket.
        past: the same of the period before, bucket by bucket; ``None`` when it is not compared.
        failures: failed requests by error class and bucket.
        errors: failed requests by error class.
        finishes: answers by finish reason and bucket.
        costs: dollars by model and bucket.
        streams: the measures of :data:`STREAMS`, of streamed requests, of others, and where it is unknown.
        palette_order: models by cost over the last 30 days: it fixes each model's colour on every page.
    """

    kpis: tuple[Kpi, ...]
    kinds: tuple[Ranked, ...]
    bucket: Bucket
    timeline: Series
    past: Series | None
    failures: Parts
    errors: tuple[Ranked, ...]
    finishes: Parts
    costs: Parts
    streams: tuple[Ranked, ...]
    palette_order: tuple[str | None, ...]


def chat(
    log: RequestLog,
    scope: Scope,
    where: Filter,
    *,
    now: datetime,
    points: int = MAX_BARS,
    compare: bool = False,
) -> Chat:
    """The page's figures for ``where``, of chat calls only; a bounded number of reads whatever the range.

    Args:
        where: the page's filter.
        now: the present, for the models' order.
        points: the most buckets a chart may have; :data:`MAX_BARS` in any case.
        compare: whether the charts show the period before as well.

    Raises:
        StoreUnavailable: the log has never been read on this host and the store does not answer.
        BadQuery: a condition names a value its column cannot hold.
    """
    where = calls(where, CHAT)
    bucket = choose_bucket(where.period, min(MAX_BARS, points))
    failed, earlier = ended(where, *FAILED), where.during(where.period.previous())
    timeline = log.series(scope, where, [], bucket, TIMELINE)
    past = log.series(scope, earlier, [], bucket, TIMELINE) if compare else None
    streams = ranked(log.series(scope, where, ["stream"], None, STREAMS))
    return Chat(
        kpis=(*cards(log, scope, where, KPIS), _streaming(log, scope, where, streams)),
        kinds=ranked(log.series(scope, where, ["endpoint"], None, ["requests"])),
        bucket=bucket,
        timeline=timeline,
        past=aligned(past, timeline, where.period) if past else None,
        failures=parted(log.series(scope, failed, ["error_class"], bucket, ["requests"]), TOP_CLASSES),
        errors=ranked(log.series(scope, failed, ["error_class"], None, ["requests"])),
        finishes=parted(
            log.series(scope, ended(where, "success"), ["finish_reason"], bucket, ["requests"]), TOP_CLASSES
        ),
        costs=parted(log.series(scope, where, ["model"], bucket, ["cost_usd"]), TOP_MODELS),
        streams=streams,
        palette_order=rank_order(log, scope, "model", now),
    )


def _streaming(log: RequestLog, scope: Scope, where: Filter, streams: tuple[Ranked, ...]) -> Kpi:
    """The share of streamed requests of those of which it is known."""
    earlier = where.during(where.period.previous())
    before = _share({one.name: one.figures["requests"] for one in ranked(log.series(scope, earlier, ["stream"], None, ["requests"]))})  # fmt: skip
    trend = log.series(scope, where, ["stream"], choose_bucket(where.period, TREND_POINTS), ["requests"])
    names = [group[0] for group in trend.groups]
    buckets = zip(*trend.values["requests"], strict=True) if names else ()
    value = _share({one.name: one.figures["requests"] for one in streams})
    return Kpi(
        name="streaming_share",
        label="Streaming share",
        value=value,
        unit="ratio",
        before=before,
        reason="" if value is not None else "not recorded",
        trend=tuple(_share(dict(zip(names, counts, strict=True))) for counts in buckets),
    )


def _share(counts: dict[str | None, Number]) -> float | None:
    streamed, other = (counts.get(flag) or 0 for flag in ("true", "false"))
    return streamed / (streamed + other) if streamed + other else None
