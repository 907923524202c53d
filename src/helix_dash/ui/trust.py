"""How far what is on the page can be trusted: its age, what was lost, what was made up."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any

from helix_dash.log.query import LogHealth
from helix_dash.ui import format as fmt

HICCUP = 3.0
"""Seconds of silence of the store that are not worth a word."""

FOLD_SILENT = 30.0
"""Seconds without a sign of life of the collector after which its silence is told."""


def why_old(health: LogHealth, zone: tzinfo, zone_name: str) -> str:
    """Why what is shown is old, in a sentence; empty when it is fresh."""
    as_of = f"{fmt.clock(health.as_of, zone)} {zone_name}"
    if not health.store_ok and health.age is not None and health.age > HICCUP:
        return f"The store has not answered for {fmt.age(health.age)}. Showing what was known at {as_of}."
    behind = (fmt.now_us() - health.as_of) / 1_000_000 if health.as_of is not None else 0.0
    if health.store_ok and behind > FOLD_SILENT:
        return (
            f"The collector has been silent for {fmt.age(behind)}: requests since {as_of} are not shown yet."
        )
    return ""


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
    return {
        "n": tick,
        "as_of": fmt.clock(health.as_of, zone),
        "stale": why_old(health, zone, zone_name),
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
