"""The whole product as its user runs it, filled by a program that makes real LiteLLM calls, and a browser before it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import requests
from playwright.sync_api import Page, expect, sync_playwright

from helix_dash import tether
from helix_dash.embedded import EmbeddedStore

PATIENCE = 90.0
PASSWORD = "a ledger of two hundred calls"


def until(answer: Callable[[], Any], what: str) -> Any:
    """The first true ``answer``, waited for with patience."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        value = answer()
        if value:
            return value
        time.sleep(0.2)
    raise AssertionError(f"waited in vain for {what}")


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.ConnectionError:
        return False


@dataclass
class Product:
    """The whole product as its user runs it, and what LiteLLM itself said of the calls made to it."""

    url: str
    token: str
    ledger: list[dict[str, Any]]

    def api(self, path: str, **parameters: Any) -> Any:
        answer = requests.get(
            self.url + "/api/v1/" + path,
            params=parameters,
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=30,
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    def sum(self, column: str) -> int:
        return sum(row[column] for row in self.ledger)

    @property
    def cost(self) -> Decimal:
        return sum((Decimal(row["cost_usd"]) for row in self.ledger if row["cost_usd"]), Decimal(0))


@contextmanager
def running(
    folder: Path, calls: Sequence[str], settings: Mapping[str, str] | None = None
) -> Iterator[Product]:
    """The product with what the program ``calls`` recorded in it; the program prints its ledger.

    Args:
        folder: where everything is kept.
        calls: the program and its arguments.
        settings: what differs from the usual ones.
    """
    store = EmbeddedStore(folder / "store")
    store.start()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environ = {
        **os.environ,
        "REDIS_URL": store.url,
        "SECRET_KEY": "k" * 20 + "-of-the-ledger-test-only",
        "DATA_DIR": str(folder / "data"),
        "CACHE_DIR": str(folder / "cache"),
        "HELIX_ADMIN_PASSWORD": PASSWORD,
        "REFRESH_INTERVAL": "1",
        "PORT": str(port),
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        **(settings or {}),
    }
    helix = [sys.executable, "-m", "helix_dash"]
    logs = [(folder / name).open("wb") for name in ("collect.log", "serve.log")]
    processes = [
        tether.start([*helix, name], environ=environ, output=log)
        for name, log in zip(("collect", "serve"), logs, strict=True)
    ]
    try:
        subprocess.run([*helix, "create-admin"], env=environ, check=True, capture_output=True)
        token = subprocess.run(
            [*helix, "create-token"], env=environ, check=True, capture_output=True, text=True
        ).stdout.strip()
        calls = subprocess.run(
            [sys.executable, *calls], env=environ, capture_output=True, text=True, timeout=200
        )
        assert calls.returncode == 0, calls.stderr[-3000:]
        ledger = json.loads(calls.stdout.split("LEDGER ", 1)[1])["rows"]
        finished = Product(f"http://127.0.0.1:{port}", token, ledger)
        until(lambda: answers(finished.url + "/healthz"), "the web server")
        until(lambda: finished.api("summary")["requests"] == len(ledger), "all calls to arrive")
        yield finished
    finally:
        for process in reversed(processes):
            tether.stop(process, 20)
        for log in logs:
            log.close()
        store.stop()


@contextmanager
def signed_in(product: Product) -> Iterator[Page]:
    """A signed-in Chromium."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = chromium.new_page(
            base_url=product.url, viewport={"width": 1440, "height": 900}, accept_downloads=True
        )
        page.goto("/login")
        page.fill("[name=username]", "admin")
        page.fill("[name=password]", PASSWORD)
        page.press("[name=password]", "Enter")
        expect(page.locator("[data-kpi=requests]")).to_be_visible(timeout=60_000)
        yield page
        chromium.close()
