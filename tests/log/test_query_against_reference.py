"""Random traffic and random questions: the engine and the plainest Python agree exactly."""

from __future__ import annotations

from itertools import chain, pairwise
from typing import Any
from zoneinfo import ZoneInfo

import naive
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reading import DAY, HOUR, MINUTE, NOW, log_of, over, row

from helix_dash.log.buckets import bucket_starts
from helix_dash.log.schema import BY_NAME, COLUMNS, SHOWN
from helix_dash.log.shown import csv_texts
from helix_dash.model import Condition, Filter, Scope, Slice, Sort

WORDS = ["gpt-4o", "GPT-4o-mini", "claude", "straße", "a;b", "x"]
ORGANIZATIONS = ["default", "acme", "umbrella"]
ZONES = ["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/St_Johns"]
TIMES = st.one_of(
    st.integers(NOW - 3 * DAY, NOW + 20 * MINUTE),
    st.sampled_from([NOW - DAY, NOW - HOUR, NOW, NOW + 6 * MINUTE, NOW - 27 * DAY]),
)


def _value(column: Any) -> st.SearchStrategy[Any]:
    if column.words:
        return st.sampled_from(column.words)
    amounts = {
        "word": st.sampled_from(WORDS),
        "text": st.sampled_from(["id-1", "ID-2", "ünique"]),
        "flag": st.booleans(),
        "count": st.sampled_from([0, 1, 2, 50, 2**32 + 5, 2**40]),
        "money": st.sampled_from([0, 1, 7 * 10**9, 10**12, 10**18]),
        "duration": st.sampled_from([0, 1, 999, 1500, 30_000_000, 2**33]),
        "share": st.integers(0, 10**6),
    }
    return amounts[column.kind]


OPTIONAL = [column for column in COLUMNS if not (column.required or column.derived or column.stamped)]


@st.composite
def rows(draw: Any) -> dict[str, Any]:
    known = {
        column.name: draw(_value(column))
        for column in draw(st.lists(st.sampled_from(OPTIONAL), unique=True, max_size=12))
    }
    time = draw(TIMES)
    return row(
        time,
        status=draw(_value(BY_NAME["status"])),
        organization=draw(st.sampled_from(ORGANIZATIONS)),
        source=draw(st.sampled_from(["simulated", "litellm"])),
        skewed=time > NOW + 5 * MINUTE,
        producer=draw(st.sampled_from(["00000000000000a1", "ffffffffffffff01"])),
        **known,
    )


SEGMENTS = st.lists(st.lists(rows(), min_size=1, max_size=25), min_size=0, max_size=4)
NUMBERS = ["0", "0.5", "1", "1.5", "0.007", "30000", "0.000000000001", "-3", "1e30"]


@st.composite
def conditions(draw: Any) -> Condition:
    column = draw(st.sampled_from(COLUMNS))
    if column.kind in ("word", "text"):
        op = draw(
            st.sampled_from(
                ["in", "not_in", "contains", "not_contains", "starts", "ends", "blank", "not_blank"]
            )
        )
        words = [*WORDS, *column.words, "a", "b", "id-1", "acme", "simulated", "never seen"]
        parts = ["", "GPT", "4O", "e", "S", "id", "-"]
        values = (
            draw(st.lists(st.sampled_from(words), max_size=6))
            if op in ("in", "not_in")
            else [draw(st.sampled_from(parts))]
        )
    elif column.kind == "flag":
        op = draw(st.sampled_from(["in", "not_in", "blank", "not_blank"]))
        values = draw(st.lists(st.sampled_from(["true", "false"]), max_size=2))
    else:
        op = draw(
            st.sampled_from(["in", "not_in", "lt", "lte", "gt", "gte", "between", "blank", "not_blank"])
        )
        texts = (
            ["2026-11-21T12:00:00", "2026-11-21T23:00:00.5+01:00", "2026-11-20"]
            if column.kind == "time"
            else NUMBERS
        )
        some = {"between": (2, 2), "in": (0, 4), "not_in": (0, 4)}.get(op, (1, 1))
        values = draw(st.lists(st.sampled_from(texts), min_size=some[0], max_size=some[1]))
    return Condition(column.name, op, () if op in ("blank", "not_blank") else tuple(values))


SCOPES = st.sampled_from([Scope(None), Scope("acme"), Scope("default"), Scope("nobody")])
FILTERS = st.builds(
    lambda start, length, tests: over(start, start + length, *tests),
    st.integers(NOW - 4 * DAY, NOW),
    st.sampled_from([0, 1, HOUR, DAY, 5 * DAY, 1000 * DAY]),
    st.lists(conditions(), max_size=2),
)
EXAMPLES = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return lambda: tmp_path_factory.mktemp("log")


