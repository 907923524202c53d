"""Incidents counted over the log equal what plain Python counts, and parts sum to the whole."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from reading import DAY, HOUR, LAST_DAY, NOW, log_of, over, row

from helix_dash.log.buckets import bucket_starts, choose_bucket
from helix_dash.metrics.guardrails import guarded
from helix_dash.metrics.incident_counts import Counts, in_log
from helix_dash.metrics.incidents import action_of, action_said, direction_of, main_type, severity, types_of
from helix_dash.model import EVERYTHING, Condition, Filter, Scope, us_from_utc

PII = (None, "EMAIL_ADDRESS:2", "US_SSN:1;EMAIL_ADDRESS:1", "PERSON:3", "MY_OWN_ID:1")


def traffic(count: int = 600, seed: int = 3) -> list[dict[str, Any]]:
    chance = Random(seed)
    rows = []
    for index in range(count):
        pii = chance.choice(PII)
        status = "blocked" if chance.random() < 0.1 else "success"
        ran = chance.choice([None, "not_run", "success", "flagged", "intervened", "failed"])
        rows.append(
            row(
                NOW - HOUR - index * 60_000_000,
                status=status,
                pii=pii,
                guardrail=ran,
                guardrail_name=chance.choice([None, "a", "a;b"]),
                guardrail_mode=chance.choice([None, "pre_call", "post_call", "post_call;pre_call"]),
                guardrail_ms=chance.choice([None, 10_000, 30_000]),
                team=chance.choice([None, "x", "y"]),
                organization=chance.choice(["north", "south"]),
            )
        )
    return rows


def starts_of(where: Filter, zone: str = "UTC") -> tuple[int, ...]:
    start, end = us_from_utc(where.period.start), us_from_utc(where.period.end)
    return bucket_starts(start, end, choose_bucket(where.period, 120), ZoneInfo(zone), 2000)


def counted(folder: Path, rows: list[dict[str, Any]], scope: Scope = EVERYTHING, zone: str = "UTC") -> Counts:
    return in_log(log_of(folder, rows), scope, LAST_DAY, starts_of(LAST_DAY, zone))


def flagged(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for one in rows if one["pii"] or one["status"] == "blocked"]


def test_every_flagged_request_is_one_incident(tmp_path: Path) -> None:
    """H4.1"""
    rows = traffic()
    found = counted(tmp_path, rows)
    assert found.total == len(flagged(rows)) == len(found.ids) == len(found.times) == len(found.newest)
    assert [one.at for one in found.newest] == sorted((one["time"] for one in flagged(rows)), reverse=True)


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/St_Johns"])
def test_parts_sum_to_the_whole_in_any_zone(tmp_path: Path, zone: str) -> None:
    """H4.2"""
    found = counted(tmp_path, traffic(), zone=zone)
    for parts in (found.by_type, found.by_action):
        assert sum(sum(line) for line in parts.values()) == found.total
    assert sum(found.directions.values()) == found.total
    assert sum(found.cells.values()) == sum(found.values.values())


def test_counts_by_type_action_and_team_are_those_of_plain_python(tmp_path: Path) -> None:
    rows = flagged(traffic())
    found = counted(tmp_path, traffic())
    for name, line in found.by_type.items():
        assert sum(line) == sum(main_type(types_of(one["pii"])) == name for one in rows)
    for name, line in found.by_action.items():
        assert sum(line) == sum(action_of(one["status"], one["guardrail"]) == name for one in rows)
    for (name, team), count in found.cells.items():
        assert count == sum(types_of(one["pii"]).get(name, 0) for one in rows if one["team"] == team)
    for name, count in found.directions.items():
        assert count == sum(direction_of(one["guardrail_mode"]) == name for one in rows)


def test_another_organizations_incidents_are_not_counted(tmp_path: Path) -> None:
    """T34"""
    rows = traffic()
    found = counted(tmp_path, rows, Scope("north"))
    assert found.total == sum(one["organization"] == "north" for one in flagged(rows))
    assert {one.organization for one in found.newest} == {"north"}


def test_filters_hold(tmp_path: Path) -> None:
    rows = traffic()
    where = over(NOW - DAY, NOW, Condition("team", "in", ("x",)))
    found = in_log(log_of(tmp_path, rows), EVERYTHING, where, starts_of(where))
    assert found.total == sum(one["team"] == "x" for one in flagged(rows))


def test_fifty_thousand_incidents_are_counted_and_the_newest_are_listed(tmp_path: Path) -> None:
    rows = [row(NOW - HOUR - n, pii="US_SSN:1", guardrail="success") for n in range(50_000)]
    found = counted(tmp_path, rows)
    assert (found.total, len(found.newest), found.values) == (50_000, 1_000, {"US_SSN": 50_000})


def test_guardrails_are_counted_by_name_and_timed_alone(tmp_path: Path) -> None:
    """H4"""
    rows = traffic()
    ran = [one for one in rows if one["guardrail"] not in (None, "not_run")]
    found = guarded(log_of(tmp_path, rows), EVERYTHING, LAST_DAY, starts_of(LAST_DAY))
    assert found.evaluated == sum(found.evaluations) == len(ran)
    refused = [one for one in ran if one["status"] == "blocked" or one["guardrail"] == "intervened"]
    assert found.refused == len(refused)
    assert found.passed == sum(one["guardrail"] == "success" and one["status"] != "blocked" for one in ran)
    by_name = {one.name: one for one in found.each}
    assert by_name["b"].requests == sum(one["guardrail_name"] == "a;b" for one in ran)
    assert by_name["b"].added_ms is None
    alone = [one["guardrail_ms"] for one in ran if one["guardrail_name"] == "a" and one["guardrail_ms"]]
    assert by_name["a"].added_ms == pytest.approx(sum(alone) / len(alone) / 1000)


def test_nothing_recorded_is_nothing_counted(tmp_path: Path) -> None:
    log = log_of(tmp_path, [row(NOW - 3 * DAY)])
    found = in_log(log, EVERYTHING, LAST_DAY, starts_of(LAST_DAY))
    assert (found.total, found.by_type, found.newest) == (0, {}, ())
    assert guarded(log, EVERYTHING, LAST_DAY, starts_of(LAST_DAY)).pass_rate is None


@pytest.mark.parametrize(
    ("types", "action", "raw", "expected"),
    [
        ({"US_SSN": 1}, "masked", False, "high"),
        ({"US_SSN": 1}, "logged", False, "critical"),
        ({"EMAIL_ADDRESS": 9}, "blocked", False, "medium"),
        ({"EMAIL_ADDRESS": 9}, "masked", True, "high"),
        ({"MY_OWN_ID": 1}, "masked", False, "low"),
        ({}, "blocked", False, "low"),
    ],
)
def test_severity_follows_the_most_sensitive_type_and_whether_it_got_through(
    types: dict[str, int], action: str, raw: bool, expected: str
) -> None:
    assert severity(types, action, raw=raw) == expected


@pytest.mark.parametrize("word", ["US_SSN:1", "US_SSN:x", "US_SSN", ":1", "", ";;", None, "A:1;A:2"])
def test_types_of_any_word_are_counts(word: str | None) -> None:
    assert all(count > 0 and name for name, count in types_of(word).items())


@pytest.mark.parametrize(
    ("word", "action"),
    [(None, "untold"), ("", "untold"), ("redacted", "masked"), ("BLOCKED", "blocked"), ("allowed", "logged")],
)
def test_what_the_list_does_not_say_is_unknown(word: str | None, action: str) -> None:
    assert action_said(word) == action
