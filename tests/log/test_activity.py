"""Who was active when, who is new, who came back, who changed suddenly: as plain Python would say."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from reading import DAY, HOUR, NOW, log_of, over, row

from helix_dash.log.query import RequestLog
from helix_dash.metrics.activity import (
    Activity,
    active,
    actives,
    activity,
    cohorts,
    growth,
    stickiness,
    weekly_pattern,
)
from helix_dash.metrics.sudden import changes
from helix_dash.model import EVERYTHING, Condition, Scope, utc_from_us

ZONES = ["UTC", "Asia/Kathmandu", "America/New_York"]
NOON = NOW + 12 * HOUR
WEEK = over(NOON - 7 * DAY, NOON)
UTC = ZoneInfo("UTC")


def seen(log: RequestLog, zone: str = "UTC", column: str = "user", **given: Any) -> Activity:
    info = ZoneInfo(zone)
    where = given.get("where", WEEK)
    return activity(log.in_zone(info), given.get("scope", EVERYTHING), where, utc_from_us(NOON), info, column)


def at(days_ago: int, hour: int = 10) -> int:
    return NOW - days_ago * DAY + hour * HOUR


def traffic(seed: int, days: int = 60) -> list[dict[str, Any]]:
    chance = Random(seed)
    names = [f"u{number}" for number in range(12)] + [None]
    return [row(NOON - int(chance.random() * days * DAY), user=chance.choice(names)) for _ in range(300)]


def naive_days(rows: list[dict[str, Any]], zone: str) -> dict[str, set[int]]:
    found: dict[str, set[int]] = defaultdict(set)
    for one in rows:
        if one["user"]:
            found[one["user"]].add(utc_from_us(one["time"]).astimezone(ZoneInfo(zone)).date().toordinal())
    return found


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("seed", range(3))
def test_active_users_of_each_day_are_those_of_plain_python(tmp_path: Path, seed: int, zone: str) -> None:
    """H5.3: DAU, WAU, MAU in any zone."""
    rows = traffic(seed)
    found, days = seen(log_of(tmp_path, rows, now=NOON), zone), naive_days(rows, zone)
    begin = min(min(each) for each in days.values())
    assert found.begin is not None
    assert found.begin <= begin
    for window in (1, 7, 30):
        told = actives(found, found.today - 40, found.today, window)
        expected = [
            sum(any(day - window < one <= day for one in each) for each in days.values())
            if day - window + 1 >= found.begin
            else None
            for day in range(found.today - 40, found.today + 1)
        ]
        assert told == expected
        assert active(found, found.today, window) == expected[-1]


@pytest.mark.parametrize("zone", ZONES)
def test_everybody_is_new_once(tmp_path: Path, zone: str) -> None:
    """H5.3: the new users of all days, and those of the log's first day, are all that were seen."""
    rows = traffic(7)
    found, days = seen(log_of(tmp_path, rows, now=NOON), zone), naive_days(rows, zone)
    assert found.begin is not None
    grown = growth(found, found.begin, found.today)
    assert grown.seen[-1] == len(days)
    assert grown.new[0] is None
    there = sum(min(each) == found.begin for each in days.values())
    assert sum(one or 0 for one in grown.new) == len(days) - there


def test_who_is_there_on_the_logs_first_day_is_not_called_new(tmp_path: Path) -> None:
    log = log_of(
        tmp_path, [row(at(9), user="old"), row(at(3), user="late"), row(at(2), user="old")], now=NOON
    )
    grown = growth(seen(log), seen(log).today - 12, seen(log).today)
    assert [one for one in grown.new if one] == [1]
    assert grown.seen[:3] == (None, None, None)
    assert (grown.seen[3], grown.seen[-1]) == (1, 2)


def test_before_the_log_began_nothing_is_known(tmp_path: Path) -> None:
    found = seen(log_of(tmp_path, [row(at(3), user="a"), row(at(0), user="a")], now=NOON))
    assert actives(found, found.today - 5, found.today, 1) == [None, None, 1, 0, 0, 1]
    assert actives(found, found.today - 5, found.today, 7) == [None] * 6
    assert stickiness(found, found.today - 1) is None


def test_stickiness_is_the_mean_day_of_the_month(tmp_path: Path) -> None:
    """DAU/MAU: one user on all 30 days, one on three of them: (30 + 3) / 30 of 2."""
    rows = [row(at(day), user="daily") for day in range(40)] + [
        row(at(day), user="rare") for day in (2, 9, 20)
    ]
    found = seen(log_of(tmp_path, rows, now=NOON))
    assert stickiness(found, found.today - 1) == pytest.approx(33 / 30 / 2)


def test_a_cohort_is_who_was_first_seen_in_its_week(tmp_path: Path) -> None:
    """The log's first week is none: whoever is there may have been there before."""
    monday = date.fromordinal(seen(log_of(tmp_path, now=NOON)).today)
    back = monday.weekday()
    (tmp_path / "more").mkdir()
    rows = [row(at(back + 28), user="first")]
    rows += [row(at(back + 21), user=name) for name in ("a", "b", "c", "d")]
    rows += [row(at(back + 14), user="a"), row(at(back + 7), user="a"), row(at(back + 7), user="b")]
    rows += [row(at(back + 7), user="e"), row(at(back), user="c")]
    found = cohorts(seen(log_of(tmp_path / "more", rows, now=NOON)))
    assert [(one.size, one.kept) for one in found] == [(4, (4, 1, 2, 1)), (1, (1, 0))]
    assert found[0].week == monday - timedelta(days=back + 21)


