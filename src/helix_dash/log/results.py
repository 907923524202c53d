"""Answers kept as long as the log they were computed from is the newest: once per tick and question, not per viewer."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Any, TypeVar, cast

Answer = TypeVar("Answer")

HEAVY_AT_ONCE = 2
"""Queries that compute at the same time in one process; more only take each other's cores and memory."""


class Results:
    """The last ``size`` answers by question. Whoever asks what is being computed waits for that answer.

    An answer is shared: nobody may change it.
    """

    def __init__(self, size: int = 128) -> None:
        self._size = size
        self._kept: OrderedDict[Hashable, Future[Any]] = OrderedDict()
        self._lock = threading.Lock()
        self._heavy = threading.BoundedSemaphore(HEAVY_AT_ONCE)

    def get(self, question: Hashable, compute: Callable[[], Answer]) -> Answer:
        """The answer to ``question``; whatever ``compute`` raises is raised to all who wait, and not kept."""
        with self._lock:
            future = self._kept.get(question)
            if future is not None:
                self._kept.move_to_end(question)
            else:
                mine: Future[Any] = Future()
                self._kept[question] = mine
                while len(self._kept) > self._size:
                    self._kept.popitem(last=False)
        if future is not None:
            return cast("Answer", future.result())
        try:
            with self._heavy:
                answer = compute()
        except BaseException as error:
            with self._lock:
                if self._kept.get(question) is mine:
                    del self._kept[question]
            mine.set_exception(error)
            raise
        mine.set_result(answer)
        return answer
