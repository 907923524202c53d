"""Background jobs in processes of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import background_jobs
import polars as pl
import psutil
import pytest
from diskcache import Cache

from helix_dash.exports.spawned_jobs import LOST, SpawnedJobs

PATIENCE = 60.0


def until(answer: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        value = answer()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError("waited in vain")


@pytest.fixture
def started() -> Iterator[list[int]]:
    """Process ids of jobs; those that live on are ended."""
    jobs: list[int] = []
    yield jobs
    for job in jobs:
        if psutil.pid_exists(job):
            os.kill(job, signal.SIGKILL)


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    with Cache(str(tmp_path / "background")) as opened:
        yield opened


class Desk:
    """A manager and who is asking."""

    def __init__(self, cache: Cache, lent: str) -> None:
        self.asker = "account:alice"
        self.manager = SpawnedJobs(cache, lent, lambda: self.asker)

    def start(self, job: Callable[..., Any], *args: Any) -> tuple[str, int]:
        key = self.manager.build_cache_key(job, list(args), [], None)
        return key, self.manager.call_job_fn(key, self.manager.make_job_fn(job, True, key), list(args), {})

    def result(self, key: str, job: int) -> Any:
        found = self.manager.get_result(key, str(job))
        return None if found is self.manager.UNDEFINED else found


@pytest.fixture
def desk(cache: Cache, tmp_path: Path) -> Desk:
    return Desk(cache, str(tmp_path))


def test_a_job_runs_and_gives_its_result(desk: Desk, started: list[int], tmp_path: Path) -> None:
    key, job = desk.start(background_jobs.say, "hello")
    started.append(job)
    assert until(lambda: desk.result(key, job)) == {"lent": str(tmp_path), "text": "hello"}


def test_a_job_may_use_polars_though_its_parent_has(desk: Desk, started: list[int]) -> None:
    """A forked job would hang here for ever."""
    assert pl.Series([3, 1, 2]).sort().to_list() == [1, 2, 3]
    key, job = desk.start(background_jobs.polars_sum, 1000)
    started.append(job)
    assert until(lambda: desk.result(key, job)) == 499_500


def test_progress_is_seen_while_it_runs(desk: Desk, started: list[int]) -> None:
    key, job = desk.start(background_jobs.say, "hello")
    started.append(job)
    assert until(lambda: desk.manager.get_progress(key)) == ("begun",)


def test_the_same_question_by_two_people_has_two_results(desk: Desk, started: list[int]) -> None:
    """T14: Bob, asking what Alice asked, gets his own answer, and Alice's is still there for her."""
    alices, job = desk.start(background_jobs.say, "hello")
    started.append(job)
    desk.asker = "account:bob"
    bobs, his_job = desk.start(background_jobs.say, "hello")
    started.append(his_job)
    assert alices != bobs
    assert until(lambda: desk.result(bobs, his_job))
    assert until(lambda: desk.result(alices, job))


def test_a_token_and_an_account_of_one_name_are_two_people(desk: Desk) -> None:
    account = desk.manager.build_cache_key(background_jobs.say, ["x"], [], None)
    desk.asker = "token:alice"
    assert desk.manager.build_cache_key(background_jobs.say, ["x"], [], None) != account


def test_a_cancelled_job_is_gone(desk: Desk, started: list[int], tmp_path: Path) -> None:
    _, job = desk.start(background_jobs.sleep, "pid")
    started.append(job)
    until((tmp_path / "pid").exists)
    desk.manager.terminate_job(str(job))
    until(lambda: not desk.manager.job_running(str(job)))


def test_a_killed_job_is_noticed(desk: Desk, started: list[int], tmp_path: Path) -> None:
    """Fault 21: Dash itself would say nothing, and the page would wait for ever."""
    key, job = desk.start(background_jobs.sleep, "pid")
    started.append(job)
    until((tmp_path / "pid").exists)
    assert desk.result(key, job) is None
    os.kill(job, signal.SIGKILL)
    assert until(lambda: desk.result(key, job)) == LOST


PARENT = """
import sys, time
sys.path.insert(0, {tests!r})
import background_jobs
from diskcache import Cache
from helix_dash.exports.spawned_jobs import SpawnedJobs

if __name__ == "__main__":
    manager = SpawnedJobs(Cache({cache!r}), {folder!r}, lambda: "account:alice")
    manager.call_job_fn("key", manager.make_job_fn(background_jobs.sleep, True, "key"), ["pid"], {{}})
    time.sleep(600)
"""


def test_a_job_ends_with_its_worker_however_that_dies(tmp_path: Path) -> None:
    """Fault 22: an orphan would hold the port."""
    script = tmp_path / "worker.py"
    script.write_text(
        PARENT.format(tests=str(Path(__file__).parent), cache=str(tmp_path / "cache"), folder=str(tmp_path))
    )
    worker = subprocess.Popen([sys.executable, str(script)])
    try:
        job = int(until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text()))
    finally:
        worker.kill()
        worker.wait()
    until(lambda: not psutil.pid_exists(job) or psutil.Process(job).status() == psutil.STATUS_ZOMBIE)
