"""The gateway's own spending counters beside the log's sums, with the difference and what explains it.

The collector reads the gateway's keys (source ``gateway``, questions ``spend`` and ``survey``); here only what it kept
is read, one command. The counters know no organization and no filter, so only who may see everything is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from typing import Any

import redis

from helix_dash.log.query import RequestLog
from helix_dash.metrics.budget_standing import exact
from helix_dash.model import Condition, Filter, Period, Scope
from helix_dash.samples.answers import Answer, answers

SOURCE, SPEND, SURVEY = "gateway", "spend", "survey"
MOST_DAYS = 31
MOST_OWNERS = 8
NEAR = Decimal("0.000001")
"""Dollars within which two sums are the same: the gateway adds up binary fractions."""
DAY = timedelta(days=1)
_COMPUTED = (Condition("cost_source", "not_blank"),)


@dataclass(frozen=True, slots=True)
class Line:
    """One sum of the gateway beside the log's.

    Args:
        name: a day as an ISO date, a user or a model.
        counter: the gateway's dollars; ``None`` when it has no such counter.
        ledger: the log's dollars, exact; ``None`` when it knows nothing of it.
        unpriced: requests of the log in it without a known cost.
        why: what explains the difference; empty when there is none.
        computed: dollars of the log's that were computed here afterwards (:mod:`helix_dash.metrics.repricing`).
    """

    name: str
    counter: Decimal | None
    ledger: Decimal | None
    unpriced: int
    why: str
    computed: Decimal = Decimal(0)

    @property
    def difference(self) -> Decimal | None:
        """The counter less the ledger; ``None`` when one of them is unknown."""
        if self.counter is None or self.ledger is None:
            return None
        found = self.counter - self.ledger
        return Decimal(0) if abs(found) <= NEAR else found


@dataclass(frozen=True, slots=True)
class Reconciled:
    """Counters held against the log.

    Args:
        answer: the gateway's last answer about its spending; ``None`` when it was never asked.
        days: the days of the view, newest first.
        users: the users it counts most for in its last thirty days.
        models: the same for models.
        left_out: reason → how many values of the gateway's could not be read.
        total: the gateway's dollars of those days; ``None`` when it has none of them.
        hidden: whether the asker may not see it, because it holds everybody's spending.
    """

    answer: Answer | None = None
    days: tuple[Line, ...] = ()
    users: tuple[Line, ...] = ()
    models: tuple[Line, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)
    total: Decimal | None = None
    hidden: bool = False


def reconciled(
    log: RequestLog, store: redis.Redis, scope: Scope, period: Period, now: datetime, zone: tzinfo
) -> Reconciled:
    """The gateway's counters of the days of ``period``, at most the last :data:`MOST_DAYS`, beside the log.

    Args:
        log: the log, whose days begin in ``zone``.
        store: where the collector keeps answers.
        scope: what the asker may see.
        period: the page's.
        now: the present instant.
        zone: the reporting zone: what the gateway's dates are taken to be in.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    if scope.organization is not None:
        return Reconciled(hidden=True)
    told = answers(store, SOURCE)
    spend, survey = told.get(SPEND), told.get(SURVEY)
    body = _mapping(spend.body if spend else None)
    counted = {day: _dollars(amount) for day, amount in _mapping(body.get("days")).items()}
    last = min(period.end, now).astimezone(zone).date()
    first = max(period.start.astimezone(zone).date(), last - (MOST_DAYS - 1) * DAY)
    wanted = [first + at * DAY for at in range((last - first).days + 1)]
    found = _mapping(survey.body if survey else None)
    days = _days(log, scope, wanted, counted, now, zone) if spend and wanted else ()
    known = [one.counter for one in days if one.counter is not None]
    month = Period(datetime.combine(now.astimezone(zone).date() - 29 * DAY, time(), zone), now)
    begun = _begun(log, scope, month, zone)
    return Reconciled(
        spend,
        tuple(reversed(days)),
        _owners(log, scope, month, "user", _mapping(found.get("users")), begun),
        _owners(log, scope, month, "model", _mapping(found.get("models")), begun),
        _mapping(body.get("left_out")),
        sum(known, Decimal(0)) if known else None,
    )


