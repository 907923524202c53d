"""One walk over all of a gateway's keys: how many cache entries there are and what they take, and who spent how much.

Sizes and lives are asked of the first entries that the walk meets: scan order is the order of hashes, so that these
are as good a sample as any, and all of a small cache.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from datetime import date
from itertools import islice

import redis

from helix_dash.sources.gateway import inside
from helix_dash.sources.gateway.contract import (
    CORE,
    MOST_DAYS,
    SPEND_MODEL,
    SPEND_USER,
    WRONG,
    Read,
    each,
    kind_of,
    pairs,
    parts,
    scan,
    whole,
)

MOST_KEYS = 200_000
MOST_MEASURED = 5_000
"""Entries with keys of their own whose size and life are asked for; of those inside one hash a fifth as many."""
MOST_SPENDERS = 1_000
SAMPLED, LARGEST = 200, 20


@dataclass(slots=True)
class Spenders(Read):
    """Dollars per user or model: all time, and the last thirty of its days.

    Args:
        top: who → (all time, last 30 days), the highest first; at most :data:`MOST_SPENDERS`.
        others: how many more there are.
        keys: keys that were looked at.
        cut: whether there are more keys than are looked at.
    """

    top: dict[str, tuple[float, float]] = field(default_factory=dict)
    others: int = 0
    keys: int = 0
    cut: bool = False


@dataclass(slots=True)
class Entries(Read):
    """The gateway's cache as counted by a scan.

    Args:
        exact: entries that answer one and the same prompt.
        semantic: entries that answer prompts like theirs.
        other: entries of other levels.
        inside: those of ``exact`` that share one hash.
        sampled: how many with keys of their own were measured.
        bytes: what one of these takes in memory, on average.
        inside_sampled: how many of ``inside`` were measured; ``inside_bytes`` is what one holds, on average.
        expiring: how many of the measured ones are gone within an hour.
        without_end: how many of them never expire.
        cut: whether there are more keys than are counted.
    """

    exact: int = 0
    semantic: int = 0
    other: int = 0
    inside: int = 0
    sampled: int = 0
    bytes: float | None = None
    inside_sampled: int = 0
    inside_bytes: float | None = None
    expiring: int = 0
    without_end: int = 0
    cut: bool = False


@dataclass(slots=True)
class Met:
    """Entries that the last walk met, for who tells some of them one by one.

    Args:
        sample: the first ones.
        largest: those of the measured ones that take most, the largest first.
        measured: how many were measured.
    """

    sample: list[str] = field(default_factory=list)
    largest: list[str] = field(default_factory=list)
    measured: int = 0


@dataclass(slots=True)
class Survey:
    """What one walk over all keys of the gateway finds: cache entries, and who spent how much."""

    entries: Entries
    users: Spenders
    models: Spenders


def survey(store: redis.Redis, today: date, met: Met | None = None) -> Survey:
    """One walk over all of the gateway's keys: for a background duty, never for a page.

    Args:
        today: the date from which the last thirty days are counted.
        met: takes the entries that were met in place of those of the last walk.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    found, first = Entries(), list[str]()
    spending: dict[str, list[str]] = {SPEND_USER: [], SPEND_MODEL: []}
    for seen, key in enumerate(scan(store, "helix:")):
        if seen == MOST_KEYS:
            found.cut = True
            break
        kind = kind_of(key)
        if kind in spending:
            spending[kind].append(key)
        elif kind:
            setattr(found, kind, getattr(found, kind) + 1)
            if len(first) < MOST_MEASURED:
                first.append(key)
    shared = _inside(store, found)
    sizes = _measure(store, found, first) | _measure_inside(store, found, shared)
    if met is not None:
        met.sample = first[:SAMPLED] + shared[:SAMPLED]
        met.largest = heapq.nlargest(LARGEST, sizes, key=lambda key: (sizes[key], key))
        met.measured = len(sizes)
    users, models = (_spenders(store, prefix, keys, today) for prefix, keys in spending.items())
    users.cut = models.cut = found.cut
    return Survey(found, users, models)


def _inside(store: redis.Redis, found: Entries) -> list[str]:
    """Count the entries that share one hash; the names of some."""
    count = inside.counted(store)
    if count is None:
        found.leave_out(f"{CORE} is no hash")
        return []
    found.inside = count
    found.exact += count
    names = islice(inside.names(store), MOST_MEASURED // 5) if count else ()
    return list(dict.fromkeys(names))


def _measure(store: redis.Redis, found: Entries, keys: list[str]) -> dict[str, int]:
    sizes = [whole(size) for size in each(store, "MEMORY USAGE", keys)]
    ends = [whole(end) for end in each(store, "TTL", keys)]
    known = {key: size for key, size in zip(keys, sizes, strict=True) if size}
    found.sampled, found.bytes = len(keys), sum(known.values()) / len(known) if known else None
    found.expiring = sum(1 for end in ends if end is not None and 0 <= end <= 3600)
    found.without_end = sum(1 for end in ends if end == -1)
    return known


def _measure_inside(store: redis.Redis, found: Entries, keys: list[str]) -> dict[str, int]:
    sizes = [whole(size) for size in inside.asked(store, "HSTRLEN", keys)]
    known = {key: size for key, size in zip(keys, sizes, strict=True) if size}
    found.inside_sampled = len(known)
    found.inside_bytes = sum(known.values()) / len(known) if known else None
    return known


def _spenders(store: redis.Redis, prefix: str, keys: list[str], today: date) -> Spenders:
    found, totals = Spenders(keys=len(keys)), {}
    for some in parts(keys):
        answers = each(store, "ZRANGE", some, "0", str(MOST_DAYS - 1), "WITHSCORES")
        for key, members in zip(some, answers, strict=True):
            if members is WRONG:
                found.leave_out("a key of spending is no sorted set")
                continue
            told = pairs(members)
            days = [(day, amount) for day, amount in told if day and amount is not None]
            for _ in range(len(told) - len(days)):
                found.leave_out("a day of spending cannot be read")
            recent = sum(amount for day, amount in days if 0 <= (today - day).days < 30)
            totals[key.removeprefix(prefix)] = (sum(amount for _, amount in days), recent)
    ranked = sorted(totals.items(), key=lambda item: (-item[1][1], -item[1][0], item[0]))
    found.top = dict(ranked[:MOST_SPENDERS])
    found.others = max(0, len(ranked) - MOST_SPENDERS)
    return found
