"""axe-core finds nothing on any page, in both themes, on a desk and on a phone (WCAG 2.2 AA)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from installation import Site, Visit
from playwright.sync_api import Browser, Page

from helix_dash.pages import SECTIONS

LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
THEMES = ("light", "dark")
WIDTHS = (1440, 390)
PATIENCE = 120_000
"""Milliseconds: a page may be slow on a busy machine, that is not what is tested here."""


def barriers(page: Page, context: str | None = None) -> list[tuple[int, str, str, str]]:
    """What axe finds in both themes and widths, without loading the page again: where, its rule, the first place.

    A theme changes colours and nothing else, so in the dark only the rules about colours are asked again.
    """
    found = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        for theme in THEMES:
            page.emulate_media(color_scheme=theme)
            page.wait_for_timeout(700)  # until what fades in has its colour, and charts their size
            assert page.get_attribute("html", "data-theme") == theme
            rules = LEVELS if theme == "light" else ["color-contrast", "link-in-text-block"]
            told = (
                Axe()
                .run(page, context, {"runOnly": rules, "resultTypes": ["violations"]})
                .response["violations"]
            )
            found += [(width, theme, one["id"], one["nodes"][0]["html"][:200]) for one in told]
    return found


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.key)
def test_a_page_has_none(open_tab: Callable[..., Visit], site: Site, section: object) -> None:
    tab = open_tab(site)
    tab.page.set_default_timeout(PATIENCE)
    page = tab.go(f"{section.path}?from=now-30d&refresh=off")  # type: ignore[attr-defined]
    page.wait_for_selector("#hx-trust-text:has-text('As of')")
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


def test_the_gallery_has_none(gallery: Page) -> None:
    """Every part in every state."""
    assert barriers(gallery) == []


def test_the_sign_in_has_none_also_when_it_was_refused(chromium: Browser, site: Site) -> None:
    context = chromium.new_context()
    page = context.new_page()
    page.goto(site.url + "/login")
    assert barriers(page) == []
    page.fill("#username", "nobody")
    page.fill("#password", "not the password")
    page.click("button[type=submit]")
    page.wait_for_selector("[role=alert]")
    assert barriers(page) == []
    context.close()
