"""Signs of abuse: each rule at its threshold, just below it, and in words that name its figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from reading import DAY, HOUR, MINUTE, NOW, log_of, over, row

from helix_dash.metrics.abuse import RULES, Sign, signs
from helix_dash.model import EVERYTHING

WEEK = over(NOW - 7 * DAY, NOW)
UTC = ZoneInfo("UTC")


def found(folder: Path, rows: list[dict[str, Any]], zone: ZoneInfo = UTC) -> dict[str, Sign]:
    return {sign.rule: sign for sign in signs(log_of(folder, rows), EVERYTHING, WEEK, zone)}


def at_noon(days: int = 1) -> int:
    return NOW - days * DAY + 12 * HOUR


def calm() -> list[dict[str, Any]]:
    """Two requests in each of twenty minutes around noon."""
    return [row(at_noon() + index * MINUTE // 2, key_alias="k", model="m") for index in range(40)]


def test_calm_traffic_has_no_sign(tmp_path: Path) -> None:
    assert found(tmp_path, calm()) == {}


@pytest.mark.parametrize(("size", "met"), [(19, False), (20, True)])
def test_a_burst_is_a_minute_far_above_the_median(tmp_path: Path, size: int, met: bool) -> None:
    """F3.5"""
    burst = [row(at_noon(2) + index, key_alias="k", model="m") for index in range(size)]
    told = found(tmp_path, calm() + burst)
    assert ("burst" in told) is met
    if met:
        assert "20 requests in one minute" in told["burst"].evidence
        assert told["burst"].at == at_noon(2)


@pytest.mark.parametrize(("models", "met"), [(7, False), (8, True)])
def test_many_models_in_one_hour_are_a_sign(tmp_path: Path, models: int, met: bool) -> None:
    rows = [row(at_noon() + index * MINUTE, key_alias="k", model=f"m{index}") for index in range(models)]
    assert ("many_models" in found(tmp_path, rows)) is met


def test_many_models_over_a_day_are_none(tmp_path: Path) -> None:
    rows = [row(at_noon(2) + index * HOUR, key_alias="k", model=f"m{index}") for index in range(12)]
    assert "many_models" not in found(tmp_path, rows)


@pytest.mark.parametrize(("refused", "met"), [(19, False), (20, True)])
def test_a_key_that_is_mostly_refused_is_a_sign(tmp_path: Path, refused: int, met: bool) -> None:
    rows = [
        row(
            at_noon() + index * MINUTE,
            key_alias="k",
            status="error" if index < refused // 2 else "throttled",
            http_code=401 if index < refused // 2 else None,
        )
        for index in range(refused)
    ] + [row(at_noon() + index * MINUTE + 1, key_alias="k") for index in range(20)]
    assert ("refused" in found(tmp_path, rows)) is met


def test_night_is_the_night_of_the_reporting_zone(tmp_path: Path) -> None:
    rows = [row(NOW - DAY + 2 * HOUR + index * MINUTE, key_alias="k") for index in range(60)]
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    assert "night" in found(one, rows)
    assert "night" not in found(other, rows, ZoneInfo("Asia/Tokyo"))


def test_night_is_counted_for_each_key_alone(tmp_path: Path) -> None:
    night = [row(NOW - DAY + HOUR + index * MINUTE, key_alias="owl", model="m") for index in range(60)]
    day = [row(at_noon() + index * MINUTE, key_alias=f"lark-{index % 3}", model="m") for index in range(200)]
    told = signs(log_of(tmp_path, night + day), EVERYTHING, WEEK, UTC)
    assert [(sign.key, sign.rule) for sign in told] == [("owl", "night")]


def test_the_split_into_segments_changes_no_sign(tmp_path: Path) -> None:
    rows = calm() + [row(at_noon(2) + index, key_alias="k", model=f"m{index % 9}") for index in range(50)]
    one, many = tmp_path / "one", tmp_path / "many"
    one.mkdir()
    many.mkdir()
    whole = signs(log_of(one, rows), EVERYTHING, WEEK, UTC)
    assert whole == signs(log_of(many, rows[:30], rows[30:60], rows[60:]), EVERYTHING, WEEK, UTC)


def test_an_empty_log_has_no_signs(tmp_path: Path) -> None:
    assert signs(log_of(tmp_path), EVERYTHING, WEEK, UTC) == []


def test_every_rule_says_its_thresholds() -> None:
    assert all(any(letter.isdigit() for letter in rule.words) for rule in RULES)
