"""The command line as its user meets it: what it prints, and its exit code."""

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

from helix_dash.auth.users import find_token, find_user
from helix_dash.store import connect

NOWHERE = "unix:///nowhere/store.sock"
KEY = "kXz3vQ9sT1uWb7yRm5pLc8dNf2gHj6aEo4iU0qZx"


def _run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-m", "helix_dash", *arguments],
        env=kept | settings,
        capture_output=True,
        text=True,
        timeout=120,
    )


def _free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return str(listener.getsockname()[1])


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.mark.parametrize(
    "verb", ["serve", "collect", "demo", "simulate", "create-admin", "create-token", "doctor"]
)
def test_every_verb_has_help(verb: str) -> None:
    result = _run(verb, "--help")
    assert (result.returncode, "Usage: " in result.stdout) == (0, True)


def test_an_unknown_option_exits_with_2() -> None:
    assert _run("doctor", "--what").returncode == 2


def test_an_option_of_the_wrong_type_exits_with_2() -> None:
    assert _run("demo", "--port", "many").returncode == 2


def test_a_bad_setting_exits_with_2_and_one_line_that_names_it() -> None:
    result = _run("doctor", MAX_DATA_POINTS="lots")
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert "MAX_DATA_POINTS='lots'" in result.stderr
    assert "Example: MAX_DATA_POINTS=1000" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [("simulate", "--history", "many"), ("simulate", "--for", "long"), ("demo", "--history", "30")],
)
def test_a_value_that_cannot_be_read_exits_with_2_and_an_example(arguments: tuple[str, ...]) -> None:
    result = _run(*arguments)
    assert (result.returncode, "Example: " in result.stderr) == (2, True)


@pytest.mark.parametrize("key", ["", "short", "a" * 64])
def test_serve_refuses_a_missing_or_weak_secret_key(key: str) -> None:
    result = _run("serve", SECRET_KEY=key)
    assert result.returncode == 2
    assert "SECRET_KEY" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("verb", ["serve", "demo"])
def test_a_taken_port_is_one_line_that_names_port_and_setting(
    verb: str, taken_port: int, tmp_path: Path
) -> None:
    result = _run(verb, PORT=str(taken_port), SECRET_KEY=KEY, DATA_DIR=str(tmp_path))
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert str(taken_port) in result.stderr
    assert "PORT or --port" in result.stderr


@pytest.mark.parametrize(
    "arguments", [("doctor",), ("create-admin",), ("create-token",), ("simulate", "--for", "1")]
)
def test_a_store_that_is_away_exits_with_3_and_one_line(arguments: tuple[str, ...]) -> None:
    result = _run(*arguments, REDIS_URL=NOWHERE)
    assert result.returncode == 3
    assert result.stderr.splitlines()[-1].startswith("helix-dash: ")
    assert "Traceback" not in result.stderr


def test_a_demo_on_a_store_that_is_away_exits_with_3_and_one_line(tmp_path: Path) -> None:
    result = _run("demo", "--port", _free_port(), "--data-dir", str(tmp_path), REDIS_URL=NOWHERE)
    assert (result.returncode, result.stderr.count("\n")) == (3, 1)


def test_a_demo_refuses_a_weak_password_and_names_the_setting(tmp_path: Path) -> None:
    result = _run("demo", "--port", _free_port(), "--data-dir", str(tmp_path), HELIX_ADMIN_PASSWORD="short")
    assert (result.returncode, "HELIX_ADMIN_PASSWORD" in result.stderr) == (2, True)


def test_create_token_prints_only_the_token(store_url: str) -> None:
    result = _run("create-token", "--role", "analyst", "--organization", "acme", "--redis-url", store_url)
    assert (result.returncode, result.stdout.count("\n")) == (0, 1)
    with connect(store_url) as store:
        token = find_token(store, result.stdout.strip())
    assert token is not None
    assert (token.role, token.organization) == ("analyst", "acme")


def test_create_admin_prints_a_password_that_nobody_chose(store_url: str) -> None:
    first, second = (_run("create-admin", "--name", name, "--redis-url", store_url) for name in ("a", "b"))
    passwords = [result.stdout.splitlines()[1].removeprefix("password: ") for result in (first, second)]
    assert all(len(password) >= 12 for password in passwords)
    assert passwords[0] != passwords[1]


def test_create_admin_never_replaces_an_account_by_accident(store_url: str) -> None:
    _run("create-admin", "--redis-url", store_url)
    result = _run("create-admin", "--redis-url", store_url)
    assert (result.returncode, "exists already" in result.stderr) == (2, True)


def test_create_admin_with_reset_gives_a_new_password(store_url: str) -> None:
    _run("create-admin", "--redis-url", store_url)
    with connect(store_url) as store:
        before = find_user(store, "admin")
        assert _run("create-admin", "--reset", "--redis-url", store_url).returncode == 0
        after = find_user(store, "admin")
    assert before is not None
    assert after is not None
    assert before.password != after.password


def test_create_admin_does_not_print_a_password_it_was_given(store_url: str) -> None:
    given = "correct horse battery"
    result = _run("create-admin", "--redis-url", store_url, HELIX_ADMIN_PASSWORD=given)
    assert "password: from HELIX_ADMIN_PASSWORD" in result.stdout
    assert given not in result.stdout + result.stderr


def test_an_unknown_role_exits_with_2_and_names_the_roles(store_url: str) -> None:
    result = _run("create-token", "--role", "king", "--redis-url", store_url)
    assert (result.returncode, "viewer" in result.stderr) == (2, True)


def test_doctor_is_content_with_a_good_store(store_url: str, tmp_path: Path) -> None:
    result = _run(
        "doctor", "--redis-url", store_url, SECRET_KEY=KEY, DATA_DIR=str(tmp_path), CACHE_DIR=str(tmp_path)
    )
    assert (result.returncode, "fail" in result.stdout) == (0, False)


def test_doctor_exits_with_1_and_says_what_to_do_when_a_check_fails(store_url: str) -> None:
    with connect(store_url) as store:
        store.config_set("maxmemory", "100mb")
        store.config_set("maxmemory-policy", "allkeys-lru")
    result = _run("doctor", "--redis-url", store_url)
    assert result.returncode == 1
    assert "noeviction" in result.stdout


@pytest.mark.parametrize(("how", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_collect_ends_cleanly_when_it_is_asked_to(store_url: str, how: signal.Signals, code: int) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "helix_dash", "collect"], env=os.environ | {"REDIS_URL": store_url}
    )
    try:
        deadline = time.monotonic() + 60
        with connect(store_url) as store:
            while not store.keys("helixdash:*") and time.monotonic() < deadline:
                time.sleep(0.1)
        process.send_signal(how)
        assert process.wait(60) == code
    finally:
        process.kill()
        process.wait()


def test_simulate_writes_what_it_says_and_ends(store_url: str) -> None:
    result = _run("simulate", "--history", "2:300", "--rate", "0", "--redis-url", store_url)
    assert result.returncode == 0
    assert "history: 300 requests over 2 days written" in result.stdout


def test_history_is_written_only_into_an_empty_log(store_url: str) -> None:
    """F: a second start must not double the past."""
    _run("simulate", "--history", "2:300", "--rate", "0", "--redis-url", store_url)
    result = _run("simulate", "--history", "2:300", "--rate", "0", "--redis-url", store_url)
    assert "history: kept" in result.stdout


def test_a_data_folder_that_cannot_be_made_names_the_setting(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = _run("demo", "--data-dir", str(tmp_path / "file" / "data"), "--port", _free_port())
    assert (result.returncode, "DATA_DIR" in result.stderr) == (2, True)
