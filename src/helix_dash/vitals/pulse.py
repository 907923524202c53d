"""Signs of life: each process of ours says every few seconds that it lives, how it does and what it has spent.

One command per beat. Who stops saying so is down once its :data:`LEASE` has passed; nobody has to notice it first.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec
import psutil
import redis

from helix_dash.store import SPENT, connect, reaching
from helix_dash.vitals.keys import BEATS, VISIT

EVERY = 5.0
"""Seconds between two beats."""
LEASE = 15.0
"""Seconds without a beat after which a process counts as down."""
KEPT = 86_400.0
"""Seconds for which a process that ended without a word is remembered."""

Kind = Literal["web", "collector"]
_SWEEP = 600.0
_log = logging.getLogger("helix_dash.pulse")


class Beat(msgspec.Struct, frozen=True):
    """What a process says of itself.

    Args:
        kind: ``web`` or ``collector``.
        host: where it runs.
        process: its process id.
        started: when it began, microseconds since the epoch, by the store's clock like all times here.
        at: when it said this.
        since: since when ``trouble`` is what it is.
        trouble: what does not work for it; empty when all does.
        counters: what it has counted since it began.
        gauges: what it reads now.
    """

    kind: str
    host: str
    process: int
    started: int
    at: int
    since: int
    trouble: str = ""
    counters: dict[str, float] = {}
    gauges: dict[str, float] = {}

    def alive(self, now: int) -> bool:
        """Whether its lease still runs at ``now``, microseconds since the epoch by the store's clock."""
        return abs(now - self.at) < LEASE * 1e6


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Beat)


def decoded(packed: Mapping[bytes, bytes]) -> tuple[list[Beat], int]:
    """The beats in the hash, oldest process first, and how many fields were none."""
    found, rejected = [], 0
    for value in packed.values():
        try:
            found.append(_DECODER.decode(value))
        except (msgspec.MsgspecError, UnicodeDecodeError):
            rejected += 1
    return sorted(found, key=lambda beat: (beat.kind, beat.host, beat.started)), rejected


@dataclass(slots=True)
class Report:
    """What a part of the process has to tell with the next beat.

    Args:
        counters: what it has counted since the process began.
        gauges: what it reads now.
        trouble: what does not work; empty when all does.
        visit: the packed last visit of a browser; ``None`` when there was none since the last beat.
    """

    counters: dict[str, float] = field(default_factory=dict)
    gauges: dict[str, float] = field(default_factory=dict)
    trouble: str = ""
    visit: bytes | None = None


class Pulse:
    """The beats of this process.

    Args:
        url: the store.
        kind: what this process is.
        tell: what else is told with each beat; called from the pulse's own thread.
    """

    def __init__(self, url: str, kind: Kind, tell: Callable[[], Report] = Report) -> None:
        # No retries: a beat that is lost is made up for by the next one.
        self._client: Any = connect(url, retries=0, timeout=1.0)
        self._kind, self._tell = kind, tell
        self._host, self._process = socket.gethostname(), os.getpid()
        self._field = f"{kind}:{self._host}:{self._process}-{secrets.token_hex(3)}"
        self._ours = psutil.Process()
        self._ahead: int | None = None
        self._started, self._since, self._trouble = 0, 0, ""
        self._late = 0.0
        self._swept = float("-inf")
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; in the process that is meant, never before a fork."""
        if self._thread is None:
            _log.info("This %s process has begun", self._kind)
            self._thread = threading.Thread(target=self._run, name="helix-dash-pulse", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End, and say so: who stops on purpose is not down, but gone."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=3)
            self._thread = None
        try:
            self._client.hdel(BEATS, self._field)
        except redis.RedisError:
            _log.info("The store could not be told that this process ends; its beat runs out by itself.")

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.beat()
            except redis.RedisError:
                self._ahead = None  # the store may come back as another one
            except Exception:
                _log.exception("A sign of life could not be given")
            due = time.monotonic() + EVERY
            self._stop.wait(EVERY)
            self._late = max(0.0, time.monotonic() - due) * 1000

    def beat(self) -> None:
        """Say it once."""
        now = self._now()
        told = self._tell()
        if not self._started:
            self._started = self._since = now
        if told.trouble != self._trouble:
            self._trouble, self._since = told.trouble, now
        beat = Beat(
            self._kind,
            self._host,
            self._process,
            self._started,
            now,
            self._since,
            told.trouble,
            told.counters | {"store_commands": float(SPENT.commands), "store_trips": float(SPENT.trips)},
            told.gauges | self._own(),
        )
        pipe = self._client.pipeline(transaction=False)
        pipe.hset(BEATS, self._field, _ENCODER.encode(beat))
        if told.visit is not None:
            pipe.set(VISIT, told.visit, ex=86_400)
        pipe.execute()
        if time.monotonic() - self._swept > _SWEEP:
            self._swept = time.monotonic()
            self._sweep(now)

    def _now(self) -> int:
        """The store's clock, asked once and then carried on by ours."""
        ours = time.monotonic_ns() // 1000
        if self._ahead is None:
            seconds, micros = self._client.time()
            self._ahead = int(seconds) * 10**6 + int(micros) - ours
        return ours + self._ahead

    def _own(self) -> dict[str, float]:
        with self._ours.oneshot():
            times = self._ours.cpu_times()
            return {
                "memory": float(self._ours.memory_info().rss),
                "threads": float(self._ours.num_threads()),
                "cpu_seconds": times.user + times.system,
                "late_ms": self._late,
            }

    def _sweep(self, now: int) -> None:
        """Forget who has been silent for a day, and what is no beat."""
        packed = self._client.hgetall(BEATS)
        old = []
        for name, value in packed.items():
            try:
                beat = _DECODER.decode(value)
            except (msgspec.MsgspecError, UnicodeDecodeError):
                old.append(name)
                continue
            if now - beat.at > KEPT * 1e6:
                old.append(name)
        if old:
            self._client.hdel(BEATS, *old)


def beats(store: redis.Redis) -> tuple[list[Beat], int]:
    """Every process that has given a sign of life within a day, and how many fields were none; one command.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    client: Any = store
    with reaching():
        return decoded(client.hgetall(BEATS))
