"""Fixtures: an installation, Chromium, signed-in tabs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from installation import RECORDS, Site, Visit
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from helix_dash.embedded import EmbeddedStore


def _site(folder: Path, records: int, **extra: str) -> Iterator[Site]:
    site = Site(folder, EmbeddedStore(folder / "store"), extra=extra)
    site.store.start()
    try:
        site.start(records)
        yield site
    finally:
        site.stop()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """An installation with 3,000 simulated requests; tests only read it."""
    yield from _site(tmp_path_factory.mktemp("site"), RECORDS)


@pytest.fixture
def own_site(tmp_path: Path) -> Iterator[Site]:
    """An installation that a test may break."""
    yield from _site(tmp_path, 300)


@pytest.fixture(scope="module")
def growing_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """An installation to whose log the tests of a file add requests."""
    yield from _site(tmp_path_factory.mktemp("growing"), 300)


@pytest.fixture
def empty_site(tmp_path: Path) -> Iterator[Site]:
    """An installation without a single request."""
    yield from _site(tmp_path, 0)


@pytest.fixture(scope="module")
def gallery_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """An installation with the developers' gallery."""
    yield from _site(tmp_path_factory.mktemp("gallery"), 50, SHOW_GALLERY="1")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One headless Chromium per file: playwright keeps an event loop, and other files of the process want theirs."""
    path = (
        os.environ.get("CHROMIUM")
        or shutil.which("chromium")
        or shutil.which("chromium-browser")
        or shutil.which("google-chrome")
    )
    if path is None:
        pytest.fail("These tests need Chromium: apt-get install chromium, or name it in CHROMIUM.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


def _visit(
    browser: Browser, site: Site, width: int = 1440, height: int = 900, **options: Any
) -> tuple[Visit, BrowserContext]:
    if site.signed_in is None:
        first = browser.new_context()
        Visit(first.new_page(), site).sign_in()
        site.signed_in = first.storage_state()
        first.close()
    context = browser.new_context(
        viewport={"width": width, "height": height}, storage_state=site.signed_in, **options
    )
    context.set_default_timeout(60_000)
    visit = Visit(context.new_page(), site)
    visit.listen()
    return visit, context


def _close(context: BrowserContext) -> None:
    """Close it; an answer that a test was just changing may come to nothing."""
    for page in context.pages:
        page.unroute_all(behavior="ignoreErrors")
    context.close()


@pytest.fixture
def visit(chromium: Browser, site: Site) -> Iterator[Visit]:
    """A tab of an administrator; afterwards, it must not have complained about anything."""
    tab, context = _visit(chromium, site)
    yield tab
    _close(context)
    assert tab.complaints == []


@pytest.fixture
def open_tab(chromium: Browser) -> Iterator[Callable[..., Visit]]:
    """Opens tabs of any size, on any installation."""
    contexts: list[BrowserContext] = []

    def opened(site: Site, width: int = 1440, height: int = 900, **options: Any) -> Visit:
        tab, context = _visit(chromium, site, width, height, **options)
        contexts.append(context)
        return tab

    yield opened
    for context in contexts:
        _close(context)
