"""The figures of a period at a glance: ``/api/v1/summary`` and the overview's cards, from one reading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from helix_dash.log.buckets import choose_bucket
from helix_dash.log.query import RequestLog, Series
from helix_dash.log.shown import iso
from helix_dash.model import Filter, Kpi, Period, Scope, utc_from_us

Good = Literal["up", "down", "none"]

TREND_POINTS = 60
"""Buckets of a sparkline at most: the small ones are 88 pixels wide."""

NOW_MINUTES = 5
"""How many whole minutes "now" is: one alone jumps about."""


@dataclass(frozen=True, slots=True)
class Summary:
    """The requests that match a filter. Names, units and rules: docs/api.md. ``None`` is unknown.

    Args:
        as_of: ISO 8601 UTC: up to here the figures are complete.
        dropped: records that never reached the log, of everybody and of all time.
        simulated_share: the share of simulated requests, 0–1.
    """

    requests: int | None
    success: int | None
    cancelled: int | None
    errors: int | None
    error: int | None
    throttled: int | None
    blocked: int | None
    success_rate: float | None
    input_tokens: int | None
    uncached_tokens: int | None
    cached_tokens: int | None
    cache_write_tokens: int | None
    output_tokens: int | None
    visible_tokens: int | None
    reasoning_tokens: int | None
    total_tokens: int | None
    cost_usd: Decimal | None
    avoided_cost_usd: Decimal | None
    unpriced_requests: int | None
    cache_hits_exact: int | None
    cache_hits_semantic: int | None
    cache_misses: int | None
    cache_bypass: int | None
    cache_hit_rate: float | None
    latency_ms_p50: float | None
    latency_ms_p90: float | None
    latency_ms_p95: float | None
    latency_ms_p99: float | None
    ttft_ms_p50: float | None
    ttft_ms_p95: float | None
    output_tokens_per_second: float | None
    simulated_requests: int | None
    simulated_share: float | None
    as_of: str | None
    dropped: int


_APART = ("as_of", "dropped", "simulated_share")
MEASURED = tuple(name for name in Summary.__dataclass_fields__ if name not in _APART)

Card = tuple[str, str, str, Good]
"""A measure, its words, its unit, and which direction of it is good news."""

_KPIS: tuple[Card, ...] = (
    ("requests", "Requests", "count", "none"),
    ("success_rate", "Success rate", "ratio", "up"),
    ("latency_ms_p95", "Latency p95", "ms", "down"),
    ("cost_usd", "Cost", "usd", "none"),
    ("errors", "Errors", "count", "down"),
    ("ttft_ms_p95", "Time to first token p95", "ms", "down"),
    ("total_tokens", "Tokens", "tokens", "none"),
    ("cache_hit_rate", "Cache hit rate", "ratio", "up"),
    ("input_tokens", "Input tokens", "tokens", "none"),
    ("cached_tokens", "Cached input", "tokens", "none"),
    ("output_tokens", "Output tokens", "tokens", "none"),
    ("avoided_cost_usd", "Saved by the cache", "usd", "up"),
    ("unpriced_requests", "Unpriced requests", "count", "down"),
    ("output_tokens_per_second", "Output tokens/s", "count", "up"),
)

_WITHOUT: dict[str, str] = {
    "success_rate": "no finished requests",
    "cost_usd": "no request has a known price",
    "cache_hit_rate": "no request was eligible",
    "latency_ms_p95": "no successful requests",
    "latency_ms_p50": "no successful requests",
    "latency_ms_p99": "no successful requests",
    "ttft_ms_p50": "no streamed requests",
    "ttft_ms_p95": "no streamed requests",
    "output_tokens_per_second": "no output tokens",
}
"""Why a figure is unknown although requests were recorded."""


def summary(log: RequestLog, scope: Scope, where: Filter) -> Summary:
    """Every figure of the requests that match ``where`` and that ``scope`` may see.

    Raises:
        StoreUnavailable: the log has never been read on this host and the store does not answer.
        BadQuery: a condition cannot be asked.
    """
    figures: dict[str, Any] = log.totals(scope, where, MEASURED)
    known = log.health()
    return Summary(
        **figures,
        simulated_share=_share(figures["simulated_requests"], figures["requests"]),
        as_of=None if known.as_of is None else iso(known.as_of),
        dropped=known.dropped,
    )


def kpis(log: RequestLog, scope: Scope, where: Filter) -> tuple[Kpi, ...]:
    """The overview's cards: each figure, the same over the period before, and its course within the period.

    Raises:
        StoreUnavailable: the log has never been read on this host and the store does not answer.
        BadQuery: a condition cannot be asked.
    """
    found = cards(log, scope, where, _KPIS)
    by_name = {kpi.name: kpi for kpi in found}
    unpriced = _noted(by_name["unpriced_requests"], by_name["requests"])
    per_request = _per_request(by_name["cost_usd"], by_name["requests"])
    return (*(unpriced if kpi.name == unpriced.name else kpi for kpi in found), per_request)


def cards(log: RequestLog, scope: Scope, where: Filter, wanted: Sequence[Card]) -> tuple[Kpi, ...]:
    """The ``wanted`` figures of ``where``, the same over the period before, and their course within the period.

    Raises:
        StoreUnavailable: the log has never been read on this host and the store does not answer.
        BadQuery: a condition cannot be asked.
    """
    names = ("requests", *(name for name, *_ in wanted if name != "requests"))
    now = log.series(scope, where, (), None, names)
    before = log.series(scope, where.during(where.period.previous()), (), None, names)
    trend = log.series(scope, where, (), choose_bucket(where.period, TREND_POINTS), names)
    return tuple(
        Kpi(
            name=name,
            label=label,
            value=now.values[name][0][0],
            unit=unit,
            before=before.values[name][0][0],
            good=good,
            reason=_reason(name, now),
            trend=tuple(trend.values[name][0]),
        )
        for name, label, unit, good in wanted
    )


def requests_per_minute(log: RequestLog, scope: Scope, where: Filter, now: datetime) -> Kpi:
    """How many requests a minute come in now, whatever the period: the mean of the last :data:`NOW_MINUTES` whole ones.

    Args:
        now: the present instant.

    Raises:
        StoreUnavailable: the log has never been read on this host and the store does not answer.
        BadQuery: a condition cannot be asked.
    """
    as_of = log.health().as_of
    end = now if as_of is None else min(now, utc_from_us(as_of))
    end = end.replace(second=0, microsecond=0)
    hour = where.during(Period(end - timedelta(hours=1), end))
    trend = tuple(log.series(scope, hour, (), "minute", ["requests"]).values["requests"][0])
    last = [count for count in trend[-NOW_MINUTES:] if count is not None]
    return Kpi(
        name="requests_per_minute",
        label="Requests/min now",
        value=sum(last) / len(last) if last else None,
        unit="count",
        reason="" if last else "nothing was recorded",
        trend=trend,
        note=f"last {NOW_MINUTES} minutes",
    )


def _noted(unpriced: Kpi, requests: Kpi) -> Kpi:
    """With the share of all requests beside it: a count alone does not say whether it matters."""
    if not unpriced.value or not requests.value:
        return unpriced
    return replace(unpriced, note=f"{unpriced.value / requests.value:.1%} of requests")


def _per_request(cost: Kpi, requests: Kpi) -> Kpi:
    def divided(money: float | int | None, count: float | int | None) -> float | None:
        return money / count if money is not None and count else None

    return Kpi(
        name="cost_usd_per_request",
        label="Cost per request",
        value=divided(cost.value, requests.value),
        unit="usd",
        before=divided(cost.before, requests.before),
        reason=cost.reason or ("" if requests.value else "no requests"),
        trend=tuple(divided(money, count) for money, count in zip(cost.trend, requests.trend, strict=True)),
    )


def _reason(name: str, now: Series) -> str:
    if now.values[name][0][0] is not None:
        return ""
    if now.expired:
        return "single requests of this time have expired"
    return why_unknown(name, now.values["requests"][0][0])


def why_unknown(name: str, requests: float | None) -> str:
    """Why figure ``name`` of a period with so many ``requests`` is unknown, in a few words."""
    if requests is None:
        return "nothing was recorded"
    return _WITHOUT.get(name, "no requests") if requests else "no requests"


def _share(part: int | None, whole: int | None) -> float | None:
    return part / whole if part is not None and whole else None
