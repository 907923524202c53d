"""How the page of one user, team or group looks: the skeleton, and the new values of its parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from dash import Output, dcc, html
from dash.development.base_component import Component

from helix_dash.metrics.identity import Match
from helix_dash.metrics.people import Standing, Standings
from helix_dash.metrics.ranks import Ranked
from helix_dash.pages.usage.queries import Subject, Usage
from helix_dash.ui import charts, fill, kpi, panel, recent, rows, table, timelines
from helix_dash.ui import format as fmt
from helix_dash.ui.colours import fixed_colour
from helix_dash.ui.look import Drawn, Look, fill_chart, nothing
from helix_dash.ui.panel import Updates
from helix_dash.ui.rows import Line
from helix_dash.ui.states import Message
from helix_dash.ui.table import Field

ROOT, FILL, WHO, FACTS, BACK = (f"hx-usage{part}" for part in ("", "-fill", "-who", "-facts", "-back"))
CLASSES, MOST = 8, 10

CARDS = (("requests", "Requests"), ("cost_usd", "Cost"), ("total_tokens", "Tokens"), ("success_rate", "Success rate"))  # fmt: skip
STRIP = (
    ("latency_ms_p95", "Latency p95"),
    ("ttft_ms_p95", "Time to first token p95"),
    ("errors", "Errors"),
    ("cache_hit_rate", "Cache hit rate"),
    ("avoided_cost_usd", "Saved by the cache"),
    ("unpriced_requests", "Unpriced requests"),
)
CHARTS = (
    ("usage-volume", "Requests", "Requests over time by outcome", 8),
    ("usage-cost", "Cost by model", "Cost over time by model", 12),
    ("usage-tokens", "Tokens", "Tokens over time by class", 6),
    ("usage-latency", "Latency", "Latency percentiles over time", 6),
)
PANELS = (
    *(name for name, *_ in CHARTS),
    "usage-errors",
    "usage-models",
    "usage-keys",
    "usage-others",
    "usage-recent",
)
TABLES = ("usage-models", "usage-keys", "usage-others", "usage-recent")

MODELS = (
    Field("requests", "Requests"),
    Field("success_rate", "Success", unknown="no finished requests"),
    Field("latency_ms_p50", "Latency p50", unknown="no successful requests"),
    Field("latency_ms_p95", "Latency p95", unknown="no successful requests"),
    Field("ttft_ms_p95", "First token p95", unknown="no streamed requests"),
    Field("total_tokens", "Tokens"),
    Field("cost_usd", "Cost", bar=True, unknown="no known price"),
)
UNITS = {"requests": "count", "success_rate": "ratio", "latency_ms_p50": "ms", "latency_ms_p95": "ms", "ttft_ms_p95": "ms", "total_tokens": "count", "cost_usd": "usd"}  # fmt: skip
SHARES = (
    Field("requests", "Requests"),
    Field("success", "Success", unknown="no finished requests"),
    Field("cost", "Cost", bar=True, unknown="no known price"),
)
FIELDS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "Latency": lambda row: fmt.short(row["latency_ms"], "ms"),
    "Tokens": lambda row: fmt.short(row["total_tokens"], "count"),
    "Cost": lambda row: fmt.short(row["cost_usd"], "usd"),
}


def layout() -> Component:
    """The page of whom the filter names, without data."""
    return _layout("false")


def layout_of_mine() -> Component:
    """The page of the signed-in person, without data."""
    return _layout("true")


def _layout(mine: str) -> Component:
    drawn = {name: panel.chart(name, title, label, span=span) for name, title, label, span in CHARTS}
    errors = panel.panel("usage-errors", "Errors", table.bars("usage-errors", CLASSES), span=4, kind="list")
    lists = [
        panel.panel(name, title, rows.table(name, title), span=span, kind="list", height=120)
        for name, title, span in (
            ("usage-models", "Models", 12),
            ("usage-keys", "Keys", 6),
            ("usage-others", "Teams", 6),
            ("usage-recent", "Newest requests", 12),
        )
    ]
    return html.Div(
        id=ROOT,
        className="hx-stack",
        **{"data-page-state": "loading", "data-mine": mine},
        children=[
            fill.store(FILL),
            html.Div(
                [
                    html.H2("", id=WHO),
                    html.P("", id=FACTS),
                    dcc.Link("All users", id=BACK, href="", className="hx-link"),
                ],
                className="hx-subject",
            ),
            html.Div([kpi.card(name, label) for name, label in CARDS], className="hx-kpis"),
            html.Div(
                [kpi.card(name, label, small=True) for name, label in STRIP], className="hx-card hx-strip"
            ),
            html.Div(
                [
                    drawn["usage-volume"],
                    errors,
                    drawn["usage-cost"],
                    drawn["usage-tokens"],
                    drawn["usage-latency"],
                    *lists,
                ],
                className="hx-grid",
            ),
        ],
    )


def outputs() -> dict[str, Output]:
    """Every place that :func:`show` may fill."""
    found = {
        "page.state": Output(ROOT, "data-page-state"),
        "who": Output(WHO, "children"),
        "facts": Output(FACTS, "children"),
        "back": Output(BACK, "href"),
        "others.heading": Output("hx-usage-others-heading", "children"),
    }
    for name, _ in (*CARDS, *STRIP):
        found |= kpi.outputs(name)
    for name in PANELS:
        found |= panel.outputs(name, figure=name in {chart for chart, *_ in CHARTS})
    for name in TABLES:
        found |= rows.outputs(name)
    return found | table.bar_outputs("usage-errors", CLASSES)


def nobody(account: str, found: Match, back: str) -> Updates:
    """The page of somebody who is not in the log."""
    words = Message("empty", "No usage of yours is known", f"You are signed in as {account}: {found.how}.")
    updates: Updates = {"page.state": "empty", "who": account, "facts": "", "back": back}
    for name, _ in (*CARDS, *STRIP):
        updates |= kpi.unknown(name, "you are not in the log")
    first, *others = PANELS
    return updates | panel.says(first, words) | {f"{first}.subtitle": ""} | panel.away(*others)


def show(
    found: Usage, whom: Subject, look: Look, *, log: str, back: str, match: Match | None = None
) -> Updates:
    """The new values of all parts.

    Args:
        log: the address of the request log under this page's filter.
        back: the address of all users.
        match: of the signed-in person's own page, how they were found.
    """
    updates: Updates = {
        "page.state": "stale" if look.stale else "ready",
        "who": title(whom),
        "facts": _facts(found, whom, match),
        "back": back,
        "others.heading": "Users" if whom.beside == "user" else "Teams",
    }
    for figure in found.kpis:
        updates |= kpi.fill(figure, before=f"previous {fmt.length(look.period)}", during=look.during)
    for name, drawn in _drawn(found, look).items():
        rough = found.timeline.approximate and name == "usage-latency"
        updates |= fill_chart(name, drawn, found.bucket, look, approximate=rough)
    updates |= _errors(found, look) | _models(found, look)
    keys = "With which keys, by cost"
    updates |= _shares("usage-keys", found.keys, ("key_alias", "Key", "No key"), keys, look)
    kind = ("user", "User", "No user") if whom.beside == "user" else ("team", "Team", "No team")
    updates |= _shares("usage-others", found.others, kind, f"{kind[1]}s, by cost", look)
    if not found.recent:
        return updates | panel.says("usage-recent", nothing("requests", look))
    newest = recent.fill("usage-recent", found.recent, FIELDS, zone=look.zone, log=log)
    return (
        updates | panel.ready("usage-recent", stale=look.stale, subtitle="A click opens the request") | newest
    )


def title(whom: Subject) -> str:
    """Whom the page is about, in words."""
    if not whom.column:
        return "Everybody"
    if whom.one is None:
        return f"{len(whom.names)} {whom.column}s"
    return (f"Team {whom.one}" if whom.column == "team" else whom.one) if whom.one else f"No {whom.column}"


def _facts(found: Usage, whom: Subject, match: Match | None) -> str:
    seen = found.activity
    parts = [f"Yours, because {match.how}"] if match else []
    if whom.one is None and len(whom.names) > 1:
        shown = ", ".join(whom.names[:6])
        parts.append(shown + (f" and {len(whom.names) - 6} more" if len(whom.names) > 6 else ""))
    days = seen.table["day"]
    if len(days):
        first, last = int(str(days.min())), int(str(days.max()))
        word = "by" if first == seen.begin else "on"
        parts.append(f"first seen {word} {date.fromordinal(first):%-d %b %Y}")
        parts.append(
            f"last active {'today' if last == seen.today else f'{date.fromordinal(last):%-d %b %Y}'}"
        )
        parts.append(f"active on {days.n_unique():,} days")
    if found.counted:
        gap = found.counted.difference
        beside = "the log has no priced request" if gap is None else f"the log {fmt.short(found.counted.ledger, 'usd')}"  # fmt: skip
        parts.append(f"in 30 days the gateway counted {fmt.short(found.counted.counter, 'usd')}, {beside}")
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _drawn(found: Usage, look: Look) -> dict[str, Drawn]:
    now, past, kpis = found.timeline, found.past, found.kpis
    return {
        "usage-volume": timelines.outcomes(now, past, kpis, look),
        "usage-cost": timelines.costs(found.costs, past, kpis, found.palette_order, look),
        "usage-tokens": timelines.tokens(now, past, kpis, look),
        "usage-latency": timelines.latencies(now, past, kpis, look),
    }


def _errors(found: Usage, look: Look) -> Updates:
    name, under = "usage-errors", {"usage-errors.subtitle": "By class, and share of all errors"}
    failed = sum(one.figures["requests"] or 0 for one in found.errors)
    if not failed:
        some = any(found.timeline.values["requests"][0])
        calm = Message("empty", "No errors", f"Every request of {fmt.these(look.period)} went well.")
        return panel.says(name, calm if some else nothing("requests", look)) | under
    most = found.errors[0].figures["requests"] or 1
    lines = [
        table.Row(
            one.name or "Unknown class",
            ("error_class", one.name or ""),
            {"count": fmt.short(one.figures["requests"], "count"), "share": fmt.share(one.figures["requests"], failed)},
            share=(one.figures["requests"] or 0) / most,
        )
        for one in found.errors[:CLASSES]
    ]  # fmt: skip
    return panel.ready(name, stale=look.stale) | under | table.fill(name, lines, CLASSES)


def _models(found: Usage, look: Look) -> Updates:
    name = "usage-models"
    if not found.models:
        return panel.says(name, nothing("requests", look)) | {f"{name}.subtitle": ""}
    ordered = sorted(found.models, key=lambda one: -(one.figures["cost_usd"] or 0))
    most = max((one.figures["cost_usd"] or 0 for one in ordered), default=0)
    lines = [_model(one, most, found.palette_order) for one in ordered[: MOST * 2]]
    more = f", the first {len(lines)}" if len(ordered) > len(lines) else ""
    subtitle = f"{len(ordered)} models by cost{more}, in {fmt.these(look.period)}"
    return panel.ready(name, stale=look.stale, subtitle=subtitle) | rows.fill(name, "Model", MODELS, lines)


def _model(one: Ranked, most: float, order: Sequence[str | None]) -> Line:
    cells = {key: fmt.short(one.figures[key], unit) for key, unit in UNITS.items()}
    share = (one.figures["cost_usd"] or 0) / most if most else 0.0
    colour = fixed_colour(one.name, order)
    return Line(one.name or "Unknown model", cells, ("model", one.name or ""), share=share, colour=colour)


def _shares(name: str, found: Standings, kind: tuple[str, str, str], subtitle: str, look: Look) -> Updates:
    column, head, unknown = kind
    under = {f"{name}.subtitle": subtitle}
    if not found.whole:
        gone = Message("empty", "Not known any more", "Single requests of this time have expired.")
        return panel.says(name, gone) | under
    if not found.all:
        return panel.says(name, nothing("requests", look)) | under
    shown, rest = found.all[:MOST], found.all[MOST:]
    most = max((one.cost or 0 for one in shown), default=0)
    lines = [_share(one, column, unknown, most) for one in shown]
    if rest:
        costs = [one.cost for one in rest if one.cost is not None]
        cells = {
            "requests": fmt.short(sum(one.requests for one in rest), "count"),
            "success": "",
            "cost": fmt.short(sum(costs) if costs else None, "usd"),
        }
        lines.append(Line(fmt.others(len(rest)), cells, colour=charts.OTHERS))
    return panel.ready(name, stale=look.stale) | under | rows.fill(name, head, SHARES, lines)


def _share(one: Standing, column: str, unknown: str, most: float) -> Line:
    cells = {
        "requests": fmt.short(one.requests, "count"),
        "success": fmt.short(one.success_rate, "ratio"),
        "cost": fmt.short(one.cost, "usd"),
    }
    share = (one.cost or 0) / most if most else 0.0
    return Line(one.name or unknown, cells, (column, one.name or ""), share=share)
