"""Recorder and fold on a real store: every record once, where it belongs, with an account of the rest."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
import redis

from helix_dash.log.cube import QUARTER, decode_cube
from helix_dash.log.fold import STANDBY, Fold
from helix_dash.log.keys import TICK
from helix_dash.log.recorder import Recorder
from helix_dash.log.retention import Retention
from helix_dash.log.shard import LEASE_MS
from helix_dash.model import Period, us_from_utc
from request_records import KEYS, NOON, a_request, client_of, folded_rows, manifest, recorded, stats

pytestmark = pytest.mark.usefixtures("one_shard")


@pytest.fixture
def store(store_url: str) -> Iterator[redis.Redis]:
    with client_of(store_url) as client:
        yield client


@pytest.fixture
def fold(store_url: str) -> Fold:
    return Fold(store_url, retention=Retention(100_000 // 24))


def soon(claim: Callable[[], bool]) -> bool:
    """Whether ``claim`` comes true within half a minute."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if claim():
            return True
        time.sleep(0.02)
    return False


def test_what_was_recorded_is_folded_once_and_leaves_the_stream(
    store_url: str, store: redis.Redis, fold: Fold
) -> None:
    recorded(store_url, *[a_request(n) for n in range(250)])
    assert fold.step().folded == 250
    assert fold.step().folded == 0
    assert [row["seq"] for row in folded_rows(store_url)] == list(range(1, 251))
    assert store.xlen(KEYS.stream) == 0
    assert stats(store_url)["folded"] == 250


def test_a_record_belongs_to_the_quarter_hour_in_which_it_ended_however_late_it_comes(
    store_url: str, store: redis.Redis, fold: Fold
) -> None:
    recorded(store_url, a_request(40), a_request(1))
    fold.step()
    recorded(store_url, a_request(2))
    fold.step()
    counts: dict[int, int] = {}
    for name in manifest(store_url):
        for cell in decode_cube(store.get(KEYS.cube(name))).cells.to_pylist():
            counts[cell["quarter"]] = counts.get(cell["quarter"], 0) + cell["requests"]
    noon = us_from_utc(NOON)
    assert counts == {noon: 2, noon + 2 * QUARTER: 1}
    assert stats(store_url)["late"] == 3


def test_rows_of_a_segment_are_in_order_of_time_though_they_came_otherwise(
    store_url: str, fold: Fold
) -> None:
    recorded(store_url, a_request(9), a_request(3), a_request(6))
    fold.step()
    (segment,) = manifest(store_url).values()
    assert (segment.min_time, segment.max_time) == tuple(
        us_from_utc(NOON + timedelta(minutes=m)) for m in (3, 9)
    )


def test_a_clock_an_hour_ahead_is_kept_and_marked(store_url: str, fold: Fold) -> None:
    now = datetime.now(UTC)
    recorded(store_url, a_request(time=now + timedelta(hours=1)), a_request(time=now))
    fold.step()
    assert [row["skewed"] for row in folded_rows(store_url)] == [False, True]
    assert stats(store_url)["skewed"] == 1


def test_a_richer_record_replaces_the_poorer_one_in_its_segment(
    store_url: str, store: redis.Redis, fold: Fold
) -> None:
    recorded(store_url, a_request(1, call_id="c"), a_request(2))
    fold.step()
    recorded(store_url, a_request(1, call_id="c", team="blue"))
    fold.step()
    assert [row["team"] for row in folded_rows(store_url)] == ["blue", None]
    assert stats(store_url)["replaced"] == 1
    cells = [
        c for name in manifest(store_url) for c in decode_cube(store.get(KEYS.cube(name))).cells.to_pylist()
    ]
    assert sum(cell["requests"] for cell in cells) == 2
    assert len(store.keys(KEYS.rows("*"))) == len(manifest(store_url))


