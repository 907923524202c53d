"""The log in the store as a reader sees it: its shards, looking like one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from helix_dash.errors import StoreUnavailable
from helix_dash.log.coverage import Interval, common
from helix_dash.log.keys import LogKeys
from helix_dash.log.segment import Segment
from helix_dash.store import connect, is_cluster

Mark = tuple[int, bytes]
"""A shard's commit count and cursor: while both stay there is nothing to fetch. The count alone would not tell: a
failover may lose the last commits, and others then count up to the same number."""


LATELY = 60 * 10**6
"""Microseconds within which shards are compared: a shard without traffic tells an old lag."""


@dataclass(frozen=True, slots=True)
class Pulse:
    """What moves without a new segment.

    Args:
        marks: one per shard.
        coverage: when all shards are complete.
        stats: the folds' counters, added up; ``heartbeat`` is that of the shard that is furthest behind, ``lag``
            that of the slowest, what ends in ``_at`` the latest.
        behind: stream entries that wait for a fold.
    """

    marks: tuple[Mark, ...]
    coverage: tuple[Interval, ...]
    stats: dict[str, int]
    behind: int


@dataclass(frozen=True, slots=True)
class Part:
    """One shard's share of a :class:`Pulse`."""

    mark: Mark
    coverage: tuple[Interval, ...]
    stats: dict[str, int]
    behind: int

    @property
    def beats(self) -> bool:
        """Whether anybody has ever folded it."""
        return "heartbeat" in self.stats


def joined(parts: Sequence[Part]) -> Pulse:
    """What ``parts`` say together.

    A shard that nobody has written to or folded says nothing: LOG_SHARDS may have been raised a moment ago. One
    that is written to and was never folded makes it unknown how far the log is complete.
    """
    waiting = [part for part in parts if part.behind and not part.beats]
    begun = [part for part in parts if part.coverage]
    beats = [part.stats["heartbeat"] for part in parts if part.beats]
    names = {name for part in parts for name in part.stats} - {"heartbeat", "lag"}
    stats = {
        name: (max if name.endswith("_at") else sum)(part.stats.get(name, 0) for part in parts)
        for name in sorted(names)
    }
    if "lag_at" in stats:  # of the shards that had something to fold lately, the slowest
        lately = stats["lag_at"] - LATELY
        stats["lag"] = max(part.stats["lag"] for part in parts if part.stats.get("lag_at", 0) > lately)
    if beats and not waiting:
        stats["heartbeat"] = min(beats)
    return Pulse(
        marks=tuple(part.mark for part in parts),
        coverage=() if waiting else tuple(common([part.coverage for part in begun])),
        stats=stats,
        behind=sum(part.behind for part in parts),
    )


def fewer_shards_than_there_are(url: str, shards: int) -> str:
    """What is wrong when the log at ``url`` has more than ``shards`` shards; "" when all is well.

    Raises:
        redis.RedisError: the store did not answer.
    """
    beyond = LogKeys(shards)
    with connect(url, tag=beyond.tag) as client:
        if not client.exists(beyond.version):
            return ""
    return (
        f"The log has more shards than LOG_SHARDS={shards}: set it back to what it was; it cannot be lowered."
    )


class Source:
    """Reads the shards of the log at ``url``; what lives on one server is read in one transaction.

    Every method raises :class:`redis.RedisError` when the store does not answer, and
    :class:`~helix_dash.errors.StoreUnavailable` when the log has more shards: a part of it is not the log.

    Args:
        url: the log's store.
        shards: how many shards there are.
    """

    def __init__(self, url: str, shards: int) -> None:
        self._url, self._shards = url, shards
        self._complete = False
        keys = [LogKeys(shard) for shard in range(shards)]
        # Any: redis-py's types say str where this client answers bytes.
        self._groups: list[tuple[Any, list[LogKeys]]] = (
            [(connect(url, tag=one.tag), [one]) for one in keys]
            if is_cluster(url)
            else [(connect(url), keys)]
        )
        self._homes: dict[str, tuple[Any, LogKeys]] = {}

    def pulse(self) -> Pulse:
        """What moves, as of now."""
        return joined([_part(answers) for answers in self._ask(*_PULSE)])

    def listing(self) -> tuple[Pulse, list[Segment]]:
        """What moves, and the segments of that instant, the newest first."""
        if not self._complete:
            wrong = fewer_shards_than_there_are(self._url, self._shards)
            if wrong:
                raise StoreUnavailable(wrong)
            self._complete = True
        answers = self._ask(*_PULSE, lambda pipe, keys: pipe.hgetall(keys.manifest))
        homes = [(client, keys) for client, group in self._groups for keys in group]
        segments, self._homes = [], {}
        for home, (*_, manifest) in zip(homes, answers, strict=True):
            listed = [msgspec.json.decode(value, type=Segment) for value in manifest.values()]
            self._homes |= {segment.id: home for segment in listed}
            segments += listed
        segments.sort(key=lambda segment: (segment.max_time, segment.id), reverse=True)
        return joined([_part(answer) for answer in answers]), segments

    def rows(self, segment: Segment) -> bytes | None:
        """The rows blob of a listed segment; ``None`` when it is gone."""
        client, keys = self._homes[segment.id]
        blob: bytes | None = client.get(keys.rows(segment.id))
        return blob

    def cube(self, segment: Segment) -> bytes | None:
        """The cube blob of a listed segment; ``None`` when it is gone."""
        client, keys = self._homes[segment.id]
        blob: bytes | None = client.get(keys.cube(segment.id))
        return blob

    def still_lists(self, segment: Segment) -> bool:
        """Whether ``segment`` has not been merged away since it was listed."""
        client, keys = self._homes[segment.id]
        return bool(client.hexists(keys.manifest, segment.id))

    def _ask(self, *questions: Callable[[Any, LogKeys], Any]) -> list[list[Any]]:
        """The answers to all ``questions``, shard by shard."""
        answers: list[list[Any]] = []
        for client, group in self._groups:
            with client.pipeline() as pipe:
                for keys in group:
                    for question in questions:
                        question(pipe, keys)
                found = pipe.execute()
            answers += [found[at : at + len(questions)] for at in range(0, len(found), len(questions))]
        return answers


_PULSE: tuple[Callable[[Any, LogKeys], Any], ...] = (
    lambda pipe, keys: pipe.mget(keys.version, keys.cursor, keys.coverage),
    lambda pipe, keys: pipe.hgetall(keys.stats),
    lambda pipe, keys: pipe.xlen(keys.stream),
)


def _part(answers: Sequence[Any]) -> Part:
    (version, cursor, coverage), stats, behind = answers[:3]
    return Part(
        mark=(int(version or 0), cursor or b""),
        coverage=tuple(msgspec.json.decode(coverage or b"[]", type=list[Interval])),
        stats={name.decode(): int(value) for name, value in stats.items()},
        behind=behind,
    )
