"""The writer that keeps all its cache entries in one hash, in a real store: counted, measured, told, evicted."""

from __future__ import annotations

import json
import time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from helix_dash.metrics.cache_gateway import gateway_cache
from helix_dash.model import Period, utc_from_us
from helix_dash.orders.book import Order, find, place
from helix_dash.orders.performer import Performer
from helix_dash.samples.answers import answers
from helix_dash.samples.sources import CACHE_EVICT
from helix_dash.samples.writer import SampleWriter
from helix_dash.sources.gateway.cache_orders import cache_orders
from helix_dash.sources.gateway.contract import CORE, inside
from helix_dash.sources.gateway.entries import described
from helix_dash.sources.gateway.questions import SOURCE, questions
from helix_dash.sources.gateway.survey import Met, survey
from helix_dash.sources.polling import Poller
from helix_dash.store import connect

BERLIN = ZoneInfo("Europe/Berlin")
NOW = round(time.time() * 1_000_000)
BORN = NOW // 1_000_000 - 3_600
CANARY = "4111-1111-1111-1111 John Smith"
TODAY = utc_from_us(NOW).date()


@pytest.fixture
def store(store_url: str) -> Any:
    return connect(store_url)


def entry(store: Any, name: str, **changes: Any) -> str:
    """As the writer puts it there: JSON with its text and its whole embedding."""
    body = {"prompt": CANARY, "response": CANARY, "model": "gpt-4o", "embedding": [0.5] * 384, "created_at": float(BORN), "hit_count": 2}  # fmt: skip
    store.hset(CORE, name, json.dumps(body | changes))
    return inside(name)


def ordered(store: Any, **what: Any) -> Order:
    identity = place(store, CACHE_EVICT, what, "account:ada")
    assert Performer(store, cache_orders(lambda: store, BERLIN)).step()
    found = find(store, identity)
    assert found is not None
    return found


def test_entries_inside_the_hash_are_read(store: Any) -> None:
    """H8"""
    key = entry(store, "a" * 64, user_id="ada")
    (found,) = described(store, [key], BERLIN, NOW).found
    assert (found.level, found.model, found.owner, found.created, found.hits, found.ends) == (
        "exact", "gpt-4o", "ada", BORN * 1_000_000, 2, -1,
    )  # fmt: skip
    assert found.bytes == store.hstrlen(CORE, "a" * 64)


def test_they_count_as_exact_entries_beside_those_with_keys_of_their_own(store: Any) -> None:
    """H8, H3.5"""
    store.set("helix:exact:" + "b" * 64, "{}", ex=60)
    for name in "cde":
        entry(store, name * 64)
    found = survey(store, TODAY).entries
    assert (found.exact, found.inside, found.sampled, found.inside_sampled) == (4, 3, 1, 3)
    assert found.inside_bytes == store.hstrlen(CORE, "c" * 64)


def test_the_largest_entries_are_told_whatever_they_are_kept_in(store: Any) -> None:
    """H3.5"""
    small = entry(store, "a" * 64)
    large = entry(store, "b" * 64, embedding=[0.5] * 1536)
    store.set("helix:exact:" + "c" * 64, "x" * 50_000)
    met = Met()
    survey(store, TODAY, met)
    assert met.largest == ["helix:exact:" + "c" * 64, large, small]
    assert met.measured == 3


def test_the_page_is_told_what_the_collector_measured_and_no_text(store: Any, store_url: str) -> None:
    """H3.5, H4.5"""
    key = entry(store, "a" * 64)
    store.hset(CORE, "what John Smith asked", "{}")
    Poller(SOURCE, questions(lambda: store, BERLIN), store, SampleWriter(store_url)).step()
    period = Period(utc_from_us(NOW - 3_600_000_000), utc_from_us(NOW))
    found = gateway_cache(store, period, NOW)
    assert ([one.key for one in found.largest], found.measured, found.inside, found.total) == ([key], 1, 2, 2)
    assert found.bytes == 2 * store.hstrlen(CORE, "a" * 64)
    assert "John Smith" not in repr(answers(store, SOURCE))


def test_one_of_them_is_evicted_by_its_name_and_the_others_stay(store: Any) -> None:
    """H3.5"""
    key, other = entry(store, "a" * 64), entry(store, "b" * 64)
    receipt = ordered(store, by="key", key=key).receipt
    assert (receipt["looked_at"], receipt["evicted"]) == (1, 1)
    assert [inside(name.decode()) for name in store.hkeys(CORE)] == [other]


@pytest.mark.parametrize(
    ("what", "left"),
    [
        ({"by": "model", "model": "m1"}, "ac"),
        ({"by": "owner", "owner": "grace"}, "ab"),
        ({"by": "age", "seconds": 7_000}, "bc"),
    ],
)
def test_of_them_only_what_is_meant_is_evicted(store: Any, what: dict[str, Any], left: str) -> None:
    """H3.5"""
    entry(store, "a" * 64, created_at=BORN - 7_200)
    entry(store, "b" * 64, model="m1")
    entry(store, "c" * 64, user_id="grace")
    store.hset(CORE, "not a digest", "{}")
    receipt = ordered(store, **what).receipt
    assert (receipt["looked_at"], receipt["evicted"]) == (3, 1)
    assert {name.decode()[0] for name in store.hkeys(CORE)} == set(left) | {"n"}


def test_a_hash_of_many_is_read_in_steps_and_evicted_whole(store: Any) -> None:
    """H3.5: more than one answer of HSCAN."""
    with store.pipeline(transaction=False) as pipe:
        for number in range(2_500):
            pipe.hset(CORE, f"{number:064x}", json.dumps({"model": f"m{number % 2}", "response": "x" * 80}))
        pipe.execute()
    assert survey(store, TODAY).entries.inside_sampled == 1_000
    receipt = ordered(store, by="model", model="m1").receipt
    assert receipt["evicted"] == 1_250
    assert store.hlen(CORE) == 1_250


@pytest.mark.parametrize("poison", [b"\xff\xfe", b"{not json", b"[1]", b"x" * 300_000])
def test_what_cannot_be_read_inside_the_hash_hides_no_others(store: Any, poison: bytes) -> None:
    good = entry(store, "a" * 64)
    store.hset(CORE, "b" * 64, poison)
    found = described(store, [good, inside("b" * 64)], BERLIN, NOW)
    assert {one.key: one.model for one in found.found} == {good: "gpt-4o", inside("b" * 64): None}


def test_something_else_in_its_place_is_counted_and_left_alone(store: Any) -> None:
    store.rpush(CORE, "a list")
    found = survey(store, TODAY).entries
    assert (found.exact, found.left_out) == (0, {"helix:exact:cache is no hash": 1})
    assert ordered(store, by="key", key=inside("a" * 64)).receipt["evicted"] == 0
    assert store.llen(CORE) == 1
