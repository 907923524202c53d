"""The form that changes budgets. Each change is on the audit record before it is made, or is not made."""

from __future__ import annotations

from typing import Any

from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component

from helix_dash import context
from helix_dash.auth import trail
from helix_dash.metrics.budgets import (
    THRESHOLDS,
    Budget,
    budgets,
    remove_budget,
    set_budget,
    thresholds_from,
    words,
)
from helix_dash.pages.costs import whose
from helix_dash.pages.costs.queries import Spending
from helix_dash.ui import form_parts
from helix_dash.ui.panel import Updates
from helix_dash.ui.wiring import Callbacks

FORM, CHANGES, KNOWN, NAMES = "hx-costs-budget", "hx-costs-budget-changed", "hx-costs-budget-known", "hx-costs-budget-names"  # fmt: skip
KIND, NAME, LIMIT, WINDOW, DAYS, SINCE, STEPS, WHOSE = (
    f"{FORM}-{part}" for part in ("kind", "name", "limit", "window", "days", "since", "steps", "whose")
)
WHOSE_NAMES = "hx-costs-budget-organizations"
CHANGED = {"budgets": Input(CHANGES, "data")}
"""An input of the page's refresh: a change shows at once."""

PERMISSION = "budget:write"
KINDS = (
    ("global", "Everything"),
    ("team", "Team"),
    ("user", "User"),
    ("key", "Key"),
    ("model", "Model"),
    ("tag", "Tag"),
)
WINDOWS = (("day", "Day"), ("week", "Week, from Monday"), ("month", "Month"), ("days", "Several days"))


def layout() -> Component:
    """The form, or words about who may have it."""
    allowed = context.may(PERMISSION)
    # What is known stands with the fields only: Dash complains of a callback half of whose inputs are missing.
    parts = [*_fields(), dcc.Store(id=KNOWN)] if allowed else [form_parts.locked("Needs the editor role.")]
    return form_parts.form(
        FORM,
        "Change a budget",
        "Each change is on the audit record",
        [*parts, dcc.Store(id=CHANGES)],
        span=4,
        mark="hx-costs-form",
        kind="global",
        window="month",
    )


def _fields() -> list[Component]:
    steps = ", ".join(str(step) for step in THRESHOLDS)
    return [
        form_parts.select(KIND, "Budget of", KINDS, "global"),
        form_parts.text(NAME, "Name", options=NAMES, mark="hx-form__name"),
        whose.field(WHOSE, WHOSE_NAMES),
        form_parts.text(LIMIT, "Limit, US dollars", hint="250", inputMode="decimal"),
        form_parts.select(WINDOW, "Per", WINDOWS, "month"),
        html.Div(
            [
                form_parts.text(DAYS, "Days", hint="14", inputMode="numeric"),
                form_parts.text(SINCE, "First day", hint="2026-01-31"),
            ],
            className="hx-costs-days",
        ),
        form_parts.text(STEPS, "Thresholds, percent", hint=steps),
        *form_parts.deeds(FORM, "Save"),
        form_parts.confirm(
            FORM,
            "Remove this budget?",
            "Spending of this owner in this window is held against nothing any more.",
        ),
    ]


def outputs() -> dict[str, Output]:
    """The place of what the form offers."""
    return {"costs.budgets": Output(KNOWN, "data")}


def choices(found: Spending) -> Updates:
    """What the form offers, where there is one: names by kind, and what each budget is now (assets/costs.js fills the
    fields)."""
    if not context.may(PERMISSION):
        return {}
    has = {
        ":".join((one.budget.organization or "", one.budget.kind, one.budget.name, one.budget.window)): {
            "limit": one.budget.limit,
            "days": str(one.budget.days or ""),
            "since": one.budget.since,
            "steps": ", ".join(str(step) for step in one.budget.thresholds),
        }
        for one in found.standings
    }
    names = {kind: list(words) for kind, words in found.names.items()}
    mine = context.scope().organization
    theirs = sorted({one.budget.organization for one in found.standings if one.budget.organization})
    return {"costs.budgets": {"names": names, "has": has, "whose": theirs, "mine": mine or ""}}


_GIVEN = tuple(State(part, "value") for part in (KIND, NAME, LIMIT, WINDOW, DAYS, SINCE, STEPS, WHOSE))


def wire(on: Callbacks) -> None:
    """The form's callbacks."""
    form_parts.wire(on, FORM, CHANGES, _GIVEN, PERMISSION, save, remove)
    on.in_browser(
        "hxcosts.budget",
        Output(NAMES, "children"),
        Output(FORM, "data-kind"),
        Output(FORM, "data-window"),
        Input(KIND, "value"),
        Input(WINDOW, "value"),
        Input(KNOWN, "data"),
    )
    on.in_browser("hxcosts.whose", Input(KNOWN, "data"))
    on.in_browser(
        "hxcosts.prefill",
        *(Output(part, "value") for part in (LIMIT, DAYS, SINCE, STEPS)),
        Input(KIND, "value"),
        Input(NAME, "value"),
        Input(WINDOW, "value"),
        Input(WHOSE, "value"),
        State(KNOWN, "data"),
        prevent_initial_call=True,
    )


def _budget(
    kind: Any, name: Any, limit: Any, window: Any, days: Any, since: Any, steps: Any, given: Any
) -> Budget:
    """The budget as the form gives it; whether it can be is found out when it is made."""
    count = str(days or "").strip()
    several = window == "days"
    return Budget(
        kind=str(kind or ""),
        name="" if kind == "global" else str(name or "").strip(),
        limit=str(limit if limit is not None else "").strip().removeprefix("$").replace(",", ""),
        window=str(window or ""),
        days=int(count) if several and count.isdecimal() and len(count) < 6 else 0,
        since=str(since or "").strip() if several else "",
        thresholds=thresholds_from(steps),
        organization=whose.organization(given),
    )


def save(*given: Any) -> str:
    """Make the budget; what was done, in words.

    Raises:
        BadQuery: it cannot be made.
        StoreUnavailable: the store did not answer; then nothing was changed.
    """
    wanted = _budget(*given)
    store = context.store()
    before = [one for one in budgets(store, context.scope()) if one.field == wanted.field]
    set_budget(store, wanted, lambda: trail.record("budget changed", wanted.title, f"{whose.told(wanted.organization)}{words(before)} → {words([wanted])}"))  # fmt: skip
    return f"{wanted.title[0].upper()}{wanted.title[1:]} may spend {words([wanted])}."


def remove(*given: Any) -> str:
    """Take the budget away; what was done, in words.

    Raises:
        BadQuery: there is none.
        StoreUnavailable: the store did not answer; then nothing was changed.
    """
    wanted = _budget(*given)
    store = context.store()
    before = [one for one in budgets(store, context.scope()) if one.field == wanted.field]
    remove_budget(store, wanted, lambda: trail.record("budget changed", wanted.title, f"{whose.told(wanted.organization)}{words(before)} → removed"))  # fmt: skip
    return f"The budget of {wanted.title} {wanted.every} is gone."
