"""The gateway's keys in a real store: as the document says, as its writers write, and poisoned."""

from __future__ import annotations

import json
from datetime import date
from zoneinfo import ZoneInfo

import pytest
import redis

from helix_dash.errors import StoreUnavailable
from helix_dash.samples.answers import answers
from helix_dash.samples.reader import SampleReader
from helix_dash.samples.writer import SampleWriter
from helix_dash.sources.gateway import contract
from helix_dash.sources.gateway.incidents import incidents, parsed
from helix_dash.sources.gateway.questions import SOURCE, questions
from helix_dash.sources.gateway.survey import survey
from helix_dash.sources.polling import Poller
from helix_dash.store import connect

UTC = ZoneInfo("UTC")
TODAY = date(2026, 11, 22)
CANARY = "4111-1111-1111-1111 John Smith"


@pytest.fixture
def store(store_url: str) -> redis.Redis:
    return connect(store_url)


def test_the_document_as_it_stands_is_read(store: redis.Redis) -> None:
    """H8"""
    store.set("helix:requests:total", 12345)
    store.set("helix:requests:cache_hits", 6789)
    store.zadd("helix:spend:total", {"2026-11-21": 12.5, "2026-11-22": 3.25})
    store.zadd("helix:spend:user:user-1", {"2026-11-22": 3.25})
    store.rpush(
        "helix:pii:incidents",
        json.dumps({"user_id": "123", "entity_type": "CREDIT_CARD", "timestamp": "2026-11-01T00:00:00Z"}),
    )
    store.hset("helix:exact:" + "a" * 64, mapping={"response": "…", "model": "gpt-4o", "cost_usd": "0.01"})
    found = contract.counters(store)
    assert (found.requests, found.hits) == (12345, 6789)
    assert contract.spend(store).days == {"2026-11-21": 12.5, "2026-11-22": 3.25}
    assert survey(store, TODAY).users.top == {"user-1": (3.25, 3.25)}
    assert incidents(store, UTC).found[0].types == {"CREDIT_CARD": 1}
    assert survey(store, TODAY).entries.exact == 1


def test_what_was_never_written_is_unknown_not_zero(store: redis.Redis) -> None:
    found = contract.counters(store)
    assert (found.requests, found.hits) == (None, None)


@pytest.mark.parametrize("poison", ["NaN", "many", "1.5", "", "1e400", b"\xff\xfe"])
def test_a_counter_that_is_no_number_is_unknown_and_counted(store: redis.Redis, poison: str | bytes) -> None:
    store.set("helix:requests:total", poison)
    found = contract.counters(store)
    assert (found.requests, sum(found.left_out.values())) == (None, 1)


def test_keys_of_a_wrong_type_break_nothing(store: redis.Redis) -> None:
    for key in ("helix:requests:total", "helix:spend:total", "helix:pii:incidents", "helix:ttl:default"):
        store.sadd(key, "x")
    assert contract.counters(store).left_out
    assert contract.spend(store).left_out
    assert incidents(store, UTC).left_out
    assert contract.thresholds(store)["ttl"] == {}


def test_the_poison_of_its_own_init_script_is_left_out(store: redis.Redis) -> None:
    """The gateway's set-up leaves a member named placeholder in both."""
    store.zadd("helix:spend:total", {"placeholder": 0, "2026-11-22": 5})
    store.lpush("helix:pii:incidents", "placeholder")
    assert contract.spend(store).days == {"2026-11-22": 5.0}
    assert incidents(store, UTC).left_out == {"an incident is no JSON object": 1}


def test_days_are_read_by_their_date_not_by_their_amount(store: redis.Redis) -> None:
    store.zadd("helix:spend:user:a", {"2026-11-20": 1, "2026-09-01": 100, "2026-11-22": 2})
    assert survey(store, TODAY).users.top == {"a": (103, 3)}


def test_the_highest_spenders_of_all_are_told_whatever_their_number(store: redis.Redis) -> None:
    """The predecessor looked at the first hundred keys it met."""
    with store.pipeline() as pipe:
        for index in range(1500):
            pipe.zadd(f"helix:spend:user:u:{index}", {"2026-11-22": index})
        pipe.execute()
    found = survey(store, TODAY).users
    assert next(iter(found.top)) == "u:1499"
    assert (len(found.top), found.others, found.keys) == (1000, 500, 1500)


def test_all_keys_are_walked_over_once(store: redis.Redis) -> None:
    with store.pipeline() as pipe:
        for index in range(300):
            pipe.zadd(f"helix:spend:user:u{index}", {"2026-11-22": 1})
            pipe.set(f"helix:exact:{index:064x}", "{}")
        pipe.execute()
    survey(store, TODAY)
    assert store.info("commandstats")["cmdstat_scan"]["calls"] <= 3  # type: ignore[index]


def test_an_amount_below_zero_is_no_amount(store: redis.Redis) -> None:
    store.zadd("helix:spend:total", {"2026-11-22": -3})
    assert contract.spend(store).days == {}


def test_a_prefix_is_no_pattern(store: redis.Redis) -> None:
    store.set("helix:spend:user:a", "x")
    store.set("helixXspendXuserXa", "x")
    assert list(contract.scan(store, "helix:spend:user:")) == ["helix:spend:user:a"]
    assert list(contract.scan(store, "helix*")) == []


def test_what_begins_like_an_entry_and_is_none_is_not_counted(store: redis.Redis) -> None:
    store.xadd("helix:vector:batch:encode", {"a": "b"})
    store.zadd("helix:cache:metrics", {"total": 1})
    store.set("helix:exact:" + "b" * 64, "{}", ex=60)
    store.hset("helix:vector:0b9f", "prompt", "x")
    found = survey(store, TODAY).entries
    assert (found.exact, found.semantic, found.other) == (1, 1, 0)
    assert (found.sampled, found.expiring, found.without_end) == (2, 1, 1)


