"""Decoding: what comes in, what counts as a duplicate, what is rejected and why."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helix_dash.log.decode import read_entries
from helix_dash.log.schema import FIRST_WIRE, WIRE, WIRE_VERSION, to_wire
from request_records import NOON, a_request, an_entry

NAMES = [column.name for column in WIRE]


def raw(*content: Any) -> tuple[bytes, dict[bytes, bytes]]:
    return b"1773144000000-0", {b"e": msgspec.msgpack.encode(list(content))}


def packed(**changes: Any) -> list[Any]:
    row = to_wire(a_request())
    for name, value in changes.items():
        row[NAMES.index(name)] = value
    return row


def test_rows_are_stamped_with_arrival_producer_and_sequence() -> None:
    (row,) = read_entries([an_entry(a_request(), producer=255, first=7)], {255: (6, 0)}).rows.to_pylist()
    assert (row["producer"], row["seq"]) == ("00000000000000ff", 7)
    assert row["ingested"] == round(NOON.timestamp()) * 10**6


def test_an_entry_sent_twice_counts_once() -> None:
    entry = an_entry(a_request(), a_request())
    arrivals = read_entries([entry, entry], {})
    assert (arrivals.rows.num_rows, arrivals.duplicates) == (2, 2)


def test_an_entry_that_was_folded_before_counts_no_more() -> None:
    arrivals = read_entries([an_entry(a_request(), a_request(), first=4)], {1: (4, 0)})
    assert arrivals.rows["seq"].to_pylist() == [5]
    assert arrivals.duplicates == 1


def test_a_gap_in_the_sequence_is_the_number_of_dropped_records() -> None:
    arrivals = read_entries([an_entry(a_request(), first=1), an_entry(a_request(), first=5)], {})
    assert arrivals.dropped == 3


def test_an_announcement_counts_the_drops_at_the_end() -> None:
    arrivals = read_entries([an_entry(a_request()), an_entry(first=11)], {})
    assert (arrivals.rows.num_rows, arrivals.dropped) == (1, 9)
    assert arrivals.producers[1][0] == 10


def test_a_vouched_period_never_reaches_into_the_future() -> None:
    now = round(NOON.timestamp() * 10**6)
    arrivals = read_entries([raw(WIRE_VERSION, 1, 0, [now - 5, now + 10**12])], {})
    assert arrivals.vouched == [(now - 5, now)]


def test_a_clock_more_than_five_minutes_ahead_is_skewed() -> None:
    rows = read_entries([an_entry(a_request(5), a_request(5.1))], {}).rows
    assert rows["skewed"].to_pylist() == [False, True]


def test_a_time_in_another_year_is_a_mistake() -> None:
    arrivals = read_entries([an_entry(a_request(time=NOON + timedelta(days=400)), a_request())], {})
    assert arrivals.rows.num_rows == 1
    assert [(r.column, r.reason) for r in arrivals.rejections] == [("time", "too_large")]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status": "fine"}, "unknown_word"),
        ({"status": None}, "missing"),
        ({"uncached_tokens": -1}, "negative"),
        ({"uncached_tokens": 1.5}, "wrong_type"),
        ({"uncached_tokens": True}, "wrong_type"),
        ({"cost_usd": 2**62}, "too_large"),
        ({"time": 5}, "too_early"),
        ({"model": "x" * 201}, "too_long"),
        ({"model": "a\nb"}, "control_character"),
        ({"call_id": "a\x00b"}, "control_character"),
        ({"stream": 1}, "wrong_type"),
    ],
)
def test_a_wrong_record_is_rejected_alone_with_its_reason(changes: dict[str, Any], reason: str) -> None:
    """A store is open to other writers."""
    arrivals = read_entries([raw(WIRE_VERSION, 1, 1, [packed(), packed(**changes), packed()])], {})
    assert arrivals.rows["seq"].to_pylist() == [1, 3]
    assert [(r.column, r.reason) for r in arrivals.rejections] == [(next(iter(changes)), reason)]
    assert arrivals.producers[1][0] == 3


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, "no_payload"),
        ({b"e": b"\xc1 not msgpack"}, "not_msgpack"),
        (raw(1, 2)[1], "wrong_shape"),
        (raw(99, 1, 1, [])[1], "unknown_version"),
        (raw(WIRE_VERSION, -1, 1, [])[1], "wrong_shape"),
        (raw(WIRE_VERSION, 1, 2**60, [packed()])[1], "wrong_shape"),
        (raw(WIRE_VERSION, 1, 0, [5])[1], "wrong_shape"),
        (raw(WIRE_VERSION, 2**64 - 1, "1", [])[1], "wrong_shape"),
    ],
)
def test_a_wrong_entry_is_rejected_as_a_whole(fields: dict[bytes, bytes], reason: str) -> None:
    arrivals = read_entries([(b"5-0", fields), an_entry(a_request())], {})
    assert [(r.column, r.reason) for r in arrivals.rejections] == [("entry", reason)]
    assert arrivals.rows.num_rows == 1


def test_an_id_set_by_hand_that_tells_no_time_is_rejected() -> None:
    _, fields = an_entry(a_request())
    arrivals = read_entries([(b"18446744073709551615-1", fields)], {})
    assert [r.reason for r in arrivals.rejections] == ["wrong_id"]


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    st.binary()
    | _VALUES.map(msgspec.msgpack.encode)
    | st.lists(_VALUES, min_size=4, max_size=4).map(
        lambda content: msgspec.msgpack.encode([WIRE_VERSION, *content[1:]])
    )
)
def test_no_payload_whatsoever_stops_the_fold(payload: bytes) -> None:
    arrivals = read_entries([(b"5-0", {b"e": payload}), an_entry(a_request())], {})
    assert arrivals.rows.num_rows == 1


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.sampled_from(NAMES), _VALUES)
def test_no_value_in_a_record_harms_its_neighbours(name: str, value: Any) -> None:
    arrivals = read_entries([raw(WIRE_VERSION, 1, 1, [packed(**{name: value}), packed()])], {})
    assert 2 in arrivals.rows["seq"].to_pylist()
    assert arrivals.rows.num_rows + len(arrivals.rejections) == 2


def test_a_record_of_an_older_producer_is_taken_with_what_it_knew() -> None:
    """Columns are only ever appended; what it did not know is unknown."""
    row = to_wire(a_request(guardrail="success", guardrail_name="pii-mask"))[:FIRST_WIRE]
    found = read_entries([raw(WIRE_VERSION, 1, 1, [row])], {})
    assert found.rejections == []
    assert found.rows["guardrail"].to_pylist() == ["success"]
    assert found.rows["guardrail_name"].to_pylist() == [None]
