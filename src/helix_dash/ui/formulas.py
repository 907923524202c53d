"""How a page's figures are made, in words, where people read them: a line below its parts that opens a list."""

from __future__ import annotations

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from helix_dash.ui import icon


def formulas(lines: Sequence[tuple[str, str]]) -> Component:
    """The closed list; ``lines`` are (figure, how it is made)."""
    pairs = [part for name, words in lines for part in (html.Dt(name), html.Dd(words))]
    return html.Details(
        [html.Summary([icon("chevron-down"), "How these figures are made"]), html.Dl(pairs)],
        className="hx-card hx-formulas",
    )
