"""Random traffic and random questions: ClickHouse's SQL, the mirror and the plainest Python agree exactly."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any
from zoneinfo import ZoneInfo

import naive
import polars as pl
import pytest
from dense import FILTERS, SEGMENTS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reading import DAY, HOUR, MINUTE, NOW, log_of, over, row
from sealed import Loaded, Sealed
from test_derived import QUOTIENTS, TRAFFIC, bound
from test_query_against_reference import SCOPES, ZONES

from helix_dash.embedded import EmbeddedStore
from helix_dash.log.clickhouse.database import Database
from helix_dash.log.clickhouse.figures import TALLIES_IN_SQL, histogram_edges
from helix_dash.log.crosstab import FIGURES
from helix_dash.log.cube import bucket_of
from helix_dash.log.measures import MEASURES, PERCENTILES, TALLIES
from helix_dash.log.schema import COLUMNS, SHOWN
from helix_dash.log.shown import csv_texts
from helix_dash.model import EVERYTHING, Condition, Filter, Scope, Slice, Sort

FEW = ("model", "total_tokens", "cost_usd")
EXAMPLES = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
GROUPABLE = [column.name for column in COLUMNS if column.kind in ("word", "flag")]
EXPIRED = st.one_of(st.just([]), SEGMENTS)
MEASURED = st.lists(st.sampled_from(list(MEASURES)), min_size=1, max_size=4, unique=True)
RANKED = st.lists(st.sampled_from(list(PERCENTILES)), min_size=1, max_size=2, unique=True)
COVERAGE = st.sampled_from(
    [[(NOW - 24 * HOUR, NOW)], [], [(NOW - 9 * HOUR, NOW - 2 * HOUR), (NOW - HOUR, NOW - MINUTE)]]
)


@pytest.fixture(scope="module")
def both(
    tmp_path_factory: pytest.TempPathFactory, new_database: Callable[[], Database]
) -> Iterator[Callable[..., tuple[Any, Any]]]:
    """Makes the same log twice: read from the mirror, and from ClickHouse after the loader ran.

    All examples share one ClickHouse: what earlier ones loaded is still there, and must not count.
    """
    server = EmbeddedStore(tmp_path_factory.mktemp("store"))
    server.start()
    sealed, loaded = Sealed(server.url), Loaded(server.url, new_database())

    def make(
        segments: Any,
        zone: str = "UTC",
        expired: Any = (),
        coverage: Any = ((0, NOW),),
        points: int = 100_000,
    ) -> Any:
        sealed.hold(segments, expired, coverage)
        mirror = log_of(
            tmp_path_factory.mktemp("mirror"),
            *segments,
            expired=expired,
            coverage=coverage,
            zone=ZoneInfo(zone),
            points=points,
        )
        return mirror, loaded.log(ZoneInfo(zone), points)

    yield make
    server.stop()


@EXAMPLES
@given(
    segments=SEGMENTS,
    scope=SCOPES,
    where=FILTERS,
    zone=st.sampled_from(ZONES),
    column=st.sampled_from([column.name for column in SHOWN]),
    descending=st.booleans(),
    part=st.builds(Slice, st.integers(0, 30), st.integers(0, 40)),
    watermark=st.sampled_from([None, NOW - HOUR]),
)
def test_a_page_is_the_same(
    both: Any,
    segments: Any,
    scope: Scope,
    where: Filter,
    zone: str,
    column: str,
    descending: bool,
    part: Slice,
    watermark: int | None,
) -> None:
    """C3: rows, every value in them, order, ties, unknown values, exact total, watermark."""
    mirror, clickhouse = both(segments, zone)
    sort = Sort(column, descending)
    found = clickhouse.page(scope, where, sort, part, watermark=watermark)
    assert found == mirror.page(scope, where, sort, part, watermark=watermark)
    few = clickhouse.page(scope, where, sort, part, columns=FEW, watermark=watermark)
    assert few == mirror.page(scope, where, sort, part, columns=FEW, watermark=watermark)
    assert few.rows == [{name: line[name] for name in ("row_id", *FEW)} for line in found.rows]
    if watermark is None:
        expected = naive.matching([*chain(*segments)], scope, where, NOW, ZoneInfo(zone))
        assert found.total == len(expected)
        assert [line["row_id"] for line in found.rows] == naive.page(expected, sort, part)


@EXAMPLES
@given(
    segments=TRAFFIC,
    name=st.sampled_from(QUOTIENTS),
    descending=st.booleans(),
    op=st.sampled_from(["lt", "gte", "in", "blank"]),
    at=st.integers(0, 20),
)
def test_a_quotient_is_the_same(
    both: Any, segments: Any, name: str, descending: bool, op: Any, at: int
) -> None:
    """C3: also of numbers so large that 64 bits do not hold their product, and of what nothing can be divided by."""
    condition = Condition(name, op, () if op == "blank" else (bound([*chain(*segments)], name, at),))
    where, sort, part = over(NOW - DAY, NOW, condition), Sort(name, descending), Slice(0, 100)
    expected = naive.matching([*chain(*segments)], EVERYTHING, where, NOW, ZoneInfo("UTC"))
    for log in both(segments):
        found = log.page(EVERYTHING, where, sort, part)
        assert [line["row_id"] for line in found.rows] == naive.page(expected, sort, part)


@EXAMPLES
@given(
    segments=SEGMENTS,
    expired=EXPIRED,
    scope=SCOPES,
    where=FILTERS,
    zone=st.sampled_from(ZONES),
    bucket=st.sampled_from(["hour", "day", "week", None]),
    dims=st.lists(st.sampled_from(GROUPABLE), max_size=2, unique=True),
)
def test_a_table_of_every_group_is_the_same_and_sums_to_the_series(
    both: Any, segments: Any, expired: Any, scope: Scope, where: Filter, zone: str, bucket: Any, dims: list[str]
) -> None:  # fmt: skip
    """Issue E, 2: parts sum to the whole, whichever engine reads and whatever has expired."""
    mirror, clickhouse = both(segments, zone, expired)
    ours, theirs = (log.crosstab(scope, where, dims, bucket, FIGURES) for log in (mirror, clickhouse))
    order = ["bucket", *dims]
    assert ours.table.sort(order).equals(theirs.table.select(ours.table.columns).sort(order))
    assert (ours.starts, ours.untold, ours.others) == (theirs.starts, theirs.untold, theirs.others)
    if ours.whole:
        series = mirror.series(scope, where, dims, bucket, ["requests", "cost_usd"])
        told = sum(value or 0 for line in series.values["requests"] for value in line)
        assert ours.table["requests"].sum() == told


@EXAMPLES
@given(
    segments=SEGMENTS,
    expired=EXPIRED,
    coverage=COVERAGE,
    scope=SCOPES,
    where=FILTERS,
    zone=st.sampled_from(ZONES),
    bucket=st.sampled_from(["quarter", "hour", "6hours", "day", "week", "month", None]),
    dims=st.lists(st.sampled_from(GROUPABLE), max_size=2, unique=True),
    measures=st.tuples(MEASURED, RANKED).flatmap(lambda both: st.permutations([*both[0], *both[1]])),
)
def test_a_series_is_the_same(
    both: Any,
    segments: Any,
    expired: Any,
    coverage: Any,
    scope: Scope,
    where: Filter,
    zone: str,
    bucket: Any,
    dims: Any,
    measures: Any,
) -> None:
    """C3: every measure by group and bucket, groups in order, unknown buckets, what cubes tell of expired rows."""
    mirror, clickhouse = both(segments, zone, expired, coverage)
    assert clickhouse.series(scope, where, dims, bucket, measures) == mirror.series(
        scope, where, dims, bucket, measures
    )


@EXAMPLES
@given(segments=SEGMENTS, scope=SCOPES, where=FILTERS, zone=st.sampled_from(ZONES))
def test_totals_are_the_same(both: Any, segments: Any, scope: Scope, where: Filter, zone: str) -> None:
    """C3: and those of the plainest Python; money to 10⁻¹² dollars."""
    mirror, clickhouse = both(segments, zone)
    names = [*MEASURES, *PERCENTILES]
    found = clickhouse.totals(scope, where, names)
    assert found == mirror.totals(scope, where, names)
    lines = naive.matching([*chain(*segments)], scope, where, NOW, ZoneInfo(zone))
    if lines:
        for name in naive.MEASURES:
            value = found[name]
            assert (float(value) if "usd" in name and value is not None else value) == naive.measure(
                lines, name
            ), name


@EXAMPLES
@given(
    segments=SEGMENTS,
    scope=SCOPES,
    where=FILTERS,
    zone=st.sampled_from(ZONES),
    size=st.sampled_from([1, 3, 50_000]),
)
def test_batches_are_the_same(
    both: Any, segments: Any, scope: Scope, where: Filter, zone: str, size: int
) -> None:
    """C3: every matching row once, in order, whatever the size of a frame."""
    mirror, clickhouse = both(segments, zone)
    names = [column.name for column in SHOWN]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("helix_dash.log.clickhouse.log.BATCH", size)
        frames = list(clickhouse.batches(scope, where, names))
    assert all(0 < frame.height <= size for frame in frames)
    assert _texts(frames, names) == _texts(mirror.batches(scope, where, names), names)


def _texts(frames: Any, names: list[str]) -> list[Any]:
    return [line for frame in frames for line in csv_texts(frame, names).iter_rows()]


@EXAMPLES
@given(
    segments=SEGMENTS, scope=SCOPES, column=st.sampled_from(GROUPABLE), part=st.sampled_from(["", "E", "gpt"])
)
def test_one_row_and_the_values_to_choose_from_are_the_same(
    both: Any, segments: Any, scope: Scope, column: str, part: str
) -> None:
    """C3: also what a scope must not see."""
    mirror, clickhouse = both(segments)
    if scope.organization is not None:
        # Without a scope, words of requests that are gone may still be offered.
        assert clickhouse.values(scope, column, part) == mirror.values(scope, column, part)
    for line in [*chain(*segments)][:5]:
        name = f"{line['producer']}-{line['seq']}"
        assert clickhouse.one(scope, name) == mirror.one(scope, name)


def test_every_tally_is_told_in_sql() -> None:
    assert list(TALLIES_IN_SQL) == list(TALLIES)


def test_a_histogram_edge_is_the_first_duration_of_its_bucket() -> None:
    edges = pl.Series(histogram_edges()).to_numpy()
    assert bucket_of(edges).tolist() == list(range(256))
    assert bucket_of(edges[1:] - 1).tolist() == list(range(255))


@pytest.mark.parametrize("column", ["user", "call_id"])
def test_an_unknown_value_contains_nothing(both: Any, column: str) -> None:
    """And so is found by whoever asks for what does not contain a text."""
    mirror, clickhouse = both([[row(**{column: word}) for word in ("ada", None)]])
    where = over(NOW - DAY, NOW, Condition(column, "not_contains", ("x",)))
    assert clickhouse.count(EVERYTHING, where) == mirror.count(EVERYTHING, where) == 2


@pytest.mark.parametrize(
    ("op", "value", "count"),
    [
        ("in", "00000000000000a1", 2),
        ("not_in", "00000000000000a1", 1),
        ("ends", "F01", 1),
        ("in", "gpt-4o", 0),
    ],
)
def test_requests_are_found_by_their_producer(both: Any, op: Any, value: str, count: int) -> None:
    """Which a mirror holds like no other column."""
    mirror, clickhouse = both([[row(), row(), row(producer="ffffffffffffff01")]])
    where = over(NOW - DAY, NOW, Condition("producer", op, (value,)))
    assert clickhouse.count(EVERYTHING, where) == mirror.count(EVERYTHING, where) == count
    series = mirror.series(EVERYTHING, where, [], None, ["requests"])
    assert clickhouse.series(EVERYTHING, where, [], None, ["requests"]) == series


def test_a_watermark_takes_in_what_was_received_at_that_very_moment(both: Any) -> None:
    mirror, clickhouse = both([[row(ingested=NOW - late) for late in (30, 20, 10)]])
    for log in (mirror, clickhouse):
        first = log.page(EVERYTHING, over(NOW - DAY, NOW), Sort(), Slice(0, 1))
        assert (first.total, first.watermark) == (3, NOW - 10)
        assert log.page(EVERYTHING, over(NOW - DAY, NOW), Sort(), Slice(0, 1), watermark=NOW - 20).total == 2
