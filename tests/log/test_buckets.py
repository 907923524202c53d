"""Buckets on the clock and calendar of a zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest

from helix_dash.errors import BadQuery
from helix_dash.log.buckets import BUCKETS, bucket_starts, choose_bucket
from helix_dash.model import Period, us_from_utc, utc_from_us

HOUR = 3600 * 10**6
BERLIN = ZoneInfo("Europe/Berlin")


def starts(start: str, end: str, bucket: Any, zone: Any) -> list[str]:
    """The buckets' first instants on the zone's clock."""
    first, last = (us_from_utc(datetime.fromisoformat(text).replace(tzinfo=zone)) for text in (start, end))
    found = bucket_starts(first, last, bucket, zone, 10_000)
    return [utc_from_us(instant).astimezone(zone).strftime("%d %H:%M") for instant in found]


def hours(start: str, end: str, bucket: Any, zone: Any) -> list[float]:
    """The buckets' lengths but for the last."""
    first, last = (us_from_utc(datetime.fromisoformat(text).replace(tzinfo=zone)) for text in (start, end))
    found = bucket_starts(first, last, bucket, zone, 10_000)
    return [(after - before) / HOUR for before, after in pairwise(found)]


def test_a_day_begins_at_the_zones_midnight() -> None:
    assert starts("2026-07-01T15:00", "2026-07-03T01:00", "day", BERLIN) == [
        "01 00:00",
        "02 00:00",
        "03 00:00",
    ]


def test_a_day_of_changed_clocks_has_23_or_25_hours() -> None:
    assert hours("2026-03-28", "2026-03-31", "day", BERLIN) == [24, 23]
    assert hours("2026-10-24", "2026-10-27", "day", BERLIN) == [24, 25]


def test_an_hour_lived_through_twice_is_two_buckets() -> None:
    found = starts("2026-10-25T00:30", "2026-10-25T04:30", "hour", BERLIN)
    assert found == ["25 00:00", "25 01:00", "25 02:00", "25 02:00", "25 03:00", "25 04:00"]


def test_an_hour_that_is_skipped_is_no_bucket() -> None:
    found = starts("2026-03-29T00:30", "2026-03-29T04:30", "hour", BERLIN)
    assert found == ["29 00:00", "29 01:00", "29 03:00", "29 04:00"]


def test_six_hours_keep_to_the_wall_clock_when_it_changes() -> None:
    for day in ("2026-03-29", "2026-10-25"):
        found = starts(day, f"{day}T23:00", "6hours", BERLIN)
        assert [text[3:] for text in found] == ["00:00", "06:00", "12:00", "18:00"]


def test_a_day_whose_midnight_is_skipped_begins_at_one() -> None:
    """Beirut changes its clocks at midnight."""
    found = starts("2026-03-28T12:00", "2026-03-30T12:00", "day", ZoneInfo("Asia/Beirut"))
    assert found == ["28 00:00", "29 01:00", "30 00:00"]


def test_a_date_that_a_zone_skipped_is_no_bucket() -> None:
    """Samoa went from 29 to 31 December 2011."""
    found = starts("2011-12-29T12:00", "2011-12-31T12:00", "day", ZoneInfo("Pacific/Apia"))
    assert found == ["29 00:00", "31 00:00"]


def test_hours_of_a_quarter_hour_zone_begin_on_its_own_clock() -> None:
    found = starts("2026-06-01T10:20", "2026-06-01T12:20", "hour", ZoneInfo("Asia/Kathmandu"))
    assert found == ["01 10:00", "01 11:00", "01 12:00"]


def test_a_fixed_offset_is_a_zone_too() -> None:
    assert starts("2026-06-01T10:20", "2026-06-02T12:20", "day", timezone(timedelta(hours=-3.5))) == [
        "01 00:00",
        "02 00:00",
    ]


def test_weeks_begin_on_monday_and_months_on_the_first() -> None:
    assert starts("2026-11-22", "2026-11-24", "week", BERLIN) == ["16 00:00", "23 00:00"]
    assert starts("2026-10-31", "2026-11-02", "month", BERLIN) == ["01 00:00", "01 00:00"]


def test_the_buckets_of_every_zone_touch_each_other_over_a_year() -> None:
    first = us_from_utc(datetime(2025, 12, 31, 22, 10, tzinfo=UTC))
    last = us_from_utc(datetime(2027, 1, 1, tzinfo=UTC))
    for name in sorted(available_timezones()):
        found = bucket_starts(first, last, "day", ZoneInfo(name), 10_000)
        assert found[0] <= first
        assert all(22 * HOUR <= after - before <= 26 * HOUR for before, after in pairwise(found)), name


@pytest.mark.parametrize("bucket", ["quarter", "hour", "6hours"])
@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Europe/Berlin", "2026-03-29"),
        ("Europe/Berlin", "2026-10-25"),
        ("Australia/Lord_Howe", "2026-04-05"),
        ("Australia/Lord_Howe", "2026-10-04"),
        ("America/Havana", "2026-03-08"),
        ("America/Havana", "2026-11-01"),
        ("Asia/Beirut", "2026-03-29"),
        ("Asia/Beirut", "2026-10-25"),
        ("Antarctica/Troll", "2026-03-29"),
        ("Atlantic/Azores", "2026-10-25"),
    ],
)
def test_a_bucket_begins_where_it_does_whoever_asks_for_which_period(
    bucket: Any, zone: str, day: str
) -> None:
    """Sums of parts equal the whole for any split: the same instant is in the same bucket in each part."""
    clock = ZoneInfo(zone)
    start = us_from_utc(datetime.fromisoformat(day).replace(tzinfo=clock)) - 12 * HOUR
    whole = bucket_starts(start, start + 60 * HOUR, bucket, clock, 10_000)
    for step in range(0, 59 * 60, 7):
        begun = start + step * 60 * 10**6
        (first, *_) = bucket_starts(begun, begun + HOUR, bucket, clock, 10_000)
        assert first == max(instant for instant in whole if instant <= begun)


@pytest.mark.parametrize(
    ("length", "bucket"),
    [
        (timedelta(minutes=15), "minute"),
        (timedelta(hours=6), "minute"),
        (timedelta(days=1), "hour"),
        (timedelta(days=7), "hour"),
        (timedelta(days=30), "day"),
        (timedelta(days=90), "day"),
        (timedelta(days=365), "week"),
        (timedelta(days=400), "month"),
    ],
)
def test_a_period_gets_a_bucket_that_fits(length: timedelta, bucket: str) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    assert choose_bucket(Period(start, start + length), 1000) == bucket


def test_few_points_make_wider_buckets() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    assert choose_bucket(Period(start, start + timedelta(hours=6)), 50) == "quarter"
    assert choose_bucket(Period(start, start + timedelta(days=7)), 50) == "6hours"
    assert choose_bucket(Period(start, start + timedelta(days=90)), 5) == "month"


@pytest.mark.parametrize("bucket", BUCKETS)
def test_more_buckets_than_allowed_are_refused(bucket: Any) -> None:
    with pytest.raises(BadQuery) as refused:
        bucket_starts(0, 400 * 24 * HOUR, bucket, UTC, 10)
    assert refused.value.field == "bucket"


def test_an_unknown_bucket_is_refused() -> None:
    with pytest.raises(BadQuery):
        bucket_starts(0, HOUR, "fortnight", UTC, 10)  # type: ignore[arg-type]


def test_an_empty_period_has_no_bucket() -> None:
    assert bucket_starts(5, 5, "hour", UTC, 10) == ()
