"""The figures of what the grid holds, in one line above its chart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import Output, html
from dash.development.base_component import Component

from helix_dash.metrics.summary import why_unknown
from helix_dash.ui import format as fmt

FIGURES: tuple[tuple[str, str, str], ...] = (
    ("success_rate", "Success rate", "ratio"),
    ("errors", "Errors", "count"),
    ("latency_ms_p95", "Latency p95", "ms"),
    ("ttft_ms_p95", "TTFT p95", "ms"),
    ("total_tokens", "Tokens", "tokens"),
    ("cost_usd", "Cost", "usd"),
    ("unpriced_requests", "Unpriced", "count"),
)
"""Name in the summary, words, unit."""

MEASURES = tuple(name for name, _, _ in FIGURES)


def strip() -> Component:
    """The line without figures."""
    return html.Div(
        [
            html.Div(
                [
                    html.Span(label, className="hx-glance__label"),
                    html.Span(
                        "", id=f"hx-glance-{name}", className="hx-glance__value", title="", **{"data-raw": ""}
                    ),
                    html.Span("", id=f"hx-glance-{name}-why", className="hx-glance__why"),
                ],
                className="hx-glance__figure",
                **{"data-kpi": name},
            )
            for name, label, _ in FIGURES
        ],
        className="hx-glance hx-card",
        role="group",
        tabIndex="0",
        **{"aria-label": "Figures of these requests"},
    )


def outputs() -> dict[str, Output]:
    """The places that a refresh fills."""
    found: dict[str, Output] = {}
    for name in MEASURES:
        found |= {
            f"glance.{name}.value": Output(f"hx-glance-{name}", "children"),
            f"glance.{name}.raw": Output(f"hx-glance-{name}", "data-raw"),
            f"glance.{name}.full": Output(f"hx-glance-{name}", "title"),
            f"glance.{name}.why": Output(f"hx-glance-{name}-why", "children"),
        }
    return found


def fill(totals: Mapping[str, Any], period: str) -> dict[str, Any]:
    """The figures of ``totals`` (measure → value), over ``period`` ("these 24 hours")."""
    found: dict[str, Any] = {}
    for name, _, unit in FIGURES:
        value = totals[name]
        found |= {
            f"glance.{name}.value": fmt.short(value, unit),
            f"glance.{name}.raw": fmt.raw(value),
            f"glance.{name}.full": f"{fmt.full(value, unit)}, {period}",
            f"glance.{name}.why": "" if value is not None else why_unknown(name, totals["requests"]),
        }
    return found
