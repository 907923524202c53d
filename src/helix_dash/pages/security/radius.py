"""Where the text of an incident went, and how it is taken away: our own part at once, the gateway's by the collector."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
from dash import Input, Output, State, html, no_update
from dash.development.base_component import Component

from helix_dash import context
from helix_dash.auth import trail
from helix_dash.context import log, scope, settings
from helix_dash.errors import Forbidden, HelixError
from helix_dash.exports.folder import Folder
from helix_dash.exports.holding import drop, holding
from helix_dash.metrics.incidents import Incident
from helix_dash.model import Condition, Filter, Period, utc_from_us
from helix_dash.orders.book import Order, find, new_id, place
from helix_dash.orders.kinds import PURGE as ERASING
from helix_dash.orders.kinds import TRACE as TRACING
from helix_dash.pages.security.deeds import found
from helix_dash.pages.security.drawer import (
    CONFIRM,
    ERASE,
    KEEP,
    ORDER,
    POLL,
    PURGE,
    RADIUS,
    RECEIPT,
    SURE,
    TRACE,
    WANTED,
    WRITE,
    facts_of,
)
from helix_dash.ui import format as fmt
from helix_dash.ui.wiring import Callbacks

SEALED = (
    "stays: rows are sealed in immutable segments, and none can be taken out of one. They hold types and counts, never "
    "text, and go with their segment after LOG_RETENTION_DAYS."
)
_PLACES = (("list", "Gateway's list"), ("exact", "Exact cache"), ("vectors", "Semantic cache"), ("other", "Other cache entries"), ("fields", "Entries of helix:exact:cache"))  # fmt: skip
_YEAR = 400 * 86_400 * 10**6


def _everything(permission: str) -> None:
    """The gateway's store names no organizations: only who may see all of them may look into it.

    Raises:
        Forbidden: the asker may not.
    """
    if scope().organization is not None:
        raise Forbidden(permission)


def of_ours(one: Incident) -> list[tuple[str, str]]:
    """What the log and this host's exports hold of it, in words."""
    rows = "none: the log does not know this incident"
    if one.id.startswith("log:"):
        row = log().one(scope(), one.id.removeprefix("log:"))
        alike = _alike(row.get("prompt_hash")) if row else None
        rows = f"1 row{'' if alike is None else f', and {alike - 1:,} more with the same prompt'}; {SEALED}"
    held = _exports(one)
    exports = ", ".join(f"{each.id[:8]}… of {each.owner}, {each.rows:,} rows" for each in held[:5])
    more = f" and {len(held) - 5:,} more" if len(held) > 5 else ""
    return [
        ("Request log", rows),
        ("Exports of this host", f"{len(held):,} that may hold the row: {exports}{more}" if held else "none of the last day holds it"),
        ("Webhooks and mail", "none is sent with texts"),
    ]  # fmt: skip


def _alike(prompt_hash: Any) -> int | None:
    if not prompt_hash:
        return None
    now = fmt.now_us()
    period = Period(utc_from_us(now - _YEAR), utc_from_us(now))
    return log().count(scope(), Filter(period, (Condition("prompt_hash", "in", (str(prompt_hash),)),)))


def _exports(one: Incident) -> list[Any]:
    if one.at is None:
        return []
    return holding(Folder(settings().export_dir), utc_from_us(one.at), one.organization)


def told(order: Order) -> Component:
    """How far an order is, or its receipt."""
    if order.state == "failed":
        return html.P(order.said, className="hx-form__done", **{"data-tone": "bad"})
    if not order.over:
        words = "Waiting for the collector …" if order.state == "waiting" else f"The collector is {order.said or 'at it'}: {order.done:,} keys so far …"  # fmt: skip
        return html.P(words, className="hx-faint")
    receipt = order.receipt if isinstance(order.receipt, dict) else {}
    removed = receipt.get("removed")
    lines = [(title, _found(receipt, removed, key)) for key, title in _PLACES]
    if not receipt.get("known"):
        lines = [("Gateway's store", "holds no text of this incident that could be looked for in its cache"), lines[0]]  # fmt: skip
    else:
        cut = "; there are more than are looked at" if receipt.get("cut") else ""
        lines.append(("Looked at", f"{receipt.get('scanned', 0):,} keys{cut}"))
    names = receipt.get("names") or []
    if names:
        lines.append(("Keys", ", ".join(map(str, names[:8])) + (" …" if len(names) > 8 else "")))
    if removed is not None:
        digest = hashlib.sha256(msgspec.json.encode(receipt)).hexdigest()
        lines.append(("Receipt", f"{order.id}, ordered by {order.by}, SHA-256 {digest}"))
    return facts_of(lines)


