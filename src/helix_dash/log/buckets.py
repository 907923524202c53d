"""Time buckets on the clock and calendar of a zone, right across changes of its offset.

A day begins at the first instant of its date, so it may last 23, 24 or 25 hours; an hour that a zone lives
through twice is two buckets. Buckets of a period touch each other and cover it, so parts sum to the whole.
All instants are microseconds since the epoch.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Literal, get_args

from helix_dash.errors import BadQuery
from helix_dash.model import Period, us_from_utc, utc_from_us

Bucket = Literal["minute", "5minutes", "quarter", "hour", "6hours", "day", "week", "month"]
"""Widths of a time bucket. All begin on the reporting zone's clock or calendar."""

BUCKETS: tuple[Bucket, ...] = get_args(Bucket)
"""From narrow to wide."""

_MINUTE = 60 * 10**6
_CLOCK: dict[str, int] = {
    "minute": _MINUTE,
    "5minutes": 5 * _MINUTE,
    "quarter": 15 * _MINUTE,
    "hour": 60 * _MINUTE,
    "6hours": 360 * _MINUTE,
}
_CALENDAR: dict[str, timedelta] = {
    "day": timedelta(days=1),
    "week": timedelta(days=7),
    "month": timedelta(days=31),
}
_FITS: tuple[tuple[timedelta, Bucket], ...] = (
    (timedelta(hours=6), "minute"),
    (timedelta(days=7), "hour"),
    (timedelta(days=90), "day"),
    (timedelta(days=366), "week"),
)


def choose_bucket(period: Period, max_points: int) -> Bucket:
    """The bucket a line over ``period`` is drawn with: a fitting one, wider if there were over ``max_points``."""
    fitting = next((bucket for longest, bucket in _FITS if period.length <= longest), "month")
    for bucket in BUCKETS[BUCKETS.index(fitting) :]:
        if _estimate(us_from_utc(period.start), us_from_utc(period.end), bucket) <= max_points:
            return bucket
    return "month"


@lru_cache(maxsize=256)
def bucket_starts(start: int, end: int, bucket: Bucket, zone: tzinfo, max_points: int) -> tuple[int, ...]:
    """The first instants of the buckets that ``[start, end)`` touches; the first may lie before ``start``.

    Raises:
        BadQuery: ``bucket`` is not a width, or the period holds more than ``max_points`` of it.
    """
    if bucket not in BUCKETS:
        raise BadQuery("bucket", f"{bucket!r} is not one of {', '.join(BUCKETS)}.")
    if _estimate(start, end, bucket) > max_points:
        raise BadQuery("bucket", f"The period has more than {max_points:,} buckets of one {bucket}.")
    if start >= end:
        return ()
    starts = [_floor(start, bucket, zone)]
    while (following := _next(starts[-1], bucket, zone)) < end:
        starts.append(following)
    return tuple(starts)


def following_start(start: int, bucket: Bucket, zone: tzinfo) -> int:
    """Where the bucket ends that begins at ``start``."""
    return _next(start, bucket, zone)


def _estimate(start: int, end: int, bucket: str) -> float:
    width = _CLOCK.get(bucket) or _CALENDAR[bucket] // timedelta(microseconds=1)
    return (end - start) / width


def _floor(instant: int, bucket: str, zone: tzinfo) -> int:
    if bucket in _CALENDAR:
        return _day_start(_first_date(_local(instant, zone).date(), bucket), zone)
    width = _CLOCK[bucket]
    begun = _day_start(_local(instant, zone).date(), zone)
    offset = _offset(instant, zone)
    if offset == _offset(begun, zone) and not (begun + offset) % width:
        wall = instant + offset
        return wall - wall % width - offset
    # The clock was changed since midnight: walk, so that a day's buckets are the same whoever asks.
    while (following := _next(begun, bucket, zone)) <= instant:
        begun = following
    return begun


def _next(begun: int, bucket: str, zone: tzinfo) -> int:
    if bucket in _CALENDAR:
        day = _local(begun, zone).date()
        following = begun
        while following <= begun:  # a date that a zone skipped has no instants of its own
            day = _first_date(day + _CALENDAR[bucket], bucket)
            following = _day_start(day, zone)
        return following
    width = _CLOCK[bucket]
    offset = _offset(begun, zone)
    wall = begun + offset
    wall_next = wall - wall % width + width
    following = wall_next - offset
    changed = _offset(following, zone)
    if changed != offset and (following + changed) % width:
        # The offset changed within: the wall clock shows the next boundary earlier or later than foreseen.
        shifted = wall_next - changed
        if shifted > begun and _offset(shifted, zone) == changed:
            return shifted
    return following


def _first_date(day: date, bucket: str) -> date:
    if bucket == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if bucket == "month" else day


def _day_start(day: date, zone: tzinfo) -> int:
    """The first instant of ``day`` in ``zone``: later than 00:00 where the clock skips midnight."""
    return us_from_utc(datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC))


def _local(instant: int, zone: tzinfo) -> datetime:
    return utc_from_us(instant).astimezone(zone)


def _offset(instant: int, zone: tzinfo) -> int:
    return (_local(instant, zone).utcoffset() or timedelta()) // timedelta(microseconds=1)
