"""Sections of other distributions."""

from __future__ import annotations

import dataclasses
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dash import html

from helix_dash.pages import SECTIONS, all_sections
from helix_dash.ui.installed import installed, unusable
from helix_dash.ui.section import Section
from helix_dash.ui.wiring import Callbacks

PAGE = Section("acme", "Acme", "list", "API", "/acme", lambda: html.Div("acme"), Callbacks())
SOURCE = """
from dash import html
from helix_dash.ui.section import Section
from helix_dash.ui.wiring import Callbacks
SECTION = Section("acme", "Acme", "list", "API", "/acme", lambda: html.Div("acme"), Callbacks())
TAKES_THE_FIRST = Section("mine", "Mine", "list", "API", "/requests", lambda: html.Div(), Callbacks())
"""

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Puts a tiny distribution with the given entry points on the path, as pip would."""

    def put(**entries: str) -> None:
        (tmp_path / "acme_pages.py").write_text(SOURCE)
        (tmp_path / "acme_broken.py").write_text("raise RuntimeError('made for another version')\n")
        info = tmp_path / "acme_pages-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-pages\nVersion: 1.0\n")
        lines = [f"{name} = {value}" for name, value in entries.items()]
        (info / "entry_points.txt").write_text("\n".join(["[helix_dash.sections]", *lines, ""]))
        monkeypatch.syspath_prepend(str(tmp_path))
        for module in ("acme_pages", "acme_broken"):
            monkeypatch.delitem(sys.modules, module, raising=False)

    return put


def _keys(sections: tuple[Section, ...]) -> list[str]:
    return [section.key for section in sections]


def test_an_installed_distribution_brings_its_page_along(install: Install) -> None:
    """H9."""
    install(acme="acme_pages:SECTION")
    assert _keys(all_sections()) == [*_keys(SECTIONS), "acme"]


def test_without_any_the_pages_are_ours() -> None:
    assert all_sections() == SECTIONS


def test_a_page_that_cannot_be_imported_is_left_out_and_named(
    install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    install(acme="acme_pages:SECTION", broken="acme_broken:SECTION")
    with caplog.at_level(logging.ERROR):
        assert _keys(installed(SECTIONS)) == ["acme"]
    assert "acme_broken:SECTION of acme-pages is left out: made for another version" in caplog.text


def test_a_page_may_not_take_the_place_of_one_of_ours(
    install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    install(mine="acme_pages:TAKES_THE_FIRST")
    assert installed(SECTIONS) == ()
    assert "another section has its key or its path" in caplog.text


@pytest.mark.parametrize(
    "changes",
    [{"group": "Mine"}, {"path": "/"}, {"path": "acme"}, {"path": "/_dash-layout"}, {"key": "overview"}],
)
def test_a_page_out_of_place_is_not_used(changes: dict[str, Any]) -> None:
    assert unusable(PAGE, SECTIONS) == ""
    assert unusable(dataclasses.replace(PAGE, **changes), SECTIONS)


def test_something_that_is_no_section_is_not_used() -> None:
    assert unusable("acme", SECTIONS) == "it is not a Section"
