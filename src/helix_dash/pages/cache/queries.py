"""What the cache page asks of the log's totals and of the gateway: a bounded number of reads, whatever the range."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import redis

from helix_dash.log.buckets import choose_bucket
from helix_dash.log.query import Bucket, Number, RequestLog, Series
from helix_dash.metrics.cache_gateway import GatewayCache, gateway_cache
from helix_dash.metrics.periods import aligned
from helix_dash.metrics.ranks import Ranked, rank_order, ranked
from helix_dash.metrics.summary import TREND_POINTS, why_unknown
from helix_dash.model import Filter, Kpi, Period, Scope, us_from_utc, utc_from_us
from helix_dash.orders.book import Order, orders
from helix_dash.samples.sources import CACHE_EVICT, CACHE_PROBE, CACHE_SETTING

MAX_BARS = 200
COUNTS = (
    "requests", "cache_hits_exact", "cache_hits_semantic", "cache_misses", "cache_bypass", "avoided_cost_usd",
    "cached_tokens", "input_tokens",
)  # fmt: skip
SPLIT = ("requests", "cache_hits_exact", "cache_hits_semantic", "cache_misses", "cache_bypass", "cache_hit_rate", "avoided_cost_usd")  # fmt: skip
DIMS = ("model", "team")
ORDERS = (CACHE_EVICT, CACHE_PROBE, CACHE_SETTING)


@dataclass(frozen=True, slots=True)
class Bypass:
    """Requests of one kind of call that never asked the cache.

    Args:
        endpoint: the kind of call.
        why: the reason, as far as the records tell.
        cost_usd: what they cost; ``None`` when no price is known.
    """

    endpoint: str | None
    why: str
    requests: int
    cost_usd: Number


@dataclass(frozen=True, slots=True)
class Cache:
    """What the page shows of totals and of the gateway.

    Args:
        kpis: the cards.
        bucket: the width of a bucket.
        timeline: outcomes and dollars per bucket; ``past`` of the period before, ``None`` when it is not compared.
        silent: requests that do not say what the cache did: failed ones, and those of gateways that do not tell.
        splits: by model and by team, most requests first.
        bypass: what never asked the cache, most requests first.
        gateway: what its own keys tell; ``None`` to who may not see all organizations, which keys do not know.
        counted: the log's totals, unfiltered, over the time in which the gateway's counters were watched.
        orders: what was ordered, the newest first.
        palette_order: models by cost: their colours.
    """

    kpis: tuple[Kpi, ...]
    bucket: Bucket
    timeline: Series
    past: Series | None
    silent: int | None
    splits: Mapping[str, tuple[Ranked, ...]]
    bypass: tuple[Bypass, ...]
    gateway: GatewayCache | None
    counted: Mapping[str, Number]
    orders: tuple[Order, ...]
    palette_order: tuple[str | None, ...]


def cache(
    log: RequestLog,
    store: redis.Redis,
    scope: Scope,
    where: Filter,
    *,
    now: datetime,
    points: int = MAX_BARS,
    compare: bool = False,
) -> Cache:
    """The page's figures for ``where``.

    Args:
        where: the page's filter.
        now: the present.
        points: the most buckets a chart may have; :data:`MAX_BARS` in any case.
        compare: whether charts show the period before as well.

    Raises:
        StoreUnavailable: the log has never been read on this host and the store does not answer.
        BadQuery: a condition names a value its column cannot hold.
    """
    bucket = choose_bucket(where.period, min(MAX_BARS, points))
    earlier = where.during(where.period.previous())
    timeline = log.series(scope, where, [], bucket, COUNTS)
    past = log.series(scope, earlier, [], bucket, COUNTS) if compare else None
    whole = log.series(scope, where, [], None, COUNTS)
    seen = scope.organization is None
    gateway = gateway_cache(store, where.period, us_from_utc(now)) if seen else None
    outcomes = log.series(scope, where, ["cache"], None, ["requests", "latency_ms_p50"])
    return Cache(
        kpis=_kpis(log, scope, where, whole, ranked(outcomes), gateway),
        bucket=bucket,
        timeline=timeline,
        past=aligned(past, timeline, where.period) if past else None,
        silent=_silent(_first(whole)),
        splits={dim: ranked(log.series(scope, where, [dim], None, SPLIT)) for dim in DIMS},
        bypass=_bypass(log, scope, where),
        gateway=gateway,
        counted=_counted(log, scope, where, gateway),
        orders=tuple(orders(store, ORDERS)) if seen else (),
        palette_order=rank_order(log, scope, "model", now),
    )


def _counted(log: RequestLog, scope: Scope, where: Filter, told: GatewayCache | None) -> dict[str, Number]:
    """What the log has of the time over which the gateway's counters were watched; empty when they were not."""
    if told is None or told.since is None:
        return {}
    watched = Period(max(where.period.start, utc_from_us(told.since)), where.period.end)
    return _first(log.series(scope, Filter(watched), [], None, COUNTS)) if watched.start < watched.end else {}


def _first(series: Series) -> dict[str, Number]:
    return {name: lines[0][0] for name, lines in series.values.items()}


def _silent(figures: Mapping[str, Number]) -> int | None:
    if figures["requests"] is None:
        return None
    told = sum(figures[name] or 0 for name in COUNTS[1:5])
    return int(figures["requests"] - told)


_Figure = Callable[[Mapping[str, Number]], Number]


def _hits(one: Mapping[str, Number]) -> Number:
    exact, semantic = one["cache_hits_exact"], one["cache_hits_semantic"]
    return None if exact is None or semantic is None else exact + semantic


