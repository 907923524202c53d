"""How a store's keys divide by the beginning of their names, from a small sample, taken in the background.

A minute's share of work is bounded: :data:`PAGES` steps of SCAN and two questions per key found. SCAN goes through
keys in the order of a hash, so that a part of them stands for all; a store with fewer keys is told exactly.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import redis

from helix_dash.errors import SourceError
from helix_dash.sources.polling import Numbers, Told
from helix_dash.sources.redis_commands import prefix

PAGES, COUNT = 8, 100
"""SCAN steps of one turn, and keys that each may look at."""
TURNS = 10
"""Turns that are told together."""
MOST_PREFIXES = 24


@dataclass(slots=True)
class Tally:
    """What was seen of one beginning of a name."""

    keys: int = 0
    bytes: float = 0.0
    measured: int = 0
    expiring: int = 0

    def add(self, other: Tally) -> None:
        """Take another count of the same in."""
        self.keys += other.keys
        self.bytes += other.bytes
        self.measured += other.measured
        self.expiring += other.expiring


@dataclass(slots=True)
class Sampler:
    """Goes on from turn to turn where it was.

    Args:
        open_store: gives a client of one server.
    """

    open_store: Callable[[], redis.Redis]
    _cursor: int = 0
    _turns: deque[dict[str, Tally]] = field(default_factory=lambda: deque(maxlen=TURNS))

    def ask(self) -> Told:
        """One more turn; what the last ones saw.

        Raises:
            SourceError: the store did not answer, or does not let us look.
        """
        try:
            store: Any = self.open_store()
            size = int(store.dbsize())
            seen, whole = self._turn(store, size)
        except redis.RedisError as error:
            raise SourceError("refused", f"Its keys cannot be looked at ({type(error).__name__}).") from error
        if whole:
            self._turns.clear()
        self._turns.append(seen)
        return _told(self._turns, size, exact=whole)

    def _turn(self, store: Any, size: int) -> tuple[dict[str, Tally], bool]:
        """What this turn's keys are, and whether they are all there are."""
        whole = size <= PAGES * COUNT
        if whole:
            self._cursor = 0
        seen: dict[str, Tally] = {}
        names: set[bytes] = set()
        for _ in range(PAGES * 2 if whole else PAGES):
            self._cursor, found = store.scan(self._cursor, count=COUNT)
            new = [key for key in found if key not in names]
            names.update(new)
            _look(store, new, seen)
            if not self._cursor:
                break
        return seen, whole and not self._cursor


def _look(store: Any, keys: Iterable[bytes], seen: dict[str, Tally]) -> None:
    """Count ``keys``; how large they are and whether they expire, in one round trip."""
    listed = list(keys)
    if not listed:
        return
    pipe = store.pipeline(transaction=False)
    for key in listed:
        pipe.execute_command("MEMORY", "USAGE", key, "SAMPLES", "3")
        pipe.pttl(key)
    answers = pipe.execute(raise_on_error=False)
    for key, size, left in zip(listed, answers[::2], answers[1::2], strict=True):
        one = seen.setdefault(prefix(key), Tally())
        one.keys += 1
        if isinstance(size, int):
            one.bytes += size
            one.measured += 1
        if isinstance(left, int) and left >= 0:
            one.expiring += 1


def _told(turns: Iterable[dict[str, Tally]], size: int, *, exact: bool) -> Told:
    added: dict[str, Tally] = {}
    for turn in turns:
        for name, tally in turn.items():
            added.setdefault(name, Tally()).add(tally)
    sampled = sum(tally.keys for tally in added.values())
    scale = 1.0 if exact or not sampled else size / sampled
    rows: list[dict[str, Any]] = [
        {
            "prefix": name,
            "keys": round(tally.keys * scale),
            # What was not measured is taken to be as large as what was.
            "bytes": round(tally.bytes / tally.measured * tally.keys * scale) if tally.measured else None,
            "expiring": tally.expiring / tally.keys,
        }
        for name, tally in added.items()
    ]
    rows.sort(key=lambda row: (-(row["bytes"] or 0), -row["keys"], row["prefix"]))
    body = {
        "keys": size,
        "sampled": sampled,
        "exact": exact,
        "prefixes": rows[:MOST_PREFIXES],
        "folded": max(0, len(rows) - MOST_PREFIXES),
    }
    gauges = {f"bytes|{row['prefix']}": float(row["bytes"]) for row in rows[:8] if row["bytes"] is not None}
    return Told(body, Numbers(gauges=gauges))
