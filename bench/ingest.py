"""The writing cases: what one recorded request costs the store and the fold."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec

from bench.dataset import ID_COLUMNS, Traffic, records
from bench.peer_hashes import hash_of
from bench.reading import Reading, Say, started
from bench.results import Figure, Target
from bench.stores import plain, server_cpu, used_memory
from bench.workers import Worker
from helix_dash.embedded import EmbeddedStore
from helix_dash.log.fold import Fold
from helix_dash.log.recorder import Recorder
from helix_dash.log.retention import Retention
from helix_dash.log.schema import WIRE_VERSION, to_wire
from helix_dash.store import connect

RATE = 5_000
"""Requests per second that the traffic of these cases has: what one fold batch holds lies close in time."""

PIPELINED = 100
RESOLUTIONS = (60, 3_600, 86_400)
RETENTION_DAYS = 90


def recent_traffic(count: int, now: int, seed: int) -> Traffic:
    """``count`` requests that have just arrived, :data:`RATE` per second."""
    return Traffic(count, now, span=count * 10**6 // RATE, seed=seed)


class Gateway:
    """A gateway process: the product's recorder, and the usual ways to write beside it."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._records: list[Any] = []

    def prepare(self, traffic: Traffic) -> None:
        """Have the requests ready, so that making them is not measured."""
        self._records = [record for table in traffic.tables() for record in records(table)]

    def record(self) -> None:
        """Record them as fast as it goes."""
        recorder = Recorder(self._url, buffer=len(self._records) + 1)
        recorder.record_many(self._records)
        if recorder.close(timeout=300) or recorder.dropped or recorder.rejected:
            raise RuntimeError(f"{recorder.dropped} requests dropped, {recorder.rejected} rejected")

    def append(self) -> None:
        """One XADD per request, packed, 100 in a pipeline: the least a log can do."""
        self._write(rollups=False)

    def append_and_count(self) -> None:
        """The same with 15 HINCRBY beside each: rollups of one dimension in three resolutions."""
        self._write(rollups=True)

    def _write(self, *, rollups: bool) -> None:
        client: Any = connect(self._url, retries=0, timeout=60)
        for low in range(0, len(self._records), PIPELINED):
            with client.pipeline(transaction=False) as pipe:
                for number, record in enumerate(self._records[low : low + PIPELINED]):
                    entry = msgspec.msgpack.encode([WIRE_VERSION, 1, low + number + 1, [to_wire(record)]])
                    pipe.xadd("usual:log", {"e": entry})
                    if rollups:
                        _count(pipe, record)
                pipe.execute()

    def paced(self, seconds: float) -> list[float]:
        """Record :data:`RATE` requests per second; when each was recorded, by the machine's monotonic clock."""
        recorder = Recorder(self._url)
        times: list[float] = []
        began = time.monotonic()
        for number in range(min(len(self._records), int(seconds * RATE))):
            ahead = began + number / RATE - time.monotonic()
            if ahead > 0.002:
                time.sleep(ahead)
            recorder.record(self._records[number])
            times.append(time.monotonic())
        recorder.close()
        return times


def _count(pipe: Any, record: Any) -> None:
    figures = {
        "requests": 1,
        "errors": int(record.status != "success"),
        "input": record.uncached_tokens + record.cached_tokens,
        "output": record.visible_tokens + record.reasoning_tokens,
        "cost": int(record.cost_usd * 10**9),
    }
    at = int(record.time.timestamp())
    for width in RESOLUTIONS:
        for name, value in figures.items():
            pipe.hincrby(f"usual:{width}:{at // width}", f"{record.model}:{name}", value)


class Folding:
    """The collector's process: one fold."""

    def __init__(self, url: str) -> None:
        self._fold = Fold(url, retention=Retention(RETENTION_DAYS))
        self._client: Any = connect(url)

    def drain(self) -> tuple[int, float]:
        """Fold all that waits: how many requests, and the CPU seconds of this process."""
        folded, began = 0, time.process_time()
        while (step := self._fold.step()).folded or step.behind:
            folded += step.folded
        return folded, time.process_time() - began

    def settle(self) -> None:
        """Go on until nothing is left to merge."""
        before = None
        while before != (before := self._version()):
            self._fold.step()

    def run(self, seconds: float) -> None:
        """Fold as the collector does, for so long."""
        stop = threading.Event()
        threading.Timer(seconds, stop.set).start()
        self._fold.run(stop)

    def _version(self) -> Any:
        return self._client.get("helixdash:{0}:version")


def figures(folder: Path, count: int, now: int, rounds: int, say: Say) -> Iterator[Figure]:
    """CPU of the store per request, and requests that one core folds per second; ``count`` in each round."""
    spent: dict[str, list[float]] = defaultdict(list)
    speed: list[float] = []
    with ExitStack() as ends:
        store = started(ends, EmbeddedStore(folder / "ingest"))
        gateway, fold = Worker(Gateway, store.url), Worker(Folding, store.url, threads=1)
        ends.callback(gateway.stop)
        ends.callback(fold.stop)
        for number in range(rounds):
            say(f"ingest: round {number + 1}, {count:,} requests")
            gateway.call("prepare", recent_traffic(count, now, seed=number))
            for way in ("append", "append_and_count", "record"):
                before = server_cpu(store.url)
                gateway.call(way)
                if way == "record":
                    folded, seconds = fold.call("drain")
                    fold.call("settle")
                    if folded != count:
                        raise RuntimeError(f"{folded} of {count} requests were folded")
                    speed.append(folded / seconds)
                spent[way].append((server_cpu(store.url) - before) / count * 10**6)
            connect(store.url).delete("usual:log")
    ours = tuple(spent["record"])
    yield Figure(
        "ingest.server_cpu.xadd", "µs", ours, tuple(spent["append"]), "costs", Target("ratio", "at most", 3)
    )
    yield Figure(
        "ingest.server_cpu.rollups",
        "µs",
        ours,
        tuple(spent["append_and_count"]),
        target=Target("ratio", "at least", 5),
    )
    yield Figure("ingest.fold", "requests/s", tuple(speed), target=Target("ours", "at least", 30_000))


def sizes(folder: Path, reading: Reading, now: int, say: Say) -> Iterator[Figure]:
    """Bytes of the store per request, beside those of a hash with the same columns."""
    say("bytes: a hash each")
    table = next(iter(Traffic(10_000, now).tables()))
    with ExitStack() as ends:
        store = started(ends, EmbeddedStore(folder / "bytes"))
        before = used_memory(store.url)
        client: Any = connect(store.url)
        with client.pipeline(transaction=False) as pipe:
            for row in plain(table).to_pylist():
                pipe.hset(f"request:{row['call_id']}", mapping=hash_of(row))
            pipe.execute()
        each = (used_memory(store.url) - before) / table.num_rows
    most = 45 + sum(ID_COLUMNS.values())
    ours = (reading.bytes_per_request,)
    name = f"bytes.{reading.size}"
    yield Figure(
        f"{name}.with_{sum(ID_COLUMNS.values())}_of_ids",
        "B/request",
        ours,
        target=Target("ours", "at most", most),
    )
    yield Figure(f"{name}.hash_each", "B/request", ours, (each,), target=Target("ratio", "at least", 8))
