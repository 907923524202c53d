"""One shard of the log in the store, and the only place that writes it: every change is one fenced transaction.

The fence is the cursor together with the commit count: a commit WATCHes both and first compares them with what
its writer saw last. Taking over is itself a commit, so a writer that was paused finds the count moved on and
writes nothing. (The cursor alone would not tell: a merge moves no cursor.) The lease only spares double work.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import redis

from helix_dash.errors import FoldFenced
from helix_dash.log.coverage import Interval
from helix_dash.log.cube import Cube, cube_of, decode_cube, encode_cube
from helix_dash.log.decode import Entry, Rejection
from helix_dash.log.keys import TICK, LogKeys
from helix_dash.log.segment import ROW_KEY, Segment, decode_rows, digest, encode_rows, new_id
from helix_dash.store import connect

_log = logging.getLogger("helix_dash.fold")

LEASE_MS = 3_000
READ_ENTRIES = 100
READ_BYTES = 4 * 2**20
"""Payload after which one read stops: bounds the fold's memory, whatever the size of entries."""

MOST_REJECTIONS = 1_000


@dataclass(slots=True)
class State:
    """A shard as its writer knows it after its last commit.

    Args:
        cursor: the id of the last folded stream entry.
        version: the number of commits.
        producers: producer → (highest sequence, milliseconds last seen).
    """

    cursor: str
    version: int
    manifest: dict[str, Segment]
    producers: dict[int, tuple[int, int]]
    coverage: list[Interval]


@dataclass(frozen=True, slots=True)
class Sealed:
    """A segment with its blobs; ``rows`` is ``None`` once they have expired."""

    segment: Segment
    rows: bytes | None
    cube: bytes


@dataclass(frozen=True, slots=True)
class Noted:
    """A recomputation of costs: what was asked for last, and what was done of it, as the store keeps them."""

    asked: bytes | None = None
    done: bytes | None = None


@dataclass(slots=True)
class Change:
    """What one commit does. Everything in it happens, or nothing.

    ``counters`` are added to the log's statistics, ``gauges`` take the place of what was there, and ``noted`` that of
    what was done of a recomputation.
    """

    added: list[Sealed] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    cursor: str | None = None
    producers: dict[int, tuple[int, int]] = field(default_factory=dict)
    forgotten: list[int] = field(default_factory=list)
    counters: dict[str, int] = field(default_factory=dict)
    rejections: list[Rejection] = field(default_factory=list)
    coverage: list[Interval] | None = None
    heartbeat: int | None = None
    caught_up: bool = False
    gauges: dict[str, int] = field(default_factory=dict)
    noted: bytes | None = None
    beside: Callable[[Any], None] | None = None

    @property
    def is_new_version(self) -> bool:
        """Whether readers have anything to fetch."""
        return bool(self.added or self.removed or self.cursor)


def seal(rows: pa.Table, *, level: int, now: int) -> Sealed:
    """A segment of ``rows`` (at least one), which it puts in order."""
    rows = rows.sort_by([(name, "ascending") for name in ROW_KEY]).combine_chunks()
    blob, cube = encode_rows(rows), encode_cube(cube_of(rows))
    arrived = pc.min_max(rows["ingested"]).as_py()
    segment = Segment(
        id=new_id(now),
        level=level,
        rows=rows.num_rows,
        min_time=rows["time"][0].as_py(),
        max_time=rows["time"][-1].as_py(),
        min_ingested=arrived["min"],
        max_ingested=arrived["max"],
        bytes=len(blob),
        cube_bytes=len(cube),
        digest=digest(blob),
    )
    return Sealed(segment, blob, cube)


