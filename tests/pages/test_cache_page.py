"""The cache page over a real store and log: figures of a known ledger, the gateway's keys, who may change them."""

# ruff: noqa: F811 - fixtures are imported by name

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient

from helix_dash.app import create_app
from helix_dash.auth.audit import entries
from helix_dash.auth.users import create_user
from helix_dash.context import open_log
from helix_dash.embedded import EmbeddedStore
from helix_dash.log.fold import Fold
from helix_dash.log.retention import Retention
from helix_dash.metrics.cache_lab import lab
from helix_dash.metrics.cache_owners import crossings
from helix_dash.metrics.cache_waste import waste
from helix_dash.model import EVERYTHING, Filter, Period
from helix_dash.orders.book import orders
from helix_dash.orders.performer import Performer
from helix_dash.pages.cache import callbacks, queries, view
from helix_dash.pages.cache.queries import ORDERS
from helix_dash.samples.writer import SampleWriter
from helix_dash.sources.gateway.cache_orders import cache_orders
from helix_dash.sources.gateway.questions import SOURCE, questions
from helix_dash.sources.polling import Poller
from request_records import a_request, recorded
from webapp import PASSWORD, body_of, people, settings_for, sign_in, store, web_store  # noqa: F401 - fixtures

CALL = "/_dash-update-component"
STATE = {
    "from": "now-24h", "to": "now", "where": {}, "without": {}, "zone": None, "compare": False, "charts": {}, "grid": None,
}  # fmt: skip
UTC_ZONE = ZoneInfo("UTC")
BEGAN = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3)
HOUR = 3_600_000.0


def at(minutes: float, **changes: Any) -> Any:
    return a_request(time=BEGAN + timedelta(minutes=minutes), **changes)


def a_hit(minutes: float, outcome: str, saved: str, **changes: Any) -> Any:
    more = {"cache": outcome, "cost_usd": Decimal(0), "avoided_cost_usd": Decimal(saved), "cache_age_ms": HOUR, "cache_owner": "ada"}  # fmt: skip
    return at(minutes, **more | changes)


LEDGER = (
    a_hit(10, "exact", "0.01", prompt_hash="p1", team="red", latency_ms=10.0),
    a_hit(20, "semantic", "0.02", similarity=0.95, user="bob", team="blue", latency_ms=20.0),
    a_hit(30, "semantic", "0.03", similarity=0.86, user="amy", team="red", latency_ms=30.0),
    at(40, cache="miss", similarity=0.84, prompt_hash="p2"),
    at(50, cache="miss", similarity=0.50, prompt_hash="p2"),
    at(0, cache="miss", prompt_hash="p3"),
    at(120, cache="miss", prompt_hash="p3"),
    at(60, cache="bypass", endpoint="embeddings", prompt_hash="p4", cost_usd=Decimal("0.002")),
    at(61, cache="bypass", endpoint="embeddings", prompt_hash="p4", cost_usd=Decimal("0.002")),
    at(70, status="error", cost_usd=None),
)


@pytest.fixture
def app(web_store: EmbeddedStore, people: redis.Redis, tmp_path: Path) -> Iterator[Flask]:
    """The real pages over the ledger."""
    recorded(web_store.url, *LEDGER)
    Fold(web_store.url, retention=Retention(90)).step()
    app = create_app(settings_for(web_store.url, tmp_path), open_log=open_log)
    with app.test_request_context():
        yield app


@pytest.fixture
def log(app: Flask, web_store: EmbeddedStore, tmp_path: Path) -> Any:
    return open_log(settings_for(web_store.url, tmp_path))


def a_day() -> Filter:
    now = datetime.now(UTC)
    return Filter(Period(now - timedelta(days=1), now))


def seeded(store: Any) -> None:
    """As the document says, and the gateway's own settings."""
    store.set("helix:requests:total", 12345)
    store.set("helix:requests:cache_hits", 6789)
    for name in "ab":
        entry = {"response": "John Smith", "model": "gpt-4o", "cost_usd": "0.00032", "created_at": 1732642151}
        store.hset(f"helix:exact:{name * 64}", mapping=entry)
    store.hset("helix:vector:" + "c" * 64, mapping={"model": "gpt-4o", "user_id": "ada", "hit_count": 4})
    store.hset("helix:adaptive:thresholds", mapping={"current_threshold": 0.85})
    store.hset("helix:ttl:default", mapping={"exact": 3600, "semantic": 7200})


