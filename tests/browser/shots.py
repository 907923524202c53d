"""Pictures of every page, in both themes, at three widths, with data, without, and with the store away. ``make shots``.

Pages come from the registry, so a new one is in the next pictures by itself. The traffic is that of a fixed seed over
full days, so the same day gives the same pictures, but for the clock in the trust bar.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

from installation import PASSWORD, Site
from playwright.sync_api import Browser, Page, sync_playwright

from helix_dash.embedded import EmbeddedStore
from helix_dash.pages import all_sections

ROOT = Path(__file__).parents[2]
WIDTHS = (1440, 900, 390)
THEMES = ("light", "dark")
DAYS = 7
RECORDS = 20_000
SETTLED = 1500
"""Milliseconds in which charts are drawn and what fades in has its colour."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: the page at ``path`` with ``query``, clicked at ``clicks`` first."""

    name: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    clicks: tuple[str, ...] = ()


def pages(period: tuple[tuple[str, str], ...]) -> list[Shot]:
    """Every page of the registry, and what opens over one."""
    found = [
        Shot(section.key, section.path, (*period, ("refresh", "off")))
        for section in all_sections(show_gallery=True)
    ]
    return [
        *found,
        Shot("trust", "/", (*period, ("refresh", "off")), ("#hx-trust-button", "#hx-trust-lag > summary")),
    ]


@contextmanager
def installed(records: int, start: datetime, end: datetime) -> Iterator[Site]:
    """An installation with ``records`` simulated requests between the two instants."""
    folder = Path(tempfile.mkdtemp(prefix="helix-shots-"))
    site = Site(folder, EmbeddedStore(folder / "store"), extra={"SHOW_GALLERY": "1", "REFRESH_INTERVAL": "5"})
    site.store.start()
    try:
        site.start(records, start, end)
        yield site
    finally:
        site.stop()
        shutil.rmtree(folder, ignore_errors=True)


class Camera:
    """Takes pictures of one installation into ``folder``."""

    def __init__(self, browser: Browser, site: Site, folder: Path, looks: Sequence[tuple[str, int]]) -> None:
        self._browser, self._site, self._folder, self._looks = browser, site, folder, looks
        first = browser.new_context()
        answer = first.request.post(site.url + "/login", form={"username": "admin", "password": PASSWORD})
        assert answer.ok, answer.status_text
        self._signed_in = first.storage_state()
        first.close()

    def take(self, shots: list[Shot], state: str) -> int:
        """Every shot in every look (theme and width); how many pictures that were."""
        for theme, width in self._looks:
            context = self._browser.new_context(
                viewport={"width": width, "height": 900},
                storage_state=self._signed_in,
                color_scheme=theme,  # type: ignore[arg-type]
                reduced_motion="reduce",
            )
            page = context.new_page()
            for shot in shots:
                self._one(page, shot, theme, self._folder / f"{shot.name}-{state}-{theme}-{width}.png")
            context.close()
        return len(shots) * len(self._looks)

    def _one(self, page: Page, shot: Shot, theme: str, file: Path) -> None:
        self.open(page, shot, theme)
        page.screenshot(path=file, full_page=not shot.clicks, animations="disabled")

    def open(self, page: Page, shot: Shot, theme: str) -> None:
        """Show ``shot`` as it shall be pictured."""
        page.goto(f"{self._site.url}{shot.path}?{urlencode((*shot.query, ('theme', theme)))}")
        page.wait_for_selector("[data-panel], [data-page-state], form", timeout=60_000)
        page.wait_for_timeout(SETTLED)
        for place in shot.clicks:
            page.click(place)
            page.wait_for_timeout(300)

    def picture(self, shot: Shot, theme: str, file: Path) -> None:
        """A picture for a document: what fits into a window."""
        context = self._browser.new_context(
            viewport={"width": 1440, "height": 900},
            storage_state=self._signed_in,
            color_scheme=theme,  # type: ignore[arg-type]
            reduced_motion="reduce",
        )
        page = context.new_page()
        self.open(page, shot, theme)
        page.screenshot(path=file, animations="disabled")
        context.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=ROOT / "shots", help="where the pictures go")
    parser.add_argument("--only", default="", help="pages whose names begin so")
    parser.add_argument("--theme", choices=THEMES, help="one of the two")
    parser.add_argument("--width", type=int, choices=WIDTHS, help="one of the three")
    parser.add_argument("--readme", action="store_true", help="also those of docs/pictures")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    end = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    start = end - timedelta(days=DAYS)
    period = (("from", f"{start:%Y-%m-%dT%H:%M}"), ("to", f"{end:%Y-%m-%dT%H:%M}"))
    looks = [
        (theme, width)
        for theme in THEMES
        for width in WIDTHS
        if given.theme in (None, theme) and given.width in (None, width)
    ]
    shots = [shot for shot in pages(period) if shot.name.startswith(given.only)]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        with installed(RECORDS, start, end) as site:
            camera = Camera(browser, site, given.folder, looks)
            taken = camera.take(shots, "data")
            if given.readme:
                _readme(camera, period)
            site.store.stop()
            taken += camera.take(shots, "down")
        with installed(0, start, end) as site:
            there = [shot for shot in shots if shot.name not in ("gallery", "trust")]
            taken += Camera(browser, site, given.folder, looks).take(there, "empty")
            taken += _doors(browser, site, given.folder, looks)
        browser.close()
    print(f"{taken} pictures in {given.folder}")
    return 0


def _doors(browser: Browser, site: Site, folder: Path, looks: Sequence[tuple[str, int]]) -> int:
    """The sign-in, which knows no data."""
    for theme, width in looks:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(site.url + "/login")
        page.screenshot(path=folder / f"login-{theme}-{width}.png")
        context.close()
    return len(looks)


def _readme(camera: Camera, period: tuple[tuple[str, str], ...]) -> None:
    folder = ROOT / "docs" / "pictures"
    query = (*period, ("refresh", "off"))
    camera.picture(Shot("overview", "/", query), "light", folder / "overview.png")
    camera.picture(Shot("overview", "/", query), "dark", folder / "overview-dark.png")
    camera.picture(Shot("requests", "/requests", query), "light", folder / "requests.png")


if __name__ == "__main__":
    sys.exit(main())
