"""How the dashboard spares the store and itself: open pages refresh more rarely while either is slow.

The rule, every :data:`WINDOW`: pages wait twice as long while the store's answers are slow or this worker is busy, and
half as long again once both would still be well at the faster pace; so it does not swing to and fro. Browsers are told
with the trust bar (assets/trust.js), which says why.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from helix_dash.store import SPENT

WINDOW = 30.0
"""Seconds between two looks."""
SLOW_MS = 100.0
"""Milliseconds that the slowest twentieth of the store's answers take, from which the store counts as slow."""
ENOUGH = 20
"""Answers below which nothing is said of the store."""
SHARE = 0.75
"""Share of its time that a worker may spend answering: beyond 1, requests wait for each other."""
MOST = 16
"""How many times as long pages wait at most; a browser never makes it more than a minute."""


@dataclass(frozen=True, slots=True)
class Load:
    """What was measured in a window.

    Args:
        busy: seconds spent answering, by seconds that passed.
        store_ms: the 95th percentile of the store's times to answer; ``None`` when it answered too rarely to tell.
    """

    busy: float
    store_ms: float | None


def trouble(load: Load) -> str:
    """Why pages should wait longer, in a sentence; empty when they need not."""
    if load.store_ms is not None and load.store_ms > SLOW_MS:
        return f"The store is slow: one answer in twenty takes {load.store_ms:,.0f} ms or more."
    if load.busy > SHARE:
        return f"This server is busy: it spends {load.busy:.0%} of its time answering."
    return ""


def after(factor: int, load: Load) -> int:
    """How many times as long pages wait after a window with ``load`` in which they waited ``factor`` times as long."""
    if trouble(load):
        return min(2 * factor, MOST)
    # at the faster pace there would be twice as much to answer
    well = 2 * load.busy <= SHARE and (load.store_ms is None or load.store_ms <= SLOW_MS / 2)
    return max(1, factor // 2) if well else factor


@dataclass(slots=True)
class Pace:
    """The pace of the pages that one worker serves; threads share it.

    Args:
        clock: monotonic seconds.
    """

    clock: Callable[[], float] = time.monotonic
    factor: int = 1
    why: str = ""
    _busy: float = 0.0
    _since: float = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._since = self.clock()

    def answered(self, seconds: float) -> None:
        """An answer took so long."""
        with self._lock:
            self._busy += seconds

    def now(self) -> tuple[int, str]:
        """How many times as long as they were told pages wait, and why; 1 and nothing when all is well."""
        with self._lock:
            passed = self.clock() - self._since
            if passed >= WINDOW:
                load = Load(self._busy / passed, _slowest(SPENT.times(self._since)))
                self.factor = after(self.factor, load)
                # while it goes back step by step, the reason is what it was
                self.why = trouble(load) or (self.why if self.factor > 1 else "")
                self._busy, self._since = 0.0, self.clock()
            return self.factor, self.why


def _slowest(times: list[float]) -> float | None:
    """The 95th percentile, nearest rank, in milliseconds."""
    return sorted(times)[-(len(times) // 20) - 1] * 1000 if len(times) >= ENOUGH else None
