"""What is answered out of memory while the store is away: what was read, as of when, and nothing else."""

from __future__ import annotations

import time
from typing import Any

import pytest
import redis

from helix_dash.embedded import EmbeddedStore
from helix_dash.errors import StoreUnavailable
from helix_dash.metrics.incident_states import change, handled
from helix_dash.recall import Memory, Recalled, Recalling, Unknown
from helix_dash.samples.keys import SECOND
from helix_dash.samples.reader import SampleReader
from helix_dash.samples.writer import SampleWriter
from helix_dash.store import connect

NOON = 1_790_000_000
"""Epoch seconds."""


class Clock:
    now = float(NOON)

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def memory(clock: Clock) -> Memory:
    return Memory(clock=clock)


def fields(*numbers: int, key: str = "frames") -> tuple[Any, ...]:
    return ("HMGET", key, *map(str, numbers))


# --- the rules -----------------------------------------------------------------------------------------------


def test_a_reply_is_given_again_with_its_time(memory: Memory, clock: Clock) -> None:
    memory.hold(("HGETALL", "limits"), {b"a": b"1"})
    clock.now += 600
    found = memory.recall(("HGETALL", "limits"))
    assert (found.reply, found.at) == ({b"a": b"1"}, NOON)


def test_nothing_is_made_up(memory: Memory) -> None:
    memory.hold(("HGETALL", "limits"), {b"a": b"1"})
    with pytest.raises(Unknown):
        memory.recall(("HGETALL", "budgets"))


def test_who_changes_a_reply_changes_no_memory(memory: Memory) -> None:
    reply = {b"a": b"1"}
    memory.hold(("HGETALL", "limits"), reply)
    reply.clear()
    memory.recall(("HGETALL", "limits")).reply.clear()
    assert memory.recall(("HGETALL", "limits")).reply == {b"a": b"1"}


def test_the_stores_clock_goes_on(memory: Memory, clock: Clock) -> None:
    memory.hold(("TIME",), (NOON + 5, 250_000))
    clock.now += 90
    found = memory.recall(("TIME",))
    assert (found.reply, found.at) == ((NOON + 95, 250_000), None)


def test_a_window_that_has_moved_on_has_nothing_after_what_was_read(memory: Memory, clock: Clock) -> None:
    memory.hold(fields(7, 8, 9), [b"7", None, b"9"])
    clock.now += 20
    found = memory.recall(fields(8, 9, 10, 11))
    assert (found.reply, found.at) == ([None, b"9", None, None], NOON)


def test_what_lies_before_or_between_what_was_read_is_unknown(memory: Memory) -> None:
    memory.hold(fields(7, 8), [b"7", b"8"])
    memory.hold(fields(11, 12), [b"11", b"12"])
    for asked in (fields(6, 7), fields(8, 9), fields(10, 11)):
        with pytest.raises(Unknown):
            memory.recall(asked)


def test_of_several_replies_the_oldest_tells_the_time(memory: Memory, clock: Clock) -> None:
    memory.hold(fields(1, 2), [b"1", b"2"])
    clock.now += 60
    memory.hold(fields(3), [b"3"])
    assert memory.recall(fields(2, 3)).at == NOON
    assert memory.recall(fields(3)).at == NOON + 60


def test_a_field_with_a_name_is_known_only_when_it_was_read(memory: Memory) -> None:
    memory.hold(("HMGET", "answers", "a"), [b"1"])
    with pytest.raises(Unknown):
        memory.recall(("HMGET", "answers", "a", "b"))


def test_who_knows_a_whole_hash_knows_its_fields_and_the_newer_reply_counts(
    memory: Memory, clock: Clock
) -> None:
    memory.hold(("HMGET", "answers", "a"), [b"old"])
    clock.now += 60
    memory.hold(("HGETALL", "answers"), {b"a": b"1", b"b": b"2"})
    assert memory.recall(("HMGET", "answers", "a", b"b", "c")).reply == [b"1", b"2", None]
    assert memory.recall(("HGET", "answers", "b")) == Recalled(b"2", NOON + 60)
    clock.now += 60
    memory.hold(("HMGET", "answers", "a"), [b"new"])
    assert memory.recall(("HMGET", "answers", "a")) == Recalled([b"new"], NOON + 120)


def test_what_was_read_up_to_the_present_answers_a_later_and_a_narrower_span(
    memory: Memory, clock: Clock
) -> None:
    def span(start: int, end: int) -> tuple[Any, ...]:
        return ("ZREVRANGEBYSCORE", "times", f"({end * SECOND}", start * SECOND, "LIMIT", 0, 10)

    memory.hold(span(NOON - 3600, NOON), [b"b", b"a"])
    clock.now += 120
    assert memory.recall(span(NOON - 3480, NOON + 120)).reply == [b"b", b"a"]
    with pytest.raises(Unknown):
        memory.recall(span(NOON - 7200, NOON + 120))
    memory.hold(span(NOON - 9000, NOON - 8000), [b"c"])
    assert memory.recall(span(NOON - 9000, NOON - 8500)).reply == [b"c"]
    with pytest.raises(Unknown):
        memory.recall(span(NOON - 9000, NOON))


