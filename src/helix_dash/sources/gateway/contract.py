"""The gateway's keys, and how each is read. Several writers exist, and none of them agrees with the next: every
reader here takes all their forms, leaves out what it cannot read, and counts what it left out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from typing import Any

import redis

from helix_dash.store import reaching

REQUESTS, HITS = "helix:requests:total", "helix:requests:cache_hits"
SPEND, SPEND_USER, SPEND_MODEL = "helix:spend:total", "helix:spend:user:", "helix:spend:model:"
INCIDENTS = "helix:pii:incidents"
EXACT, VECTOR, CACHE = "helix:exact:", "helix:vector:", "helix:cache:"
THRESHOLDS, ALERTS, TTL = "helix:adaptive:thresholds", "helix:alerts:thresholds", "helix:ttl:default"

CORE = "helix:exact:cache"
"""One hash that holds all entries of another writer, one per field."""

NO_ENTRIES = frozenset(
    {
        CORE,
        "helix:vector:batch:encode",
        "helix:cache:metrics",
        "helix:cache:warming:queue",
        "helix:cache:invalidation",
        "helix:cache:warming",
    }
)
"""Keys that begin like cache entries and are none."""

MOST_DAYS = 4_000
_SCAN = 1_000
_PIPELINE = 500
_HEX = re.compile(r"[0-9a-f]{64}")
_FIELD = re.compile(r"(?:[\w./:-]{1,120}:)?(?:[0-9a-f]{32}){1,2}")
"""A field of :data:`CORE`: a digest, perhaps behind a model's name; nothing else may be shown."""


@dataclass(slots=True)
class Read:
    """What was read, and what had to be left out: reason → how many."""

    left_out: dict[str, int] = field(default_factory=dict)

    def leave_out(self, reason: str) -> None:
        """Count one value that could not be read."""
        self.left_out[reason] = self.left_out.get(reason, 0) + 1


@dataclass(slots=True)
class Counters(Read):
    """Requests and cache hits since the gateway's keys were made; ``None`` where there is no such key."""

    requests: int | None = None
    hits: int | None = None


@dataclass(slots=True)
class Spend(Read):
    """Dollars per day, as ISO dates, of the writer's own calendar."""

    days: dict[str, float] = field(default_factory=dict)


def counters(store: redis.Redis) -> Counters:
    """The gateway's counters, in one command.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    found = Counters()
    numbers: list[int | None] = []
    for name, value in zip((REQUESTS, HITS), each(store, "GET", (REQUESTS, HITS)), strict=True):
        number = whole(value)
        if value is not None and number is None:
            found.leave_out(f"{name} is no whole number")
        numbers.append(number)
    found.requests, found.hits = numbers
    return found


def spend(store: redis.Redis, key: str = SPEND) -> Spend:
    """What was spent per day. Members that are no date, and amounts that are no amount, are left out.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    found = Spend()
    (members,) = each(store, "ZRANGE", [key], "0", str(MOST_DAYS - 1), "WITHSCORES")
    if members is WRONG:
        found.leave_out(f"{key} is no sorted set")
        return found
    for day, amount in pairs(members):
        if day is None:
            found.leave_out("a member of spending is no date")
        elif amount is None:
            found.leave_out("an amount of spending is no amount")
        else:
            found.days[day.isoformat()] = amount
    return found