class Shard:
    """Access to one shard.

    Every method raises :class:`redis.RedisError` when the store does not answer.
    """

    def __init__(self, url: str, shard: int = 0) -> None:
        self.keys = LogKeys(shard)
        self.number = shard
        # No retries: a commit whose reply was lost is found out by loading the state again, never by repeating it.
        # Any: redis-py's types say str where this client answers bytes.
        self._client: Any = connect(url, tag=self.keys.tag, retries=0, timeout=5)

    def lead(self, owner: str) -> tuple[bool, int, Noted]:
        """Take or renew the lease; whether ``owner`` has it, the store's clock in microseconds, and what is asked."""
        with self._client.pipeline(transaction=False) as pipe:
            pipe.set(self.keys.lease, owner, nx=True, px=LEASE_MS)
            pipe.get(self.keys.lease)
            pipe.time()
            pipe.mget(self.keys.recompute, self.keys.recomputed)
            _, holder, (seconds, micros), noted = pipe.execute()
        mine = holder == owner.encode()
        if mine:
            self._client.pexpire(self.keys.lease, LEASE_MS)
        return mine, seconds * 10**6 + micros, Noted(*noted)

    def noted(self) -> Noted:
        """The recomputation that was asked for last, and what was done of it."""
        return Noted(*self._client.mget(self.keys.recompute, self.keys.recomputed))

    def ask(self, job: bytes) -> None:
        """Have the fold do a recomputation. The one before must be over: it would be forgotten."""
        self._client.set(self.keys.recompute, job)

    def release(self, owner: str) -> None:
        """Give the lease back, so that the next one need not wait for its end."""
        if self._client.get(self.keys.lease) == owner.encode():
            self._client.delete(self.keys.lease)

    def take_over(self) -> State:
        """The state in the store, claimed: whoever wrote before can commit no more.

        Raises:
            FoldFenced: somebody else took over at the same moment.
        """
        keys = self.keys
        with self._client.pipeline() as pipe:
            pipe.watch(keys.cursor, keys.version)
            cursor, version, coverage = pipe.mget(keys.cursor, keys.version, keys.coverage)
            manifest, producers = pipe.hgetall(keys.manifest), pipe.hgetall(keys.producers)
            pipe.multi()
            pipe.set(keys.cursor, cursor or b"0-0")
            pipe.incr(keys.version)
            self._run(pipe)
        segments = (msgspec.json.decode(value, type=Segment) for value in manifest.values())
        seen = ((int(name, 16), value.split(b":")) for name, value in producers.items())
        return State(
            cursor=(cursor or b"0-0").decode(),
            version=int(version or 0) + 1,
            manifest={segment.id: segment for segment in segments},
            producers={producer: (int(highest), int(at)) for producer, (highest, at) in seen},
            coverage=msgspec.json.decode(coverage or b"[]", type=list[Interval]),
        )

    def read(self, cursor: str, limit: int) -> tuple[list[Entry], int]:
        """Up to ``limit`` entries after ``cursor`` (fewer when they are large), and how many remain behind them."""
        entries: list[Entry] = []
        size = 0
        while len(entries) < limit and size < READ_BYTES:
            after = entries[-1][0].decode() if entries else cursor
            count = min(READ_ENTRIES, limit - len(entries))
            part = self._client.xrange(self.keys.stream, min="(" + after, count=count)
            entries += part
            size += sum(len(value) for _, fields in part for value in fields.values())
            if len(part) < count:
                return entries, 0
        return entries, max(self._client.xlen(self.keys.stream) - len(entries), 1)

    def rows(self, segment: Segment) -> pa.Table | None:
        """The rows of a segment; ``None`` when the store has lost them (evicted, deleted, damaged)."""
        blob = self._client.get(self.keys.rows(segment.id))
        return decode_rows(blob) if blob is not None and digest(blob) == segment.digest else None

    def cube(self, segment: Segment) -> Cube | None:
        """The cube of a segment; ``None`` when the store has lost it."""
        blob = self._client.get(self.keys.cube(segment.id))
        return None if blob is None else decode_cube(blob)

    def commit(self, state: State, change: Change) -> None:
        """Write ``change`` in one transaction and bring ``state`` up to date. Tell readers by :meth:`publish`.

        Raises:
            FoldFenced: somebody else has written since; nothing was changed.
        """
        keys = self.keys
        with self._client.pipeline() as pipe:
            pipe.watch(keys.cursor, keys.version)
            cursor, version = pipe.mget(keys.cursor, keys.version)
            if cursor != state.cursor.encode() or version != str(state.version).encode():
                raise FoldFenced(
                    f"shard {self.number}: another fold has written since commit {state.version}"
                )
            pipe.multi()
            pipe.set(keys.cursor, change.cursor or state.cursor)
            self._queue(pipe, change)
            own = len(pipe.command_stack)
            if change.beside:
                change.beside(pipe)
            self._run(pipe, own)
        _apply(state, change)

    def publish(self, state: State) -> None:
        """Tell readers that there is a new version."""
        self._client.publish(TICK, f"{self.number}:{state.version}")

    def _queue(self, pipe: Any, change: Change) -> None:
        keys = self.keys
        for sealed in change.added:
            name = sealed.segment.id
            if sealed.rows is not None:
                pipe.set(keys.rows(name), sealed.rows)
            pipe.set(keys.cube(name), sealed.cube)
            pipe.hset(keys.manifest, name, msgspec.json.encode(sealed.segment))
        for name in change.removed:
            pipe.hdel(keys.manifest, name)
            pipe.unlink(keys.rows(name), keys.cube(name))
        for producer, (highest, at) in change.producers.items():
            pipe.hset(keys.producers, f"{producer:016x}", f"{highest}:{at}")
        for producer in change.forgotten:
            pipe.hdel(keys.producers, f"{producer:016x}")
        for name, count in change.counters.items():
            pipe.hincrby(keys.stats, name, count)
        if change.rejections:
            pipe.lpush(keys.rejected, *(msgspec.json.encode(item._asdict()) for item in change.rejections))
            pipe.ltrim(keys.rejected, 0, MOST_REJECTIONS - 1)
        if change.caught_up:
            pipe.delete(keys.sent)
        if change.noted is not None:
            pipe.set(keys.recomputed, change.noted)
        if change.coverage is not None:
            pipe.set(keys.coverage, msgspec.json.encode(change.coverage))
        gauges = (
            change.gauges if change.heartbeat is None else change.gauges | {"heartbeat": change.heartbeat}
        )
        if gauges:
            pipe.hset(keys.stats, mapping=gauges)
        if change.cursor:
            milliseconds, _, counter = change.cursor.partition("-")
            pipe.xtrim(keys.stream, minid=f"{milliseconds}-{int(counter) + 1}", approximate=False)
        if change.is_new_version:
            pipe.incr(keys.version)

    def _run(self, pipe: Any, own: int | None = None) -> None:
        """Execute; a failure among the first ``own`` commands raises, later ones are guests and only logged."""
        try:
            results = pipe.execute(raise_on_error=False)
        except redis.WatchError as error:
            raise FoldFenced(f"shard {self.number}: another fold was faster") from error
        for index, result in enumerate(results):
            if isinstance(result, Exception) and (own is None or index < own):
                raise result
            if isinstance(result, Exception):
                _log.warning("a gateway key was not written: %s", result)


def _apply(state: State, change: Change) -> None:
    for name in change.removed:
        state.manifest.pop(name, None)
    state.manifest.update({sealed.segment.id: sealed.segment for sealed in change.added})
    state.cursor = change.cursor or state.cursor
    state.version += change.is_new_version
    state.producers.update(change.producers)
    for producer in change.forgotten:
        state.producers.pop(producer, None)
    if change.coverage is not None:
        state.coverage = change.coverage
