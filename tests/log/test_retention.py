"""When requests leave the log, by their age or by their number."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from helix_dash.log.retention import DAY, Retention
from helix_dash.log.segment import Segment

HOUR = DAY // 24
NOW = 1000 * DAY + 5 * HOUR


def held(rows: int, *, first: int, last: int | None = None, expired: bool = False) -> Segment:
    return Segment(
        id=f"{first:020d}",
        level=0,
        rows=rows,
        min_time=first,
        max_time=first if last is None else last,
        min_ingested=first,
        max_ingested=first,
        bytes=1,
        cube_bytes=1,
        digest="",
        expired=expired,
    )


def test_rows_leave_at_the_midnight_at_which_they_are_old_enough() -> None:
    assert Retention(days=30).cutoff([], NOW) == 970 * DAY
    assert Retention(days=30).leaves_at(970 * DAY - 1, rows=1) == 1000 * DAY
    assert Retention(days=30).leaves_at(970 * DAY, rows=1) == 1001 * DAY


def test_without_a_bound_in_rows_only_their_age_counts() -> None:
    assert Retention(days=30).cutoff([held(10**9, first=990 * DAY)], NOW) == 970 * DAY


def test_beyond_the_bound_the_oldest_day_is_due_and_no_younger_one() -> None:
    segments = [held(60, first=998 * DAY + HOUR), held(60, first=997 * DAY + HOUR, last=999 * DAY)]
    assert Retention(days=30, rows=100).cutoff(segments, NOW) == 998 * DAY
    assert Retention(days=30, rows=120).cutoff(segments, NOW) == 970 * DAY


def test_what_has_left_already_counts_no_more() -> None:
    segments = [held(90, first=998 * DAY), held(90, first=900 * DAY, expired=True)]
    assert Retention(days=30, rows=100).cutoff(segments, NOW) == 970 * DAY


def test_the_requests_of_today_stay_however_many_they_are() -> None:
    assert Retention(days=30, rows=1).cutoff([held(9, first=1000 * DAY)], NOW) == 1000 * DAY
    assert Retention(days=30, rows=1).cutoff([held(9, first=NOW + HOUR)], NOW) == 1000 * DAY


def test_the_next_to_leave_is_told_by_the_bound_that_comes_first() -> None:
    retention = Retention(days=30, rows=100)
    assert retention.leaves_at(990 * DAY + HOUR, rows=100) == 1021 * DAY
    assert retention.leaves_at(990 * DAY + HOUR, rows=101) == 991 * DAY


@given(
    st.lists(st.tuples(st.integers(900, 1000), st.integers(1, 50)), max_size=30),
    st.integers(1, 500),
    st.integers(1, 60),
)
def test_however_the_rows_lie_what_stays_is_within_both_bounds(
    days: list[tuple[int, int]], most: int, age: int
) -> None:
    """One cutoff after the other, as the fold asks, until nothing more is due."""
    retention = Retention(age, most)
    left = [held(rows, first=day * DAY + HOUR) for day, rows in days]
    for _ in range(len(days) + 1):
        due = retention.cutoff(left, NOW)
        left = [segment for segment in left if segment.min_time >= due]
    assert all(segment.min_time >= (1000 - age) * DAY for segment in left)
    past = [segment for segment in left if segment.min_time < 1000 * DAY]
    assert not past or sum(segment.rows for segment in left) <= most


def test_each_shard_keeps_its_part_of_the_bound() -> None:
    assert Retention(30, 100).of_shard(3) == Retention(30, 34)
    assert Retention(30, 0).of_shard(3).rows == 0
