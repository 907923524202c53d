"""The frame of every page, used as people do: filters, zones, views, palette, keys, links, pause, a phone."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from installation import Site, Visit, eventually
from playwright.sync_api import Page

SPAN = "from=now-30d&refresh=off"
OPTION = "[role=option]"


def parameters(page: Page) -> dict[str, list[str]]:
    found: dict[str, list[str]] = page.evaluate(
        "(() => { const all = {}; for (const [n, v] of new URLSearchParams(location.search)) (all[n] = all[n] || []).push(v); return all; })()"
    )
    return found


def has(page: Page, name: str, *values: str) -> bool:
    return parameters(page).get(name, []) == list(values)


def raw(visit: Visit) -> int:
    return int(visit.raw("requests") or -1)


# -- filters -------------------------------------------------------------------------------------------


def test_a_filter_is_added_by_keyboard_alone_and_counts_what_the_api_counts(visit: Visit) -> None:
    """C7: column, value, Enter."""
    page = visit.go(f"/?{SPAN}")
    page.keyboard.press("f")
    eventually(lambda: page.evaluate("document.activeElement.getAttribute('role')") == "combobox")
    page.keyboard.type("stat")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"#hx-filters {OPTION}:has-text('throttled')")
    page.keyboard.type("throt")
    page.wait_for_selector(f"#hx-filters {OPTION}:has-text('error')", state="detached")
    page.keyboard.press("Enter")
    page.wait_for_selector(".hx-chip:has-text('throttled')")
    told = visit.site.api("summary", status="throttled", **{"from": "now-30d"})["requests"]
    eventually(lambda: raw(visit) == told, "the cards did not follow the filter")


def test_a_value_is_excluded_and_the_chip_says_so(visit: Visit) -> None:
    page = visit.go(f"/?{SPAN}")
    page.evaluate("window.hx.filterBy('status')")
    page.click("#hx-filters .hx-sign:has-text('is not')")
    page.click(f"#hx-filters {OPTION}:has-text('success')")
    page.wait_for_selector(".hx-chip--not:has-text('not success')")
    assert has(page, "status!", "success")
    told = visit.site.api("summary", **{"from": "now-30d", "status!": "success"})["requests"]
    eventually(lambda: raw(visit) == told, "the cards did not follow the exclusion")
    page.keyboard.press("Escape")
    page.click('[aria-label="Remove Status not success"]')
    page.wait_for_url(lambda address: "status" not in address)


def test_a_value_is_never_both_included_and_excluded(visit: Visit) -> None:
    page = visit.go(f"/?{SPAN}&status=success")
    page.evaluate("window.hx.exclude('status', 'success')")
    page.wait_for_selector(".hx-chip--not")
    assert "status" not in parameters(page)
    page.evaluate("window.hx.toggle('status', 'success')")
    eventually(lambda: has(page, "status", "success") and "status!" not in parameters(page))


def test_unknown_replaces_values_which_the_log_could_not_join_with_it(visit: Visit) -> None:
    page = visit.go(f"/?{SPAN}&error_class=Timeout")
    page.evaluate("window.hx.filterBy('error_class')")
    page.fill("#hx-filters [role=combobox]", "unkn")
    page.click(f"#hx-filters {OPTION}:has-text('unknown')")
    eventually(lambda: has(page, "error_class", ""))


def test_typing_asks_once_it_pauses(visit: Visit) -> None:
    """Debounced: not one question per letter."""
    page = visit.go(f"/?{SPAN}")
    page.evaluate("window.hx.filterBy('model')")
    page.wait_for_selector(f"#hx-filters {OPTION}")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "api/v1/values" in request.url else None)
    page.keyboard.type("claude")
    page.wait_for_selector(f"#hx-filters {OPTION}:has-text('gpt')", state="detached")
    assert asked[-1].endswith("contains=claude")
    assert len(asked) < len("claude")


def test_a_chip_opens_the_filter_it_stands_for(visit: Visit) -> None:
    page = visit.go(f"/?{SPAN}&status=error")
    page.click("[data-edit=status]")
    page.wait_for_selector(f"#hx-filters {OPTION}[aria-selected=true]:has-text('error')")
    page.click(f"#hx-filters {OPTION}:has-text('blocked')")
    eventually(lambda: has(page, "status", "error", "blocked"))


def test_on_a_phone_the_filters_are_one_button_with_their_number(
    open_tab: Callable[..., Visit], site: Site
) -> None:
    """F9."""
    page = open_tab(site, 390, 844).go(f"/?{SPAN}&status=error&endpoint=chat")
    assert page.inner_text("#hx-filters-button").split() == ["Filter", "(2)"]
    assert page.locator("#hx-chips .hx-chip:visible").count() == 0
    page.click("#hx-filters-button")
    page.click('[aria-label="Remove Status error"]')
    eventually(lambda: page.inner_text("#hx-filters-button").split() == ["Filter", "(1)"])


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("from=2025-11-15&to=2025-11-22", "15 Nov – 22 Nov 2025"),
        ("from=2026-01-05T09:30&to=2026-01-05T18:00&zone=Asia/Tokyo", "5 Jan 09:30 – 18:00"),
        ("from=2026-01-05T21:00Z&to=2026-01-06T06:00Z&zone=UTC", "5 Jan 21:00 – 6 Jan 06:00"),
    ],
)
def test_on_a_phone_the_words_of_the_range_are_whole(
    open_tab: Callable[..., Visit], site: Site, asked: str, words: str
) -> None:
    """F9."""
    page = open_tab(site, 390, 844).page
    page.clock.set_fixed_time("2026-02-01T12:00:00Z")
    page.goto(f"{site.url}/?{asked}&refresh=off")
    page.wait_for_selector(f"#hx-range-label:has-text('{words}')")
    assert page.inner_text("#hx-range-label") == words
    assert page.evaluate(
        "(({ scrollWidth, clientWidth }) => scrollWidth <= clientWidth)(document.querySelector('#hx-range-label'))"
    )


# -- zone, comparison, pause ---------------------------------------------------------------------------


def test_another_zone_changes_the_clock_and_not_the_sums(visit: Visit) -> None:
    page = visit.go(f"/requests?{SPAN}")
    page.wait_for_selector(".ag-row[row-index='0'] [col-id=time]:has-text('202')")
    cell = ".ag-row[row-index='0'] [col-id=time]"
    before, total = page.inner_text(cell), visit.total()
    page.click("#hx-zone-button")
    page.fill("#hx-zone [role=combobox]", "kolk")
    page.wait_for_selector(f"#hx-zone {OPTION}:has-text('London')", state="detached")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda address: "zone=Asia/Kolkata" in address)
    page.wait_for_selector(f"{cell}:has-text('{before}')", state="detached")
    page.wait_for_selector(f"{cell}:has-text('202')")
    hours, minutes = (int(part) for part in before.split()[1].split(":")[:2])
    there = page.inner_text(cell).split()[1].split(":")
    assert (int(there[0]) * 60 + int(there[1]) - hours * 60 - minutes) % 1440 == 330
    assert visit.total() == total
    assert page.inner_text("#hx-zone-label") == "Kolkata"


def test_the_fields_of_the_range_are_in_the_zone_of_the_page(visit: Visit) -> None:
    page = visit.go("/?from=2026-01-05T00:00:00Z&to=2026-01-06T00:00:00Z&zone=Asia/Tokyo&refresh=off")
    assert page.inner_text("#hx-range-label") == "2026-01-05 09:00 – 2026-01-06 09:00"
    page.click("#hx-range-button")
    eventually(lambda: page.input_value("#hx-from") == "2026-01-05T09:00")
    assert "Asia/Tokyo" in page.inner_text(".hx-range__custom")


def test_compare_is_a_key_a_button_and_a_parameter(visit: Visit) -> None:
    page = visit.go(f"/?{SPAN}")
    page.keyboard.press("c")
    eventually(lambda: has(page, "compare", "previous"))
    eventually(lambda: page.get_attribute("#hx-compare", "aria-pressed") == "true")
    page.click("#hx-compare")
    eventually(lambda: "compare" not in parameters(page))


def test_pause_stops_asking_and_goes_on_as_before(visit: Visit) -> None:
    page = visit.go("/?from=now-30d&refresh=5")
    page.click("#hx-pause")
    eventually(lambda: has(page, "refresh", "off"))
    assert page.inner_text("#hx-refresh-label") == "Paused"
    page.keyboard.press("p")
    eventually(lambda: has(page, "refresh", "5"))


def test_a_page_that_comes_back_into_sight_asks_once(visit: Visit) -> None:
    """Lesson 13."""
    page = visit.go("/?from=now-30d&refresh=900")
    page.evaluate("window.hx.set({ refresh: '300' })")
    page.evaluate("window.dash_clientside.set_props('hx-interval', { n_intervals: 1 })")
    page.wait_for_timeout(5500)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.post_data or "") if "_dash-update-component" in request.url else None)  # fmt: skip
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    eventually(lambda: asked or page.wait_for_timeout(100), "it did not ask")
    page.wait_for_timeout(1500)
    assert len(asked) == 1


# -- palette and keys ----------------------------------------------------------------------------------


def test_the_palette_opens_a_page_by_a_few_letters_and_keeps_the_range(visit: Visit) -> None:
    page = visit.go(f"/?{SPAN}&status=error")
    page.keyboard.press("Control+k")
    page.wait_for_selector(".hx-dialog--palette")
    page.keyboard.type("requ")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-total]:not([data-total=''])")
    assert has(page, "status", "error")
    assert has(page, "from", "now-30d")


@pytest.mark.parametrize(
    ("typed", "check"),
    [
        ("last 7 days", "new URLSearchParams(location.search).get('from') === 'now-7d'"),
        ("dark theme", "document.documentElement.dataset.theme === 'dark'"),
        ("filter by provider", "document.querySelector('#hx-filters').open"),
        ("clear all", "!location.search.includes('status')"),
        ("shortcuts", "!!document.querySelector('.hx-dialog--keys')"),
    ],
)
def test_the_palette_does_what_it_says(visit: Visit, typed: str, check: str) -> None:
    page = visit.go(f"/?{SPAN}&status=error")
    page.click("#hx-palette")
    page.keyboard.type(typed)
    page.keyboard.press("Enter")
    eventually(lambda: page.evaluate(check), typed)


def test_the_palette_keeps_the_focus_and_gives_it_back(visit: Visit) -> None:
    """X10: a dialog holds the focus until it is closed."""
    page = visit.go(f"/?{SPAN}")
    page.focus("#hx-compare")
    page.keyboard.press("Control+k")
    page.wait_for_selector(".hx-dialog--palette")
    for _ in range(3):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('dialog')")  # fmt: skip
    page.keyboard.press("Escape")
    eventually(lambda: page.evaluate("document.activeElement.id") == "hx-compare")


def test_keys_go_to_pages_and_to_the_search(visit: Visit) -> None:
    page = visit.go(f"/?{SPAN}")
    page.keyboard.press("g")
    page.keyboard.press("r")
    page.wait_for_selector("[data-total]:not([data-total=''])")
    page.keyboard.press("/")
    eventually(lambda: page.evaluate("document.activeElement.id") == "hx-search")
    page.keyboard.type("gop?")
    assert page.input_value("#hx-search") == "gop?"
    assert page.locator("dialog").count() == 0


def test_the_list_of_keys_names_them_all(visit: Visit) -> None:
    page = visit.go(f"/?{SPAN}")
    page.keyboard.press("?")
    shown = page.inner_text(".hx-dialog--keys")
    for title in page.evaluate("window.hx.keys.table.map((one) => one.title)"):
        assert title in shown


# -- saved views and links -----------------------------------------------------------------------------


def _views(page: Page) -> list[Any]:
    found: list[Any] = page.evaluate("fetch('/api/v1/views').then((a) => a.json()).then((b) => b.views)")
    return found


@pytest.fixture
def cleaned(visit: Visit) -> Visit:
    """A tab of somebody who has saved nothing yet."""
    visit.go(f"/?{SPAN}")
    for view in _views(visit.page):
        visit.page.evaluate("(id) => fetch('/api/v1/views/' + id, { method: 'DELETE' })", view["id"])
    return visit


def _save(page: Page, name: str) -> None:
    page.keyboard.press("v")
    page.fill("#hx-view-name", name)
    page.keyboard.press("Enter")
    page.wait_for_selector(f".hx-view:has-text('{name}')")


def test_a_view_is_saved_and_opened_from_another_page(cleaned: Visit) -> None:
    """X18."""
    page = cleaned.go("/requests?from=now-7d&refresh=off&status=error&model!=gpt-4o&theme=light")
    _save(page, "Errors but gpt-4o")
    assert "theme" not in _views(page)[0]["search"]
    page.goto(cleaned.site.url + f"/?{SPAN}")
    cleaned.settled()
    page.keyboard.press("v")
    page.click(".hx-view__name")
    page.wait_for_selector("[data-total]:not([data-total=''])")
    assert has(page, "status", "error")
    assert has(page, "model!", "gpt-4o")
    told = cleaned.site.api("requests", limit=1, **{"from": "now-7d", "status": "error", "model!": "gpt-4o"})
    eventually(lambda: cleaned.total() == told["total"])


def test_a_view_is_renamed_deleted_and_taken_back(cleaned: Visit) -> None:
    """X18."""
    page = cleaned.go(f"/?{SPAN}&status=error")
    _save(page, "Errors")
    page.click("[aria-label='Rename Errors']")
    page.fill("[aria-label='New name']", "Failures")
    page.keyboard.press("Enter")
    page.click("[aria-label='Delete Failures']")
    page.wait_for_selector(".hx-view", state="detached")
    page.click(".hx-toast button")
    eventually(lambda: [view["name"] for view in _views(page)] == ["Failures"])


def test_a_refusal_is_told_beside_the_form(cleaned: Visit) -> None:
    page = cleaned.go(f"/?{SPAN}")
    _save(page, "Mine")
    page.fill("#hx-view-name", "mine")
    page.keyboard.press("Enter")
    page.wait_for_selector(".hx-views__said:has-text('already')")
    cleaned.complaints.clear()  # the browser reports every 400 to its console


def test_the_chosen_view_opens_with_the_app_and_only_then(cleaned: Visit) -> None:
    """X18: the default view."""
    page = cleaned.go(f"/requests?{SPAN}&status=error")
    _save(page, "Start")
    page.click("[aria-label='Open Start at the start']")
    page.wait_for_selector(".hx-view [aria-pressed=true]")
    page.goto(cleaned.site.url + "/")
    page.wait_for_url(lambda address: "/requests" in address and "status=error" in address)
    page.goto(cleaned.site.url + "/?from=now-1h")
    cleaned.settled()
    assert "status" not in parameters(page)
    page.evaluate("(id) => fetch('/api/v1/views/' + id, { method: 'DELETE' })", _views(page)[0]["id"])


def test_a_link_to_exactly_this_period_holds_instants(visit: Visit) -> None:
    visit.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = visit.go(f"/?{SPAN}&status=error&theme=dark")
    page.click("#hx-link-button")
    page.click("[data-action=link-exact]")
    page.wait_for_selector(".hx-toast")
    link = page.evaluate("navigator.clipboard.readText()")
    assert "theme" not in link
    page.goto(link)
    visit.settled()
    given = parameters(page)
    length = page.evaluate("([a, b]) => (Date.parse(b) - Date.parse(a)) / 86400000", [given["from"][0], given["to"][0]])  # fmt: skip
    assert (length, given["status"], given["zone"]) == (30, ["error"], ["UTC"])


# -- account, accessibility ----------------------------------------------------------------------------


def test_signing_out_everywhere_asks_first_and_ends_other_sessions(
    open_tab: Callable[..., Visit], own_site: Site
) -> None:
    """T16: every session of the account."""
    one, other = open_tab(own_site), open_tab(own_site)
    other.page.context.clear_cookies()
    other.sign_in("admin")
    page = one.page
    page.goto(own_site.url + "/?refresh=off")
    page.click("#hx-account-button", timeout=60_000)
    page.click("[data-action=leave]")
    page.click("dialog button:has-text('Stay')")
    assert page.locator("dialog").count() == 0
    page.click("#hx-account-button")
    page.click("[data-action=leave]")
    page.click("dialog .hx-button--primary")
    page.wait_for_url(lambda address: "/login" in address)
    other.page.goto(own_site.url + "/")
    assert "/login" in other.page.url


OPEN = "details.hx-pop[open] > .hx-pop__body, dialog[open]"
LAYERS = {
    "zone": "document.getElementById('hx-zone').open = true",
    "views": "document.getElementById('hx-views').open = true",
    "values": "window.hx.filterBy('model', true)",
    "range": "document.getElementById('hx-range').open = true",
    "link": "document.getElementById('hx-link').open = true",
    "account": "document.getElementById('hx-account').open = true",
    "palette": "window.hx.palette()",
    "keys": "window.hx.keys.show()",
    "leave": "window.hx.confirmSignOut()",
}


def test_whatever_is_open_a_machine_that_checks_accessibility_finds_nothing(visit: Visit) -> None:
    """WCAG 2.2 AA, in both themes; the page below is looked at in test_barriers."""
    page = visit.go(f"/?{SPAN}&status=error&model!=gpt-4o")
    options = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
    found = []
    for name, script in LAYERS.items():
        page.evaluate(script)
        page.wait_for_selector(OPEN)
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            page.wait_for_timeout(300)
            wrong = Axe().run(page, OPEN, options).response["violations"]
            found += [(name, theme, one["id"], one["nodes"][0]["html"][:200]) for one in wrong]
        page.keyboard.press("Escape")
        page.wait_for_selector(OPEN, state="hidden")
    assert found == [], json.dumps(found, indent=1)