@EXAMPLES
@given(
    segments=SEGMENTS,
    scope=SCOPES,
    where=FILTERS,
    zone=st.sampled_from(ZONES),
    column=st.sampled_from([column.name for column in SHOWN]),
    descending=st.booleans(),
    part=st.builds(Slice, st.integers(0, 30), st.integers(0, 40)),
)
def test_a_page_holds_the_rows_that_match_in_exact_order(
    folders: Any,
    segments: Any,
    scope: Scope,
    where: Filter,
    zone: str,
    column: str,
    descending: bool,
    part: Slice,
) -> None:
    """Total, order, ties and unknown values, whatever the split into segments."""
    log = log_of(folders(), *segments, zone=ZoneInfo(zone))
    sort = Sort(column, descending)
    found = log.page(scope, where, sort, part)
    expected = naive.matching([*chain(*segments)], scope, where, NOW, ZoneInfo(zone))
    assert found.total == len(expected)
    assert [line["row_id"] for line in found.rows] == naive.page(expected, sort, part)


@EXAMPLES
@given(
    segments=SEGMENTS,
    scope=SCOPES,
    where=FILTERS,
    zone=st.sampled_from(ZONES),
    bucket=st.sampled_from(["quarter", "hour", "6hours", "day", "week", "month"]),
    dims=st.lists(
        st.sampled_from(["model", "user", "status", "stream", "organization"]), max_size=2, unique=True
    ),
    measures=st.lists(st.sampled_from(naive.MEASURES), min_size=1, max_size=5, unique=True),
)
def test_a_series_is_exactly_the_measures_of_the_rows_of_each_cell(
    folders: Any, segments: Any, scope: Scope, where: Filter, zone: str, bucket: Any, dims: Any, measures: Any
) -> None:
    """Every measure, by group and bucket, to the last digit."""
    log = log_of(folders(), *segments, zone=ZoneInfo(zone), points=100_000)
    found = log.series(scope, where, dims, bucket, measures)
    expected = naive.matching([*chain(*segments)], scope, where, NOW, ZoneInfo(zone))
    cells: dict[Any, list[Any]] = {}
    for line in expected:
        key = tuple(_word(line[name]) for name in dims)
        place = max(i for i, start in enumerate(found.starts) if i == 0 or start * 1000 <= line["time"])
        cells.setdefault((key, place), []).append(line)
    groups = {key for key, _ in cells} if dims else {()}
    assert set(found.groups) == groups
    assert len(found.groups) == len(groups)
    for index, group in enumerate(found.groups):
        for place in range(len(found.starts)):
            lines = cells.get((group, place))
            if lines:
                for name in measures:
                    assert found.values[name][index][place] == naive.measure(lines, name), name


def _word(value: Any) -> str | None:
    return str(value).lower() if isinstance(value, bool) else value


@EXAMPLES
@given(segments=SEGMENTS, scope=SCOPES, where=FILTERS, zone=st.sampled_from(ZONES))
def test_totals_are_exactly_the_measures_of_all_rows(
    folders: Any, segments: Any, scope: Scope, where: Filter, zone: str
) -> None:
    """One bucket, no dimension; money to 10⁻¹² dollars."""
    log = log_of(folders(), *segments, zone=ZoneInfo(zone))
    found = log.totals(scope, where, naive.MEASURES)
    lines = naive.matching([*chain(*segments)], scope, where, NOW, ZoneInfo(zone))
    if lines:
        assert {name: _plain(value) for name, value in found.items()} == {
            name: naive.measure(lines, name) for name in naive.MEASURES
        }


def _plain(value: Any) -> Any:
    return float(value) if type(value).__name__ == "Decimal" else value


@EXAMPLES
@given(segments=SEGMENTS, scope=SCOPES, where=FILTERS, zone=st.sampled_from(ZONES))
def test_batches_hold_every_matching_row_once_in_order_of_time(
    folders: Any, segments: Any, scope: Scope, where: Filter, zone: str
) -> None:
    """The export is the whole filtered set."""
    log = log_of(folders(), *segments, zone=ZoneInfo(zone))
    names = [column.name for column in SHOWN]
    frames = list(log.batches(scope, where, names))
    found = [
        f"{producer}-{seq}"
        for frame in frames
        for producer, seq in frame.select("producer", "seq").iter_rows()
    ]
    expected = naive.matching([*chain(*segments)], scope, where, NOW, ZoneInfo(zone))
    assert found == naive.page(expected, Sort("time", descending=False), Slice(0, 10**6))
    texts = [line for frame in frames for line in csv_texts(frame, names).iter_rows(named=True)]
    by_id = {f"{line['producer']}-{line['seq']}": line for line in expected}
    for identity, line in zip(found, texts, strict=True):
        assert line["total_tokens"] == _text(naive.value(by_id[identity], "total_tokens"))
        assert line["model"] == by_id[identity]["model"]


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


@EXAMPLES
@given(
    zone=st.sampled_from(ZONES),
    bucket=st.sampled_from(["hour", "day", "week"]),
    start=st.integers(NOW - 60 * DAY, NOW - DAY),
    length=st.integers(1, 30 * DAY),
)
def test_the_buckets_of_a_period_touch_each_other_and_cover_it(
    zone: str, bucket: Any, start: int, length: int
) -> None:
    """Nothing falls between two buckets."""
    starts = bucket_starts(start, start + length, bucket, ZoneInfo(zone), 10_000)
    assert starts[0] <= start
    assert all(before < after for before, after in pairwise(starts))
    assert starts[-1] < start + length
    assert len(starts) == 1 or starts[1] > start
