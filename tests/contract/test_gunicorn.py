"""The web app as it is really served: gunicorn, two workers, its configuration file."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
from served import PATIENCE, Served

from helix_dash.auth.users import create_token, create_user
from helix_dash.log.fold import Fold
from helix_dash.log.retention import Retention
from helix_dash.store import connect
from request_records import a_request, recorded
from webapp import PASSWORD


@pytest.fixture
def served(store_url: str, tmp_path: Path) -> Iterator[Served]:
    recorded(store_url, *(a_request(time=datetime.now(UTC) - timedelta(minutes=n)) for n in range(20)))
    Fold(store_url, retention=Retention(90)).step()
    with connect(store_url) as store:
        create_user(store, "admin", PASSWORD, "admin")
    gunicorn = Served(store_url, tmp_path)
    yield gunicorn
    gunicorn.stop()


def test_of_many_first_requests_at_once_none_fails(served: Served, store_url: str) -> None:
    """Dash's own set-up at the first request has no lock: some of the first would get a 500."""
    served.wait()
    session = served.signed_in()
    with connect(store_url) as store:
        token = create_token(store, "t", "viewer", None)
    page = session.get(served.url + "/", timeout=30).text
    paths = ["/", "/requests", "/_dash-layout", "/_dash-dependencies", "/api/v1/summary", "/login"]
    paths += re.findall(r'<script src="(/[^"]+)"', page) + re.findall(r'href="(/[^"]+\.css[^"]*)"', page)
    # Fresh workers: those above have answered by now.
    served.process.send_signal(signal.SIGHUP)
    cookies = session.cookies.get_dict()

    def get(path: str) -> tuple[str, int]:
        answer = requests.get(
            served.url + path,
            cookies=cookies,
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
        )
        return path, answer.status_code

    with ThreadPoolExecutor(16) as clients:
        statuses = list(clients.map(get, paths * 4))
    assert len(paths) > 10
    assert {status for _, status in statuses} == {200}, statuses


def test_the_figures_are_there_without_a_restart(served: Served, store_url: str) -> None:
    served.wait()
    session = served.signed_in()
    answer = session.get(served.url + "/api/v1/requests", timeout=30).json()
    assert answer["total"] == 20
    recorded(store_url, a_request(time=datetime.now(UTC)))
    fold = Fold(store_url, retention=Retention(90))
    deadline = time.monotonic() + PATIENCE
    while session.get(served.url + "/api/v1/requests", timeout=30).json()["total"] != 21:
        assert time.monotonic() < deadline
        fold.step()  # leads as soon as the lease of the one before it has run out
        time.sleep(0.1)


def test_the_master_has_loaded_nothing_of_ours(served: Served) -> None:
    """polars hangs in a forked child of a process that has used it."""
    served.wait()
    loaded = Path(f"/proc/{served.process.pid}/maps").read_text()
    assert "polars" not in loaded
    assert "pyarrow" not in loaded


def test_there_is_no_control_socket(served: Served) -> None:
    served.wait()
    assert list(served.home.rglob("*.ctl")) == []


def test_a_stop_is_quick_and_frees_the_port(served: Served) -> None:
    served.wait()
    workers = served.workers()
    served.stop()
    assert served.process.returncode == 0
    psutil.wait_procs(workers, timeout=10)
    assert not any(worker.is_running() for worker in workers)
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", served.port))


def test_a_sign_out_at_one_worker_is_known_at_the_other(served: Served) -> None:
    """T27."""
    served.wait()
    session = served.signed_in()
    cookies = session.cookies.get_dict()
    requests.get(served.url + "/logout", cookies=cookies, timeout=30)
    statuses = [
        requests.get(served.url + "/_dash-layout", cookies=cookies, timeout=30).status_code for _ in range(12)
    ]
    assert set(statuses) == {401}


@pytest.mark.parametrize("key", ["", "short", "changeme-changeme-changeme-changeme"])
def test_it_does_not_start_without_a_good_key(store_url: str, tmp_path: Path, key: str) -> None:
    """T21."""
    environ: dict[str, Any] = {**os.environ, "REDIS_URL": store_url, "SECRET_KEY": key}
    answer = subprocess.run(
        [sys.executable, "-c", "import helix_dash.wsgi"],
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert answer.returncode != 0
    assert "SECRET_KEY" in answer.stderr