def _rate(*parts: str) -> _Figure:
    def rate(one: Mapping[str, Number]) -> Number:
        hits, misses = _hits(one), one["cache_misses"]
        eligible = None if hits is None or misses is None else hits + misses
        return sum(one[part] or 0 for part in parts) / eligible if eligible else None

    return rate


def _provider(one: Mapping[str, Number]) -> Number:
    cached, tokens = one["cached_tokens"], one["input_tokens"]
    return cached / tokens if cached is not None and tokens else None


_CARDS: tuple[tuple[str, str, str, _Figure, str], ...] = (
    ("cache_hit_rate", "ratio", "up", _rate("cache_hits_exact", "cache_hits_semantic"), "no request was eligible"),
    ("avoided_cost_usd", "usd", "up", lambda one: one["avoided_cost_usd"], ""),
    ("cache_rate_exact", "ratio", "up", _rate("cache_hits_exact"), "no request was eligible"),
    ("cache_rate_semantic", "ratio", "up", _rate("cache_hits_semantic"), "no request was eligible"),
    ("cache_hits", "count", "up", _hits, ""),
    ("cache_misses", "count", "none", lambda one: one["cache_misses"], ""),
    ("cache_bypass", "count", "none", lambda one: one["cache_bypass"], ""),
    ("cache_provider", "ratio", "up", _provider, "no input tokens"),
)  # fmt: skip


def _kpis(
    log: RequestLog,
    scope: Scope,
    where: Filter,
    whole: Series,
    outcomes: tuple[Ranked, ...],
    gateway: GatewayCache | None,
) -> tuple[Kpi, ...]:
    before = _first(log.series(scope, where.during(where.period.previous()), [], None, COUNTS))
    trend = log.series(scope, where, [], choose_bucket(where.period, TREND_POINTS), COUNTS)
    now = _first(whole)
    points = [{name: lines[0][at] for name, lines in trend.values.items()} for at in range(len(trend.starts))]
    found = [
        Kpi(
            name,
            "",
            figure(now),
            unit,
            figure(before),
            "up" if good == "up" else "none",
            ""
            if figure(now) is not None
            else without
            if now["requests"]
            else why_unknown(name, now["requests"]),
            tuple(map(figure, points)),
            "of all input tokens" if name == "cache_provider" else "",
        )
        for name, unit, good, figure, without in _CARDS
    ]
    return (*found, *_latencies(outcomes), *_of_gateway(gateway))


def _latencies(outcomes: tuple[Ranked, ...]) -> tuple[Kpi, ...]:
    by = {one.name: one.figures for one in outcomes}
    hits = [by[name] for name in ("exact", "semantic") if name in by]
    # Percentiles do not add up: beside the exact cache's, the semantic one's stands in the note.
    exact = by.get("exact", {}).get("latency_ms_p50")
    semantic, missed = (by.get(name, {}).get("latency_ms_p50") for name in ("semantic", "miss"))
    shown = exact if exact is not None else semantic
    note = ""
    if exact is not None:
        note = "exact" + (f"; semantic {semantic:,.0f} ms" if semantic is not None else "")
    elif semantic is not None:
        note = "semantic"
    return (
        Kpi("cache_latency_hit", "", shown, "ms", None, "down", "no hits" if not hits else "their rows have expired", (), note),
        Kpi("cache_latency_miss", "", missed, "ms", None, "none", "no misses" if "miss" not in by else "their rows have expired", (), "of the provider's answers" if missed is not None else ""),
    )  # fmt: skip


def _of_gateway(found: GatewayCache | None) -> tuple[Kpi, ...]:
    if found is None:
        why = "for who sees all organizations"
        return tuple(Kpi(name, "", None, "count", reason=why) for name in ("cache_entries", "cache_memory", "cache_evicted", "cache_expiring"))  # fmt: skip
    why = "the collector has not asked" if found.answer is None else "the gateway's store did not answer"
    levels = (
        f"{found.exact or 0:,} exact, {found.semantic or 0:,} semantic" if found.total is not None else ""
    )
    if found.other:
        levels += f", {found.other:,} other"
    rough = f"~ from {found.sampled:,} of them" if found.sampled else ""
    memory = None if found.bytes is None else found.bytes / 1e6
    return (
        Kpi("cache_entries", "", found.total, "count", None, "none", why, (), levels),
        Kpi("cache_memory", "", memory, "count", None, "none", why, (), rough),
        Kpi("cache_evicted", "", found.evicted, "count", None, "down", "watched too short", (), "for want of memory"),
        Kpi("cache_expiring", "", None if found.expiring is None else round(found.expiring), "count", None, "none", why, (), rough or "no entries"),
    )  # fmt: skip


def _bypass(log: RequestLog, scope: Scope, where: Filter) -> tuple[Bypass, ...]:
    """By kind of call: one that never once asked the cache is not cached; in the others, somebody did not want it."""
    asked = log.series(scope, where, ["endpoint", "cache"], None, ["requests", "cost_usd"])
    counts: dict[tuple[str | None, str | None], tuple[Number, Number]] = {
        (group[0], group[1]): (asked.values["requests"][at][0], asked.values["cost_usd"][at][0])
        for at, group in enumerate(asked.groups)
    }
    eligible = {
        endpoint
        for (endpoint, outcome), (requests, _) in counts.items()
        if outcome in ("exact", "semantic", "miss") and requests
    }
    found = []
    for (endpoint, outcome), (requests, cost) in counts.items():
        if outcome != "bypass" or not requests:
            continue
        if not eligible:
            why = "No request asked the cache: it is off, or not set up"
        elif endpoint not in eligible:
            why = "The cache does not serve this kind of call"
        else:
            why = "They asked for no cache, or did not ask where it must be asked for"
        found.append(Bypass(endpoint, why, int(requests), cost))
    return tuple(sorted(found, key=lambda one: (-one.requests, one.endpoint or "")))
