"""A log of several shards: written apart, folded apart, read as one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis

from helix_dash import collector, doctor, traffic
from helix_dash.auth.throttle import count_attempt, forget_attempt
from helix_dash.auth.users import create_user, find_user
from helix_dash.errors import SettingError, StoreUnavailable
from helix_dash.log.fold import Fold
from helix_dash.log.follow import Follower
from helix_dash.log.keys import LogKeys
from helix_dash.log.mirror import Mirror
from helix_dash.log.query import RequestLog
from helix_dash.log.recorder import Recorder
from helix_dash.log.retention import Retention
from helix_dash.model import EVERYTHING, Filter, Period
from helix_dash.settings import Settings, load
from helix_dash.store import connect
from request_records import a_request, client_of, recorded

NOW = datetime.now(UTC)
HOUR = Filter(Period(NOW - timedelta(hours=1), NOW + timedelta(minutes=1)))
MANY = 4


@pytest.fixture(autouse=True)
def _many_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_SHARDS", str(MANY))


def settings(url: str, folder: Path, shards: int = MANY) -> Settings:
    return load(
        {
            "REDIS_URL": url,
            "LOG_SHARDS": str(shards),
            "DATA_DIR": str(folder / "data"),
            "CACHE_DIR": str(folder / "cache"),
        }
    )


def log_of(url: str, folder: Path, shards: int = MANY) -> RequestLog:
    return RequestLog(Mirror(url, folder / "cache", shards=shards), UTC, 1000)


def stepped(url: str, *shards: int) -> None:
    for shard in shards:
        fold = Fold(url, shard=shard, retention=Retention(90))
        fold.step()
        fold.close()


def covered(log: RequestLog, folds: Sequence[Fold]) -> bool:
    """Whether the log is complete about some time, after one more step."""
    for fold in folds:
        fold.step()
    log.mirror.sync()
    return bool(log.mirror.state and log.mirror.state.coverage)


def soon(claim: Callable[[], bool]) -> bool:
    """Whether ``claim`` comes true within a minute."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if claim():
            return True
        time.sleep(0.02)
    return False


def pending(url: str, shard: int) -> int:
    with client_of(url, shard) as client:
        return client.xlen(LogKeys(shard).stream)


def test_a_process_writes_to_one_shard_and_many_processes_to_all(store_url: str) -> None:
    for _ in range(60):
        recorded(store_url, a_request(time=NOW))
    counts = [pending(store_url, shard) for shard in range(MANY)]
    assert (sum(counts), min(counts) > 0) == (60, True)


def test_a_collector_folds_every_shard_and_a_reader_sees_one_log(store_url: str, tmp_path: Path) -> None:
    stop = threading.Event()
    duties = collector.duties(settings(store_url, tmp_path))
    folds = [threading.Thread(target=duty, args=(stop,)) for duty in duties.values()]
    log = log_of(store_url, tmp_path)
    follower = Follower(log)
    for thread in folds:
        thread.start()
    follower.start()
    try:
        for shard in range(MANY):
            requests = [a_request(time=NOW, model=f"model-{shard}", uncached_tokens=10**shard)] * 3
            recorded(store_url, *requests, shard=shard)
        assert soon(lambda: log.health().rows == 3 * MANY)
    finally:
        stop.set()
        for thread in folds:
            thread.join(timeout=30)
        follower.stop()
    found = log.totals(EVERYTHING, HOUR, ["requests", "uncached_tokens"])
    assert found == {"requests": 12, "uncached_tokens": 3333}
    assert log.values(EVERYTHING, "model") == [f"model-{shard}" for shard in range(MANY)]
    assert log.health().bytes > 0


def test_the_log_is_as_old_as_its_slowest_shard(store_url: str, tmp_path: Path) -> None:
    folds = [Fold(store_url, shard=shard, retention=Retention(90)) for shard in range(MANY)]
    log = log_of(store_url, tmp_path)

    def beat(shard: int) -> int:
        with client_of(store_url, shard) as client:
            return int(client.hget(LogKeys(shard).stats, "heartbeat") or 0)

    assert soon(lambda: covered(log, folds))
    last = beat(0)
    assert soon(lambda: covered(log, folds[1:]) and min(map(beat, range(1, MANY))) > last + 10**6)
    assert log.health().heartbeat == beat(0) == last
    assert log.health().as_of <= last


