"""Every state of every part, as a person sees it: there, named, readable, in its place, in both themes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from installation import Site, Visit
from PIL import Image, ImageChops
from playwright.sync_api import Browser, Locator, Page

from helix_dash.pages.gallery.samples import CHARTS, KINDS, KPIS, WORDS

THEMES = ("light", "dark")
SHOWN = {
    "g-ready": "ready",
    "g-lines": "ready",
    "g-palette": "ready",
    "g-stale": "stale",
    "g-loading": "loading",
    "g-waiting": "empty",
    "g-empty": "empty",
    "g-filtered": "empty",
    "g-few": "empty",
    "g-error": "error",
    "g-forbidden": "forbidden",
}
"""Panel → the state it is in."""
ACTIONS = {"g-empty": "Show the last 30 days", "g-filtered": "Clear filters", "g-error": "Retry"}


@pytest.fixture(scope="module")
def gallery(chromium: Browser, gallery_site: Site) -> Iterator[Page]:
    """The page, once for all tests: they only look."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(120_000)
    tab = Visit(context.new_page(), gallery_site)
    tab.listen()
    tab.sign_in()
    tab.page.goto(f"{gallery_site.url}/gallery?refresh=off&theme=light")
    tab.page.wait_for_selector('[data-panel="g-error"][data-state="error"]')
    tab.page.wait_for_selector("#hx-g-palette-figure .bars .point path", state="attached")
    yield tab.page
    context.close()
    assert tab.complaints == []


def part(page: Page, name: str) -> Locator:
    return page.locator(f'[data-panel="{name}"]')


def pictures(page: Page, locator: Locator, folder: Path, name: str) -> list[Image.Image]:
    """The part in both themes; the files stay in the test's folder."""
    found = []
    for theme in THEMES:
        page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
        page.wait_for_timeout(400)  # until colours and what fades in have settled
        locator.screenshot(path=folder / f"{name}-{theme}.png", animations="disabled")
        found.append(Image.open(folder / f"{name}-{theme}.png").convert("RGB"))
    return found


def test_the_list_of_states_is_whole() -> None:
    assert set(SHOWN) == {*CHARTS, *WORDS}


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_chart_is_drawn_and_can_be_read_as_a_table(gallery: Page, name: str) -> None:
    """X10."""
    marks = ".point, .points path, .slice, .heatmaplayer image, .scatterlayer .js-line"
    gallery.wait_for_selector(f"#hx-{name}-figure :is({marks})", state="attached")
    gallery.click(f"#hx-{name}-menu-button")
    gallery.click(f"#hx-{name}-menu [data-table]")
    assert gallery.locator(f"#hx-{name}-numbers tbody tr").count() > 1
    gallery.click(f"#hx-{name}-menu-button")
    gallery.click(f"#hx-{name}-menu [data-table]")


@pytest.mark.parametrize("name", SHOWN)
def test_a_state_is_drawn_in_both_themes(gallery: Page, tmp_path: Path, name: str) -> None:
    """visual.md 5. Not blank, and neither theme is the other's."""
    panel = part(gallery, name)
    assert panel.get_attribute("data-state") == SHOWN[name]
    light, dark = pictures(gallery, panel, tmp_path, name)
    assert light.size == dark.size
    for picture in (light, dark):
        assert len(picture.getcolors(2**24) or []) > 20
    assert ImageChops.difference(light, dark).getbbox() is not None
    middle = (light.width // 2, light.height - 6)  # the card itself, below all content
    assert sum(light.getpixel(middle)) > 600 > 200 > sum(dark.getpixel(middle))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [name for name, (_, words) in WORDS.items() if words])
def test_words_stand_in_the_middle_of_their_panel(gallery: Page, name: str) -> None:
    words = WORDS[name][1]
    assert words
    message = part(gallery, name).locator(".hx-panel__message")
    assert message.is_visible()
    assert words.title in message.inner_text()
    assert words.text in message.inner_text()
    assert not part(gallery, name).locator(".hx-panel__content").is_visible()
    box, place = message.bounding_box(), part(gallery, name).bounding_box()
    assert box
    assert place
    assert abs((box["x"] + box["width"] / 2) - (place["x"] + place["width"] / 2)) < 12


def test_only_an_error_is_read_out_at_once(gallery: Page) -> None:
    roles = {name: part(gallery, name).locator(".hx-panel__message").get_attribute("role") for name in SHOWN}
    assert {name for name, role in roles.items() if role == "alert"} == {"g-error"}
    assert set(roles.values()) == {"alert", "status"}


