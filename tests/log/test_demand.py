"""Demand per key and minute, held against limits and replayed against others, as plain Python would."""

from __future__ import annotations

from math import floor
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from reading import DAY, HOUR, MINUTE, NOW, SECOND, log_of, over, row

from helix_dash.log.query import RequestLog
from helix_dash.metrics.demand import Use, advise, demand, replay, uses
from helix_dash.metrics.limits import TIERS, Assigned, Limits, LimitTable
from helix_dash.model import EVERYTHING

UTC = ZoneInfo("UTC")
HOUR_BEFORE = over(NOW - HOUR, NOW)


def limits_table(**given: Any) -> LimitTable:
    return LimitTable(**({"tiers": dict(TIERS), "default": None, "keys": {}, "teams": {}} | given))


def burst(key: str | None, at: int, count: int, **known: Any) -> list[dict[str, Any]]:
    """``count`` requests within one minute."""
    return [row(at + index * 1000, key_alias=key, uncached_tokens=10, **known) for index in range(count)]


def the(found: list[Use], key: str | None) -> Use:
    return next(use for use in found if use.key == key)


def test_demand_counts_throttled_requests_and_leaves_cancelled_ones_out(tmp_path: Path) -> None:
    at = NOW - 10 * MINUTE
    log = log_of(
        tmp_path,
        burst("k", at, 3) + burst("k", at, 2, status="throttled") + burst("k", at, 4, status="cancelled"),
    )
    found = demand(log, EVERYTHING, HOUR_BEFORE).table.row(0, named=True)
    assert (found["requests"], found["throttled"]) == (5, 2)


def test_a_key_in_two_segments_is_one_key(tmp_path: Path) -> None:
    at = NOW - 10 * MINUTE
    log = log_of(tmp_path, burst("k", at, 3), burst("k", at + SECOND, 2))
    assert demand(log, EVERYTHING, HOUR_BEFORE).table["requests"].to_list() == [5]


def test_of_a_long_period_the_last_seven_days_are_looked_at(tmp_path: Path) -> None:
    log = log_of(tmp_path, burst("k", NOW - 20 * DAY, 5) + burst("k", NOW - DAY, 2))
    assert demand(log, EVERYTHING, over(NOW - 30 * DAY, NOW)).table["requests"].sum() == 2


def test_use_of_the_last_minute_and_of_today_is_held_against_the_limits(tmp_path: Path) -> None:
    """F3.1: RPM and TPM slide, RPD and TPD begin with the day of the reporting zone."""
    now = NOW + 10 * HOUR
    rows = burst("k", now - 30 * SECOND, 4) + burst("k", now - 5 * HOUR, 6) + burst("k", NOW - HOUR, 50)
    log = log_of(tmp_path, rows, now=now)
    table = limits_table(keys={"k": Assigned(limits=Limits(8, 400, 100, 1000))})
    use = the(uses(log, EVERYTHING, over(now - DAY, now), table, now, UTC), "k")
    assert use.used == {"rpm": 4, "tpm": 40, "rpd": 10, "tpd": 100}
    assert (use.share("rpm"), use.share("tpd"), use.highest) == (0.5, 0.1, 0.5)


def test_a_day_begins_where_the_reporting_zone_says(tmp_path: Path) -> None:
    log = log_of(tmp_path, burst("k", NOW - 2 * HOUR, 3), now=NOW)
    table = limits_table(keys={"k": Assigned(limits=Limits(rpd=10))})
    found = {
        name: the(uses(log, EVERYTHING, over(NOW - DAY, NOW), table, NOW, ZoneInfo(name)), "k").used["rpd"]
        for name in ("UTC", "Europe/Berlin", "America/New_York")
    }
    assert found == {"UTC": 0, "Europe/Berlin": 0, "America/New_York": 3}


def test_throttled_requests_are_demand_but_not_use(tmp_path: Path) -> None:
    log = log_of(
        tmp_path, burst("k", NOW - 30 * SECOND, 2) + burst("k", NOW - 20 * SECOND, 5, status="throttled")
    )
    use = the(uses(log, EVERYTHING, HOUR_BEFORE, limits_table(), NOW, UTC), "k")
    assert (use.used["rpm"], use.requests, use.throttled, use.throttled_minutes) == (2, 7, 5, 1)


@pytest.mark.parametrize(
    ("key", "team", "expected"),
    [
        ("own", "team", (Limits(1), "own")),
        ("tiered", "team", (TIERS["tier-2"], "tier-2")),
        ("other", "team", (TIERS["tier-1"], "tier-1")),
        ("other", "none", (TIERS["free"], "free")),
        (None, None, (TIERS["free"], "free")),
        ("gone", "none", (TIERS["free"], "free")),
    ],
)
def test_a_key_has_its_own_limits_else_its_teams_else_the_default(
    key: str | None, team: str | None, expected: tuple[Limits, str]
) -> None:
    """F3.2"""
    table = limits_table(
        default="free",
        keys={
            "own": Assigned(limits=Limits(1)),
            "tiered": Assigned(tier="tier-2"),
            "gone": Assigned(tier="no longer there"),
        },
        teams={"team": Assigned(tier="tier-1")},
    )
    assert table.of(key, team) == expected