def _days(
    log: RequestLog, scope: Scope, wanted: Sequence[date], counted: Mapping[str, Decimal | None],
    now: datetime, zone: tzinfo,
) -> tuple[Line, ...]:  # fmt: skip
    until = min(now, datetime.combine(wanted[-1] + DAY, time(), zone))
    whole = Period(datetime.combine(wanted[0], time(), zone), until)
    series = log.series(scope, Filter(whole), [], "day", ["requests", "cost_usd", "unpriced_requests"])
    values = {name: lines[0] for name, lines in series.values.items()}
    later = log.series(scope, Filter(whole, _COMPUTED), [], "day", ["cost_usd"]).values["cost_usd"][0]
    dates = [datetime.fromtimestamp(start / 1000, zone).date() for start in series.starts]
    at = {day: place for place, day in enumerate(dates)}
    begun = next((day for day in dates if values["requests"][at[day]]), None)
    found: list[Line] = []
    for day in wanted:
        place = at.get(day)
        cost, without = (values[name][place] if place is not None else None for name in ("cost_usd", "unpriced_requests"))  # fmt: skip
        counter = counted.get(day.isoformat())
        known = begun is not None and day >= begun and cost is not None
        ledger = exact([cost]) if known else None
        computed = exact([later[place]]) if place is not None else Decimal(0)
        why = _why(counter, ledger, int(without or 0), computed, today=day == now.astimezone(zone).date(), early=begun is None or day < begun)  # fmt: skip
        found.append(Line(day.isoformat(), counter, ledger, int(without or 0), why, computed))
    return tuple(found)


def _why(
    counter: Decimal | None,
    ledger: Decimal | None,
    without: int,
    computed: Decimal,
    *,
    today: bool,
    early: bool,
) -> str:
    """What explains that the two differ, in words; empty when they agree."""
    if counter is None and ledger is None:
        return "Neither knows of spending."
    if early or ledger is None:
        return "The log had not begun, or has nothing of it."
    if counter is None:
        return (
            ""
            if not ledger
            else "The gateway counted nothing: its hook does not write, or its key was evicted."
        )
    gap = counter - ledger
    if abs(gap) <= NEAR:
        return ""
    parts = []
    if computed and gap < 0:
        parts.append(
            f"{_usd(computed)} of the log was computed here afterwards, which the gateway did not count"
        )
        gap += computed
        if abs(gap) <= NEAR:
            return f"{parts[0]}."
    if gap > 0 and without:
        parts.append(f"{without:,} requests of the log have no known cost")
    elif gap > 0:
        parts.append("the gateway counted requests that were not recorded here")
    else:
        parts.append("requests were recorded here that the gateway did not count")
    parts.append("it is still filling" if today else "the gateway's day is that of its own clock")
    told = "; ".join(parts)
    return f"{told[0].upper()}{told[1:]}."


def _usd(amount: Decimal) -> str:
    return f"${round(amount, 6).normalize():,f}"


def _begun(log: RequestLog, scope: Scope, period: Period, zone: tzinfo) -> date | None:
    """The first day of ``period`` with a request."""
    series = log.series(scope, Filter(period), [], "day", ["requests"])
    starts = (
        start for start, count in zip(series.starts, series.values["requests"][0], strict=True) if count
    )
    return next((datetime.fromtimestamp(start / 1000, zone).date() for start in starts), None)


def _owners(
    log: RequestLog, scope: Scope, month: Period, dim: str, body: Mapping[str, Any], begun: date | None
) -> tuple[Line, ...]:
    counted = {who: _dollars(_second(pair)) for who, pair in _mapping(body.get("top")).items()}
    if not counted:
        return ()
    series = log.series(scope, Filter(month), [dim], None, ["cost_usd", "unpriced_requests"])
    costs, without = series.values["cost_usd"], series.values["unpriced_requests"]
    later = log.series(scope, Filter(month, _COMPUTED), [dim], None, ["cost_usd"])
    computed = {group[0]: exact([line[0]]) for group, line in zip(later.groups, later.values["cost_usd"], strict=True)}  # fmt: skip
    ledger = {group[0]: (costs[at][0], without[at][0]) for at, group in enumerate(series.groups)}
    late = begun is None or begun > month.start.astimezone(month.start.tzinfo).date()
    found: list[Line] = []
    for who, counter in list(counted.items())[:MOST_OWNERS]:
        cost, unpriced = ledger.get(who, (None, 0))
        known = exact([cost]) if cost is not None else None
        own = computed.get(who, Decimal(0))
        why = _why(counter, known, int(unpriced or 0), own, today=True, early=known is None)
        if why and late and known is not None:
            why = f"{why[:-1]}; the log began on {begun}."
        found.append(Line(who, counter, known, int(unpriced or 0), why, own))
    return tuple(found)


def _second(pair: Any) -> Any:
    """The last thirty days of (all time, last thirty days)."""
    return pair[1] if isinstance(pair, list | tuple) and len(pair) == 2 else None


def _dollars(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    found = Decimal(repr(value))
    return found if found.is_finite() and found >= 0 else None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
