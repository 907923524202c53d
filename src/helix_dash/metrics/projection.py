"""What a period will have cost: so far, and what its remaining days usually cost, by the weekday.

The method is kept simple on purpose, so that everybody can check it. Of the last eight weeks' completed days that are
known, each weekday has a mean (the mean of all of them where that weekday did not occur). What is to come, P50, is the
sum of those means over the days that remain; of today, what is missing to its mean. P10 and P90 are that sum less and
plus :data:`RANK` × s × √n: s is the standard deviation of the completed days about the mean of their weekday, n the
days that remain (today counts by the share of it that is to come). Nothing about growth is assumed.

:func:`back_test` holds it against the plain mean of the same days.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from helix_dash.log.query import Number, RequestLog
from helix_dash.model import Filter, Period, Scope

NEEDED = 14
"""Completed days without which nothing is projected: two of each weekday."""

LOOKED_AT = 56
"""Days back that are looked at."""

RANK = 1.2816
"""Standard deviations between the median and the 90th percentile of a normal distribution."""

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Projection:
    """A period's cost in dollars; a calendar month's when nothing else was asked.

    Args:
        days: completed days that are known, of the last :data:`LOOKED_AT`.
        so_far: the period's cost until now; ``None`` when nothing of it is known.
        end: what the period will have cost (P50); ``None`` with fewer than :data:`NEEDED` days.
        low: P10 of the same.
        high: P90.
        today: what today cost so far.
        history: each completed day and today with its cost, oldest first; ``None`` where it is not known.
        ahead: each remaining day with its mean, and its own P10 and P90; today's is what is still to come.
        fan: each remaining day with P10, P50 and P90 of the period's cost at its end.
        usual_today: what a whole day of today's weekday usually costs; ``None`` with fewer than :data:`NEEDED` days.
    """

    days: int
    so_far: float | None
    end: float | None
    low: float | None
    high: float | None
    today: float
    history: tuple[tuple[date, Number], ...]
    ahead: tuple[tuple[date, float, float, float], ...]
    fan: tuple[tuple[date, float, float, float], ...] = ()
    usual_today: float | None = None

    def reaches(self, limit: float) -> date | None:
        """The first remaining day at whose end P50 is at ``limit`` or beyond; ``None`` when none is."""
        return next((day for day, _, middle, _ in self.fan if middle >= limit), None)


def projection(log: RequestLog, scope: Scope, where: Filter, zone: tzinfo, now: datetime) -> Projection:
    """The month's projection for the conditions of ``where``, whatever its period.

    Args:
        log: the log, whose days begin in ``zone``.
        zone: where months begin.
        now: the present instant.
    """
    return project(daily(log, scope, where, zone, now), now.astimezone(zone).date())


def daily(
    log: RequestLog, scope: Scope, where: Filter, zone: tzinfo, now: datetime, back: int = LOOKED_AT
) -> tuple[tuple[date, Number], ...]:
    """What each of the last ``back`` days and today cost, for the conditions of ``where``, whatever its period.

    A quiet day costs 0, but what lies before the first request says nothing: ``None``.
    """
    midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    first = (midnight - back * DAY).replace(tzinfo=zone)
    series = log.series(scope, where.during(Period(first, now)), [], "day", ["cost_usd", "requests"])
    known: list[tuple[date, Number]] = []
    started = False
    lines = zip(series.starts, series.values["cost_usd"][0], series.values["requests"][0], strict=True)
    for start, cost, requests in lines:
        started = started or bool(requests)
        known.append((datetime.fromtimestamp(start / 1000, zone).date(), cost if started else None))
    return tuple(known)


def project(
    history: Sequence[tuple[date, Number]],
    today: date,
    *,
    since: date | None = None,
    until: date | None = None,
) -> Projection:
    """The projection from each day's cost; ``None`` where it is not known.

    The first known day is left out: the log may have begun in its middle.

    Args:
        history: days and their cost, oldest first, today's at the end.
        today: the day that is not over.
        since: the period's first day; that of today's month without one.
        until: the day after its last; that of today's month without one.
    """
    since = since or today.replace(day=1)
    until = until or (today.replace(day=1) + 32 * DAY).replace(day=1)
    begun = [day for day, cost in history if cost is not None]
    done = {
        day: float(cost)
        for day, cost in history
        if cost is not None and max(begun[0], today - LOOKED_AT * DAY - DAY) < day < today
    }
    so_far = [float(cost) for day, cost in history if cost is not None and day >= since]
    spent = next((float(cost) for day, cost in history if day == today and cost is not None), 0.0)
    month = math.fsum(so_far) if so_far else None
    if len(done) < NEEDED:
        return Projection(len(done), month, None, None, None, spent, tuple(history), ())
    usual, spread = Usual.of(done), _spread(done)
    ahead, fan, sums, weight = [], [], month or 0.0, 0.0
    day = today
    while day < until:
        whole = usual.at(day)
        mean = max(0.0, whole - spent) if day == today else whole
        share = (mean / whole if whole else 0.0) if day == today else 1.0
        sums, weight = sums + mean, weight + share
        own, wide = RANK * spread * math.sqrt(share), RANK * spread * math.sqrt(weight)
        ahead.append((day, mean, max(0.0, mean - own), mean + own))
        fan.append((day, max(month or 0.0, sums - wide), sums, sums + wide))
        day += DAY
    if not fan:
        return Projection(len(done), month, month, month, month, spent, tuple(history), ())
    _, low, end, high = fan[-1]
    return Projection(
        len(done), month, end, low, high, spent, tuple(history), tuple(ahead), tuple(fan), usual.at(today)
    )


@dataclass(frozen=True, slots=True)
class Usual:
    """What days usually cost: a mean per weekday, Monday is 0, and that of all days."""

    weekdays: Mapping[int, float]
    mean: float

    @classmethod
    def of(cls, done: Mapping[date, float]) -> Usual:
        """The means of completed days; there is at least one."""
        by: dict[int, list[float]] = {}
        for day, cost in done.items():
            by.setdefault(day.weekday(), []).append(cost)
        means = {weekday: math.fsum(costs) / len(costs) for weekday, costs in by.items()}
        return cls(means, math.fsum(done.values()) / len(done))

    def at(self, day: date) -> float:
        """The mean of days like ``day``."""
        return self.weekdays.get(day.weekday(), self.mean)


def _spread(done: Mapping[date, float]) -> float:
    """The standard deviation of days about the mean of their weekday."""
    usual = Usual.of(done)
    squares = math.fsum((cost - usual.at(day)) ** 2 for day, cost in done.items())
    return math.sqrt(squares / max(1, len(done) - len(usual.weekdays)))


@dataclass(frozen=True, slots=True)
class BackTest:
    """How far off a forecast of whole days was, in dollars a day on average, on days whose cost is known by now.

    Args:
        days: how many days were forecast.
        error: the mean absolute error of the weekday's mean.
        naive: that of the mean of all days.
        mean: what those days cost on average.
    """

    days: int
    error: float
    naive: float
    mean: float


def back_test(history: Sequence[tuple[date, Number]], today: date, ahead: int = 7) -> BackTest | None:
    """Each known day forecast from what was known ``ahead`` days before it; ``None`` when none can be.

    Only days with at least :data:`NEEDED` known ones before that point count.
    """
    known = [(day, float(cost)) for day, cost in history if cost is not None and day < today][1:]
    errors: list[tuple[float, float, float]] = []
    for at, (day, cost) in enumerate(known):
        before = dict(known[: max(0, at - ahead + 1)][-LOOKED_AT:])
        if len(before) < NEEDED:
            continue
        usual = Usual.of(before)
        errors.append((abs(usual.at(day) - cost), abs(usual.mean - cost), cost))
    if not errors:
        return None
    error, naive, mean = (math.fsum(column) / len(errors) for column in zip(*errors, strict=True))
    return BackTest(len(errors), error, naive, mean)
