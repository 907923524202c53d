"""How budgets stand: spent, share, threshold, pace, what is to come, when it runs out, when it resets.

:func:`standing` alone tells all of it, for pages, alerts and reports.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from decimal import Decimal

from helix_dash.log.query import Number, RequestLog
from helix_dash.log.schema import PICO
from helix_dash.metrics.budgets import KINDS, Budget, window
from helix_dash.metrics.projection import LOOKED_AT, NEEDED, Projection, project
from helix_dash.model import Condition, Filter, Period, Scope

Days = Sequence[tuple[date, Number]]
"""Days and what each cost in dollars, oldest first; ``None`` is not known."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How one budget stands.

    Args:
        budget: which.
        start: when its window began.
        resets: when the next one begins and spending counts from 0 again.
        spent: dollars spent in it, exact; ``None`` when nothing of it is known.
        incomplete: whether some days of the window are not known, so that ``spent`` is the least it can be.
        share: ``spent`` of the limit, 1 is all of it.
        crossed: the highest threshold that was reached, in percent; ``None`` when none was.
        pace: ``share`` by the share of the window that has passed; above 1 it will not last. ``None`` when unknown.
        projection: what the window will have cost.
        runs_out: the day at whose end P50 of the projection reaches the limit; today when it is spent already;
            ``None`` when it lasts, or nothing can be projected.
    """

    budget: Budget
    start: datetime
    resets: datetime
    spent: Decimal | None
    incomplete: bool
    share: float | None
    crossed: int | None
    pace: float | None
    projection: Projection
    runs_out: date | None

    @property
    def over(self) -> bool:
        """Whether all of it is spent."""
        return self.share is not None and self.share >= 1

    @property
    def end_unknown(self) -> bool:
        """Whether too few days are known to project anything."""
        return self.projection.end is None

    @property
    def lacks(self) -> str:
        """What a projection lacks, in words."""
        days = self.projection.days
        return f"needs {NEEDED} days, there {'is' if days == 1 else 'are'} {days}"

    @property
    def at_risk(self) -> bool:
        """Whether it is spent to 80 percent, or is projected to be spent before it resets."""
        return self.share is not None and (self.share >= 0.8 or self.runs_out is not None)


def standing(budget: Budget, days: Days, now: datetime, zone: tzinfo) -> Standing:
    """How ``budget`` stands at ``now``.

    Args:
        budget: which.
        days: what its owner spent each day; days that are not in it are not known.
        now: the present instant.
        zone: the reporting zone, whose days and months windows follow.
    """
    today = now.astimezone(zone).date()
    first, following = window(budget, today)
    start, resets = (datetime.combine(day, time(), zone) for day in (first, following))
    known = {day: cost for day, cost in days if first <= day <= today and cost is not None}
    spent = exact(known.values()) if known else None
    incomplete = len(known) < (today - first).days + 1
    told = project(days, today, since=first, until=following)
    share = None if spent is None else float(spent / budget.dollars)
    passed = (now - start) / (resets - start)
    crossed = None if share is None else max((step for step in budget.thresholds if share * 100 >= step), default=None)  # fmt: skip
    gone = share is not None and share >= 1
    return Standing(
        budget, start, resets, spent, incomplete, share, crossed,
        pace=share / passed if share is not None and passed > 0 else None,
        projection=told,
        runs_out=today if gone else told.reaches(float(budget.dollars)),
    )  # fmt: skip


def exact(amounts: Iterable[Number]) -> Decimal:
    """The sum of dollars as the log tells them. A log's amount is a whole number of 10⁻¹² dollars divided once, so
    that number is found again, and what is added up is exact (an amount beyond 9,000 dollars: to a billionth of a cent)."""
    return Decimal(sum(round(float(one) * PICO) for one in amounts if one is not None)).scaleb(-12)


def standings(
    log: RequestLog, known: Sequence[Budget], now: datetime, zone: tzinfo, back: int = LOOKED_AT
) -> list[Standing]:
    """How each of ``known`` stands, those that are most used first.

    One read of the log per kind and organization, however many budgets there are.

    Args:
        log: the log, whose days begin in ``zone``.
        known: the budgets.
        now: the present instant.
        zone: the reporting zone.
        back: days before the windows that a projection looks at.
    """
    today = now.astimezone(zone).date()
    parts: dict[tuple[str, str | None], list[Budget]] = {}
    for budget in known:
        parts.setdefault((budget.kind, budget.organization), []).append(budget)
    found: list[Standing] = []
    for (kind, organization), some in parts.items():
        first = min(window(one, today)[0] for one in some)
        first = min(first, today - timedelta(days=back))
        period = Period(datetime.combine(first, time(), zone), now)
        daily = _daily(log, Scope(organization), period, kind, [one.name for one in some], zone)
        found += [standing(one, daily.get(one.name, ()), now, zone) for one in some]
    return sorted(found, key=lambda one: -(one.share if one.share is not None else -1.0))


def _daily(
    log: RequestLog, scope: Scope, period: Period, kind: str, names: Sequence[str], zone: tzinfo
) -> Mapping[str, Days]:
    """Each of ``names`` with what it spent per day."""
    column = KINDS[kind]
    if column is None:
        where, dims = Filter(period), list[str]()
    elif kind == "tag":
        where, dims = Filter(period), [column]
    else:
        where, dims = Filter(period, (Condition(column, "in", tuple(sorted(set(names)))),)), [column]
    # days without any request of theirs are 0 only as far back as the log itself goes
    whole = log.series(scope, Filter(period), [], "day", ["requests"])
    begun = next((at for at, count in enumerate(whole.values["requests"][0]) if count), len(whole.starts))
    series = log.series(scope, where, dims, "day", ["cost_usd"])
    dates = [datetime.fromtimestamp(start / 1000, zone).date() for start in whole.starts]
    gone = [value is None for value in whole.values["requests"][0]]
    quiet: list[Number] = [None if at < begun or gone[at] else 0.0 for at in range(len(dates))]
    lines: dict[str, list[Number]] = {name: list(quiet) for name in names}
    for group, costs in zip(series.groups, series.values["cost_usd"], strict=True):
        for name in _owners(kind, group, lines):
            lines[name] = [
                None if at < begun or cost is None else (lines[name][at] or 0.0) + cost
                for at, cost in enumerate(costs)
            ]
    return {name: list(zip(dates, line, strict=True)) for name, line in lines.items()}


def _owners(kind: str, group: Sequence[str | None], wanted: Mapping[str, object]) -> list[str]:
    """Who of ``wanted`` spent what a group of the log did: for tags everybody whose tag is in the set."""
    if kind == "global":
        return [""]
    words = (group[0] or "").split(";") if kind == "tag" else [group[0] or ""]
    return [word for word in dict.fromkeys(words) if word in wanted]
