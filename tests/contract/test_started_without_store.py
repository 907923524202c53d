"""A web process that starts while the store is away: it says so in words, and needs no other start afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from served import PATIENCE, Served

from helix_dash.auth.users import create_user
from helix_dash.log.fold import Fold
from helix_dash.log.retention import Retention
from helix_dash.store import connect
from request_records import a_request, recorded
from webapp import PASSWORD, body_of

STATE = {"from": "now-24h", "to": None, "where": {}, "grid": None}


def eventually(check: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.2)


@pytest.fixture
def started(store_server: Any, tmp_path: Path) -> Iterator[tuple[Served, requests.Session]]:
    """Workers that have never reached the store, and somebody who had signed in before it went away."""
    recorded(store_server.url, *(a_request(time=datetime.now(UTC) - timedelta(minutes=n)) for n in range(20)))
    Fold(store_server.url, retention=Retention(90)).step()
    with connect(store_server.url) as store:
        create_user(store, "admin", PASSWORD, "admin")
    gunicorn = Served(store_server.url, tmp_path)
    try:
        gunicorn.wait()
        person = gunicorn.signed_in()
        store_server.stop()
        gunicorn.stop()
        later = tmp_path / "later"
        later.mkdir()
        gunicorn = Served(store_server.url, later)
        gunicorn.wait()
        yield gunicorn, person
    finally:
        gunicorn.stop()


def overview(served: Served, person: requests.Session) -> str:
    """The state of the overview, as its callback gives it."""
    body = body_of(
        person.get(f"{served.url}/_dash-dependencies", timeout=30).json(),
        "hx-overview-fill.data",
        {
            "hx-tick.data": {"n": 1},
            "hx-filter.data": STATE,
            "hx-ranking-by.value": "model",
            "hx-overview.data-page-state": "loading",
        },
    )
    answer = person.post(f"{served.url}/_dash-update-component", json=body, timeout=30)
    assert answer.status_code == 200
    state: str = answer.json()["response"]["hx-overview-fill"]["data"]["parts"]["hx-overview"][
        "data-page-state"
    ]
    return state


def test_it_serves_pages_says_what_is_wrong_and_comes_back_by_itself(
    started: tuple[Served, requests.Session], store_server: Any
) -> None:
    """Fault 01: alive, not ready; nobody can sign in, and is told why; who is signed in sees the failure in words."""
    served, person = started
    asked = {path: requests.get(served.url + path, timeout=30) for path in ("/healthz", "/readyz", "/login")}
    assert {path: answer.status_code for path, answer in asked.items()} == {
        "/healthz": 200,
        "/readyz": 503,
        "/login": 503,
    }
    assert "The store does not answer" in asked["/login"].text
    for path in ("/", "/requests", "/_dash-layout"):
        assert person.get(served.url + path, timeout=30).status_code == 200
    assert overview(served, person) == "error"
    store_server.start()
    eventually(lambda: requests.get(served.url + "/readyz", timeout=30).ok)
    eventually(lambda: overview(served, person) == "ready")
