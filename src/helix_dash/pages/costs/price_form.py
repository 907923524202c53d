"""The form that sets prices, for requests that came without a cost. Each change is on the audit record before it is made."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component

from helix_dash import context
from helix_dash.auth import trail
from helix_dash.metrics.prices import Price, from_form, prices, remove_price, set_price
from helix_dash.money import CLASSES
from helix_dash.pages.costs import recompute, whose
from helix_dash.pages.costs.figures import CLASSES as WORDS
from helix_dash.pages.costs.queries import Arithmetic
from helix_dash.ui import form_parts
from helix_dash.ui.panel import Updates
from helix_dash.ui.wiring import Callbacks

FORM, CHANGES, KNOWN, NAMES = "hx-costs-price", "hx-costs-price-changed", "hx-costs-price-known", "hx-costs-price-models"  # fmt: skip
MODEL, SINCE, SCOPE, NAME, WHOSE = (f"{FORM}-{part}" for part in ("model", "since", "scope", "name", "whose"))
AMOUNTS = tuple(f"{FORM}-{name.replace('_', '-')}" for name in CLASSES)
CHANGED = {"prices": Input(CHANGES, "data")} | recompute.CHANGED
"""An input of the page's refresh: a change shows at once."""

PERMISSION = "prices:write"
SCOPES = (("all", "Everybody"), ("provider", "One provider"), ("team", "One team"), ("key", "One key"))


def layout() -> Component:
    """The form, or words about who may have it."""
    allowed = context.may(PERMISSION)
    # What is known stands with the fields only: Dash complains of a callback half of whose inputs are missing.
    parts = [*_fields(), dcc.Store(id=KNOWN)] if allowed else [form_parts.locked("Needs the editor role.")]
    return form_parts.form(
        FORM,
        "Set a price and recompute",
        "For requests the gateway could not price; recorded costs stay",
        [*parts, dcc.Store(id=CHANGES), dcc.Store(id=recompute.CHANGES)],
        span=4,
        mark="hx-costs-form",
        scope="all",
    )


def _fields() -> list[Component]:
    amounts = [
        form_parts.text(key, f"{WORDS[name]}, $/1M", hint=_hint(name), inputMode="decimal")
        for key, name in zip(AMOUNTS, CLASSES, strict=True)
    ]
    return [
        form_parts.text(MODEL, "Model", options=NAMES),
        html.Div(
            [form_parts.text(SINCE, "Holds from", hint="2026-01-31"), form_parts.select(SCOPE, "For", SCOPES, "all")],
            className="hx-costs-two",
        ),
        form_parts.text(NAME, "Which", mark="hx-form__name"),
        whose.field(WHOSE),
        html.Div(amounts, className="hx-costs-two"),
        *form_parts.deeds(FORM, "Set price"),
        *recompute.fields(),
        form_parts.confirm(FORM, "Remove this price?", "Costs that were computed with it stay until they are taken back."),
    ]  # fmt: skip


def _hint(name: str) -> str:
    return {"cached": "as uncached", "cache_write": "as uncached", "reasoning": "as visible"}.get(name, "0")


def outputs() -> dict[str, Output]:
    """The place of what the form offers."""
    return {"costs.prices": Output(KNOWN, "data")}


def choices(found: Arithmetic) -> Updates:
    """What the form offers, where there is one: models without a price first, each with the first day it was used
    without one."""
    if not context.may(PERMISSION):
        return {}
    used = [one.model for one in found.unpriced] + [one.model for one in found.paid]
    models = [model for model in (*used, *(one.model for one in found.prices.prices)) if model]
    days: dict[str, str] = {}
    for one in found.unpriced:
        if one.model:
            days[one.model] = min(days.get(one.model, one.first), one.first)
    return {"costs.prices": {"models": list(dict.fromkeys(models))[:200], "since": days}}


_GIVEN = tuple(State(part, "value") for part in (MODEL, SINCE, SCOPE, NAME, WHOSE, *AMOUNTS))


def wire(on: Callbacks) -> None:
    """The form's callbacks."""
    form_parts.wire(on, FORM, CHANGES, _GIVEN, PERMISSION, save, remove)
    recompute.wire(on, State(MODEL, "value"))
    on.in_browser(
        "hxcosts.models",
        Output(NAMES, "children"),
        Output(FORM, "data-scope"),
        Input(SCOPE, "value"),
        Input(KNOWN, "data"),
    )
    on.in_browser(
        "hxcosts.since",
        Output(SINCE, "value"),
        Input(MODEL, "value"),
        State(KNOWN, "data"),
        prevent_initial_call=True,
    )


def _price(model: Any, since: Any, scope: Any, name: Any, given: Any, *amounts: Any) -> Price:
    """The price as the form gives it; whether it can be is found out when it is set."""
    rates = from_form(dict(zip(CLASSES, amounts, strict=True)))
    return Price(
        model=str(model or "").strip(),
        since=str(since or "").strip(),
        scope=str(scope or ""),
        name="" if scope == "all" else str(name or "").strip(),
        organization=whose.organization(given),
        by=context.user().name,
        on=datetime.now(context.settings().reporting.info).date().isoformat(),
        **rates,
    )


def save(*given: Any) -> str:
    """Set the price; what it would give to requests that have no cost, in words.

    Raises:
        BadQuery: the price cannot be set.
        StoreUnavailable: the store did not answer; then nothing was changed.
    """
    wanted = _price(*given)
    store = context.store()
    before = [one.words for one in prices(store, context.scope()).prices if one.field == wanted.field]
    set_price(store, wanted, lambda: trail.record("price changed", wanted.model, f"{before[0] if before else 'none'} → {wanted.words}"))  # fmt: skip
    return f"Set. {recompute.preview(wanted.model)}"


def remove(*given: Any) -> str:
    """Take the price away; what was done, in words.

    Raises:
        BadQuery: there is none.
        StoreUnavailable: the store did not answer; then nothing was changed.
    """
    wanted = _price(*given)
    remove_price(context.store(), wanted, lambda: trail.record("price changed", wanted.model, f"{wanted.holds_for}, since {wanted.since} → removed"))  # fmt: skip
    return f"The price of {wanted.model} since {wanted.since} for {wanted.holds_for} is gone."
