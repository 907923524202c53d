"""What people do on the users pages: turn pages, make a group from a filter, take it back, look at one user, at themselves."""

from __future__ import annotations

from collections.abc import Callable

from installation import Site, Visit, eventually, until

from helix_dash.metrics.user_groups import groups
from helix_dash.model import EVERYTHING
from helix_dash.store import connect


def test_a_group_is_made_from_a_filter_used_deleted_and_brought_back(
    own_site: Site, open_tab: Callable[..., Visit]
) -> None:
    """H5.5"""
    tab = open_tab(own_site)
    page = tab.go("/users?from=now-30d&refresh=off")
    page.wait_for_selector('[data-panel="users-all"][data-state="ready"]')
    names = [one.inner_text() for one in page.query_selector_all("#hx-users-all-table tbody th a")][:2]
    page.click("#hx-users-order label:has-text('Requests')")
    page = tab.go(f"/users?from=now-30d&refresh=off&user={names[0]}&user={names[1]}")
    page.wait_for_selector('[data-panel="users-groups"][data-state="empty"]')
    page.fill("#hx-groups-name", "Two")
    page.click("#hx-groups-filtered")
    until(page, "document.querySelector('#hx-groups-members').value.split('\\n').length === 2")
    page.click("#hx-groups-save")
    page.wait_for_selector('[data-panel="users-groups"][data-state="ready"]')
    store = connect(own_site.store.url)
    assert [set(one.members) for one in groups(store, EVERYTHING)] == [set(names)]

    page.click("#hx-groups-remove")
    page.click("#hx-groups-sure")
    eventually(lambda: groups(store, EVERYTHING) == [])
    page.click("#hx-groups-undo")
    eventually(lambda: len(groups(store, EVERYTHING)) == 1)
    page.wait_for_selector('[data-panel="users-groups"][data-state="ready"]')

    page.click("#hx-users-groups-table tbody th a")
    page.wait_for_selector("#hx-usage-who:has-text('2 users')")
    page.wait_for_selector('[data-panel="usage-volume"][data-state="ready"]')
    assert tab.complaints == []


def test_a_name_leads_to_one_users_page_and_my_usage_says_who_i_am_not(visit: Visit) -> None:
    """H5.1"""
    page = visit.page
    page.goto(visit.site.url + "/users?from=now-30d&refresh=off")
    page.wait_for_selector('[data-panel="users-all"][data-state="ready"]')
    first = page.inner_text("#hx-users-all-table tbody tr:first-child th a")
    page.click("#hx-users-all-table tbody tr:first-child th a")
    page.wait_for_selector(f"#hx-usage-who:has-text('{first}')")
    page.wait_for_selector('[data-panel="usage-models"][data-state="ready"]')
    page.click("a:has-text('My usage')")
    page.wait_for_selector("#hx-usage-volume-title:has-text('No usage of yours is known')")
    assert page.locator("[data-panel^=usage]:visible, .hx-kpi:visible").count() == 1
