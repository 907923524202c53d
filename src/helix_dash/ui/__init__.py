"""How anything looks. Knows no subject: pages hand it figures, and ``app.py`` hands it what stands above."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component


def icon(name: str) -> Component:
    """An icon of assets/icons.css in the colour of its text; silent for screen readers."""
    return html.Span(className=f"hx-icon hx-icon--{name}", **{"aria-hidden": "true"})