def asked(store: Any, url: str) -> None:
    """The collector has read the gateway's keys."""
    Poller(SOURCE, questions(lambda: store, UTC_ZONE), store, SampleWriter(url)).step()


def visitor(app: Flask, role: str) -> FlaskClient:
    client = app.test_client()
    assert sign_in(client, role).status_code == 303
    return client


def called(client: FlaskClient, output: str, values: dict[str, Any]) -> Any:
    return client.post(CALL, json=body_of(client.get("/_dash-dependencies").json, output, values))


def refresh(client: FlaskClient, **inputs: Any) -> dict[str, Any]:
    """What a refresh gives to which place, of both callbacks."""
    parts: dict[str, Any] = {}
    given = {"hx-tick.data": {"n": 1}, "hx-filter.data": STATE, "hx-cache.data-page-state": "loading"}
    given |= {f"hx-cache-{name}.value": value for name, value in inputs.items()}
    for fill in (view.TOTALS, view.SINGLE):
        answer = called(client, f"{fill}.data", given)
        assert answer.status_code == 200, answer.text
        for place, properties in answer.json["response"][fill]["data"]["parts"].items():
            parts[place] = parts.get(place, {}) | properties
    return parts


def raw(parts: dict[str, Any], *names: str) -> list[str]:
    return [str(parts[f"hx-kpi-{name}"]["data-raw"]) for name in names]


def table(parts: dict[str, Any], name: str) -> list[list[str]]:
    """The texts of table ``name``, row by row, the first the row's name."""
    data = parts[f"hx-cache-{name}-rows"]["data"]
    texts = [
        [cell["text"] if isinstance(cell, dict) else cell for cell in row["cells"]] for row in data["rows"]
    ]
    return [[row["name"], *cells] for row, cells in zip(data["rows"], texts, strict=True)]


def evict(client: FlaskClient, what: Any) -> Any:
    values = {"hx-cache-sure.n_clicks": 1, "hx-cache-asked.data": {"what": what, "words": "?"}}
    return called(client, "hx-cache-done.children", values)


def on_record(store: redis.Redis) -> list[tuple[str, str, str]]:
    return [(one.event.action, one.event.object, one.event.result) for one in entries(store)]


# --- figures of the ledger -----------------------------------------------------------------------------------


def test_the_cards_equal_the_ledger(app: Flask) -> None:
    """H3.1, H3.4: three hits and four misses; two never asked, one failed."""
    found = refresh(visitor(app, "viewer"))
    assert raw(found, "cache_hits", "cache_misses", "cache_bypass") == ["3", "4", "2"]
    rates = [float(one) for one in raw(found, "cache_hit_rate", "cache_rate_exact", "cache_rate_semantic")]
    assert rates == pytest.approx([3 / 7, 1 / 7, 2 / 7])
    assert [float(one) for one in raw(found, "avoided_cost_usd", "cache_time_saved")] == pytest.approx(
        [0.06, 690]
    )
    assert raw(found, "cache_latency_hit", "cache_latency_miss") == ["10", "250"]
    assert "1 request does not say" in found["hx-cache-note"]["children"]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu", "America/Los_Angeles"])
def test_parts_sum_to_the_whole_in_every_zone(log: Any, people: redis.Redis, zone: str) -> None:
    """Issue E, 2"""
    found = queries.cache(log.in_zone(ZoneInfo(zone)), people, EVERYTHING, a_day(), now=datetime.now(UTC))
    sums = {name: sum(value or 0 for value in lines[0]) for name, lines in found.timeline.values.items()}
    parts = sum(
        sums[name] for name in ("cache_hits_exact", "cache_hits_semantic", "cache_misses", "cache_bypass")
    )
    assert parts + (found.silent or 0) == sums["requests"] == len(LEDGER)
    assert sums["avoided_cost_usd"] == pytest.approx(0.06)
    for dim in queries.DIMS:
        assert sum(one.figures["avoided_cost_usd"] or 0 for one in found.splits[dim]) == pytest.approx(0.06)
        assert sum(one.figures["requests"] or 0 for one in found.splits[dim]) == len(LEDGER)


