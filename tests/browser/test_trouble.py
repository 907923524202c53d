"""An empty log, a store that goes away, a viewer who may not."""

from __future__ import annotations

from collections.abc import Callable

from installation import Site, Visit, eventually
from playwright.sync_api import Browser


def test_a_store_stopped_under_an_open_page_leaves_its_figures_with_age_and_reason(
    own_site: Site, open_tab: Callable[..., Visit]
) -> None:
    """Issue A, 6: data stays with its age and reason, no 500, no zero; back again: fresh."""
    tab = open_tab(own_site)
    answers: list[int] = []
    tab.page.on("response", lambda answer: answers.append(answer.status))
    tab.go("/?from=now-30d&refresh=1")
    before = tab.raw("requests")
    own_site.store.stop()
    tab.page.wait_for_selector("#hx-stale:visible", timeout=60_000)
    tab.page.wait_for_selector('[data-panel="volume"][data-state="stale"]')
    assert "store has not answered for" in tab.page.inner_text("#hx-stale")
    assert tab.raw("requests") == before == "300"
    own_site.store.start()
    tab.page.wait_for_selector("#hx-stale", state="hidden", timeout=60_000)
    tab.page.wait_for_selector('[data-panel="volume"][data-state="ready"]')
    assert max(answers) < 500
    assert tab.complaints == []


def test_an_empty_log_says_how_requests_get_there(empty_site: Site, open_tab: Callable[..., Visit]) -> None:
    tab = open_tab(empty_site)
    tab.go("/")
    assert tab.page.get_attribute('[data-panel="volume"]', "data-state") == "empty"
    assert "gateway" in tab.page.inner_text('[data-panel="volume"]')
    tab.go("/requests")
    eventually(lambda: tab.total() == 0)
    assert "No requests recorded yet" in tab.page.inner_text("#hx-grid")
    assert tab.complaints == []


def test_nothing_for_a_filter_offers_to_clear_it(visit: Visit) -> None:
    page = visit.go("/requests?model=no-such-model&refresh=off")
    page.wait_for_selector('[data-panel="requests"][data-state="empty"]')
    page.click("#hx-grid-action")
    page.wait_for_url(lambda address: "model=" not in address)
    eventually(lambda: visit.total() > 0)


def test_an_address_that_cannot_be_read_is_told_in_words(visit: Visit) -> None:
    page = visit.go("/?from=yesterday&refresh=off")
    assert page.get_attribute('[data-panel="volume"]', "data-state") == "error"
    assert "ISO 8601" in page.inner_text('[data-panel="volume"]')


def test_a_viewer_sees_that_exports_need_another_role(chromium: Browser, site: Site) -> None:
    """Lesson 36: hide and deny from one policy table."""
    context = chromium.new_context()
    tab = Visit(context.new_page(), site)
    tab.sign_in("viewer")
    tab.go("/requests")
    assert tab.page.is_disabled("#hx-export")
    assert tab.page.get_attribute("#hx-export", "title") == "Needs the analyst role"
    context.close()
