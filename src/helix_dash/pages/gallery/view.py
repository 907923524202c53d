"""How the gallery looks: the parts in groups, each with its name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dash import Output, dcc, html
from dash.development.base_component import Component

from helix_dash.pages.gallery.samples import CHARTS, KINDS, KPIS, WORDS
from helix_dash.ui import charts, controls, icon, kpi, panel, table
from helix_dash.ui.panel import Updates

ROOT = "hx-gallery"
FIELDS = (table.Field("requests", "Requests", bar=True), table.Field("cost", "Cost"))
ROWS = 3
RANKING, BARS = "g-ranking", "g-bars"
TONES = ("none", "good", "info", "warn", "bad")
TOKENS = (
    "canvas", "surface", "sunken", "raised", "border", "control", "text", "muted", "faint", "accent", "good", "warn",
    "bad", "info",
)  # fmt: skip


def layout() -> Component:
    """The page without samples: they come by callback, as figures do."""
    return html.Div(
        id=ROOT,
        className="hx-stack hx-gallery",
        **{"data-page-state": "ready"},
        children=[
            _group("Figures", html.Div([kpi.card(one.name, one.label) for one in KPIS], className="hx-kpis")),
            _group(
                "Small figures",
                html.Div([kpi.card(f"{one.name}_s", one.label, small=True) for one in KPIS], className="hx-card hx-strip"),
            ),
            _group(
                "Figures before they come",
                html.Div(
                    html.Div([kpi.card(f"g_wait{index}", "Loading") for index in range(4)], className="hx-kpis"),
                    id="hx-gallery-loading",
                    **{"data-page-state": "loading"},
                ),
            ),
            _group("Charts", html.Div([_chart(name) for name in CHARTS], className="hx-grid")),
            _group("Kinds of charts", html.Div([_kind(name) for name in KINDS], className="hx-grid")),
            _group("Charts without figures", html.Div([_wordy(name) for name in WORDS], className="hx-grid")),
            _group("Lists and tables", html.Div(_lists(), className="hx-grid")),
            _group("Buttons, fields, layers", html.Div(_controls(), className="hx-card hx-gallery__row")),
            _group("Chips and marks", html.Div(_marks(), className="hx-card hx-gallery__row")),
            _group("Banners", html.Div([_banner(tone) for tone in ("info", "warn", "bad")], className="hx-banners")),
            _group("Colours", html.Div([_swatch(name) for name in TOKENS], className="hx-card hx-gallery__row")),
        ],
    )  # fmt: skip


def _group(title: str, content: Component) -> Component:
    return html.Section([html.H2(title, className="hx-gallery__title"), content])


def _chart(name: str) -> Component:
    return panel.chart(name, CHARTS[name][0], f"{CHARTS[name][0]}: a sample", span=6, carries=None)


def _kind(name: str) -> Component:
    return panel.chart(name, KINDS[name][0], f"{KINDS[name][0]}: a sample", span=6, carries=None)


def _wordy(name: str) -> Component:
    return panel.chart(name, WORDS[name][0], f"{WORDS[name][0]}: a sample", span=6, carries=None)


def _lists() -> list[Component]:
    return [
        panel.panel(
            RANKING,
            "Table",
            table.table(RANKING, "A sample table", "Model", FIELDS, ROWS),
            span=6,
            kind="list",
            height=160,
        ),
        panel.panel(BARS, "Ranking", table.bars(BARS, ROWS), span=6, kind="list", height=160),
    ]


def _controls() -> list[Any]:
    return [
        html.Button("Primary", className="hx-button hx-button--primary", type="button"),
        html.Button([icon("download"), "With an icon"], className="hx-button", type="button"),
        html.Button("Quiet", className="hx-button hx-button--quiet", type="button"),
        html.Button("Not now", className="hx-button", type="button", disabled=True),
        html.Button("A link", className="hx-link", type="button"),
        html.Label("A field", htmlFor="hx-gallery-field", className="hx-sr"),
        dcc.Input(id="hx-gallery-field", type="text", className="hx-input hx-gallery__field", placeholder="A field"),
        controls.tabs("hx-gallery-tabs", (("one", "One"), ("two", "Two")), "A choice of two"),
        controls.popover(
            "hx-gallery-pop",
            ["A layer", icon("chevron-down")],
            html.P("It closes with Escape, or a click beside it.", className="hx-muted"),
            name="A layer",
        ),
    ]  # fmt: skip


def _marks() -> list[Component]:
    chip = html.Span(
        className="hx-chip",
        children=[
            html.Span("Model", className="hx-chip__name"),
            html.Span("gpt-4o", className="hx-chip__value"),
            html.Button(
                icon("x"), className="hx-chip__remove", type="button", **{"aria-label": "Remove Model gpt-4o"}
            ),
        ],
    )
    tags = [html.Span(tone, className="hx-tag", **{"data-tone": tone}) for tone in TONES]
    dots = [html.Span(className="hx-dot", **{"data-tone": tone}) for tone in TONES]
    return [
        chip,
        *tags,
        *dots,
        html.Span("7f3a-9c21", className="hx-mono"),
        html.Span("—", className="hx-unknown"),
    ]


def _banner(tone: str) -> Component:
    return html.Div([icon("circle-alert"), html.Span(f"A banner: {tone}.")], className="hx-banner", **{"data-tone": tone})  # fmt: skip


def _swatch(name: str) -> Component:
    return html.Span(
        [html.Span(className="hx-gallery__swatch", style={"background": f"var(--{name})"}), name],
        className="hx-gallery__colour",
    )


def outputs() -> dict[str, Output]:
    """Every place that :func:`show` may fill."""
    found: dict[str, Output] = {}
    for one in KPIS:
        found |= kpi.outputs(one.name) | kpi.outputs(f"{one.name}_s")
    for name in (*CHARTS, *KINDS, *WORDS):
        found |= panel.outputs(name)
    for name in (RANKING, BARS):
        found |= panel.outputs(name, figure=False)
    return found | table.outputs(RANKING, FIELDS, ROWS) | table.bar_outputs(BARS, ROWS)


def show() -> Updates:
    """All samples in their states."""
    updates: Updates = {}
    for one in KPIS:
        for name in (one.name, f"{one.name}_s"):
            updates |= kpi.fill(replace(one, name=name), before="previous 24 hours", during="22 Nov 2026")
    for name, (_, draw) in CHARTS.items():
        updates |= panel.ready(
            name, stale=name == "g-stale", figure=draw(), subtitle="A sample per hour, UTC"
        )
    for name, (_, unit, figure) in KINDS.items():
        updates |= panel.ready(name, figure=figure, subtitle=unit)
    for name, (_, words) in WORDS.items():
        if words is not None:
            updates |= panel.says(name, words) | {f"{name}.figure": charts.nothing()}
    rows = [
        table.Row(model, None, {"requests": f"{count:,}", "cost": f"${count / 1000:.2f}", "count": f"{count:,}", "share": f"{count / 60:.1f}%"}, count / 3000)
        for model, count in (("gpt-4o", 3000), ("claude-sonnet-4-5", 2100), ("a-model-with-a-name-that-is-too-long-for-its-place", 900))
    ]  # fmt: skip
    for name in (RANKING, BARS):
        updates |= panel.ready(name, subtitle="Samples") | table.fill(name, rows, ROWS)
    return updates | {f"{RANKING}.head": "Model"}
