"""Coverage: the intervals of time about which the log is complete, so that no record there means 0."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Interval = tuple[int, int]
"""``[from, to)`` in microseconds since the epoch."""

LONGEST_SILENCE = 10 * 10**6
"""Microseconds between two signs of life of the fold that still count as having been alive."""

KEPT = 400 * 24 * 3600 * 10**6
"""Microseconds that coverage and cubes are kept."""

MOST = 10_000
"""Intervals kept at most; of more, the oldest are forgotten."""


def united(intervals: Iterable[Interval], more: Iterable[Interval]) -> list[Interval]:
    """The union of both, in order, without overlaps, touching ones joined, empty ones left out."""
    whole: list[Interval] = []
    for start, end in sorted(pair for pair in (*intervals, *more) if pair[0] < pair[1]):
        if whole and start <= whole[-1][1]:
            whole[-1] = (whole[-1][0], max(whole[-1][1], end))
        else:
            whole.append((start, end))
    return whole


def common(parts: Sequence[Sequence[Interval]]) -> list[Interval]:
    """Where all of ``parts`` (none empty; each in order, apart) are complete.

    What lies before a part begins counts as complete in it when another one had begun: a shard that was added
    later has missed nothing.
    """
    birth = min((part[0][0] for part in parts), default=0)
    whole: list[Interval] = []
    for number, part in enumerate(parts):
        since = [(birth, part[0][0]), *part] if birth < part[0][0] else part
        whole = list(since) if number == 0 else _shared(whole, since)
    return united(whole, [])


def _shared(first: Sequence[Interval], second: Sequence[Interval]) -> list[Interval]:
    """What lies in both."""
    shared, one, two = [], 0, 0
    while one < len(first) and two < len(second):
        start, end = max(first[one][0], second[two][0]), min(first[one][1], second[two][1])
        if start < end:
            shared.append((start, end))
        if first[one][1] < second[two][1]:
            one += 1
        else:
            two += 1
    return shared


def recent(intervals: Sequence[Interval], now: int) -> list[Interval]:
    """Those of ``intervals`` that still matter."""
    return [pair for pair in intervals if pair[1] > now - KEPT][-MOST:]


def alive_since(intervals: Sequence[Interval], now: int) -> int:
    """Where a fold that starts at ``now`` may begin to cover: the last end if it was a moment ago, else now."""
    before = [end for _, end in intervals if now - LONGEST_SILENCE < end <= now]
    return max(before, default=now)
