"""The demo's gateway keeps keys of a gateway's form from the simulated traffic, within bounds, and is called simulated."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from helix_dash import collector
from helix_dash.errors import SettingError
from helix_dash.log.schema import RequestRecord
from helix_dash.model import CacheOutcome, us_from_utc
from helix_dash.settings import load
from helix_dash.sources.gateway import contract, simulated
from helix_dash.sources.gateway.incidents import incidents
from helix_dash.sources.gateway.simulated import SimulatedGateway
from helix_dash.sources.gateway.survey import survey
from helix_dash.sources.simulator import Traffic
from helix_dash.store import connect

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)


@pytest.fixture
def traffic() -> list[RequestRecord]:
    return list(Traffic(7, BERLIN).between(NOW - timedelta(days=2), NOW, 3_000))


@pytest.fixture
def store(store_url: str, traffic: list[RequestRecord]) -> Any:
    now = datetime.now(UTC)  # entries expire by the store's clock
    shift = now - NOW
    gateway = SimulatedGateway(store_url, BERLIN)
    for record in traffic:
        record.time += shift
        gateway.take(record)
    gateway.flush()
    return connect(store_url)


def test_its_counters_are_those_of_the_traffic(store: Any, traffic: list[RequestRecord]) -> None:
    found = contract.counters(store)
    hits = sum(record.cache in (CacheOutcome.EXACT, CacheOutcome.SEMANTIC) for record in traffic)
    assert (found.requests, found.hits, found.left_out) == (3_000, hits, {})


def test_its_spending_is_that_of_the_traffic_by_local_day(store: Any, traffic: list[RequestRecord]) -> None:
    days: dict[str, float] = {}
    for record in traffic:
        if record.cost_usd:
            day = record.time.astimezone(BERLIN).date().isoformat()
            days[day] = days.get(day, 0.0) + float(record.cost_usd)
    assert contract.spend(store).days == pytest.approx(days)
    users = survey(store, datetime.now(BERLIN).date()).users
    assert sum(total for total, _ in users.top.values()) == pytest.approx(sum(days.values()))


def test_every_entry_expires_within_a_day(store: Any) -> None:
    keys = [*contract.scan(store, contract.EXACT), *contract.scan(store, contract.VECTOR)]
    assert len(keys) > 100
    assert all(0 < store.ttl(key) <= simulated.ENTRY_SECONDS for key in keys)


def test_entries_say_in_words_that_they_are_made_up(store: Any) -> None:
    key = next(contract.scan(store, contract.EXACT))
    entry = store.hgetall(key)
    assert entry[b"response"].startswith(b"Simulated answer")
    assert float(entry[b"created_at"]) <= datetime.now(UTC).timestamp()
    vector = store.hget(next(contract.scan(store, contract.VECTOR)), "vector")
    assert len(vector) == simulated.DIMENSIONS * 4


def test_there_are_never_more_entries_than_it_may_keep(
    store_url: str, traffic: list[RequestRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulated, "MOST_ENTRIES", 50)
    gateway = SimulatedGateway(store_url, BERLIN, clock=lambda: NOW.timestamp())
    for record in traffic:
        record.time += datetime.now(UTC) - NOW
        gateway.take(record)
    gateway.flush()
    found = survey(connect(store_url), NOW.date()).entries
    assert 0 < found.exact + found.semantic <= 50


def test_its_incidents_are_of_several_forms_and_hold_nobodys_data(store: Any) -> None:
    """H4.1"""
    found = incidents(store, BERLIN)
    assert found.left_out == {}
    assert {incident.raw for incident in found.found} == {True, False}
    texts = [body["content_preview"] for one in store.lrange(contract.INCIDENTS, 0, -1) if "content_preview" in (body := json.loads(one))]  # fmt: skip
    assert texts
    assert all(text.startswith("(simulated)") for text in texts)


def test_a_history_that_goes_back_day_by_day_leaves_its_newest_incidents(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulated, "_MOST_INCIDENTS", 20)
    now = datetime.now(UTC)
    gateway, found = SimulatedGateway(store_url, BERLIN), []
    for _, records in Traffic(7, BERLIN).days_back(now - timedelta(days=4), now, 4_000):
        for record in records:
            found += [record.time] if record.pii else []
            gateway.take(record)
    gateway.flush()
    kept = incidents(connect(store_url), BERLIN).found
    newest = sorted(found)[-20:]
    assert kept
    assert all(one.at is not None and one.at >= us_from_utc(newest[0]) - 10**6 for one in kept)


def test_a_setting_that_somebody_changed_stays(store_url: str, traffic: list[RequestRecord]) -> None:
    client: Any = connect(store_url)
    client.hset(contract.TTL, "exact", "60")
    SimulatedGateway(store_url, BERLIN).flush()
    assert client.hget(contract.TTL, "exact") == b"60"
    assert contract.thresholds(client)["adaptive"]["current_threshold"] == 0.85


def test_a_store_that_is_away_stops_nobody(traffic: list[RequestRecord], tmp_path: Any) -> None:
    gateway = SimulatedGateway(f"unix://{tmp_path}/none.sock", BERLIN)
    for record in traffic[:10]:
        gateway.take(record)
    gateway.flush()


def test_what_the_collector_reads_of_it_is_marked_as_a_mocks(store_url: str) -> None:
    settings = load({"REDIS_URL": store_url, "SIMULATE_GATEWAY": "1"})
    duty: Any = collector.duties(settings)["gateway"]
    assert duty.__self__.mock is True


def test_two_writers_of_the_same_counters_are_refused() -> None:
    with pytest.raises(SettingError, match="both count"):
        load({"SIMULATE_GATEWAY": "1", "WRITE_GATEWAY_KEYS": "1"})
