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

from installation import PASSWORD, Site, eventually
from playwright.sync_api import Browser, Page, StorageState, sync_playwright

from helix_dash.embedded import EmbeddedStore
from helix_dash.pages import all_sections

ROOT = Path(__file__).parents[2]
WIDTHS = (1440, 900, 390)
THEMES = ("light", "dark")
DAYS = 7
RECORDS = 30_000
SETTLED = 1500
"""Milliseconds in which charts are drawn and what fades in has its colour."""


STATES = ("data", "down", "empty")


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: the page at ``path`` with ``query``, clicked at ``clicks`` first, in ``states``."""

    name: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    clicks: tuple[str, ...] = ()
    states: tuple[str, ...] = STATES


PARTS = (
    ("shell-trust", "/", ("#hx-trust-button", "#hx-trust-lag > summary"), ("data", "down")),
    ("shell-range", "/", ("#hx-range-button",), ("data",)),
    ("shell-zone", "/", ("#hx-zone-button",), ("data",)),
    ("shell-views", "/", ("#hx-views-button",), ("data",)),
    ("shell-filters", "/", ("#hx-filters-button",), ("data",)),
    ("shell-account", "/", ("#hx-account-button",), ("data",)),
    ("shell-palette", "/", ("#hx-palette",), ("data",)),
    ("shell-chart-menu", "/", ("#hx-volume-menu-button",), ("data",)),
    ("shell-chart-table", "/", ("#hx-volume-menu-button", "#hx-volume-menu [data-table]"), ("data",)),
    ("cache-prompt", "/cache", ("#hx-cache-prompts-table tbody a",), ("data",)),
    ("requests-columns", "/requests", ("#hx-columns-button",), ("data",)),
    ("requests-inspector", "/requests", (".ag-row[row-index='1'] [col-id=status]",), ("data",)),
    ("requests-inspector-cost", "/requests", (".ag-row[row-index='1'] [col-id=status]", "[data-tab=cost]"), ("data",)),
)  # fmt: skip
"""What opens over a page: its name, the page's path, where to click, the states in which there is something to see."""


def pages(period: tuple[tuple[str, str], ...]) -> list[Shot]:
    """Every page of the registry, and what opens over one."""
    query = (*period, ("refresh", "off"))
    found = [
        Shot(
            section.key, section.path, query, states=("data", "down") if section.key == "gallery" else STATES
        )
        for section in all_sections(show_gallery=True)
    ]
    return [*found, *(Shot(name, path, query, clicks, states) for name, path, clicks, states in PARTS)]


@contextmanager
def installed(records: int, start: datetime, end: datetime) -> Iterator[Site]:
    """An installation with ``records`` simulated requests: between the two instants, and as long before, so that
    there is something to compare with."""
    folder = Path(tempfile.mkdtemp(prefix="helix-shots-"))
    site = Site(folder, EmbeddedStore(folder / "store"), extra={"SHOW_GALLERY": "1", "REFRESH_INTERVAL": "5"})
    site.store.start()
    try:
        site.start(records, start - (end - start), end)
        yield site
    finally:
        site.stop()
        shutil.rmtree(folder, ignore_errors=True)


