"""The page's two tables: guardrails, and incidents with how each stands. Never a value, only types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import dash_bootstrap_components as dbc
from dash import Output, dcc, html
from dash.development.base_component import Component

from helix_dash.metrics.guardrails import AMBER, RED, SLOW, SLOWEST, UNNAMED, Guardrail
from helix_dash.metrics.incident_states import Handled
from helix_dash.metrics.incidents import Incident
from helix_dash.model import utc_from_us
from helix_dash.pages.security.figures import ACTION_WORDS
from helix_dash.pages.security.queries import ALL, OPEN, SecurityPage, listed_as
from helix_dash.ui import format as fmt
from helix_dash.ui import icon, panel, rich_table, rows
from helix_dash.ui.look import Look
from helix_dash.ui.panel import Updates
from helix_dash.ui.rich_table import Column, Line, Tag, Trend
from helix_dash.ui.states import Message
from helix_dash.ui.table import Field

GUARDRAILS, INCIDENTS = "security-guardrails", "security-incidents"
MOST_GUARDRAILS = 12
ROWS = 20
STATE, PAGE, EARLIER, LATER = (f"hx-security-{part}" for part in ("state", "page", "older", "newer"))
STATES = ((OPEN, "Open"), ("acknowledged", "Acknowledged"), ("resolved", "Resolved"), ("false_positive", "False positive"), (ALL, "All"))  # fmt: skip
STATUS_WORDS = dict(STATES)
STATUS_TONES = {"open": "warn", "acknowledged": "info", "resolved": "good", "false_positive": "none"}
SEVERITY_TONES = {"low": "none", "medium": "info", "high": "warn", "critical": "bad"}
ACTION_TONES = {"masked": "good", "blocked": "info", "logged": "bad", "untold": "none"}

GUARDRAIL_COLUMNS = (
    Column("modes", "Looks at", "text"),
    Column("requests", "Requests"),
    Column("rate", "Refused", help=f"Refused of its requests; amber above {AMBER:.0%}, red above {RED:.0%}"),
    Column("trend", "Trend", "trend", "Share refused, over time"),
    Column("silent", "No answer", help="How often it failed to answer"),
    Column("added", "Added latency", help="Mean, of requests it looked at alone"),
    Column(
        "status", "Status", "tag", f"Amber above {AMBER:.0%} refused or {SLOW:.0f} ms, red above {RED:.0%} or {SLOWEST:.0f} ms"
    ),
)  # fmt: skip
FIELDS = (
    Field("severity", "Severity"),
    Field("types", "Found"),
    Field("action", "Action", unknown="the list does not say"),
    Field("status", "Status"),
    Field("user", "User", unknown="not told"),
    Field("team", "Team", unknown="not told"),
    Field("model", "Model", unknown="not told"),
    Field("guardrail", "Guardrail", unknown="not told"),
    Field("assignee", "Assignee", unknown="nobody's"),
)


def guardrails() -> Component:
    """The table of guardrails, empty."""
    content = rich_table.table(GUARDRAILS, "Guardrails", "Guardrail", GUARDRAIL_COLUMNS)
    return panel.panel(GUARDRAILS, "Guardrails", content, span=8, kind="list", height=120)


def incidents(tools: Component) -> Component:
    """The table of incidents, empty, with its choices; ``tools`` stand in its head."""
    pick = html.Div(
        dbc.RadioItems(
            id=STATE,
            options=[{"value": value, "label": words} for value, words in STATES],
            value=OPEN,
            class_name="hx-tabs",
            label_class_name="hx-tab",
        ),
        role="group",
        **{"aria-label": "Incidents that are"},
    )
    turn = html.Div(
        [
            html.Span("", id="hx-security-place", className="hx-faint", role="status"),
            _turn(LATER, "Newer"),
            _turn(EARLIER, "Older"),
            dcc.Store(id=PAGE, data=0),
        ],
        className="hx-turn",
    )
    content = html.Div([rows.table(INCIDENTS, "Incidents")])
    return panel.panel(INCIDENTS, "Incidents", content, span=12, kind="list", height=160, legend=html.Div([pick, turn], className="hx-turns"), tools=tools)  # fmt: skip


def _turn(key: str, words: str) -> Component:
    return html.Button(
        [icon("chevron-down"), words], id=key, className="hx-button", type="button", disabled=True
    )


def outputs() -> dict[str, Output]:
    """The places beside the table."""
    return {
        "incidents.place": Output("hx-security-place", "children"),
        "incidents.older": Output(EARLIER, "disabled"),
        "incidents.newer": Output(LATER, "disabled"),
    }


def fill_guardrails(found: SecurityPage, look: Look) -> Updates:
    """The guardrails of the period, the busiest first."""
    each = found.guarded.each
    if not each:
        words = Message("empty", "No guardrail ran", f"on requests of {fmt.these(look.period)}.")
        return panel.says(GUARDRAILS, words) | {f"{GUARDRAILS}.subtitle": ""}
    lines = [_guardrail(one) for one in each]
    subtitle = f"Requests each looked at; latency amber above {SLOW:.0f} ms, red above {SLOWEST:.0f} ms"
    ready = panel.ready(GUARDRAILS, stale=look.stale, subtitle=subtitle)
    return ready | rich_table.fill(GUARDRAILS, GUARDRAIL_COLUMNS, lines[:MOST_GUARDRAILS], MOST_GUARDRAILS)


def _guardrail(one: Guardrail) -> Line:
    looks = {"pre_call": "prompt", "during_call": "prompt, beside the call", "post_call": "response"}
    return Line(
        one.name or "Not named",
        {
            "modes": ", ".join(looks.get(mode, mode.replace("_", " ")) for mode in one.modes) or fmt.UNKNOWN,
            "requests": fmt.short(one.requests, "count"),
            "rate": fmt.short(one.fail_rate, "ratio"),
            "trend": Trend(one.trend),
            "silent": fmt.short(one.silent, "count") if one.silent else "·",
            "added": fmt.short(one.added_ms, "ms"),
            "status": state_of(one),
        },
        None if one.name == UNNAMED else ("guardrail_name", one.name),
    )


def state_of(one: Guardrail) -> Tag:
    """A guardrail's state by the rule: how much it refuses, how slow it is, whether it answers."""
    slow = one.added_ms or 0.0
    if one.fail_rate > RED or slow > SLOWEST:
        return Tag("refuses much" if one.fail_rate > RED else "slow", "bad")
    if one.silent:
        return Tag("does not always answer", "warn")
    if one.fail_rate > AMBER or slow > SLOW:
        return Tag("refuses some" if one.fail_rate > AMBER else "rather slow", "warn")
    return Tag("fine", "good")


