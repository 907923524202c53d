"""The drawer over one incident: what is known of it, what may be done, where its text lies. Its address is ``incident``."""

from __future__ import annotations

from collections.abc import Sequence

from dash import dcc, html
from dash.development.base_component import Component

from helix_dash import context
from helix_dash.metrics.compliance import TARGET_HOURS
from helix_dash.metrics.incident_states import DEEDS, Handled
from helix_dash.metrics.incidents import Incident
from helix_dash.model import utc_from_us
from helix_dash.pages.security.figures import ACTION_WORDS, DIRECTIONS, words
from helix_dash.pages.security.listing import ACTION_TONES, SEVERITY_TONES, STATUS_TONES, STATUS_WORDS
from helix_dash.ui import drawer as side
from helix_dash.ui import form_parts, icon
from helix_dash.ui import format as fmt
from helix_dash.zones import Zone

KEY, DETAILS = "hx-incident", "hx-incident-details"
WANTED = side.wanted(KEY)
CHANGES = "hx-security-changed"
ASSIGNEE, DONE = "hx-incident-assignee", "hx-incident-done"
BUTTONS = {f"hx-incident-{deed.replace('_', '-')}": deed for deed in DEEDS}
REVEAL, REVEALED = "hx-incident-reveal", "hx-incident-revealed"
TRACE, PURGE, SURE, KEEP, CONFIRM = (f"hx-incident-{part}" for part in ("trace", "purge", "sure", "keep", "confirm"))  # fmt: skip
RADIUS, RECEIPT, ORDER, POLL = (f"hx-incident-{part}" for part in ("radius", "receipt", "order", "poll"))
WRITE, READ, ERASE = "incidents:write", "pii:read", "incidents:purge"
WORDS = {"acknowledge": "Acknowledge", "resolve": "Resolve", "false_positive": "False positive", "reopen": "Reopen", "assign": "Assign"}  # fmt: skip


def layout() -> list[Component]:
    """The closed drawer."""
    body = [
        html.Div(id=DETAILS, className="hx-incident"),
        _deeds(hidden=not context.may(WRITE)),
        html.P(
            [icon("lock"), "Handling incidents needs the editor role."],
            className="hx-faint hx-incident__locked",
            hidden=context.may(WRITE),
        ),
        _radius(),
        _text(hidden=not context.may(READ)),
    ]
    return [
        dcc.Store(id=ORDER),
        dcc.Interval(id=POLL, interval=700, disabled=True),
        *side.drawer(KEY, "Incident", html.Div(body)),
        _confirm(),
    ]


def _deeds(*, hidden: bool) -> Component:
    buttons = [
        html.Button(
            WORDS[deed],
            id=key,
            className="hx-button hx-button--primary" if deed == "acknowledge" else "hx-button",
            type="button",
            disabled=True,
        )
        for key, deed in BUTTONS.items()
        if deed != "assign"
    ]
    assign = [
        html.Label("Assignee", htmlFor=ASSIGNEE, className="hx-label"),
        html.Div(
            [
                dcc.Input(id=ASSIGNEE, type="text", className="hx-input", maxLength=100, autoComplete="off", value="", placeholder="an account; empty: nobody"),
                html.Button(WORDS["assign"], id="hx-incident-assign", className="hx-button", type="button", disabled=True),
            ],
            className="hx-incident__assign",
        ),
    ]  # fmt: skip
    return html.Section(
        [
            html.H3("Handle"),
            html.Div(buttons, className="hx-form__deeds hx-incident__deeds"),
            html.Div(assign, className="hx-form__row"),
            form_parts.done(DONE),
        ],
        className="hx-incident__part",
        hidden=hidden,
    )


def _radius() -> Component:
    may, erase = context.may(WRITE), context.may(ERASE)
    return html.Section(
        [
            html.H3("Blast radius"),
            html.P(
                "Where the text of this request went: the gateway's list, its cache, exports. The collector looks; that may take a while.",
                className="hx-faint",
            ),
            html.Div(
                [
                    html.Button("Look", id=TRACE, className="hx-button", type="button", hidden=not may),
                    html.Button(
                        [icon("trash-2"), "Purge …"], id=PURGE, className="hx-button", type="button", hidden=not erase
                    ),
                ],
                className="hx-form__deeds",
            ),
            html.Div(id=RADIUS, className="hx-incident__found"),
            html.Div(id=RECEIPT, className="hx-incident__found", role="status"),
        ],
        className="hx-incident__part",
    )  # fmt: skip


