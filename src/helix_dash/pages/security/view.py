"""How the Security page looks: the skeleton, and the new values of its parts for given figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import Output, dcc, html
from dash.development.base_component import Component

from helix_dash.pages.security import drawer, evidence, export, figures, listing, masking
from helix_dash.pages.security.queries import SecurityPage
from helix_dash.ui import controls, fill, kpi, panel, rich_table, rows, sources
from helix_dash.ui import format as fmt
from helix_dash.ui.look import Look, fill_chart, nothing
from helix_dash.ui.panel import Updates
from helix_dash.ui.states import Message

ROOT, FILL, PICK = "hx-security", "hx-security-fill", "hx-security-pick"
SOURCES = (("", "Automatic"), ("log", "Request log"), ("list", "Gateway's list"))
EVERY = 30.0
"""Seconds between two readings of the gateway's list."""

CARDS: tuple[tuple[str, str], ...] = (
    ("security_open", "Incidents open"),
    ("security_evaluated", "Guardrail evaluations"),
    ("security_blocked", "Blocked"),
    ("security_score", "Compliance score"),
)
STRIP: tuple[tuple[str, str], ...] = (
    ("security_incidents", "Incidents"),
    ("security_pass_rate", "Pass rate"),
    ("security_added_ms", "Added latency, mean"),
    ("security_guardrails", "Active guardrails"),
    ("security_acknowledged_ms", "Time to acknowledge"),
    ("security_top", "Top entity, values"),
)
CHARTS: tuple[tuple[str, str, str, int], ...] = (
    ("security-over", "Incidents", "Incidents over time by their most sensitive entity type", 8),
    ("security-entities", "Entity types", "Values found by entity type", 4),
    ("security-heat", "Entity types by team", "Values found, entity type by team", 7),
    ("security-actions", "What was done", "Incidents over time: masked, blocked or only logged", 5),
    ("security-direction", "Prompt or response", "Incidents by where they were found", 4),
)
LISTS = (listing.GUARDRAILS, listing.INCIDENTS)
PANELS = (*(name for name, *_ in CHARTS), *LISTS, *evidence.PANELS, masking.PANEL)


def layout() -> Component:
    """The page without data."""
    parts = {
        name: panel.chart(name, title, words, span=span, carries=None) for name, title, words, span in CHARTS
    }
    return html.Div(
        id=ROOT,
        className="hx-stack",
        **{"data-page-state": "loading"},
        children=[
            fill.store(FILL),
            sources.banner("security-list"),
            html.Div(
                className="hx-sources",
                children=[
                    controls.tabs(PICK, SOURCES, "Incidents of"),
                    sources.status("security-list"),
                    html.Span("", id="hx-security-rejected", className="hx-source__told"),
                ],
            ),
            html.Div([kpi.card(name, label) for name, label in CARDS], className="hx-kpis"),
            html.Div([kpi.card(name, label, small=True) for name, label in STRIP], className="hx-card hx-strip"),
            html.Div([*parts.values(), listing.guardrails(), listing.incidents(export.button())], className="hx-grid"),
            html.H2("Compliance", className="hx-part"),
            html.Div(evidence.layout(), className="hx-grid"),
            html.H2("Redaction", className="hx-part"),
            html.Div(masking.layout(), className="hx-grid"),
            *drawer.layout(),
            dcc.Store(id=drawer.CHANGES),
            dcc.Store(id=masking.CHANGED),
        ],
    )  # fmt: skip


def outputs() -> dict[str, Output]:
    """Every place that :func:`show` may fill."""
    found = {
        "page.state": Output(ROOT, "data-page-state"),
        "list.rejected": Output("hx-security-rejected", "children"),
    }
    found |= sources.outputs("security-list")
    for name, _ in (*CARDS, *STRIP):
        found |= kpi.outputs(name)
    charts = {name for name, *_ in CHARTS}
    for name in PANELS:
        found |= panel.outputs(name, figure=name in charts)
    found |= rich_table.outputs(listing.GUARDRAILS)
    return (
        found | rows.outputs(listing.INCIDENTS) | listing.outputs() | evidence.outputs() | masking.outputs()
    )


