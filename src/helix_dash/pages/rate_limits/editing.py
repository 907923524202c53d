"""The form that changes the table of limits. Each change is on the audit record before it is made, or is not made."""

from __future__ import annotations

from typing import Any

import dash_bootstrap_components as dbc
from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component

from helix_dash import context
from helix_dash.auth import trail
from helix_dash.errors import BadQuery
from helix_dash.metrics.limits import (
    WINDOWS,
    Assigned,
    Limits,
    LimitTable,
    assign,
    limits_from,
    remove_tier,
    set_default,
    set_tier,
    table,
)
from helix_dash.metrics.operators_table import First
from helix_dash.pages.rate_limits.queries import RateLimits
from helix_dash.pages.rate_limits.rows import TITLES
from helix_dash.ui import controls, form_parts
from helix_dash.ui.panel import Updates
from helix_dash.ui.wiring import Callbacks

FORM = "hx-limits-form"
"""The card; its parts have the name of the page in front of theirs."""
PARTS = "hx-limits"
NAMES, KNOWN, CHANGES = (f"{PARTS}-{part}" for part in ("names", "known", "changed"))
OF_FORM = "hx-limits-known-form"
"""What is known once more, there only with the form: Dash complains of a callback half of whose parts are missing."""
KIND, NAME, TIER = "hx-limits-kind", "hx-limits-name", "hx-limits-tier"
CHANGED = {"changed": Input(CHANGES, "data")}
"""An input of the page's refresh: a change shows at once."""

KINDS = (("tier", "Tier"), ("key", "Key"), ("team", "Team"), ("default", "Everybody else"))
OWN = "own limits"
PERMISSION = "limits:write"


def layout() -> Component:
    """The form, or words about who may have it."""
    locked = "Needs the editor role. You can try other limits out under What if."
    body = _form() if context.may(PERMISSION) else [form_parts.locked(locked)]
    return form_parts.form(
        FORM,
        "Change limits",
        "Each change is on the audit record",
        [*body, dcc.Store(id=KNOWN), dcc.Store(id=CHANGES)],
        span=5,
        kind="tier",
        own="true",
    )


def _form() -> list[Component]:
    windows = [numbers(f"hx-limits-{window}", window) for window in WINDOWS]
    return [
        html.Div(controls.tabs(KIND, KINDS, "Limits of"), className="hx-form__row"),
        html.Div(
            [named(NAME, "Name", NAMES), html.Datalist(id=NAMES)], className="hx-form__row hx-form__name"
        ),
        html.Div(
            [
                html.Label("Tier", htmlFor=TIER, className="hx-label"),
                dbc.Select(id=TIER, options=[], value="", class_name="hx-input"),
            ],
            className="hx-form__row hx-form__tier",
        ),
        html.Div(windows, className="hx-form__windows"),
        *form_parts.deeds(PARTS, "Save"),
        form_parts.confirm(
            PARTS,
            "Remove these limits?",
            "Whoever had them falls back to the team's limits or the default tier; one of the built-in tiers has its first limits again.",
        ),
        dcc.Store(id=OF_FORM),
    ]


def named(key: str, words: str, options: str) -> Component:
    """A field for a name, with known names to choose from."""
    return html.Div(
        [
            html.Label(words, htmlFor=key, className="hx-label"),
            dcc.Input(id=key, type="text", className="hx-input", list=options, maxLength=200, autoComplete="off", value=""),
        ]
    )  # fmt: skip


def numbers(key: str, window: str) -> Component:
    """A field for one limit; empty is none."""
    return html.Div(
        [
            html.Label(TITLES[window], htmlFor=key, className="hx-label"),
            dcc.Input(
                id=key, type="number", min=1, step=1, className="hx-input", placeholder="no limit", value=None
            ),
        ]
    )


def outputs() -> dict[str, Output]:
    """The place of what is known: names and limits to fill the forms with."""
    return {"limits.known": Output(KNOWN, "data"), "limits.form": Output(OF_FORM, "data")}


def choices(found: RateLimits) -> Updates:
    """What the forms offer: names by kind, and what each has now (assets/limits.js fills the fields)."""
    known = found.limits
    keys = sorted({one.key for one in found.uses if one.key} | known.keys.keys())
    teams = sorted({one.team for one in found.uses if one.team} | known.teams.keys())
    has = {f"tier:{name}": _shown(Assigned(limits=one)) for name, one in known.tiers.items()}
    has |= {f"key:{name}": _shown(one) for name, one in known.keys.items()}
    has |= {f"team:{name}": _shown(one) for name, one in known.teams.items()}
    has["default:"] = _shown(Assigned(tier=known.default))
    names = {"tier": list(known.tiers), "key": keys[:500], "team": teams[:500], "default": []}
    told = {"names": names, "tiers": list(known.tiers), "has": has, "own": OWN}
    return {"limits.known": told} | ({"limits.form": told} if context.may(PERMISSION) else {})


