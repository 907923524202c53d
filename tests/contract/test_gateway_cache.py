"""The gateway's cache in a real Redis, with and without RediSearch: entries of all forms, poisoned, evicted, probed."""

from __future__ import annotations

import json
import pickle
import struct
import time
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from search_store import LITERAL, MEANT, needs_redisearch, search_server, searched  # noqa: F401 - fixtures

from helix_dash.orders.book import Order, find, place
from helix_dash.orders.performer import Performer
from helix_dash.samples.answers import answers
from helix_dash.samples.sources import CACHE_EVICT, CACHE_PROBE, CACHE_SETTING
from helix_dash.samples.writer import SampleWriter
from helix_dash.sources.gateway import contract
from helix_dash.sources.gateway.cache_orders import cache_orders
from helix_dash.sources.gateway.entries import described
from helix_dash.sources.gateway.questions import SOURCE, questions
from helix_dash.sources.gateway.search_index import NO_INDEX, NO_MODULE, find_index, listed
from helix_dash.sources.polling import Poller
from helix_dash.store import connect

BERLIN = ZoneInfo("Europe/Berlin")
NOW = round(time.time() * 1_000_000)
BORN = NOW // 1_000_000 - 3_600
CANARY = "4111-1111-1111-1111 John Smith"


@pytest.fixture
def store(store_url: str) -> Any:
    return connect(store_url)


def exact(name: str) -> str:
    return contract.EXACT + name * 64


def vector(name: str) -> str:
    return contract.VECTOR + name * 64


def write_hash(store: Any, key: str, **fields: Any) -> str:
    given = {"model": "gpt-4o", "created_at": BORN, "user_id": "ada", "response": CANARY, "prompt": CANARY}
    store.hset(key, mapping=given | fields)
    return key


def protected(store: Any) -> list[str]:
    """Keys that begin like cache entries, or near them, and must outlive every eviction."""
    store.xadd("helix:vector:batch:encode", {"a": "1"})
    store.zadd("helix:cache:metrics", {"total_requests": 1})
    store.zadd("helix:spend:user:ada", {"2026-11-22": 1})
    store.rpush("helix:pii:incidents", "{}")
    store.hset("helix:ttl:default", mapping={"exact": 3600})
    return sorted(key.decode() for key in store.keys("*"))


def told(store: Any) -> dict[str, Any]:
    return {one.key: one for one in described(store, list(contract.scan(store, "helix:")), BERLIN, NOW).found}


# --- entries -------------------------------------------------------------------------------------------------


def test_the_documents_entry_is_read(store: Any) -> None:
    """H8"""
    key = write_hash(store, exact("a"), cost_usd="0.00032")
    store.expire(key, 600)
    found = told(store)[key]
    assert (found.level, found.model, found.owner, found.created) == (
        "exact",
        "gpt-4o",
        "ada",
        BORN * 1_000_000,
    )
    assert 0 < found.ends <= 600
    assert found.bytes > 50


def test_the_hooks_string_of_json_is_read(store: Any) -> None:
    """H8"""
    store.set(exact("b"), json.dumps({"model": "gpt-4o", "created": BORN, "choices": [CANARY]}), ex=600)
    found = told(store)[exact("b")]
    assert (found.model, found.created, found.owner) == ("gpt-4o", BORN * 1_000_000, None)


def test_vectors_of_both_writers_are_read(store: Any) -> None:
    """H8: local ISO time without hits, and epoch floats with them."""
    packed = struct.pack("<384f", *[0.05] * 384)
    local = datetime.fromtimestamp(BORN, BERLIN).replace(tzinfo=None).isoformat()
    write_hash(store, "helix:vector:6f3c", created_at=local, vector=packed)
    write_hash(store, vector("c"), created_at=f"{BORN}.25", hit_count="7", last_accessed=f"{BORN + 60}.5")
    found = told(store)
    assert found["helix:vector:6f3c"].created == BORN * 1_000_000
    assert (found[vector("c")].hits, found[vector("c")].used) == (7, BORN * 1_000_000 + 60_500_000)


def test_what_is_no_entry_is_not_among_them(store: Any) -> None:
    assert {contract.level_of(key) for key in protected(store)} == {None}
    assert told(store) == {}


@pytest.mark.parametrize(
    "poison",
    [
        {"created_at": "NaN"},
        {"created_at": f"{BORN * 1000 + 10**14}"},  # the future, in milliseconds
        {"created_at": b"\xff\xfe"},
        {"created_at": "yesterday"},
        {"created_at": "-1"},
    ],
)
def test_a_time_that_cannot_be_right_is_unknown_and_counted(store: Any, poison: dict[str, Any]) -> None:
    key = write_hash(store, exact("d"), **poison)
    found = described(store, [key], BERLIN, NOW)
    assert [one.created for one in found.found] == [None]
    assert sum(found.left_out.values()) == 1


def test_milliseconds_are_taken_for_what_they_are(store: Any) -> None:
    key = write_hash(store, exact("d"), created_at=str(BORN * 1000))
    assert told(store)[key].created == BORN * 1_000_000


