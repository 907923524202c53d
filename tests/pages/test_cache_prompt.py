"""One prompt of the cache page in its drawer: figures of a known ledger, its parts, who may evict."""

# ruff: noqa: F811 - fixtures are imported by name

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import redis
from flask import Flask

from helix_dash.app import create_app
from helix_dash.context import open_log
from helix_dash.embedded import EmbeddedStore
from helix_dash.log.fold import Fold
from helix_dash.log.retention import Retention
from helix_dash.metrics.cache_prompt import Prompt, prompt
from helix_dash.model import EVERYTHING, Condition, Filter, Period, Scope
from helix_dash.pages.cache import prompt_drawer
from request_records import a_request, recorded
from webapp import body_of, people, settings_for, sign_in, store, web_store  # noqa: F401 - fixtures

CALL = "/_dash-update-component"
STATE = {
    "from": "now-24h", "to": "now", "where": {}, "without": {}, "zone": None, "compare": False, "charts": {}, "grid": None,
}  # fmt: skip
BEGAN = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=6)
CENT = Decimal("0.01")


def at(minute: float, user: str = "ada", **changes: Any) -> Any:
    more = {"user": user, "team": f"team of {user}", "prompt_hash": "p", "cost_usd": CENT}
    return a_request(time=BEGAN + timedelta(minutes=minute), **more | changes)


def hit(minute: float, user: str, **changes: Any) -> Any:
    free = {
        "cache": "exact",
        "cost_usd": Decimal(0),
        "avoided_cost_usd": CENT,
        "cache_age_ms": 600_000.0,
        "cache_key": "a" * 64,
    }
    return at(minute, user, **free | changes)


LEDGER = (
    at(0, cache="miss", cache_key="a" * 64),
    hit(10, "ada"),
    hit(20, "bob"),
    hit(21, "bob", cache="semantic", similarity=0.9, cache_key=None, cache_owner="zoe", avoided_cost_usd=None),
    at(100, "eve", cache="miss", cache_key="a" * 64),
    at(110, "eve", cache="bypass"),
    at(120, "eve", status="error", cost_usd=None),
    at(130, "ada", cache="miss", model="gpt-4o-mini"),
    at(5, "ada", cache="miss", prompt_hash="another"),
)  # fmt: skip


@pytest.fixture
def app(web_store: EmbeddedStore, people: redis.Redis, tmp_path: Path) -> Iterator[Flask]:
    recorded(web_store.url, *LEDGER)
    Fold(web_store.url, retention=Retention(90)).step()
    app = create_app(settings_for(web_store.url, tmp_path), open_log=open_log)
    with app.test_request_context():
        yield app


@pytest.fixture
def log(app: Flask, web_store: EmbeddedStore, tmp_path: Path) -> Any:
    return open_log(settings_for(web_store.url, tmp_path))


def a_day(*more: Condition) -> Filter:
    now = datetime.now(UTC)
    return Filter(Period(now - timedelta(days=1), now), tuple(more))


def known(log: Any, *more: Condition, name: str = "p", scope: Scope = EVERYTHING) -> Prompt:
    found = prompt(log, scope, a_day(*more), name, ttl_s=3600.0, threshold=0.85)
    assert found is not None
    return found


def test_its_requests_divide_by_what_the_cache_did(log: Any) -> None:
    """X2: parts sum to the whole."""
    uses = known(log).uses
    assert (uses.requests, uses.exact, uses.semantic, uses.misses, uses.bypass, uses.silent) == (
        8,
        2,
        1,
        3,
        1,
        1,
    )
    assert uses.exact + uses.semantic + uses.misses + uses.bypass + uses.silent == uses.requests


def test_models_sum_to_the_prompt(log: Any) -> None:
    found = known(log)
    assert {one.model: one.requests for one in found.models} == {"gpt-4o": 7, "gpt-4o-mini": 1}
    assert sum((one.spent_usd or 0 for one in found.models), Decimal(0)) == found.uses.spent_usd


def test_what_hits_avoided_is_apart_from_what_was_paid(log: Any) -> None:
    """A hit without a known price saves nothing that is known; a hit costs nothing."""
    uses = known(log).uses
    assert (uses.saved_usd, uses.spent_usd) == (2 * CENT, 4 * CENT)


