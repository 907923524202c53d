"""Treemaps: rectangles whose areas are the values.

The bundle of plotly.js that ships knows none (docs/decisions/0005-plotly-bundle.md), so the rectangles are laid out
here and drawn as bars, which can be pointed at and clicked like all others.
"""

from __future__ import annotations

from collections.abc import Sequence

from helix_dash.ui.charts import PALETTE, Figure, Headline, Unit
from helix_dash.ui.charts_ranked import Bar, plain, plot, ranked_bars

Place = tuple[float, float, float, float]
"""Left, below, width, height."""

WIDE, HIGH = 2.0, 1.0
"""The proportions that rectangles are laid out for: a panel's, about."""

LIGHT, DARK = "#FFFFFF", "#14171F"
_DARK_LUMINANCE = 0.0086


def treemap(bars: Sequence[Bar], unit: Unit, *, noun: str, headline: Headline | None = None) -> Figure:
    """The parts of a whole as areas; names and values stand in those that have room for them.

    Args:
        bars: the parts, in any order; those without a size are left out.
        unit: how a figure is written.
        noun: what the parts are ("Model").
        headline: the figure beside the title.
    """
    shown = sorted((bar for bar in bars if bar.value > 0), key=lambda bar: -bar.value)
    places = squarified([bar.value for bar in shown], WIDE, HIGH)
    total = sum(bar.value for bar in shown) or 1
    texts = [f"{unit.words(bar.value)}  {bar.value / total:.1%}" for bar in shown]
    roomy = [wide > 0.4 and high > 0.17 for _, _, wide, high in places]
    trace = {
        "type": "bar",
        "x": [left + wide / 2 for left, _, wide, _ in places],
        "width": [max(0.0, wide - 0.01) for _, _, wide, _ in places],
        "base": [below for _, below, _, _ in places],
        "y": [max(0.0, high - 0.016) for _, _, _, high in places],
        "text": [
            f"{plain(_cut(bar.name))}<br>{text}" if room else ""
            for bar, text, room in zip(shown, texts, roomy, strict=True)
        ],
        "textposition": "inside",
        "insidetextanchor": "middle",
        "textangle": 0,
        "insidetextfont": {
            "color": [_ink(bar.colour or PALETTE[index % len(PALETTE)]) for index, bar in enumerate(shown)]
        },
        "marker": {
            "color": [bar.colour or PALETTE[index % len(PALETTE)] for index, bar in enumerate(shown)],
            "line": {"width": 0},
        },
        "customdata": [f"{plain(bar.name)}: {text}" for bar, text in zip(shown, texts, strict=True)],
        "hovertemplate": "%{customdata}<extra></extra>",
        # in both themes the ink follows the tile, not the card; see assets/plotly.css
        "meta": {"wheres": [list(bar.where) if bar.where else None for bar in shown], "tiles": True},
    }
    # without automargin, or the names of the bars shown before would keep their room
    axis = {"visible": False, "fixedrange": True, "type": "linear", "automargin": False}
    layout = {
        "xaxis": axis | {"range": [0, WIDE]},
        "yaxis": axis | {"range": [0, HIGH], "rangemode": "normal"},
        "barmode": "overlay",
        "barcornerradius": 3,
        "margin": {"l": 0, "r": 0, "t": 4, "b": 0},
    }
    bare = ranked_bars(bars, unit, noun=noun, headline=headline)
    table = bare["table"]
    return plot(
        [trace],
        layout,
        head=table["head"],
        rows=table["rows"],
        units=(unit, Unit(suffix="%", places=1)),
        says=bare["says"],
        headline=headline,
    )


def squarified(values: Sequence[float], width: float, height: float) -> list[Place]:
    """Rectangles of the given areas that fill ``width`` × ``height``, each as square as it can be.

    After Bruls, Huizing and van Wijk, "Squarified Treemaps" (2000).

    Args:
        values: positive, descending.
    """
    total = sum(values)
    areas = [value * width * height / total for value in values]
    places: list[Place] = []
    left, below, wide, high = 0.0, 0.0, width, height
    while areas:
        side = min(wide, high)
        count = 1
        while count < len(areas) and _worst(areas[: count + 1], side) <= _worst(areas[:count], side):
            count += 1
        row, areas = areas[:count], areas[count:]
        thick, along = sum(row) / side, 0.0
        for area in row:
            long = area / thick
            if wide >= high:  # a column at the left, filled from above
                places.append((left, below + high - along - long, thick, long))
            else:  # a row at the top, filled from the left
                places.append((left + along, below + high - thick, long, thick))
            along += long
        if wide >= high:
            left, wide = left + thick, wide - thick
        else:
            high -= thick
    return places


def _worst(row: Sequence[float], side: float) -> float:
    """The least square of a row's rectangles: the longer side by the shorter one."""
    total = sum(row)
    return max(side * side * max(row) / total**2, total**2 / (side * side * min(row)))


def _ink(colour: str) -> str:
    """White or the darkest of our colours, whichever stands out more from ``colour`` (#RRGGBB).

    Contrast and relative luminance as WCAG 2.2 defines them.
    """
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    light = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return LIGHT if 1.05 / (light + 0.05) >= (light + 0.05) / (_DARK_LUMINANCE + 0.05) else DARK


def _cut(name: str) -> str:
    return name if len(name) <= 26 else name[:25] + "…"
