"""What an editor may do to the gateway's cache: evict, change its settings, test it. Each is put on the audit record,
then ordered; the collector performs it. A web worker never touches a key of the gateway.
"""

from __future__ import annotations

import math
from typing import Any

from dash import Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from helix_dash import context
from helix_dash.auth import trail
from helix_dash.errors import BadQuery, Forbidden
from helix_dash.metrics.cache_gateway import GatewayCache
from helix_dash.orders import book
from helix_dash.samples.sources import CACHE_EVICT, CACHE_PROBE, CACHE_SETTING, GATEWAY_SETTINGS
from helix_dash.ui import controls as page_controls
from helix_dash.ui import form_parts, panel, rows
from helix_dash.ui import format as fmt
from helix_dash.ui.panel import Updates
from helix_dash.ui.wiring import Callbacks

PERMISSION = "cache:write"
FORM, KIND, NAME, HOURS, EVICT = (f"hx-cache-{part}" for part in ("form", "kind", "name", "hours", "evict"))
ASKED, CONFIRM, WORDS, SURE, KEEP = (f"hx-cache-{part}" for part in ("asked", "confirm", "words", "sure", "keep"))  # fmt: skip
DONE, CHANGES, TEST = "hx-cache-done", "hx-cache-changed", "hx-cache-test"
SETTING, VALUE, HINT, SAVE, TOLD, KNOWN = (f"hx-cache-{part}" for part in ("setting", "value", "hint", "save", "told", "known"))  # fmt: skip
CHANGED = {"changed": Input(CHANGES, "data")}
"""An input of the page's refresh: what was ordered shows at once."""

KINDS = (("model", "Model"), ("owner", "Written by"), ("age", "Older than"), ("key", "One key"))
SETTINGS = (("threshold", "Threshold"), ("exact", "Exact TTL"), ("semantic", "Semantic TTL"))
MOST_WORD = 300


def layout() -> list[Component]:
    """The forms, or words about who may have them; and what was ordered."""
    ordered = panel.panel("cache-orders", "Orders and receipts", rows.table("cache-orders", "What was ordered, and what came of it"), span=12, kind="list", height=120)  # fmt: skip
    # What is known stands with the form only: Dash complains of a callback half of whose parts are missing.
    stores = html.Div([dcc.Store(id=CHANGES), *([dcc.Store(id=KNOWN)] if _allowed() else [])], hidden=True)
    if not _allowed():
        words = form_parts.locked("Needs the editor role, and the sight of all organizations.")
        locked = form_parts.form(
            "hx-cache-locked",
            "Controls",
            "Evict entries, change TTL and threshold, test the cache",
            [words],
            span=12,
        )
        return [ordered, locked, stores]
    return [_eviction(), _settings(), ordered, stores]


def _allowed() -> bool:
    """Whether the asker may change the gateway's cache, which belongs to all organizations together."""
    asker = context.asker()
    return context.may(PERMISSION) and asker is not None and asker.organization is None


def _eviction() -> Component:
    parts = [
        html.Div(page_controls.tabs(KIND, KINDS, "Evict by"), className="hx-form__row"),
        html.Div(_field(NAME, "Name or key", type="text", maxLength=MOST_WORD, autoComplete="off", value=""), className="hx-form__row hx-form__name"),
        html.Div(_field(HOURS, "Hours", type="number", min=0, step="any", value=None), className="hx-form__row hx-form__age"),
        html.Div(
            [
                html.Button("Evict", id=EVICT, className="hx-button hx-button--primary", type="button"),
                html.Button("Health test", id=TEST, className="hx-button", type="button", title="Put a probe into the cache, read it, evict it"),
            ],
            className="hx-form__deeds",
        ),
        form_parts.done(DONE),
        dcc.Store(id=ASKED),
        form_parts.confirm(
            "hx-cache",
            "Evict from the cache?",
            [html.P("", id=WORDS), html.P("What is evicted will be asked of the provider again, and paid for.")],
            "Evict",
        ),
    ]  # fmt: skip
    told = "Asked once more, on the audit record, done by the collector"
    return form_parts.form(FORM, "Evict entries", told, parts, span=6, kind="model")


