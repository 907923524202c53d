"""Percentiles out of the growth of a Prometheus histogram: rough by nature, so whoever shows them marks them "~"."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from helix_dash.samples.frame import Frame
from helix_dash.samples.reader import Frames


def bounds(frames: Frames, name: str) -> list[float]:
    """The upper bounds of histogram ``name``, in order; the last one is infinite. Empty when it is not told."""
    head = f"{name}_bucket|"
    return sorted(float(one.removeprefix(head)) for one in frames.names() if one.startswith(head))


def quantiles(
    frames: Sequence[Frame | None], name: str, upper: Sequence[float], percents: Sequence[int]
) -> tuple[float | None, ...]:
    """The value below which each percent of what happened in ``frames`` lies, between two bounds by straight line.

    ``None`` when nothing happened. Beyond the last finite bound nothing is known: then that bound is the answer.
    """
    counts = [0.0] * len(upper)
    for frame in frames:
        for key, amount in _grown(frame, name).items():
            if key in upper:
                counts[upper.index(key)] += amount
    total = max(counts, default=0.0)
    return tuple(_at(counts, upper, total * percent / 100) if total > 0 else None for percent in percents)


def _grown(frame: Frame | None, name: str) -> Mapping[float, float]:
    head = f"{name}_bucket|"
    grown = frame.grown if frame is not None else {}
    return {float(key.removeprefix(head)): amount for key, amount in grown.items() if key.startswith(head)}


def _at(counts: Sequence[float], upper: Sequence[float], wanted: float) -> float | None:
    """``counts`` are cumulative, as Prometheus has them."""
    below, floor = 0.0, 0.0
    for count, bound in zip(counts, upper, strict=True):
        if count >= wanted:
            if math.isinf(bound):
                return floor or None
            part = (wanted - below) / (count - below) if count > below else 1.0
            return floor + (bound - floor) * part
        below, floor = count, bound
    return floor or None
