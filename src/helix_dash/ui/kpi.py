"""Cards with one figure: label, value, change against the period before, trend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from dash import Output, html
from dash.development.base_component import Component

from helix_dash.model import Kpi
from helix_dash.ui import format as fmt
from helix_dash.ui.panel import Updates

WIDTH, HEIGHT = 480, 128
"""The trend's drawing area, in whole steps; it is stretched to the card."""


def card(name: str, label: str, *, small: bool = False) -> Component:
    """The empty card of figure ``name``."""
    return html.Article(
        className="hx-kpi hx-kpi--small" if small else "hx-card hx-kpi",
        **{"data-kpi": name, "aria-label": label},
        children=[
            html.H3(label, className="hx-kpi__label"),
            html.Div("", id=f"hx-kpi-{name}", className="hx-kpi__value", title="", **{"data-raw": ""}),
            html.Div(
                className="hx-kpi__change",
                children=[
                    html.Span("", id=f"hx-kpi-{name}-chip", className="hx-tag", **{"data-tone": "none"}),
                    html.Span("", id=f"hx-kpi-{name}-note", **{"data-own": "false"}),
                ],
            ),
            html.Div(
                id=f"hx-kpi-{name}-trend",
                className="hx-kpi__trend",
                style=_hidden(),
                **{"aria-hidden": "true"},
            ),
        ],
    )


def outputs(name: str) -> dict[str, Output]:
    """The places a callback fills in the card of ``name``."""
    key = f"hx-kpi-{name}"
    return {
        f"kpi.{name}.value": Output(key, "children"),
        f"kpi.{name}.raw": Output(key, "data-raw"),
        f"kpi.{name}.full": Output(key, "title"),
        f"kpi.{name}.chip": Output(f"{key}-chip", "children"),
        f"kpi.{name}.tone": Output(f"{key}-chip", "data-tone"),
        f"kpi.{name}.note": Output(f"{key}-note", "children"),
        f"kpi.{name}.own": Output(f"{key}-note", "data-own"),
        f"kpi.{name}.trend": Output(f"{key}-trend", "style"),
    }


def fill(kpi: Kpi, *, before: str, during: str) -> Updates:
    """The card's new contents.

    Args:
        kpi: the figure.
        before: what it is compared with ("previous 24 hours").
        during: the period shown, for the tooltip.
    """
    unknown = kpi.value is None
    moved = fmt.change(kpi)
    compared = f"vs. {before}" if moved else _why(kpi)
    chip, note = (kpi.reason or "not recorded", "") if unknown else (moved, kpi.note or compared)
    return {
        f"kpi.{kpi.name}.value": fmt.short(kpi.value, kpi.unit),
        f"kpi.{kpi.name}.raw": fmt.raw(kpi.value),
        f"kpi.{kpi.name}.full": f"{fmt.full(kpi.value, kpi.unit)} · {kpi.note or during}",
        f"kpi.{kpi.name}.chip": chip,
        f"kpi.{kpi.name}.tone": "none" if unknown else fmt.verdict(kpi),
        f"kpi.{kpi.name}.note": note,
        f"kpi.{kpi.name}.own": "true" if kpi.note else "false",
        f"kpi.{kpi.name}.trend": _hidden() if unknown else trend(kpi.trend),
    }


def unknown(name: str, reason: str) -> Updates:
    """The card of ``name`` when there is no figure at all, with a few words why."""
    return fill(Kpi(name, "", None, "count", reason=reason), before="", during=reason)


def _why(kpi: Kpi) -> str:
    return "none before" if kpi.before == 0 else "nothing to compare with"


def trend(values: Sequence[float | int | None]) -> dict[str, Any]:
    """The trend as a mask: the theme gives the colour. Gaps stay gaps; fewer than two points draw nothing."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return _hidden()
    low, high = min(0, *known) if min(known) < 0.5 * max(known) else min(known), max(known)
    scale = (high - low) or 1
    step = WIDTH / max(1, len(values) - 1)
    runs: list[list[str]] = [[]]
    for index, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            height = (
                HEIGHT - 2 - (value - low) / scale * (HEIGHT - 5)
                if high > low
                else (HEIGHT / 2 if value else HEIGHT - 2)
            )
            runs[-1].append(f"{index * step:.0f} {height:.0f}")
    drawn = [run for run in runs if len(run) > 1]
    line = "".join(f"M{' '.join(run)}" for run in drawn)
    area = "".join(
        f"M{run[0].split()[0]} {HEIGHT} L{' '.join(run)} L{run[-1].split()[0]} {HEIGHT}Z" for run in drawn
    )
    svg = (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {HEIGHT}' preserveAspectRatio='none'>"
        f"<path d='{area}' fill='#000' fill-opacity='.12'/>"
        f"<path d='{line}' fill='none' stroke='#000' stroke-width='1.75' vector-effect='non-scaling-stroke' "
        "stroke-linejoin='round'/></svg>"
    )
    return {"--trend": f'url("data:image/svg+xml,{quote(svg, safe=" /:=,.-")}")'.replace("'", "%27")}


def _hidden() -> dict[str, Any]:
    return {"visibility": "hidden"}
