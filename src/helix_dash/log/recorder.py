"""The one door into the log: a producer hands over records, a writer thread appends them to the store.

Lives inside other people's gateways: it never blocks, never raises, never prints, and needs only redis and
msgspec. While the store is away (or must not be written to) records wait in a bounded buffer; when that is
full the newest are dropped and counted, and their sequence numbers stay used, so that the fold sees the gap.
"""

from __future__ import annotations

import atexit
import logging
import os
import secrets
import threading
import time
import weakref
from collections import deque
from collections.abc import Iterable
from itertools import islice
from typing import Any

import msgspec
import redis

from helix_dash import settings
from helix_dash.errors import InvalidRecord, StoreUnsuitable
from helix_dash.log.keys import LogKeys
from helix_dash.log.pending import tell_sent, waiting
from helix_dash.log.schema import WIRE_VERSION, RequestRecord, to_wire
from helix_dash.model import Period, us_from_utc
from helix_dash.store import connect

ENTRY_ROWS = 100
"""Records in one stream entry at most: a busy producer packs, an idle one sends each record at once."""

PIPELINE_ENTRIES = 20
FIRST_WAIT, LONGEST_WAIT = 0.05, 2.0
CHECK_EVERY = 1.0
_SETTINGS = ("REDIS_URL", "LOG_REDIS_URL", "LOG_SHARDS", "LOG_MAX_PENDING", "ALLOW_EVICTION")
SILENCE = 24 * 3600
"""Seconds without a record after which a producer comes back under a new id: the fold forgets old ones."""

_log = logging.getLogger("helix_dash.recorder")
_living: weakref.WeakSet[Recorder] = weakref.WeakSet()