def fill_incidents(found: SecurityPage, look: Look, shown: Mapping[str, Any], words: Message) -> Updates:
    """One page of the table."""
    state, page = shown.get("state") or OPEN, shown.get("page")
    every = listed_as(found, state if state in STATUS_WORDS else OPEN)
    first = max(0, min(page if isinstance(page, int) else 0, (len(every) - 1) // ROWS)) * ROWS
    part = every[first : first + ROWS]
    beyond = found.counts.total > len(found.counts.newest)
    more = f"; of {found.counts.total:,} incidents the newest {len(found.counts.newest):,} are listed, a shorter range shows earlier ones" if beyond else ""  # fmt: skip
    place = f"{first + 1:,}–{first + len(part):,} of {len(every):,}" if part else ""
    beside = {
        "incidents.place": place,
        "incidents.older": first + ROWS >= len(every),
        "incidents.newer": first == 0,
        f"{INCIDENTS}.subtitle": f"Types and counts, never values; {look.zone_name}{more}",
    }
    if not part:
        if found.counts.total:
            words = Message("empty", f"No incident is {STATUS_WORDS.get(state, state).lower()}", f"Of {found.counts.total:,} in {fmt.these(look.period)}.")  # fmt: skip
        return panel.says(INCIDENTS, words) | beside
    lines = [_incident(one, found.status(one), look, shown) for one in part]
    ready = panel.ready(INCIDENTS, stale=look.stale) | beside
    return ready | rows.fill(INCIDENTS, "When", FIELDS, lines, texts=[one.key for one in FIELDS])


def _incident(one: Incident, done: Handled, look: Look, shown: Mapping[str, Any]) -> rows.Line:
    when = "No time" if one.at is None else f"{utc_from_us(one.at).astimezone(look.zone):%-d %b, %H:%M:%S}"
    address = shown.get("path") or ""
    return rows.Line(
        when,
        {
            "severity": one.severity.capitalize(),
            "types": found_words(one),
            "action": ACTION_WORDS[one.action],
            "status": STATUS_WORDS[done.status],
            "user": one.user or fmt.UNKNOWN,
            "team": one.team or fmt.UNKNOWN,
            "model": one.model or fmt.UNKNOWN,
            "guardrail": one.guardrail or fmt.UNKNOWN,
            "assignee": done.assignee or fmt.UNKNOWN,
        },
        href=f"{address}&{urlencode({'incident': one.id})}",
        tones={
            "severity": SEVERITY_TONES[one.severity],
            "action": ACTION_TONES[one.action],
            "status": STATUS_TONES[done.status],
        },
    )


HEADS = ("Time, UTC", *(one.title for one in FIELDS))


def texts(found: SecurityPage, state: str, look: Look) -> list[list[str]]:
    """All incidents of the table, not only those of its page, as a file has them: :data:`HEADS`."""
    every = listed_as(found, state if state in STATUS_WORDS else OPEN)
    told = []
    for one in every:
        cells = _incident(one, found.status(one), look, {}).cells
        when = "" if one.at is None else utc_from_us(one.at).isoformat(timespec="milliseconds")
        told.append([when, *(cells[field.key] for field in FIELDS)])
    return told


def found_words(one: Incident) -> str:
    """What was found, as masked forms; words where it is not known."""
    return " ".join(f"<{name}>" + (f"×{count}" if count > 1 else "") for name, count in one.types.items() if name != "UNKNOWN") or "type not told"  # fmt: skip