def _text(*, hidden: bool) -> Component:
    return html.Section(
        [
            html.H3("Text"),
            html.P("What the gateway stored, as it is. Who reveals it is on the audit record.", className="hx-faint"),
            html.Div(
                html.Button("Reveal", id=REVEAL, className="hx-button", type="button"), className="hx-form__deeds"
            ),
            html.Div(id=REVEALED, className="hx-incident__found"),
        ],
        className="hx-incident__part",
        hidden=hidden,
    )  # fmt: skip


def _confirm() -> Component:
    return form_parts.confirm(
        "hx-incident",
        "Purge the text of this incident?",
        "Entries of the gateway's list, and every cache entry that holds the text or a value found in it, are deleted; "
        "so are exports of this host that may hold the row. It cannot be undone. Rows of the request log stay: they "
        "hold types and counts only.",
        "Purge",
    )


def details(one: Incident, done: Handled, zone: Zone, request: str) -> Component:
    """What is known of ``one``; ``request`` is the address of its request in the log, empty without one."""
    found = [f"{words(name)} ×{count}" for name, count in one.types.items() if name != "UNKNOWN"]
    facts: list[tuple[str, object]] = [
        ("When", _moment(one.at, zone)),
        ("Found", ", ".join(found) or "The type is not told"),
        ("Masked form", html.Code(one.masked) if one.masked else fmt.UNKNOWN),
        ("Guardrail", one.guardrail or fmt.UNKNOWN),
        ("Looked at", DIRECTIONS[one.direction]),
        ("User", one.user or fmt.UNKNOWN),
        ("Team", one.team or fmt.UNKNOWN),
        ("Model", one.model or fmt.UNKNOWN),
        ("Told by", "Request log" if one.id.startswith("log:") else "The gateway's list"),
        ("Text kept by the gateway", "yes" if one.raw else "not by this entry" if one.id.startswith("list:") else "the log keeps none"),
        ("Assignee", done.assignee or "Nobody"),
        ("Acknowledged", _after(done, zone)),
        ("Closed", _moment(done.closed, zone)),
        ("Last change", f"{_moment(done.changed, zone)} by {done.by}" if done.changed else fmt.UNKNOWN),
    ]  # fmt: skip
    tags = [
        html.Span(
            one.severity.capitalize(), className="hx-tag", **{"data-tone": SEVERITY_TONES[one.severity]}
        ),
        html.Span(ACTION_WORDS[one.action], className="hx-tag", **{"data-tone": ACTION_TONES[one.action]}),
        html.Span(STATUS_WORDS[done.status], className="hx-tag", **{"data-tone": STATUS_TONES[done.status]}),
    ]
    lines = [part for name, value in facts for part in (html.Dt(name), html.Dd(value))]
    link = [dcc.Link("Open the request", href=request, className="hx-link")] if request else []
    return html.Div([html.P(tags, className="hx-incident__tags"), html.Dl(lines, className="hx-facts-list"), *link])  # fmt: skip


def gone() -> Component:
    """What the drawer says when the incident of its address is not there."""
    return side.gone(
        "This incident is not there",
        "It has expired, was trimmed from the gateway's list, or is not yours to see.",
    )


def _moment(at: int | None, zone: Zone) -> str:
    if at is None:
        return fmt.UNKNOWN
    return f"{utc_from_us(at).astimezone(zone.info):%-d %b %Y, %H:%M:%S} {zone.name}"


def _after(done: Handled, zone: Zone) -> str:
    if done.acknowledged is None:
        return fmt.UNKNOWN
    waited = done.waited
    after = "" if waited is None else f", after {fmt.age(waited / 1e6)}"
    late = waited is not None and waited > TARGET_HOURS * 3_600_000_000
    return f"{_moment(done.acknowledged, zone)}{after}{' (late)' if late else ''}"


def facts_of(lines: Sequence[tuple[str, str]]) -> Component:
    """Names and words as a list."""
    return html.Dl([part for name, value in lines for part in (html.Dt(name), html.Dd(value))], className="hx-facts-list")  # fmt: skip
