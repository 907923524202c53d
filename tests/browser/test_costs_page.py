"""What people do on the costs page: split spending, make a budget, set a price, take a table away."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

from installation import Site, Visit, eventually
from playwright.sync_api import Browser

from helix_dash.metrics.budgets import Budget, budgets
from helix_dash.metrics.prices import prices
from helix_dash.model import EVERYTHING
from helix_dash.store import connect

READY = '[data-panel="{}"][data-state="ready"]'


def test_budgets_and_prices_are_made_and_taken_away(own_site: Site, open_tab: Callable[..., Visit]) -> None:
    """F5.5, X7, X12"""
    tab = open_tab(own_site)
    page = tab.go("/costs?from=now-24h&refresh=off")
    page.wait_for_selector('[data-panel="costs-budgets"][data-state="empty"]')
    store = connect(own_site.store.url)
    page.select_option("#hx-costs-budget-kind", "model")
    page.fill("#hx-costs-budget-name", "gpt-4o")
    page.fill("#hx-costs-budget-limit", "250")
    page.click("#hx-costs-budget-save")
    page.wait_for_selector(READY.format("costs-budgets"))
    assert page.inner_text('[data-panel="costs-budgets"] tbody th').splitlines()[0] == "model gpt-4o"
    assert budgets(store, EVERYTHING) == [Budget("model", "gpt-4o", "250", "month")]
    page.click("#hx-costs-budget-remove")
    page.click("#hx-costs-budget-sure")
    eventually(lambda: budgets(store, EVERYTHING) == [])

    page.wait_for_selector(READY.format("costs-unpriced"))
    model = page.inner_text("#hx-costs-unpriced-table tbody th")
    page.fill("#hx-costs-price-model", model)
    page.press("#hx-costs-price-model", "Tab")
    eventually(lambda: page.input_value("#hx-costs-price-since") != "")  # offered from its first day on
    page.fill("#hx-costs-price-uncached", "1.5")
    page.fill("#hx-costs-price-visible", "3")
    page.click("#hx-costs-price-save")
    page.wait_for_selector('#hx-costs-price-done[data-tone="good"]')
    assert [one.model for one in prices(store, EVERYTHING).prices] == [model]
    page.wait_for_selector("#hx-costs-own-table tbody tr")

    unpriced = own_site.api("summary", **{"from": "now-24h"})["unpriced_requests"]
    page.click("#hx-costs-recompute-ask")
    page.wait_for_selector("#hx-costs-recompute-words:has-text('would cost $')")
    page.click("#hx-costs-recompute-sure")
    page.wait_for_selector('#hx-costs-recompute-done[data-tone="good"]:has-text("got a cost")')
    page.wait_for_selector("#hx-costs-ordered-table tbody td:has-text('got a cost')")
    eventually(lambda: own_site.api("summary", **{"from": "now-24h"})["unpriced_requests"] < unpriced)
    assert tab.complaints == []


def test_spending_is_split_and_a_table_is_a_file(visit: Visit, tmp_path: Path) -> None:
    """F5.2, F5.7"""
    page = visit.go("/costs?from=now-24h&refresh=off")
    page.wait_for_selector(READY.format("costs-table"))
    page.click("#hx-costs-by label:has-text('Teams')")
    page.wait_for_selector("#hx-costs-table-table thead th:has-text('Team')")
    with page.expect_download() as download:
        page.click('[data-rows-csv="costs-table"]')
    download.value.save_as(tmp_path / "spend.csv")
    lines = list(csv.DictReader((tmp_path / "spend.csv").read_text("utf-8").splitlines()))
    spent = sum(float(line["Spend"]) for line in lines if line["Spend"])
    assert abs(spent - float(visit.raw("cost_usd"))) < 1e-6 * spent
    assert visit.complaints == []


def test_a_viewer_sees_figures_and_no_form(chromium: Browser, site: Site) -> None:
    context = chromium.new_context()
    tab = Visit(context.new_page(), site)
    tab.listen()
    tab.sign_in("viewer")
    page = tab.go("/costs?refresh=off")
    page.wait_for_selector(READY.format("costs-spend"))
    assert page.query_selector("#hx-costs-budget-save") is None
    assert "Needs the editor role" in page.inner_text("#hx-costs-price")
    context.close()
    assert tab.complaints == []
