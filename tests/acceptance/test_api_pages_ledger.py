"""A real FakeAI server, LiteLLM in front of it, and the four API pages: every figure is the ledger's, or the server's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from acceptance.product import Product, running, signed_in
from contract.fakeai_process import FakeAI

CALLS = Path(__file__).parent / "fakeai_calls.py"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeAI]:
    one = FakeAI(tmp_path_factory.mktemp("fakeai"))
    one.start()
    yield one
    one.stop()


@pytest.fixture(scope="module")
def product(server: FakeAI, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    folder = tmp_path_factory.mktemp("api-pages")
    settings = {"API_URL": server.url, "PROMPT_HASH_KEY": "a key of the ledger's prompts"}
    with running(folder, [str(CALLS), server.url], settings) as finished:
        yield finished


@pytest.fixture(scope="module")
def page(product: Product) -> Iterator[Page]:
    with signed_in(product) as page:
        yield page


def shown(page: Page, path: str, expected: dict[str, float]) -> dict[str, float]:
    """The cards' ``data-raw`` of the page at ``path``, once they are there."""
    page.goto(path + "?from=now-1h&refresh=off")
    for name in expected:
        expect(page.locator(f"[data-kpi={name}] [data-raw]")).not_to_have_attribute(
            "data-raw", "", timeout=60_000
        )
    return {
        name: float(page.locator(f"[data-kpi={name}] [data-raw]").get_attribute("data-raw") or "nan")
        for name in expected
    }


def of(product: Product, kind: str) -> list[dict[str, Any]]:
    return [row for row in product.ledger if row["kind"] == kind]


def test_every_figure_of_the_chat_page_is_the_ledgers(product: Product, page: Page) -> None:
    """F1.1, F1.3, F1.4; issue D, 1."""
    rows = of(product, "chat")
    expected: dict[str, float] = {
        "requests": len(rows),
        "success_rate": sum(row["status"] == "success" for row in rows) / len(rows),
        "input_tokens": sum(row["input"] for row in rows),
        "output_tokens": sum(row["output"] for row in rows),
        "cached_tokens": sum(row["cached"] for row in rows),
        "reasoning_tokens": 0,
        "streaming_share": sum(row["stream"] for row in rows) / len(rows),
        "cost_usd": sum(row["cost"] for row in rows),
    }
    assert shown(page, "/chat", expected) == pytest.approx(expected, abs=1e-9)


def test_every_figure_of_the_embeddings_page_is_the_ledgers(product: Product, page: Page) -> None:
    """F2.1, F2.3, F2.7; issue D, 1."""
    rows = of(product, "embeddings")
    inputs, tokens, cost = (sum(len(row["inputs"]) for row in rows), *(sum(row[name] for row in rows) for name in ("input", "cost")))  # fmt: skip
    times = Counter(str(row["inputs"]) for row in rows)
    expected: dict[str, float] = {
        "requests": len(rows),
        "input_tokens": tokens,
        "cost_usd": cost,
        "inputs": inputs,
        "inputs_per_request": inputs / len(rows),
        "usd_per_million_tokens": cost / tokens * 1_000_000,
        "duplicate_share": sum(count - 1 for count in times.values()) / len(rows),
    }
    assert shown(page, "/embeddings", expected) == pytest.approx(expected, abs=1e-9)


def test_every_figure_of_the_rate_limits_page_is_the_ledgers(product: Product, page: Page) -> None:
    """F3.4, X3; issue D, 1: all 429 of the ledger are the provider's."""
    refused = sum(row["status"] == "throttled" for row in product.ledger)
    expected: dict[str, float] = {
        "throttled": refused,
        "throttled_rate": refused / len(product.ledger),
        "throttled_ours": 0,
        "throttled_provider": refused,
    }
    assert shown(page, "/rate-limits", expected) == pytest.approx(expected, abs=1e-9)


def test_every_figure_of_the_kv_cache_page_is_the_servers(server: FakeAI, page: Page) -> None:
    """F4.1, F4.3; issue D, 1: the collector watched the server before its first call, so growth is all there is."""
    told = httpx.get(server.url + "/kv-cache/metrics", timeout=10).json()
    cache, workers = told["cache_performance"], told["smart_router"]["workers"].values()
    processed = cache["total_tokens_processed"]
    reused = min(cache["cached_tokens_reused"], processed)
    requests = [worker["total_requests"] for worker in workers]
    expected: dict[str, float] = {
        "kv_reused_tokens": reused,
        "kv_hit_rate": reused / processed,
        "kv_imbalance": max(requests) * len(requests) / sum(requests),
    }
    page.goto("/kv-cache?from=now-1h&refresh=5")
    card = page.locator("[data-kpi=kv_reused_tokens] [data-raw]")
    expect(card).to_have_attribute("data-raw", str(reused), timeout=60_000)
    assert shown(page, "/kv-cache", expected) == pytest.approx(expected, abs=1e-9)


def test_a_bar_of_a_histogram_opens_its_requests(product: Product, page: Page) -> None:
    """Issue D: every mark is clickable to the request log."""
    page.goto("/embeddings?from=now-1h&refresh=off")
    expect(page.locator("[data-panel=emb-batches]")).to_have_attribute("data-state", "ready", timeout=60_000)
    page.locator("#hx-emb-batches-figure .barlayer .point path").first.scroll_into_view_if_needed()
    box = page.locator("#hx-emb-batches-figure .barlayer .point path").first.bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    singles = sum(len(row["inputs"]) == 1 for row in of(product, "embeddings"))
    expect(page.locator("[data-total]")).to_have_attribute("data-total", str(singles), timeout=60_000)


def test_a_view_of_a_chart_is_kept_by_the_address(page: Page) -> None:
    """F1.2."""
    page.goto("/chat?from=now-1h&refresh=off")
    expect(page.locator("[data-panel=chat-usage]")).to_have_attribute("data-state", "ready", timeout=60_000)
    page.click("[data-view-of=chat-usage][data-view=treemap]")
    expect(page.locator("[data-view-of=chat-usage][data-view=treemap]")).to_have_attribute(
        "aria-pressed", "true"
    )
    page.wait_for_url("**chart=chat-usage.treemap**")


def test_a_recent_request_opens_in_the_log(page: Page) -> None:
    """F1.9, F2.4."""
    page.goto("/chat?from=now-1h&refresh=off")
    page.locator("#hx-chat-recent-rows a").first.click(timeout=60_000)
    page.wait_for_url("**/requests?**request=**")
