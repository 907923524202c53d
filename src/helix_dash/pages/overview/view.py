"""How the overview looks: the skeleton, and the new values of its parts for given figures."""

from __future__ import annotations

from dash import Output, html
from dash.development.base_component import Component

from helix_dash.metrics.ranks import Ranked
from helix_dash.model import Kpi
from helix_dash.pages.overview import figures
from helix_dash.pages.overview.queries import TOP_ERRORS, Overview
from helix_dash.ui import controls, fill, health_chips, kpi, panel, table
from helix_dash.ui import format as fmt
from helix_dash.ui.colours import fixed_colour
from helix_dash.ui.look import Look, fill_chart, nothing
from helix_dash.ui.panel import Updates
from helix_dash.ui.states import Message

ROOT, FILL, TAB = "hx-overview", "hx-overview-fill", "hx-ranking-by"
RANK_ROWS = 25
"""The most rows the ranking can have; DEFAULT_PAGE_SIZE says how many it has."""

CARDS: tuple[tuple[str, str], ...] = (
    ("requests", "Requests"),
    ("success_rate", "Success rate"),
    ("latency_ms_p95", "Latency p95"),
    ("cost_usd", "Cost"),
)
STRIP: tuple[tuple[str, str], ...] = (
    ("requests_per_minute", "Requests/min now"),
    ("errors", "Errors"),
    ("ttft_ms_p95", "Time to first token p95"),
    ("output_tokens_per_second", "Output tokens/s"),
    ("cost_usd_per_request", "Cost per request"),
    ("avoided_cost_usd", "Saved by the cache"),
    ("total_tokens", "Tokens"),
    ("input_tokens", "Input tokens"),
    ("cached_tokens", "Cached input"),
    ("output_tokens", "Output tokens"),
    ("cache_hit_rate", "Cache hit rate"),
    ("unpriced_requests", "Unpriced requests"),
)
DIMENSIONS: tuple[tuple[str, str], ...] = (
    ("model", "Models"),
    ("user", "Users"),
    ("team", "Teams"),
    ("key_alias", "Keys"),
)
SINGULAR = {"model": "Model", "user": "User", "team": "Team", "key_alias": "Key"}
FIELDS = (
    table.Field("requests", "Requests", bar=True),
    table.Field("trend", "Change", unknown="no requests in the period before"),
    table.Field("success_rate", "Success", unknown="no finished requests"),
    table.Field("total_tokens", "Tokens"),
    table.Field("cost_usd", "Cost", unknown="no request has a known price"),
    table.Field("latency_ms_p95", "Latency p95", unknown="no successful requests"),
    table.Field("output_tokens_per_second", "Output tokens/s", unknown="no output tokens"),
)
UNITS = {"requests": "count", "success_rate": "ratio", "total_tokens": "count", "cost_usd": "usd", "latency_ms_p95": "ms", "output_tokens_per_second": "count"}  # fmt: skip

CHARTS = ("volume", "latency", "tokens", "cost", "cache")
PANELS = (*CHARTS, "errors", "ranking")


def layout() -> Component:
    """The page without data."""
    return html.Div(
        id=ROOT,
        className="hx-stack",
        **{"data-page-state": "loading"},
        children=[
            fill.store(FILL),
            health_chips.row("overview"),
            html.Div([kpi.card(name, label) for name, label in CARDS], className="hx-kpis"),
            html.Div(
                [kpi.card(name, label, small=True) for name, label in STRIP], className="hx-card hx-strip"
            ),
            html.Div(
                className="hx-grid",
                children=[
                    panel.chart("volume", "Requests", "Requests over time by outcome", span=8),
                    panel.panel("errors", "Errors", table.bars("errors", TOP_ERRORS), span=4, kind="list"),
                    panel.chart("latency", "Latency", "Latency percentiles over time", span=6),
                    panel.chart("tokens", "Tokens", "Tokens over time by class", span=6),
                    panel.chart("cost", "Cost by model", "Cost over time by model", span=8),
                    panel.chart("cache", "Cache hit rate", "Cache hit rate over time", span=4),
                    panel.panel(
                        "ranking",
                        "Who and what",
                        table.table("ranking", "Ranking by requests", "Model", FIELDS, RANK_ROWS),
                        span=12,
                        kind="list",
                        height=120,
                        tools=controls.tabs(TAB, DIMENSIONS, "Rank by"),
                    ),
                ],
            ),
        ],
    )


