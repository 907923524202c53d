"""A whole installation for the browser: a real store, the collector and the web server as processes; a tab."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import ConsoleMessage, Page

from helix_dash import tether
from helix_dash.auth.users import create_token, create_user
from helix_dash.embedded import EmbeddedStore
from helix_dash.log.recorder import Recorder
from helix_dash.model import Period
from helix_dash.sources.simulator import Traffic
from helix_dash.store import connect

PASSWORD = "correct horse battery"
RECORDS = 3000
DEADLINE = 60.0


def eventually(check: Callable[[], Any], why: str = "it did not happen", deadline: float = DEADLINE) -> Any:
    """The first true answer of ``check``."""
    end = time.monotonic() + deadline
    while time.monotonic() < end:
        found = check()
        if found:
            return found
        time.sleep(0.1)
    pytest.fail(f"{why} within {deadline:.0f} s")


def until(page: Page, expression: str, arg: Any = None) -> None:
    """Wait until ``expression`` is true in ``page``.

    Playwright's own ``wait_for_function`` evaluates a text once more within the page, which our content security
    policy forbids: it fails whenever the first answer was "not yet".
    """
    eventually(lambda: page.evaluate(expression, arg), f"never true: {expression}")


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Site:
    """One installation. ``start`` fills its log and serves it."""

    folder: Path
    store: EmbeddedStore
    port: int = field(default_factory=free_port)
    token: str = ""
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    signed_in: Any = None
    extra: Mapping[str, str] = field(default_factory=dict)
    wsgi: str = ""
    """A module of this folder whose ``app`` is served in place of ours."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environ(self) -> dict[str, str]:
        return os.environ | {
            "REDIS_URL": self.store.url,
            "SECRET_KEY": "kJ8s-9dfLmq2Pz7wXv4Bn6Tr1Yc5Gh3Ea0Ui",
            "DATA_DIR": str(self.folder / "data"),
            "CACHE_DIR": str(self.folder / "cache"),
            "REFRESH_INTERVAL": "1",
            "WEB_WORKERS": "1",
            "PORT": str(self.port),
            **self.extra,
        }

    def start(self, records: int, start: datetime | None = None, end: datetime | None = None) -> None:
        """Accounts, the collector, ``records`` requests of the last 20 hours or between two instants, the web server."""
        client = connect(self.store.url)
        for role in ("admin", "viewer"):
            create_user(client, role, PASSWORD, role, None)
        self.token = create_token(client, "tests")
        self._run("collect")
        recorder = Recorder(self.store.url)
        now = datetime.now(UTC)
        start, end = start or now - timedelta(hours=20), end or now - timedelta(minutes=2)
        for record in Traffic(7).between(start, end, records):
            recorder.wait_for_room(60)
            recorder.record(record)
        if records:
            recorder.vouch(Period(start, end))
        assert recorder.close(60) == 0
        self._serve()
        eventually(lambda: self._ready(records), "the log was not complete")

    def _ready(self, records: int) -> bool:
        assert all(process.poll() is None for process in self.processes), f"see the logs in {self.folder}"
        return self.total() == records

    def _serve(self) -> None:
        if not self.wsgi:
            self._run("serve")
            return
        root, here = Path(__file__).parents[2], Path(__file__).parent
        path = os.pathsep.join([str(here), *filter(None, [os.environ.get("PYTHONPATH")])])
        self._start(
            "serve",
            [
                sys.executable,
                "-m",
                "gunicorn",
                "--config",
                str(root / "gunicorn.conf.py"),
                f"{self.wsgi}:app",
            ],
            self.environ() | {"PYTHONPATH": path},
        )

    def _run(self, *command: str) -> None:
        self._start(command[0], [sys.executable, "-m", "helix_dash", *command], self.environ())

    def _start(self, name: str, command: list[str], environ: dict[str, str]) -> None:
        with (self.folder / f"{name}.log").open("wb") as log:
            # tethered: when a test run is killed, what it started ends with it
            self.processes.append(tether.start(command, environ=environ, output=log))

    def total(self) -> int | None:
        try:
            return int(self.api("summary", **{"from": "now-30d"})["requests"])
        except (OSError, TypeError):
            return None

    def api(self, name: str, **query: Any) -> dict[str, Any]:
        """The answer of the API to the same question."""
        address = f"{self.url}/api/v1/{name}?{urlencode(query, doseq=True)}"
        request = urllib.request.Request(address, headers={"Authorization": f"Bearer {self.token}"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            found: dict[str, Any] = json.load(answer)
            return found

    def stop(self) -> None:
        for process in reversed(self.processes):
            tether.stop(process, 15)
        self.store.stop()


@dataclass
class Visit:
    """A signed-in browser tab that remembers what went wrong in it."""

    page: Page
    site: Site
    complaints: list[str] = field(default_factory=list)

    def listen(self) -> None:
        def heard(message: ConsoleMessage) -> None:
            if message.type == "error":
                self.complaints.append(message.text[:500])

        self.page.on("console", heard)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)[:500]))

    def sign_in(self, name: str = "admin") -> None:
        self.page.goto(self.site.url + "/login")
        self.page.fill("#username", name)
        self.page.fill("#password", PASSWORD)
        self.page.click("button[type=submit]")
        self.page.wait_for_url(lambda address: "/login" not in address)

    def go(self, path: str) -> Page:
        """Open ``path`` and wait until it shows its figures."""
        self.page.goto(self.site.url + path)
        self.settled()
        return self.page

    def settled(self) -> None:
        # attached, not visible: a page without its source hides its panels behind a word about it
        self.page.wait_for_selector(
            '[data-panel]:not([data-state="loading"])', state="attached", timeout=120_000
        )
        self.page.wait_for_selector('[data-panel][data-state="loading"]', state="detached", timeout=120_000)

    def raw(self, name: str) -> str:
        """The figure of card ``name`` as a program reads it."""
        return self.page.get_attribute(f'[data-kpi="{name}"] [data-raw]', "data-raw") or ""

    def total(self) -> int:
        """The exact number of requests that the grid's filter has."""
        return int(self.page.get_attribute("[data-total]", "data-total") or -1)