class Camera:
    """Takes pictures of one installation into ``folder``, in every theme and width it is given."""

    def __init__(
        self, browser: Browser, site: Site, folder: Path, themes: Sequence[str], widths: Sequence[int]
    ) -> None:
        self._browser, self._site, self._folder = browser, site, folder
        self._themes, self._widths = themes, widths
        with self._tab(self._widths[0], None) as page:
            answer = page.request.post(site.url + "/login", form={"username": "admin", "password": PASSWORD})
            assert answer.ok, answer.status_text
            self._signed_in = page.context.storage_state()

    @contextmanager
    def _tab(self, width: int, signed_in: StorageState | None) -> Iterator[Page]:
        context = self._browser.new_context(
            viewport={"width": width, "height": 900}, storage_state=signed_in, reduced_motion="reduce"
        )
        yield context.new_page()
        context.close()

    def take(self, shots: list[Shot], state: str) -> int:
        """Every shot that there is in ``state``; how many pictures that were."""
        wanted = [shot for shot in shots if state in shot.states]
        for width in self._widths:
            with self._tab(width, self._signed_in) as page:
                for shot in wanted:
                    self.open(page, shot)
                    self._both(page, f"{shot.name}-{state}", width, whole=not shot.clicks)
        return len(wanted) * len(self._widths) * len(self._themes)

    def door(self) -> int:
        """The sign-in, which knows no data."""
        for width in self._widths:
            with self._tab(width, None) as page:
                page.goto(self._site.url + "/login")
                self._both(page, "login", width, whole=False)
        return len(self._widths) * len(self._themes)

    def _both(self, page: Page, name: str, width: int, *, whole: bool) -> None:
        # the page follows the theme of the browser without being loaded again
        for theme in self._themes:
            page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            page.wait_for_timeout(400)
            file = self._folder / f"{name}-{theme}-{width}.png"
            page.screenshot(path=file, full_page=whole, animations="disabled")

    def open(self, page: Page, shot: Shot) -> None:
        """Show ``shot`` as it shall be pictured."""
        page.goto(f"{self._site.url}{shot.path}?{urlencode(shot.query)}")
        page.wait_for_selector("[data-panel], [data-page-state], form", timeout=60_000)
        page.wait_for_timeout(SETTLED)
        eventually(lambda: not page.evaluate("window.hxcharts.waiting.size"), "the charts were not drawn")
        for place in shot.clicks:
            page.click(place)
            page.wait_for_timeout(600)

    def picture(self, shot: Shot, theme: str, file: Path) -> None:
        """A picture for a document: what fits into a window."""
        with self._tab(1440, self._signed_in) as page:
            page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            self.open(page, shot)
            page.screenshot(path=file, animations="disabled")


def main() -> int:
    given = arguments()
    given.folder.mkdir(parents=True, exist_ok=True)
    end = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    start = end - timedelta(days=DAYS)
    period = (("from", f"{start:%Y-%m-%dT%H:%M}"), ("to", f"{end:%Y-%m-%dT%H:%M}"))
    shots = [shot for shot in pages(period) if shot.name.startswith(tuple(given.only.split(",")))]
    looks = given.theme or THEMES, given.width or WIDTHS
    taken = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        if given.readme or {"data", "down"} & set(given.state):
            with installed(RECORDS, start, end) as site:
                camera = Camera(browser, site, given.folder, *looks)
                if "data" in given.state:
                    taken += camera.take(shots, "data") + camera.door()
                if given.readme:
                    _readme(camera, period)
                site.store.stop()
                if "down" in given.state:
                    taken += camera.take(shots, "down")
        if "empty" in given.state:
            with installed(0, start, end) as site:
                taken += Camera(browser, site, given.folder, *looks).take(shots, "empty")
        browser.close()
    print(f"{taken} pictures in {given.folder}")
    return 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=ROOT / "shots", help="where the pictures go")
    parser.add_argument(
        "--only", default="", help="names that begin so, separated by commas: overview,requests,shell"
    )
    parser.add_argument("--theme", nargs="+", choices=THEMES, help="one of the two")
    parser.add_argument("--width", nargs="+", type=int, choices=WIDTHS, help="some of the three")
    parser.add_argument("--state", nargs="*", choices=STATES, default=STATES, help="some of the three")
    parser.add_argument("--readme", action="store_true", help="also those of docs/pictures")
    return parser.parse_args()


def _readme(camera: Camera, period: tuple[tuple[str, str], ...]) -> None:
    folder = ROOT / "docs" / "pictures"
    query = (*period, ("refresh", "off"))
    camera.picture(Shot("overview", "/", query), "light", folder / "overview.png")
    camera.picture(Shot("overview", "/", query), "dark", folder / "overview-dark.png")
    camera.picture(Shot("requests", "/requests", query), "light", folder / "requests.png")


if __name__ == "__main__":
    sys.exit(main())