def test_memory_is_bounded_and_loses_what_was_asked_longest_ago() -> None:
    memory = Memory(most=10_000)
    for number in range(100):
        memory.hold(("GET", f"key-{number}"), b"x" * 1000)
        memory.hold(("GET", "always"), b"y")
    assert 5_000 < memory.bytes <= 10_000
    assert memory.recall(("GET", "always")).reply == b"y"
    with pytest.raises(Unknown):
        memory.recall(("GET", "key-0"))


def test_a_hash_of_endless_fields_keeps_those_of_the_last_question(memory: Memory) -> None:
    for start in range(0, 100_000, 1000):
        memory.hold(fields(*range(start, start + 1000)), [b"x"] * 1000)
    assert memory.bytes < 2 * 2**20
    assert memory.recall(fields(99_999)).reply == [b"x"]


# --- a real store --------------------------------------------------------------------------------------------


@pytest.fixture
def used() -> list[float]:
    return []


@pytest.fixture
def reading(store_server: EmbeddedStore, used: list[float]) -> Recalling:
    return Recalling(connect(store_server.url), used.append)


def restart(store_server: EmbeddedStore) -> None:
    """Start the store, and wait until it answers: of several servers some must find each other first."""
    store_server.start()
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            with connect(store_server.url) as client:
                client.ping()
            return
        except redis.RedisError:
            time.sleep(0.2)
    pytest.fail("the store did not come back")


def test_while_the_store_answers_memory_says_nothing(
    reading: Recalling, store_server: EmbeddedStore, used: list[float]
) -> None:
    with connect(store_server.url) as client:
        client.hset("{app}h", "a", "1")
        assert reading.hgetall("{app}h") == {b"a": b"1"}
        client.hset("{app}h", "a", "2")
        assert reading.hgetall("{app}h") == {b"a": b"2"}
    assert used == []


def test_a_store_that_went_away_is_answered_for_and_asked_again_when_it_is_back(
    reading: Recalling, store_server: EmbeddedStore, used: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("helix_dash.recall.PAUSE", 0.0)
    with connect(store_server.url) as client:
        client.hset("{app}h", "a", "1")
        assert reading.hvals("{app}h") == [b"1"]
        store_server.stop()
        assert reading.hvals("{app}h") == [b"1"]
        assert len(used) == 1
        with pytest.raises(StoreUnavailable, match="Unknown since the store is away"):
            reading.hvals("{app}other")
        restart(store_server)
        client.hset("{app}h", "a", "2")
    assert reading.hvals("{app}h") == [b"2"]


def test_a_change_fails_plainly_and_is_not_made_later(
    reading: Recalling, store_server: EmbeddedStore
) -> None:
    reading.get("{app}k")
    store_server.stop()
    with pytest.raises(redis.ConnectionError):
        reading.set("{app}k", "x")
    with reading.pipeline(transaction=True) as pipe:
        pipe.get("{app}k")
        with pytest.raises(redis.ConnectionError):
            pipe.execute()
    restart(store_server)
    with connect(store_server.url) as client:
        assert client.get("{app}k") is None


def test_series_are_recalled_in_a_window_that_moves_on(
    reading: Recalling, store_server: EmbeddedStore
) -> None:
    writer = SampleWriter(store_server.url)
    now = writer.now()
    for at, count in ((now - 90 * SECOND, 100), (now - 60 * SECOND, 300)):
        writer.record("kv.one", at, {"tokens": count})
    hour, reader = 3600 * SECOND, SampleReader(reading)
    first = reader.read("kv.one", now - hour, now, now)
    past = reader.read("kv.one", now - 5 * hour, now - 4 * hour, now)
    store_server.stop()
    for later in (0, 3, 11, 60, 600):
        moved = now + later * SECOND
        found = reader.read("kv.one", moved - hour, moved, moved)
        assert (found.total("tokens"), first.total("tokens")) == (200, 200)
    again = reader.read("kv.one", now - 5 * hour, now - 4 * hour, now + 60 * SECOND)
    assert (again.starts, again.frames) == (past.starts, past.frames)
    with pytest.raises(StoreUnavailable):
        reader.read("kv.one", now - 5 * hour, now, now)
    restart(store_server)


def test_what_people_did_about_incidents_is_recalled(reading: Recalling, store_server: EmbeddedStore) -> None:
    now = SampleWriter(store_server.url).now()
    with connect(store_server.url) as client:
        change(client, "log:a-1", now - 60 * SECOND, "acknowledge", "me", now)
    day = 86_400 * SECOND
    assert handled(reading, now - day, now)["log:a-1"].by == "me"
    store_server.stop()
    assert handled(reading, now - day + 7 * SECOND, now + 7 * SECOND)["log:a-1"].by == "me"
    with pytest.raises(StoreUnavailable):
        handled(reading, now - 2 * day, now)
    restart(store_server)
