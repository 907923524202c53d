"""The period before beside the present one, bucket by bucket."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace

from helix_dash.log.query import Series
from helix_dash.model import Period


def aligned(before: Series, now: Series, period: Period) -> Series:
    """``before`` with the buckets of ``now``: each holds the figures of the bucket one ``period`` earlier.

    Buckets are of the calendar, so the two may have different numbers of them (months, days of 23 hours): each of
    ``now`` takes the one that holds its middle, one length of the period earlier.

    Args:
        before: the period before.
        now: the present period.
        period: the present one's limits.
    """
    shift = round(period.length.total_seconds() * 1000)
    starts, last = now.starts, len(now.starts) - 1
    half = [
        ((starts[at + 1] if at < last else starts[at] + _width(starts)) - starts[at]) // 2
        for at in range(last + 1)
    ]
    found = [
        bisect_right(before.starts, start + middle - shift) - 1
        for start, middle in zip(starts, half, strict=True)
    ]
    values = {
        name: [[line[at] if 0 <= at < len(line) else None for at in found] for line in lines]
        for name, lines in before.values.items()
    }
    return replace(before, starts=starts, values=values)


def _width(starts: tuple[int, ...]) -> int:
    return starts[-1] - starts[-2] if len(starts) > 1 else 0
