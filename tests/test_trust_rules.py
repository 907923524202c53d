"""The rules of the trust bar: pure, facts in, verdicts out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from helix_dash.log.health import LogHealth, health
from helix_dash.log.query import RequestLog
from helix_dash.metrics.trust import RULES, Facts, Signal, facts, signals, worst
from helix_dash.model import Filter, Period, Scope, utc_from_us
from helix_dash.ui.trust import told, why_old
from helix_dash.zones import Zone

NOW = 1_795_305_600_000_000  # 2026-11-22 00:00 UTC
SECOND = 10**6
HOUR = Filter(Period(utc_from_us(NOW - 3600 * SECOND), utc_from_us(NOW)))
WELL = LogHealth(store_ok=True, age=0.2, as_of=NOW - SECOND, heartbeat=NOW - SECOND, lag=0.8, rows=1000)


def given(requests: int | None = 1000, unpriced: int = 0, simulated: int = 0, **known: Any) -> Facts:
    return Facts(replace(WELL, **known), NOW, requests, unpriced, simulated)


def of(key: str, told: Facts) -> Signal:
    return next(signal for signal in signals(told) if signal.rule.key == key)


def tone(key: str, **known: Any) -> str:
    return of(key, given(**known)).tone


def test_when_all_is_well_nothing_is_named() -> None:
    """X1."""
    assert {signal.tone for signal in signals(given())} == {"good"}
    assert worst(signals(given())) is None


@pytest.mark.parametrize(("seconds", "expected"), [(1, "good"), (30, "good"), (31, "warn"), (301, "bad")])
def test_data_turn_amber_after_half_a_minute_and_red_after_five(seconds: int, expected: str) -> None:
    assert tone("age", as_of=NOW - seconds * SECOND) == expected


def test_a_silent_store_is_amber_at_once() -> None:
    assert tone("age", store_ok=False, age=4.0) == "warn"
    assert tone("age", store_ok=False, age=1.0) == "good"


def test_a_store_that_never_answered_is_red() -> None:
    assert tone("age", store_ok=False, age=None, as_of=None) == "bad"


def test_a_log_that_nobody_collects_is_amber() -> None:
    assert of("age", given(as_of=None)).tone == "warn"
    assert of("age", given(as_of=None)).value is None


@pytest.mark.parametrize(
    ("lag", "expected"), [(None, "none"), (0.5, "good"), (15.0, "good"), (16.0, "warn"), (121.0, "bad")]
)
def test_slow_arrival_turns_amber_and_red(lag: float | None, expected: str) -> None:
    assert tone("lag", lag=lag) == expected


@pytest.mark.parametrize("key", ["dropped", "rejected"])
@pytest.mark.parametrize(("ago", "expected"), [(60, "bad"), (3600, "warn"), (25 * 3600, "good")])
def test_a_loss_is_red_while_it_goes_on_and_amber_for_a_day(key: str, ago: int, expected: str) -> None:
    """Lesson 44: what was dropped is visible."""
    assert tone(key, **{key: 3, f"{key}_at": NOW - ago * SECOND}) == expected


@pytest.mark.parametrize("key", ["dropped", "rejected"])
def test_a_loss_of_an_unknown_time_is_amber(key: str) -> None:
    """A log that an older collector wrote does not say when."""
    assert tone(key, **{key: 1}) == "warn"


def test_rows_that_the_store_lost_are_red_and_rows_without_room_amber() -> None:
    assert tone("missing", lost_rows=5) == "bad"
    assert tone("missing", without_space=5) == "warn"


@pytest.mark.parametrize(
    ("unpriced", "expected"), [(0, "good"), (20, "good"), (21, "warn"), (100, "warn"), (101, "bad")]
)
def test_unpriced_requests_turn_the_bar_amber_above_two_in_a_hundred(unpriced: int, expected: str) -> None:
    """Lesson 16: an unknown price is never 0."""
    assert tone("unpriced", unpriced=unpriced) == expected


@pytest.mark.parametrize(("simulated", "expected"), [(0, "good"), (1, "warn"), (999, "warn"), (1000, "info")])
def test_made_up_requests_among_real_ones_are_amber_and_alone_blue(simulated: int, expected: str) -> None:
    assert tone("simulated", simulated=simulated) == expected


@pytest.mark.parametrize("requests", [0, None])
def test_shares_of_nothing_are_unknown(requests: int | None) -> None:
    for key in ("unpriced", "simulated"):
        assert (of(key, given(requests=requests)).value, tone(key, requests=requests)) == (None, "none")


def test_the_worst_is_named_and_of_two_equally_bad_the_first() -> None:
    found = signals(
        given(unpriced=500, dropped=1, dropped_at=NOW, rejected=1, rejected_at=NOW - 3600 * SECOND)
    )
    named = worst(found)
    assert named is not None
    assert named.rule.key == "dropped"


def test_every_rule_says_what_it_means_when_it_turns_and_what_to_do() -> None:
    assert len({rule.key for rule in RULES}) == len(RULES)
    assert all(
        rule.meaning and rule.amber and rule.red and rule.advice and "{}" in rule.words for rule in RULES
    )


def test_a_slower_pace_is_told_with_its_reason_and_is_not_alarming() -> None:
    slow = replace(given(), pace=4, why_slow="The store is slow.")
    answer = said(slow)
    signal = next(one for one in answer["signals"] if one["key"] == "pace")
    assert (signal["value"], signal["tone"], signal["note"]) == (4, "info", "The store is slow.")
    assert (answer["tone"], answer["text"], tone("pace")) == ("good", "As of 23:59:59 UTC", "good")


# --- words ----------------------------------------------------------------------------------------------------


def said(facts: Facts, zone: str = "UTC") -> dict[str, Any]:
    return told(facts, Zone(ZoneInfo(zone), zone), Zone(UTC, "UTC"))


def test_the_line_is_quiet_when_all_is_well() -> None:
    assert (said(given())["text"], said(given())["tone"]) == ("As of 23:59:59 UTC", "good")


def test_the_line_names_the_worst_first() -> None:
    answer = said(given(dropped=1200, dropped_at=NOW))
    assert (answer["text"], answer["tone"]) == ("1,200 dropped · As of 23:59:59 UTC", "bad")


def test_a_made_up_view_says_so_and_is_not_alarming() -> None:
    answer = said(given(simulated=1000))
    assert (answer["simulated"], answer["tone"], answer["text"]) == (
        "Simulated",
        "good",
        "As of 23:59:59 UTC",
    )


def test_rejected_requests_come_with_their_reasons() -> None:
    answer = said(given(rejected=5, rejected_reasons={"bad_value": 4, "too_long": 1}))
    note = next(signal["note"] for signal in answer["signals"] if signal["key"] == "rejected")
    assert note == "bad value: 4; too long: 1"


def test_another_zone_than_the_reporting_zone_is_told() -> None:
    zone = said(given(), "Asia/Tokyo")["signals"][-1]
    assert (zone["key"], zone["text"], zone["tone"]) == ("zone", "Asia/Tokyo", "info")


def test_old_figures_say_since_when_and_why() -> None:
    assert why_old(replace(WELL, as_of=NOW - 60 * SECOND), UTC, "UTC", now=NOW).startswith("The collector")
    silent = replace(WELL, store_ok=False, age=40.0)
    assert why_old(silent, UTC, "UTC", now=NOW).startswith("The store has not answered for 40 s.")
    assert "was started" in why_old(LogHealth(store_ok=False), UTC, "UTC", now=NOW)
    assert why_old(WELL, UTC, "UTC", now=NOW) == ""


# --- facts ----------------------------------------------------------------------------------------------------


class _Sums:
    """A log that only knows sums."""

    def __init__(self, **sums: int) -> None:
        self.sums = sums

    def totals(self, scope: Scope, where: Filter, measures: tuple[str, ...]) -> dict[str, int]:
        return {name: self.sums[name] for name in measures}

    def health(self) -> LogHealth:
        return WELL


def test_the_facts_are_one_reading_of_three_sums() -> None:
    log: RequestLog = _Sums(requests=10, unpriced_requests=2, simulated_requests=5)  # type: ignore[assignment]
    found = facts(log, Scope(None), HOUR, NOW)
    assert (found.requests, found.unpriced, found.simulated) == (10, 2, 5)


class _State:
    """What ``health`` reads of a mirror's state."""

    def __init__(self, **stats: int) -> None:
        self.stats, self.segments, self.synced, self.as_of = stats, (), 0.0, NOW
        self.behind = self.lost_rows = self.without_space = self.bytes = 0


class _Mirror:
    error = ""


def lag_of(**stats: int) -> float | None:
    return health(_Mirror(), _State(**stats)).lag  # type: ignore[arg-type]


def test_a_measured_lag_counts_for_ten_minutes() -> None:
    assert lag_of(heartbeat=NOW, lag=2 * SECOND, lag_at=NOW - 60 * SECOND) == 2.0
    assert lag_of(heartbeat=NOW, lag=2 * SECOND, lag_at=NOW - 601 * SECOND) is None
    assert lag_of(heartbeat=NOW) is None