def test_a_model_without_a_price_cost_no_known_sum_also_when_hits_cost_nothing(
    web_store: EmbeddedStore, store: redis.Redis, tmp_path: Path
) -> None:
    recorded(
        web_store.url, at(0, cache="miss", cost_usd=None, priced=False), hit(10, "ada", avoided_cost_usd=None)
    )
    Fold(web_store.url, retention=Retention(90)).step()
    uses = known(open_log(settings_for(web_store.url, tmp_path))).uses
    assert (uses.saved_usd, uses.spent_usd) == (None, None)


def test_what_was_paid_again_comes_with_its_reasons(log: Any) -> None:
    """X2: eve's miss came after the entry had expired, her next call did not ask; another model is no repeat."""
    found = known(log).waste
    assert {reason: one.requests for reason, one in found.reasons.items()} == {"bypass": 1, "expired": 1}
    assert found.total.cost_usd == 2 * CENT


def test_who_was_answered_with_somebody_elses_entry_is_told(log: Any) -> None:
    """X5: ada wrote the entry by its key; zoe's is told by the gateway."""
    askers = {one.user: (one.hits, one.foreign) for one in known(log).askers}
    assert askers == {"ada": (1, 0), "bob": (2, 2)}


def test_its_entries_are_told_by_key_with_who_wrote_them(log: Any) -> None:
    entries = known(log).entries
    assert [(one.key, one.owner, one.hits) for one in entries] == [(None, "zoe", 1), ("a" * 16, "ada", 2)]


def test_ages_at_hit_are_counted_and_have_a_median(log: Any) -> None:
    found = known(log)
    assert (found.ages, found.ages_p50_s) == ((0, 3, 0, 0, 0, 0), 600.0)


def test_first_and_last_are_of_all_its_requests(log: Any) -> None:
    found = known(log)
    assert found.last - found.first == 130 * 60 * 1_000_000


def test_the_pages_filter_holds_in_the_drawer_but_not_for_who_wrote_the_entry(log: Any) -> None:
    found = known(log, Condition("user", "in", ("bob",)))
    assert (found.uses.requests, [one.owner for one in found.entries]) == (2, ["zoe", "ada"])


def test_a_prompt_that_nobody_asked_here_is_none(log: Any) -> None:
    assert prompt(log, EVERYTHING, a_day(), "unknown", ttl_s=None, threshold=None) is None
    assert prompt(log, Scope(organization="north"), a_day(), "p", ttl_s=None, threshold=None) is None


def test_a_prompt_without_hits_has_no_ages_and_no_entries(log: Any) -> None:
    found = known(log, name="another")
    assert (found.ages_p50_s, sum(found.ages), found.entries, found.askers) == (None, 0, (), ())


# --- the drawer ----------------------------------------------------------------------------------------------


def shown(app: Flask, role: str, name: str = "p") -> str:
    """What the drawer holds for who has ``role``, as JSON."""
    client = app.test_client()
    assert sign_in(client, role).status_code == 303
    values = {"hx-prompt-wanted.data": name, "hx-filter.data": STATE}
    place = f"{prompt_drawer.DETAILS}.children"
    answer = client.post(CALL, json=body_of(client.get("/_dash-dependencies").json, place, values))
    assert answer.status_code == 200, answer.text
    return json.dumps(answer.json["response"])


def test_who_may_evict_finds_a_button_for_each_entry_that_is_known(app: Flask) -> None:
    """X5"""
    found = shown(app, "editor")
    assert found.count('"data-deed"') == 2
    assert json.dumps(json.dumps({"by": "entry", "entry": "a" * 16}))[1:-1] in found.replace("\\\\\\", "\\")


@pytest.mark.parametrize("role", ["viewer", "analyst"])
def test_who_may_not_evict_finds_none(app: Flask, role: str) -> None:
    found = shown(app, role)
    assert "data-deed" not in found
    assert "Entries that answered" in found


def test_the_drawer_leads_to_its_requests_in_the_log(app: Flask) -> None:
    assert "/requests?from=now-24h&to=now&prompt_hash=p" in shown(app, "viewer")


@pytest.mark.parametrize("name", ["unknown", "<script>alert(1)</script>", "x" * 10_000])
def test_an_unknown_prompt_is_said_to_be_unknown(app: Flask, name: str) -> None:
    found = shown(app, "viewer", name)
    assert "No such prompt here" in found
    assert "alert" not in found