def _found(receipt: dict[str, Any], removed: Any, key: str) -> str:
    many = int(receipt.get(key) or 0)
    if isinstance(removed, dict):
        return f"{int(removed.get(key) or 0):,} of {many:,} deleted"
    return f"{many:,} hold it" if many != 1 else "1 holds it"


def _refused(error: Exception, reference: str, *_: Any, **__: Any) -> tuple[Any, ...]:
    words = str(error) if isinstance(error, HelixError) else f"That did not work. Reference {reference} in the server's log."  # fmt: skip
    return html.P(words, className="hx-form__done", **{"data-tone": "bad"}), no_update, no_update


def order(identity: Any, kind: str, permission: str) -> tuple[Component, str]:
    """Have the collector trace or purge an incident; what is known at once, and the order's id.

    Raises:
        Forbidden: the asker sees one organization only.
        BadQuery: there is no such incident.
        StoreError: the order cannot be put down.
    """
    _everything(permission)
    one, name = found(identity), new_id()
    what = {"id": one.id, "user": one.user, "at": one.at}
    if kind == TRACING:
        trail.record("incident.traced", one.id, f"order {name}")
        place(context.running().store, kind, what, context.user().key, name)
        return facts_of(of_ours(one)), name
    held = [each.id for each in _exports(one)]
    trail.record("incident.purged", one.id, f"order {name}, {len(held)} exports")
    place(context.running().store, kind, what, context.user().key, name)
    gone = drop(Folder(settings().export_dir), held)
    lines = [
        ("Request log", SEALED.capitalize()),
        ("Exports of this host", f"{gone:,} of {len(held):,} deleted"),
    ]
    return facts_of(lines), name


def wire(on: Callbacks) -> None:
    """The buttons of the blast radius."""
    places = (Output(RADIUS, "children"), Output(ORDER, "data"), Output(POLL, "disabled"))
    again = [Output(one.component_id, one.component_property, allow_duplicate=True) for one in places]

    @on(
        *places,
        Input(TRACE, "n_clicks"),
        State(WANTED, "data"),
        permission=WRITE,
        failed=_refused,
        prevent_initial_call=True,
    )
    def trace_incident(clicks: int | None, identity: Any) -> Any:
        if not clicks:
            return (no_update,) * 3
        shown, name = order(identity, TRACING, WRITE)
        return shown, {"id": name, "of": identity}, False

    @on(
        *again,
        Input(SURE, "n_clicks"),
        State(WANTED, "data"),
        permission=ERASE,
        failed=_refused,
        prevent_initial_call=True,
    )
    def purge_incident(clicks: int | None, identity: Any) -> Any:
        if not clicks:
            return (no_update,) * 3
        shown, name = order(identity, ERASING, ERASE)
        return shown, {"id": name, "of": identity}, False

    @on(
        Output(RECEIPT, "children"),
        Output(POLL, "disabled", allow_duplicate=True),
        Input(POLL, "n_intervals"),
        State(ORDER, "data"),
        State(WANTED, "data"),
        permission=WRITE,
        prevent_initial_call=True,
    )
    def watch_order(_ticks: Any, wanted: Any, identity: Any) -> Any:
        if not isinstance(wanted, dict) or wanted.get("of") != identity:
            return no_update, True
        order = find(context.running().store, str(wanted.get("id")))
        if order is None or order.kind not in (TRACING, ERASING):
            return html.P("This order is forgotten.", className="hx-faint"), True
        return told(order), order.over

    on.in_browser(
        "hxsecurity.asked",
        Output(CONFIRM, "is_open"),
        Input(PURGE, "n_clicks"),
        Input(SURE, "n_clicks"),
        Input(KEEP, "n_clicks"),
        prevent_initial_call=True,
    )
