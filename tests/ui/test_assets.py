"""The style sheets, scripts, fonts and icons that the wheel carries."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from plotly.offline import get_plotlyjs_version

from helix_dash import assets
from helix_dash.pages import SECTIONS
from helix_dash.ui import charts

ASSETS = Path(__file__).parents[2] / "assets"
SOURCES = Path(__file__).parents[2] / "src" / "helix_dash"


def _texts(*suffixes: str) -> list[Path]:
    return [path for path in ASSETS.rglob("*") if path.suffix in suffixes]


@pytest.mark.parametrize("path", _texts(".css", ".js"), ids=lambda path: path.name)
def test_nothing_is_loaded_from_elsewhere(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"""url\(\s*["']?(https?:)?//|@import|sourceMappingURL""", text)


@pytest.mark.parametrize("name", assets.parts("helix.js"))
def test_a_script_keeps_its_names_to_itself(name: str) -> None:
    """They are loaded as one file, in which a name of one would be a name of all."""
    text = re.sub(r"^(/\*.*?\*/\s*)+", "", (ASSETS / name).read_text(), flags=re.S)
    assert text.startswith("(function () {\n")
    assert text.endswith("\n})();\n")


def test_every_icon_that_is_named_is_there() -> None:
    drawn = set(re.findall(r"\.hx-icon--([a-z0-9-]+) ", (ASSETS / "icons.css").read_text()))
    named = {section.icon for section in SECTIONS}
    for path in SOURCES.rglob("*.py"):
        named |= set(re.findall(r"\bicon\(\"([a-z0-9-]+)\"", path.read_text()))
    named |= {name for _, _, name in __import__("helix_dash.ui.controls", fromlist=["THEMES"]).THEMES}
    assert named <= drawn


def test_every_font_that_is_named_is_there() -> None:
    for name in re.findall(r'url\("(fonts/[^"]+)"\)', (ASSETS / "tokens.css").read_text()):
        assert (ASSETS / name).read_bytes()[:4] == b"wOF2"


# --- contrast -----------------------------------------------------------------------------------------------


def _theme(name: str) -> dict[str, str]:
    text = (ASSETS / "tokens.css").read_text()
    block = re.search(rf'\[data-theme="{name}"\] \{{(.*?)\n\}}', text, re.S)
    assert block
    return dict(re.findall(r"--([a-z-]+): (#[0-9A-F]{6});", block.group(1)))


def _luminance(colour: str) -> float:
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


TEXT = [
    ("text", "surface"), ("text", "canvas"), ("text", "raised"), ("muted", "surface"), ("muted", "canvas"),
    ("muted", "raised"), ("faint", "surface"), ("faint", "canvas"), ("accent", "surface"), ("accent", "canvas"),
    ("accent", "accent-soft"), ("on-accent", "accent"), ("on-accent", "accent-strong"), ("good", "good-soft"),
    ("bad", "bad-soft"), ("warn", "warn-soft"), ("info", "info-soft"), ("text", "accent-soft"), ("muted", "sunken"),
]  # fmt: skip


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "paper"), TEXT)
def test_text_is_readable_in_both_themes(theme: str, ink: str, paper: str) -> None:
    """WCAG 2.2 AA: 4.5 to 1."""
    colours = _theme(theme)
    assert contrast(colours[ink], colours[paper]) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("colour", [*charts.PALETTE, charts.OTHERS])
def test_every_series_stands_out_from_the_card(theme: str, colour: str) -> None:
    """visual.md 2: at least 3 to 1, with one palette for both themes."""
    assert contrast(colour, _theme(theme)["surface"]) >= 3


def test_the_style_sheet_and_the_figures_share_one_palette() -> None:
    text = (ASSETS / "tokens.css").read_text()
    named = [re.search(rf"--series-{index}: (#[0-9A-F]{{6}})", text) for index in range(1, 9)]
    assert tuple(found.group(1) for found in named if found) == charts.PALETTE


def test_the_plotting_library_is_the_one_the_installed_plotly_writes_figures_for() -> None:
    """The bundle takes the place of the one inside the plotly package, so the two must be of one version."""
    head = (ASSETS / "plotly-cartesian.min.js").read_text("utf-8")[:200]
    found = re.search(r"plotly\.js \(cartesian - minified\) v([\d.]+)", head)
    assert found
    assert found[1] == get_plotlyjs_version()
    assert f"plotly.js {found[1]}" in (ASSETS.parent / "NOTICE").read_text()
