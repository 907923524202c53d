"""Reads samples: one bounded command for any period."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import redis

from helix_dash.samples.frame import Frame, frame_of
from helix_dash.samples.keys import RESOLUTIONS, SECOND, Resolution, frames_key
from helix_dash.store import reaching

Reading = Literal["low", "high", "last"]

_LATELY = 60 * SECOND
"""Microseconds by which the end of a period that goes on may be behind: clocks differ, and reading takes time."""


@dataclass(frozen=True, slots=True)
class Frames:
    """A source's frames over a period, evenly spaced.

    Args:
        starts: when each begins, microseconds since the epoch.
        step: their length, microseconds.
        frames: what was told in each; ``None`` where nothing was.
        oldest: how far back they could have been kept, microseconds since the epoch.
        rejected: how many could not be read: something else had been written in their place.
    """

    starts: tuple[int, ...]
    step: int
    frames: tuple[Frame | None, ...]
    oldest: int
    rejected: int = 0

    def names(self) -> list[str]:
        """Every counter and gauge that occurs, sorted."""
        found: set[str] = set()
        for frame in self.frames:
            if frame:
                found |= frame.grown.keys() | frame.gauges.keys()
        return sorted(found)

    def grown(self, name: str) -> list[float | None]:
        """By how much the counter grew in each frame; ``None`` where nobody looked."""
        return [
            frame.grown.get(name, 0) if frame is not None and frame.covered else None for frame in self.frames
        ]

    def evened(self, name: str, moment: int) -> list[float | None]:
        """By how much it grew in each frame, as if somebody had looked at the frame's ends: a look that comes up to
        ``moment`` microseconds late or early makes one frame's growth more and its neighbour's less."""
        return [
            grown * self.step / frame.covered
            if grown is not None and frame is not None and abs(frame.covered - self.step) <= moment
            else grown
            for grown, frame in zip(self.grown(name), self.frames, strict=True)
        ]

    def rate(self, name: str) -> list[float | None]:
        """How fast it grew, per second of the time that its growth covers."""
        return [
            frame.grown.get(name, 0) * SECOND / frame.covered if frame is not None and frame.covered else None
            for frame in self.frames
        ]

    def gauge(self, name: str, reading: Reading = "last") -> list[float | None]:
        """What the gauge read in each frame: its lowest, highest or last value."""
        return [
            getattr(frame.gauges[name], reading) if frame is not None and name in frame.gauges else None
            for frame in self.frames
        ]

    def total(self, names: str | Iterable[str]) -> float | None:
        """By how much one counter, or several together, grew in the whole period; ``None`` when nobody looked."""
        wanted = [names] if isinstance(names, str) else list(names)
        seen = [frame for frame in self.frames if frame is not None and frame.covered]
        if not seen:
            return None
        return sum(frame.grown.get(name, 0) for frame in seen for name in wanted)

    def latest(self, name: str) -> float | None:
        """What the gauge read last within the period."""
        return next(
            (frame.gauges[name].last for frame in reversed(self.frames) if frame and name in frame.gauges),
            None,
        )

    @property
    def resets(self) -> int:
        """How often the source began again from zero."""
        return sum(frame.resets for frame in self.frames if frame)

    @property
    def seconds(self) -> float:
        """How much time the counters' growth covers."""
        return sum(frame.covered for frame in self.frames if frame) / SECOND


def resolution_for(start: int, end: int, now: int, most: int) -> Resolution:
    """The finest grain that reaches back to ``start`` with at most ``most`` frames, else the coarsest."""
    for resolution in RESOLUTIONS:
        if start >= now - resolution.kept and (end - start) // resolution.step < most:
            return resolution
    return RESOLUTIONS[-1]


class SampleReader:
    """Reads the series of the sources in ``store``."""

    def __init__(self, store: redis.Redis) -> None:
        self._store: Any = store

    def read(self, source: str, start: int, end: int, now: int, most: int = 400) -> Frames:
        """The frames of ``source`` in ``[start, end)``, microseconds since the epoch, in one command.

        Raises:
            StoreUnavailable: the store did not answer.
        """
        return self.several([source], start, end, now, most)[source]

    def several(
        self, sources: Sequence[str], start: int, end: int, now: int, most: int = 400
    ) -> dict[str, Frames]:
        """The same of several sources, in one round trip with one command each.

        Raises:
            StoreUnavailable: the store did not answer.
        """
        resolution = resolution_for(start, end, now, most)
        oldest, step = now - resolution.kept, resolution.step
        first, stop = max(start, oldest) // step, -(-min(end, now + step) // step)
        first = max(first, stop - max(most, 1)) if resolution is RESOLUTIONS[-1] else first
        numbers = range(first, max(first, stop))
        if not numbers or not sources:
            return dict.fromkeys(sources, Frames((), step, (), oldest))
        starts = tuple(number * step for number in numbers)
        # Up to the next frame, which nobody can have written: by it helix_dash.recall knows how far a reply reaches.
        ahead = now // step + 2
        more = range(stop, ahead) if end > now - _LATELY else range(ahead - 1, ahead)
        fields = [str(number) for number in (*numbers, *more)]
        pipe = self._store.pipeline(transaction=False)
        for source in sources:
            pipe.hmget(frames_key(source, resolution), fields)
        with reaching():
            answers = pipe.execute(raise_on_error=False)
        return {
            source: _frames(starts, step, packed, oldest)
            for source, packed in zip(sources, answers, strict=True)
        }


def _frames(starts: tuple[int, ...], step: int, packed: Any, oldest: int) -> Frames:
    """The frames in one answer; what is none, or a key of another type, is left out and counted."""
    if isinstance(packed, Exception):
        return Frames(starts, step, (None,) * len(starts), oldest, rejected=1)
    packed = packed[: len(starts)]
    found = [frame_of(one) for one in packed]
    bad = sum(1 for one, frame in zip(packed, found, strict=True) if one and frame is None)
    return Frames(starts, step, tuple(found), oldest, bad)
