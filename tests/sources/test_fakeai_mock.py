"""The mock says nothing that a real server did not say once, grows by the clock alone, and is always marked."""

from __future__ import annotations

import pytest

from helix_dash.errors import SourceError
from helix_dash.sources.fakeai import endpoints
from helix_dash.sources.fakeai.endpoints import ALWAYS
from helix_dash.sources.fakeai.mock import MockFakeAI

NOON = 1_795_348_800.0


def at(moment: float) -> MockFakeAI:
    return MockFakeAI(NOON - 7200, clock=lambda: moment)


def test_it_answers_every_question_of_the_real_one() -> None:
    """C2"""
    mock = at(NOON)
    assert all(mock.ask(endpoint) is not None for endpoint in ALWAYS)


def test_two_at_the_same_moment_say_the_same() -> None:
    assert at(NOON).ask(endpoints.KV_CACHE) == at(NOON).ask(endpoints.KV_CACHE)


def test_its_counters_only_grow() -> None:
    readings = [at(NOON + 600 * step).ask(endpoints.MODELS)["gpt-4o"].requests for step in range(150)]
    assert readings == sorted(readings)
    assert readings[0] < readings[-1]


def test_a_restart_takes_its_counters_back_to_zero() -> None:
    mock = at(NOON)
    mock.restart()
    assert mock.ask(endpoints.KV_CACHE).hits == 0


def test_parts_and_whole_agree_in_it() -> None:
    tiers = at(NOON).ask(endpoints.TIERS)
    assert all(one.attempted == one.allowed + one.throttled for one in tiers.values())


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("frozen", "timeout"),
        ("down", "unreachable"),
        ("broken", "status"),
        ("html", "unreadable"),
        ("throttled", "throttled"),
    ],
)
def test_it_plays_the_faults_of_the_real_one(fault: str, reason: str) -> None:
    mock = at(NOON)
    mock.faults["kv_cache"] = fault  # type: ignore[assignment]
    with pytest.raises(SourceError) as caught:
        mock.ask(endpoints.KV_CACHE)
    assert caught.value.reason == reason
    assert mock.ask(endpoints.HEALTH) is True


def test_it_says_that_it_is_a_mock() -> None:
    assert at(NOON).mock