def thresholds(store: redis.Redis) -> dict[str, dict[str, float]]:
    """The numbers of the gateway's own settings: ``adaptive``, ``alerts``, ``ttl`` → name → number.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    keys = {"adaptive": THRESHOLDS, "alerts": ALERTS, "ttl": TTL}
    found: dict[str, dict[str, float]] = {}
    for name, answer in zip(keys, each(store, "HGETALL", list(keys.values())), strict=True):
        fields: Any = {} if answer is WRONG or not answer else answer
        items = fields.items() if isinstance(fields, dict) else zip(fields[::2], fields[1::2], strict=False)
        numbers = {text(field): number(value) for field, value in items}
        found[name] = {field: value for field, value in numbers.items() if field and value is not None}
    return found


def kind_of(key: str) -> str | None:
    """``exact``, ``semantic`` or ``other`` of a cache entry, the prefix of a key of spending, else ``None``."""
    for prefix in (SPEND_USER, SPEND_MODEL):
        if key.startswith(prefix):
            return prefix
    if key in NO_ENTRIES:
        return None
    if key.startswith(EXACT):
        return "exact" if _HEX.fullmatch(key.removeprefix(EXACT)) or field_of(key) else None
    return "semantic" if key.startswith(VECTOR) else "other" if key.startswith(CACHE) else None


def level_of(key: str) -> str | None:
    """``exact``, ``semantic`` or ``other`` of the key of a cache entry; ``None`` of any other key."""
    kind = kind_of(key)
    return kind if kind in ("exact", "semantic", "other") else None


def inside(name: str) -> str:
    """What the entry in field ``name`` of :data:`CORE` is called where entries have keys of their own."""
    return f"{CORE}/{name}"


def field_of(key: str) -> str | None:
    """The field of :data:`CORE` that ``key`` names; ``None`` when it is a key of its own."""
    head, slash, name = key.partition("/")
    return name if head == CORE and slash and _FIELD.fullmatch(name) else None


def scan(store: redis.Redis, prefix: str) -> Iterator[str]:
    """Keys that begin with ``prefix``; a key that is no UTF-8 text is passed over.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    pattern = re.sub(r"([*?\[\]\\])", r"\\\1", prefix) + "*"
    with reaching():
        for key in store.scan_iter(match=pattern, count=_SCAN):
            name = text(key)
            if name is not None:
                yield name


class Wrong:
    """Stands for an answer that was an error: the key is of another type."""


WRONG = Wrong()


def each(store: Any, command: str, keys: Iterable[str], *arguments: str) -> list[Any]:
    """The answer to ``command`` for each key, :data:`WRONG` for an error, 500 of them per round trip.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    found: list[Any] = []
    for some in parts(list(keys)):
        with reaching(), store.pipeline(transaction=False) as pipe:
            for key in some:
                pipe.execute_command(*command.split(), key, *arguments)
            found += pipe.execute(raise_on_error=False)
    return [WRONG if isinstance(one, redis.ResponseError) else one for one in found]


def parts(keys: list[str]) -> Iterator[list[str]]:
    """``keys``, 500 at a time."""
    for begin in range(0, len(keys), _PIPELINE):
        yield keys[begin : begin + _PIPELINE]


def pairs(members: Any) -> list[tuple[date | None, float | None]]:
    """(day, amount) of a sorted set's answer, which is flat or in pairs depending on the protocol."""
    flat = [part for one in members or () for part in (one if isinstance(one, list | tuple) else (one,))]
    return [(day_of(day), amount_of(amount)) for day, amount in zip(flat[::2], flat[1::2], strict=False)]


def day_of(value: Any) -> date | None:
    """The date that a member names; ``None`` when it names none."""
    try:
        return date.fromisoformat(text(value) or "")
    except ValueError:
        return None


def amount_of(value: Any) -> float | None:
    """Dollars: finite and not negative; else ``None``."""
    found = number(value)
    return found if found is not None and found >= 0 else None


def number(value: Any) -> float | None:
    """A finite number; else ``None``."""
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if math.isfinite(found) else None


_MILLISECONDS = 10**11
"""A time above it is in milliseconds: in seconds it would lie beyond the year 5000."""


def time_of(value: Any, zone: tzinfo) -> int | None:
    """Microseconds since the epoch, from ISO 8601, seconds or milliseconds; ``None`` for anything else.

    Args:
        zone: what a time without a zone is meant in.
    """
    if isinstance(value, str) and (amount := number(value)) is None:
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone)
        try:
            return round(moment.astimezone(UTC).timestamp() * 1_000_000)
        except (OverflowError, ValueError):
            return None
    amount = None if isinstance(value, bool) else number(value)
    if amount is None or not 0 < amount < 10**15:
        return None
    return round(amount * (1_000 if amount > _MILLISECONDS else 1_000_000))


def whole(value: Any) -> int | None:
    """A whole number of 64 bits; else ``None``."""
    found = number(value)
    return int(found) if found is not None and found == int(found) and abs(found) < 2**63 else None


def text(value: Any) -> str | None:
    """``value`` as text; ``None`` when it is no UTF-8."""
    if isinstance(value, str):
        return value
    try:
        return value.decode("utf-8") if isinstance(value, bytes) else None
    except UnicodeDecodeError:
        return None
