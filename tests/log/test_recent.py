"""Business duplicates: which of two records of one call stays."""

from __future__ import annotations

import pytest

from helix_dash.log import recent
from helix_dash.log.recent import RecentCalls
from request_records import a_request, rows_of


def test_of_two_equal_records_of_a_call_the_first_stays() -> None:
    sifted = RecentCalls().sift(rows_of(a_request(1, call_id="c"), a_request(2, call_id="c")))
    assert sifted.duplicates == 1
    assert sifted.rows["seq"].to_pylist() == [1]


def test_the_record_that_knows_more_wins() -> None:
    sifted = RecentCalls().sift(rows_of(a_request(call_id="c"), a_request(call_id="c", team="blue")))
    assert sifted.rows["team"].to_pylist() == ["blue"]


def test_success_wins_over_an_error_that_knows_more() -> None:
    rows = rows_of(a_request(call_id="c", status="error", team="t", http_code=500), a_request(call_id="c"))
    assert RecentCalls().sift(rows).rows["status"].to_pylist() == ["success"]


def test_the_same_call_id_of_another_source_is_another_call() -> None:
    rows = rows_of(a_request(call_id="c", source="litellm"), a_request(call_id="c", source="import"))
    assert RecentCalls().sift(rows).rows.num_rows == 2


def test_records_without_a_call_id_are_never_duplicates() -> None:
    assert RecentCalls().sift(rows_of(a_request(), a_request())).rows.num_rows == 2


def test_a_poorer_record_that_is_already_in_a_segment_is_named_for_replacement() -> None:
    calls = RecentCalls()
    calls.sift(rows_of(a_request(call_id="c")))
    sifted = calls.sift(rows_of(a_request(call_id="c", team="blue")))
    assert list(sifted.poorer) == ["test\0c"]
    assert sifted.rows.num_rows == 1


def test_what_segments_hold_is_remembered_after_a_takeover() -> None:
    calls = RecentCalls()
    calls.remember([rows_of(a_request(call_id="c", team="blue"))])
    assert calls.sift(rows_of(a_request(call_id="c"))).rows.num_rows == 0


def test_the_window_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent, "MOST_CALLS", 2)
    calls = RecentCalls()
    calls.sift(rows_of(*[a_request(call_id=f"c{n}") for n in range(3)]))
    assert calls.sift(rows_of(a_request(call_id="c0"))).rows.num_rows == 1
    assert calls.sift(rows_of(a_request(call_id="c2"))).rows.num_rows == 0
