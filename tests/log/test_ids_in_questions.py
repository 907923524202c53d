"""Ids that are held as 16 bytes are found, sorted and shown as the texts they are."""

from __future__ import annotations

from itertools import chain
from typing import Any
from zoneinfo import ZoneInfo

import naive
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reading import DAY, NOW, log_of, over, row

from helix_dash.model import EVERYTHING, Condition, Slice, Sort

UUIDS = ["00112233-4455-6677-8899-aabbccddeeff", "ffeeddcc-bbaa-9988-7766-554433221100"]
HEXES = ["0" * 32, "0123456789abcdef" * 2, "f" * 32]
COLUMNS = ("call_id", "trace_id")
SEGMENTS = st.lists(
    st.sampled_from([UUIDS, HEXES, [*UUIDS, *HEXES, "chatcmpl-1"]]).flatmap(
        lambda ids: st.lists(
            st.builds(
                lambda first, second: row(call_id=first, trace_id=second),
                st.sampled_from([None, *ids]),
                st.sampled_from([None, *ids]),
            ),
            min_size=1,
            max_size=10,
        )
    ),
    min_size=1,
    max_size=3,
)
ASKED = st.one_of(
    st.builds(
        lambda column, op, values: Condition(column, op, tuple(values)),
        st.sampled_from(COLUMNS),
        st.sampled_from(["in", "not_in"]),
        st.lists(st.sampled_from([*UUIDS, *HEXES, "chatcmpl-1", "", "F" * 32]), max_size=3),
    ),
    st.builds(
        lambda column, op, part: Condition(column, op, (part,)),
        st.sampled_from(COLUMNS),
        st.sampled_from(["contains", "not_contains", "starts", "ends"]),
        st.sampled_from(["-4455-", "00", "FF", "cmpl", "ef"]),
    ),
    st.builds(Condition, st.sampled_from(COLUMNS), st.sampled_from(["blank", "not_blank"])),
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    segments=SEGMENTS,
    asked=st.lists(ASKED, max_size=2),
    column=st.sampled_from(COLUMNS),
    descending=st.booleans(),
)
def test_ids_are_asked_for_sorted_and_exported_as_texts(
    tmp_path_factory: Any, segments: Any, asked: Any, column: str, descending: bool
) -> None:
    """Whatever form each segment holds them in."""
    log, where, sort = (
        log_of(tmp_path_factory.mktemp("log"), *segments),
        over(NOW - DAY, NOW, *asked),
        Sort(column, descending),
    )
    expected = naive.matching([*chain(*segments)], EVERYTHING, where, NOW, ZoneInfo("UTC"))
    found = log.page(EVERYTHING, where, sort, Slice(0, 100))
    assert found.total == len(expected)
    assert [line["row_id"] for line in found.rows] == naive.page(expected, sort, Slice(0, 100))
    by_id = {f"{line['producer']}-{line['seq']}": line for line in expected}
    for line in found.rows:
        assert [line[name] for name in COLUMNS] == [by_id[line["row_id"]][name] for name in COLUMNS]
    exported = [
        line for frame in log.batches(EVERYTHING, where, [*COLUMNS, "time"]) for line in frame.iter_rows()
    ]
    in_time = naive.ordered(expected, Sort("time", descending=False))
    assert exported == [(line["time"], line["call_id"], line["trace_id"]) for line in in_time]
