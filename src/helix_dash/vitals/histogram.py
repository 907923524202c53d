"""Counts of durations in fixed stretches, as counters that add up over processes and over time.

A counter is named ``<name>|<upper bound in ms>``. Percentiles are read from the added-up counts, never averaged; they
are as exact as the stretches are narrow (a factor of about 1.5), so whoever shows them marks them "~".
"""

from __future__ import annotations

import math
import threading
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping

BOUNDS_MS: tuple[float, ...] = (
    1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1000, 1500, 2000, 3000, 5000, 10_000, math.inf,
)  # fmt: skip
"""The upper bounds of the stretches, milliseconds; each ends at the one before it."""

MOST_NAMES = 30
"""Names of which durations are counted apart; what comes after them counts under :data:`OTHERS`."""

OTHERS = "others"

_LABELS = [f"{bound:g}" for bound in BOUNDS_MS]


class Histograms:
    """Durations by name; any thread may add one, and it costs no I/O."""

    def __init__(self, most: int = MOST_NAMES) -> None:
        self._most = most
        self._counts: dict[str, list[int]] = {}
        self._lock = threading.Lock()

    def add(self, name: str, milliseconds: float) -> None:
        """Count one duration under ``name``; what is not a length of time is left out."""
        if not math.isfinite(milliseconds) or milliseconds < 0:
            return
        place = bisect_left(BOUNDS_MS, milliseconds)
        with self._lock:
            if name not in self._counts and len(self._counts) >= self._most:
                name = OTHERS
            self._counts.setdefault(name, [0] * len(BOUNDS_MS))[place] += 1

    def counters(self, prefix: str) -> dict[str, float]:
        """All counts above zero since this process began: ``<prefix>:<name>|<bound>`` → count."""
        with self._lock:
            return {
                f"{prefix}:{name}|{label}": float(count)
                for name, counts in self._counts.items()
                for label, count in zip(_LABELS, counts, strict=True)
                if count
            }


def by_name(counters: Mapping[str, float], prefix: str) -> dict[str, dict[float, float]]:
    """Name → upper bound → count, of the counters that begin with ``<prefix>:``; what is misshapen is left out."""
    found: dict[str, dict[float, float]] = {}
    for key, count in counters.items():
        kind, _, rest = key.partition(":")
        name, bar, bound = rest.rpartition("|")
        if kind == prefix and bar and count > 0:
            try:
                found.setdefault(name, {})[float(bound)] = count
            except ValueError:
                continue
    return found


def quantiles(
    counts: Mapping[float, float], percents: Iterable[int], begins: Callable[[float], float] | None = None
) -> list[float | None]:
    """The value below which each percent lies, by a straight line within its stretch; ``None`` without counts.

    Beyond the last finite bound nothing is known: then the beginning of that stretch is the answer.

    Args:
        counts: upper bound of a stretch → how many fell into it.
        percents: 0 to 100.
        begins: where the stretch that ends at a bound begins; as :data:`BOUNDS_MS` has it when not given.
    """
    total = sum(counts.values())
    return [
        _at(counts, total * percent / 100, begins or _below) if total > 0 else None for percent in percents
    ]


def _at(counts: Mapping[float, float], wanted: float, begins: Callable[[float], float]) -> float | None:
    reached = 0.0
    for bound in sorted(counts):
        count = counts[bound]
        if count and reached + count >= wanted:
            low = begins(bound)
            return low if math.isinf(bound) else low + (bound - low) * (wanted - reached) / count
        reached += count
    return max(counts)  # what rounding left over


def _below(bound: float) -> float:
    place = bisect_left(BOUNDS_MS, bound)
    return BOUNDS_MS[place - 1] if place else 0.0


def middles() -> dict[float, float]:
    """The middle of each stretch by its upper bound, for sums; the last one, which has no end, is told by its beginning."""
    return {
        bound: (low if math.isinf(bound) else (low + bound) / 2)
        for low, bound in zip((0.0, *BOUNDS_MS), BOUNDS_MS, strict=False)
    }
