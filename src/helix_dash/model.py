"""The nouns of the product: periods, filters, scopes, figures. No I/O, no Dash, no polars."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Literal


class Status(StrEnum):
    """How a request ended. ``throttled`` is a 429, ``blocked`` a guardrail's refusal."""

    SUCCESS = "success"
    ERROR = "error"
    THROTTLED = "throttled"
    BLOCKED = "blocked"
    CANCELLED = "cancelled"


class CacheOutcome(StrEnum):
    """What the gateway's own cache did. ``bypass`` requests were never eligible."""

    EXACT = "exact"
    SEMANTIC = "semantic"
    MISS = "miss"
    BYPASS = "bypass"


def utc_from_us(microseconds: int) -> datetime:
    """The instant ``microseconds`` after the epoch, exact (no float on the way)."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)


def us_from_utc(instant: datetime) -> int:
    """Microseconds since the epoch of an aware ``instant``, exact.

    Raises:
        ValueError: ``instant`` has no zone.
    """
    if instant.tzinfo is None:
        raise ValueError("an instant needs a zone")
    return (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Period:
    """``[start, end)`` in aware UTC datetimes. A record belongs to it by its event time."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        return self.end - self.start

    def previous(self) -> Period:
        """The period of the same length that ends where this one starts."""
        return Period(self.start - self.length, self.start)


Op = Literal[
    "in",
    "not_in",
    "contains",
    "not_contains",
    "starts",
    "ends",
    "lt",
    "lte",
    "gt",
    "gte",
    "between",
    "blank",
    "not_blank",
]


@dataclass(frozen=True, slots=True)
class Condition:
    """One test on one column of the schema table.

    ``values`` are in the column's *shown* unit (milliseconds, dollars, ISO times, words); ``between`` is
    closed at both ends; ``contains`` and its kin ignore case; ``blank`` is "unknown" and takes no value.
    Several values of ``in`` mean *or*; several conditions of a filter mean *and*.
    """

    column: str
    op: Op
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Filter:
    """What a person asks to see: a period and conditions, all of which must hold. Hashable: a cache key."""

    period: Period
    conditions: tuple[Condition, ...] = ()

    def during(self, period: Period) -> Filter:
        """The same conditions over another period."""
        return Filter(period, self.conditions)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a person *may* see, beside what was asked. ``organization=None`` sees every organization.

    Mandatory in every query of the log, so that forgetting it is a type error and not a leak.
    """

    organization: str | None


EVERYTHING = Scope(organization=None)


@dataclass(frozen=True, slots=True)
class Sort:
    """Order by one column; unknown values come last in either direction."""

    column: str = "time"
    descending: bool = True


@dataclass(frozen=True, slots=True)
class Slice:
    """Rows ``[offset, offset + limit)`` of the sorted result."""

    offset: int = 0
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Kpi:
    """One figure with what is needed to judge it.

    Args:
        name: the summary's name for it (``requests``, ``cost_usd`` …).
        label: the words on the card.
        value: the figure in ``unit``; ``None`` when unknown, and then ``reason`` says why.
        unit: ``count``, ``ratio`` (0 to 1), ``usd``, ``ms``, ``tokens`` or ``per_minute``.
        before: the same figure over the period before; ``None`` when unknown.
        good: the direction that is good news: ``up``, ``down`` or ``none``.
        reason: why the value is unknown, in a few words.
        trend: the figure per bucket, for the sparkline; ``None`` where nothing was recorded.
        note: a few words in place of what it is compared with.
    """

    name: str
    label: str
    value: float | int | None
    unit: str
    before: float | int | None = None
    good: Literal["up", "down", "none"] = "none"
    reason: str = ""
    trend: tuple[float | int | None, ...] = field(default=())
    note: str = ""
