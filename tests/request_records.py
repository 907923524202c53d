"""Requests to record, for tests: one plausible call, of which a test names only what it is about."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pyarrow as pa
import redis

from helix_dash.log.decode import Entry, read_entries
from helix_dash.log.keys import LogKeys
from helix_dash.log.recorder import Recorder
from helix_dash.log.schema import WIRE_VERSION, RequestRecord, to_wire
from helix_dash.log.segment import Segment, decode_rows
from helix_dash.model import Status

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
KEYS = LogKeys(0)


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


def manifest(url: str) -> dict[str, Segment]:
    """The segments the store lists."""
    with redis.Redis.from_url(url) as client:
        values = client.hgetall(KEYS.manifest).values()
    segments = [msgspec.json.decode(value, type=Segment) for value in values]
    return {segment.id: segment for segment in segments}


def folded_rows(url: str) -> list[dict[str, Any]]:
    """Every row in the log's segments, by time."""
    with redis.Redis.from_url(url) as client:
        tables = [
            decode_rows(client.get(KEYS.rows(segment.id)))
            for segment in manifest(url).values()
            if not segment.expired
        ]
    return sorted(
        (row for table in tables for row in table.to_pylist()), key=lambda row: (row["time"], row["seq"])
    )


def stats(url: str) -> dict[str, int]:
    """The fold's counters; one that never counted is 0."""
    with redis.Redis.from_url(url) as client:
        return defaultdict(
            int, {name.decode(): int(value) for name, value in client.hgetall(KEYS.stats).items()}
        )


def recorded(url: str, *records: RequestRecord) -> None:
    """Send ``records`` through a recorder of their own, until the store has them."""
    recorder = Recorder(url)
    assert recorder.record_many(records) == len(records)
    assert recorder.close(timeout=30) == 0
