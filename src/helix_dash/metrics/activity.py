"""Who was active on which day: active users over 1, 7 and 30 days, growth, cohorts.

Days are those of the page's zone. What lies before the log's first record is not known: whoever was there on its first
day may have been there for years, so nobody of that day counts as new, and no cohort begins with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo

import numpy as np
import numpy.typing as npt
import polars as pl

from helix_dash.log.crosstab import OTHERS
from helix_dash.log.query import RequestLog
from helix_dash.model import Filter, Period, Scope, utc_from_us

Whole = npt.NDArray[np.int64]

LOOKED_AT = 400
"""Days back: as long as the log keeps its totals."""

WINDOWS = (1, 7, 30)
"""Days of a daily, weekly and monthly active user (DAU, WAU, MAU)."""

TALLIES = ("requests", "cost_usd", "priced", "unpriced")


@dataclass(frozen=True, slots=True)
class Activity:
    """Requests by name and day.

    Args:
        table: ``name``, ``day`` (a number of days since year 1, as :meth:`date.toordinal`), ``requests``,
            ``cost_usd`` (10⁻¹² dollars), ``priced``, ``unpriced``; in order of name and day.
        begin: the first day with any request, whatever is filtered; ``None`` without one.
        today: the last day, which is still going on.
        untold: days of which nothing can be told any more.
        others: how many names old totals tell apart no more, at most.
        nameless: requests that name nobody.
    """

    table: pl.DataFrame
    begin: int | None
    today: int
    untold: frozenset[int] = frozenset()
    others: int = 0
    nameless: int = 0

    def firsts(self) -> dict[str, int]:
        """Name → the first day it was seen."""
        found = self.table.group_by("name").agg(pl.col("day").min())
        return dict(found.iter_rows())

    def lasts(self) -> dict[str, int]:
        """Name → the last day it was seen."""
        found = self.table.group_by("name").agg(pl.col("day").max())
        return dict(found.iter_rows())


def activity(
    log: RequestLog, scope: Scope, where: Filter, now: datetime, zone: tzinfo, column: str = "user"
) -> Activity:
    """Every day that is known under the conditions of ``where``, whatever its period.

    Args:
        log: the log, whose days begin in ``zone``.
        column: what is counted: users, or the words of another column.

    Raises:
        StoreUnavailable: the log has never been read on this host and the store does not answer.
        BadQuery: a condition cannot be asked.
    """
    local = now.astimezone(zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    # to the next midnight: the same question all day
    whole = where.during(Period(midnight - timedelta(days=LOOKED_AT - 1), midnight + timedelta(days=1)))
    found = log.crosstab(scope, whole, [column], "day", TALLIES)
    days = [utc_from_us(start).astimezone(zone).date().toordinal() for start in found.starts]
    table = found.table.with_columns(
        pl.Series("day", days, dtype=pl.Int64).gather(found.table["bucket"]).alias("day")
    ).rename({column: "name"})
    named = table.filter(pl.col("name").is_not_null() & (pl.col("name") != OTHERS))
    nameless = table.filter(pl.col("name").is_null())["requests"].sum()
    return Activity(
        named.select("name", "day", *TALLIES).sort("name", "day"),
        _begin(log, scope, whole, days),
        local.date().toordinal(),
        frozenset(days[place] for place in found.untold),
        found.others.get(column, 0),
        int(nameless),
    )


def _begin(log: RequestLog, scope: Scope, whole: Filter, days: Sequence[int]) -> int | None:
    """The first day with any request, whatever is filtered: a team that began later has truly new users."""
    requests = log.crosstab(scope, Filter(whole.period), [], "day", ["requests"]).table
    first = requests["bucket"].min()
    return None if first is None else days[int(str(first))]


def active(found: Activity, last: int, days: int) -> int:
    """How many were active on ``last`` or one of the ``days`` − 1 days before it."""
    return found.table.filter(pl.col("day").is_between(last - days + 1, last))["name"].n_unique()


def actives(found: Activity, first: int, last: int, days: int) -> list[int | None]:
    """For each day from ``first`` to ``last``, how many were active on it or one of the ``days`` − 1 before it.

    ``None`` where one of those days lies before the log's beginning or cannot be told any more.
    """
    names, at = _places(found)
    length = last - first + 1
    change = np.zeros(length + 1, np.int64)
    if len(at):
        before = np.r_[np.int64(-(10**9)), at[:-1]]
        before[np.r_[True, names[1:] != names[:-1]]] = -(10**9)
        # A day of activity counts for itself and the days after it, but for those that the day before it covers.
        begins, ends = np.maximum(at, before + days), at + days
        counts = begins < ends
        np.add.at(change, np.clip(begins[counts] - first, 0, length), 1)
        np.add.at(change, np.clip(ends[counts] - first, 0, length), -1)
    totals = np.cumsum(change)[:length].tolist()
    known = (_known(found, first + place, days) for place in range(length))
    return [total if is_known else None for total, is_known in zip(totals, known, strict=True)]


def _known(found: Activity, day: int, days: int) -> bool:
    if found.begin is None or day - days + 1 < found.begin or day > found.today:
        return False
    return not any(one in found.untold for one in range(day - days + 1, day + 1))


def _places(found: Activity) -> tuple[Whole, Whole]:
    """A number per name, and the day, of each line."""
    names = found.table["name"].rank("dense").to_numpy().astype(np.int64)
    return names, found.table["day"].to_numpy().astype(np.int64)


def stickiness(found: Activity, last: int) -> float | None:
    """The mean of daily active users over the 30 days up to ``last``, divided by those active within them (DAU/MAU)."""
    month = active(found, last, 30)
    daily = actives(found, last - 29, last, 1)
    known = [count for count in daily if count is not None]
    return sum(known) / len(known) / month if month and len(known) == len(daily) else None


@dataclass(frozen=True, slots=True)
class Growth:
    """How the number of people seen grew.

    Args:
        days: day by day.
        new: who was seen for the first time, per day; ``None`` on the log's first day and before it.
        seen: who had been seen until then.
    """

    days: tuple[int, ...]
    new: tuple[int | None, ...]
    seen: tuple[int | None, ...]


def growth(found: Activity, first: int, last: int) -> Growth:
    """The growth from day ``first`` to ``last``."""
    days = tuple(range(first, last + 1))
    if found.begin is None:
        return Growth(days, (None,) * len(days), (None,) * len(days))
    counts = np.zeros(len(days) + 1, np.int64)
    begun = np.asarray(list(found.firsts().values()), np.int64)
    np.add.at(counts, np.maximum(begun[begun <= last] - first, -1) + 1, 1)
    totals = np.cumsum(counts).tolist()
    new = tuple(
        int(counts[at + 1]) if day > found.begin and day not in found.untold else None
        for at, day in enumerate(days)
    )
    seen = tuple(totals[at + 1] if day >= found.begin else None for at, day in enumerate(days))
    return Growth(days, new, seen)


@dataclass(frozen=True, slots=True)
class Cohort:
    """Those first seen in one week.

    Args:
        week: its Monday.
        size: how many they are.
        kept: of them, who was active in that week, the week after it, … up to the present one; the last is not over.
    """

    week: date
    size: int
    kept: tuple[int, ...] = field(default=())


def cohorts(found: Activity, most: int = 10) -> tuple[Cohort, ...]:
    """The last ``most`` weekly cohorts, the oldest first; the week in which the log begins is none.

    Of weeks that have passed nothing is left out: a week without a newcomer is a cohort of nobody and is not told.
    """
    if found.begin is None:
        return ()
    monday, present = _monday(found.begin), _monday(found.today)
    weekly = found.table.select("name", ((pl.col("day") - monday) // 7).alias("week")).unique()
    firsts = weekly.group_by("name").agg(pl.col("week").min().alias("first"))
    weekly = weekly.join(firsts, on="name").filter(pl.col("first") > 0)
    counts = {(first, week): count for first, week, count in weekly.group_by("first", "week").len().iter_rows()}  # fmt: skip
    last = (present - monday) // 7
    told = [
        Cohort(
            date.fromordinal(monday + 7 * first),
            counts[first, first],
            tuple(counts.get((first, week), 0) for week in range(first, last + 1)),
        )
        for first in range(max(1, last - most + 1), last + 1)
        if (first, first) in counts
    ]
    return tuple(told)


def _monday(day: int) -> int:
    return day - date.fromordinal(day).weekday()


def weekly_pattern(
    log: RequestLog, scope: Scope, where: Filter, zone: tzinfo, hours: int = 28 * 24
) -> tuple[list[list[float | None]], int]:
    """Requests of a usual hour by weekday (Monday first) and hour of the day, and how many hours were looked at.

    The mean over all such hours at the end of ``where``, so that a weekday that occurs five times is not busier for
    it; ``None`` where no such hour is known.

    Args:
        log: the log, whose hours are those of ``zone``.
        hours: how far back from the period's end is looked.
    """
    start = max(where.period.start, where.period.end - timedelta(hours=hours))
    found = log.series(scope, where.during(Period(start, where.period.end)), [], "hour", ["requests"])
    sums, counts = np.zeros((7, 24)), np.zeros((7, 24))
    for begun, requests in zip(found.starts, found.values["requests"][0], strict=True):
        if requests is None:
            continue
        local = datetime.fromtimestamp(begun / 1000, zone)
        sums[local.weekday(), local.hour] += requests
        counts[local.weekday(), local.hour] += 1
    means = [
        [float(total / count) if count else None for total, count in zip(line, seen, strict=True)]
        for line, seen in zip(sums, counts, strict=True)
    ]
    return means, int(counts.sum())
