"""When requests leave the log: by whole UTC days, the oldest first."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from helix_dash.log.segment import Segment

DAY = 24 * 3600 * 10**6
"""Microseconds."""


@dataclass(frozen=True, slots=True)
class Retention:
    """What a log keeps as single requests; the totals of what leaves stay.

    Args:
        days: the age at which a day's requests leave.
        rows: the most requests that days of the past may hold together with today's; 0 is no bound. Today's
            requests stay, however many they are.
    """

    days: int
    rows: int = 0

    def of_shard(self, shards: int) -> Retention:
        """The part of the bound that each of ``shards`` equal shards keeps to."""
        return Retention(self.days, -(-self.rows // shards))

    def cutoff(self, segments: Collection[Segment], now: int) -> int:
        """The instant before which rows of ``segments`` are due to leave at ``now``; microseconds.

        Beyond the bound in rows it is the end of the oldest day: after that day has left, ask again.
        """
        due = (now // DAY - self.days) * DAY
        live = [segment for segment in segments if not segment.expired]
        if not live or not self._is_full(sum(segment.rows for segment in live)):
            return due
        oldest = min(segment.min_time for segment in live)
        return max(due, min(_end_of_day(oldest), now // DAY * DAY))

    def leaves_at(self, time: int, rows: int) -> int:
        """When the oldest of ``rows`` requests, one of ``time``, is due to leave; microseconds.

        In the past when it is due already and waits for the collector.
        """
        return _end_of_day(time) + (0 if self._is_full(rows) else self.days * DAY)

    def _is_full(self, rows: int) -> bool:
        return 0 < self.rows < rows


def _end_of_day(time: int) -> int:
    return (time // DAY + 1) * DAY
