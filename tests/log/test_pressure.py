"""Pressure on limits, breaches, what providers had left, and other limits tried on recorded demand."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from reading import DAY, HOUR, MINUTE, NOW, log_of, over, row

from helix_dash.errors import BadQuery
from helix_dash.metrics import what_if as trial
from helix_dash.metrics.demand import demand
from helix_dash.metrics.headroom import headroom
from helix_dash.metrics.limits import TIERS, Assigned, Limits, LimitTable
from helix_dash.metrics.pressure import LET_THROUGH, Breach, breached_minutes, breaches, heat
from helix_dash.metrics.what_if import proposed, what_if
from helix_dash.model import EVERYTHING, Filter

UTC = ZoneInfo("UTC")
AT = NOW - 30 * MINUTE
LAST_HOUR = over(NOW - HOUR, NOW)
STARTS = [(NOW - HOUR) // 1000, (NOW - HOUR // 2) // 1000]


def table(**given: Any) -> LimitTable:
    return LimitTable(**({"tiers": dict(TIERS), "default": None, "keys": {}, "teams": {}} | given))


def burst(key: str, at: int, count: int, **known: Any) -> list[dict[str, Any]]:
    return [row(at + index * 1000, key_alias=key, uncached_tokens=10, **known) for index in range(count)]


def told(folder: Path, rows: list[dict[str, Any]], limits: LimitTable) -> tuple[Breach, ...]:
    log = log_of(folder, rows)
    return breaches(log, EVERYTHING, LAST_HOUR, demand(log, EVERYTHING, LAST_HOUR), limits)


def test_pressure_is_the_busiest_minute_of_each_bucket_by_the_nearest_limit(tmp_path: Path) -> None:
    rows = burst("k", AT, 4) + burst("k", AT + MINUTE, 8) + burst("free", AT, 50)
    log = log_of(tmp_path, rows)
    limits = table(keys={"k": Assigned(limits=Limits(rpm=10, tpm=100))})
    found = heat(demand(log, EVERYTHING, LAST_HOUR), limits, STARTS)
    assert (found.keys, found.shares) == (("k",), ((None, 0.8),))


def test_a_refused_request_is_a_breach_with_its_origin(tmp_path: Path) -> None:
    """F3.7, X3"""
    rows = burst("k", AT, 5) + burst("k", AT + 1, 2, status="throttled", limiter="provider")
    (found,) = told(tmp_path, rows, table())
    assert (found.key, found.origin, found.refused, found.minute) == ("k", "provider", 2, AT)


def test_a_minute_over_the_table_that_nobody_refused_is_a_breach_too(tmp_path: Path) -> None:
    """The table limits nobody."""
    (found,) = told(tmp_path, burst("k", AT, 5), table(keys={"k": Assigned(limits=Limits(rpm=4))}))
    assert (found.origin, found.limit, found.allowed, found.observed) == (LET_THROUGH, "rpm", 4, 5)


def test_demand_within_the_limits_is_no_breach(tmp_path: Path) -> None:
    assert told(tmp_path, burst("k", AT, 4), table(keys={"k": Assigned(limits=Limits(rpm=4, tpm=40))})) == ()


def test_requests_without_a_key_are_breaches_of_no_key(tmp_path: Path) -> None:
    rows = [row(AT, status="throttled", limiter="rpm")]
    (found,) = told(tmp_path, rows, table())
    assert (found.key, found.observed) == (None, 1)


def test_two_breaches_of_one_minute_are_one_breached_minute(tmp_path: Path) -> None:
    rows = burst("k", AT, 2, status="throttled", limiter="rpm") + burst("k", AT + 1, 1, status="throttled", limiter="tpm")  # fmt: skip
    assert breached_minutes(told(tmp_path, rows, table()), STARTS) == [("k", [0, 1])]


def test_headroom_is_the_least_of_what_a_provider_said_was_left(tmp_path: Path) -> None:
    def said(at: int, left: int, tokens: int) -> dict[str, Any]:
        return row(
            at,
            provider="openai",
            limit_requests=100,
            remaining_requests=left,
            limit_tokens=1000,
            remaining_tokens=tokens,
        )

    log = log_of(tmp_path, [said(AT, 50, 900), said(AT + MINUTE, 60, 200), row(AT, provider="mistral")])
    (found,) = headroom(log, EVERYTHING, LAST_HOUR, STARTS)
    assert (found.provider, found.lowest, found.at, found.line) == ("openai", 0.2, AT + MINUTE, (None, 0.2))


# --- what if -------------------------------------------------------------------------------------------------


def test_a_replay_compares_the_table_with_the_proposal(tmp_path: Path) -> None:
    """X14"""
    log = log_of(tmp_path, burst("k", AT, 10) + burst("other", AT, 10))
    known = table(default="tier-1")
    found = what_if(log, EVERYTHING, LAST_HOUR, known, proposed(known, "key", "k", Limits(rpm=4)), UTC)
    assert (found.now.refused, found.then.refused, found.concerned) == (0, 6, 1)
    assert [(one.key, one.throttled) for one in found.then.victims] == [("k", 6)]


def test_a_proposed_tier_concerns_whoever_has_it(tmp_path: Path) -> None:
    log = log_of(tmp_path, burst("k", AT, 10, team="t") + burst("other", AT, 10))
    known = table(teams={"t": Assigned(tier="tier-1")}, default="tier-2")
    found = what_if(log, EVERYTHING, LAST_HOUR, known, proposed(known, "tier", "tier-1", Limits(rpm=1)), UTC)
    assert (found.then.throttled["rpm"], found.concerned) == (9, 1)


def test_a_proposal_changes_nothing() -> None:
    known = table()
    proposed(known, "tier", "free", Limits(rpm=1))
    assert known.tiers == TIERS


@pytest.mark.parametrize(("kind", "name"), [("user", "k"), ("key", "")])
def test_a_proposal_for_nobody_is_refused(kind: str, name: str) -> None:
    with pytest.raises(BadQuery):
        proposed(table(), kind, name, Limits(1))


def test_of_too_many_requests_fewer_days_are_replayed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends in bounded time."""
    rows = [row(NOW - day * DAY + HOUR, key_alias="k") for day in range(1, 8)]
    log = log_of(tmp_path, rows)
    monkeypatch.setattr(trial, "MOST_REQUESTS", 3)
    week: Filter = over(NOW - 7 * DAY, NOW)
    found = what_if(log, EVERYTHING, week, table(), table(), UTC)
    assert (found.then.requests, found.period.length.days) == (3, 3)