def test_what_never_asked_the_cache_says_why(app: Flask) -> None:
    found = refresh(visitor(app, "viewer"))
    assert table(found, "bypass") == [
        ["embeddings", "The cache does not serve this kind of call", "2", "$0.00400"]
    ]


def test_the_lab_counts_what_each_threshold_would_have_done(log: Any) -> None:
    """X4"""
    found = lab(log, EVERYTHING, a_day())
    assert (found.lookups, found.lowest_hit, found.highest_miss) == (4, 0.86, 0.84)
    lower, higher = found.at(0.84), found.at(0.9)
    assert (lower.hits, lower.gained, lower.lost, lower.saved_usd) == (3, 1, 0, Decimal("0.051"))
    assert (higher.hits, higher.gained, higher.lost, higher.saved_usd) == (1, 0, 1, Decimal("0.02"))


def test_the_lab_shows_a_threshold_beside_the_present_one(
    app: Flask, people: redis.Redis, web_store: EmbeddedStore
) -> None:
    """X4, H3.3: with the exact hit, four of seven would be answered."""
    seeded(people)
    asked(people, web_store.url)
    found = refresh(visitor(app, "viewer"), pick=0.84)
    assert table(found, "try")[:2] == [["Hit rate", "57.1%", "42.9%"], ["Saved", "$0.0610", "$0.0600"]]
    assert [row[1:4] for row in table(found, "pairs")] == [["0.860", "hit", "hit"], ["0.840", "miss", "hit"]]
    assert [row[1] for row in table(found, "near")] == ["0.840"]


def test_without_the_gateways_word_the_lowest_hit_is_the_threshold(app: Flask) -> None:
    found = refresh(visitor(app, "viewer"))
    assert "threshold 0.86, the lowest hit" in found["hx-cache-scores-subtitle"]["children"]


def test_what_was_paid_for_again_is_told_with_its_reason(log: Any) -> None:
    """X2: one below the threshold, one expired, one that never asked."""
    found = waste(log, EVERYTHING, a_day(), ttl_s=3600, threshold=0.85)
    told = {reason: (one.requests, one.cost_usd) for reason, one in found.reasons.items()}
    assert told == {
        "bypass": (1, Decimal("0.002")),
        "expired": (1, Decimal("0.001")),
        "below": (1, Decimal("0.001")),
    }
    assert (found.total.requests, found.total.cost_usd, found.hashed) == (3, Decimal("0.004"), 6)
    assert (found.top[0].prompt_hash, found.gap_p90_s) == ("p4", 7200)


def test_without_a_known_life_nothing_is_called_expired(log: Any) -> None:
    """X2"""
    found = waste(log, EVERYTHING, a_day(), ttl_s=None, threshold=None)
    assert {reason: one.requests for reason, one in found.reasons.items()} == {"bypass": 1, "other": 2}


def test_answers_across_tenants_are_counted_by_what_may_not_be_crossed(log: Any) -> None:
    """X5: bob got an entry of the red team; amy one of her own team, though not her own."""
    found = crossings(log, EVERYTHING, a_day())
    assert (found.hits, found.known, found.teams, found.users, found.unplaced) == (3, 3, 1, 2, 0)
    assert [one.user for one in found.latest["team"]] == ["bob"]
    assert [one.user for one in found.latest["user"]] == ["amy", "bob"]


def test_an_answer_across_teams_can_be_evicted_with_one_button(app: Flask) -> None:
    """X5: by who wrote it and when."""
    parts = refresh(visitor(app, "editor"), policy="team")
    cell = parts["hx-cache-cross-rows"]["data"]["rows"][0]["cells"][-1]
    what = json.loads(cell["deed"])["what"]
    born = round((BEGAN + timedelta(minutes=20 - 60)).timestamp() * 1_000_000)
    assert what == {"by": "birth", "owner": "ada", "model": "gpt-4o", "created": born}
    assert "Evict" not in json.dumps(refresh(visitor(app, "viewer"))["hx-cache-cross-rows"])


