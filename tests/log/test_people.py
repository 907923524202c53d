"""Standings of users, teams and keys: all of them, so that parts sum to the whole; and what is wrong with keys."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from reading import DAY, HOUR, NOW, log_of, over, row

from helix_dash.errors import BadQuery
from helix_dash.log.query import RequestLog
from helix_dash.metrics.identity import match
from helix_dash.metrics.key_hygiene import Hygiene, hygiene
from helix_dash.metrics.limits import Assigned, Limits, LimitTable
from helix_dash.metrics.people import ORDERS, pairs, standings, top
from helix_dash.model import EVERYTHING, Scope, utc_from_us

UTC = ZoneInfo("UTC")
NOON = NOW + 12 * HOUR
MONTH = over(NOON - 30 * DAY, NOON)
NO_LIMITS = LimitTable({}, None, {}, {})
EVERYBODY = LimitTable({"t": Limits(1)}, "t", {}, {})
PICO = 10**12


def at(days_ago: int, hour: int = 10) -> int:
    return NOW - days_ago * DAY + hour * HOUR


def traffic(count: int = 4_000) -> list[dict[str, Any]]:
    chance = Random(5)
    return [
        row(
            NOON - int(chance.random() * 30 * DAY),
            user=f"u{chance.randrange(1500)}" if chance.random() < 0.95 else None,
            team=chance.choice(["red", "green", None]),
            organization=chance.choice(["acme", "globex"]),
            cost_usd=chance.randrange(PICO) if chance.random() < 0.8 else None,
            uncached_tokens=chance.randrange(1000),
            visible_tokens=chance.randrange(100),
        )
        for _ in range(count)
    ]


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> RequestLog:
    return log_of(tmp_path_factory.mktemp("people"), traffic(), now=NOON)


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu", "America/New_York"])
@pytest.mark.parametrize("column", ["user", "team"])
def test_parts_sum_to_the_whole(log: RequestLog, column: str, zone: str) -> None:
    """Issue E, 2: more users than a series tells, in three zones, to the last 10⁻¹² dollar."""
    here = log.in_zone(ZoneInfo(zone))
    found, whole = (
        standings(here, EVERYTHING, MONTH, column),
        here.totals(EVERYTHING, MONTH, ["requests", "cost_usd", "total_tokens"]),
    )
    assert sum(one.requests for one in found.all) == found.total.requests == whole["requests"]
    assert sum(one.tokens for one in found.all) == found.total.tokens == whole["total_tokens"]
    assert sum(one.cost or 0 for one in found.all) == pytest.approx(float(whole["cost_usd"] or 0))
    assert found.total.cost == float(whole["cost_usd"] or 0)


@pytest.mark.parametrize("order", ORDERS)
def test_the_first_and_all_others_sum_to_the_whole(log: RequestLog, order: Any) -> None:
    """H5.1"""
    found = standings(log, EVERYTHING, MONTH, "user")
    shown, more, rest = top(found.ranked(order), order, 10)
    assert len(shown) + more == len(found.all) > 1000
    assert sum(one.figure(order) for one in shown) + rest == pytest.approx(found.total.figure(order))
    assert shown[0].figure(order) == max(one.figure(order) for one in found.all)


def test_a_viewer_of_one_organization_sees_only_its_people(log: RequestLog) -> None:
    mine = standings(log, Scope("acme"), MONTH, "user")
    theirs = standings(log, Scope("globex"), MONTH, "user")
    everybody = standings(log, EVERYTHING, MONTH, "user")
    assert mine.total.requests + theirs.total.requests == everybody.total.requests
    assert 0 < len(mine.all) < len(everybody.all)


def test_unpriced_requests_cost_is_not_known_to_be_nothing(tmp_path: Path) -> None:
    rows = [row(at(1), user="a", uncached_tokens=5), row(at(1), user="b", cost_usd=0, priced=True)]
    found = {
        one.name: one for one in standings(log_of(tmp_path, rows, now=NOON), EVERYTHING, MONTH, "user").all
    }
    assert (found["a"].cost, found["a"].unpriced) == (None, 1)
    assert (found["b"].cost, found["b"].unpriced) == (0, 0)


def test_teams_of_users_are_told_with_the_foremost_first(tmp_path: Path) -> None:
    """H5.2"""
    rows = [row(at(1), user="a", team=team) for team in ("x", "y", "y")] + [row(at(1), user="b", team="y")]
    found = pairs(log_of(tmp_path, rows, now=NOON), EVERYTHING, MONTH, "user", "team")
    assert found.foremost() == {"a": ("y", 2), "b": ("y", 1)}
    assert found.many() == {"x": 1, "y": 2}


def test_old_totals_know_users_but_no_teams(tmp_path: Path) -> None:
    log = log_of(
        tmp_path, [row(at(1), user="a", team="t")], expired=[[row(at(20), user="b", team="t")]], now=NOON
    )
    assert standings(log, EVERYTHING, MONTH, "user").names == ("a", "b")
    assert not standings(log, EVERYTHING, MONTH, "team").whole


def test_an_unknown_sum_is_refused(log: RequestLog) -> None:
    with pytest.raises(BadQuery):
        log.crosstab(EVERYTHING, MONTH, ["user"], None, ["happiness"])


# -- key hygiene (X9) ------------------------------------------------------------------------------------


def judged(folder: Path, rows: list[dict[str, Any]], limits: LimitTable = EVERYBODY, **given: Any) -> Hygiene:
    log = log_of(folder, rows, now=NOON)
    scope = given.get("scope", EVERYTHING)
    return hygiene(log, scope, given.get("where", MONTH), limits, utc_from_us(NOON), UTC)


def told(found: Hygiene) -> list[tuple[str, str]]:
    return [(one.key, one.rule) for one in found.findings]


def uses(key: str, days: range, count: int = 1, **known: Any) -> list[dict[str, Any]]:
    given = {"user": "a", "team": "t", "model": "m"} | known
    return [row(at(day) + n, key_alias=key, **given) for day in days for n in range(count)]


def test_a_key_of_one_user_with_a_limit_is_clean(tmp_path: Path) -> None:
    found = judged(tmp_path, uses("k", range(40)))
    assert (found.findings, found.known, found.active, found.unused) == ((), 1, 1, 0)


def test_a_key_that_rests_for_thirty_days_is_unused(tmp_path: Path) -> None:
    """X9"""
    found = judged(tmp_path, uses("old", range(30, 40)) + uses("new", range(29, 40)))
    assert told(found) == [("old", "unused")]
    assert "30 days ago" in found.findings[0].evidence
    assert (found.active, found.unused) == (1, 1)


def test_a_key_with_limits_and_no_request_was_never_used(tmp_path: Path) -> None:
    limits = LimitTable({"t": Limits(1)}, "t", {"idle": Assigned(tier="t")}, {})
    found = judged(tmp_path, uses("k", range(3)), limits)
    assert told(found) == [("idle", "never")]
    assert found.known == 2


def test_names_of_the_table_of_limits_are_not_told_to_one_organization(tmp_path: Path) -> None:
    limits = LimitTable({"t": Limits(1)}, "t", {"theirs": Assigned(tier="t")}, {})
    rows = uses("k", range(3), organization="acme")
    assert told(judged(tmp_path, rows, limits, scope=Scope("acme"))) == []


def test_a_key_that_names_no_user_has_no_owner(tmp_path: Path) -> None:
    assert told(judged(tmp_path, uses("k", range(3), user=None))) == [("k", "ownerless")]


def test_a_key_of_five_users_is_shared_one_of_four_is_not(tmp_path: Path) -> None:
    rows = [one for key, users in (("five", 5), ("four", 4)) for n in range(users) for one in uses(key, range(1), user=f"u{n}")]  # fmt: skip
    found = judged(tmp_path, rows)
    assert told(found) == [("five", "shared")]
    assert found.findings[0].evidence == "5 users, most u0, u1, u2."


def test_a_key_in_two_teams_is_told(tmp_path: Path) -> None:
    found = judged(tmp_path, uses("k", range(2)) + uses("k", range(2), team="other"))
    assert [(one.rule, one.evidence) for one in found.findings] == [("teams", "2 teams: other, t.")]


@pytest.mark.parametrize(("failures", "is_told"), [(10, True), (2, False)])
def test_errors_that_rise_are_told_with_both_shares(tmp_path: Path, failures: int, is_told: bool) -> None:
    rows = (
        uses("k", range(7), 20) + uses("k", range(7), failures, status="error") + uses("k", range(7, 35), 10)
    )
    found = judged(tmp_path, rows)
    assert (told(found) == [("k", "errors")]) is is_told
    if is_told:
        assert found.findings[0].evidence == "70 of 210 requests failed (33.3%), before 0.0%."


def test_a_key_that_turns_to_other_models_is_told(tmp_path: Path) -> None:
    found = judged(tmp_path, uses("k", range(7), 4, model="new") + uses("k", range(7, 35), 4))
    assert told(found) == [("k", "models")]
    assert "100% of 28 requests went to new" in found.findings[0].evidence


def test_without_any_limit_a_used_key_has_none(tmp_path: Path) -> None:
    assert told(judged(tmp_path, uses("k", range(3)), NO_LIMITS)) == [("k", "unlimited")]
    assert told(judged(tmp_path_of(tmp_path), uses("k", range(3)), LimitTable({}, None, {}, {"t": Assigned(limits=Limits(5))}))) == []  # fmt: skip


def tmp_path_of(folder: Path) -> Path:
    (folder / "more").mkdir()
    return folder / "more"


# -- whose usage is mine ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("account", "users", "expected"),
    [
        ("ada", ["ada", "bob"], ("ada",)),
        ("Ada", ["ada"], ("ada",)),
        ("ada", ["ada@corp.example"], ("ada@corp.example",)),
        ("ada@corp.example", ["ada"], ("ada",)),
        ("ada", ["ada@a.example", "ada@b.example"], ()),
        ("ada", ["ada", "ada@b.example"], ("ada",)),
        ("ada", ["adam", "canada"], ()),
        ("ada", [], ()),
    ],
)
def test_an_account_is_the_user_of_its_name(
    account: str, users: list[str], expected: tuple[str, ...]
) -> None:
    found = match(account, users)
    assert found.users == expected
    assert found.how
