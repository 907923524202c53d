"""Where the log is known to be complete, so that "no record" may be shown as 0 and not as "—"."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from helix_dash.log.coverage import Interval

SLACK = 5 * 10**6
"""Microseconds without a sign of life that do not yet make a hole."""


def joined(intervals: Sequence[Interval]) -> list[Interval]:
    """``intervals`` (in order, apart) with those joined that lie at most :data:`SLACK` apart."""
    whole: list[Interval] = []
    for start, end in intervals:
        if whole and start - whole[-1][1] <= SLACK:
            whole[-1] = (whole[-1][0], max(whole[-1][1], end))
        else:
            whole.append((start, end))
    return whole


def covers(whole: Sequence[Interval], start: int, end: int) -> bool:
    """Whether the log is complete over ``[start, end)``; nothing is known about an empty stretch."""
    if start >= end:
        return False
    index = bisect_right(whole, start + SLACK, key=lambda pair: pair[0]) - 1
    return index >= 0 and whole[index][1] > start and whole[index][1] >= end - SLACK


def touches(whole: Sequence[Interval], start: int, end: int) -> bool:
    """Whether anything is known about ``[start, end)``."""
    return any(max(start, begun) < min(end, ended) for begun, ended in whole)
