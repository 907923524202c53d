"""Counters become growth: what is not known stays unknown, and a restart is no fall."""

from __future__ import annotations

from helix_dash.samples.frame import Frame, Last, growth

SECOND = 1_000_000


def test_without_a_sample_before_growth_is_unknown_not_zero() -> None:
    frame = Frame()
    frame.add(growth(None, 100 * SECOND, {"hits": 7}), {})
    assert (frame.grown, frame.covered, frame.samples) == ({}, 0, 1)


def test_growth_is_the_difference_of_two_readings() -> None:
    grown = growth(Last(90 * SECOND, {"hits": 7}), 100 * SECOND, {"hits": 12})
    assert (grown.amounts, grown.covered, grown.reset) == ({"hits": 5}, 10 * SECOND, False)


def test_a_counter_that_fell_began_again_and_so_did_all_others_of_its_source() -> None:
    grown = growth(Last(0, {"hits": 100, "misses": 2}), 10 * SECOND, {"hits": 3, "misses": 4})
    assert (grown.amounts, grown.reset) == ({"hits": 3, "misses": 4}, True)


def test_a_counter_that_was_not_there_before_began_at_zero() -> None:
    grown = growth(Last(0, {"requests|a": 5}), SECOND, {"requests|a": 6, "requests|b": 2})
    assert grown.amounts == {"requests|a": 1, "requests|b": 2}


def test_no_growth_is_ever_negative_over_any_number_of_restarts() -> None:
    readings = [5, 9, 2, 2, 0, 11, 3]
    last, found = None, []
    for at, reading in enumerate(readings):
        found.append(growth(last, at, {"n": reading}).amounts.get("n", 0))
        last = Last(at, {"n": reading})
    assert found == [0, 4, 2, 0, 0, 11, 3]


def test_a_frame_keeps_the_lowest_the_highest_and_the_last_of_a_gauge() -> None:
    frame = Frame()
    for reading in (4.0, 9.0, 2.0, 3.0):
        frame.add(growth(None, 0, {}), {"usage": reading})
    gauge = frame.gauges["usage"]
    assert (gauge.low, gauge.high, gauge.last) == (2.0, 9.0, 3.0)
