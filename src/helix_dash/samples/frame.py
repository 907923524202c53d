"""One stretch of time of a series: by how much each counter grew in it, and what each gauge read."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class Gauge(msgspec.Struct, array_like=True, frozen=True):
    """What a gauge read within a frame. A mean would need weights nobody has, so there is none."""

    low: float
    high: float
    last: float


class Frame(msgspec.Struct, array_like=True):
    """What a source told within one frame.

    Args:
        samples: how many samples fell into it.
        covered: the microseconds over which its counters grew: a sample tells what happened since the one
            before it, which after a pause of the collector is longer than the frame.
        resets: how often the source began again from zero.
        grown: counter → by how much it grew.
        gauges: gauge → what it read.
    """

    samples: int = 0
    covered: int = 0
    resets: int = 0
    grown: dict[str, float] = {}
    gauges: dict[str, Gauge] = {}

    def add(self, growth: Growth, gauges: Mapping[str, float]) -> None:
        """Take one more sample in."""
        self.samples += 1
        self.covered += growth.covered
        self.resets += growth.reset
        for name, amount in growth.amounts.items():
            self.grown[name] = self.grown.get(name, 0) + amount
        for name, value in gauges.items():
            before = self.gauges.get(name)
            self.gauges[name] = (
                Gauge(min(before.low, value), max(before.high, value), value)
                if before
                else Gauge(value, value, value)
            )


class Growth(msgspec.Struct, frozen=True):
    """From one sample to the next.

    Args:
        amounts: counter → by how much it grew.
        covered: microseconds between the two.
        reset: whether the source began again from zero in between.
    """

    amounts: dict[str, float]
    covered: int
    reset: bool = False


class Last(msgspec.Struct, frozen=True):
    """The sample before: its time in microseconds, and what its counters read."""

    at: int
    counters: dict[str, float]


def growth(last: Last | None, at: int, counters: Mapping[str, float]) -> Growth:
    """By how much ``counters`` grew since ``last``.

    A counter that reads less than before has begun again: so have all others of its source, and what they
    read is what happened since. A counter that was not there before began at zero. Without a sample before,
    nobody knows what happened: the answer is empty, not zero.
    """
    if last is None:
        return Growth({}, 0)
    reset = any(value < last.counters.get(name, 0) for name, value in counters.items())
    before: Mapping[str, float] = {} if reset else last.counters
    amounts = {name: value - before.get(name, 0) for name, value in counters.items()}
    return Growth(amounts, at - last.at, reset)


_FRAME = msgspec.msgpack.Decoder(Frame)


def frame_of(packed: bytes | None) -> Frame | None:
    """The frame in ``packed``; ``None`` without one, or when something else was written in its place."""
    if not packed:
        return None
    try:
        return _FRAME.decode(packed)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
