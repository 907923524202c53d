"""Which finished exports of this host may hold a row, and how they are taken away before their day is over."""

from __future__ import annotations

from datetime import datetime

from helix_dash.errors import NotFound
from helix_dash.exports.folder import Folder, Sidecar


def holding(folder: Folder, at: datetime, organization: str | None) -> list[Sidecar]:
    """The finished exports whose range and organization cover a row of that time; their filters are not looked at.

    Args:
        at: when the row's request ended.
        organization: whose it is; ``None`` when unknown.
    """
    found = []
    for path in sorted(folder.path.glob("*.json")):
        identity = path.name.removesuffix(".json")
        try:
            sidecar = folder.sidecar(identity)
        except NotFound:  # an order, or gone meanwhile
            continue
        start, end = (datetime.fromisoformat(one) for one in sidecar.range)
        theirs = sidecar.organization is None or organization is None or sidecar.organization == organization
        if start <= at < end and theirs:
            found.append(sidecar)
    return found


def drop(folder: Folder, identities: list[str]) -> int:
    """Take these exports away; how many were there."""
    gone = 0
    for identity in identities:
        table, sidecar = folder.table_file(identity), folder.sidecar_file(identity)
        gone += table.exists()
        table.unlink(missing_ok=True)
        sidecar.unlink(missing_ok=True)
    return gone
