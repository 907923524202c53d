"""Addresses of pages of this app under the filter of the page that links to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode


def inside(path: str, state: Mapping[str, Any], **where: str | None) -> str:
    """The address ``path`` with range, zone and filters of a page's ``state``, but for the columns that ``where`` names.

    Args:
        path: a page's address for a browser.
        state: the page's filter, as it is in its store.
        where: column → the one value it shall have; empty is "unknown", ``None`` takes its condition away.
    """
    found: dict[str, Any] = {"from": state.get("from") or "now-24h", "to": state.get("to") or "now"}
    if state.get("zone"):
        found["zone"] = state["zone"]
    for mark, part in (("", "where"), ("!", "without")):
        for column, values in (state.get(part) or {}).items():
            if column not in where:
                found[f"{column}{mark}"] = list(values)
    found |= {column: value for column, value in where.items() if value is not None}
    return f"{path}?{urlencode(found, doseq=True)}"
