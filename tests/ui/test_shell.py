"""The frame: menu, address, controls."""

from __future__ import annotations

from typing import Any

import pytest
from dash import Input, Output, html

from helix_dash.pages import SECTIONS
from helix_dash.query_params import FILTERABLE, parse_query
from helix_dash.ui import controls, filter_bar, shell
from helix_dash.ui.section import GROUPS, Section
from helix_dash.ui.wiring import Callbacks
from helix_dash.zones import COMMON, names


def _frame(may: Any = lambda _permission: True) -> shell.Frame:
    return shell.Frame("/helix/", "UTC", "auto", 5.0, "ada", "viewer", may)


def _words(component: Any) -> str:
    return str(component)


def test_the_menu_shows_only_pages_that_exist() -> None:
    links = [
        part
        for part in shell.layout(SECTIONS, _frame())._traverse()
        if getattr(part, "className", "") == "hx-nav__item"
    ]
    listed = [section for section in SECTIONS if section.listed]
    assert [link.href for link in links] == ["/helix" + section.path for section in listed]


def test_a_page_the_asker_may_not_see_is_not_in_the_menu() -> None:
    """T: hide and deny from one policy table (lessons 36)."""
    secret = Section(
        "secret",
        "Secret things",
        "lock",
        "Operate",
        "/secret",
        html.Div,
        Callbacks(),
        permission="audit:read",
    )
    frame = _frame(lambda permission: permission == "read")
    assert "Secret things" not in _words(shell.layout((*SECTIONS, secret), frame))


def test_every_section_stands_in_one_of_the_five_groups() -> None:
    assert len(GROUPS) == 5
    assert {section.group for section in SECTIONS} <= set(GROUPS)


def test_section_keys_and_paths_are_unique() -> None:
    """C1."""
    assert (
        len({section.key for section in SECTIONS})
        == len({section.path for section in SECTIONS})
        == len(SECTIONS)
    )


def test_every_preset_is_a_range_the_api_understands() -> None:
    from datetime import UTC, datetime

    now = datetime(2026, 11, 22, tzinfo=UTC)
    lengths = [parse_query([("from", value)], UTC, now).period.length for value, _ in controls.RANGES]
    assert lengths == sorted(lengths)


def test_the_presets_run_from_five_minutes_to_a_year() -> None:
    first, *_, last = [value for value, _ in controls.RANGES]
    assert (first, last) == ("now-5m", "now-365d")


def test_every_column_the_server_can_filter_by_is_offered() -> None:
    """C7: filter by model, date, status, and by whatever else there is."""
    offered = [column["name"] for column in filter_bar.columns()]
    assert len(offered) == len(set(offered))
    assert set(offered) == set(FILTERABLE)


def test_the_page_keys_are_all_different() -> None:
    """g and a letter open a page."""
    letters = [section.letter for section in SECTIONS if section.letter]
    assert len(letters) == len(set(letters))
    assert all(len(letter) == 1 and letter.isalnum() for letter in letters)


def test_every_common_zone_exists() -> None:
    assert set(COMMON) <= set(names())


def test_the_document_sets_the_theme_before_it_loads_anything_else() -> None:
    document = shell.index("/helix/", "dark")
    assert document.index('src="/helix/assets/theme.js"') < document.index("{%css%}")
    assert 'data-look="dark"' in document


def test_a_refresh_setting_outside_the_list_is_offered_too() -> None:
    assert '{"refresh": "7"}' in _words(controls.refresh(7.0))


@pytest.mark.parametrize("path", ["/helix/nowhere", "/helix/requests/more"])
def test_an_unknown_address_is_told_in_words(path: str) -> None:
    on = shell.callbacks(SECTIONS, "/helix/", lambda _permission: True, lambda _path, _permission: None)
    show_page = on.recorded[0].function
    content, title = show_page(path)
    assert title == "Not found"
    assert "no page" in _words(content)


def test_a_page_without_permission_is_refused_even_by_its_address() -> None:
    on = shell.callbacks(SECTIONS, "/", lambda _permission: False, lambda _path, _permission: None)
    content, _ = on.recorded[0].function("/requests")
    assert "Needs the permission read" in _words(content)


def test_who_is_refused_a_page_within_the_app_is_told_of() -> None:
    """T04: a refusal that answers 200 is a refusal all the same."""
    told: list[tuple[str, str]] = []
    on = shell.callbacks(SECTIONS, "/", lambda _permission: False, lambda *refusal: told.append(refusal))
    on.recorded[0].function("/requests")
    assert told == [("/requests", "read")]


def test_no_two_callbacks_without_output_share_their_inputs() -> None:
    """Dash names such a callback by its inputs alone: the second would silently replace the first."""
    shared = shell.callbacks(SECTIONS, "/", lambda _permission: True, lambda _path, _permission: None)
    named = [
        tuple(str(part) for part in item.arguments if isinstance(part, Input))
        for on in (shared, *(section.callbacks for section in SECTIONS))
        for item in on.client
        if not any(isinstance(part, Output) for part in item.arguments)
    ]
    assert len(named) == len(set(named))
