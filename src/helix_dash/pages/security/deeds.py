"""What people do about an incident: acknowledge, assign, close. Each is on the audit record, or is not done."""

from __future__ import annotations

from typing import Any

from dash import Input, Output, State, ctx, no_update

from helix_dash import context
from helix_dash.auth import trail
from helix_dash.auth.users import find_user
from helix_dash.context import log, scope
from helix_dash.errors import BadQuery, HelixError
from helix_dash.metrics.incident_states import Handled, change, state_of
from helix_dash.metrics.incidents import Incident
from helix_dash.pages.security import drawer, queries
from helix_dash.pages.security.drawer import ASSIGNEE, BUTTONS, CHANGES, DETAILS, DONE, WANTED, WRITE
from helix_dash.ui import format as fmt
from helix_dash.ui import recent, shell
from helix_dash.ui.wiring import Callbacks

_POSSIBLE = {
    "open": ("acknowledge", "resolve", "false_positive", "assign"),
    "acknowledged": ("resolve", "false_positive", "reopen", "assign"),
    "resolved": ("false_positive", "reopen", "assign"),
    "false_positive": ("resolve", "reopen", "assign"),
}
_SAID = {
    "acknowledge": "Acknowledged.",
    "resolve": "Resolved.",
    "false_positive": "Marked as a false positive.",
    "reopen": "Open again.",
}


def found(identity: Any) -> Incident:
    """The incident ``identity`` that the asker may see.

    Raises:
        BadQuery: there is none.
        StoreUnavailable: the store did not answer.
    """
    one = queries.incident(log(), context.running().store, scope(), str(identity or ""))
    if one is None:
        raise BadQuery("incident", "This incident is not there, or not yours to see.")
    return one


def act(identity: Any, deed: str, assignee: str = "") -> str:
    """Do ``deed`` about the incident; what was done, in words.

    Raises:
        BadQuery: it cannot be done.
        StoreUnavailable: the store did not answer; then nothing was done.
    """
    store, one, name = context.running().store, found(identity), (assignee or "").strip()
    if deed == "assign" and name:
        account = find_user(store, name)
        if account is None or account.disabled:
            raise BadQuery("assignee", f"There is no account {name!r}.")

    def first(before: Handled, after: Handled) -> None:
        trail.record(f"incident.{deed}", one.id, f"{_words(before)} → {_words(after)}")

    after = change(store, one.id, one.at, deed, context.user().name, fmt.now_us(), assignee=name, first=first)
    if deed == "assign":
        return f"Assigned to {after.assignee}." if after.assignee else "Nobody's now."
    return _SAID[deed]


def _words(one: Handled) -> str:
    return f"{one.status.replace('_', ' ')}, {one.assignee or 'nobody'}"


def _told(error: Exception, reference: str, *_: Any, **__: Any) -> tuple[Any, ...]:
    if isinstance(error, HelixError):
        return f"{error} Nothing was changed.", "bad", no_update
    return f"That did not work. Reference {reference} in the server's log.", "bad", no_update


def wire(on: Callbacks) -> None:
    """The drawer's contents, and its buttons."""
    keys = list(BUTTONS)

    @on(
        Output(DETAILS, "children"),
        Output(ASSIGNEE, "value"),
        *(Output(key, "disabled") for key in keys),
        Input(WANTED, "data"),
        Input(CHANGES, "data"),
        State(shell.FILTER, "data"),
        prevent_initial_call=True,
    )
    def show_incident(identity: str | None, _changed: Any, state: dict[str, Any] | None) -> Any:
        if not identity:
            return (no_update,) * (2 + len(keys))
        store = context.running().store
        one = queries.incident(log(), store, scope(), str(identity))
        if one is None:
            return drawer.gone(), "", *(True for _ in keys)
        done = state_of(store, one.id) or Handled(one.at)
        possible = _POSSIBLE[done.status]
        shown = drawer.details(one, done, context.zone(state), _request(one, state))
        return shown, done.assignee or context.user().name, *(BUTTONS[key] not in possible for key in keys)

    @on(
        Output(DONE, "children"),
        Output(DONE, "data-tone"),
        Output(CHANGES, "data"),
        *(Input(key, "n_clicks") for key in keys),
        State(WANTED, "data"),
        State(ASSIGNEE, "value"),
        permission=WRITE,
        failed=_told,
        prevent_initial_call=True,
    )
    def handle_incident(*given: Any) -> Any:
        clicks, (identity, assignee) = given[: len(keys)], given[len(keys) :]
        deed = BUTTONS.get(str(ctx.triggered_id))
        if deed is None or not any(clicks):
            return (no_update,) * 3
        said = act(identity, deed, str(assignee or "") if deed == "assign" else "")
        return said, "good", fmt.now_us()

    on.in_browser(
        "hxsecurity.quiet",
        Output(DONE, "children", allow_duplicate=True),
        Output(drawer.RADIUS, "children", allow_duplicate=True),
        Output(drawer.RECEIPT, "children", allow_duplicate=True),
        Output(drawer.REVEALED, "children", allow_duplicate=True),
        Input(WANTED, "data"),
        prevent_initial_call=True,
    )


def _request(one: Incident, state: dict[str, Any] | None) -> str:
    """The address of an incident's request in the log."""
    if not one.id.startswith("log:"):
        return ""
    address = recent.address(context.running().path("requests"), state or {})
    return f"{address}&request={one.id.removeprefix('log:')}&tab=guardrails"
