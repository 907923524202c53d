"""What the page asks: a bounded number of reads of the log, and four commands of the store, whatever the range."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

import redis

from helix_dash.log.query import Number, RequestLog
from helix_dash.metrics import budget_standing
from helix_dash.metrics.activity import (
    Activity,
    Cohort,
    Growth,
    active,
    actives,
    activity,
    cohorts,
    growth,
    stickiness,
    weekly_pattern,
)
from helix_dash.metrics.budgets import budgets
from helix_dash.metrics.gateway_users import Counted, GatewayUsers, gateway_users
from helix_dash.metrics.key_hygiene import Hygiene, hygiene
from helix_dash.metrics.limits import table
from helix_dash.metrics.people import Pairs, Standings, pairs, standings
from helix_dash.metrics.sudden import Change, changes
from helix_dash.metrics.user_groups import Group, groups
from helix_dash.model import Filter, Kpi, Period, Scope

LEAST_DAYS = 30
"""Days that charts of growth show at least: nobody grows within an hour."""
HOUR_POINTS = 28 * 24


@dataclass(frozen=True, slots=True)
class People:
    """What the page shows of users and teams.

    Args:
        kpis: the cards' figures.
        users: everybody with requests in the period.
        users_before: user → dollars and requests of the period before.
        teams: the same of teams.
        teams_before: the same.
        of: which users have requests in which teams.
        activity: who was active on which day.
        firsts: user → the first day seen.
        lasts: user → the last day seen.
        days: the first and the last day of the charts of growth.
        daily: active users per day, over 1, 7 and 30 days.
        growth: new users.
        cohorts: who came back.
        pattern: requests of a usual hour by weekday and hour.
        pattern_hours: how many hours that is out of.
        changes: sudden changes of users.
        team_changes: of teams.
        budgets: user → how the budget of theirs stands that is used most.
        counted: the gateway's own counters, when the log has no request at all.
    """

    kpis: tuple[Kpi, ...]
    users: Standings
    users_before: Mapping[str | None, tuple[float | None, int]]
    teams: Standings
    teams_before: Mapping[str | None, tuple[float | None, int]]
    of: Pairs
    activity: Activity
    firsts: Mapping[str, int]
    lasts: Mapping[str, int]
    days: tuple[int, int]
    daily: Mapping[int, Sequence[Number]]
    growth: Growth
    cohorts: Sequence[Cohort]
    pattern: Sequence[Sequence[Number]]
    pattern_hours: int
    changes: Sequence[Change]
    team_changes: Sequence[Change]
    budgets: Mapping[str, budget_standing.Standing]
    counted: Sequence[Counted] = ()


def people(
    log: RequestLog,
    store: redis.Redis,
    scope: Scope,
    where: Filter,
    *,
    now: datetime,
    zone: tzinfo,
    points: int = HOUR_POINTS,
) -> People:
    """The page's figures of people for ``where``; of a log without any request, what the gateway counted.

    Args:
        store: where budgets are, and what the collector kept of what the gateway told.
        points: the most buckets a question may have.

    Raises:
        StoreUnavailable: the store did not answer, or the log was never read on this host.
        BadQuery: a condition cannot be asked.
    """
    held = _held(log, store, scope, now, zone)
    seen = activity(log, scope, where, now, zone)
    users, teams = (standings(log, scope, where, column) for column in ("user", "team"))
    earlier = where.during(where.period.previous())
    first, last = _days(where.period, seen.today, zone)
    pattern, hours = weekly_pattern(log, scope, where, zone, min(points, HOUR_POINTS))
    return People(
        kpis=(*_active(seen), _new(log, scope, where, users, seen, zone), _teams(teams), _over(held)),
        users=users,
        users_before=_before(standings(log, scope, earlier, "user")),
        teams=teams,
        teams_before=_before(standings(log, scope, earlier, "team")),
        of=pairs(log, scope, where, "user", "team"),
        activity=seen,
        firsts=seen.firsts(),
        lasts=seen.lasts(),
        days=(first, last),
        daily={days: actives(seen, first, last, days) for days in (1, 7, 30)},
        growth=growth(seen, first, last),
        cohorts=cohorts(seen),
        pattern=pattern,
        pattern_hours=hours,
        changes=changes(seen),
        team_changes=changes(activity(log, scope, where, now, zone, "team")),
        budgets=held,
        counted=() if log.health().rows else gateway_users(log, store, scope, now, zone).users,
    )


def _held(
    log: RequestLog, store: redis.Redis, scope: Scope, now: datetime, zone: tzinfo
) -> dict[str, budget_standing.Standing]:
    known = [one for one in budgets(store, scope) if one.kind == "user"]
    ranked = budget_standing.standings(log, known, now, zone) if known else []
    return {
        one.budget.name: one for one in reversed(ranked)
    }  # the one that is used most comes last, and stays


def _over(held: Mapping[str, budget_standing.Standing]) -> Kpi:
    over = sum(one.over for one in held.values())
    reason = "" if held else "no user has a budget"
    return Kpi("users_over_budget", "", over if held else None, "count", None, "down", reason, (), f"of {len(held):,} with a budget")  # fmt: skip


def _days(period: Period, today: int, zone: tzinfo) -> tuple[int, int]:
    """The days of ``period``, and as many before it as make them :data:`LEAST_DAYS`."""
    last = (period.end - timedelta(microseconds=1)).astimezone(zone).date().toordinal()
    first = period.start.astimezone(zone).date().toordinal()
    last = min(last, today)
    return max(min(first, last - LEAST_DAYS + 1), last - 399), last


def _before(found: Standings) -> dict[str | None, tuple[float | None, int]]:
    return {one.name: (one.cost, one.requests) for one in found.all}


def _active(seen: Activity) -> tuple[Kpi, ...]:
    today, silent = seen.today, "" if seen.begin is not None else "nothing was recorded"
    trend = {days: tuple(actives(seen, today - 29, today, days)) for days in (1, 7, 30)}

    def count(last: int, days: int) -> int | None:
        known = seen.begin is not None and last >= seen.begin
        return active(seen, last, days) if known else None

    def whole(last: int, days: int) -> int | None:
        return count(last, days) if seen.begin is not None and last - days + 1 >= seen.begin else None

    yesterday = whole(today - 1, 1)
    begun = seen.begin is not None and today - 29 < seen.begin
    note = f"yesterday {yesterday:,}" if yesterday is not None else "so far"
    return (
        Kpi("users_daily", "", count(today, 1), "count", None, "none", silent, trend[1], note),
        Kpi("users_weekly", "", count(today, 7), "count", whole(today - 7, 7), "up", silent, trend[7]),
        Kpi("users_monthly", "", count(today, 30), "count", whole(today - 30, 30), "up", silent, trend[30],
            "the log is younger than 30 days" if begun else ""),
        Kpi("users_stickiness", "", stickiness(seen, today - 1), "ratio", stickiness(seen, today - 31), "up",
            "needs 30 whole days" if seen.begin is not None else "nothing was recorded", (), "DAU/MAU of 30 whole days"),
    )  # fmt: skip


def _new(log: RequestLog, scope: Scope, where: Filter, users: Standings, seen: Activity, zone: tzinfo) -> Kpi:
    """Users of the period who were not seen before it; whoever is there when the log begins is not new."""
    if seen.begin is None:
        return Kpi("users_new", "", None, "count", reason="nothing was recorded")
    local = where.period.start.astimezone(zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    start = max(local.date().toordinal(), seen.begin + 1)
    known = set(seen.table.filter(seen.table["day"] < start)["name"])
    if start == local.date().toordinal() and midnight < local:
        known |= set(standings(log, scope, where.during(Period(midnight, where.period.start)), "user").names)
    names = set(users.names)
    new = len(names - known)
    note = "whoever was there on the log's first day is not new" if start != local.date().toordinal() else f"of {len(names):,} with requests"  # fmt: skip
    return Kpi("users_new", "", new, "count", None, "up", "", (), note)


def _teams(teams: Standings) -> Kpi:
    if not teams.whole:
        return Kpi("users_teams", "", None, "count", reason="single requests of this time have expired")
    return Kpi("users_teams", "", len(teams.names), "count", reason="", note="with requests in this view")


@dataclass(frozen=True, slots=True)
class Kept:
    """What the page shows of keys, groups and the gateway's own counters.

    Args:
        kpis: the cards' figures.
        hygiene: what is wrong with keys.
        groups: groups of users, each with its requests and dollars in the period.
        gateway: what the gateway counted.
        names: users of the log, for the form.
        everywhere: whether the asker sees all organizations, so that each group says whose it is.
    """

    kpis: tuple[Kpi, ...]
    hygiene: Hygiene
    groups: Sequence[tuple[Group, int, float | None, int]]
    gateway: GatewayUsers
    names: Sequence[str]
    everywhere: bool


def kept(
    log: RequestLog, store: redis.Redis, scope: Scope, where: Filter, *, now: datetime, zone: tzinfo
) -> Kept:
    """The page's figures that need the store, too.

    Raises:
        StoreUnavailable: the store did not answer, or the log was never read on this host.
        BadQuery: a condition cannot be asked.
    """
    known, made = table(store), groups(store, scope)
    counted = gateway_users(log, store, scope, now, zone)
    keys = hygiene(log, scope, where, known, now, zone)
    users = standings(log, scope, where, "user")
    return Kept(
        _keys(keys),
        keys,
        [_group(one, users) for one in made],
        counted,
        users.names[:500],
        scope.organization is None,
    )


def _group(group: Group, users: Standings) -> tuple[Group, int, float | None, int]:
    """A group, its requests, its dollars, and how many of its members have any request in the period."""
    members = set(group.members)
    found = [one for one in users.all if one.name in members]
    costs = [one.cost for one in found if one.cost is not None]
    cost = sum(costs) if costs else None if found else 0.0
    return group, sum(one.requests for one in found), cost, len(found)


def _keys(keys: Hygiene) -> tuple[Kpi, ...]:
    none = "" if keys.known else "no key was recorded"
    value = keys.known or None
    of = f"of {keys.known:,} known"
    return (
        Kpi("users_keys_active", "", keys.active if value else None, "count", None, "none", none, (), of),
        Kpi("users_keys_unused", "", keys.unused if value else None, "count", None, "down", none, (), of),
        Kpi("users_keys_expiring", "", None, "count", reason="no expiry is recorded"),
    )