class Recorder:
    """Appends records to the log of the store at ``redis_url``, in order, exactly once, in the background.

    Nothing is connected and no thread started before the first record. After a fork the child is a producer of
    its own with an empty buffer; what waits in the parent's buffer is written by the parent.

    Args:
        redis_url: the log's store; ``None`` takes LOG_REDIS_URL or REDIS_URL of the environment.
        shard: the shard of the log to write to; ``None`` picks one of LOG_SHARDS by the producer's id, so that a
            process writes to one shard and many processes spread over all.
        buffer: how many records may wait.
        max_pending: how many requests may wait in the store for the fold; ``None`` takes LOG_MAX_PENDING.
        allow_eviction: write to a store that may evict keys; ``None`` takes ALLOW_EVICTION.

    Raises:
        SettingError: a value of the environment cannot be used.
        ValueError: ``redis_url`` is no address of a store.
    """

    def __init__(
        self,
        redis_url: str | None = None,
        *,
        shard: int | None = None,
        buffer: int = 10_000,
        max_pending: int | None = None,
        allow_eviction: bool | None = None,
    ) -> None:
        # Only these names: a gateway's environment may hold a PORT or THEME that means something else there.
        given = settings.load({name: os.environ[name] for name in _SETTINGS if name in os.environ})
        self._url = redis_url or given.log_redis_url
        self._shard, self._shards = shard, given.log_shards
        self._buffer = buffer
        self._max_pending = given.log_max_pending if max_pending is None else max_pending
        self._allow_eviction = given.allow_eviction if allow_eviction is None else allow_eviction
        self._begin()
        _living.add(self)
        atexit.register(_close, weakref.ref(self))

    def _begin(self) -> None:
        """The state of a process that has recorded nothing yet."""
        self.written = self.dropped = self.rejected = 0
        self._queue: deque[tuple[int, Any]] = deque()  # (sequence, packed record) or (0, vouched period)
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()
        self._warned = self._checked = float("-inf")
        self._new_producer()

    @property
    def producer(self) -> int:
        """The id it writes under."""
        return self._producer

    @property
    def keys(self) -> LogKeys:
        """The keys of the shard it writes to."""
        return self._keys

    def resume(self, producer: int, after: int) -> None:
        """Go on as ``producer``, of whom the store has the first ``after`` records. Before the first record."""
        self._be(producer)
        self._assigned = self._announced = after

    def _new_producer(self) -> None:
        self._be(secrets.randbits(63))

    def _be(self, producer: int) -> None:
        self._producer = producer
        self._keys = LogKeys(self._producer % self._shards if self._shard is None else self._shard)
        self._client = connect(self._url, tag=self._keys.tag, retries=0)  # connects at the first command
        self._assigned = 0  # the highest sequence number given out …
        self._announced = 0  # … and the highest the store has heard of
        self._recorded_at = time.time()

    def record(self, record: RequestRecord) -> bool:
        """Queue one record; ``False`` when it was rejected (invalid) or dropped (buffer full). Never raises."""
        try:
            packed = to_wire(record)
        except InvalidRecord as error:
            return self._reject(str(error))
        except Exception as error:  # whatever is wrong with it, the caller's request must not fail for it
            return self._reject(f"{type(error).__name__}")
        with self._changed:
            now = time.time()
            if now - self._recorded_at > SILENCE and not self._queue and self._announced == self._assigned:
                self._new_producer()
            self._recorded_at = now
            self._assigned += 1
            if len(self._queue) >= self._buffer or self._closed.is_set():
                self.dropped += 1
                return False
            return self._put((self._assigned, packed))

    def record_many(self, records: Iterable[RequestRecord]) -> int:
        """Queue all ``records``; the number that were taken."""
        return sum(map(self.record, records))

    def vouch(self, period: Period) -> None:
        """Declare that everything in ``period`` has been recorded: no record there means 0, not unknown.

        Queued behind what was recorded before it; for importers of history.
        """
        with self._changed:
            self._put((0, [us_from_utc(period.start), us_from_utc(period.end)]))

    def flush(self, timeout: float = 5.0) -> int:
        """Wait until everything is written; the number still unwritten after ``timeout`` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: not self._queue, timeout)
            return len(self._queue)

    def close(self, timeout: float = 5.0) -> int:
        """Write what waits, tell the store of drops at the end, stop; the number left unwritten.

        What is recorded after it is dropped, and counted.
        """
        with self._changed:
            if self._thread is not None:
                self._changed.wait_for(lambda: not self._untold(), timeout)
            self._closed.set()
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(timeout=3)
        with self._changed:
            return len(self._queue)

    def wait_for_room(self, timeout: float | None = None) -> bool:
        """Block until the buffer is at most half full, for an importer; ``False`` when it stayed fuller."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self._queue) <= self._buffer // 2, timeout)

    def _put(self, item: tuple[int, Any]) -> bool:
        """Append to the queue and see that somebody empties it; the caller holds the lock."""
        if self._thread is None:
            thread = threading.Thread(target=self._write, name="helix-recorder", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # the interpreter is shutting down
                self.dropped += 1
                return False
            self._thread = thread
        self._queue.append(item)
        if len(self._queue) == 1:  # only then can the writer be asleep
            self._changed.notify_all()
        return True

    def _reject(self, reason: str) -> bool:
        with self._changed:
            self.rejected += 1
        self._warn(f"a record was rejected: {reason}")
        return False

    def _untold(self) -> bool:
        """Whether the store has not heard of everything yet: records that wait, or drops behind the last one."""
        return bool(self._queue) or self._announced < self._assigned

    def _write(self) -> None:
        """The writer thread: one batch after the other, each until the store has it."""
        while not self._closed.is_set():
            with self._changed:
                self._changed.wait_for(lambda: self._closed.is_set() or self._untold())
                items = list(islice(self._queue, PIPELINE_ENTRIES * ENTRY_ROWS))
                announced = max((sequence for sequence, _ in items), default=self._assigned)
            vouched = [period for sequence, period in items if not sequence]
            if self._deliver(self._packed(items) or [self._entry(announced + 1, [])], vouched):
                with self._changed:
                    for _ in items:
                        self._queue.popleft()
                    self.written += sum(1 for sequence, _ in items if sequence)
                    self._announced = max(announced, self._announced)
                    self._changed.notify_all()

    def _entry(self, first: int, rows: list[Any]) -> bytes:
        return msgspec.msgpack.encode([WIRE_VERSION, self._producer, first, rows])

    def _packed(self, items: list[tuple[int, Any]]) -> list[bytes]:
        """Stream entries for ``items``: runs of consecutive records, and declarations of coverage between."""
        runs: list[tuple[int, list[Any]]] = []
        for sequence, value in items:
            first, rows = runs[-1] if runs else (0, [])
            if sequence == 0:
                runs.append((0, value))
            elif first and sequence == first + len(rows) and len(rows) < ENTRY_ROWS:
                rows.append(value)
            else:
                runs.append((sequence, [value]))
        return [self._entry(first, rows) for first, rows in runs]

    def _deliver(self, entries: list[bytes], vouched: list[Any]) -> bool:
        """Send the same ``entries`` until the store has taken them all; ``False`` when closed before."""
        wait = FIRST_WAIT
        while not self._closed.is_set():
            try:
                self._vouch_elsewhere(vouched)
                self._send(entries)
                return True
            except Exception as error:  # whatever it is, the records must outlive it
                self._warn(f"{len(self._queue)} records wait for the store: {type(error).__name__}: {error}")
            self._closed.wait(
                wait * (0.5 + self._producer % 1000 / 1000)
            )  # spread, so that a fleet does not return at once
            wait = min(2 * wait, LONGEST_WAIT)
        return False

    def _vouch_elsewhere(self, vouched: list[Any]) -> None:
        """Tell the other shards too: the log covers what all of them cover. To tell them twice does no harm."""
        others = [LogKeys(shard) for shard in range(self._shards) if vouched and shard != self._keys.shard]
        for keys in others:
            with connect(self._url, tag=keys.tag, retries=0) as client:
                for period in vouched:
                    client.xadd(keys.stream, {"e": self._entry(0, period)})

    def _send(self, entries: list[bytes]) -> None:
        if time.monotonic() - self._checked > CHECK_EVERY:
            self._check(self._client)
            self._checked = time.monotonic()
        # One transaction: were a middle entry refused and a later one taken, the fold would take the refused
        # one, sent again, for a duplicate.
        with self._client.pipeline(transaction=len(entries) > 1) as pipe:
            for entry in entries:
                pipe.xadd(self._keys.stream, {"e": entry})
            pipe.execute()

    def _check(self, client: redis.Redis) -> None:
        """Whether the store may be written to now.

        Raises:
            StoreUnsuitable: it would evict the log, or the fold is too far behind.
        """
        if not self._allow_eviction:
            try:
                memory = client.info("memory")
            except (redis.exceptions.NoPermissionError, redis.exceptions.ResponseError):
                memory = {}  # a managed store that does not tell
            if memory.get("maxmemory") and str(memory.get("maxmemory_policy")).startswith("allkeys"):
                raise StoreUnsuitable(
                    f"its maxmemory-policy {memory['maxmemory_policy']} may evict the log; set noeviction or a "
                    "volatile policy, or ALLOW_EVICTION=1"
                )
        if self._announced:
            tell_sent(client, self._keys, self._producer, self._announced)
        if waiting(client, self._keys) > self._max_pending:
            raise StoreUnsuitable(
                f"more than {self._max_pending} requests wait for the collector (LOG_MAX_PENDING)"
            )

    def _warn(self, text: str) -> None:
        if time.monotonic() - self._warned > 60:
            self._warned = time.monotonic()
            _log.warning("%s (dropped so far: %d)", text, self.dropped)


def _close(reference: weakref.ref[Recorder]) -> None:
    recorder = reference()
    if recorder is not None:
        recorder.close(timeout=2)


def _begin_in_child() -> None:
    for recorder in _living:
        recorder._begin()


os.register_at_fork(after_in_child=_begin_in_child)