def test_rules_tell_their_evidence(app: Flask) -> None:
    """H3.2"""
    found = refresh(visitor(app, "viewer"))
    assert found["hx-cache-advice-0-title"]["children"] == "Keep teams apart in the cache's key"
    assert "1 of 3 hits" in found["hx-cache-advice-0-text"]["children"]


# --- the gateway's keys --------------------------------------------------------------------------------------


def test_a_redis_as_the_document_says_is_shown_without_any_log(
    web_store: EmbeddedStore, people: redis.Redis, tmp_path: Path
) -> None:
    """Issue E, 1; H8"""
    seeded(people)
    asked(people, web_store.url)
    app = create_app(settings_for(web_store.url, tmp_path), open_log=open_log)
    found = refresh(visitor(app, "viewer"))
    assert raw(found, "cache_entries", "cache_hit_rate") == ["3", ""]
    assert [row[:2] for row in table(found, "count")] == [["Requests", "12.35k"], ["Hits, exact or semantic", "6,789"], ["Hit rate, of all requests", "55.0%"]]  # fmt: skip
    assert next(row[1:4] for row in table(found, "entries")) == ["semantic", "gpt-4o", "ada"]
    assert found["hx-cache-outcomes"]["data-state"] == "empty"
    assert "John Smith" not in json.dumps(found)


def test_the_largest_entries_come_with_of_how_many_they_are_the_largest(
    app: Flask, people: redis.Redis, web_store: EmbeddedStore
) -> None:
    """H3.5"""
    seeded(people)
    people.hset(
        "helix:exact:cache", "f" * 64, json.dumps({"model": "gpt-4o-mini", "embedding": [0.5] * 1536})
    )
    asked(people, web_store.url)
    found = refresh(visitor(app, "editor"))
    assert table(found, "largest")[0][:4] == ["cache/ffffffffff…", "7.7 kB", "exact", "gpt-4o-mini"]
    assert found["hx-cache-largest-subtitle"]["children"].startswith("4 largest of all 4;")
    deed = found["hx-cache-largest-rows"]["data"]["rows"][0]["cells"][-1]["deed"]
    assert json.loads(deed)["what"] == {"by": "key", "key": "helix:exact:cache/" + "f" * 64}


def test_its_counters_are_held_against_the_log_of_the_same_time(
    log: Any, people: redis.Redis, web_store: EmbeddedStore
) -> None:
    """X15: what it counted before anybody watched is no difference."""
    seeded(people)
    asked(people, web_store.url)
    people.incrby("helix:requests:total", 5)
    asked(people, web_store.url)
    now = datetime.now(UTC)
    found = queries.cache(
        log, people, EVERYTHING, Filter(Period(now - timedelta(days=1), now + timedelta(minutes=1))), now=now
    )
    assert found.gateway is not None
    assert (found.gateway.requests, found.gateway.requests_grown) == (12350, 5)
    assert not found.counted["requests"]  # none, or unknown: the ledger ended before


def test_a_gateway_that_nobody_asked_is_not_called_empty(app: Flask) -> None:
    found = refresh(visitor(app, "viewer"))
    assert raw(found, "cache_entries", "cache_memory", "cache_evicted") == ["", "", ""]
    assert "Is one running?" in found["hx-cache-entries-text"]["children"]


def test_poisoned_keys_are_rejected_with_their_reasons(
    app: Flask, people: redis.Redis, web_store: EmbeddedStore
) -> None:
    """Issue E, 4"""
    seeded(people)
    people.set("helix:requests:total", "NaN")
    people.set("helix:exact:" + "d" * 64, b"\xff\x00")
    people.rpush("helix:vector:" + "e" * 64, "a list")
    people.hset("helix:exact:" + "a" * 64, "created_at", "99999999999999999")
    asked(people, web_store.url)
    found = refresh(visitor(app, "viewer"))
    words = found["hx-cache-gateway-told"]["children"]
    assert "4 records rejected" in words
    assert "is of another type (1)" in words
    assert table(found, "count")[0][1] == "—"


def test_a_simulated_gateway_is_called_so(app: Flask, people: redis.Redis, web_store: EmbeddedStore) -> None:
    seeded(people)
    Poller(SOURCE, questions(lambda: people, UTC_ZONE), people, SampleWriter(web_store.url), mock=True).step()
    found = refresh(visitor(app, "viewer"))
    assert found["hx-cache-gateway-mock"]["children"] == "Simulated gateway"