def show(found: SecurityPage, look: Look, shown: Mapping[str, Any], now: int) -> Updates:
    """The new values of all parts.

    Args:
        shown: what the viewer chose of the table of incidents: ``state``, ``page``, ``path``.
        now: microseconds since the epoch.
    """
    updates: Updates = {"page.state": "stale" if look.stale else "ready"}
    for figure in found.kpis:
        updates |= kpi.fill(figure, before=f"previous {fmt.length(look.period)}", during=look.during)
    for name, draw in figures.OVER_TIME.items():
        drawn = draw(found, look)
        if drawn.figure is None:
            updates |= panel.says(name, none(found, look)) | {f"{name}.subtitle": fmt.per(drawn.unit, found.bucket, look.zone_name)}  # fmt: skip
        else:
            updates |= fill_chart(name, drawn, found.bucket, look)
    for name, (build, subtitle) in figures.SPREAD.items():
        made = build(found)
        untold = found.source == "list" and name in ("security-heat", "security-direction")
        words = Message("empty", "The list does not tell it", "The gateway's list names neither teams nor directions.") if untold and found.counts.total else none(found, look)  # fmt: skip
        under = {f"{name}.subtitle": subtitle}
        if made is None or (untold and found.counts.directions.keys() <= {None}):
            updates |= panel.says(name, words) | under
        else:
            updates |= panel.ready(name, stale=look.stale, figure=made) | under
    updates |= _list(found, look, now)
    updates |= listing.fill_guardrails(found, look) | listing.fill_incidents(
        found, look, shown, none(found, look)
    )
    return updates | evidence.fill(found) | masking.fill(found)


def none(found: SecurityPage, look: Look) -> Message:
    """Why there is no incident to show."""
    listed = found.listed
    if found.source == "log":
        if found.guarded.evaluated and not look.where.conditions:
            return Message("empty", f"No incidents in {fmt.these(look.period)}", f"Guardrails looked at {found.guarded.evaluated:,} requests and found nothing.")  # fmt: skip
        return nothing("incidents", look)
    if listed.hidden:
        return Message("forbidden", "Not yours to see", "The gateway's list names no organizations.")
    if listed.entries is None:
        return Message("empty", "The gateway's list was not read yet", "The collector reads helix:pii:incidents of REDIS_URL.")  # fmt: skip
    if not listed.entries:
        return Message("empty", "The gateway's list is empty", "Nothing is in helix:pii:incidents.")
    if look.where.conditions:
        return nothing("incidents", look)
    return Message("empty", f"No incidents in {fmt.these(look.period)}", f"The list holds {len(listed.entries):,} of other times.", "widen")  # fmt: skip


def _list(found: SecurityPage, look: Look, now: int) -> Updates:
    """The line about the gateway's list: when it was read, and what could not be."""
    told = sources.told("security-list", "The gateway's store", found.listed.answer, every=EVERY, now=now, zone=look.zone, zone_name=look.zone_name)  # fmt: skip
    if found.listed.answer and found.listed.answer.mock:
        told["security-list.mock"] = "Simulated"
    parts: list[str] = []
    left = found.listed.left_out or {}
    if left:
        each = "; ".join(f"{reason} ({count:,})" for reason, count in left.items())
        many = sum(left.values())
        parts.append(f"{many:,} record{'s' if many != 1 else ''} rejected: {each}.")
    if found.listed.length and found.listed.entries is not None and found.listed.length > len(found.listed.entries) + sum(left.values()):  # fmt: skip
        parts.append(f"The newest {len(found.listed.entries):,} of {found.listed.length:,} entries.")
    if found.source == "list" and found.counts.undated:
        parts.append(f"{found.counts.undated:,} do not say when they were and are in no figure.")
    if found.source == "list" and found.counts.not_asked:
        parts.append(f"The list does not know {', '.join(found.counts.not_asked)}: not filtered by it.")
    parts.append("Counted: the request log." if found.source == "log" else "Counted: the gateway's list.")
    return told | {"list.rejected": " ".join(parts)}
