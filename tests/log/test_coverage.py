"""Coverage: when an empty bucket is a zero, and when nobody knows."""

from __future__ import annotations

from helix_dash.log.coverage import KEPT, LONGEST_SILENCE, MOST, alive_since, recent, united


def test_touching_and_overlapping_intervals_become_one() -> None:
    assert united([(0, 10), (20, 30)], [(10, 12), (25, 40)]) == [(0, 12), (20, 40)]


def test_an_empty_interval_covers_nothing() -> None:
    assert united([], [(5, 5), (9, 3)]) == []


def test_a_fold_that_comes_back_within_seconds_goes_on_without_a_hole() -> None:
    assert alive_since([(0, 100)], 100 + LONGEST_SILENCE - 1) == 100


def test_a_fold_that_was_away_longer_leaves_a_hole() -> None:
    now = 100 + LONGEST_SILENCE
    assert alive_since([(0, 100)], now) == now


def test_old_coverage_is_forgotten() -> None:
    assert recent([(0, 10), (20, 30)], now=KEPT + 10) == [(20, 30)]


def test_coverage_stays_bounded() -> None:
    assert len(recent([(2 * n, 2 * n + 1) for n in range(MOST + 5)], now=0)) == MOST
