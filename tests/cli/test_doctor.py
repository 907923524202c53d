"""What doctor makes of what it finds; the store's answers are made up here, test_cli.py asks a real one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from helix_dash import doctor
from helix_dash.settings import load

INFO: dict[str, Any] = {
    "redis_version": "7.2.4",
    "role": "master",
    "maxmemory": 0,
    "maxmemory_policy": "noeviction",
    "used_memory": 10_000_000,
    "aof_enabled": 1,
    "aof_last_write_status": "ok",
}


@pytest.mark.parametrize(
    ("version", "level"), [("6.0.16", "fail"), ("6.2.0", "ok"), ("7.0.15", "ok"), ("10.1", "ok")]
)
def test_a_store_older_than_6_2_will_not_do(version: str, level: str) -> None:
    assert doctor._version(INFO | {"redis_version": version}).level == level


def test_a_replica_will_not_do() -> None:
    assert doctor._role(INFO | {"role": "slave"}).level == "fail"


@pytest.mark.parametrize(
    ("policy", "limit", "allowed", "level"),
    [
        ("allkeys-lru", 10**9, "", "fail"),
        ("allkeys-lru", 10**9, "1", "warn"),
        ("allkeys-lru", 0, "", "ok"),
        ("volatile-ttl", 10**9, "", "ok"),
        ("noeviction", 10**9, "", "ok"),
    ],
)
def test_only_a_store_that_may_evict_the_log_fails(policy: str, limit: int, allowed: str, level: str) -> None:
    info = INFO | {"maxmemory": limit, "maxmemory_policy": policy}
    assert doctor._eviction(info, load({"ALLOW_EVICTION": allowed})).level == level


def test_a_store_that_is_nearly_full_is_a_warning() -> None:
    assert doctor._eviction(INFO | {"maxmemory": 10_500_000}, load({})).level == "warn"


@pytest.mark.parametrize(
    ("change", "save", "level"),
    [
        ({}, "", "ok"),
        ({"aof_last_write_status": "err"}, "", "fail"),
        ({"aof_enabled": 0}, "3600 1", "warn"),
        ({"aof_enabled": 0}, "", "warn"),
        ({"aof_enabled": 0}, None, "warn"),
    ],
)
def test_a_log_that_may_be_lost_is_told(change: dict[str, Any], save: str | None, level: str) -> None:
    assert doctor._persistence(INFO | change, save).level == level


@pytest.mark.parametrize(
    ("ahead", "level"), [(0.1, "ok"), (-3.0, "warn"), (300.0, "fail"), (-4000.0, "fail")]
)
def test_clocks_that_differ_are_told_in_either_direction(ahead: float, level: str) -> None:
    assert doctor._clock(ahead).level == level


@pytest.mark.parametrize(
    ("beat", "pending", "level"),
    [(None, 0, "warn"), (1000, 0, "ok"), (900, 0, "warn"), (900, 5, "fail"), (1001, 0, "ok")],
)
def test_a_silent_collector_fails_only_when_something_waits_for_it(
    beat: int | None, pending: int, level: str
) -> None:
    heartbeat = None if beat is None else beat * 10**6
    assert doctor._heartbeat(heartbeat, 1000.0, pending).level == level


@pytest.mark.parametrize(("pending", "level"), [(0, "ok"), (501, "warn"), (1000, "fail")])
def test_a_long_queue_is_told_before_it_is_full(pending: int, level: str) -> None:
    assert doctor._pending(pending, 1000).level == level


@pytest.mark.parametrize("key", ["", "short", "a" * 64])
def test_a_secret_key_that_serve_would_refuse_is_told(key: str) -> None:
    assert doctor._secret_key(key).level == "warn"


def test_a_folder_that_is_not_there_yet_is_judged_by_its_nearest_parent(tmp_path: Path) -> None:
    assert doctor._folder("DATA_DIR", tmp_path / "a" / "b").level in {"ok", "warn"}


def test_every_finding_that_is_not_ok_says_what_to_do() -> None:
    findings = [
        doctor._secret_key(""),
        doctor._role(INFO | {"role": "slave"}),
        doctor._clock(400),
        doctor._heartbeat(None, 0, 0),
        doctor._pending(5, 4),
    ]
    assert all(finding.advice for finding in findings)
