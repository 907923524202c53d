"""What a first visit costs: bytes over the wire by kind, with an empty and with a filled cache. ``make first-load``.

Prints a table for docs/first-load.md. The browser itself says what was transferred (headers count 300 bytes each).
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from installation import PASSWORD, Site
from playwright.sync_api import Browser, Page, sync_playwright

from helix_dash.embedded import EmbeddedStore

KINDS = ("html", "js", "css", "fonts", "json", "other")
VISITS: tuple[tuple[str, str, Mapping[str, str]], ...] = (
    ("Sign-in", "/login", {}),
    ("Overview (charts)", "/?refresh=off", {}),
    ("Requests (grid and a chart)", "/requests?refresh=off", {}),
    ("Overview, gzip only", "/?refresh=off", {"Accept-Encoding": "gzip"}),
    ("Requests, gzip only", "/requests?refresh=off", {"Accept-Encoding": "gzip"}),
)
QUIET = 2000
"""Milliseconds without a new request after which a page counts as loaded."""

_ENTRIES = """() => [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
    .map((entry) => [entry.name, entry.initiatorType, entry.transferSize])"""
_SUFFIXES = {"js": "js", "css": "css", "woff2": "fonts", "svg": "other", "ico": "other", "png": "other"}


def kind_of(url: str, initiator: str) -> str:
    """What kind of file an entry of the browser's list is."""
    if initiator == "navigation":
        return "html"
    suffix = urlsplit(url).path.rpartition(".")[2]
    return _SUFFIXES.get(suffix, "json")


def transferred(page: Page) -> Counter[str]:
    """Bytes by kind that loading ``page`` took, and the number of requests."""
    page.wait_for_load_state("load")
    before = -1
    while (entries := page.evaluate(_ENTRIES)) and len(entries) != before:
        before = len(entries)
        page.wait_for_timeout(QUIET)
    found: Counter[str] = Counter()
    for name, initiator, size in entries:
        if not name.startswith("data:"):
            found[kind_of(name, initiator)] += size
            found["requests"] += 1
    return found


def measure(browser: Browser, site: Site) -> list[tuple[str, str, Counter[str]]]:
    """Every visit with an empty cache, and again with what it left there."""
    found = []
    for title, path, headers in VISITS:
        context = browser.new_context(
            extra_http_headers=dict(headers), viewport={"width": 1440, "height": 900}
        )
        if path != "/login":
            answer = context.request.post(
                site.url + "/login", form={"username": "admin", "password": PASSWORD}
            )
            assert answer.ok, answer.status_text
        page = context.new_page()
        page.set_default_timeout(60_000)
        for cache in ("empty", "filled"):
            page.goto(site.url + path)
            found.append((title, cache, transferred(page)))
            page.goto("about:blank")
        context.close()
    return found


def table(found: list[tuple[str, str, Counter[str]]]) -> str:
    """The measurement in Markdown, in kilobytes (1000 bytes)."""
    lines = [f"| Page | Cache | {' | '.join(KINDS)} | **all, kB** | requests |"]
    lines.append("| --- | --- | " + " | ".join(["---:"] * (len(KINDS) + 2)) + " |")
    for title, cache, sizes in found:
        parts = " | ".join(f"{sizes[kind] / 1000:,.0f}" for kind in KINDS)
        whole = sum(sizes[kind] for kind in KINDS)
        lines.append(f"| {title} | {cache} | {parts} | **{whole / 1000:,.0f}** | {sizes['requests']} |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=3000, help="simulated requests in the log")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="helix-first-load-"))
    site = Site(folder, EmbeddedStore(folder / "store"))
    site.store.start()
    try:
        site.start(given.records)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium") or None, args=["--no-sandbox"]
            )
            print(table(measure(browser, site)))
            browser.close()
    finally:
        site.stop()
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
