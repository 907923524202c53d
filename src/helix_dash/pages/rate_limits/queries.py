"""What the page asks: a bounded number of reads of the log, and four commands of the store, whatever the range."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

import redis

from helix_dash.log.buckets import choose_bucket
from helix_dash.log.query import Bucket, Number, RequestLog, Series
from helix_dash.metrics.abuse import Sign, signs
from helix_dash.metrics.demand import MOST_DAYS, Advice, Use, advise, demand, uses
from helix_dash.metrics.headroom import Headroom, headroom
from helix_dash.metrics.limits import LimitTable, table
from helix_dash.metrics.origins import origin
from helix_dash.metrics.pressure import Breach, Heat, breached_minutes, breaches, heat
from helix_dash.metrics.server_limits import ServerLimits, server_limits
from helix_dash.model import Condition, Filter, Kpi, Period, Scope, us_from_utc

MAX_BARS = 120
HEAT_COLUMNS = 48
NEAR = 0.8
"""Share of a limit from which a key counts as near it."""


@dataclass(frozen=True, slots=True)
class RateLimits:
    """Everything the page shows.

    Args:
        kpis: the cards' figures.
        bucket: the width of a bucket of the charts.
        throttled: throttled requests per limiter and bucket.
        totals: the same in one sum per limiter.
        matrix: key → limiter → throttled requests, the most refused key first.
        limits: the table.
        uses: every key of the period, the one nearest to a limit first.
        heat: demand against limits, key by time.
        heat_starts: where the columns of ``heat`` begin, epoch milliseconds.
        told: breaches, the latest first.
        breach_lines: the most breached keys and their breached minutes per bucket.
        of_day: (key, limit) → breaches in the last 24 hours.
        headroom: what providers said was left.
        trends: key → requests per column of ``heat``.
        signs: signs of abuse.
        advice: which tier would fit whom.
        server: what FakeAI's own limiter counted.
        requests: all requests of the period, and their tokens.
    """

    kpis: tuple[Kpi, ...]
    bucket: Bucket
    throttled: Series
    totals: Mapping[str | None, int]
    matrix: Mapping[str | None, Mapping[str | None, int]]
    limits: LimitTable
    uses: Sequence[Use]
    heat: Heat
    heat_starts: Sequence[int]
    told: Sequence[Breach]
    breach_lines: Sequence[tuple[str | None, list[int]]]
    of_day: Mapping[tuple[str | None, str | None], int]
    headroom: Sequence[Headroom]
    trends: Mapping[str | None, Sequence[Number]]
    signs: Sequence[Sign]
    advice: Mapping[str | None, Advice]
    server: ServerLimits
    requests: tuple[Number, Number]


def rate_limits(
    log: RequestLog,
    store: redis.Redis,
    scope: Scope,
    where: Filter,
    *,
    now: datetime,
    zone: tzinfo,
    points: int = MAX_BARS,
) -> RateLimits:
    """The page's figures for ``where``; what looks minute by minute takes the last seven days of it.

    Raises:
        StoreUnavailable: the store did not answer, or the log was never read on this host.
        BadQuery: a condition cannot be asked.
    """
    known = table(store)
    start, end, at = us_from_utc(where.period.start), us_from_utc(where.period.end), us_from_utc(now)
    server = server_limits(store, start, end, at)
    bucket = choose_bucket(where.period, min(MAX_BARS, points))
    refused = Filter(where.period, (*where.conditions, Condition("status", "in", ("throttled",))))
    throttled = log.series(scope, refused, ["limiter"], bucket, ["throttled"])
    found = demand(log, scope, where)
    recent = where.during(found.period)
    columns = choose_bucket(recent.period, HEAT_COLUMNS)
    trends = log.series(scope, recent, ["key_alias"], columns, ["requests"])
    told = breaches(log, scope, where, found, known)
    held = uses(log, scope, recent, known, at, zone)
    left = headroom(log, scope, recent, throttled.starts)
    totals, before = (_totals(log, scope, one) for one in (where, where.during(where.period.previous())))
    return RateLimits(
        kpis=_kpis(totals, before, throttled, held, left, told),
        bucket=bucket,
        throttled=throttled,
        totals={name: count for name, count in totals.by_limiter.items() if count},
        matrix=_matrix(log.series(scope, refused, ["key_alias", "limiter"], None, ["throttled"])),
        limits=known,
        uses=held,
        heat=heat(found, known, trends.starts),
        heat_starts=trends.starts,
        told=told,
        breach_lines=breached_minutes(told, throttled.starts),
        of_day=_of_day(log, scope, where, known, now),
        headroom=left,
        trends={group[0]: trends.values["requests"][place] for place, group in enumerate(trends.groups)},
        signs=signs(log, scope, where, zone),
        advice={one.key: advice for one in held if (advice := advise(one, known)) is not None},
        server=server,
        requests=(totals.requests, totals.tokens),
    )


@dataclass(frozen=True, slots=True)
class _Totals:
    requests: Number
    throttled: Number
    tokens: Number
    by_limiter: Mapping[str | None, int]


def _totals(log: RequestLog, scope: Scope, where: Filter) -> _Totals:
    whole = log.series(scope, where, [], None, ["requests", "throttled", "total_tokens"]).values
    parts = log.series(scope, where, ["limiter"], None, ["throttled"])
    by_limiter = {
        group[0]: int(parts.values["throttled"][at][0] or 0) for at, group in enumerate(parts.groups)
    }
    return _Totals(whole["requests"][0][0], whole["throttled"][0][0], whole["total_tokens"][0][0], by_limiter)  # fmt: skip


def _matrix(series: Series) -> dict[str | None, dict[str | None, int]]:
    found: dict[str | None, dict[str | None, int]] = {}
    for place, (key, limiter) in enumerate(series.groups):
        count = int(series.values["throttled"][place][0] or 0)
        if count:
            found.setdefault(key, {})[limiter] = count
    return dict(sorted(found.items(), key=lambda item: (-sum(item[1].values()), item[0] or "")))


def _of_day(
    log: RequestLog, scope: Scope, where: Filter, limits: LimitTable, now: datetime
) -> Counter[tuple[str | None, str | None]]:
    day = where.during(Period(now - timedelta(hours=24), now))
    told = breaches(log, scope, day, demand(log, scope, day), limits)
    return Counter((one.key, one.limit) for one in told)


def _kpis(
    now: _Totals,
    before: _Totals,
    throttled: Series,
    held: Sequence[Use],
    left: Sequence[Headroom],
    told: Sequence[Breach],
) -> tuple[Kpi, ...]:
    limited = [use for use in held if use.highest is not None]
    highest = max((use.highest or 0 for use in limited), default=None)
    nearest = limited[0].key or "requests without a key" if limited else ""
    near = sum((use.highest or 0) > NEAR for use in limited) if limited else None
    least = left[0].lowest if left else None
    trend = tuple(_sum(values) for values in zip(*throttled.values["throttled"], strict=True))
    silent = "no requests" if not now.requests else "nobody has a limit"
    ours, theirs = (_side(now, ours=side) for side in (True, False))
    ours_before, theirs_before = (_side(before, ours=side) for side in (True, False))
    minutes = len({(one.key, one.minute) for one in told})
    days = f"at most the last {MOST_DAYS} days"
    return (
        Kpi("throttled", "", now.throttled, "count", before.throttled, "down", "nothing was recorded", trend),
        Kpi("limits_highest", "", highest, "ratio", None, "down", silent, (), f"{nearest}, now"),
        Kpi("limits_near", "", near, "count", None, "down", silent, (), f"of {len(limited)} keys with limits"),
        Kpi("limits_headroom", "", least, "ratio", None, "up", "no provider told its limits", (), f"{left[0].provider}, least in this view" if left else ""),
        Kpi("throttled_rate", "", _ratio(now.throttled, now.requests), "ratio", _ratio(before.throttled, before.requests), "down", "no requests"),
        Kpi("throttled_ours", "", ours, "count", ours_before, "down", "nothing was recorded"),
        Kpi("throttled_provider", "", theirs, "count", theirs_before, "down", "nothing was recorded"),
        Kpi("limits_breached_minutes", "", minutes, "count", None, "down", "", (), days),
        Kpi("limits_keys", "", len(limited) if held else None, "count", None, "none", "no requests", (), f"of {len(held)} keys in this view"),
        Kpi("limits_retry_after", "", None, "ms", reason="not in the records"),
    )  # fmt: skip


def _side(totals: _Totals, *, ours: bool) -> Number:
    if totals.throttled is None:
        return None
    return sum(count for word, count in totals.by_limiter.items() if word and origin(word).ours is ours)


def _ratio(part: Number, whole: Number) -> float | None:
    return part / whole if part is not None and whole else None


def _sum(values: Sequence[Number]) -> Number:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