def outputs() -> dict[str, Output]:
    """Every place that :func:`show` may fill."""
    found = {"page.state": Output(ROOT, "data-page-state")} | health_chips.outputs("overview")
    for name, _ in (*CARDS, *STRIP):
        found |= kpi.outputs(name)
    for name in PANELS:
        found |= panel.outputs(name, figure=name in CHARTS)
    return found | table.outputs("ranking", FIELDS, RANK_ROWS) | table.bar_outputs("errors", TOP_ERRORS)


def show(found: Overview, dim: str, look: Look) -> Updates:
    """The new values of all parts for ``found``."""
    length = fmt.length(look.period)
    updates: Updates = {"page.state": "stale" if look.stale else "ready"}
    shown = {name for name, _ in (*CARDS, *STRIP)}
    for figure in found.kpis:
        if figure.name in shown:
            updates |= kpi.fill(figure, before=f"previous {length}", during=look.during)
    for name, draw in figures.BUILDERS.items():
        rough = found.timeline.approximate and name == "latency"
        updates |= fill_chart(name, draw(found, look), found.bucket, look, approximate=rough)
    updates |= _errors(found, look)
    return updates | _ranking(found, dim, look)


def _errors(found: Overview, look: Look) -> Updates:
    failed = next((one.value for one in found.kpis if one.name == "errors"), None)
    if not found.errors:
        if any(found.timeline.values["requests"][0]):
            words = Message("empty", "No errors", f"Every request of {fmt.these(look.period)} went well.")
        else:
            words = nothing("requests", look)
        return panel.says("errors", words) | {"errors.subtitle": "By class"}
    top = found.errors[0].figures["requests"] or 1
    rows = [
        table.Row(
            one.name or "Unknown class",
            ("error_class", one.name or ""),
            {
                "count": fmt.short(one.figures["requests"], "count"),
                "share": fmt.share(one.figures["requests"], failed),
            },
            share=(one.figures["requests"] or 0) / top,
        )
        for one in found.errors
    ]
    ready = panel.ready("errors", stale=look.stale, subtitle="By class, requests and share of all errors")
    return ready | table.fill("errors", rows, TOP_ERRORS)


def _ranking(found: Overview, dim: str, look: Look) -> Updates:
    head = {"ranking.head": SINGULAR[dim]}
    noun = dict(DIMENSIONS)[dim].lower()
    if not found.ranking:
        return (
            head
            | panel.says("ranking", nothing("requests", look))
            | table.fill("ranking", [], RANK_ROWS, FIELDS)
            | {"ranking.subtitle": ""}
        )
    top = found.ranking[0].figures["requests"] or 1
    rows = [_rank_row(dim, one, top, found) for one in found.ranking]
    more = (
        f"Top {len(rows)} of {found.groups:,} {noun}"
        if found.groups > len(rows)
        else f"All {len(rows)} {noun}"
        if len(rows) > 1
        else f"One {SINGULAR[dim].lower()}"
    )
    subtitle = f"{more} by requests in {fmt.these(look.period)}"
    return (
        head
        | panel.ready("ranking", stale=look.stale, subtitle=subtitle)
        | table.fill("ranking", rows, RANK_ROWS, FIELDS)
    )


def _rank_row(dim: str, one: Ranked, top: float, found: Overview) -> table.Row:
    requests, before = one.figures["requests"], found.before.get(one.name)
    cells = {name: fmt.short(one.figures[name], unit) for name, unit in UNITS.items()}
    cells["trend"] = fmt.change(Kpi("requests", "Requests", requests, "count", before)) or fmt.UNKNOWN
    return table.Row(
        one.name or "Unknown",
        (dim, one.name or ""),
        cells,
        share=(requests or 0) / top,
        colour=fixed_colour(one.name, found.palette_order) if dim == "model" else "",
    )