def test_who_sees_one_organization_sees_nothing_of_the_gateways_keys(
    app: Flask, people: redis.Redis, web_store: EmbeddedStore
) -> None:
    """T: keys do not say which organization they belong to."""
    seeded(people)
    asked(people, web_store.url)
    create_user(people, "tenant", PASSWORD, "editor", "acme")
    client = visitor(app, "tenant")
    found = refresh(client)
    assert {found[f"hx-cache-{name}"]["data-state"] for name in ("count", "entries", "orders")} == {
        "forbidden"
    }
    assert "helix:exact" not in json.dumps(found)
    assert evict(client, {"by": "model", "model": "gpt-4o"}).status_code == 403
    assert orders(people, ORDERS) == []


# --- changing it ---------------------------------------------------------------------------------------------


def test_an_editor_evicts_and_reads_the_receipt(
    app: Flask, people: redis.Redis, web_store: EmbeddedStore
) -> None:
    """H3.5: ordered, on record, performed by the collector, told on the page."""
    seeded(people)
    client = visitor(app, "editor")
    assert "Ordered" in evict(client, {"by": "model", "model": "gpt-4o", "and": "more"}).text
    assert orders(people, ORDERS)[0].what == {"by": "model", "model": "gpt-4o"}
    assert people.exists("helix:exact:" + "a" * 64), "a web worker changes nothing itself"
    assert on_record(people)[-1] == ("cache evicted", "all of the model gpt-4o", "done")
    Performer(people, cache_orders(lambda: people, UTC_ZONE)).step()
    assert people.keys("helix:exact:*") == []
    (row,) = table(refresh(client), "orders")
    assert row[1:4] == ["Evict all of the model gpt-4o", "editor", "done"]
    assert row[4].startswith("3 of 3 evicted")


@pytest.mark.parametrize("role", ["viewer", "analyst"])
def test_a_call_made_by_hand_orders_nothing_and_is_on_record(
    app: Flask, people: redis.Redis, role: str
) -> None:
    """T: 403, an entry of the audit record, and nothing else."""
    client = visitor(app, role)
    test = called(client, _output(client, "hx-cache-test"), {"hx-cache-test.n_clicks": 1})
    save = called(client, "hx-cache-told.children", {"hx-cache-save.n_clicks": 1, "hx-cache-setting.value": "exact", "hx-cache-value.value": 60})  # fmt: skip
    statuses = [evict(client, {"by": "model", "model": "x"}).status_code, test.status_code, save.status_code]
    assert statuses == [403, 403, 403]
    assert orders(people, ORDERS) == []
    assert [action for action, _, _ in on_record(people)].count("refused") == 3


def _output(client: FlaskClient, button: str) -> str:
    """The first output of the callback that ``button`` begins."""
    told = client.get("/_dash-dependencies").json
    found = next(one["output"] for one in told if any(part["id"] == button for part in one["inputs"]))
    return str(found).strip(".").split("...")[0]


def test_a_viewers_page_has_no_form(app: Flask) -> None:
    page = called(visitor(app, "viewer"), "hx-page.children", {"hx-url.pathname": "/cache"}).text
    assert "Needs the editor role" in page
    assert "hx-cache-sure" not in page
    assert "hx-cache-known" not in page
    assert "hx-cache-known" not in refresh(visitor(app, "viewer"))


@pytest.mark.parametrize(
    "what", [None, [], {"by": "everything"}, {"by": "model", "model": ""}, {"by": "model", "model": ["x"]}, {"by": "age", "seconds": -1}, {"by": "age", "seconds": 1e400}, {"by": "key", "key": "a\nb"}, {"by": "birth", "created": "1", "owner": "ada"}]
)  # fmt: skip
def test_an_eviction_that_says_nothing_useful_is_refused_in_words(
    app: Flask, people: redis.Redis, what: Any
) -> None:
    text = json.dumps(what).replace("Infinity", "1e400")
    assert "Say which entries" in evict(visitor(app, "editor"), json.loads(text)).text
    assert orders(people, ORDERS) == []
    assert "cache evicted" not in [action for action, _, _ in on_record(people)]


