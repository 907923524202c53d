"""Requests to record, for tests: one plausible call, of which a test names only what it is about."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pyarrow as pa
import redis

from helix_dash.log.decode import Entry, read_entries
from helix_dash.log.fold import Fold, Step
from helix_dash.log.keys import LogKeys
from helix_dash.log.recorder import Recorder
from helix_dash.log.retention import Retention
from helix_dash.log.schema import WIRE_VERSION, RequestRecord, to_wire
from helix_dash.log.segment import Segment, decode_rows
from helix_dash.model import Status
from helix_dash.settings import load
from helix_dash.store import connect

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
KEYS = LogKeys(0)
SHARDS = load({"LOG_SHARDS": os.environ.get("LOG_SHARDS", "")}).log_shards
"""How many shards the log of these tests has: 1, but for `make test-cluster`."""


def a_request(minute: float = 0, **changes: Any) -> RequestRecord:
    """A successful chat call that ended ``minute`` minutes after noon of a fixed day."""
    fields: dict[str, Any] = {
        "time": NOON + timedelta(minutes=minute),
        "status": Status.SUCCESS,
        "source": "test",
        "model": "gpt-4o",
        "endpoint": "chat",
        "user": "ada",
        "uncached_tokens": 100,
        "visible_tokens": 20,
        "cost_usd": Decimal("0.001"),
        "priced": True,
        "latency_ms": 250.0,
    }
    return RequestRecord(**fields | changes)


def an_entry(*records: RequestRecord, producer: int = 1, first: int = 1, at: datetime = NOON) -> Entry:
    """The stream entry that a producer would send for ``records`` and the store stamp at ``at``."""
    payload = msgspec.msgpack.encode([WIRE_VERSION, producer, first, [to_wire(record) for record in records]])
    return f"{round(at.timestamp() * 1000)}-0".encode(), {b"e": payload}


def rows_of(*records: RequestRecord) -> pa.Table:
    """``records`` as the fold would hold them."""
    return read_entries([an_entry(*records)], {}).rows


def client_of(url: str, shard: int = 0) -> redis.Redis:
    """A client for the keys of a shard, wherever they are."""
    return connect(url, tag=LogKeys(shard).tag)


class Folds:
    """A fold for every shard of the log, as a collector has them."""

    def __init__(self, url: str, *, retention_days: int) -> None:
        self._folds = [Fold(url, shard=shard, retention=Retention(retention_days)) for shard in range(SHARDS)]

    def step(self) -> Step:
        """One step of each."""
        steps = [fold.step() for fold in self._folds]
        return Step(
            sum(step.folded for step in steps),
            sum(step.behind for step in steps),
            all(step.leader for step in steps),
        )

    def close(self) -> None:
        for fold in self._folds:
            fold.close()


def manifest(url: str) -> dict[str, Segment]:
    """The segments the store lists."""
    return {segment.id: segment for _, segment in _listed(url)}


def rows_key(url: str, name: str) -> tuple[redis.Redis, str]:
    """Where the rows of the segment ``name`` are: a client, and the key."""
    shard = next(shard for shard, segment in _listed(url) if segment.id == name)
    return client_of(url, shard), LogKeys(shard).rows(name)


def _listed(url: str) -> list[tuple[int, Segment]]:
    found = []
    for shard in range(SHARDS):
        with client_of(url, shard) as client:
            values = client.hgetall(LogKeys(shard).manifest).values()
        found += [(shard, msgspec.json.decode(value, type=Segment)) for value in values]
    return found


def folded_rows(url: str) -> list[dict[str, Any]]:
    """Every row in the log's segments, by time."""
    tables = []
    for shard, segment in _listed(url):
        with client_of(url, shard) as client:
            if not segment.expired:
                tables.append(decode_rows(client.get(LogKeys(shard).rows(segment.id))))
    return sorted(
        (row for table in tables for row in table.to_pylist()), key=lambda row: (row["time"], row["seq"])
    )


def stats(url: str) -> dict[str, int]:
    """The folds' counters, added up; one that never counted is 0."""
    told: Counter[str] = Counter()
    for shard in range(SHARDS):
        with client_of(url, shard) as client:
            found = client.hgetall(LogKeys(shard).stats)
            told.update({name.decode(): int(value) for name, value in found.items()})
    return defaultdict(int, told)


def recorded(url: str, *records: RequestRecord, shard: int | None = None) -> None:
    """Send ``records`` through a recorder of their own, until the store has them."""
    recorder = Recorder(url, shard=shard)
    assert recorder.record_many(records) == len(records)
    assert recorder.close(timeout=30) == 0
