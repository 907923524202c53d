"""What people do on the cache page: try a threshold, evict entries and read the receipt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from axe_playwright_python.sync_playwright import Axe
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


def test_a_prompt_opens_at_the_side_and_keys_lead_on(own_site: Site, open_tab: Callable[..., Visit]) -> None:
    """pages.md 7: the drawer per prompt; X5: its entry is evicted from there, asked once more."""
    store: Any = connect(own_site.store.url)
    tab = open_tab(own_site)
    page = tab.go("/cache?from=now-30d&refresh=off")
    rows = "#hx-cache-prompts-table tbody th a"
    page.wait_for_selector(rows)
    names = [str(one.get_attribute("href")).rpartition("prompt=")[2] for one in page.locator(rows).all()[:3]]
    page.click(f"{rows} >> nth=0")
    page.wait_for_selector(f"#hx-prompt-details code:has-text('{names[0]}')")
    assert "from=now-30d" in page.url
    assert "refresh=off" in page.url
    assert page.is_disabled("#hx-prompt-previous")
    for key, name in (("j", names[1]), ("j", names[2]), ("k", names[1])):
        page.keyboard.press(key)
        page.wait_for_selector(f"#hx-prompt-details code:has-text('{name}')")
    page.click("#hx-prompt-previous")
    page.wait_for_selector(f"#hx-prompt-details code:has-text('{names[0]}')")
    assert page.get_attribute("#hx-prompt-link", "data-copy") == page.url
    assert page.inner_text("#hx-prompt-place").startswith("1 of ")
    assert Axe().run(page, context=".hx-drawer").response["violations"] == []
    page.keyboard.press("Escape")
    page.wait_for_selector(".hx-drawer", state="detached")
    page.click(f"{rows} >> nth=0")

    entry = page.inner_text("#hx-prompt-details tr:has(button[data-deed]) th >> nth=0").removesuffix("…")
    store.hset(f"helix:exact:{entry}{'0' * 48}", mapping={"model": "m"})
    page.click("#hx-prompt-details button[data-deed] >> nth=0")
    page.wait_for_selector(f"#hx-cache-words:has-text('{entry}')")
    page.click("#hx-cache-sure")
    eventually(lambda: not store.keys(f"helix:exact:{entry}*"), "the entry was not evicted")
    page.wait_for_selector(".modal.show", state="detached")
    page.keyboard.press("Escape")
    page.wait_for_selector(".hx-drawer", state="detached")
    eventually(lambda: "prompt=" not in page.url, "the address still names the prompt")
    assert tab.complaints == []
