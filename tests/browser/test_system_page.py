"""System health in a browser: chips lead to it, it shows one part at a time, and the browser itself reports."""

from __future__ import annotations

from installation import Visit, eventually

from helix_dash.store import connect
from helix_dash.vitals.keys import VISIT

PARTS = {
    "hosts": "sys-cpu",
    "store": "sys-store-memory",
    "dashboard": "sys-spent",
    "logs": "sys-lines",
    "services": "sys-services",
}
"""Part → a panel of it that has something to show once a collector runs."""


def test_a_chip_of_the_overview_leads_to_system_health(visit: Visit) -> None:
    """H1.4, H6.3"""
    page = visit.go("/?refresh=off")
    page.locator("#hx-overview-chips .hx-light:visible").first.click()
    page.wait_for_url(lambda address: "/system" in address)
    page.wait_for_selector('[data-panel="sys-services"][data-state="ready"]')
    assert int(visit.raw("system_services_up")) >= 3
    assert visit.complaints == []


def test_one_part_is_shown_at_a_time_and_drawn_when_it_is_chosen(visit: Visit) -> None:
    """H6"""
    page = visit.go("/system?refresh=off&from=now-1h")
    for part, panel in PARTS.items():
        page.check(f"#hx-sys-tab input[value={part}]", force=True)
        page.wait_for_selector(f'[data-panel="{panel}"][data-state="ready"]')
        shown = page.eval_on_selector_all(
            ".hx-grid.hx-only",
            "every => every.filter((one) => one.offsetParent).map((one) => one.dataset.of)",
        )
        assert shown == [part]
    assert visit.complaints == []


def test_a_browser_reports_what_it_loaded_after_a_while(visit: Visit) -> None:
    """F13: by the asset, through the guarded route, with the worker's next sign of life."""
    store = connect(visit.site.store.url)
    store.delete(VISIT)
    visit.go("/system?refresh=off")
    eventually(lambda: store.exists(VISIT) == 1)
    assert visit.complaints == []
