"""The plan of merging: few segments, whatever the arrival."""

from __future__ import annotations

import msgspec
import pytest

from helix_dash.log.compaction import FAN_IN, FULL_ROWS, MOST_ROWS, mergeable
from helix_dash.log.segment import Segment


def a_segment(number: int, rows: int, level: int = 0) -> Segment:
    return Segment(f"{number:020x}", level, rows, number, number, number, number, rows * 60, 1000, "d")


def test_fewer_than_eight_of_a_level_are_left_alone() -> None:
    assert mergeable([a_segment(n, 5) for n in range(FAN_IN - 1)]) == []


def test_neighbours_in_time_are_merged() -> None:
    assert [s.min_time for s in mergeable([a_segment(9 - n, 5) for n in range(8)])] == list(range(2, 10))


def test_a_merge_makes_no_segment_beyond_the_limit() -> None:
    group = mergeable([a_segment(n, 90_000) for n in range(8)])
    assert sum(segment.rows for segment in group) <= MOST_ROWS
    assert len(group) == 2


def test_a_full_segment_is_never_merged_again() -> None:
    assert mergeable([a_segment(n, FULL_ROWS) for n in range(20)]) == []


@pytest.mark.parametrize("rows", [1, 700, 30_000])
def test_the_number_of_segments_stays_bounded_and_no_row_goes_missing(rows: int) -> None:
    segments: list[Segment] = []
    for number in range(3_000):
        segments.append(a_segment(number, rows))
        while group := mergeable(segments):
            whole = a_segment(group[0].min_time, sum(s.rows for s in group), group[0].level + 1)
            segments = [s for s in segments if s not in group] + [whole]
    assert sum(segment.rows for segment in segments) == 3_000 * rows
    unfinished = [segment for segment in segments if segment.rows < FULL_ROWS]
    assert len(unfinished) <= FAN_IN * (1 + max(segment.level for segment in segments))
    assert len(segments) - len(unfinished) <= 3_000 * rows / FULL_ROWS


def test_cubes_whose_rows_have_expired_are_merged_apart_from_live_segments() -> None:
    spent = [msgspec.structs.replace(a_segment(n, 0), expired=True) for n in range(8)]
    live = [a_segment(n, 5) for n in range(7)]
    assert all(segment.expired for segment in mergeable(spent + live))
