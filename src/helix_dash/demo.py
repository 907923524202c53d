"""All of it on one machine: a store, a collector, simulated traffic and the web app, in one command."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Protocol

from helix_dash import tether
from helix_dash.auth.users import create_user, user_count
from helix_dash.embedded import EmbeddedStore
from helix_dash.errors import AuthError, HelixError, SettingError, StoreUnavailable
from helix_dash.metrics import budgets, limits
from helix_dash.serving import gunicorn_command, listen, web_environ
from helix_dash.settings import Settings, load
from helix_dash.stopping import Stop
from helix_dash.store import connect, shown_url

STORE_FOLDER = "store"
"""Where, in DATA_DIR, the embedded store keeps its data."""

MOCKED = {"API_URL": "mock:", "WATCHED_KEYS": "team-gamma=recorded"}
"""What stands in for a FakeAI server where none is named: its mock, which pages mark as one. ``API_URL=`` asks none."""

_PATIENCE_FOR_WEB = 90.0
_PATIENCE_FOR_STOP = 15.0
_LOOK_EVERY = 0.5
_MOST_CRASHES, _CRASH_WINDOW = 5, 60.0

Say = Callable[[str], None]


class Service(Protocol):
    """Something the demo starts, watches and stops."""

    name: str

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def ended(self) -> int | None:
        """The exit code when it is not running any more; ``None`` while it runs or before its start."""
        ...


class Child:
    """A service that is a child process of ours.

    Args:
        name: what to call it.
        command: an absolute program path and its arguments.
        environ: its environment.
        log: the file its output goes to, from the beginning at each start; ours when ``None``.
        keep: file descriptors it inherits.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environ: Mapping[str, str],
        *,
        log: Path | None = None,
        keep: Sequence[int] = (),
    ) -> None:
        self.name, self._command, self._environ, self._log, self._keep = name, command, environ, log, keep
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        if self._log is None:
            self._process = tether.start(self._command, environ=self._environ, keep=self._keep)
            return
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("wb") as output:
            self._process = tether.start(self._command, environ=self._environ, keep=self._keep, output=output)

    def stop(self) -> None:
        if self._process:
            tether.stop(self._process, _PATIENCE_FOR_STOP)
            self._process = None

    def ended(self) -> int | None:
        return self._process.poll() if self._process else None


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the command line asked of a demo, beyond the settings: live requests per second, and the history."""

    rate: float
    history: str


def run(environ: Mapping[str, str], wishes: Wishes, stop: Stop, say: Say) -> int:
    """Runs the demo until ``stop``; the exit code.

    Args:
        environ: the settings' source; REDIS_URL in it takes the place of the embedded store.
        wishes: how much simulated traffic.
        stop: ends it.
        say: is told the lines for the person who started it.

    Raises:
        SettingError: a setting cannot be used, the port is taken, or the data folder is in use.
        StoreUnavailable: the store does not answer or did not start.
        HelixError: a part of the demo does not stay up.
    """
    environ = {"CACHE_DIR": str(load(environ).data_dir / "cache"), **MOCKED, **environ}
    settings = load(environ)
    with listen(settings.host, settings.port) as listener:
        _private_folder(settings.data_dir)
        store = None if environ.get("REDIS_URL") else EmbeddedStore(settings.data_dir / STORE_FOLDER)
        environ |= {
            "REDIS_URL": store.url if store else settings.redis_url,
            "SECRET_KEY": settings.secret_key or kept_secret(settings.data_dir / "secret_key"),
            "HOST": settings.host,
            "PORT": str(settings.port),
        }
        if store and not settings.write_gateway_keys:  # in a store of somebody's own a real gateway may write
            environ |= {"SIMULATE_GATEWAY": environ.get("SIMULATE_GATEWAY") or "1"}
        settings = load(environ)
        logs, traffic_command = settings.data_dir / "logs", _traffic_command(wishes)
        collector = Child(
            "collector", [sys.executable, "-m", "helix_dash", "collect"], environ, log=logs / "collector.log"
        )
        traffic = Child("traffic", traffic_command, environ)
        web = Child(
            "web",
            gunicorn_command(listener),
            web_environ(environ),
            log=logs / "web.log",
            keep=[listener.fileno()],
        )
        services: list[Service] = [*([store] if store else []), collector, traffic, web]
        try:
            if store:
                store.start()
            password = _account(settings)
            _limits(settings)
            _budgets(settings)
            collector.start()
            web.start()
            _wait_until_ready(settings, web, stop, logs / "web.log")
            if not stop.is_set():
                for line in _greeting(settings, password):
                    say(line)
                traffic.start()
            _watch(services, stop, say, logs)
        finally:
            for service in reversed(services):  # web first: nobody should see the rest go
                service.stop()
    say(f"stopped; the data stays in {settings.data_dir}")
    return stop.exit_code


def kept_secret(path: Path) -> str:
    """The secret in ``path``; 384 random bits, readable by their owner only, are written when it is missing."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text("ascii").strip()
    secret = secrets.token_urlsafe(48)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secret + "\n")
    return secret