def _shown(one: Assigned) -> dict[str, Any]:
    if one.limits is None:
        return {"tier": one.tier or ""}
    return {"tier": OWN} | {window: one.limits.get(window) for window in WINDOWS}


_GIVEN = (KIND, NAME, TIER, *(f"{PARTS}-{window}" for window in WINDOWS))


def wire(on: Callbacks) -> None:
    """The form's callbacks."""
    form_parts.wire(on, PARTS, CHANGES, [State(part, "value") for part in _GIVEN], PERMISSION, save, remove)
    on.in_browser(
        "hxlimits.offer",
        Output(NAMES, "children"),
        Output(TIER, "options"),
        Output(FORM, "data-kind"),
        Input(KIND, "value"),
        Input(OF_FORM, "data"),
    )
    on.in_browser(
        "hxlimits.prefill",
        Output(TIER, "value"),
        *(Output(f"hx-limits-{window}", "value") for window in WINDOWS),
        Input(KIND, "value"),
        Input(NAME, "value"),
        State(OF_FORM, "data"),
        prevent_initial_call=True,
    )
    on.in_browser("hxlimits.own", Output(FORM, "data-own"), Input(TIER, "value"), Input(KIND, "value"))


def save(kind: str, name: Any, tier: Any, *windows: int | None) -> str:
    """Make the change that the form gives; what was done, in words.

    Raises:
        BadQuery: it cannot be made.
        StoreUnavailable: the store did not answer; then nothing was changed.
    """
    store = context.running().store
    before = table(store)
    name, tier = str(name or "").strip(), str(tier or "")
    given = dict(zip(WINDOWS, windows, strict=True))
    if kind == "tier":
        limits = limits_from(given)
        set_tier(store, name, limits, _first(f"tier {name}", _tier(before, name), _words(limits)))
        return f"The tier {name} has {_words(limits)}."
    if kind == "default":
        first = _first("default tier", before.default or "none", tier or "none")
        set_default(store, tier or None, first)
        return f"Everybody else has {tier or 'no limits'}."
    if kind not in ("key", "team"):
        raise BadQuery("kind", "Limits belong to a tier, a key, a team or everybody else.")
    if not tier:
        raise BadQuery("tier", "Choose a tier or own limits; Remove takes limits away.")
    assigned = Assigned(limits=limits_from(given)) if tier == OWN else Assigned(tier=tier)
    assign(store, kind, name, assigned, _first(f"{kind} {name}", _had(before, kind, name), _has(assigned)))
    return f"The {kind} {name} has {_has(assigned)}."


def remove(kind: str, name: Any, *_: Any) -> str:
    """Take the limits away that the form names; what was done, in words.

    Raises:
        BadQuery: it cannot be done.
        StoreUnavailable: the store did not answer; then nothing was changed.
    """
    store = context.running().store
    before = table(store)
    name = str(name or "").strip()
    if kind == "tier":
        remove_tier(store, name, _first(f"tier {name}", _tier(before, name), "removed"))
        return f"The tier {name} is as it was built in." if name in table(store).tiers else f"The tier {name} is gone."  # fmt: skip
    if kind == "default":
        set_default(store, None, _first("default tier", before.default or "none", "none"))
        return "Everybody else has no limits."
    assign(store, kind, name, None, _first(f"{kind} {name}", _had(before, kind, name), "removed"))
    return f"The {kind} {name} has nothing of its own any more."


def _first(what: str, before: str, after: str) -> First:
    """Puts the change on record: what was, and what will be."""
    return lambda: trail.record("limits changed", what, f"{before} → {after}")


def _words(limits: Limits) -> str:
    each = [f"{TITLES[one]} {limits.get(one):,}" for one in WINDOWS if limits.get(one) is not None]
    return ", ".join(each) or "no limits"


def _tier(known: LimitTable, name: str) -> str:
    return _words(known.tiers[name]) if name in known.tiers else "none"


def _had(known: LimitTable, kind: str, name: str) -> str:
    found = (known.keys if kind == "key" else known.teams).get(name)
    return _has(found) if found else "none"


def _has(assigned: Assigned) -> str:
    return _words(assigned.limits) if assigned.limits is not None else f"the tier {assigned.tier}"
