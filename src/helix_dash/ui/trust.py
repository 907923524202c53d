"""How far what is on the page can be trusted: its age, what was lost, what was made up."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any

from helix_dash.log.query import LogHealth
from helix_dash.ui import format as fmt

STALE_AFTER = 15.0
"""Seconds without an answer of the store after which a page says that its figures are old."""


def is_stale(health: LogHealth) -> bool:
    """Whether the store has been silent for long enough to say so."""
    return not health.store_ok and health.age > STALE_AFTER / 3


def status(
    health: LogHealth, zone: tzinfo, zone_name: str, *, simulated: float | None, tick: int
) -> dict[str, Any]:
    """What the header and the banners say, for ``hx.trust`` in the browser.

    Args:
        health: the log's state.
        zone: the reporting zone.
        zone_name: its name.
        simulated: the share of simulated requests in view, 0–1; ``None`` when there are none at all.
        tick: the refresh this belongs to.
    """
    as_of = fmt.clock(health.as_of, zone)
    stale = ""
    if is_stale(health):
        stale = f"The store has not answered for {fmt.age(health.age)}. Showing what was known at {as_of} {zone_name}."
    return {
        "n": tick,
        "as_of": as_of,
        "stale": stale,
        "dropped": health.dropped,
        "rejected": health.rejected,
        "lost": health.lost_rows,
        "simulated": made_up(simulated),
    }


def failed(message: str) -> dict[str, Any]:
    """The same when a refresh failed: the browser keeps what it knew, and says ``message``."""
    return {"failed": message}


def made_up(simulated: float | None) -> str:
    """The sentence about simulated records; empty when the view holds none."""
    if not simulated:
        return ""
    if simulated >= 1:
        return "Simulated traffic: every request in this view was made up by the simulator."
    return f"This view holds simulated traffic: {fmt.short(simulated, 'ratio')} of its requests were made up by the simulator."
