"""Simulated traffic: deterministic, labelled, and plausible in every part a page shows."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import msgspec
import pytest

from helix_dash import money
from helix_dash.errors import StoreUnavailable
from helix_dash.log.schema import RequestRecord, to_wire
from helix_dash.model import CacheOutcome, Period, Status
from helix_dash.sources.simulator import Traffic, run_live, write_history
from helix_dash.sources.simulator_request import CALM
from helix_dash.sources.simulator_world import MODELS, PRICED_AT

NOW = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)
WEEK = timedelta(days=7)


@pytest.fixture(scope="module")
def week() -> list[RequestRecord]:
    """A week of traffic."""
    return list(Traffic(7).between(NOW - WEEK, NOW, 20_000))


class Notebook:
    """A recorder that keeps what it is given, and stops taking when it is full."""

    def __init__(self, room: int | None = None) -> None:
        self.records: list[RequestRecord] = []
        self.vouched: list[Period] = []
        self.room = room

    def record(self, record: RequestRecord) -> bool:
        self.records.append(record)
        return True

    def vouch(self, period: Period) -> None:
        self.vouched.append(period)

    def wait_for_room(self, timeout: float | None = None) -> bool:
        return self.room is None or len(self.records) < self.room


def contents(records: Iterable[RequestRecord]) -> list[dict[str, object]]:
    """The records without their times and the ids that tell runs apart."""
    unlike = ("time", "call_id", "trace_id", "session_id")
    return [
        {name: value for name, value in msgspec.structs.asdict(record).items() if name not in unlike}
        for record in records
    ]


def test_the_same_seed_gives_the_same_traffic(week: list[RequestRecord]):
    assert list(Traffic(7).between(NOW - WEEK, NOW, 20_000)) == week


def test_another_seed_gives_other_traffic(week: list[RequestRecord]):
    other = list(Traffic(8).between(NOW - WEEK, NOW, 100))
    assert contents(other) != contents(week[:100])


def test_there_are_exactly_as_many_as_were_asked_for(week: list[RequestRecord]):
    assert len(week) == 20_000


def test_times_are_in_order_and_within_the_period(week: list[RequestRecord]):
    times = [record.time for record in week]
    assert times == sorted(times)
    assert times[0] >= NOW - WEEK
    assert times[-1] < NOW


def test_every_record_says_that_it_is_simulated(week: list[RequestRecord]):
    assert {record.source for record in week} == {"simulated"}


def test_every_record_can_be_written(week: list[RequestRecord]):
    assert all(to_wire(record) for record in week)


def test_call_ids_are_unique(week: list[RequestRecord]):
    assert len({record.call_id for record in week}) == len(week)


def test_afternoons_are_busier_than_nights(week: list[RequestRecord]):
    hours = Counter(record.time.hour for record in week if record.time.weekday() < 5)
    assert hours[15] > 10 * hours[3]


def test_working_days_are_busier_than_weekends(week: list[RequestRecord]):
    days = Counter(record.time.weekday() for record in week)
    assert min(days[day] for day in (0, 1, 2, 3)) > 2 * max(days[5], days[6])


def test_the_day_begins_in_the_given_zone():
    tokyo = list(Traffic(7, ZoneInfo("Asia/Tokyo")).between(NOW - WEEK, NOW, 5_000))
    hours = Counter(record.time.hour for record in tokyo)
    assert hours[6] > 10 * hours[18]  # 15:00 and 3:00 there


@pytest.mark.parametrize("status", Status)
def test_every_outcome_occurs(week: list[RequestRecord], status: Status):
    assert any(record.status is status for record in week)


@pytest.mark.parametrize("outcome", CacheOutcome)
def test_every_cache_outcome_occurs(week: list[RequestRecord], outcome: CacheOutcome):
    assert any(record.cache is outcome for record in week)


@pytest.mark.parametrize("limiter", ["rpm", "tpm", "budget", "parallel", "provider"])
def test_every_limiter_occurs(week: list[RequestRecord], limiter: str):
    assert any(record.limiter == limiter for record in week)


def test_only_throttled_requests_have_a_limiter(week: list[RequestRecord]):
    assert {record.status for record in week if record.limiter} == {Status.THROTTLED}


def test_a_dozen_models_and_two_embedders_are_used(week: list[RequestRecord]):
    assert len({record.model for record in week}) == len(MODELS) + 2 >= 14


@pytest.mark.parametrize("model", sorted({model.name for model in MODELS} - {"house-llama-8b"}))
def test_a_model_costs_its_real_price(week: list[RequestRecord], model: str):
    found = next(record for record in week if record.model == model and record.cost_usd)
    assert found.cost_usd == money.price(
        model,
        found.provider,
        uncached=found.uncached_tokens or 0,
        cached=found.cached_tokens or 0,
        cache_write=found.cache_write_tokens or 0,
        visible=found.visible_tokens or 0,
        reasoning=found.reasoning_tokens or 0,
        at=PRICED_AT,
    )


def test_the_model_of_the_house_has_no_price(week: list[RequestRecord]):
    own = [record for record in week if record.model == "house-llama-8b" and record.status is Status.SUCCESS]
    paid = {
        record.cost_usd for record in own if record.cache not in (CacheOutcome.EXACT, CacheOutcome.SEMANTIC)
    }
    assert paid == {None}


def test_a_cache_hit_uses_and_costs_nothing(week: list[RequestRecord]):
    hits = [record for record in week if record.cache in (CacheOutcome.EXACT, CacheOutcome.SEMANTIC)]
    assert {(record.cost_usd, record.uncached_tokens, record.visible_tokens) for record in hits} == {
        (0, 0, 0)
    }


def test_a_cache_hit_knows_its_owner_and_age(week: list[RequestRecord]):
    hits = [record for record in week if record.cache is CacheOutcome.EXACT]
    assert all(record.cache_owner and record.cache_age_ms for record in hits)


def test_hits_and_misses_tell_the_key_of_their_entry(week: list[RequestRecord]):
    told = {record.cache for record in week if record.cache_key}
    assert told >= {CacheOutcome.EXACT, CacheOutcome.SEMANTIC, CacheOutcome.MISS}
    assert all(record.cache_key for record in week if record.cache in (CacheOutcome.EXACT, CacheOutcome.MISS))


def test_a_semantic_hit_is_more_similar_than_a_miss(week: list[RequestRecord]):
    hits = [record.similarity for record in week if record.cache is CacheOutcome.SEMANTIC]
    misses = [record.similarity for record in week if record.cache is CacheOutcome.MISS and record.similarity]
    assert sum(hits) / len(hits) > sum(misses) / len(misses) + 0.3  # type: ignore[arg-type]


def test_only_streams_have_a_time_to_the_first_token(week: list[RequestRecord]):
    timed = [record for record in week if record.ttft_ms is not None]
    assert timed
    assert all(record.stream and record.ttft_ms <= record.latency_ms for record in timed)  # type: ignore[operator]


def test_embeddings_tell_batch_and_dimensions(week: list[RequestRecord]):
    embeddings = [
        record for record in week if record.endpoint == "embeddings" and record.status is Status.SUCCESS
    ]
    assert {record.embedding_dimensions for record in embeddings} == {1536, 3072}
    assert max(record.batch_size or 0 for record in embeddings) == 96


def test_personal_data_is_told_by_type_and_count_alone(week: list[RequestRecord]):
    found = {entity for record in week for entity in record.pii}
    assert {"EMAIL_ADDRESS", "US_SSN", "CREDIT_CARD"} <= found
    assert all(entity.replace("_", "").isupper() for entity in found)


def test_some_personal_data_is_masked_and_some_requests_are_blocked(week: list[RequestRecord]):
    outcomes = {record.status for record in week if record.pii}
    assert {Status.SUCCESS, Status.BLOCKED} <= outcomes


def test_some_prompts_repeat(week: list[RequestRecord]):
    hashes = Counter(record.prompt_hash for record in week if record.prompt_hash)
    assert hashes.most_common(1)[0][1] > 50


def test_few_users_make_most_requests(week: list[RequestRecord]):
    users = Counter(record.user for record in week)
    assert sum(n for _, n in users.most_common(6)) > len(week) / 3
    assert len(users) > 40


def test_there_are_several_organizations_with_teams_of_their_own(week: list[RequestRecord]):
    homes: dict[str | None, set[str]] = {}
    for record in week:
        homes.setdefault(record.team, set()).add(record.organization)
    assert len(set().union(*homes.values())) == 3
    assert all(len(organizations) == 1 for organizations in homes.values())


def test_any_two_days_hold_a_429_storm(week: list[RequestRecord]):
    quarters = Counter(
        record.time.replace(minute=record.time.minute // 15 * 15, second=0, microsecond=0)
        for record in week
        if record.status is Status.THROTTLED and record.time > NOW - timedelta(days=4)
    )
    assert quarters.most_common(1)[0][1] > 10


def test_any_two_days_hold_a_slow_hour():
    traffic = Traffic(7)
    start = int((NOW - timedelta(days=2)).timestamp()) * 10**6
    moods = [traffic.mood(start + minute * 60 * 10**6) for minute in range(2 * 24 * 60)]
    assert 55 <= sum(bool(mood.slow_provider) for mood in moods) <= 60


def test_in_a_slow_hour_that_provider_is_slow(week: list[RequestRecord]):
    traffic = Traffic(7)
    slow, usual = [], []
    for record in week:
        if record.endpoint == "chat" and record.cache is CacheOutcome.MISS:
            mood = traffic.mood(int(record.time.timestamp() * 1e6))
            (slow if mood.slow_provider == record.provider else usual).append(record.latency_ms or 0)
    assert sum(slow) / len(slow) > 1.7 * sum(usual) / len(usual)


def test_history_is_written_in_full_and_vouched_for():
    notebook = Notebook()
    assert write_history(notebook, 3, 1000, NOW) == 1000  # type: ignore[arg-type]
    assert len(notebook.records) == 1000
    days = [NOW - timedelta(days=back) for back in range(4)]
    assert notebook.vouched == [Period(first, last) for last, first in pairwise(days)]


def test_history_begins_with_the_last_day():
    """What people look at first is right first."""
    notebook = Notebook()
    write_history(notebook, 3, 1000, NOW)  # type: ignore[arg-type]
    ages = [(NOW - record.time) // timedelta(days=1) for record in notebook.records]
    assert ages == sorted(ages)
    assert set(ages) == {0, 1, 2}
    assert all(one.time <= two.time for one, two in pairwise(notebook.records) if (NOW - one.time).days == (NOW - two.time).days)  # fmt: skip


def test_history_takes_the_given_traffic():
    notebook = Notebook()
    write_history(notebook, 3, 50, NOW, traffic=Traffic(7))  # type: ignore[arg-type]
    whole = Traffic(7).between(NOW - timedelta(days=3), NOW, 50)
    assert sorted(notebook.records, key=lambda one: one.time) == list(whole)


def test_history_ends_in_words_when_the_store_takes_nothing():
    """F: the store is away while the demo fills it."""
    with pytest.raises(StoreUnavailable, match="takes no records"):
        write_history(Notebook(room=500), 3, 2000, NOW)  # type: ignore[arg-type]


def live(seed: int, count: int) -> list[RequestRecord]:
    """The first ``count`` live records of a seed."""
    stop = threading.Event()

    class Enough(Notebook):
        def record(self, record: RequestRecord) -> bool:
            if len(self.records) + 1 >= count:
                stop.set()
            return super().record(record)

    notebook = Enough()
    run_live(notebook, 2000, stop, traffic=Traffic(seed))  # type: ignore[arg-type]
    return notebook.records[:count]


def test_live_traffic_happens_now():
    before = datetime.now(UTC)
    records = live(7, 50)
    assert all(before <= record.time <= datetime.now(UTC) for record in records)


def test_live_traffic_of_two_runs_is_not_taken_for_doubles():
    """The log drops a second record with the same source and call id."""
    ids = {record.call_id for record in live(7, 50)} | {record.call_id for record in live(7, 50)}
    assert len(ids) == 100


def test_live_traffic_follows_from_the_seed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Traffic, "_mood_of", lambda *_: CALM)  # whatever hour the test runs at
    assert contents(live(7, 100)) == contents(live(7, 100))


def test_live_traffic_stops_when_told():
    stop = threading.Event()
    stop.set()
    assert run_live(Notebook(), 10, stop) == 0  # type: ignore[arg-type]
