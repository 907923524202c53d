"""The main job: real LiteLLM calls, recorded, folded, seen in a browser, exported; all agree with the ledger."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from acceptance.product import Product, running, signed_in

CALLS = Path(__file__).parent / "calls.py"


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with running(tmp_path_factory.mktemp("product"), [str(CALLS)]) as finished:
        yield finished


@pytest.fixture
def page(product: Product) -> Iterator[Page]:
    with signed_in(product) as page:
        yield page


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
