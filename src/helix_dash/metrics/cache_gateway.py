"""What the gateway's own keys tell of its cache, from the answers and series that the collector keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import redis

from helix_dash.model import Period, us_from_utc
from helix_dash.samples.answers import Answer, answers
from helix_dash.samples.reader import SampleReader
from helix_dash.samples.sources import COUNTERS, ENTRIES, GATEWAY, SETTINGS, SURVEY


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """One entry; see :class:`helix_dash.sources.gateway.entries.Entry`, whose fields these are."""

    key: str
    level: str
    model: str | None = None
    owner: str | None = None
    created: int | None = None
    used: int | None = None
    hits: int | None = None
    ends: int | None = None
    bytes: int | None = None


@dataclass(frozen=True, slots=True)
class GatewayCache:
    """The gateway's cache by its own keys. ``None`` is unknown, and never 0.

    Args:
        answer: the walk over its keys, as an answer: when, how long it took, why there is none.
        mock: whether the keys are those of a simulated gateway.
        requests: all it ever counted; ``hits`` of them from its cache.
        requests_grown: how many it counted in the period; ``hits_grown`` of them from its cache.
        since: when in the period they were first watched, microseconds since the epoch.
        exact: entries of each level.
        inside: exact entries that share one hash; ``inside_bytes`` is what one of them holds, on average.
        entry_bytes: what one of the others takes in memory, on average over a sample.
        expiring: entries that are gone within an hour, estimated from the sample.
        sampled: how many entries the sample has, those inside the hash included.
        cut: whether there are more keys than were counted.
        evicted: keys that the gateway's store threw out in the period for want of memory.
        threshold: from which score its semantic cache answers.
        ttl_exact: seconds an exact entry lives; ``ttl_semantic`` a semantic one.
        entries: some of them, one by one.
        largest: those of the measured ones that take most, the largest first; ``measured`` is how many were.
        index: RediSearch's index, or why there is none.
        left_out: what could not be read: reason → how many.
    """

    answer: Answer | None = None
    mock: bool = False
    requests: int | None = None
    hits: int | None = None
    requests_grown: float | None = None
    hits_grown: float | None = None
    since: int | None = None
    exact: int | None = None
    semantic: int | None = None
    other: int | None = None
    inside: int = 0
    inside_bytes: float | None = None
    entry_bytes: float | None = None
    expiring: float | None = None
    sampled: int = 0
    cut: bool = False
    evicted: float | None = None
    threshold: float | None = None
    ttl_exact: float | None = None
    ttl_semantic: float | None = None
    entries: tuple[CacheEntry, ...] = ()
    largest: tuple[CacheEntry, ...] = ()
    measured: int = 0
    index: Mapping[str, Any] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int | None:
        """Entries of all levels."""
        known = [one for one in (self.exact, self.semantic, self.other) if one is not None]
        return sum(known) if known else None

    @property
    def bytes(self) -> float | None:
        """What all entries take in memory, estimated from the sample."""
        if self.total is None:
            return None
        sizes = ((self.total - self.inside, self.entry_bytes), (self.inside, self.inside_bytes))
        known = [count * size for count, size in sizes if count > 0 and size is not None]
        return sum(known) if len(known) == sum(count > 0 for count, _ in sizes) else None


def gateway_cache(store: redis.Redis, period: Period, now: int) -> GatewayCache:
    """What is known of the gateway's cache: three commands of our store, and never one of the gateway's.

    Args:
        period: over which its counters are added up.
        now: microseconds since the epoch.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    told = answers(store, GATEWAY)
    if not told:
        return GatewayCache()
    start, end = us_from_utc(period.start), us_from_utc(period.end)
    reader = SampleReader(store)
    counted = reader.read(f"{GATEWAY}.{COUNTERS}", start, end, now)
    thrown = reader.read(f"{GATEWAY}.{ENTRIES}", start, end, now)
    counters, settings, survey, entries = (
        _body(told.get(name)) for name in (COUNTERS, SETTINGS, SURVEY, ENTRIES)
    )
    adaptive, ttl = settings.get("adaptive") or {}, settings.get("ttl") or {}
    found = survey.get("entries") or {}
    shared, sampled = found.get("inside") or 0, found.get("sampled") or 0
    own = sum(found.get(name) or 0 for name in ("exact", "semantic", "other")) - shared
    share = own / sampled if sampled else None
    threshold = adaptive.get("current_threshold", adaptive.get("semantic_base"))
    return GatewayCache(
        answer=told.get(SURVEY),
        mock=any(one.mock for one in told.values()),
        requests=counters.get("requests"),
        hits=counters.get("hits"),
        requests_grown=counted.total("requests") if "requests" in counted.names() else None,
        hits_grown=counted.total("hits") if "hits" in counted.names() else None,
        since=next(
            (at for at, one in zip(counted.starts, counted.frames, strict=True) if one and one.covered), None
        ),
        exact=found.get("exact"),
        semantic=found.get("semantic"),
        other=found.get("other"),
        inside=shared,
        inside_bytes=found.get("inside_bytes"),
        entry_bytes=found.get("bytes"),
        expiring=found["expiring"] * share
        if share is not None and "expiring" in found
        else 0.0
        if found
        else None,
        sampled=sampled + (found.get("inside_sampled") or 0),
        cut=bool(found.get("cut")),
        evicted=thrown.total("evicted"),
        threshold=threshold if isinstance(threshold, int | float) and 0 < threshold <= 1 else None,
        ttl_exact=ttl.get("exact"),
        ttl_semantic=ttl.get("semantic"),
        entries=tuple(CacheEntry(**one) for one in entries.get("found") or ()),
        largest=tuple(CacheEntry(**one) for one in entries.get("largest") or ()),
        measured=entries.get("measured") or 0,
        index=entries.get("index") or {},
        left_out=_left_out(counters, found, entries),
    )


def _body(answer: Answer | None) -> dict[str, Any]:
    return answer.body if answer is not None and isinstance(answer.body, dict) else {}


def _left_out(*bodies: Mapping[str, Any]) -> dict[str, int]:
    found: dict[str, int] = {}
    for body in bodies:
        for reason, count in (body.get("left_out") or {}).items():
            found[reason] = found.get(reason, 0) + count
    return found
