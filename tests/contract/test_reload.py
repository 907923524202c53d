"""A reload and a worker's death under load: who is waiting for an answer gets it."""

from __future__ import annotations

import itertools
import signal
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import psutil
import pytest
import requests
from served import PATIENCE, Served

from helix_dash.auth.users import create_token, create_user
from helix_dash.log.fold import Fold
from helix_dash.log.retention import Retention
from helix_dash.store import connect
from request_records import a_request, recorded
from webapp import PASSWORD, body_of

CLIENTS = 12
PAUSE = 0.03
"""Seconds between two requests of a client: a steady load, not a contest for the processor."""
CALL = "/_dash-update-component"
PATHS = (
    "/",
    "/_dash-layout",
    "/_dash-dependencies",
    "/api/v1/summary",
    "/api/v1/requests?limit=5",
    "/assets/tokens.css",
    "/healthz",
    CALL,
)


class Load:
    """Clients that ask all the time over connections they keep, each request once.

    Browsers and proxies send a request again when its connection was reset before an answer began. So do these
    clients when ``forgiving``, and ``resets`` counts how often.
    """

    def __init__(self, url: str, token: str, cookies: dict[str, str]) -> None:
        self.url, self.token, self.cookies = url, token, cookies
        dependencies = requests.get(url + "/_dash-dependencies", cookies=cookies, timeout=60).json()
        self.call = body_of(dependencies, "hx-page.children", {"hx-url.pathname": "/"})
        self.answered, self.resets, self.forgiving = 0, 0, False
        self.failed: list[str] = []
        self._lock, self._stop = threading.Lock(), threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(CLIENTS)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, number: int) -> None:
        session = requests.Session()
        session.cookies.update(self.cookies)
        session.headers["Authorization"] = f"Bearer {self.token}"
        for turn in itertools.count(number):
            if self._stop.wait(PAUSE):
                return
            outcome = self._once(session, PATHS[turn % len(PATHS)])
            with self._lock:
                if outcome:
                    self.failed.append(outcome)
                else:
                    self.answered += 1

    def _once(self, session: requests.Session, path: str) -> str:
        """What went wrong; empty for an answer."""
        method, body = ("POST", self.call) if path == CALL else ("GET", None)
        ask = partial(session.request, method, self.url + path, json=body, timeout=60, allow_redirects=False)
        try:
            answer = ask()
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError) as error:
            if not self.forgiving:
                return f"{path}: {error}"
            with self._lock:
                self.resets += 1
            answer = ask()
        return "" if answer.status_code == 200 else f"{path}: {answer.status_code}"

    def wait_for_answers(self, count: int) -> None:
        """Until ``count`` more requests were answered."""
        wanted = self.answered + count
        _until(lambda: self.answered >= wanted or bool(self.failed))


def _until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def served(store_url: str, tmp_path: Path) -> Iterator[Served]:
    recorded(store_url, *(a_request(time=datetime.now(UTC) - timedelta(minutes=n)) for n in range(20)))
    Fold(store_url, retention=Retention(90)).step()
    with connect(store_url) as store:
        create_user(store, "admin", PASSWORD, "admin")
    gunicorn = Served(store_url, tmp_path)
    try:
        gunicorn.wait()
        yield gunicorn
    finally:
        gunicorn.stop()


@pytest.fixture
def load(served: Served, store_url: str) -> Iterator[Load]:
    with connect(store_url) as store:
        token = create_token(store, "load", "viewer", None)
    with Load(served.url, token, served.signed_in().cookies.get_dict()) as clients:
        clients.wait_for_answers(50)
        yield clients


def _pids(served: Served) -> set[int]:
    return {worker.pid for worker in served.workers()}


def _replaced(served: Served, before: set[int]) -> bool:
    now = _pids(served)
    return len(now) == 2 and not now & before


def test_three_reloads_under_load_fail_no_request(served: Served, load: Load) -> None:
    """C6, fault 24: nothing is sent twice here."""
    for _ in range(3):
        before = _pids(served)
        served.process.send_signal(signal.SIGHUP)
        _until(lambda before=before: _replaced(served, before))
        load.wait_for_answers(50)
    assert load.failed == []


def test_a_killed_worker_costs_only_the_connections_it_held(served: Served, load: Load) -> None:
    """C6, fault 22: what it was answering is gone with it; sent again, as browsers and proxies do, it is answered."""
    load.forgiving = True
    victim = served.workers()[0]
    victim.send_signal(signal.SIGKILL)
    _until(lambda: victim.pid not in _pids(served) and len(_pids(served)) == 2)
    load.wait_for_answers(200)
    assert load.failed == []
    assert load.resets <= CLIENTS
    assert psutil.pid_exists(served.process.pid)