def test_poisoned_entries_hide_no_others(store: Any) -> None:
    """T: wrong type, binary, broken JSON, a pickle, a text that is much too long."""
    store.rpush(exact("1"), "a list")
    store.set(exact("2"), b"\xff\x00binary")
    store.set(exact("3"), "{not json")
    store.set(exact("4"), pickle.dumps({"model": "x"}))
    store.set(exact("5"), "[1, 2]")
    store.set(exact("6"), "x" * 300_000)
    write_hash(store, vector("7"), model="m" * 500, user_id="a\nb", hit_count="-3")
    good = write_hash(store, exact("8"))
    found = described(store, list(contract.scan(store, "helix:")), BERLIN, NOW)
    by_key = {one.key: one for one in found.found}
    assert by_key[good].model == "gpt-4o"
    assert (by_key[vector("7")].model, by_key[vector("7")].owner, by_key[vector("7")].hits) == (
        None,
        None,
        None,
    )
    assert found.left_out == {"a cache entry is of another type": 1, "a cache entry is no JSON object": 4}


def test_no_text_of_an_entry_gets_into_our_store(store: Any, store_url: str) -> None:
    """H4.5"""
    write_hash(store, exact("a"))
    write_hash(store, vector("b"), response_json=json.dumps({"response": CANARY}))
    store.set(exact("c"), json.dumps({"model": "gpt-4o", "choices": [CANARY]}))
    Poller(SOURCE, questions(lambda: store, BERLIN), store, SampleWriter(store_url)).step()
    body = answers(store, SOURCE)["entries"].body
    assert {one["key"] for one in body["found"]} == {exact("a"), vector("b"), exact("c")}
    assert "John Smith" not in repr(answers(store, SOURCE))


# --- RediSearch ----------------------------------------------------------------------------------------------


def test_without_the_module_it_says_so(store: Any) -> None:
    assert find_index(store).why == NO_MODULE


@needs_redisearch
def test_the_documents_own_command_is_refused_and_what_it_means_is_found(searched: Any) -> None:  # noqa: F811
    """H8"""
    with pytest.raises(Exception, match=r"Expected|VECTOR"):
        searched.execute_command(*LITERAL.split())
    assert find_index(searched).why == NO_INDEX
    searched.execute_command(*MEANT.split())
    found = find_index(searched)
    assert (found.name, found.docs, found.dimensions) == ("idx:semantic", 0, 384)


@needs_redisearch
@pytest.mark.parametrize("name", ["helix:semantic:index", "helix_semantic_cache", "somebody's own"])
def test_an_index_is_found_by_what_it_covers(searched: Any, name: str) -> None:  # noqa: F811
    arguments = MEANT.replace("DIM 384", "DIM 1536").split()
    searched.execute_command(
        "FT.CREATE", "another", "ON", "HASH", "PREFIX", "1", "other:", "SCHEMA", "a", "TEXT"
    )
    searched.execute_command(*[name if one == "idx:semantic" else one for one in arguments])
    found = find_index(searched)
    assert (found.name, found.dimensions) == (name, 1536)


@needs_redisearch
def test_entries_are_counted_and_listed_by_the_index(searched: Any, search_server: Any) -> None:  # noqa: F811
    """H3.5"""
    searched.execute_command(*MEANT.split(), "hit_count", "NUMERIC", "SORTABLE")
    for number in range(70):
        packed = struct.pack("<384f", *[0.01 * (number + 1)] * 384)
        write_hash(searched, f"helix:vector:{number:064x}", vector=packed, hit_count=number)
    write_hash(searched, vector("e"), vector=b"too short")
    index = _indexed(searched, 70)
    assert (index.docs, index.failed) == (70, 1)
    assert listed(searched, index, 3) == [f"helix:vector:{number:064x}" for number in (69, 68, 67)]
    Poller(SOURCE, questions(lambda: searched, BERLIN), searched, SampleWriter(search_server.url)).step()
    told = answers(searched, SOURCE)["entries"]
    assert told.ok
    assert told.body["index"]["docs"] == 70
    assert [one["hits"] for one in told.body["found"]][:2] == [69, 68]


def _indexed(store: Any, docs: int) -> Any:
    deadline = time.monotonic() + 30
    while (found := find_index(store)).docs != docs and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


@needs_redisearch
@pytest.mark.parametrize("protocol", [2, 3])
def test_both_protocols_are_read(searched: Any, search_server: Any, protocol: int) -> None:  # noqa: F811
    searched.execute_command(*MEANT.split())
    write_hash(searched, vector("a"), vector=struct.pack("<384f", *[0.1] * 384))
    _indexed(searched, 1)
    with connect(f"{search_server.url}?protocol={protocol}") as client:
        index = find_index(client)
        assert (index.docs, index.dimensions) == (1, 384)
        assert listed(client, index, 10) == [vector("a")]


# --- orders --------------------------------------------------------------------------------------------------


def ordered(store: Any, kind: str, **what: Any) -> Order:
    identity = place(store, kind, what, "account:ada")
    assert Performer(store, cache_orders(lambda: store, BERLIN)).step()
    found = find(store, identity)
    assert found is not None
    return found