def test_an_import_run_twice_counts_once_even_by_another_fold(store_url: str, fold: Fold) -> None:
    batch = [a_request(n, call_id=f"c{n}") for n in range(50)]
    recorded(store_url, *batch)
    fold.step()
    fold.close()
    recorded(store_url, *batch)
    assert Fold(store_url, retention=Retention(4000)).step().folded == 0
    assert stats(store_url)["duplicates"] == 50


def test_rejected_records_are_listed_with_reason_and_without_their_value(
    store_url: str, store: redis.Redis, fold: Fold
) -> None:
    store.xadd(KEYS.stream, {"e": b"secret rubbish"})
    store.xadd(KEYS.stream, {"x": b"secret"})
    recorded(store_url, a_request())
    assert fold.step().folded == 1
    listed = [msgspec.json.decode(item) for item in store.lrange(KEYS.rejected, 0, -1)]
    assert {item["reason"] for item in listed} == {"not_msgpack", "no_payload"}
    assert b"secret" not in b"".join(store.lrange(KEYS.rejected, 0, -1))
    assert (stats(store_url)["rejected"], stats(store_url)["rejected:no_payload"]) == (2, 1)


def test_drops_at_the_end_are_counted_though_no_record_follows(store_url: str, fold: Fold) -> None:
    recorder = Recorder(store_url, buffer=5)
    with recorder._changed:  # the writer cannot take anything while this is held
        taken = recorder.record_many([a_request(n) for n in range(8)])
    recorder.close(timeout=30)
    fold.step()
    assert (taken, recorder.dropped) == (5, 3)
    assert (stats(store_url)["folded"], stats(store_url)["dropped"]) == (5, 3)


def test_a_loss_leaves_its_time_and_a_commit_how_long_its_oldest_record_waited(
    store_url: str, store: redis.Redis, fold: Fold
) -> None:
    """X1: dropped, rejected, ingest lag."""
    recorded(store_url, a_request())
    store.xadd(KEYS.stream, {"x": b"not a record"})
    time.sleep(0.3)
    fold.step()
    told = stats(store_url)
    assert told["rejected_at"] == told["lag_at"] == told["heartbeat"]
    assert told["lag"] >= 300_000
    assert "dropped_at" not in told


def test_a_second_fold_waits_while_the_first_leads(store_url: str, fold: Fold) -> None:
    recorded(store_url, a_request())
    assert fold.step().leader
    assert Fold(store_url, retention=Retention(90)).step() == (0, 0, False)


def test_a_dead_leader_is_followed_within_five_seconds() -> None:
    """Whoever dies holds the lease until it ends; then the next look of a fold that waits takes over."""
    assert LEASE_MS / 1000 + STANDBY < 5


def test_a_fold_that_gives_up_its_lease_is_followed_at_once(store_url: str, fold: Fold) -> None:
    fold.step()
    fold.close()
    assert Fold(store_url, retention=Retention(90)).step().leader


def test_readers_are_told_of_a_new_version_and_only_then(
    store_url: str, store: redis.Redis, fold: Fold
) -> None:
    fold.step()
    with store.pubsub(ignore_subscribe_messages=True) as ears:
        ears.subscribe(TICK)
        ears.get_message(timeout=5)
        fold.step()
        assert ears.get_message(timeout=0.2) is None
        recorded(store_url, a_request())
        fold.step()
        message = ears.get_message(timeout=5)
    assert message is not None
    assert message["data"] == b"0:" + store.get(KEYS.version)


def test_the_heartbeat_and_coverage_move_while_nothing_arrives(
    store_url: str, store: redis.Redis, fold: Fold
) -> None:
    def beat() -> tuple[int, int]:
        fold.step()
        ends = [end for _, end in msgspec.json.decode(store.get(KEYS.coverage))]
        return stats(store_url)["heartbeat"], max(ends, default=0)

    first = beat()
    version = store.get(KEYS.version)
    assert soon(lambda: beat() > first)
    assert len(msgspec.json.decode(store.get(KEYS.coverage))) == 1
    assert store.get(KEYS.version) == version


