"""What a chart says, in a sentence."""

from __future__ import annotations

from helix_dash.ui import chart_words as words

HOUR = 3_600_000
DAY_OF_HOURS = [index * HOUR for index in range(24)]


def write(value: float) -> str:
    return f"{value:,.0f}"


def test_amounts_tell_total_peak_low_and_gaps() -> None:
    """X10: every chart in a sentence."""
    totals = [None, 5, 1204, None, None, *([10] * 19)]
    assert (
        words.adding(DAY_OF_HOURS, totals, write)
        == "Total 1,399; peak 1,204 at 02:00; lowest 5 at 01:00; 2 gaps."
    )


def test_a_bucket_that_still_fills_is_no_low() -> None:
    said = words.adding(DAY_OF_HOURS, [*([10] * 23), 1], write, unfinished=True)
    assert said == "Total 231; peak 10 at 00:00; lowest 10 at 00:00; the last one is still filling."


def test_nothing_at_all_is_said_so() -> None:
    assert words.adding(DAY_OF_HOURS, [None] * 24, write) == "Nothing was recorded."
    assert words.comparing(DAY_OF_HOURS, [("p95", [None] * 24)], write) == "Nothing was measured."


def test_lines_tell_their_highest_points() -> None:
    lines = [("p50", [1.0] * 24), ("p95", [3.0] * 10 + [None] + [9.0] * 13)]
    assert words.comparing(DAY_OF_HOURS, lines, write) == "p50 up to 1 at 00:00; p95 up to 9 at 11:00."


def test_over_several_days_a_moment_has_its_date() -> None:
    starts = [index * HOUR for index in range(48)]
    assert "at 2 Jan, 16:00" in words.adding(starts, [*([1] * 40), 5, *([1] * 7)], write)


def test_days_have_no_time() -> None:
    starts = [index * 24 * HOUR for index in range(3)]
    assert words.adding(starts, [1, 5, 2], write) == "Total 8; peak 5 at 2 Jan 1970; lowest 1 at 1 Jan 1970."


def test_a_ranking_tells_who_leads() -> None:
    assert words.ranking(["a", "b"], [1, 3], write) == "b leads with 3, 75.0% of 4; 2 in all."
