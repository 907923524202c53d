"""The reading cases: each question to each engine in turn, round after round."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bench import peer_hashes, peer_redisearch
from bench.dataset import Traffic
from bench.floors import Floors
from bench.ours import Ours
from bench.peer_hashes import Hashes
from bench.peer_pandas import Pandas, TunedPandas
from bench.peer_redisearch import RediSearch
from bench.questions import QUESTIONS
from bench.results import Figure, Target
from bench.stores import Log, ModuleStore, used_memory
from bench.workers import Timed, Worker, WorkerFailed
from helix_dash.embedded import EmbeddedStore

Say = Callable[[str], None]
Runs = dict[tuple[str, str], list[float]]
"""(question, engine) → seconds, one per round."""

FLOORS = ("round_trip", "scan")
BUDGET = 0.25
"""Seconds spent on one question to one engine in one round, when it answers faster."""


class Disagreement(Exception):
    """A peer gave another answer than we did: one of the two is wrong, and no time means anything."""


class Reading:
    """The reading cases over one size of log.

    Args:
        wanted: says of a question's name whether it is asked.
        usual: whether the peers take part that need long to load, or more memory than a large log leaves:
            a machine whose file cache is full measures its disk.
        say: tells a person what is going on.
    """

    def __init__(
        self, folder: Path, traffic: Traffic, wanted: Callable[[str], bool], *, usual: bool, say: Say
    ) -> None:
        self.size = sized(traffic.count)
        self._folder = folder / self.size
        self._mirror = str(self._folder / "mirror")
        self._traffic, self._usual, self._say = traffic, usual, say
        self._questions = [name for name in (*QUESTIONS, "start") if wanted(name)]
        self.rows = traffic.count
        self.runs: Runs = defaultdict(list)
        self.bytes_per_request = 0.0
        self.private = self.pandas_private = self.mapped = self.hot = 0
        self.left_out: list[str] = []

    @contextmanager
    def filled(self) -> Iterator[Log]:
        """The log, in a running store; workers started within take their places in it."""
        with ExitStack() as ends:
            store = started(ends, EmbeddedStore(self._folder / "store"))
            empty = used_memory(store.url)
            self._hashes = self._indexed = None
            if self._usual:
                self._hashes = started(ends, EmbeddedStore(self._folder / "hashes"))
                self._indexed = self._with_module(ends)
            self._say(f"{self.size}: making and sealing {self.rows:,} requests")
            log = Log(store, self._folder / "parquet", self._traffic)
            log.fill(self._hashes, self._indexed)
            self.bytes_per_request = (used_memory(store.url) - empty) / self.rows
            yield log

    def run(self, log: Log, rounds: int) -> None:
        """Ask all questions, ``rounds`` times, and measure the memory of a worker that answered them."""
        with ExitStack() as ends:
            self._say(f"{self.size}: starting the engines")
            engines = self._engines(ends, log)
            for number in range(rounds):
                for question in (*self._questions, *FLOORS):
                    self._say(f"{self.size}: round {number + 1}, {question}")
                    self._ask(engines, question)
            ours = engines["ours"][0]
            self.private = ours.footprint(self._mirror).private
            self.mapped = sum(path.stat().st_size for path in Path(self._mirror).rglob("*.arrow"))
            self.hot = ours.call("hot_bytes")
            if "pandas" in engines:
                self.pandas_private = engines["pandas"][0].footprint().private

    def _engines(self, ends: ExitStack, log: Log) -> dict[str, tuple[Worker, tuple[str, ...]]]:
        """Name → a process, and the questions it can answer. A peer that cannot start is left out."""
        everything, files = (*QUESTIONS, "start"), str(log.parquet)
        # Reading twice needs the memory of two frames: done only where that is little.
        starts = everything if self._usual else tuple(QUESTIONS)
        wanted: dict[str, tuple[tuple[Any, ...], tuple[str, ...]]] = {
            "ours": ((Ours, log.store.url, self._mirror, log.asked), everything),
            "floor": ((Floors, log.store.url, self.rows), FLOORS),
            "pandas": ((Pandas, files, log.asked), starts),
        }
        if self._usual:
            wanted["pandas_tuned"] = ((TunedPandas, files, log.asked), tuple(QUESTIONS))
        if find_spec("duckdb"):
            from bench.peer_duckdb import DuckDB

            wanted["duckdb"] = ((DuckDB, files, log.asked), tuple(QUESTIONS))
        else:
            self.left_out.append("duckdb is not installed")
        if self._hashes:
            wanted["hashes"] = ((Hashes, self._hashes.url, log.asked), peer_hashes.QUESTIONS)
        if self._indexed:
            wanted["redisearch"] = ((RediSearch, self._indexed.url, log.asked), peer_redisearch.QUESTIONS)
        engines = {}
        for name, (arguments, questions) in wanted.items():
            try:
                worker = Worker(*arguments)
            except WorkerFailed:
                if name in ("ours", "floor"):
                    raise
                self.left_out.append(f"{name}.{self.size} could not start")
                continue
            ends.callback(worker.stop)
            engines[name] = (worker, questions)
        return engines

    def _ask(self, engines: dict[str, tuple[Worker, tuple[str, ...]]], question: str) -> None:
        answers: dict[str, Timed] = {}
        for name, (worker, can) in list(engines.items()):
            if question not in can:
                continue
            try:
                answers[name] = worker.time(question, BUDGET)
            except (WorkerFailed, OSError):
                if name in ("ours", "floor"):
                    raise
                del engines[name]
                self.left_out.append(f"{name}.{self.size} died at {question}")
            else:
                self.runs[question, name].append(answers[name].seconds)
        for name, timed in answers.items():
            if "ours" in answers and timed.answer != answers["ours"].answer:
                raise Disagreement(f"{question}: {name} answers otherwise than we do")

    def _with_module(self, ends: ExitStack) -> EmbeddedStore | None:
        module = peer_redisearch.find_module()
        if module is None:
            self.left_out.append("RediSearch: no module found (REDISEARCH_MODULE)")
            return None
        store = started(ends, ModuleStore(self._folder / "indexed", module))
        peer_redisearch.make_index(store.url)
        return store


def started(ends: ExitStack, store: EmbeddedStore) -> EmbeddedStore:
    """``store``, running until ``ends`` closes."""
    store.start()
    ends.callback(store.stop)
    return store


def sized(rows: int) -> str:
    """``10M``, ``100k`` …"""
    for unit, letter in ((10**6, "M"), (10**3, "k")):
        if rows >= unit:
            return f"{rows / unit:g}{letter}"
    return str(rows)


def figures(readings: list[Reading]) -> Iterator[Figure]:
    """What the readings, smallest log first, came to."""
    if not readings:
        return
    for reading in readings:
        yield from _compared(reading, largest=reading is readings[-1])
    smallest, largest = readings[0], readings[-1]
    key = ("selective_page", "ours")
    if largest is not smallest and key in smallest.runs and key in largest.runs:
        yield Figure(
            f"selective_page.{largest.size}.against_{smallest.size}",
            "ms",
            _milliseconds(largest.runs[key]),
            _milliseconds(smallest.runs[key]),
            "costs",
            Target("ratio", "at most", 1.5),
        )


def _compared(reading: Reading, *, largest: bool) -> Iterator[Figure]:
    runs, size = reading.runs, reading.size
    for question, engine in runs:
        if engine in ("ours", "floor") or (question, "ours") not in runs:
            continue
        target = None
        if engine == "pandas":
            target = Target("ratio", "at least", 50 if question == "selective_page" else 10)
        yield Figure(
            f"{question}.{size}.{engine}",
            "ms",
            _milliseconds(runs[question, "ours"]),
            _milliseconds(runs[question, engine]),
            "better",
            target,
        )
    scans = {"unfiltered_sort": 15, "contains": 8, "wide_filter": 20}
    limits = {"selective_page": ("round_trip", 15)} | {name: ("scan", most) for name, most in scans.items()}
    for question, (floor, most) in limits.items():
        judged = question == "selective_page" or (largest and question != "wide_filter")
        if (question, "ours") in runs and (floor, "floor") in runs:
            yield Figure(
                f"{question}.{size}.{floor}s",
                "ms",
                _milliseconds(runs[question, "ours"]),
                _milliseconds(runs[floor, "floor"]),
                "costs",
                Target("ratio", "at most", most) if judged else None,
            )
    for floor in FLOORS:
        if (floor, "floor") not in runs:
            continue
        yield Figure(f"floor.{size}.{floor}", "ms", _milliseconds(runs[floor, "floor"]))
    if ("start", "ours") in runs and largest:
        yield Figure(
            f"start.{size}", "ms", _milliseconds(runs["start", "ours"]), target=Target("ours", "at most", 250)
        )


def memory(reading: Reading) -> Iterator[Figure]:
    """A worker's memory over the largest log, after it has answered everything."""
    size, rows = reading.size, reading.rows
    if not reading.private:
        return
    most = Target("ours", "at most", 150)
    mega = 2**20
    yield Figure(
        f"memory.{size}.private",
        "MB",
        (reading.private / mega,),
        (reading.pandas_private / mega,) if reading.pandas_private else (),
        target=most,
    )
    yield Figure(
        f"memory.{size}.mapped", "B/row", (reading.mapped / rows,), target=Target("ours", "at most", 180)
    )
    yield Figure(
        f"memory.{size}.hot_columns", "B/row", (reading.hot / rows,), target=Target("ours", "at most", 80)
    )


def _milliseconds(seconds: list[float]) -> tuple[float, ...]:
    return tuple(1000 * value for value in seconds)
