"""Compliance: the controls with their evidence, and what laws and standards ask for beside the control it rests on."""

from __future__ import annotations

from dash import Output, html
from dash.development.base_component import Component

from helix_dash.metrics.compliance import FORMULA, REGULATIONS, Control
from helix_dash.pages.security.queries import SecurityPage
from helix_dash.ui import panel
from helix_dash.ui.panel import Updates

CONTROLS, LAWS = "security-controls", "security-laws"
PANELS = (CONTROLS, LAWS)
KEYS = (
    ("redaction", "Redaction coverage"),
    ("raw", "No raw text at rest"),
    ("age", "Incidents closed in time"),
    ("retention", "Retention"),
    ("audit", "Audit record"),
    ("transport", "Transport"),
)
TONES = {"met": "good", "partly": "warn", "not met": "bad", "not assessed": "none"}


def layout() -> list[Component]:
    """Both panels without figures."""
    controls = html.Ul([_control(key, title) for key, title in KEYS], className="hx-controls")
    names = dict.fromkeys(line.regulation for line in REGULATIONS)
    laws = html.Div([_regulation(name) for name in names], className="hx-laws")
    return [
        panel.panel(CONTROLS, "Controls", controls, span=12, kind="list", height=200),
        panel.panel(LAWS, "Laws and standards", laws, span=12, kind="list", height=280),
    ]


def _control(key: str, title: str) -> Component:
    return html.Li(
        id=f"hx-control-{key}",
        tabIndex="-1",
        className="hx-control",
        children=[
            html.Div(
                [
                    html.Strong(title),
                    html.Span("", id=f"hx-control-{key}-score", className="hx-control__score"),
                    html.Span("", id=f"hx-control-{key}-state", className="hx-tag", **{"data-tone": "none"}),
                ],
                className="hx-control__head",
            ),
            html.P("", id=f"hx-control-{key}-evidence"),
            html.P("", id=f"hx-control-{key}-rule", className="hx-faint"),
        ],
    )


def _regulation(name: str) -> Component:
    titles = dict(KEYS)
    lines = [
        html.Tr(
            [
                html.Th(line.clause, scope="row"),
                html.Td(line.asks),
                html.Td(
                    html.A(titles[line.control], href=f"#hx-control-{line.control}", className="hx-link")
                    if line.control
                    else html.Span("No control here", className="hx-faint")
                ),
                html.Td(html.Span("", id=f"hx-law-{at}", className="hx-tag", **{"data-tone": "none"})),
            ]
        )
        for at, line in enumerate(REGULATIONS)
        if line.regulation == name
    ]
    return html.Div(
        [
            html.H3(name),
            html.Div(
                html.Table(
                    [
                        html.Caption(name, className="hx-sr"),
                        html.Thead(html.Tr([html.Th(words, scope="col") for words in ("Clause", "Asks for", "Rests on", "State")])),
                        html.Tbody(lines),
                    ],
                    className="hx-table hx-laws__table",
                ),
                className="hx-table-scroll",
                tabIndex="0",
                role="region",
                **{"aria-label": f"{name}: clauses and controls"},
            ),
        ]
    )  # fmt: skip


def outputs() -> dict[str, Output]:
    """The places of scores, evidence and states."""
    found: dict[str, Output] = {}
    for key, _ in KEYS:
        place = f"hx-control-{key}"
        found |= {f"control.{key}.{part}": Output(f"{place}-{part}", "children") for part in ("score", "state", "evidence", "rule")}  # fmt: skip
        found[f"control.{key}.tone"] = Output(f"{place}-state", "data-tone")
    for at in range(len(REGULATIONS)):
        found |= {f"law.{at}": Output(f"hx-law-{at}", "children"), f"law.{at}.tone": Output(f"hx-law-{at}", "data-tone")}  # fmt: skip
    return found


def fill(found: SecurityPage) -> Updates:
    """The controls' scores with their evidence, and the state of each line."""
    held = found.compliance
    score = "—" if held.score is None else f"{held.score:.0f} of 100"
    updates = panel.ready(
        CONTROLS, subtitle=f"{score}: {FORMULA}; {held.assessed} of {len(held.controls)} assessed"
    )
    updates |= panel.ready(LAWS, subtitle="Evidence for a judgement, no judgement: each line stands as the control it rests on")  # fmt: skip
    for control in held.controls:
        updates |= _told(control)
    for at, line in enumerate(REGULATIONS):
        rests = held.control(line.control)
        state = rests.state if rests else "not assessed"
        updates |= {f"law.{at}": state, f"law.{at}.tone": TONES[state]}
    return updates


def _told(control: Control) -> Updates:
    key = f"control.{control.key}"
    return {
        f"{key}.score": "—" if control.score is None else f"{100 * control.score:.0f}",
        f"{key}.state": control.state,
        f"{key}.tone": TONES[control.state],
        f"{key}.evidence": control.evidence,
        f"{key}.rule": f"Score: {control.rule}.",
    }
