"""How texts that the gateway stored are masked: the settings, who may change them, and what they mean."""

from __future__ import annotations

from typing import Any

import dash_bootstrap_components as dbc
from dash import Input, Output, State, html, no_update
from dash.development.base_component import Component

from helix_dash import context
from helix_dash.auth import trail
from helix_dash.errors import BadQuery
from helix_dash.pages.security.figures import words
from helix_dash.pages.security.queries import SecurityPage
from helix_dash.redaction.recognizers import TYPES
from helix_dash.redaction.rules import LEAST_CONFIDENCE, USUAL, Rules, checked, rules, set_rules
from helix_dash.ui import controls, form_parts, panel
from helix_dash.ui.panel import Updates
from helix_dash.ui.wiring import Callbacks

PANEL, PERMISSION = "security-masking", "redaction:write"
SENSITIVITY, KINDS, STRICT, SAVE, DONE = (f"hx-masking-{part}" for part in ("sensitivity", "types", "strict", "save", "done"))  # fmt: skip
CHANGED = "hx-masking-changed"
LEVELS = (("low", "Low"), ("medium", "Medium"), ("high", "High"))

_ENGINES = {
    "builtin": f"{len(TYPES)} forms with check digits, built in. Names have no form: they are hidden, and not named as a type.",
    "presidio": "Presidio, with a blank language engine and without the network. Names are hidden, and not named as a type.",
}


def layout() -> list[Component]:
    """The form, and beside it what holds now."""
    may = context.may(PERMISSION)
    form = form_parts.form(
        "hx-masking",
        "Change how texts are masked",
        "Holds from the collector's next reading on; each change is on the audit record",
        [form_parts.locked("Needs the admin role.", hidden=may), html.Div(_fields(), hidden=not may)],
        span=5,
    )
    facts = html.Dl(
        [
            part
            for key, title in (("strict", "Strict mode"), ("sensitivity", "Sensitivity"), ("types", "Looked for"), ("engine", "Recognizers"), ("alert", "Alert"))
            for part in (html.Dt(title), html.Dd("", id=f"hx-masking-now-{key}"))
        ],
        className="hx-facts-list",
    )  # fmt: skip
    return [form, panel.panel(PANEL, "How texts are masked", facts, span=7, kind="list", height=200)]


def _fields() -> list[Component]:
    return [
        html.Div([html.Span("Sensitivity", className="hx-label"), controls.tabs(SENSITIVITY, LEVELS, "Sensitivity")], className="hx-form__row"),
        html.Div(dbc.Checkbox(id=STRICT, value=True, label="Strict: keep no word of a text, only the types found in it"), className="hx-form__row hx-checks hx-checks--wide hx-checks--one"),
        html.Div(
            [
                html.Span("Look for", className="hx-label"),
                html.Div(
                    dbc.Checklist(id=KINDS, options=[{"value": name, "label": words(name)} for name in TYPES], value=list(TYPES), class_name="hx-checks hx-checks--wide"),
                    role="group", **{"aria-label": "Types to look for"},
                ),
            ],
            className="hx-form__row",
        ),
        html.Div(html.Button("Save", id=SAVE, className="hx-button hx-button--primary", type="button"), className="hx-form__deeds"),
        form_parts.done(DONE),
    ]  # fmt: skip


def outputs() -> dict[str, Output]:
    """The places of what holds now."""
    return {f"masking.{key}": Output(f"hx-masking-now-{key}", "children") for key in ("strict", "sensitivity", "types", "engine", "alert")}  # fmt: skip


def fill(found: SecurityPage) -> Updates:
    """What holds now, in words."""
    now = found.rules
    least = LEAST_CONFIDENCE[now.sensitivity]
    strict = "On: no word of a text leaves the collector, only the types found in it." if now.strict else "Off: of a text some two hundred harmless words stay; every other word is a dot, whatever it is."  # fmt: skip
    hourly = found.listed.hourly
    most = (
        "no hour is told"
        if found.most_hourly is None
        else f"most in one hour of this range: {found.most_hourly:,}"
    )
    alert = f"The gateway's own threshold is {hourly:,.0f} incidents an hour; {most}." if hourly is not None else f"The gateway sets no threshold (helix:alerts:thresholds); {most}."  # fmt: skip
    told = {
        "strict": strict,
        "sensitivity": f"{now.sensitivity.capitalize()}: types told from confidence {least} on. It does not change what is hidden.",
        "types": ", ".join(words(name) for name in now.types) or "Nothing",
        "engine": _ENGINES[context.settings().pii_engine],
        "alert": alert,
    }
    subtitle = "By the collector, before anything is kept: what is not known to be harmless is hidden"
    return panel.ready(PANEL, subtitle=subtitle) | {f"masking.{key}": value for key, value in told.items()}


def wire(on: Callbacks) -> None:
    """The form's callbacks."""

    @on(
        Output(DONE, "children"),
        Output(DONE, "data-tone"),
        Output(CHANGED, "data"),
        Input(SAVE, "n_clicks"),
        State(SENSITIVITY, "value"),
        State(KINDS, "value"),
        State(STRICT, "value"),
        permission=PERMISSION,
        failed=form_parts.failing(),
        prevent_initial_call=True,
    )
    def save_masking(clicks: int | None, sensitivity: Any, types: Any, strict: Any) -> Any:
        if not clicks:
            return (no_update,) * 3
        return save(checked(sensitivity, types, strict=strict)), "good", clicks

    @on(
        Output(SENSITIVITY, "value"),
        Output(KINDS, "value"),
        Output(STRICT, "value"),
        Input(CHANGED, "data"),
        failed=lambda *_, **__: (USUAL.sensitivity, list(USUAL.types), USUAL.strict),
    )
    def fill_masking(_changed: Any) -> Any:
        """Once when the page opens, and after a change: the form holds what holds."""
        now = rules(context.running().store)
        return now.sensitivity, list(now.types), now.strict


def save(wanted: Rules) -> str:
    """Let ``wanted`` hold; what was done, in words.

    Raises:
        BadQuery: it holds already.
        StoreUnavailable: the store did not answer; then nothing was changed.
    """
    store = context.running().store
    before = rules(store)
    if before == wanted:
        raise BadQuery("rules", "It is so already.")
    change = f"{_words(before)} → {_words(wanted)}"
    set_rules(store, wanted, lambda: trail.record("redaction changed", "masking of texts", change))
    return "Saved. The collector's next reading follows it."


def _words(one: Rules) -> str:
    return f"{one.sensitivity}, {'strict' if one.strict else 'not strict'}, {len(one.types)} types"
