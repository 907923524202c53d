"""The demo as a person meets it: one command, in a folder of its own, on a free port."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from helix_dash import tether

PATIENCE = 120.0
PASSWORD = "nine lives of a cat"
REQUESTS = 600


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


class Demo:
    """A running demo and what it said."""

    def __init__(self, folder: Path, port: int, *arguments: str, **settings: str) -> None:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        command = ["demo", "--port", str(port), "--data-dir", str(folder), *arguments]
        self.url = f"http://127.0.0.1:{port}"
        self._output = folder.with_name(f"{folder.name}-{port}.log")
        with self._output.open("wb") as output:
            self.process = tether.start(
                [sys.executable, "-m", "helix_dash", *command], environ=kept | settings, output=output
            )

    @property
    def lines(self) -> list[str]:
        """What it has said by now."""
        return self._output.read_text("utf-8").splitlines()

    def said(self, start: str) -> str:
        """What followed ``start`` at the beginning of a line; waits for it."""
        found = poll(lambda: next((line for line in self.lines if line.startswith(start)), None))
        assert found is not None, "\n".join(self.lines)
        return str(found).removeprefix(start).strip()

    def end(self, how: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(how)
        return self.process.wait(PATIENCE)

    def descendants(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)


def poll(ask: Callable[[], Any]) -> Any:
    """The first true answer; the last one when none came in time."""
    deadline = time.monotonic() + PATIENCE
    while not (answer := ask()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return answer


def signed_in(demo: Demo, password: str) -> requests.Session:
    session = requests.Session()
    answer = session.post(
        f"{demo.url}/login",
        data={"username": "admin", "password": password},
        allow_redirects=False,
        timeout=30,
    )
    assert answer.status_code in (302, 303), answer.text
    return session


def recorded(session: requests.Session, demo: Demo) -> int | None:
    answer = session.get(f"{demo.url}/api/v1/summary", params={"from": "now-10d"}, timeout=30)
    assert answer.status_code == 200, answer.text
    count: int | None = answer.json()["requests"]
    return count


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "data"


@pytest.fixture(scope="module")
def demo(folder: Path) -> Iterator[Demo]:
    demo = Demo(
        folder, _free_port(), "--history", f"3:{REQUESTS}", "--rate", "0", HELIX_ADMIN_PASSWORD=PASSWORD
    )
    yield demo
    demo.end()


def test_it_says_where_everything_is(demo: Demo) -> None:
    assert demo.said("web:") == demo.url
    assert demo.said("store:").startswith("unix://")
    assert demo.said("user:") == "admin"
    assert demo.said("password:") == "from HELIX_ADMIN_PASSWORD"


def test_a_stranger_is_sent_to_sign_in(demo: Demo) -> None:
    demo.said("password:")
    answer = requests.get(demo.url, allow_redirects=False, timeout=30)
    assert (answer.status_code, "/login" in answer.headers["Location"]) == (302, True)


def test_its_history_arrives_whole(demo: Demo) -> None:
    demo.said("password:")
    with signed_in(demo, PASSWORD) as session:
        assert poll(lambda: recorded(session, demo) == REQUESTS)


def test_its_secrets_are_for_its_owner_only(demo: Demo, folder: Path) -> None:
    demo.said("password:")
    assert (folder / "secret_key").stat().st_mode & 0o077 == 0
    assert folder.stat().st_mode & 0o077 == 0


def test_a_second_demo_over_the_same_folder_is_refused(demo: Demo, folder: Path) -> None:
    demo.said("password:")
    second = Demo(folder, _free_port())
    assert second.process.wait(PATIENCE) == 2
    second.end()
    assert "already in use" in second.lines[-1]


def test_the_password_can_be_made_new_while_it_runs(demo: Demo, folder: Path) -> None:
    demo.said("password:")
    result = subprocess.run(
        [sys.executable, "-m", "helix_dash", "create-admin", "--name", "second", "--data-dir", str(folder)],
        env={name: value for name, value in os.environ.items() if name != "REDIS_URL"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert (result.returncode, result.stdout.splitlines()[0]) == (0, "user: second")


def test_doctor_finds_it_healthy(demo: Demo, folder: Path) -> None:
    demo.said("password:")
    result = subprocess.run(
        [sys.executable, "-m", "helix_dash", "doctor", "--data-dir", str(folder)],
        env={name: value for name, value in os.environ.items() if name != "REDIS_URL"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert result.returncode == 0, result.stdout


def test_a_stop_and_a_second_start_keep_account_and_history(demo: Demo, folder: Path) -> None:
    """Also: Ctrl-C exits with 130 and leaves no process behind."""
    demo.said("history:")
    children = demo.descendants()
    assert demo.end() == 130
    assert not psutil.wait_procs(children, timeout=PATIENCE)[1]
    again = Demo(folder, _free_port(), "--history", f"3:{REQUESTS}", "--rate", "0")
    try:
        assert again.said("password:") == "kept; helix-dash create-admin --reset"
        assert again.said("history:").startswith("kept")
        with signed_in(again, PASSWORD) as session:
            assert poll(lambda: recorded(session, again) == REQUESTS)
    finally:
        again.end()


def test_killed_it_leaves_no_process_and_starts_again(tmp_path: Path) -> None:
    port = _free_port()
    demo = Demo(tmp_path / "data", port, "--history", "0", "--rate", "5")
    demo.said("password:")
    children = demo.descendants()
    demo.end(signal.SIGKILL)
    assert not psutil.wait_procs(children, timeout=PATIENCE)[1]
    again = Demo(tmp_path / "data", port, "--history", "0", "--rate", "0")
    try:
        assert again.said("password:").startswith("kept")
    finally:
        again.end()


def test_what_ends_by_itself_is_started_again(tmp_path: Path) -> None:
    demo = Demo(tmp_path / "data", _free_port(), "--history", "0", "--rate", "5")
    try:
        demo.said("password:")
        collector = next(child for child in demo.descendants() if "collect" in child.cmdline())
        collector.kill()
        assert "started again" in demo.said("collector:")
    finally:
        demo.end()