def _private_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingError(
            f"DATA_DIR={str(folder)!r} cannot be made ({error.strerror}): set DATA_DIR or --data-dir."
        ) from error


def _traffic_command(wishes: Wishes) -> list[str]:
    command = [sys.executable, "-m", "helix_dash", "simulate"]
    return [*command, "--rate", str(wishes.rate), "--history", wishes.history]


def _account(settings: Settings) -> str:
    """What to say about admin's password; the account is made when there is none at all."""
    with connect(settings.log_redis_url, retries=0) as client:
        try:
            if user_count(client):
                return "kept; helix-dash create-admin --reset"
            password = settings.admin_password or secrets.token_urlsafe(12)
            create_user(client, "admin", password, "admin", None)
        except AuthError as error:
            raise SettingError(f"HELIX_ADMIN_PASSWORD cannot be used: {error}") from error
        except StoreUnavailable as error:
            raise StoreUnavailable(
                f"The store at {shown_url(settings.log_redis_url)} does not answer: start it, or set REDIS_URL."
            ) from error
    return "from HELIX_ADMIN_PASSWORD" if settings.admin_password else password


def _limits(settings: Settings) -> None:
    """Limits for the simulated keys, so that there is something to hold their use against; never over somebody's own."""
    store = connect(settings.log_redis_url)
    if store.exists(limits.KEY):
        return
    limits.set_default(store, "free")
    limits.assign(store, "team", "search", limits.Assigned(tier="tier-1"))
    limits.assign(store, "team", "support", limits.Assigned(tier="tier-1"))
    limits.assign(
        store, "key", "research-prod", limits.Assigned(limits=limits.Limits(6, 20_000, 2_000, 4_000_000))
    )


def _budgets(settings: Settings) -> None:
    """Budgets for the simulated teams, keys and models; never over somebody's own."""
    store = connect(settings.log_redis_url)
    if store.exists(budgets.KEY):
        return
    for kind, name, limit, window in (
        ("global", "", "600", "month"),
        ("team", "search", "40", "week"),
        ("team", "support", "75", "month"),
        ("key", "research-prod", "3", "week"),
        ("model", "gpt-4o", "2", "day"),
        ("user", "svc-search", "6", "month"),
        ("tag", "env:dev", "12", "day"),
    ):
        budgets.set_budget(store, budgets.Budget(kind, name, limit, window))


def _greeting(settings: Settings, password: str) -> list[str]:
    return [
        f"web: {_web_url(settings)}",
        f"store: {shown_url(settings.redis_url)}",
        "user: admin",
        f"password: {password}",
    ]


def _web_url(settings: Settings) -> str:
    host = _reachable(settings.host)
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{settings.port}{settings.url_prefix.rstrip('/')}"


def _reachable(host: str) -> str:
    """An address of this machine that a server on ``host`` listens on."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not listened on


def _wait_until_ready(settings: Settings, web: Child, stop: Stop, log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE_FOR_WEB
    while time.monotonic() < deadline and web.ended() is None and not stop.is_set():
        if _answers(settings):
            return
        stop.wait(0.1)
    if not stop.is_set():
        raise HelixError(f"The web server did not start: {_last_line(log)}")


def _answers(settings: Settings) -> bool:
    connection = HTTPConnection(_reachable(settings.host), settings.port, timeout=5)
    try:
        connection.request("GET", f"{settings.url_prefix}healthz")
        return connection.getresponse().status < 500
    except (OSError, HTTPException):  # no worker accepts yet
        return False
    finally:
        connection.close()


def _watch(services: Sequence[Service], stop: Stop, say: Say, logs: Path) -> None:
    """Starts again what ends by itself, until ``stop``.

    Raises:
        HelixError: it does not help.
    """
    crashes: deque[float] = deque(maxlen=_MOST_CRASHES)
    while not stop.wait(_LOOK_EVERY):
        for service in services:
            code = service.ended()
            if code is None or (service.name == "traffic" and code == 0):  # all it should write is written
                continue
            crashes.append(time.monotonic())
            if len(crashes) == _MOST_CRASHES and crashes[-1] - crashes[0] < _CRASH_WINDOW:
                last = _last_line(logs / f"{service.name}.log")
                raise HelixError(f"The {service.name} does not stay up (exit code {code}): {last}")
            say(f"{service.name}: ended unexpectedly (exit code {code}), started again")
            service.start()


def _last_line(log: Path) -> str:
    lines = log.read_text("utf-8", "replace").strip().splitlines() if log.exists() else []
    return f"{lines[-1]} (all of it: {log})" if lines else "it said nothing."
