"""Figures from a segment's lines by quarter hour are those of its rows, to the last digit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reading import DAY, HOUR, MINUTE, NOW, log_of, over, row
from test_query_against_reference import SCOPES, SEGMENTS, ZONES

from helix_dash.log import quarters, tally
from helix_dash.log.measures import MEASURES
from helix_dash.log.query import RequestLog
from helix_dash.model import EVERYTHING, Condition, Scope, Slice, Sort

EXAMPLES = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
ASKED = st.lists(
    st.sampled_from(
        [
            Condition("model", "in", ("gpt-4o", "x")),
            Condition("model", "contains", ("GPT",)),
            Condition("model", "blank"),
            Condition("organization", "not_in", ("acme",)),
        ]
    ),
    max_size=2,
)


@contextmanager
def rows_per_line(count: float) -> Iterator[None]:
    """Segments made within keep lines from so many rows each."""
    before = quarters.WORTH
    quarters.WORTH = count  # type: ignore[assignment]
    try:
        yield
    finally:
        quarters.WORTH = before


def pair(folder: Any, *segments: Any, **known: Any) -> tuple[RequestLog, RequestLog]:
    """The same log twice: with lines, and without any."""
    with rows_per_line(0):
        with_lines = log_of(folder("lines"), *segments, **known)
    with rows_per_line(10**9):
        return with_lines, log_of(folder("rows"), *segments, **known)


@EXAMPLES
@given(
    segments=SEGMENTS,
    scope=SCOPES,
    conditions=ASKED,
    zone=st.sampled_from(ZONES),
    start=st.one_of(st.integers(NOW - 4 * DAY, NOW), st.sampled_from([NOW - DAY, NOW - HOUR])),
    length=st.sampled_from([1, 7 * MINUTE, HOUR, DAY, 5 * DAY, 1000 * DAY]),
    bucket=st.sampled_from([None, "quarter", "hour", "day", "week"]),
    dims=st.lists(st.sampled_from(["model", "organization", "user"]), max_size=2, unique=True),
)
def test_a_series_from_lines_equals_the_series_from_rows(
    tmp_path_factory: Any,
    segments: Any,
    scope: Scope,
    conditions: Any,
    zone: str,
    start: int,
    length: int,
    bucket: Any,
    dims: Any,
) -> None:
    """Any period, also one that cuts quarters; any zone, filter, dimension and measure."""
    lines, rows = pair(tmp_path_factory.mktemp, *segments, zone=ZoneInfo(zone), points=100_000)
    where = over(start, start + length, *conditions)
    question = scope, where, dims, bucket, list(MEASURES)
    assert lines.series(*question) == rows.series(*question)
    assert lines.totals(scope, where, list(MEASURES)) == rows.totals(scope, where, list(MEASURES))


def test_whole_quarters_are_answered_without_a_look_at_rows(tmp_path_factory: Any) -> None:
    """A month by hour and model costs the same whatever the traffic."""
    lines, _ = pair(
        tmp_path_factory.mktemp, [row(NOW - HOUR + second, model="m", cost_usd=7) for second in range(9)]
    )
    (mapped,) = lines.mirror.state.segments  # type: ignore[union-attr]
    mapped._held.clear()
    found = lines.series(EVERYTHING, over(NOW - DAY, NOW), ["model"], "hour", ["requests", "cost_usd"])
    assert sum(value or 0 for value in found.values["requests"][0]) == 9
    assert not mapped._held


def test_rows_of_a_quarter_that_the_period_cuts_are_counted_one_by_one(tmp_path_factory: Any) -> None:
    """A line would count what lies outside."""
    lines, _ = pair(
        tmp_path_factory.mktemp, [row(NOW - 10 * MINUTE), row(NOW - 2 * MINUTE), row(NOW - 2 * HOUR)]
    )
    assert lines.totals(EVERYTHING, over(NOW - 5 * MINUTE, NOW), ["requests"]) == {"requests": 1}
    assert lines.totals(EVERYTHING, over(NOW - 3 * HOUR, NOW - 5 * MINUTE), ["requests"]) == {"requests": 2}


def test_few_rows_per_quarter_keep_no_lines(tmp_path: Any) -> None:
    """Lines that are hardly fewer than rows would only take space."""
    log = log_of(tmp_path, [row(NOW - number * HOUR, model=f"m{number}") for number in range(20)])
    assert log.mirror.state.segments[0].lines("quarter") is None  # type: ignore[union-attr]


@EXAMPLES
@given(
    segments=SEGMENTS,
    dims=st.lists(st.sampled_from(["model", "user", "status"]), min_size=1, max_size=2, unique=True),
)
def test_more_cells_than_there_is_room_for_give_the_same_figures(
    tmp_path_factory: Any, segments: Any, dims: Any
) -> None:
    """Only the cells that occur are kept then, and put together now and again."""
    question = (
        EVERYTHING,
        over(NOW - 5 * DAY, NOW),
        dims,
        "hour",
        ["requests", "cost_usd", "output_tokens_per_second"],
    )
    expected = log_of(tmp_path_factory.mktemp("log"), *segments).series(*question)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tally, "_DENSE", 0)
        assert log_of(tmp_path_factory.mktemp("log"), *segments).series(*question) == expected


def test_sums_beyond_64_bits_are_exact(tmp_path: Any, monkeypatch: Any) -> None:
    """A thousand requests at a million dollars each, carried over in every segment."""
    monkeypatch.setattr(tally, "_CARRY_EVERY", 1)
    segments = [[row(cost_usd=10**18 - 1, model="m") for _ in range(100)] for _ in range(10)]
    log = log_of(tmp_path, *segments)
    where = over(NOW - DAY, NOW)
    assert int(log.totals(EVERYTHING, where, ["cost_usd"])["cost_usd"] * 10**12) == 1000 * (10**18 - 1)  # type: ignore[operator]
    by_model = log.series(EVERYTHING, where, ["model"], None, ["cost_usd"])
    assert by_model.values["cost_usd"] == [[1000 * (10**18 - 1) / 10**12]]


def test_words_of_expired_rows_leave_the_list_of_values(tmp_path: Any) -> None:
    """A filter offers what there is to be found."""
    log = log_of(
        tmp_path, [row(user="ann", model="m1")], expired=[[row(NOW - 40 * DAY, user="bob", model="m2")]]
    )
    assert log.values(EVERYTHING, "user") == ["ann"]
    assert log.values(EVERYTHING, "model") == ["m1", "m2"]


def test_other_says_how_many_values_it_holds(tmp_path: Any) -> None:
    """Of more models than a cube tells apart the rarest are one group, and a chart can say of how many."""
    old = [
        row(NOW - 40 * DAY + number, model=f"m{number // 2:03d}" if number < 500 else f"r{number}")
        for number in range(600)
    ]
    log = log_of(tmp_path, expired=[old])
    found = log.series(EVERYTHING, over(NOW - 41 * DAY, NOW), ["model"], None, ["requests"])
    assert sum(line[0] or 0 for line in found.values["requests"]) == 600
    assert found.others == {"model": 350 - (found.groups_total - 1)}


def test_without_expired_rows_nothing_is_within_other(tmp_path: Any) -> None:
    """Rows are always told apart."""
    log = log_of(tmp_path, [row(model=f"m{number}") for number in range(300)])
    found = log.series(EVERYTHING, over(NOW - DAY, NOW), ["model"], None, ["requests"])
    assert (found.groups_total, found.others) == (300, {})


def test_the_total_of_one_word_is_known_without_a_look_at_its_rows(tmp_path: Any) -> None:
    """The newest errors among millions: only the segments that the page comes from are read."""
    where = over(NOW - DAY, NOW, Condition("status", "in", ("error",)))
    old = [row(NOW - 9 * HOUR + second, status="error" if second % 2 else "success") for second in range(40)]
    new = [row(NOW - HOUR + second, status="error") for second in range(40)]
    log = log_of(tmp_path, old, new)
    page = log.page(EVERYTHING, where, Sort(), Slice(0, 5))
    assert (page.total, len(page.rows)) == (60, 5)
    assert log.count(EVERYTHING, where) == 60
