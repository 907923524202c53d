"""The one table of who may do what. Every route and callback names a permission of it; all else is denied."""

from __future__ import annotations

ROLES: tuple[str, ...] = ("viewer", "analyst", "editor", "admin")
"""From least to most: each role may do what the roles before it may."""

LEAST_ROLE: dict[str, str] = {
    "read": "viewer",
    "export:create": "analyst",
    "views:share": "editor",
    "cache:write": "editor",
    "budget:write": "editor",
    "limits:write": "editor",
    "prices:write": "editor",
    "groups:write": "editor",
    "incidents:write": "editor",
    "incidents:purge": "admin",
    "redaction:write": "admin",
    "pii:read": "admin",
    "users:write": "admin",
    "audit:read": "admin",
}
"""Permission → the least role that holds it."""


def permissions(role: str) -> frozenset[str]:
    """What ``role`` may do; nothing at all for a role that does not exist."""
    if role not in ROLES:
        return frozenset()
    rank = ROLES.index(role)
    return frozenset(name for name, least in LEAST_ROLE.items() if ROLES.index(least) <= rank)
