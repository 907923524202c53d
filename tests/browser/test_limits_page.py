"""What people do on the rate limits and KV cache pages: change a limit, try others out, be refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from installation import Site, Visit, eventually
from playwright.sync_api import Browser

from helix_dash.embedded import EmbeddedStore
from helix_dash.metrics.limits import Assigned, Limits, table
from helix_dash.store import connect

COUNT = """
window.told = 0;
const timer = setInterval(() => {
  const there = window.dash_clientside, tell = there && there.set_props;
  if (!tell) return;
  clearInterval(timer);
  there.set_props = function () { window.told += 1; return tell.apply(this, arguments); };
}, 1);
"""
MOST_TOLD = 100
"""Dash tells each change to every component of the page: a thousand of them took half a minute."""


@pytest.fixture(scope="module")
def two_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """An installation that asks recorded answers and a server that is not there."""
    folder = tmp_path_factory.mktemp("two")
    servers = {"API_URL": "mock:", "KV_METRICS_URLS": "vllm-1=http://127.0.0.1:9/metrics"}
    site = Site(folder, EmbeddedStore(folder / "store"), extra=servers)
    site.store.start()
    try:
        site.start(0)
        yield site
    finally:
        site.stop()


def test_limits_are_changed_tried_out_and_taken_away(own_site: Site, open_tab: Callable[..., Visit]) -> None:
    """F3.2, X14"""
    tab = open_tab(own_site)
    page = tab.go("/rate-limits?from=now-24h&refresh=off")
    assert page.get_attribute('[data-panel="limits-uses"]', "data-state") == "empty"
    page.click("#hx-limits-kind label:has-text('Everybody else')")
    page.select_option("#hx-limits-tier", "free")
    page.click("#hx-limits-save")
    page.wait_for_selector('[data-panel="limits-uses"][data-state="ready"]')
    assert "free" in page.inner_text("#hx-limits-done")

    name = page.inner_text("#hx-limits-uses-rows tbody .hx-name")
    page.click("#hx-limits-kind label:has-text('Key')")
    page.fill("#hx-limits-name", name)
    page.select_option("#hx-limits-tier", "own limits")
    page.fill("#hx-limits-rpm", "7")
    page.click("#hx-limits-save")
    store = connect(own_site.store.url)
    eventually(lambda: table(store).keys == {name: Assigned(limits=Limits(7))})

    page.click("#hx-limits-remove")
    page.click("#hx-limits-sure")
    eventually(lambda: table(store).keys == {})

    page.fill("#hx-limits-try-name", "free")
    page.fill("#hx-limits-try-rpm", "1")
    page.click("#hx-limits-try-run")
    page.wait_for_selector('[data-panel="limits-trial"][data-state="ready"]')
    assert int(tab.raw("trial_refused")) >= 0
    assert tab.complaints == []


def test_a_viewer_may_look_and_try_but_not_change(chromium: Browser, site: Site) -> None:
    context = chromium.new_context()
    tab = Visit(context.new_page(), site)
    tab.listen()
    tab.sign_in("viewer")
    page = tab.go("/rate-limits?refresh=off")
    assert "Needs the editor role" in page.inner_text("#hx-limits-form")
    assert page.query_selector("#hx-limits-save") is None
    page.fill("#hx-limits-try-name", "free")
    page.fill("#hx-limits-try-rpm", "1")
    page.click("#hx-limits-try-run")
    page.wait_for_selector('[data-panel="limits-trial"][data-state="ready"]')
    assert tab.raw("trial_refused") != ""
    context.close()
    assert tab.complaints == []


def test_without_a_server_the_kv_cache_page_says_how_to_name_one(visit: Visit) -> None:
    page = visit.page
    page.goto(visit.site.url + "/kv-cache?refresh=off")
    page.wait_for_selector('#hx-kv[data-source="no"]')
    assert "KV_METRICS_URLS" in page.inner_text(".hx-setup")
    assert not page.is_visible('[data-panel="kv-hits"]')


def test_the_server_that_is_shown_is_kept_in_the_address(
    open_tab: Callable[..., Visit], two_servers: Site
) -> None:
    tab = open_tab(two_servers)
    page = tab.go("/kv-cache?refresh=off")
    page.click("#hx-kv-pick label:has-text('vllm-1')")
    page.wait_for_url("**server=kv.vllm-1**")
    page.reload()
    page.wait_for_selector("#hx-kv-pick input[value='kv.vllm-1']:checked", state="attached")
    page.wait_for_selector("#hx-kv-told:has-text('vllm-1')")


@pytest.mark.parametrize("path", ["/chat", "/embeddings", "/rate-limits", "/kv-cache"])
def test_a_page_opens_with_few_changes_that_all_its_parts_hear_of(visit: Visit, path: str) -> None:
    visit.page.add_init_script(COUNT)
    visit.go(f"{path}?from=now-24h&refresh=off")
    assert 0 < visit.page.evaluate("() => window.told") <= MOST_TOLD
