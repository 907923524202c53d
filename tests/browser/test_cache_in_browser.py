"""What people do on the cache page: try a threshold, evict entries and read the receipt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from installation import Site, Visit, eventually, until

from helix_dash.store import connect


def seeded(store: Any) -> None:
    for number in range(6):
        fields = {"model": f"m{number % 2}", "created_at": 1732642151, "user_id": "ada"}
        store.hset(f"helix:exact:{number:064x}", mapping=fields)
    store.hset("helix:ttl:default", mapping={"exact": 3600})


def test_a_threshold_is_tried_and_entries_are_evicted(own_site: Site, open_tab: Callable[..., Visit]) -> None:
    """H3.5, X4: the form asks once more, the collector does it, the receipt tells."""
    store: Any = connect(own_site.store.url)
    seeded(store)
    tab = open_tab(own_site)
    page = tab.go("/cache?from=now-24h&refresh=5")
    page.fill("#hx-cache-pick", "0.7")
    page.press("#hx-cache-pick", "Enter")
    until(page, "document.getElementById('hx-cache-try-subtitle').textContent.startsWith('0.7 ')")
    assert page.locator("#hx-cache-pairs-table tbody tr").count() > 0

    page.fill("#hx-cache-name", "m1")
    page.click("#hx-cache-evict")
    page.wait_for_selector("#hx-cache-words:has-text('model m1')")
    page.click("#hx-cache-keep")
    page.wait_for_selector("#hx-cache-words", state="hidden")
    assert len(store.keys("helix:exact:*")) == 6
    page.click("#hx-cache-evict")
    page.wait_for_selector("#hx-cache-sure", state="visible")
    page.click("#hx-cache-sure")
    eventually(lambda: len(store.keys("helix:exact:*")) == 3, "nothing was evicted")
    page.wait_for_selector("#hx-cache-orders-table:has-text('3 of 6 evicted')")

    page.click("#hx-cache-setting label:has-text('Exact TTL')")
    page.wait_for_selector("#hx-cache-hint:has-text('seconds')")
    page.fill("#hx-cache-value", "7200")
    page.click("#hx-cache-save")
    eventually(lambda: store.hget("helix:ttl:default", "exact") == b"7200", "the setting was not changed")
    assert tab.complaints == []