def _settings() -> Component:
    parts = [
        html.Div(page_controls.tabs(SETTING, SETTINGS, "Setting"), className="hx-form__row"),
        html.Div([*_field(VALUE, "Value", type="number", value=None), html.P("", id=HINT, className="hx-form__hint")], className="hx-form__row"),
        html.Div(html.Button("Save", id=SAVE, className="hx-button hx-button--primary", type="button"), className="hx-form__deeds"),
        form_parts.done(TOLD),
    ]  # fmt: skip
    told = "Put where the gateway keeps its own; one that does not read it goes on as configured"
    return form_parts.form("hx-cache-set", "Change TTL and threshold", told, parts, span=6)


def _field(key: str, words: str, **options: Any) -> list[Component]:
    label = html.Label(words, htmlFor=key, className="hx-label")
    return [label, dcc.Input(id=key, className="hx-input", **options)]


def outputs() -> dict[str, Output]:
    """The place of what is known of the settings."""
    return {"controls.known": Output(KNOWN, "data")}


def known(found: GatewayCache | None) -> Updates:
    """The gateway's settings as they are, for the form, where there is one."""
    if found is None or not _allowed():
        return {}
    now = {"threshold": found.threshold, "exact": found.ttl_exact, "semantic": found.ttl_semantic}
    told: dict[str, Any] = {}
    for name, value in now.items():
        key, field, low, high = GATEWAY_SETTINGS[name]
        present = "not set" if value is None else f"now {value:g}"
        unit = "a similarity" if name == "threshold" else "seconds"
        told[name] = {"value": value, "step": "any", "words": f"{unit}, {low:g} to {high:g}; {present}, in {key} {field}"}  # fmt: skip
    return {"controls.known": told}


def described(what: dict[str, Any]) -> str:
    """Which entries an order means, in words."""
    match what.get("by"):
        case "key":
            return f"the entry {str(what.get('key'))[:40]}"
        case "entry":
            return f"the entry {what.get('entry')}…"
        case "model":
            return f"all of the model {what.get('model')}"
        case "owner":
            return f"all that {what.get('owner')} wrote"
        case "age":
            return f"all older than {float(what.get('seconds') or 0) / 3600:g} hours"
        case _:
            return f"the entry of {what.get('owner')} that answered somebody else"


def checked(what: Any) -> dict[str, Any]:
    """The order that a browser asks for, with nothing in it but what an order may hold.

    Raises:
        BadQuery: it is none.
    """
    by = what.get("by") if isinstance(what, dict) else None
    if by in ("key", "entry", "model", "owner"):
        word = what.get(by)
        if isinstance(word, str) and 0 < len(word) <= MOST_WORD and word.isprintable():
            return {"by": by, by: word}
    if by == "age":
        seconds = what.get("seconds")
        if isinstance(seconds, int | float) and not isinstance(seconds, bool) and math.isfinite(seconds) and 0 <= seconds < 10**9:  # fmt: skip
            return {"by": "age", "seconds": seconds}
    if by == "birth":
        created, owner, model = what.get("created"), what.get("owner"), what.get("model")
        if isinstance(created, int) and 0 < created < 2**53 and isinstance(owner, str) and 0 < len(owner) <= MOST_WORD and (model is None or (isinstance(model, str) and len(model) <= MOST_WORD)):  # fmt: skip
            return {"by": "birth", "created": created, "owner": owner, "model": model}
    raise BadQuery("evict", "Say which entries: a key, a model, who wrote them, or how old they are.")