def test_requests_without_a_user_are_counted_and_nobodys(tmp_path: Path) -> None:
    found = seen(log_of(tmp_path, [row(at(1), user=None), row(at(1), user="a")], now=NOON))
    assert (found.nameless, active(found, found.today, 7)) == (1, 1)


def test_a_person_of_one_organization_counts_only_its_users(tmp_path: Path) -> None:
    """Issue E: scope."""
    rows = [row(at(1), user="ours", organization="acme"), row(at(1), user="theirs", organization="globex")]
    found = seen(log_of(tmp_path, rows, now=NOON), scope=Scope("acme"))
    assert found.table["name"].to_list() == ["ours"]


def test_users_are_known_beyond_the_retention_of_single_requests(tmp_path: Path) -> None:
    """Old totals know users by the day, and no teams: of these the days cannot be told."""
    old = [row(at(50), user="a", team="t"), row(at(49), user="b", team="t")]
    log = log_of(tmp_path, [row(at(1), user="a", team="t")], expired=[old], now=NOON)
    found = seen(log)
    assert found.firsts() == {"a": found.today - 50, "b": found.today - 49}
    teams = seen(log, column="team")
    assert {found.today - 50, found.today - 49} <= teams.untold
    assert actives(teams, found.today - 50, found.today - 50, 1) == [None]


def test_a_team_that_begins_later_than_the_log_has_new_users(tmp_path: Path) -> None:
    """The log's first day is that of all requests, whatever is filtered."""
    rows = [row(at(20), user="old", team="first"), row(at(3), user="a", team="late")]
    where = over(NOON - DAY, NOON, Condition("team", "in", ("late",)))
    found = seen(log_of(tmp_path, rows, now=NOON), where=where)
    assert found.begin == found.today - 20
    assert sum(one or 0 for one in growth(found, found.today - 10, found.today).new) == 1


def test_a_filter_counts_who_did_that(tmp_path: Path) -> None:
    rows = [row(at(1), user="a", model="m"), row(at(1), user="b", model="n")]
    where = over(NOON - DAY, NOON, Condition("model", "in", ("m",)))
    assert seen(log_of(tmp_path, rows, now=NOON), where=where).firsts().keys() == {"a"}


# -- the week --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("zone", ZONES)
def test_a_usual_hour_is_the_mean_of_all_such_hours(tmp_path: Path, zone: str) -> None:
    """H5.4: two weeks, so every hour of the week twice."""
    info, start = ZoneInfo(zone), NOW - 14 * DAY
    rows = [row(start + DAY + 5 * HOUR + n, user="a") for n in range(4)]
    log = log_of(tmp_path, rows, now=NOW).in_zone(info)
    means, hours = weekly_pattern(log, EVERYTHING, over(start, NOW), info)
    local = utc_from_us(start + DAY + 5 * HOUR).astimezone(info)
    assert hours in (336, 337)  # a zone of quarter hours cuts the first and the last
    assert means[local.weekday()][local.hour] == 2
    assert sum(value or 0 for line in means for value in line) == 2


def test_hours_of_which_nothing_is_known_are_left_out_and_not_zero(tmp_path: Path) -> None:
    log = log_of(tmp_path, [row(NOW - HOUR, user="a")], coverage=[(NOW - 2 * HOUR, NOW)], now=NOW)
    means, hours = weekly_pattern(log, EVERYTHING, over(NOW - 7 * DAY, NOW), UTC)
    assert hours == 2
    assert sum(value is None for line in means for value in line) == 166


# -- sudden changes --------------------------------------------------------------------------------------


def steady(name: str, count: int, days: range, **known: Any) -> list[dict[str, Any]]:
    return [row(at(day) + n, user=name, **known) for day in days for n in range(count)]


def test_three_times_its_own_median_is_sudden(tmp_path: Path) -> None:
    rows = steady("surge", 10, range(1, 20)) + steady("surge", 31, range(1)) + steady("calm", 10, range(20))
    (found,) = changes(seen(log_of(tmp_path, rows, now=NOON)))
    assert (found.name, found.rule) == ("surge", "requests")
    assert found.evidence == "31 requests so far today, ×3.1 its median active day of 10 (19 active days)."


def test_less_than_three_times_is_not(tmp_path: Path) -> None:
    rows = steady("a", 10, range(1, 20)) + steady("a", 29, range(1))
    assert changes(seen(log_of(tmp_path, rows, now=NOON))) == []


def test_who_is_hardly_known_changes_nothing(tmp_path: Path) -> None:
    rows = steady("new", 1, range(1, 7)) + steady("new", 60, range(1))
    assert changes(seen(log_of(tmp_path, rows, now=NOON))) == []


def test_a_higher_cost_of_as_many_requests_is_sudden(tmp_path: Path) -> None:
    price = {"cost_usd": 10**12, "priced": True}
    rows = steady("a", 1, range(1, 15), **price) + steady("a", 1, range(1), cost_usd=9 * 10**12, priced=True)
    (found,) = changes(seen(log_of(tmp_path, rows, now=NOON)))
    assert (found.rule, found.strength) == ("cost", 3)
    assert "$9.00 so far today, ×9.0 its median active day of $1.00" in found.evidence


def test_who_stops_after_many_active_days_fell_silent(tmp_path: Path) -> None:
    rows = (
        steady("gone", 5, range(4, 25)) + steady("here", 5, range(25)) + steady("seldom", 5, range(4, 20, 3))
    )
    (found,) = changes(seen(log_of(tmp_path, rows, now=NOON)))
    assert (found.name, found.rule) == ("gone", "silent")
    assert "active on 14 of 14 days with 5 requests a day" in found.evidence
