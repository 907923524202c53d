"""The form that makes, changes and deletes groups. Each change is on the audit record before it is made, or is not made."""

from __future__ import annotations

from typing import Any

from dash import Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from helix_dash import context
from helix_dash.auth import trail
from helix_dash.errors import BadQuery
from helix_dash.metrics.user_groups import MOST_MEMBERS, Group, find, members_from, remove, save
from helix_dash.pages.users.queries import Kept
from helix_dash.ui import form_parts, shell
from helix_dash.ui.panel import Updates
from helix_dash.ui.wiring import Callbacks

FORM = "hx-groups"
NAME, MEMBERS, KNOWN, DONE = (f"{FORM}-{part}" for part in ("name", "members", "known", "done"))
NAMES, WHO, ADD = "hx-groups-names", "hx-groups-who", "hx-groups-add"
SAVE, REMOVE, SURE, UNDO = (f"{FORM}-{part}" for part in ("save", "remove", "sure", "undo"))
FILTERED, GONE, CHANGES = "hx-groups-filtered", "hx-groups-gone", "hx-groups-changed"
CHANGED = {"changed": Input(CHANGES, "data")}
"""An input of the page's refresh: a change shows at once."""

PERMISSION = "groups:write"


def layout() -> Component:
    """The form, or words about who may have it."""
    body = _form() if context.may(PERMISSION) else [form_parts.locked("Needs the editor role.")]
    return form_parts.form(
        FORM,
        "Make or change a group",
        "Each change is on the audit record",
        [*body, dcc.Store(id=CHANGES)],
        span=5,
        gone="false",
    )


def _form() -> list[Component]:
    return [
        html.Div(
            [
                html.Label("Name", htmlFor=NAME, className="hx-label"),
                dcc.Input(id=NAME, type="text", className="hx-input", list=NAMES, maxLength=80, autoComplete="off", value=""),
                html.Datalist(id=NAMES),
            ],
            className="hx-form__row",
        ),
        html.Div(
            [
                html.Label(f"Members, one per line (at most {MOST_MEMBERS})", htmlFor=MEMBERS, className="hx-label"),
                dcc.Textarea(id=MEMBERS, className="hx-input hx-members", value="", spellCheck="false"),
            ],
            className="hx-form__row",
        ),
        html.Div(
            [
                html.Label("Add a user", htmlFor=WHO, className="hx-label"),
                html.Div(
                    [
                        dcc.Input(id=WHO, type="text", className="hx-input", list="hx-groups-users", maxLength=200, autoComplete="off", value=""),
                        html.Button("Add", id=ADD, className="hx-button", type="button"),
                        html.Button("Take the filter's users", id=FILTERED, className="hx-button", type="button"),
                    ],
                    className="hx-form__deeds hx-form__add",
                ),
                html.Datalist(id="hx-groups-users"),
            ],
            className="hx-form__row",
        ),
        html.Div(
            [
                html.Button("Save", id=SAVE, className="hx-button hx-button--primary", type="button"),
                html.Button("Delete", id=REMOVE, className="hx-button", type="button"),
                html.Button("Undo", id=UNDO, className="hx-button hx-undo", type="button"),
            ],
            className="hx-form__deeds",
        ),
        form_parts.done(DONE),
        form_parts.confirm(
            FORM,
            "Delete this group?",
            "Nobody's requests are touched. Until you leave the page, Undo brings it back.",
            "Delete",
        ),
        dcc.Store(id=KNOWN),
        dcc.Store(id=GONE),
    ]  # fmt: skip


def outputs() -> dict[str, Output]:
    """The place of what the form offers; there only with the form."""
    return {"groups.known": Output(KNOWN, "data")}


def choices(found: Kept) -> Updates:
    """What the form offers: groups with their members, and users (assets/groups.js)."""
    if not context.may(PERMISSION):
        return {}
    has = {group.name: list(group.members) for group, *_ in found.groups}
    return {"groups.known": {"groups": has, "users": list(found.names)}}