def order(kind: str, what: dict[str, Any], action: str, thing: str, detail: str = "") -> str:
    """Put it on the audit record, then order it; the words for who did.

    Raises:
        Forbidden: the gateway's cache belongs to all organizations, and the asker sees one.
        StoreError: it was not ordered.
    """
    if not _allowed():
        raise Forbidden(PERMISSION)
    identity = book.new_id()
    trail.record(action, thing, f"{detail} order {identity}".strip())
    book.place(context.store(), kind, what, context.user().key, identity)
    return "Ordered; its receipt appears below."


def wire(on: Callbacks) -> None:
    """The forms' callbacks."""
    said = (Output(DONE, "children"), Output(DONE, "data-tone"), Output(CHANGES, "data"))
    again = tuple(Output(one.component_id, one.component_property, allow_duplicate=True) for one in said)

    @on(*said, Input(SURE, "n_clicks"), State(ASKED, "data"), permission=PERMISSION, failed=form_parts.failing(), prevent_initial_call=True)  # fmt: skip
    def evict_entries(clicks: int | None, asked: Any) -> Any:
        if not clicks:
            return (no_update,) * 3
        what = checked(asked.get("what") if isinstance(asked, dict) else None)
        return order(CACHE_EVICT, what, "cache evicted", described(what)), "good", f"evict {clicks}"

    @on(
        *again,
        Input(TEST, "n_clicks"),
        permission=PERMISSION,
        failed=form_parts.failing(),
        prevent_initial_call=True,
    )
    def test_cache(clicks: int | None) -> Any:
        if not clicks:
            return (no_update,) * 3
        return order(CACHE_PROBE, {}, "cache tested", "the gateway's cache"), "good", f"test {clicks}"

    @on(
        Output(TOLD, "children"),
        Output(TOLD, "data-tone"),
        Output(CHANGES, "data", allow_duplicate=True),
        Input(SAVE, "n_clicks"),
        State(SETTING, "value"),
        State(VALUE, "value"),
        State(KNOWN, "data"),
        permission=PERMISSION,
        failed=form_parts.failing(),
        prevent_initial_call=True,
    )
    def save_setting(clicks: int | None, name: Any, value: Any, told: Any) -> Any:
        if not clicks:
            return (no_update,) * 3
        before = ((told or {}).get(name) or {}).get("value") if isinstance(told, dict) else None
        words = save(name, value, before)
        return words, "good", f"set {clicks}"

    _wire_browser(on)


def _wire_browser(on: Callbacks) -> None:
    on.in_browser("hxcache.kind", Output(FORM, "data-kind"), Input(KIND, "value"))
    on.in_browser(
        "hxcache.ask",
        Output(ASKED, "data"),
        Input(EVICT, "n_clicks"),
        State(KIND, "value"),
        State(NAME, "value"),
        State(HOURS, "value"),
        prevent_initial_call=True,
    )
    on.in_browser(
        "hxcache.confirm",
        Output(CONFIRM, "is_open"),
        Output(WORDS, "children"),
        Input(ASKED, "data"),
        Input(SURE, "n_clicks"),
        Input(KEEP, "n_clicks"),
        prevent_initial_call=True,
    )
    on.in_browser(
        "hxcache.present",
        Output(VALUE, "value"),
        Output(HINT, "children"),
        Output(VALUE, "step"),
        Input(SETTING, "value"),
        Input(KNOWN, "data"),
    )


def save(name: Any, value: Any, before: Any) -> str:
    """Order that the gateway's setting ``name`` becomes ``value``.

    Raises:
        BadQuery: there is no such setting, or it cannot have that value.
        Forbidden: it is not the asker's to change.
        StoreError: it was not ordered.
    """
    if name not in GATEWAY_SETTINGS:
        raise BadQuery("setting", "There is no such setting.")
    _key, _field, low, high = GATEWAY_SETTINGS[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise BadQuery("value", f"The value must be a number from {low:g} to {high:g}.")
    was = f"{before:g}" if isinstance(before, int | float) else fmt.UNKNOWN
    detail = f"{was} → {value:g}"
    return order(CACHE_SETTING, {"name": name, "value": value}, "cache setting changed", str(name), detail)