@pytest.mark.parametrize("name", [name for name, (_, words) in WORDS.items() if words])
def test_a_state_offers_what_helps_and_nothing_else(gallery: Page, name: str) -> None:
    button = part(gallery, name).locator(".hx-panel__message button")
    assert button.inner_text() == ACTIONS.get(name, "")
    assert button.is_visible() == (name in ACTIONS)


def test_an_error_names_what_finds_it_in_the_log(gallery: Page) -> None:
    assert "5f2c91ab" in part(gallery, "g-error").inner_text()
    assert (
        gallery.evaluate("getComputedStyle(document.querySelector('[data-panel=g-error]')).borderLeftWidth")
        == "3px"
    )


def test_what_is_not_allowed_is_not_red(gallery: Page) -> None:
    colours = gallery.evaluate(
        """() => ['g-error', 'g-forbidden', 'g-empty'].map((name) => getComputedStyle(document.querySelector(`[data-panel=${name}]`)).borderLeftColor)"""
    )
    assert colours[0] != colours[1] == colours[2]


def test_old_figures_stay_with_a_mark(gallery: Page) -> None:
    stale = part(gallery, "g-stale")
    assert stale.locator(".hx-panel__stale").is_visible()
    assert stale.locator(".js-plotly-plot").is_visible()
    assert not part(gallery, "g-ready").locator(".hx-panel__stale").is_visible()


def test_every_state_has_the_same_place(gallery: Page) -> None:
    """No shift from loading to figures, words or an error."""
    gallery.evaluate("scrollTo(0, 0)")
    heights = {name: (part(gallery, name).bounding_box() or {})["height"] for name in WORDS}
    assert len(set(heights.values())) == 1
    body = "getComputedStyle(document.querySelector('[data-panel=%s] .hx-panel__body')).height"
    assert gallery.evaluate(body % "g-loading") == gallery.evaluate(body % "g-ready")


def test_a_skeleton_waits_a_moment_before_it_shows(gallery: Page) -> None:
    """What comes within 300 ms comes without a flash."""
    style = gallery.evaluate(
        """() => { const found = getComputedStyle(document.querySelector('[data-panel=g-loading] .hx-panel__body'), '::before');
        return [found.animationDelay, found.animationName]; }"""
    )
    assert style == ["0.3s", "hx-appear"]


@pytest.mark.parametrize("kpi", KPIS, ids=lambda one: one.name)
def test_a_card_of_a_figure_is_drawn_in_both_themes(gallery: Page, tmp_path: Path, kpi: Any) -> None:
    card = gallery.locator(f'[data-kpi="{kpi.name}"]')
    light, dark = pictures(gallery, card, tmp_path, kpi.name)
    assert ImageChops.difference(light, dark).getbbox() is not None
    value = card.locator("[data-raw]")
    assert (value.get_attribute("data-raw") == "") == (kpi.value is None)
    assert (value.inner_text() == "—") == (kpi.value is None)


def test_a_figure_says_better_or_worse_with_a_sign_too(gallery: Page) -> None:
    chips = {kpi.name: gallery.locator(f"#hx-kpi-{kpi.name}-chip") for kpi in KPIS}
    tones = {name: chip.get_attribute("data-tone") for name, chip in chips.items()}
    assert (tones["g_up"], tones["g_down"], tones["g_worse"]) == ("good", "good", "bad")
    assert {tones[name] for name in ("g_flat", "g_neutral", "g_unknown", "g_zero")} == {"none"}
    assert [chips[name].inner_text()[0] for name in ("g_up", "g_down", "g_worse")] == ["+", "−", "+"]


def test_an_unknown_figure_says_why_and_draws_no_course(gallery: Page) -> None:
    card = gallery.locator('[data-kpi="g_unknown"]')
    assert "no budget set" in card.inner_text()
    assert not card.locator(".hx-kpi__trend").is_visible()


def test_cards_do_not_move_when_their_figures_come(gallery: Page) -> None:
    heights = {
        (gallery.locator(f'[data-kpi="{name}"]').bounding_box() or {})["height"]
        for name in ("g_wait0", "g_up", "g_unknown")
    }
    assert len(heights) == 1


def test_the_gallery_is_there_only_when_it_was_asked_for(visit: Visit) -> None:
    answer = visit.page.goto(visit.site.url + "/gallery")
    assert answer
    assert answer.status == 404
    visit.complaints.clear()  # Chromium names the 404
