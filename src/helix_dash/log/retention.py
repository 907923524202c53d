"""When requests leave the log: at the first UTC midnight at which they are LOG_RETENTION_DAYS old."""

from __future__ import annotations

DAY = 24 * 3600 * 10**6
"""Microseconds."""


def cutoff(now: int, days: int) -> int:
    """The instant before which rows are due to leave at ``now``; microseconds."""
    return (now // DAY - days) * DAY


def leaves_at(time: int, days: int) -> int:
    """The midnight at which a row of ``time`` leaves; microseconds."""
    return (time // DAY + 1 + days) * DAY
