"""The duty that asks a source each of its questions in turn, and keeps what it says.

Each question stands alone: one that fails keeps its last answer with the reason, and is asked more and more
rarely until it succeeds; the others go on.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import redis

from helix_dash.errors import SourceError, StoreUnavailable
from helix_dash.lease import Lease
from helix_dash.samples import answers
from helix_dash.samples.answers import Answer
from helix_dash.samples.keys import lease_key
from helix_dash.samples.writer import SampleWriter

_log = logging.getLogger("helix_dash.polling")

RAREST = 300.0
"""Seconds between two questions that go on failing."""

_LOOK = 0.5
_STANDBY = 5.0
_SWEEP = 6 * 3600.0
_SILENT = 7 * 86_400 * 10**6


@dataclass(frozen=True, slots=True)
class Numbers:
    """What one answer adds to its series: counters grow and begin again with their source, gauges are read."""

    counters: dict[str, float] = field(default_factory=dict)
    gauges: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Told:
    """An answer: what is kept of it as it is, and what is kept as series (``None``: nothing)."""

    body: Any
    numbers: Numbers | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """One question to a source.

    Args:
        name: its name in the store and on pages; its series is ``<source>.<name>``.
        every: seconds between two answers.
        ask: gets the answer; raises :class:`~helix_dash.errors.SourceError` when there is none.
        spared: whether it need not be asked at present.
    """

    name: str
    every: float
    ask: Callable[[], Told]
    spared: Callable[[], bool] = lambda: False


@dataclass(slots=True)
class _Turn:
    """When a question is asked next, by the monotonic clock, and how often it failed in a row."""

    due: float = 0.0
    failures: int = 0


@dataclass(slots=True)
class Poller:
    """Asks one source for as long as it leads.

    Args:
        source: the name its answers are kept under, and the first part of its series' names.
        questions: what it is asked.
        store: where answers are kept.
        writer: where series are kept.
        mock: whether a mock answers.
        besides: answers under the same source that somebody else keeps.
        duty: the lease's name; the source's when empty. With one of its own, other collectors keep answers under
            the same source, and none of them is forgotten but after a week of silence.
        close: called at the end.
        clock: monotonic seconds.
    """

    source: str
    questions: Sequence[Question]
    store: redis.Redis
    writer: SampleWriter
    mock: bool = False
    besides: frozenset[str] = frozenset()
    duty: str = ""
    close: Callable[[], None] = lambda: None
    clock: Callable[[], float] = time.monotonic
    _turns: dict[str, _Turn] = field(default_factory=dict)
    _swept: float = float("-inf")

    def run(self, stop: threading.Event) -> None:
        """Ask until ``stop``; survives outages of the source and of the store."""
        lease = Lease(self.store, lease_key(self.duty or self.source))
        told = float("-inf")
        while not stop.is_set():
            wait = _LOOK
            try:
                if lease.held():
                    self.step()
                else:
                    wait = _STANDBY
            except StoreUnavailable as error:
                wait = _STANDBY
                if self.clock() - told > 60:
                    told = self.clock()
                    _log.warning("What %s says is not being kept: %s", self.source, error)
            stop.wait(wait)
        lease.release()
        self.close()

    def step(self) -> int:
        """Ask every question that is due; how many were asked.

        Raises:
            StoreUnavailable: an answer could not be kept; its question is asked again.
        """
        asked = 0
        for question in self.questions:
            turn = self._turns.setdefault(question.name, _Turn())
            if self.clock() < turn.due or question.spared():
                continue
            asked += 1
            answered = self._ask(question)
            turn.failures = 0 if answered else turn.failures + 1
            pause = question.every * 2 ** min(turn.failures, 10)
            turn.due = self.clock() + (
                question.every if answered else min(pause, max(RAREST, question.every))
            )
        if asked and self.clock() - self._swept > _SWEEP:
            self._swept = self.clock()
            self._sweep()
        return asked

    def _ask(self, question: Question) -> bool:
        """Whether it was answered."""
        at, began = self.writer.now(), time.perf_counter()
        try:
            told = question.ask()
        except SourceError as error:
            return self._failed(question, at, str(error), error.reason)
        except Exception:
            # A source may say anything at all. What nobody foresaw must not stop the collector's other duties.
            _log.exception("An answer of %s to %s could not be read", self.source, question.name)
            return self._failed(question, at, "The answer could not be read.", "unreadable")
        took = (time.perf_counter() - began) * 1000
        body = msgspec.to_builtins(told.body)
        answers.keep(
            self.store, self.source, question.name, Answer(at, at, body, took_ms=took, mock=self.mock)
        )
        if told.numbers is not None:
            series = f"{self.source}.{question.name}"
            self.writer.record(series, at, told.numbers.counters, told.numbers.gauges)
        return True

    def _failed(self, question: Question, at: int, words: str, reason: str) -> bool:
        failure = Answer(at, error=words, reason=reason, mock=self.mock)
        answers.keep(self.store, self.source, question.name, failure)
        return False

    def _sweep(self) -> None:
        at = self.writer.now()
        for question in self.questions:
            self.writer.sweep(f"{self.source}.{question.name}", at)
        if self.duty:
            answers.forget_silent(self.store, self.source, at - _SILENT)
        else:
            answers.forget(self.store, self.source, {one.name for one in self.questions} | self.besides)