def test_what_cannot_be_recorded_is_not_ordered(
    app: Flask, people: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    from helix_dash.auth import audit
    from helix_dash.errors import StoreUnavailable

    client = visitor(app, "editor")

    def refuses(*_: Any, **__: Any) -> None:
        raise StoreUnavailable("The store did not answer.")

    monkeypatch.setattr(audit, "append", refuses)
    assert "Nothing was changed" in evict(client, {"by": "model", "model": "x"}).text
    assert orders(people, ORDERS) == []


def test_a_setting_and_a_health_test_are_ordered_and_on_record(
    app: Flask, people: redis.Redis, web_store: EmbeddedStore
) -> None:
    """H3.5"""
    seeded(people)
    client = visitor(app, "editor")
    values = {"hx-cache-save.n_clicks": 1, "hx-cache-setting.value": "exact", "hx-cache-value.value": 7200, "hx-cache-known.data": {"exact": {"value": 3600}}}  # fmt: skip
    assert "Ordered" in called(client, "hx-cache-told.children", values).text
    assert (
        "must be a number"
        in called(client, "hx-cache-told.children", values | {"hx-cache-value.value": 1}).text
    )
    called(client, _output(client, "hx-cache-test"), {"hx-cache-test.n_clicks": 1})
    performer = Performer(people, cache_orders(lambda: people, UTC_ZONE))
    while performer.step():
        pass
    assert people.hget("helix:ttl:default", "exact") == b"7200"
    told = {row[1]: row[4] for row in table(refresh(client), "orders")}
    assert told["Set exact to 7200"] == "3600 → 7200"
    assert told["Health test"].endswith("the answer was the one put there")
    assert [one[:2] for one in on_record(people)][-2:] == [("cache setting changed", "exact"), ("cache tested", "the gateway's cache")]  # fmt: skip


# --- what it costs -------------------------------------------------------------------------------------------


def _commands(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    sent: list[str] = []
    execute = redis.Redis.execute_command

    def counting(self: redis.Redis, *given: Any, **options: Any) -> Any:
        sent.append(f"{given[0]} {given[1] if len(given) > 1 else ''}")
        return execute(self, *given, **options)

    with monkeypatch.context() as patched:
        patched.setattr(redis.Redis, "execute_command", counting)
        refresh(client)
    return sent


@pytest.mark.slow
def test_a_refresh_asks_no_more_of_a_hundred_thousand_entries(
    app: Flask, people: redis.Redis, web_store: EmbeddedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Issue E, 3: 100,000 exact keys and 20,000 vectors; no command of a refresh goes to the gateway's keys."""
    seeded(people)
    asked(people, web_store.url)
    client = visitor(app, "viewer")
    refresh(client)  # opens the log
    few = _commands(client, monkeypatch)
    client_of_gateway: Any = people
    with client_of_gateway.pipeline(transaction=False) as pipe:
        for number in range(100_000):
            pipe.hset(f"helix:exact:{number:064x}", mapping={"model": "gpt-4o", "created_at": 1732642151})
            if number % 5 == 0:
                pipe.hset(f"helix:vector:{number:064x}", mapping={"model": "gpt-4o", "vector": bytes(1536)})
            if number % 5_000 == 4_999:
                pipe.execute()
    asked(people, web_store.url)
    many = _commands(client, monkeypatch)
    assert len(many) == len(few)
    ours = [one for one in many if any(word in one for word in (":orders", ":answers:", ":samples:"))]
    assert 0 < len(ours) <= 8
    assert [one for one in many if " helix:" in one or "SCAN" in one or "KEYS" in one] == []
    assert raw(refresh(client), "cache_entries") == ["120003"]


def test_a_refresh_is_two_calls_of_the_server() -> None:
    ticking = [one for one in callbacks.on.recorded if "hx-tick" in str(one.options.get("inputs", ""))]
    assert len(ticking) == 2


def test_every_place_stands_on_the_page(app: Flask) -> None:
    page = called(visitor(app, "editor"), "hx-page.children", {"hx-url.pathname": "/cache"}).text
    places = {**callbacks.TOTALS, **callbacks.SINGLE}
    assert [one.component_id for one in places.values() if f'"{one.component_id}"' not in page] == []