# -- incidents -------------------------------------------------------------------------------------------

FORMS = [
    {"user_id": "u", "entity_type": "CREDIT_CARD", "timestamp": "2026-11-22T10:00:00Z"},
    {"user_id": "u", "timestamp": "2026-11-22T10:00:00", "action": "redacted", "content_preview": CANARY},
    {"user_id": 7, "entity": "CREDIT_CARD", "original": CANARY, "timestamp": "2026-11-22T10:00:00+00:00"},
    {"user": "u", "entities": ["CREDIT_CARD", "EMAIL_ADDRESS"], "ts": 1795341600},
    {"user": "u", "entities": [{"type": "US_SSN"}], "ts": 1795341600000},
    {
        "user_id": "u",
        "entities_detected": ["PERSON"],
        "redacted": "<PERSON>",
        "timestamp": "2026-11-22T10:00:00Z",
    },
    {"user_id": "u", "pii_type": "phone_number", "content": CANARY, "timestamp": "2026-11-22T10:00:00Z"},
    {"user_id": "u", "masked_entity_count": {"US_SSN": 2}, "timestamp": "2026-11-22T10:00:00Z"},
]


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_an_incident_is_read_and_says_when(form: dict[str, object]) -> None:
    """H4.1, H8"""
    (found,) = parsed([json.dumps(form)], UTC).found
    assert found.at == 1_795_341_600_000_000
    assert found.user in ("u", "7")


@pytest.mark.parametrize("form", FORMS)
def test_nothing_of_the_text_leaves(form: dict[str, object]) -> None:
    """H4, T: what the gateway stored raw is never shown."""
    assert "4111" not in repr(parsed([json.dumps(form)], UTC))
    assert "Smith" not in repr(parsed([json.dumps(form)], UTC))


@pytest.mark.parametrize("entity", [CANARY, "SMITH", "john smith", 12, ["x"], {"type": CANARY}, None])
def test_an_entity_that_may_be_the_data_themselves_is_unknown(entity: object) -> None:
    (found,) = parsed([json.dumps({"entity_type": entity, "user_id": "u"})], UTC).found
    assert set(found.types) == {"UNKNOWN"}


def test_types_are_counted() -> None:
    """H4.2"""
    (found,) = parsed([json.dumps({"entities": ["US_SSN", "US_SSN", "MY_OWN_ID"]})], UTC).found
    assert found.types == {"US_SSN": 2, "MY_OWN_ID": 1}


def test_the_newest_comes_first_whichever_end_the_writer_pushes_to() -> None:
    bodies = [
        json.dumps({"user_id": f"u{hour}", "timestamp": f"2026-11-22T{hour:02}:00:00Z"}) for hour in (3, 9, 1)
    ]
    assert [one.user for one in parsed(bodies, UTC).found] == ["u9", "u3", "u1"]


def test_a_time_without_a_zone_is_one_of_the_reporting_zone() -> None:
    (found,) = parsed([json.dumps({"timestamp": "2026-11-22T11:00:00"})], ZoneInfo("Europe/Berlin")).found
    assert found.at == 1_795_341_600_000_000


@pytest.mark.parametrize(
    "poison", ["{", "[]", "null", "1", '"text"', b"\xff\xfe", "[" * 100_000, '{"timestamp": "never"}']
)
def test_one_bad_incident_hides_no_other(poison: str | bytes) -> None:
    good = json.dumps({"user_id": "good", "entity_type": "US_SSN"})
    found = parsed([poison, good], UTC)
    assert "good" in [one.user for one in found.found]


@pytest.mark.parametrize("time", ["NaN", 1e300, -5, True, "9999-99-99", {"a": 1}, 0])
def test_a_time_that_is_none_is_unknown(time: object) -> None:
    (found,) = parsed([json.dumps({"timestamp": time})], UTC).found
    assert found.at is None


def test_two_equal_incidents_are_two() -> None:
    body = json.dumps({"user_id": "u"})
    assert len({one.id for one in parsed([body, body], UTC).found}) == 2


# -- as a source -----------------------------------------------------------------------------------------


def test_history_comes_from_samples_for_the_gateway_keeps_none(store_url: str, store: redis.Redis) -> None:
    """H8: without a log of ours, trends come from watching the counters."""
    writer, now = SampleWriter(store_url), [0.0]
    poller = Poller(SOURCE, questions(lambda: store, UTC), store, writer, clock=lambda: now[0])
    for total in (100, 130, 150):
        store.set("helix:requests:total", total)
        poller.step()
        now[0] += 100
    at = writer.now()
    series = SampleReader(store).read("gateway.counters", at - 60_000_000, at, at)
    assert series.total("requests") == 50


def test_a_gateway_store_that_is_away_is_said_and_what_it_said_stays(
    store_url: str, store: redis.Redis
) -> None:
    writer, now = SampleWriter(store_url), [0.0]
    store.set("helix:requests:total", 5)
    Poller(SOURCE, questions(lambda: store, UTC), store, writer, clock=lambda: now[0]).step()
    gone = connect("redis://127.0.0.1:1/0")
    Poller(SOURCE, questions(lambda: gone, UTC), store, writer, clock=lambda: now[0]).step()
    found = answers(store, SOURCE)["counters"]
    assert (found.reason, found.body["requests"]) == ("unreachable", 5)


def test_without_a_store_a_reader_says_so() -> None:
    with pytest.raises(StoreUnavailable):
        contract.counters(connect("redis://127.0.0.1:1/0"))
