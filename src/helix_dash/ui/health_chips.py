"""A row of chips, one per service: green, amber, red or grey by its state; a click leads to System health."""

from __future__ import annotations

from collections.abc import Sequence

from dash import Output, html
from dash.development.base_component import Component

from helix_dash.ui.panel import Updates
from helix_dash.vitals.services import Service, State

MOST = 12
TONES: dict[State, str] = {"up": "good", "degraded": "warn", "down": "bad", "unknown": "none"}
WORDS: dict[State, str] = {"up": "up", "degraded": "degraded", "down": "down", "unknown": "not known"}
_BADNESS: dict[State, int] = {"down": 0, "degraded": 1, "unknown": 2, "up": 3}


def row(name: str) -> Component:
    """The empty row."""
    return html.Nav(
        [
            html.A(
                [html.Span("", id=f"hx-{name}-chip-{index}-text"), html.Small("", id=f"hx-{name}-chip-{index}-state")],
                id=f"hx-{name}-chip-{index}",
                href="",
                className="hx-light",
                hidden=True,
                title="",
                **{"data-tone": "none", "data-inside": ""},
            )
            for index in range(MOST)
        ],
        className="hx-lights",
        id=f"hx-{name}-chips",
        **{"aria-label": "Services"},
    )  # fmt: skip


def outputs(name: str) -> dict[str, Output]:
    """The places a callback fills."""
    found: dict[str, Output] = {}
    for index in range(MOST):
        key, place = f"hx-{name}-chip-{index}", f"{name}.chip.{index}"
        found |= {
            f"{place}.text": Output(f"{key}-text", "children"),
            f"{place}.state": Output(f"{key}-state", "children"),
            f"{place}.tone": Output(key, "data-tone"),
            f"{place}.title": Output(key, "title"),
            f"{place}.href": Output(key, "href"),
            f"{place}.hidden": Output(key, "hidden"),
        }
    return found


def fill(name: str, services: Sequence[Service], href: str) -> Updates:
    """The chips of ``services``; where there are more than fit, those that are well give way.

    Args:
        name: the row's.
        services: in their own order.
        href: the address of System health.
    """
    worst = sorted(services, key=lambda one: _BADNESS[one.state])[:MOST]
    shown = [one for one in services if one in worst]
    updates: Updates = {}
    for index in range(MOST):
        place = f"{name}.chip.{index}"
        if index >= len(shown):
            updates[f"{place}.hidden"] = True
            continue
        one = shown[index]
        updates |= {
            f"{place}.text": one.title,
            f"{place}.state": WORDS[one.state],
            f"{place}.tone": TONES[one.state],
            f"{place}.title": f"{one.title}: {WORDS[one.state]}. {one.message}".strip(),
            f"{place}.href": href,
            f"{place}.hidden": False,
        }
    return updates
