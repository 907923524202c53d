"""The table of budgets that people keep. This module owns its Redis key.

A budget says how many dollars somebody may spend in a window of the calendar of the reporting zone. It stops nobody:
it is what spending is held against, and what alerts watch. How it stands is told by
:func:`helix_dash.metrics.budget_standing.standing`, and only there.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec
import redis

from helix_dash.errors import BadQuery
from helix_dash.log.keys import APP
from helix_dash.metrics.operators_table import First, Table, nothing
from helix_dash.model import Scope

KEY = f"{APP}budgets"
"""hash: JSON ``[organization, kind, name, window]`` → JSON of a :class:`Budget`."""

KINDS: dict[str, str | None] = {
    "global": None,
    "team": "team",
    "user": "user",
    "key": "key_alias",
    "model": "model",
    "tag": "tags",
}
"""Whose spending a budget is about → the column of the log that tells it."""

WINDOWS = ("day", "week", "month", "days")
THRESHOLDS = (50, 80, 95, 100)
"""Percents of a budget that are told apart when nothing else is chosen."""

LONGEST = 92
"""Days of a window: a quarter."""
MOST = 500
_TABLE = Table(KEY, "budgets", MOST)
MOST_NAME = 200
MOST_DOLLARS = Decimal(10) ** 12
DAY = timedelta(days=1)


class Budget(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One budget.

    Args:
        kind: whose spending, one of :data:`KINDS`.
        name: which one of that kind; empty for ``global``.
        limit: dollars, exact, as a decimal text.
        window: ``day``, ``week`` (from Monday), ``month``, or ``days``: as many as ``days`` says.
        days: the length of a window of ``days``.
        since: the first day of a first such window, as an ISO date; the next ones follow without a gap.
        thresholds: percents that are told apart, ascending.
        organization: whose it is; ``None`` is everybody's.
    """

    kind: str
    name: str
    limit: str
    window: str
    days: int = 0
    since: str = ""
    thresholds: tuple[int, ...] = THRESHOLDS
    organization: str | None = None

    @property
    def dollars(self) -> Decimal:
        return Decimal(self.limit)

    @property
    def title(self) -> str:
        """What it is about, for people: ``Everything``, ``team search``."""
        return "Everything" if self.kind == "global" else f"{self.kind} {self.name}"

    @property
    def every(self) -> str:
        """Its window, for people: ``per month``, ``per 10 days``."""
        return f"per {self.days} days" if self.window == "days" else f"per {self.window}"

    @property
    def field(self) -> str:
        """What it is kept under: somebody has one budget per window."""
        return _JSON.encode([self.organization, self.kind, self.name, self.window]).decode()


_JSON = msgspec.json.Encoder()


def window(budget: Budget, today: date) -> tuple[date, date]:
    """The window that ``today`` lies in: its first day, and the first day of the next one, when it resets."""
    if budget.window == "day":
        return today, today + DAY
    if budget.window == "week":
        monday = today - today.weekday() * DAY
        return monday, monday + 7 * DAY
    if budget.window == "month":
        first = today.replace(day=1)
        return first, (first + 32 * DAY).replace(day=1)
    since = date.fromisoformat(budget.since)
    first = since + (today - since).days // budget.days * budget.days * DAY
    return first, first + budget.days * DAY


def budgets(store: redis.Redis, scope: Scope) -> list[Budget]:
    """The budgets that ``scope`` may see, in one command. An entry that cannot be read counts as not there.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    known = _TABLE.read(store, Budget, checked)
    seen = [one for one in known if scope.organization in (None, one.organization)]
    return sorted(seen, key=lambda one: (list(KINDS).index(one.kind), one.name, one.window, one.organization or ""))  # fmt: skip


def set_budget(store: redis.Redis, budget: Budget, first: First = nothing) -> None:
    """Make ``budget``, or put it in the place of the one with the same owner and window.

    Raises:
        BadQuery: a part of it cannot be used.
        StoreError: the table is full.
        StoreUnavailable: the store did not answer.
    """
    checked(budget)
    _TABLE.put(store, budget.field, _JSON.encode(budget), first)


def remove_budget(store: redis.Redis, budget: Budget, first: First = nothing) -> None:
    """Take away the budget with the owner and window of ``budget``.

    Raises:
        BadQuery: there is none.
        StoreUnavailable: the store did not answer.
    """
    if not _TABLE.has(store, budget.field):
        raise BadQuery("name", f"There is no budget of {budget.title} {budget.every}.")
    _TABLE.drop(store, budget.field, first)


def checked(budget: Budget) -> Budget:
    """``budget`` itself.

    Raises:
        BadQuery: a part of it cannot be used.
    """
    if budget.kind not in KINDS:
        raise BadQuery("kind", f"A budget is of {', '.join(KINDS)}.")
    named = bool(budget.name) and len(budget.name) <= MOST_NAME and budget.name.isprintable()
    if (budget.kind == "global") == bool(budget.name) or (budget.name and not named):
        raise BadQuery("name", f"A name has 1 to {MOST_NAME} printable characters.")
    whose = budget.organization
    if whose is not None and not (0 < len(whose) <= MOST_NAME and whose.isprintable()):
        raise BadQuery("organization", f"An organization has 1 to {MOST_NAME} printable characters.")
    dollars(budget.limit)
    if budget.window not in WINDOWS:
        raise BadQuery("window", f"A window is one of {', '.join(WINDOWS)}.")
    if budget.window == "days":
        _counted(budget)
    steps = budget.thresholds
    ascending = list(steps) == sorted(set(steps)) and len(steps) <= 10
    if not steps or not ascending or not all(1 <= step <= 1000 for step in steps):
        raise BadQuery("thresholds", "Thresholds are percents from 1 to 1000, ascending, at most ten.")
    return budget


def _counted(budget: Budget) -> None:
    if not 1 <= budget.days <= LONGEST:
        raise BadQuery("days", f"A window of days has 1 to {LONGEST} of them.")
    try:
        date.fromisoformat(budget.since)
    except ValueError as error:
        raise BadQuery("since", "A window of days begins on a date like 2026-01-31.") from error


def dollars(text: str) -> Decimal:
    """The amount that ``text`` names.

    Raises:
        BadQuery: it is no positive amount, or not a whole number of millionths of a dollar.
    """
    try:
        amount = Decimal(text)
    except InvalidOperation as error:
        raise BadQuery("limit", "A budget is an amount of dollars, such as 250 or 99.50.") from error
    if not amount.is_finite() or not 0 < amount <= MOST_DOLLARS or amount != round(amount, 6):
        raise BadQuery("limit", "A budget is an amount of dollars above 0, with at most six decimals.")
    return amount


def thresholds_from(given: Any) -> tuple[int, ...]:
    """Thresholds as a form gives them: percents with commas between them; nothing is :data:`THRESHOLDS`.

    Raises:
        BadQuery: a part is no whole number.
    """
    text = str(given or "").replace("%", " ").replace(",", " ").split()
    try:
        return tuple(sorted({int(part) for part in text})) or THRESHOLDS
    except ValueError as error:
        raise BadQuery("thresholds", "Thresholds are whole percents, such as 50, 80, 95, 100.") from error


def words(known: Sequence[Budget]) -> str:
    """``known`` in a few words, for a record: ``$100 per month``."""
    return "; ".join(f"${one.dollars:,f} {one.every}" for one in known) or "none"
