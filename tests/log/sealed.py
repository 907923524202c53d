"""A store that holds given segments, as the fold would have left them, and ClickHouse loaded from it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, tzinfo
from typing import Any

import msgspec
import redis
from reading import DAY, NOW, table

from helix_dash.log.clickhouse.database import Database
from helix_dash.log.clickhouse.loader import Loader
from helix_dash.log.clickhouse.log import ClickHouseLog
from helix_dash.log.clickhouse.view import LoadedView
from helix_dash.log.cube import cube_of, encode_cube
from helix_dash.log.keys import LogKeys
from helix_dash.log.segment import Segment
from helix_dash.log.shard import seal

KEYS = LogKeys()


class Sealed:
    """A shard in the store at ``url`` whose segments a test sets by hand."""

    def __init__(self, url: str) -> None:
        self.client: Any = redis.Redis.from_url(url)

    def add(self, rows: Sequence[dict[str, Any]], *, expired: bool = False) -> Segment:
        """One more segment; of an ``expired`` one only its cube."""
        made = seal(table(rows), level=0, now=NOW)
        segment = made.segment
        if expired:
            segment = msgspec.structs.replace(segment, rows=0, bytes=0, digest="", expired=True)
            cube = encode_cube(cube_of(table(rows), daily=True))
        else:
            cube = made.cube
            self.client.set(KEYS.rows(segment.id), made.rows)
        self.client.set(KEYS.cube(segment.id), cube)
        self.client.hset(KEYS.manifest, segment.id, msgspec.json.encode(segment))
        self.client.incr(KEYS.version)
        return segment

    def remove(self, *segments: Segment) -> None:
        """As a merge or an expiry does."""
        for segment in segments:
            self.client.hdel(KEYS.manifest, segment.id)
            self.client.delete(KEYS.rows(segment.id), KEYS.cube(segment.id))
        self.client.incr(KEYS.version)

    def hold(
        self,
        segments: Sequence[Sequence[dict[str, Any]]],
        expired: Sequence[Sequence[dict[str, Any]]] = (),
        coverage: Sequence[tuple[int, int]] = ((NOW - 400 * DAY, NOW),),
    ) -> None:
        """Exactly these segments, nothing else."""
        self.client.flushall()
        for rows in filter(None, segments):
            self.add(rows)
        for rows in expired:
            self.add(rows, expired=True)
        self.client.set(KEYS.coverage, msgspec.json.encode(list(coverage)))
        self.client.hset(KEYS.stats, "heartbeat", NOW)


class Loaded:
    """ClickHouse behind a loader that a test steps by hand."""

    def __init__(self, url: str, database: Database) -> None:
        self.url, self.database = url, database
        self.loader = Loader(url, database)
        self.view = LoadedView(url, database)

    def log(self, zone: tzinfo = UTC, points: int = 1000, now: int = NOW) -> ClickHouseLog:
        """The log as ClickHouse has it now."""
        assert self.loader.step()
        self.view.sync()
        return ClickHouseLog(self.view, zone, points, now=lambda: now)