def test_an_importer_vouches_for_the_period_it_brought(
    store_url: str, store: redis.Redis, fold: Fold
) -> None:
    recorder = Recorder(store_url)
    recorder.record(a_request(5))
    recorder.vouch(Period(NOON, NOON + timedelta(hours=1)))
    assert recorder.close(timeout=30) == 0
    fold.step()
    assert msgspec.json.decode(store.get(KEYS.coverage))[0] == [
        us_from_utc(NOON),
        us_from_utc(NOON) + 3_600_000_000,
    ]


def test_many_small_segments_become_few_and_keep_every_row(
    store_url: str, store: redis.Redis, fold: Fold
) -> None:
    for n in range(70):
        recorded(store_url, a_request(n, user=f"u{n}"))
        fold.step()
    assert len(manifest(store_url)) <= 21
    assert [row["user"] for row in folded_rows(store_url)] == [f"u{n}" for n in range(70)]
    assert len(store.keys(KEYS.rows("*"))) == len(store.keys(KEYS.cube("*"))) == len(manifest(store_url))


def test_a_segment_the_store_has_lost_is_counted_not_hidden(
    store_url: str, store: redis.Redis, fold: Fold
) -> None:
    """Fault 10: evicted keys."""
    for n in range(8):
        recorded(store_url, a_request(n))
        if n == 7:
            store.delete(KEYS.rows(min(manifest(store_url))))
        fold.step()
    assert stats(store_url)["lost_rows"] == 1
    assert len(folded_rows(store_url)) == 7


def test_rows_older_than_the_retention_leave_and_their_cube_stays(store_url: str, store: redis.Redis) -> None:
    now = datetime.now(UTC)
    recorded(store_url, a_request(time=now - timedelta(days=40)), a_request(time=now - timedelta(days=3)))
    fold = Fold(store_url, retention=Retention(30))
    fold.step()
    assert [row["time"] for row in folded_rows(store_url)] == [us_from_utc(now - timedelta(days=3))]
    counts = {
        segment.expired: decode_cube(store.get(KEYS.cube(name))).cells["requests"].to_pylist()
        for name, segment in manifest(store_url).items()
    }
    assert counts == {True: [1], False: [1]}
    users = {
        segment.expired: decode_cube(store.get(KEYS.cube(name))).days["user"].to_pylist()
        for name, segment in manifest(store_url).items()
    }
    assert users == {True: ["ada"], False: []}
    assert len(store.keys(KEYS.rows("*"))) == 1


def test_beyond_the_bound_in_requests_the_oldest_days_leave_early(store_url: str) -> None:
    noon = datetime.now(UTC).replace(hour=12) - timedelta(days=1)
    times = [noon - timedelta(days=age, minutes=n) for age in range(4) for n in range(10)]
    recorded(store_url, *[a_request(n, time=time) for n, time in enumerate(times)])
    fold = Fold(store_url, retention=Retention(days=30, rows=25))
    for _ in range(4):
        fold.step()
    assert [row["time"] for row in folded_rows(store_url)] == sorted(us_from_utc(time) for time in times[:20])
    assert stats(store_url)["expired_rows"] == 20
    assert sum(segment.rows for segment in manifest(store_url).values()) == 20


def test_a_backlog_larger_than_one_read_is_folded_in_several_steps(store_url: str, fold: Fold) -> None:
    for part in range(3):
        recorded(store_url, a_request(part))
    steps = [fold.step(limit=1) for _ in range(3)]
    assert [(step.folded, step.behind > 0) for step in steps] == [(1, True), (1, True), (1, True)]
    assert fold.step(limit=1).behind == 0


def test_a_store_that_was_emptied_is_taken_over_afresh(
    store_url: str, store: redis.Redis, fold: Fold
) -> None:
    """Fault 11: the log begins anew instead of writing a manifest from memory."""
    recorded(store_url, a_request(1))
    fold.step()
    store.flushall()
    recorded(store_url, a_request(2))
    assert soon(lambda: fold.step().folded == 1)
    assert len(manifest(store_url)) == 1
