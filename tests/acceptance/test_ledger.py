"""The main job: real LiteLLM calls, recorded, folded, seen in a browser, exported; all agree with the ledger."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, expect, sync_playwright

from helix_dash import tether
from helix_dash.embedded import EmbeddedStore

PATIENCE = 90.0
PASSWORD = "a ledger of two hundred calls"
CALLS = Path(__file__).parent / "calls.py"


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


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    folder = tmp_path_factory.mktemp("product")
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
    }
    helix = [sys.executable, "-m", "helix_dash"]
    logs = [(folder / name).open("wb") for name in ("collect.log", "serve.log")]
    running = [
        tether.start([*helix, name], environ=environ, output=log)
        for name, log in zip(("collect", "serve"), logs, strict=True)
    ]
    try:
        subprocess.run([*helix, "create-admin"], env=environ, check=True, capture_output=True)
        token = subprocess.run(
            [*helix, "create-token"], env=environ, check=True, capture_output=True, text=True
        ).stdout.strip()
        calls = subprocess.run(
            [sys.executable, str(CALLS)], env=environ, capture_output=True, text=True, timeout=200
        )
        assert calls.returncode == 0, calls.stderr[-3000:]
        ledger = json.loads(calls.stdout.split("LEDGER ", 1)[1])["rows"]
        finished = Product(f"http://127.0.0.1:{port}", token, ledger)
        until(lambda: answers(finished.url + "/healthz"), "the web server")
        until(lambda: finished.api("summary")["requests"] == len(ledger), "all calls to arrive")
        yield finished
    finally:
        for process in reversed(running):
            tether.stop(process, 20)
        for log in logs:
            log.close()
        store.stop()


@pytest.fixture
def page(product: Product, tmp_path: Path) -> Iterator[Page]:
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


def test_the_ledger_holds_every_kind_of_call(product: Product) -> None:
    kinds = {(row["status"], row["cache"]) for row in product.ledger}
    assert kinds >= {("success", ""), ("success", "exact"), ("error", ""), ("throttled", "")}


def test_the_summary_agrees_with_the_ledger_to_the_last_token(product: Product) -> None:
    summary = product.api("summary")
    expected = {
        "requests": len(product.ledger),
        "errors": sum(row["status"] != "success" for row in product.ledger),
        "input_tokens": product.sum("input_tokens"),
        "output_tokens": product.sum("output_tokens"),
        "total_tokens": product.sum("input_tokens") + product.sum("output_tokens"),
        "cache_hits_exact": sum(row["cache"] == "exact" for row in product.ledger),
        "unpriced_requests": sum(
            row["status"] == "success" and row["cost_usd"] is None for row in product.ledger
        ),
        "dropped": 0,
    }
    assert {name: summary[name] for name in expected} == expected


def test_the_summary_agrees_with_the_ledger_to_a_billionth_of_a_dollar(product: Product) -> None:
    assert abs(Decimal(str(product.api("summary")["cost_usd"])) - product.cost) < Decimal("1e-9")


@pytest.mark.parametrize("column", ["model", "user", "status"])
def test_each_value_of_a_column_has_the_ledgers_number_of_requests(product: Product, column: str) -> None:
    """H2.3, H2.4, F8."""
    values = {row[column] for row in product.ledger}
    found = {value: product.api("requests", **{column: value}, limit=1)["total"] for value in values}
    assert found == {value: sum(row[column] == value for row in product.ledger) for value in values}


def test_the_cards_show_the_summarys_figures(product: Product, page: Page) -> None:
    """H1.1: what a card's data-raw says is what the API says."""
    summary = product.api("summary")
    card = page.locator("[data-kpi=requests] [data-raw]")
    expect(card).to_have_attribute("data-raw", str(len(product.ledger)), timeout=60_000)
    shown = {
        name: page.locator(f"[data-kpi={name}] [data-raw]").first.get_attribute("data-raw")
        for name in page.locator("[data-kpi]").evaluate_all("cards => cards.map(card => card.dataset.kpi)")
        if name in summary
    }
    assert len(shown) >= 6
    assert not [text for text in shown.values() if re.search("[eE]", text or "")]
    wrong = {
        name: (text, summary[name])
        for name, text in shown.items()
        if (summary[name] is None) != (text == "")
        or (text and abs(Decimal(text) - Decimal(str(summary[name]))) > Decimal("1e-9"))
    }
    assert wrong == {}


def test_the_exported_csv_agrees_with_the_ledger(product: Product, page: Page) -> None:
    """F5.7, C5, C8, T42."""
    page.goto("/requests")
    expect(page.locator("[data-total]")).to_have_attribute(
        "data-total", str(len(product.ledger)), timeout=60_000
    )
    page.click("#hx-export")
    with page.expect_download(timeout=90_000) as download:
        page.locator("#hx-export-link a, a#hx-export-link").first.click(timeout=90_000)
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_bytes().decode("utf-8"), newline="")))
    assert len(rows) == len(product.ledger)
    assert sum(int(row["input_tokens"] or 0) for row in rows) == product.sum("input_tokens")
    assert sum(int(row["output_tokens"] or 0) for row in rows) == product.sum("output_tokens")
    total = sum((Decimal(row["cost_usd"]) for row in rows if row["cost_usd"]), Decimal(0))
    assert abs(total - product.cost) < Decimal("1e-9")
    assert {row["user"] for row in rows} == {"alice", "bob", "'=cmd|' /C calc'!A0"}
