"""Real processes give signs of life: gunicorn's workers and a collector, until they are killed."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from served import PATIENCE, ROOT, Served

from helix_dash import tether
from helix_dash.auth.users import create_user
from helix_dash.store import connect
from helix_dash.vitals import services
from helix_dash.vitals.histogram import by_name
from helix_dash.vitals.lines import LineTail
from helix_dash.vitals.pulse import LEASE, Beat, beats
from webapp import PASSWORD, SECRET_KEY


@pytest.fixture
def store(store_url: str) -> redis.Redis:
    return connect(store_url)


@pytest.fixture
def served(store_url: str, store: redis.Redis, tmp_path: Path) -> Iterator[Served]:
    create_user(store, "admin", PASSWORD, "admin")
    one = Served(store_url, tmp_path)
    try:
        one.wait()
        yield one
    finally:
        one.stop()


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def of_kind(store: redis.Redis, kind: str) -> list[Beat]:
    return [beat for beat in beats(store)[0] if beat.kind == kind]


def test_each_web_worker_tells_how_long_its_answers_took(served: Served, store: redis.Redis) -> None:
    """F13, X8: both workers, measured in memory, told with the sign of life."""
    session = served.signed_in()

    def told() -> bool:
        session.get(served.url + "/api/v1/values?column=model", timeout=30)
        every = [by_name(beat.counters, "call") for beat in of_kind(store, "web")]
        return len(every) == 2 and any("GET api/v1/values" in one for one in every)

    until(told)
    assert all(beat.gauges["mirror_age"] >= 0 for beat in of_kind(store, "web"))


def test_a_browsers_report_is_taken_from_who_is_signed_in_only(served: Served) -> None:
    body = {"page": "/system", "render": [3.0]}
    session = served.signed_in()
    assert session.post(served.url + "/api/v1/visits", json=body, timeout=30).status_code == 204
    assert (
        session.post(served.url + "/api/v1/visits", json=body | {"page": "/none"}, timeout=30).status_code
        == 400
    )
    assert session.post(served.url + "/api/v1/visits", data="x" * 20_000, timeout=30).status_code == 400
    foreign = {"Origin": "https://elsewhere.example"}
    assert (
        session.post(served.url + "/api/v1/visits", json=body, headers=foreign, timeout=30).status_code == 403
    )
    session.cookies.clear()
    assert session.post(served.url + "/api/v1/visits", json=body, timeout=30).status_code == 401


def test_what_workers_log_arrives(served: Served, store: redis.Redis) -> None:
    """H6.4, H15: a refusal is one line of log."""
    session = served.signed_in()
    session.get(served.url + "/api/v1/nothing", timeout=30)
    until(lambda: any(line.logger == "helix_dash.refusals" for line in LineTail(store).lines()))


def test_workers_that_are_stopped_leave_no_sign(served: Served, store: redis.Redis) -> None:
    until(lambda: len(of_kind(store, "web")) == 2)
    served.stop()
    assert of_kind(store, "web") == []


def test_a_killed_collector_is_down_within_its_lease(
    store_url: str, store: redis.Redis, tmp_path: Path
) -> None:
    environ = {**os.environ, "REDIS_URL": store_url, "SECRET_KEY": SECRET_KEY, "DATA_DIR": str(tmp_path), "CACHE_DIR": str(tmp_path)}  # fmt: skip
    with (tmp_path / "collector.log").open("wb") as log:
        process = tether.start(
            [sys.executable, "-m", "helix_dash", "collect"], environ=environ, folder=ROOT, output=log
        )
        try:
            until(lambda: bool(of_kind(store, "collector")))
        finally:
            tether.kill(process)
    (last,) = of_kind(store, "collector")

    def state() -> str:
        seconds, micros = store.time()
        return services.of_processes([last], int(seconds) * 10**6 + int(micros))[0].state

    assert state() == "up"  # nobody can know yet
    until(lambda: state() == "down")
    seconds, _ = store.time()
    assert int(seconds) - last.at / 1e6 >= LEASE - 1
