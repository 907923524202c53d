"""The import of a made-up past, which goes on where it was interrupted.

A note in the store says who writes what; it is there from before the first record until after the last. All the
requests follow from the seed and the period, and the fold knows the highest sequence number of each producer. So
who finds a note makes the same requests again, passes over those that have arrived, and writes the rest under the
same name. What was sent and not yet folded is sent twice, and counted once.
"""

from __future__ import annotations

from typing import cast

import msgspec
import redis

from helix_dash.log.keys import APP, LogKeys
from helix_dash.log.recorder import Recorder
from helix_dash.model import utc_from_us
from helix_dash.sources.simulator import Traffic, write_history

KEY = APP + "history"


class Import(msgspec.Struct, frozen=True):
    """An import that has begun: ``requests`` of the ``days`` before ``end`` (microseconds), made from ``seed`` and
    written by ``producer``."""

    producer: int
    seed: int
    days: int
    requests: int
    end: int


def begin(store: redis.Redis, started: Import) -> None:
    """Note that ``started`` is under way."""
    store.set(KEY, msgspec.json.encode(started))


def unfinished(store: redis.Redis) -> Import | None:
    """The import that was begun and has not ended; ``None`` when there is none."""
    packed = cast("bytes | None", store.get(KEY))
    return None if packed is None else msgspec.json.decode(packed, type=Import)


def finish(store: redis.Redis) -> None:
    """Take the note away: everything has arrived, or nobody will go on."""
    store.delete(KEY)


def arrived(shard: redis.Redis, keys: LogKeys, producer: int) -> int | None:
    """How many records of ``producer`` the fold has; ``None`` when it does not know it (any more)."""
    known = cast("bytes | None", shard.hget(keys.producers, f"{producer:016x}"))
    return None if known is None else int(known.split(b":")[0])


def go_on(recorder: Recorder, asked: Import, after: int, traffic: Traffic) -> int:
    """Write ``asked`` but for its first ``after`` requests; how many were taken.

    Raises:
        StoreUnavailable: the store took nothing for a minute.
    """
    recorder.resume(asked.producer, after)
    return write_history(
        recorder, asked.days, asked.requests, utc_from_us(asked.end), traffic=traffic, after=after
    )
