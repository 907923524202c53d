"""``helix-dash serve`` with the real gunicorn."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from helix_dash import tether

KEY = "kXz3vQ9sT1uWb7yRm5pLc8dNf2gHj6aEo4iU0qZx"
PATIENCE = 120


@pytest.fixture
def served(store_url: str, tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    folders = {"DATA_DIR": str(tmp_path / "data"), "CACHE_DIR": str(tmp_path / "cache")}
    with (tmp_path / "serve.log").open("wb") as output:
        process = tether.start(
            [sys.executable, "-m", "helix_dash", "serve", "--port", str(port)],
            environ=os.environ | folders | {"REDIS_URL": store_url, "SECRET_KEY": KEY, "WEB_WORKERS": "1"},
            output=output,
        )
    yield f"http://127.0.0.1:{port}", process
    if process.poll() is None:
        process.terminate()
        process.wait(PATIENCE)


def _until_it_answers(url: str) -> requests.Response:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return requests.get(url, timeout=30, allow_redirects=False)
        except requests.ConnectionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def test_it_answers_and_ends_cleanly(served: tuple[str, subprocess.Popen[bytes]]) -> None:
    url, process = served
    assert _until_it_answers(f"{url}/healthz").status_code == 200
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0


def test_ctrl_c_ends_it_with_130(served: tuple[str, subprocess.Popen[bytes]]) -> None:
    """interface.md, Command line."""
    url, process = served
    assert _until_it_answers(f"{url}/healthz").status_code == 200
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE) == 130
