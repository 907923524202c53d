"""What the costs page asks: of the log's totals and of single requests, and three commands of the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal

import redis

from helix_dash.log.buckets import choose_bucket
from helix_dash.log.query import Bucket, Number, RequestLog, Series
from helix_dash.metrics.budget_standing import Standing, standings
from helix_dash.metrics.budgets import KINDS, budgets
from helix_dash.metrics.cost_change import Change, cost_change
from helix_dash.metrics.counters import Reconciled, reconciled
from helix_dash.metrics.periods import aligned
from helix_dash.metrics.price_split import COMMON, Paid, Shadow, paid, shadows
from helix_dash.metrics.prices import PriceTable, prices
from helix_dash.metrics.projection import NEEDED, BackTest, Projection, back_test, daily, project
from helix_dash.metrics.ranks import Parts, Ranked, parted, rank_order, ranked
from helix_dash.metrics.repricing import Unpriced, unpriced
from helix_dash.metrics.summary import Card, cards
from helix_dash.model import Condition, Filter, Kpi, Period, Scope
from helix_dash.orders.book import Order, orders
from helix_dash.orders.kinds import RECOMPUTE, TAKE_BACK

MAX_BARS = 120
TOP = 8
RANKED = ("cost_usd", "requests", "total_tokens", "avoided_cost_usd", "unpriced_requests")
HEAT_DAYS = 28
AVERAGED = 30
"""Completed days that "average a day" is of, at most."""
CANDIDATES = 20

DIMS: dict[str, str] = {
    "model": "model",
    "endpoint": "endpoint",
    "provider": "provider",
    "team": "team",
    "user": "user",
    "key": "key_alias",
    "tag": "tags",
}
"""What spending can be split by → the column that tells."""

KPIS: tuple[Card, ...] = (
    ("cost_usd", "Spend", "usd", "none"),
    ("avoided_cost_usd", "Saved by the cache", "usd", "up"),
    ("unpriced_requests", "Unpriced requests", "count", "down"),
)


@dataclass(frozen=True, slots=True)
class Spending:
    """What totals tell.

    Args:
        kpis: the cards' figures.
        bucket: the width of a bucket.
        parts: dollars by the chosen dimension and bucket.
        past: dollars of the period before per bucket; ``None`` when it is not compared.
        ranking: the values of the dimension with their figures, the dearest first.
        groups: how many values there are.
        before: value → dollars of the period before.
        users: dollars by user, the dearest first.
        total: dollars of the period; ``None`` when unknown.
        heat: dollars by weekday (Monday first) and hour; ``None`` where nothing is known.
        heat_days: how many days ``heat`` is of.
        projection: the month, whatever the period.
        tested: how far off the projection's method was on known days; ``None`` with too few.
        standings: how budgets stand.
        counters: the gateway's own sums beside the log's.
        palette_order: the values of the dimension by cost over the last 30 days.
        names: what a budget can be of: kind → names of the log.
    """

    kpis: tuple[Kpi, ...]
    bucket: Bucket
    parts: Parts
    past: Series | None
    ranking: tuple[Ranked, ...]
    groups: int
    before: dict[str | None, Number]
    users: tuple[Ranked, ...]
    total: Number
    heat: tuple[tuple[Number, ...], ...]
    heat_days: int
    projection: Projection
    tested: BackTest | None
    standings: Sequence[Standing]
    counters: Reconciled
    palette_order: tuple[str | None, ...]
    names: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """What single requests tell.

    Args:
        requests: requests that totals tell of; ``None`` when unknown.
        held: those of them, and of the period before, whose rows are still there.
        earlier: requests of the period before.
        paid: what was bought, by model and provider.
        unpriced: what has no known cost, by model and provider.
        prices: the prices that operators have set.
        change: why cost changed against the period before.
        shadows: the same tokens at other models' prices.
        ordered: recomputations that were ordered, the newest first.
    """

    requests: int | None
    held: tuple[int, int]
    earlier: int | None
    paid: tuple[Paid, ...]
    unpriced: tuple[Unpriced, ...]
    prices: PriceTable
    change: Change
    shadows: tuple[Shadow, ...]
    ordered: tuple[Order, ...]

    @property
    def expired(self) -> int:
        """Requests of the period that totals tell of, and whose rows are gone."""
        return max(0, (self.requests or 0) - self.held[0])

    @property
    def expired_before(self) -> int:
        """The same of the period before."""
        return max(0, (self.earlier or 0) - self.held[1])


def spending(
    log: RequestLog,
    store: redis.Redis,
    scope: Scope,
    where: Filter,
    *,
    dim: str,
    zone: tzinfo,
    reporting: tzinfo,
    now: datetime,
    points: int = MAX_BARS,
    compare: bool = False,
) -> Spending:
    """What totals tell of ``where``; a bounded number of reads whatever the range.

    Args:
        log: the log, in the page's zone.
        store: where budgets and answers are kept.
        where: the page's filter.
        dim: one of :data:`DIMS`.
        zone: the page's zone: where days and months begin.
        reporting: the reporting zone: where budgets reset.
        now: the present instant.
        points: the most buckets a chart may have.
        compare: whether the charts show the period before as well.

    Raises:
        StoreUnavailable: the store did not answer, or the log was never read on this host.
        BadQuery: a condition cannot be asked.
    """
    column = DIMS[dim]
    bucket = choose_bucket(where.period, min(MAX_BARS, points))
    earlier = where.during(where.period.previous())
    over_time = log.series(scope, where, [column], bucket, ["cost_usd"])
    past = None
    if compare:
        past = aligned(log.series(scope, earlier, [], bucket, ["cost_usd"]), over_time, where.period)
    told = log.series(scope, where, [column], None, RANKED)
    then = log.series(scope, earlier, [column], None, ["cost_usd"])
    whole = log.series(scope, where, [], None, ["cost_usd"]).values["cost_usd"][0][0]
    history = daily(log, scope, where, zone, now)
    today = now.astimezone(zone).date()
    month = project(history, today)
    in_reporting = log.in_zone(reporting)
    stand = standings(in_reporting, budgets(store, scope), now, reporting)
    heat, heat_days = _heat(log, scope, where, zone, points)
    return Spending(
        kpis=(*_kpis(log, scope, where), *_month(log, scope, where, month, zone, now), _at_risk(stand)),
        bucket=bucket,
        parts=parted(over_time, TOP),
        past=past,
        ranking=ranked(told),
        groups=told.groups_total,
        before={group[0]: line[0] for group, line in zip(then.groups, then.values["cost_usd"], strict=True)},
        users=ranked(log.series(scope, where, ["user"], None, ["cost_usd", "requests"])),
        total=whole,
        heat=heat,
        heat_days=heat_days,
        projection=month,
        tested=back_test(history, today),
        standings=stand,
        counters=reconciled(in_reporting, store, scope, where.period, now, reporting),
        palette_order=rank_order(log, scope, column, now),
        names=_names(log, scope),
    )


def _names(log: RequestLog, scope: Scope) -> dict[str, tuple[str, ...]]:
    found = {kind: tuple(log.values(scope, column)) for kind, column in KINDS.items() if column}
    tags = {tag for words in found["tag"] for tag in words.split(";")}
    return found | {"tag": tuple(sorted(tags))}


def arithmetic(
    log: RequestLog, store: redis.Redis, scope: Scope, where: Filter, reporting: tzinfo
) -> Arithmetic:
    """What single requests tell of ``where``, and one command each for the prices that operators have set and for what
    was ordered.

    Raises:
        StoreUnavailable: the store did not answer, or the log was never read on this host.
        BadQuery: a condition cannot be asked.
    """
    table = prices(store, scope)
    earlier = where.during(where.period.previous())
    counts = [
        log.series(scope, one, [], None, ["requests"]).values["requests"][0][0] for one in (where, earlier)
    ]
    bought = paid(log, scope, where, table, reporting)
    candidates = [one.model for one in bought if one.model and one.chat][:CANDIDATES]
    candidates += [one.model for one in table.prices][:CANDIDATES]
    return Arithmetic(
        requests=None if counts[0] is None else int(counts[0]),
        held=(log.count(scope, where), log.count(scope, earlier)),
        earlier=None if counts[1] is None else int(counts[1]),
        paid=bought,
        unpriced=unpriced(log, scope, where, table, reporting),
        prices=table,
        change=cost_change(log, scope, where),
        shadows=shadows(bought, [*candidates, *COMMON], table, where.period.end, reporting),
        ordered=tuple(
            one
            for one in orders(store, (RECOMPUTE, TAKE_BACK))
            if scope.organization in (None, one.what.get("organization"))
        ),
    )


def _kpis(log: RequestLog, scope: Scope, where: Filter) -> tuple[Kpi, ...]:
    found = cards(log, scope, where, KPIS)
    now, before = (_unit_costs(log, scope, one) for one in (where, where.during(where.period.previous())))
    why = found[0].reason or ("no requests" if now[0] is None else "")
    return (
        *found,
        Kpi("cost_usd_per_request", "", now[0], "usd", before[0], "down", why),
        Kpi("costs_per_million", "", now[1], "usd", before[1], "down", why or "no tokens were priced"),
    )


def _unit_costs(log: RequestLog, scope: Scope, where: Filter) -> tuple[float | None, float | None]:
    """Dollars per request, and per million tokens of the requests whose cost is known."""
    names = ("cost_usd", "requests", "unpriced_requests", "total_tokens")
    values = log.series(scope, where, [], None, names).values
    cost, requests, without, tokens = (values[name][0][0] for name in names)
    if without:
        known = (Condition("cost_usd", "not_blank"), Condition("priced", "not_in", ("false",)))
        priced = Filter(where.period, (*where.conditions, *known))
        tokens = log.series(scope, priced, [], None, ["total_tokens"]).values["total_tokens"][0][0]
    each = cost / requests if cost is not None and requests else None
    return each, cost / tokens * 1_000_000 if cost is not None and tokens else None


def _month(
    log: RequestLog, scope: Scope, where: Filter, told: Projection, zone: tzinfo, now: datetime
) -> tuple[Kpi, ...]:
    """Month to date, its end, today against the same weekday by now, the average of completed days."""
    today = now.astimezone(zone)
    known = [(day, cost) for day, cost in told.history if cost is not None and day < today.date()][1:]
    known = known[-AVERAGED:]
    average = sum(float(cost) for _, cost in known) / len(known) if known else None
    midnight = today.replace(hour=0, minute=0, second=0, microsecond=0)
    week = timedelta(days=7)
    until = max(today - week, midnight - week + timedelta(seconds=1))
    last = log.totals(scope, where.during(Period(midnight - week, until)), ["cost_usd"])["cost_usd"]
    before = None if last is None else float(last)
    spent = next((cost for day, cost in told.history if day == today.date()), None)
    lacks = f"needs {NEEDED} days, there {'is' if told.days == 1 else 'are'} {told.days}"
    weekday = f"last {today:%a}, by {today:%H:%M}"
    days = "day" if len(known) == 1 else f"{len(known)} days"
    return (
        Kpi("costs_month", "", told.so_far, "usd", reason="nothing was recorded", note=f"since 1 {today:%B}"),
        Kpi("costs_month_end", "", told.end, "usd", reason=lacks, note=f"of {today:%B}"),
        Kpi("costs_today", "", spent, "usd", before, reason="nothing was recorded", note=f"vs. {weekday}" if before is not None else f"{weekday} is not known"),
        Kpi("costs_day_average", "", average, "usd", reason="no completed day", note=f"of {days}", trend=tuple(cost for _, cost in known)),
    )  # fmt: skip


def _at_risk(stand: Sequence[Standing]) -> Kpi:
    risky = sum(one.at_risk for one in stand)
    value = risky if stand else None
    return Kpi("costs_at_risk", "", value, "count", reason="there are no budgets", note=f"of {len(stand)}")


def _heat(
    log: RequestLog, scope: Scope, where: Filter, zone: tzinfo, points: int
) -> tuple[tuple[tuple[Number, ...], ...], int]:
    """Dollars by weekday and hour of the last days of the period, and how many those are."""
    days = max(1, min(HEAT_DAYS, points // 24 - 1))
    start = max(where.period.start, where.period.end - timedelta(days=days))
    part = where.during(Period(start, where.period.end))
    series = log.series(scope, part, [], "hour", ["cost_usd"])
    cells: list[list[Number]] = [[None] * 24 for _ in range(7)]
    for begins, cost in zip(series.starts, series.values["cost_usd"][0], strict=True):
        if cost is None:
            continue
        local = datetime.fromtimestamp(begins / 1000, zone)
        cells[local.weekday()][local.hour] = (cells[local.weekday()][local.hour] or 0) + cost
    length = part.period.length / timedelta(days=1)
    return tuple(tuple(line) for line in cells), max(1, round(length))


def saved(found: Sequence[Unpriced]) -> Decimal | None:
    """What all unpriced requests with a price by now would have cost; ``None`` when none has one."""
    known = [one.cost for one in found if one.cost is not None]
    return sum(known, Decimal(0)) if known else None