def test_without_limits_there_is_no_utilisation(tmp_path: Path) -> None:
    log = log_of(tmp_path, burst("k", NOW - 30 * SECOND, 2))
    use = the(uses(log, EVERYTHING, HOUR_BEFORE, limits_table(), NOW, UTC), "k")
    assert (use.highest, use.share("rpm"), use.origin) == (None, None, "none")


# -- what if ---------------------------------------------------------------------------------------------


def traffic(seed: int) -> list[dict[str, Any]]:
    chance = Random(seed)
    rows = []
    for _ in range(900):
        throttled = chance.random() < 0.1
        rows.append(
            row(
                NOW - chance.randrange(3 * DAY) // MINUTE // 30 * 30 * MINUTE - chance.randrange(1, MINUTE),
                key_alias=chance.choice(["a", "b", "c", None]),
                status="throttled" if throttled else "success",
                uncached_tokens=None if throttled else 10,
            )
        )
    return rows


def naive(rows: list[dict[str, Any]], limits: dict[str | None, Limits], zone: ZoneInfo) -> dict[str, int]:
    """Minute by minute; every request that was let through has ten tokens."""
    from datetime import UTC, datetime

    minutes: dict[tuple[str, int, str | None], int] = {}
    for one in rows:
        minute = one["time"] // MINUTE
        key = (one["key_alias"] or "", minute, one["key_alias"])
        minutes[key] = minutes.get(key, 0) + 1
    refused = dict.fromkeys(("rpm", "tpm", "rpd", "tpd"), 0)
    used: dict[tuple[Any, str, Any], int] = {}
    for (_, minute, key), wanted in sorted(minutes.items()):
        own, left = limits.get(key, Limits()), wanted
        day = datetime.fromtimestamp(minute * 60, UTC).astimezone(zone).date()
        for window, most in (
            ("rpm", own.rpm),
            ("tpm", None if own.tpm is None else floor(own.tpm / 10)),
        ):
            if most is not None and left > most:
                refused[window] += left - most
                left = most
        for window, limit, weight in (("rpd", own.rpd, 1), ("tpd", own.tpd, 10)):
            if limit is not None:
                before = used.get((key, window, day), 0)
                fits = min(left, max(0, (limit - before) // weight))
                used[key, window, day] = before + left * weight
                refused[window] += left - fits
                left = fits
    return refused


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu", "America/New_York"])
def test_a_replay_refuses_what_plain_python_refuses(tmp_path: Path, seed: int, zone: str) -> None:
    """X14"""
    rows = traffic(seed)
    limits: dict[str | None, Limits] = {
        "a": Limits(2, None, 40, None),
        "b": Limits(None, 25, None, 300),
        None: Limits(3, 20, 30, 200),
    }
    log = log_of(tmp_path, rows)
    found = replay(demand(log, EVERYTHING, over(NOW - 4 * DAY, NOW)), limits, ZoneInfo(zone))
    assert dict(found.throttled) == naive(rows, limits, ZoneInfo(zone))


def test_without_limits_a_replay_refuses_nothing(tmp_path: Path) -> None:
    rows = traffic(1)
    found = replay(demand(log_of(tmp_path, rows), EVERYTHING, over(NOW - 4 * DAY, NOW)), {}, UTC)
    assert (found.refused, found.victims, found.requests) == (0, (), len(rows))


def test_a_replay_names_its_victims_the_hardest_hit_first(tmp_path: Path) -> None:
    log = log_of(tmp_path, burst("small", NOW - 5 * MINUTE, 6) + burst("big", NOW - 5 * MINUTE, 30))
    found = replay(demand(log, EVERYTHING, HOUR_BEFORE), {"small": Limits(5), "big": Limits(5)}, UTC)
    assert [(one.key, one.throttled, one.minutes) for one in found.victims] == [
        ("big", 25, 1),
        ("small", 1, 1),
    ]


# -- advice ----------------------------------------------------------------------------------------------


def use_of(origin: str, requests: int, tokens: int = 0) -> Use:
    return Use("k", None, TIERS[origin], origin, {}, 1, 0, 0, (requests, tokens), requests)


@pytest.mark.parametrize(
    ("origin", "requests", "tokens", "expected"),
    [
        ("free", 100, 0, ("tier-1", "up")),
        ("tier-1", 400, 0, ("tier-1", "keep")),
        ("tier-1", 430, 0, ("tier-2", "up")),
        ("tier-3", 2, 100, ("free", "down")),
        ("tier-1", 10, 9_000_000, ("tier-3", "up")),
        ("tier-5", 10**6, 0, (None, "up")),
    ],
)
def test_advice_is_the_smallest_tier_with_room_for_busy_minutes(
    origin: str, requests: int, tokens: int, expected: tuple[str | None, str]
) -> None:
    """F3.9"""
    found = advise(use_of(origin, requests, tokens), limits_table())
    assert found is not None
    assert (found.tier, found.change) == expected


def test_a_key_without_a_tier_gets_no_advice(tmp_path: Path) -> None:
    log: RequestLog = log_of(tmp_path, burst("k", NOW - 5 * MINUTE, 3))
    use = the(uses(log, EVERYTHING, HOUR_BEFORE, limits_table(), NOW, UTC), "k")
    assert advise(use, limits_table()) is None
