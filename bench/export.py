"""The CSV export: the product's own job, beside polars writing a frame that is in memory already."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC
from pathlib import Path
from typing import Any

import polars as pl
import psutil

from bench.questions import Asked
from bench.reading import Say, sized
from bench.results import Figure, Target
from bench.stores import Log
from bench.workers import Worker
from helix_dash.exports.folder import Folder, Order, new_id
from helix_dash.exports.job import write
from helix_dash.log.filtering import UNITS
from helix_dash.log.mirror import Mirror
from helix_dash.log.query import RequestLog
from helix_dash.log.schema import BY_NAME, SHOWN
from helix_dash.model import EVERYTHING, Filter, Period, utc_from_us

COLUMNS = tuple(column.name for column in SHOWN if not column.derived)


class Export:
    """The export's own process."""

    def __init__(self, url: str, mirror: str, folder: str, asked: Asked) -> None:
        self._log = RequestLog(Mirror(url, Path(mirror)), UTC, 1_000, now=lambda: asked.now)
        self._log.health()
        self._asked = asked
        Path(folder).mkdir(mode=0o700, exist_ok=True)
        self._folder = Folder(Path(folder))
        self._frame = pl.DataFrame()

    def export(self) -> tuple[float, int, int]:
        """Seconds of the whole export, the rows written, and the most memory it added (anonymous bytes)."""
        start, end = (utc_from_us(instant) for instant in self._asked.month)
        order = Order(
            id=new_id(), owner="account:bench", organization=None, table="requests", columns=COLUMNS,
            start=start.isoformat(), end=end.isoformat(), conditions=(), watermark=self._asked.now,
            total=self._asked.rows, zone="UTC", created=end.isoformat(),
        )  # fmt: skip
        self._folder.place(order)
        with Peak() as peak:
            began = time.perf_counter()
            sidecar = write(self._folder, order, self._log, lambda _: None)
            seconds = time.perf_counter() - began
        self._folder.table_file(order.id).unlink()
        return seconds, sidecar.rows, peak.added

    def load(self) -> int:
        """Have the same columns of all rows in memory, in the units of a table; how many rows there are."""
        start, end = (utc_from_us(instant) for instant in self._asked.month)
        frames = self._log.batches(EVERYTHING, Filter(Period(start, end)), COLUMNS)
        self._frame = pl.concat([frame.select(map(_shown, COLUMNS)) for frame in frames], rechunk=True)
        return self._frame.height

    def write_csv(self) -> float:
        """Seconds in which polars writes that frame."""
        path = self._folder.path / "floor.csv"
        began = time.perf_counter()
        self._frame.write_csv(path)
        seconds = time.perf_counter() - began
        path.unlink()
        return seconds


def _shown(name: str) -> pl.Expr:
    kind = BY_NAME[name].kind
    if kind == "time":
        return pl.col(name).cast(pl.Datetime("us"))
    return pl.col(name) / UNITS[kind] if kind in ("duration", "share", "money") else pl.col(name)


class Peak:
    """The most anonymous memory that this process held within, above what it held before.

    Pages of mapped files are not counted: they are the host's one copy, and go when memory is short.
    """

    def __enter__(self) -> Peak:
        self._process = psutil.Process()
        self._before = self._most = self._held()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._done.set()
        self._thread.join()

    @property
    def added(self) -> int:
        """Bytes."""
        return self._most - self._before

    def _look(self) -> None:
        while not self._done.wait(0.02):
            self._most = max(self._most, self._held())

    def _held(self) -> int:
        memory = self._process.memory_info()
        return int(memory.rss - getattr(memory, "shared", 0))


def figures(folder: Path, log: Log, rounds: int, *, timed: bool, say: Say) -> Iterator[Figure]:
    """Time against the floor (when ``timed``: the floor holds all rows in memory), and memory at any size."""
    size = sized(log.traffic.count)
    ours: list[float] = []
    floor: list[float] = []
    added: list[float] = []
    with ExitStack() as ends:
        arguments = (log.store.url, str(folder / size / "mirror"), str(folder / size / "exports"), log.asked)
        exporting, writing = Worker(Export, *arguments), Worker(Export, *arguments)
        ends.callback(exporting.stop)
        ends.callback(writing.stop)
        if timed:
            writing.call("load")
        for number in range(rounds if timed else 1):
            say(f"csv: {size}, round {number + 1}")
            seconds, rows, most = exporting.call("export")
            if rows != log.traffic.count:
                raise RuntimeError(f"the export holds {rows} of {log.traffic.count} requests")
            ours.append(seconds)
            added.append(most / 2**20)
            if timed:
                floor.append(writing.call("write_csv"))
    target = Target("ratio", "at most", 1.3)
    yield Figure(f"csv.{size}", "s", tuple(ours), tuple(floor), "costs", target if timed else None)
    yield Figure(f"csv.{size}.memory", "MB", tuple(added), target=Target("ours", "at most", 250))
