"""Pages far down a sorted result begin exactly where the page before ended."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import naive
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reading import DAY, LAST_DAY, NOW, log_of, over, row
from test_query_against_reference import FILTERS, SCOPES, SEGMENTS

from helix_dash.errors import BadQuery
from helix_dash.log import ordering
from helix_dash.log.schema import SHOWN
from helix_dash.model import EVERYTHING, Filter, Scope, Slice, Sort

CROWDED = st.lists(
    st.lists(
        st.builds(
            lambda time, latency, cost: row(NOW - time, latency_ms=latency, cost_usd=cost),
            st.sampled_from([1, 2, 3, 10**6, DAY - 1]),
            st.sampled_from([None, 0, 1, 2**32, 30_000_000]),
            st.sampled_from([0, 10**18]),
        ),
        min_size=1,
        max_size=40,
    ),
    min_size=1,
    max_size=4,
)


@pytest.fixture(autouse=True)
def every_page_is_far_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a log of millions: offsets are counted, a few values at a time."""
    monkeypatch.setattr(ordering, "NEAR", 0)
    monkeypatch.setattr(ordering, "_FEW", 2)
    monkeypatch.setattr(ordering, "_BITS", 3)


EXAMPLES = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@EXAMPLES
@given(
    segments=SEGMENTS,
    scope=SCOPES,
    where=FILTERS,
    column=st.sampled_from([column.name for column in SHOWN]),
    descending=st.booleans(),
    part=st.builds(Slice, st.integers(1, 60), st.integers(1, 20)),
)
def test_a_page_far_down_is_the_same_as_by_sorting_everything(
    tmp_path_factory: Any,
    segments: Any,
    scope: Scope,
    where: Filter,
    column: str,
    descending: bool,
    part: Slice,
) -> None:
    """Any column, filter and offset, also behind the last row."""
    log = log_of(tmp_path_factory.mktemp("log"), *segments)
    sort = Sort(column, descending)
    found = log.page(scope, where, sort, part)
    expected = naive.matching([*chain(*segments)], scope, where, NOW, ZoneInfo("UTC"))
    assert found.total == len(expected)
    assert [line["row_id"] for line in found.rows] == naive.page(expected, sort, part)


@EXAMPLES
@given(
    segments=CROWDED,
    column=st.sampled_from(["latency_ms", "cost_usd", "time", "status"]),
    descending=st.booleans(),
    part=st.builds(Slice, st.integers(1, 100), st.integers(1, 20)),
)
def test_rows_that_tie_by_the_hundred_keep_their_order_far_down(
    tmp_path_factory: Any, segments: Any, column: str, descending: bool, part: Slice
) -> None:
    """Equal values at equal times, in several segments."""
    log = log_of(tmp_path_factory.mktemp("log"), *segments)
    sort = Sort(column, descending)
    expected = naive.page([*chain(*segments)], sort, part)
    found = log.page(EVERYTHING, over(NOW - DAY, NOW), sort, part)
    assert [line["row_id"] for line in found.rows] == expected


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_a_page_by_time_begins_among_rows_of_one_instant(tmp_path: Path) -> None:
    """The row that comes first of them may stand in the segment that is read last."""
    first, second, before = row(NOW - 1, seq=1), row(NOW - 1, seq=2), row(NOW - 2, seq=3)
    for descending in (False, True):
        log = log_of(_made(tmp_path / str(descending)), [second], [first, before])
        sort, where = Sort("time", descending), over(NOW - DAY, NOW)
        pages = [log.page(EVERYTHING, where, sort, Slice(offset, 1)).rows[0]["row_id"] for offset in range(3)]
        assert pages == naive.page([first, second, before], sort, Slice(0, 3))


def test_too_many_rows_to_sort_by_an_id_are_refused_in_words(tmp_path: Any, monkeypatch: Any) -> None:
    """Sorting texts takes memory by the row; nobody may take it all."""
    monkeypatch.setattr(ordering, "MOST_TEXTS", 2)
    log = log_of(tmp_path, [row(call_id=str(number)) for number in range(3)])
    with pytest.raises(BadQuery, match="narrow"):
        log.page(EVERYTHING, LAST_DAY, Sort("call_id"), Slice(0, 10))
