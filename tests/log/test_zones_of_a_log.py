"""One log, read in several zones: days begin elsewhere, and nothing is lost or counted twice."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from reading import DAY, HOUR, NOW, log_of, over, row

from helix_dash.log.query import RequestLog
from helix_dash.model import EVERYTHING, Condition, Filter, Slice, Sort, utc_from_us

ZONES = ["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/St_Johns", "Pacific/Kiritimati", "America/Los_Angeles"]  # fmt: skip
WEEK = over(NOW - 7 * DAY, NOW)


@pytest.fixture
def log(tmp_path: Path) -> RequestLog:
    """A request every hour of a week."""
    rows = [row(time=NOW - number * HOUR, call_id=str(number), cost_usd=1) for number in range(1, 7 * 24)]
    return log_of(tmp_path, rows)


@pytest.mark.parametrize("zone", ZONES)
def test_the_days_of_any_zone_add_up_to_the_whole(log: RequestLog, zone: str) -> None:
    """Sums of parts equal the whole, wherever midnight is."""
    there = log.in_zone(ZoneInfo(zone))
    names = ["requests", "cost_usd"]
    days, whole = there.series(EVERYTHING, WEEK, [], "day", names), there.totals(EVERYTHING, WEEK, names)
    for name in names:
        assert sum(value or 0 for value in days.values[name][0]) == float(whole[name])  # type: ignore[arg-type]
    assert whole == log.totals(EVERYTHING, WEEK, names)


@pytest.mark.parametrize("zone", ZONES)
def test_days_begin_at_midnight_of_the_zone_asked_for(log: RequestLog, zone: str) -> None:
    days = log.in_zone(ZoneInfo(zone)).series(EVERYTHING, WEEK, [], "day", ["requests"])
    inner = [utc_from_us(start * 1000).astimezone(ZoneInfo(zone)) for start in days.starts[1:]]
    assert {(start.hour, start.minute) for start in inner} == {(0, 0)}


def test_the_log_itself_stays_in_its_zone(log: RequestLog) -> None:
    before = log.series(EVERYTHING, WEEK, [], "day", ["requests"])
    log.in_zone(ZoneInfo("Asia/Kathmandu")).series(EVERYTHING, WEEK, [], "day", ["requests"])
    assert log.series(EVERYTHING, WEEK, [], "day", ["requests"]) == before


def test_a_time_without_a_zone_is_meant_in_the_zone_asked_for(log: RequestLog) -> None:
    """The same question in another zone is another question, also for what was kept of earlier answers."""
    late = Filter(WEEK.period, (Condition("time", "gte", ("2026-11-21T12:00",)),))
    pages = [log.in_zone(ZoneInfo(zone)).page(EVERYTHING, late, Sort(), Slice(0, 1)) for zone in ("UTC", "Asia/Kathmandu")]  # fmt: skip
    assert pages[1].total - pages[0].total == 5


def test_an_excluded_value_leaves_the_others_and_the_unknown(tmp_path: Path) -> None:
    log = log_of(tmp_path, [row(model="a", call_id="1"), row(model="b", call_id="2"), row(model=None, call_id="3")])  # fmt: skip
    without = over(NOW - DAY, NOW, Condition("model", "not_in", ("a",)))
    assert log.count(EVERYTHING, without) == 2
