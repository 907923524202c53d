"""axe-core finds nothing on any page, in both themes, on a desk and on a phone (WCAG 2.2 AA)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from installation import Site, Visit
from playwright.sync_api import Browser, Page

from helix_dash.pages import SECTIONS

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
PATIENCE = 120_000
"""Milliseconds: a page may be slow on a busy machine, that is not what is tested here."""
both_themes = pytest.mark.parametrize("theme", ["light", "dark"])
both_widths = pytest.mark.parametrize("width", [1440, 390])


def barriers(page: Page) -> list[tuple[str, str]]:
    """What axe finds: its rule and the first place."""
    found = Axe().run(page, options=RULES).response["violations"]
    return [(one["id"], one["nodes"][0]["html"][:200]) for one in found]


@both_themes
@both_widths
@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.key)
def test_a_page_has_none(
    open_tab: Callable[..., Visit], site: Site, section: object, theme: str, width: int
) -> None:
    tab = open_tab(site, width)
    tab.page.set_default_timeout(PATIENCE)
    page = tab.go(f"{section.path}?from=now-30d&theme={theme}&refresh=off")  # type: ignore[attr-defined]
    page.wait_for_selector("#hx-trust-text:has-text('As of')")
    page.wait_for_timeout(500)  # until what fades in has its colour
    assert barriers(page) == []


@pytest.fixture(scope="module")
def gallery(chromium: Browser, gallery_site: Site) -> Iterator[Page]:
    """The gallery, once for all its looks."""
    context = chromium.new_context()
    context.set_default_timeout(PATIENCE)
    tab = Visit(context.new_page(), gallery_site)
    tab.sign_in()
    tab.page.goto(f"{gallery_site.url}/gallery?refresh=off")
    tab.page.wait_for_selector('[data-panel="g-error"][data-state="error"]')
    yield tab.page
    context.close()


@both_themes
@both_widths
def test_the_gallery_has_none_in_any_state_of_any_part(gallery: Page, theme: str, width: int) -> None:
    gallery.set_viewport_size({"width": width, "height": 900})
    gallery.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
    gallery.wait_for_timeout(1000)  # until colours have settled
    assert barriers(gallery) == []


@both_themes
@both_widths
def test_the_sign_in_has_none_also_when_it_was_refused(
    chromium: Browser, site: Site, theme: str, width: int
) -> None:
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(site.url + "/login")
    assert barriers(page) == []
    page.fill("#username", "nobody")
    page.fill("#password", "not the password")
    page.click("button[type=submit]")
    page.wait_for_selector("[role=alert]")
    assert barriers(page) == []
    context.close()
