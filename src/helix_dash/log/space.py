"""How far back a host keeps single requests when the folder of its mirror is full.

What ended before the folder's *floor* is answered from totals. All processes of the host read the floor and let
go of older files, so that the newest requests find room; after a while somebody tries again.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path

from helix_dash.log.segment import Segment

AGAIN = 600.0
"""Seconds after which a full folder is tried again."""

SPARE = 2
"""How many times the room that was missing is made: the next requests come within the second."""

_SIZE = 64


class Floor:
    """The floor of the folder that holds the file ``path``, which takes its few bytes of space from the beginning."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def reserve(self) -> None:
        """Have the file, while there is space for it; a later change is written in place."""
        if not self._path.exists():
            self._path.write_bytes(b" " * _SIZE)

    def read(self) -> int:
        """The event time up to which segments are not kept, microseconds; 0 when all are."""
        try:
            floor, until = map(int, self._path.read_bytes().split())
        except (OSError, ValueError):
            return 0
        return floor if time.time() < until else 0

    def write(self, floor: int) -> None:
        """Set it, for :data:`AGAIN` seconds; only for the holder of the host's lock."""
        content = b"%d %d" % (floor, int(time.time() + AGAIN))
        handle = os.open(self._path, os.O_WRONLY)
        try:
            os.pwrite(handle, content.ljust(_SIZE), 0)
        finally:
            os.close(handle)


def to_give_up(segment: Segment, kept: Iterable[Segment]) -> list[Segment]:
    """The oldest of ``kept`` that have to go so that the younger ``segment`` finds room; [] when it is the oldest."""
    older = sorted((one for one in kept if one.max_time < segment.max_time), key=lambda one: one.max_time)
    chosen: list[Segment] = []
    for one in older:
        if sum(other.rows for other in chosen) >= SPARE * segment.rows:
            break
        chosen.append(one)
    return chosen