_SAID = (Output(DONE, "children"), Output(DONE, "data-tone"), Output(CHANGES, "data"), Output(GONE, "data"))


def _also() -> tuple[Output, ...]:
    return tuple(Output(one.component_id, one.component_property, allow_duplicate=True) for one in _SAID)


def wire(on: Callbacks) -> None:
    """The form's callbacks."""

    @on(
        *_SAID,
        Input(SAVE, "n_clicks"),
        State(NAME, "value"),
        State(MEMBERS, "value"),
        permission=PERMISSION,
        failed=form_parts.failing(4),
        prevent_initial_call=True,
    )
    def save_group(clicks: int | None, name: str, members: str) -> Any:
        if not clicks:
            return (no_update,) * 4
        return saved(str(name or ""), members_from(str(members or ""))), "good", clicks, no_update

    @on(
        *_also(),
        Input(SURE, "n_clicks"),
        State(NAME, "value"),
        permission=PERMISSION,
        failed=form_parts.failing(4),
        prevent_initial_call=True,
    )
    def delete_group(clicks: int | None, name: str) -> Any:
        if not clicks:
            return (no_update,) * 4
        gone = deleted(str(name or ""))
        words = f"The group {gone.name} is deleted."
        return words, "good", -clicks, {"name": gone.name, "members": list(gone.members)}

    @on(
        *_also(),
        Input(UNDO, "n_clicks"),
        State(GONE, "data"),
        permission=PERMISSION,
        failed=form_parts.failing(4),
        prevent_initial_call=True,
    )
    def undo_deletion(clicks: int | None, gone: dict[str, Any] | None) -> Any:
        if not clicks or not gone:
            return (no_update,) * 4
        members = members_from("\n".join(str(one) for one in gone.get("members") or ()))
        return saved(str(gone.get("name") or ""), members, "restored"), "good", f"undo-{clicks}", None

    _wire_browser(on)


def _wire_browser(on: Callbacks) -> None:
    form_parts.wire_question(on, FORM)
    on.in_browser(
        "hxgroups.offer",
        Output(NAMES, "children"),
        Output("hx-groups-users", "children"),
        Input(KNOWN, "data"),
    )
    on.in_browser(
        "hxgroups.members",
        Output(MEMBERS, "value"),
        Output(WHO, "value"),
        Input(NAME, "value"),
        Input(ADD, "n_clicks"),
        Input(FILTERED, "n_clicks"),
        State(WHO, "value"),
        State(MEMBERS, "value"),
        State(KNOWN, "data"),
        State(shell.FILTER, "data"),
        prevent_initial_call=True,
    )
    on.in_browser("hxgroups.gone", Output(FORM, "data-gone"), Input(GONE, "data"))


def saved(name: str, members: tuple[str, ...], deed: str = "") -> str:
    """Make or change a group; what was done, in words.

    Raises:
        BadQuery: it cannot be made.
        StoreUnavailable: the store did not answer; then nothing was changed.
    """
    store, scope = context.store(), context.scope()
    try:
        before = f"{len(find(store, scope, name).members)} members"
    except BadQuery:
        before = "none"
    action = f"group {deed}" if deed else "group made" if before == "none" else "group changed"
    record = f"{before} → {len(members)} members: {', '.join(members)}"
    group, _ = save(
        store, scope, name, members, lambda: trail.record(action, f"group {name.strip()}", record)
    )
    return f"The group {group.name} has {len(group.members)} members."


def deleted(name: str) -> Group:
    """Delete a group; it, as it was.

    Raises:
        BadQuery: there is none.
        StoreUnavailable: the store did not answer; then nothing was changed.
    """
    store, scope = context.store(), context.scope()
    gone = find(store, scope, name)
    record = f"{len(gone.members)} members: {', '.join(gone.members)} → none"
    return remove(store, scope, name, lambda: trail.record("group deleted", f"group {gone.name}", record))