def test_history_that_one_importer_vouches_for_is_complete_though_it_fills_one_shard(
    store_url: str, tmp_path: Path
) -> None:
    past = Period(NOW - timedelta(days=3), NOW - timedelta(days=2))
    recorder = Recorder(store_url)
    recorder.record(a_request(time=NOW - timedelta(days=2, hours=5)))
    recorder.vouch(past)
    assert recorder.close(timeout=30) == 0
    stepped(store_url, *range(MANY))
    log = log_of(store_url, tmp_path)
    quiet = Filter(Period(NOW - timedelta(days=3), NOW - timedelta(days=2, hours=12)))
    assert log.series(EVERYTHING, quiet, [], None, ["requests"]).values["requests"] == [[0]]


def test_shards_that_are_added_later_leave_the_past_as_it_was(store_url: str, tmp_path: Path) -> None:
    recorded(store_url, a_request(time=NOW), shard=0)
    before, first = log_of(store_url, tmp_path, 1), Fold(store_url, retention=Retention(90))
    assert soon(lambda: covered(before, [first]))
    first.close()
    stepped(store_url, *range(MANY))
    after = log_of(store_url, tmp_path)
    after.mirror.sync()
    assert after.count(EVERYTHING, HOUR) == before.count(EVERYTHING, HOUR) == 1
    assert after.mirror.state.coverage[0][0] == before.mirror.state.coverage[0][0]


def test_a_history_is_written_only_where_every_shard_is_empty(store_url: str, tmp_path: Path) -> None:
    assert traffic.log_is_empty(settings(store_url, tmp_path))
    recorded(store_url, a_request(), shard=3)
    assert not traffic.log_is_empty(settings(store_url, tmp_path))


def told(url: str, folder: Path, shards: int = MANY) -> dict[str, Any]:
    return {finding.subject: finding for finding in doctor.examine(settings(url, folder, shards))}


def test_doctor_adds_up_the_shards_and_tells_what_the_log_holds(store_url: str, tmp_path: Path) -> None:
    for shard in range(MANY):
        recorded(store_url, a_request(time=NOW), shard=shard)
    assert "1 of at most" in told(store_url, tmp_path)["pending"].text  # the bound is that of each shard
    stepped(store_url, *range(MANY))
    findings = told(store_url, tmp_path)
    assert findings["log"].text.startswith("4 requests; 0.0 MB in the store; oldest 20")
    assert "next purge" in findings["log"].text
    assert findings["collector"].level == "ok"
    assert "shards" not in findings


def test_a_log_of_more_shards_than_the_setting_says_is_refused_in_words(
    store_url: str, tmp_path: Path
) -> None:
    """LOG_SHARDS cannot be lowered: neither doctor, nor collector, nor pages take a part for the whole."""
    stepped(store_url, *range(MANY))
    finding = told(store_url, tmp_path, 2)["shards"]
    assert (finding.level, "LOG_SHARDS=2" in finding.text) == ("fail", True)
    with pytest.raises(SettingError, match="LOG_SHARDS=2"):
        collector.check_shards(settings(store_url, tmp_path, 2))
    log = log_of(store_url, tmp_path, 2)
    with pytest.raises(StoreUnavailable, match="LOG_SHARDS=2"):
        log.count(EVERYTHING, HOUR)
    assert "LOG_SHARDS=2" in log.health().error
    collector.check_shards(settings(store_url, tmp_path, MANY))


def test_accounts_live_beside_the_log(store_url: str) -> None:
    """On a cluster too, where one transaction holds keys of one tag only."""
    with connect(store_url, retries=0) as store:
        create_user(store, "ada", "correct horse battery", "admin")
        for _ in range(3):
            count_attempt(store, "ada", "127.0.0.1")
            forget_attempt(store, "ada", "127.0.0.1")
        assert isinstance(store, redis.Redis)
        assert find_user(store, "ada").role == "admin"
