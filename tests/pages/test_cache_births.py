"""Whose entry answered, where the gateway does not say: by its key, else by the answer that was under way at its birth."""

# ruff: noqa: F811 - fixtures are imported by name

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import redis

from helix_dash.context import open_log
from helix_dash.embedded import EmbeddedStore
from helix_dash.log.fold import Fold
from helix_dash.log.retention import Retention
from helix_dash.metrics.cache_owners import Crossings, crossings
from helix_dash.metrics.cache_use import use
from helix_dash.model import EVERYTHING, Condition, Filter, Period, Scope
from request_records import a_request, recorded
from webapp import settings_for, store, web_store  # noqa: F401 - fixtures

BEGAN = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=5)


def at(minute: float, user: str, **changes: Any) -> Any:
    more = {"user": user, "team": f"team of {user}", "prompt_hash": "p"}
    return a_request(time=BEGAN + timedelta(minutes=minute), **more | changes)


def hit(minute: float, user: str, born: float | None, **changes: Any) -> Any:
    """An answer from the cache whose entry was born at minute ``born``."""
    age = None if born is None else (minute - born) * 60_000.0
    free = {"cache": "exact", "cost_usd": Decimal(0), "avoided_cost_usd": Decimal("0.01")}
    return at(minute, user, **free | {"cache_age_ms": age} | changes)


def paid(minute: float, user: str, **changes: Any) -> Any:
    return at(minute, user, **{"cache": "miss", "latency_ms": 20_000.0} | changes)


def whole(*more: Condition, hours: float = 12) -> Filter:
    now = datetime.now(UTC)
    return Filter(Period(now - timedelta(hours=hours), now), tuple(more))


@pytest.fixture
def found(web_store: EmbeddedStore, store: redis.Redis, tmp_path: Path) -> Any:
    """Records requests in an empty store; gives the log over them."""

    def written(*requests: Any) -> Any:
        recorded(web_store.url, *requests)
        Fold(web_store.url, retention=Retention(90)).step()
        return open_log(settings_for(web_store.url, tmp_path))

    return written


def across(log: Any, where: Filter | None = None, scope: Scope = EVERYTHING) -> Crossings:
    return crossings(log, scope, where or whole())


def test_the_last_answer_kept_under_the_key_made_the_entry(found: Any) -> None:
    """X5: ada's entry was overwritten by bob's before eve asked; what came later made nothing of it."""
    keys = {"cache_key": "a" * 64}
    log = found(
        paid(0, "ada", **keys), paid(10, "bob", **keys), hit(20, "eve", None, **keys), paid(30, "zoe", **keys)
    )
    told = across(log)
    assert (told.hits, told.known, told.traced, told.users, told.teams) == (1, 1, 1, 1, 1)
    (one,) = told.latest["team"]
    assert (one.owner, one.user, one.entry) == ("bob", "eve", "a" * 16)


def test_another_key_is_another_entry_even_of_the_same_prompt(found: Any) -> None:
    """X5"""
    log = found(paid(0, "ada", cache_key="a" * 64), hit(20, "eve", None, cache_key="b" * 64))
    assert (across(log).known, across(log).users) == (0, 0)


def test_an_answer_to_oneself_crosses_nothing(found: Any) -> None:
    """X5"""
    log = found(paid(0, "ada", cache_key="a" * 64), hit(20, "ada", None, cache_key="a" * 64))
    assert (across(log).known, across(log).users) == (1, 0)


def test_without_keys_the_answer_under_way_at_its_birth_made_the_entry(found: Any) -> None:
    """X5, as LiteLLM tells: the second in which the entry was born, no key with a miss."""
    log = found(
        paid(0, "ada"),
        paid(10, "bob"),
        hit(20, "eve", 9.8, cache_key="a" * 64),
        paid(9.9, "joe", prompt_hash="q"),
    )
    assert [one.owner for one in across(log).latest["user"]] == ["bob"]


@pytest.mark.parametrize("born", [5.0, None])
def test_of_an_entry_that_no_answer_explains_nobody_is_the_owner(found: Any, born: float | None) -> None:
    """X5: nobody's answer was under way then, or its age is not told."""
    log = found(paid(0, "ada"), paid(10, "bob"), hit(20, "eve", born))
    assert (across(log).hits, across(log).known) == (1, 0)


def test_what_the_gateway_says_counts_before_what_the_log_shows(found: Any) -> None:
    """X5"""
    keys = {"cache_key": "a" * 64}
    log = found(paid(0, "ada", **keys), hit(20, "eve", None, cache_owner="eve", **keys))
    assert (across(log).known, across(log).traced, across(log).users) == (1, 0, 0)


def test_an_entry_made_before_the_period_and_outside_the_filter_is_traced(found: Any) -> None:
    """X5: who wrote it need not match what is asked."""
    log = found(paid(0, "ada", model="gpt-4o"), hit(200, "eve", -0.1))
    late = Filter(
        Period(BEGAN + timedelta(minutes=100), BEGAN + timedelta(minutes=300)),
        (Condition("user", "in", ("eve",)),),
    )
    assert [one.owner for one in across(log, late).latest["user"]] == ["ada"]


def test_an_answer_of_another_organization_is_not_looked_at(found: Any) -> None:
    """X5, T: whose entry it was is not told across organizations."""
    keys = {"cache_key": "a" * 64}
    log = found(
        paid(0, "ada", organization="north", **keys), hit(20, "eve", None, organization="south", **keys)
    )
    assert across(log, scope=Scope(organization="south")).known == 0


def test_hits_are_counted_by_entry_where_keys_are_told(found: Any) -> None:
    """H3.4: one prompt with two sets of parameters is two entries."""
    log = found(
        *(hit(minute, "ada", None, cache_key="a" * 64) for minute in (1, 2, 3)),
        hit(4, "ada", None, cache_key="b" * 64),
        hit(5, "ada", None, prompt_hash="q"),
    )
    told = use(log, EVERYTHING, whole())
    assert (told.entries, told.prompts, told.per_entry[:3]) == (3, 2, (2, 0, 1))
    assert [one.hits for one in told.top] == [4, 1]
