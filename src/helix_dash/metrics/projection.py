"""What a month will have cost: so far, and what its remaining days usually cost, by the weekday.

The method is kept simple on purpose, so that everybody can check it. Of the last eight weeks' completed days that are
known, each weekday has a mean (the mean of all of them where that weekday did not occur). What is to come is the sum of
those means over the days that remain; of today, what is missing to its mean. The range is what it would be were each
remaining day like the tenth or the ninetieth percentile of the completed days. Nothing about growth is assumed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from helix_dash.log.query import Number, RequestLog
from helix_dash.model import Filter, Period, Scope

NEEDED = 7
"""Completed days without which nothing is projected: one of each weekday."""

LOOKED_AT = 56
"""Days back that are looked at."""


@dataclass(frozen=True, slots=True)
class Projection:
    """A month's cost in dollars.

    Args:
        days: completed days that are known, of the last :data:`LOOKED_AT`.
        so_far: the month's cost until now; ``None`` when nothing of it is known.
        end: what the month will have cost; ``None`` with fewer than :data:`NEEDED` days.
        low: the same, were each remaining day like the tenth percentile of the completed ones.
        high: were it like the ninetieth.
        today: what today cost so far.
        history: each completed day and today with its cost, oldest first; ``None`` where it is not known.
        ahead: each remaining day of the month with its mean, low and high; today's is what is still to come.
    """

    days: int
    so_far: float | None
    end: float | None
    low: float | None
    high: float | None
    today: float
    history: tuple[tuple[date, Number], ...]
    ahead: tuple[tuple[date, float, float, float], ...]


def projection(log: RequestLog, scope: Scope, where: Filter, zone: tzinfo, now: datetime) -> Projection:
    """The projection for the conditions of ``where``, whatever its period.

    Args:
        log: the log, whose days begin in ``zone``.
        zone: where months begin.
        now: the present instant.
    """
    local = now.astimezone(zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    first = (midnight - timedelta(days=LOOKED_AT)).replace(tzinfo=zone)
    begun = where.during(Period(first, now))
    series = log.series(scope, begun, [], "day", ["cost_usd", "requests"])
    known: list[tuple[date, Number]] = []
    # a quiet day is a day like others, but what lies before the first request says nothing
    started = False
    lines = zip(series.starts, series.values["cost_usd"][0], series.values["requests"][0], strict=True)
    for start, cost, requests in lines:
        started = started or bool(requests)
        day = datetime.fromtimestamp(start / 1000, zone).date()
        known.append((day, cost if started else None))
    return project(known, local.date())


def project(history: Sequence[tuple[date, Number]], today: date) -> Projection:
    """The projection from each day's cost; ``None`` where it is not known.

    The first known day is left out: the log may have begun in its middle.
    """
    begun = [day for day, cost in history if cost is not None]
    done = {day: float(cost) for day, cost in history if cost is not None and begun[0] < day < today}
    so_far = [float(cost) for day, cost in history if cost is not None and day >= today.replace(day=1)]
    spent = next((float(cost) for day, cost in history if day == today and cost is not None), 0.0)
    month = sum(so_far) if so_far else None
    if len(done) < NEEDED:
        return Projection(len(done), month, None, None, None, spent, tuple(history), ())
    costs = sorted(done.values())
    low, high = _rank(costs, 10), _rank(costs, 90)
    ahead: list[tuple[date, float, float, float]] = []
    day = today
    while day.month == today.month:
        alike = [cost for one, cost in done.items() if one.weekday() == day.weekday()] or costs
        gone = spent if day == today else 0.0
        mean = sum(alike) / len(alike)
        ahead.append((day, max(0.0, mean - gone), max(0.0, low - gone), max(0.0, high - gone)))
        day += timedelta(days=1)
    means, lows, highs = (sum(parts) for parts in zip(*(one[1:] for one in ahead), strict=True))
    base = month or 0.0
    return Projection(
        len(done), month, base + means, base + lows, base + highs, spent, tuple(history), tuple(ahead)
    )


def _rank(ordered: Sequence[float], percent: int) -> float:
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]
