"""Whose budget or price it is: who sees one organization makes that one's, who sees all says which."""

from __future__ import annotations

from typing import Any

from dash.development.base_component import Component

from helix_dash import context
from helix_dash.ui import form_parts


def field(key: str, names: str = "") -> Component:
    """The form's field; ``names`` is the id of a list of known organizations."""
    mine = context.scope().organization
    if mine is not None:
        return form_parts.text(key, "Organization", hint=mine, readOnly=True)
    return form_parts.text(key, "Organization", options=names, hint="empty: everybody's")


def organization(given: Any) -> str | None:
    """Whose it is, ``None`` everybody's; what somebody of one organization names counts for nothing."""
    mine = context.scope().organization
    return mine if mine is not None else str(given or "").strip() or None


def told(organization: str | None) -> str:
    """What stands before a change on the audit record: whose it was; nothing for everybody's."""
    return f"{organization}: " if organization else ""
