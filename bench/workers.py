"""Engines in processes of their own, started as production starts them, so that none shares memory or threads."""

from __future__ import annotations

import gc
import multiprocessing
import os
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

import psutil

MOST_REPEATS = 15


class Timed(NamedTuple):
    """Median wall seconds of one answer, and what was answered."""

    seconds: float
    answer: Any


class Footprint(NamedTuple):
    """Bytes of one process: private to it, and its fair share of everything it has mapped (PSS)."""

    private: int
    proportional: int


class WorkerFailed(Exception):
    """An engine raised in its process; the text holds its traceback."""


class Worker:
    """``engine(*arguments)`` in a spawned process.

    Args:
        threads: of polars, as production sets them: 2 where pages are answered, 1 in the fold.
    """

    def __init__(self, engine: type, *arguments: Any, threads: int = 2) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        with _environment(POLARS_MAX_THREADS=str(threads)):
            self._process = context.Process(target=_serve, args=(theirs, engine, arguments), daemon=True)
            self._process.start()
        theirs.close()
        self._reply()

    def call(self, method: str, *arguments: Any) -> Any:
        """What the engine's ``method`` answers."""
        self.begin(method, *arguments)
        return self.result()

    def begin(self, method: str, *arguments: Any) -> None:
        """Have ``method`` run while others run too; :meth:`result` waits for its answer."""
        self._pipe.send(("call", method, arguments))

    def result(self) -> Any:
        """The answer to the last :meth:`begin`."""
        return self._reply()

    def time(self, question: str, budget: float) -> Timed:
        """Ask the engine ``question`` again and again for ``budget`` seconds, at least once."""
        self._pipe.send(("time", question, (budget,)))
        return Timed(*self._reply())

    def footprint(self, mapped: str = "") -> Footprint:
        """Its memory; files below the folder ``mapped`` are shared by all workers and not private."""
        self._pipe.send(("footprint", mapped, ()))
        return Footprint(*self._reply())

    def stop(self) -> None:
        """End the process."""
        if self._process.is_alive():
            self._pipe.close()
            self._process.join(10)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()

    def _reply(self) -> Any:
        try:
            good, value = self._pipe.recv()
        except EOFError:
            raise WorkerFailed(
                "the process ended without an answer: it could not start, or was out of memory"
            ) from None
        if not good:
            raise WorkerFailed(value)
        return value


@contextmanager
def _environment(**values: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _serve(pipe: Connection, engine: type, arguments: tuple[Any, ...]) -> None:
    """The process: one engine, one question after the other until the pipe is closed."""
    try:
        running = engine(*arguments)
        pipe.send((True, None))
        while True:
            kind, name, given = pipe.recv()
            try:
                pipe.send((True, _do(running, kind, name, given)))
            except Exception:
                pipe.send((False, traceback.format_exc()))
    except EOFError:
        return
    except Exception:
        pipe.send((False, traceback.format_exc()))


def _do(engine: Any, kind: str, name: str, given: tuple[Any, ...]) -> Any:
    if kind == "time":
        return _timed(engine, name, *given)
    if kind == "footprint":
        return _footprint(name)
    return getattr(engine, name)(*given)


def _timed(engine: Any, question: str, budget: float) -> tuple[float, Any]:
    began = time.perf_counter()
    answer = engine.ask(question)
    seconds = [time.perf_counter() - began]
    digest = engine.digest(question, answer)
    # The first time warms caches of the process and of the machine; where time allows it is not counted.
    while len(seconds) <= MOST_REPEATS and (sum(seconds) < budget):
        began = time.perf_counter()
        engine.ask(question)
        seconds.append(time.perf_counter() - began)
    counted = sorted(seconds[1:] or seconds)
    return counted[len(counted) // 2], digest


def _footprint(mapped: str) -> tuple[int, int]:
    gc.collect()
    process = psutil.Process()
    whole = process.memory_full_info()
    private = whole.uss
    if mapped and hasattr(process, "memory_maps"):
        private -= sum(
            place.private_clean + place.private_dirty
            for place in process.memory_maps(grouped=True)
            if place.path.startswith(mapped)
        )
    return private, getattr(whole, "pss", whole.uss)
