"""What was read last, for all who ask: once per moment however many they are, and when the store is away."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from helix_dash.errors import StoreError

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Known(Generic[Read]):
    """What is known.

    Args:
        value: what was read.
        age: seconds since then.
        error: why it was not read again just now; empty when it was, or when that was not tried.
    """

    value: Read
    age: float
    error: str = ""


class LastKnown(Generic[Read]):
    """The last readings by question.

    Args:
        fresh: seconds for which a reading is given again without another one.
        most: questions that are remembered.
        clock: tells seconds.
    """

    def __init__(
        self, fresh: float = 2.0, most: int = 32, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._fresh, self._most, self._clock = fresh, most, clock
        self._kept: OrderedDict[Hashable, tuple[float, float, Read, str]] = OrderedDict()
        self._locks: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, question: Hashable, read: Callable[[], Read]) -> Known[Read]:
        """The answer to ``question``; who asks while it is read waits for that one.

        Raises:
            StoreError: it was never read, and the store does not answer.
        """
        with self._lock:
            own = self._locks.setdefault(question, threading.Lock())
        with own:
            now = self._clock()
            kept = self._kept.get(question)
            if kept is not None and now - kept[1] < self._fresh:
                return Known(kept[2], now - kept[0], kept[3])
            try:
                value, error, at = read(), "", now
            except StoreError as trouble:
                if kept is None:
                    with self._lock:
                        self._locks.pop(question, None)
                    raise
                at, _, value, _ = kept
                error = str(trouble)
            with self._lock:
                self._kept[question] = at, now, value, error
                self._kept.move_to_end(question)
                while len(self._kept) > self._most:
                    old, _ = self._kept.popitem(last=False)
                    self._locks.pop(old, None)
            return Known(value, now - at, error)