@pytest.fixture
def filled(store: Any) -> Any:
    write_hash(store, exact("a"))
    write_hash(store, exact("b"), model="gpt-4o-mini", user_id="grace")
    write_hash(store, vector("c"), created_at=BORN - 7_200)
    store.set(exact("d"), json.dumps({"model": "gpt-4o", "created": BORN}))
    store.hset(exact("e"), mapping={"response": "says nothing of itself"})
    return store


def left(store: Any) -> set[str]:
    return {key for key in contract.scan(store, "helix:") if contract.level_of(key)}


def test_one_entry_is_evicted_by_its_key(filled: Any) -> None:
    """H3.5, T: and what is no key of an entry is refused."""
    kept = set(protected(filled)) - {exact("a")}
    receipt = ordered(filled, CACHE_EVICT, by="key", key=exact("a")).receipt
    assert (receipt["looked_at"], receipt["evicted"]) == (1, 1)
    for key in (
        "helix:spend:user:ada",
        "helix:exact:cache",
        "helix:exact:cache/not a digest",
        "helixdash:{app}:users",
        "helix:cache:metrics",
    ):
        refused = ordered(filled, CACHE_EVICT, by="key", key=key)
        assert (refused.state, refused.said) == ("failed", "This is no key of a cache entry.")
    assert kept <= {key.decode() for key in filled.keys("*")}


@pytest.mark.parametrize(
    ("what", "gone", "silent"),
    [
        ({"by": "model", "model": "gpt-4o"}, "acd", 1),
        ({"by": "owner", "owner": "grace"}, "b", 2),
        ({"by": "age", "seconds": 7_000}, "c", 1),
        ({"by": "birth", "owner": "ada", "model": "gpt-4o", "created": BORN * 1_000_000 + 400_000}, "a", 2),
        ({"by": "model", "model": "gpt-4"}, "", 1),
        ({"by": "entry", "entry": "b" * 16}, "b", 0),
        ({"by": "entry", "entry": "b" * 15}, "", 0),
    ],
)
def test_only_what_is_meant_is_evicted(filled: Any, what: dict[str, Any], gone: str, silent: int) -> None:
    """H3.5, X5: what an entry does not say does not count against it."""
    before, kept = left(filled), protected(filled)
    receipt = ordered(filled, CACHE_EVICT, **what).receipt
    assert {key[-1] for key in before - left(filled)} == set(gone)
    assert (receipt["looked_at"], receipt["evicted"], receipt["silent"]) == (5, len(gone), silent)
    others = {key for key in kept if contract.level_of(key) is None}
    assert others <= {key.decode() for key in filled.keys("*")}


@pytest.mark.parametrize(
    "what", [{}, {"by": "everything"}, {"by": "model"}, {"by": "model", "model": ""}, {"by": "entry", "entry": ""}, {"by": "age", "seconds": -1}, {"by": "age", "seconds": "1"}]
)  # fmt: skip
def test_an_order_that_does_not_say_what_evicts_nothing(filled: Any, what: dict[str, Any]) -> None:
    before = left(filled)
    assert ordered(filled, CACHE_EVICT, **what).state == "failed"
    assert left(filled) == before


def test_a_probe_goes_in_and_out_and_leaves_nothing(filled: Any) -> None:
    """H3.5"""
    before = left(filled)
    receipt = ordered(filled, CACHE_PROBE).receipt
    assert (receipt["same"], receipt["gone"]) == (True, True)
    assert left(filled) == before


def test_a_setting_is_put_where_the_gateway_keeps_it(store: Any) -> None:
    """H3.5"""
    store.hset("helix:ttl:default", "exact", "3600")
    receipt = ordered(store, CACHE_SETTING, name="exact", value=7200).receipt
    assert (receipt["before"], receipt["after"]) == (3600, 7200)
    ordered(store, CACHE_SETTING, name="threshold", value=0.91)
    assert contract.thresholds(store)["ttl"]["exact"] == 7200
    assert contract.thresholds(store)["adaptive"]["current_threshold"] == 0.91


@pytest.mark.parametrize(
    "what",
    [{"name": "exact", "value": 1}, {"name": "threshold", "value": 2}, {"name": "threshold", "value": True}, {"name": "threshold", "value": "0.9"}, {"name": "maxmemory", "value": 1}],
)  # fmt: skip
def test_a_setting_that_cannot_be_is_refused(store: Any, what: dict[str, Any]) -> None:
    assert ordered(store, CACHE_SETTING, **what).state == "failed"
    assert store.keys("helix:*") == []


def test_many_entries_are_evicted_in_one_order(store: Any) -> None:
    """H3.5"""
    with store.pipeline(transaction=False) as pipe:
        for number in range(20_000):
            pipe.hset(f"helix:exact:{number:064x}", mapping={"model": f"m{number % 4}", "created_at": BORN})
        pipe.execute()
    receipt = ordered(store, CACHE_EVICT, by="model", model="m1").receipt
    assert (receipt["looked_at"], receipt["evicted"]) == (20_000, 5_000)
