"""One question per refresh: the figures, the small chart, and how much has come in since the grid's rows were read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from dash import Input, Output, State, dcc, no_update
from dash.development.base_component import Component

from helix_dash import context
from helix_dash.context import log, scope, settings
from helix_dash.errors import BadQuery
from helix_dash.pages.requests import queries, strip, volume
from helix_dash.query_params import from_state
from helix_dash.ui import format as fmt
from helix_dash.ui import panel, shell, states, trust
from helix_dash.ui.wiring import Callbacks

MARK, NEWS = "hx-grid-mark", "hx-grid-news"

OUTPUTS = panel.outputs(volume.NAME) | strip.outputs()


def stores() -> list[Component]:
    """What the page remembers: the watermark of the rows in the grid, and the news."""
    return [dcc.Store(id=MARK, data=None), dcc.Store(id=NEWS)]


def _failed(error: Exception, reference: str, **_: Any) -> dict[str, Any]:
    """What is on the page stays, marked as old."""
    words = states.failed(error, reference)
    nothing = dict.fromkeys(OUTPUTS, no_update) | {"news": {"failed": reference}}
    if isinstance(error, BadQuery):
        return nothing | panel.says(volume.NAME, states.Message(words.state, words.title))
    return nothing | {f"{volume.NAME}.state": "stale"}


def wire(on: Callbacks) -> None:
    """The page's one callback per tick; blocks of rows are asked for by the grid when there is something new."""

    @on(
        output=OUTPUTS | {"news": Output(NEWS, "data")},
        inputs=shell.INPUTS,
        state={"mark": State(MARK, "data")},
        failed=_failed,
        running=shell.RUNNING,
    )
    def refresh(tick: dict[str, int], state: dict[str, Any] | None, mark: int | None) -> dict[str, Any]:
        if state is None:  # the address has not been read yet
            return dict.fromkeys((*OUTPUTS, "news"), no_update)
        zone, health = context.zone(state), log().health()
        where, _ = from_state(state, zone.info, datetime.now(UTC))
        found = queries.glance(
            log().in_zone(zone.info), scope(), where, settings().max_data_points, strip.MEASURES, mark
        )
        old = trust.why_old(health, zone.info, zone.name)
        return (
            dict.fromkeys(OUTPUTS, no_update)
            | volume.show(found, where, state, zone, stale=bool(old))
            | strip.fill(found.totals, fmt.these(where.period))
            | {
                "news": {
                    "n": tick["n"],
                    "new": found.new,
                    "total": found.totals["requests"] or 0,
                    "stale": bool(old),
                }
            }
        )

    on.in_browser("hxtail.news", Input(NEWS, "data"), prevent_initial_call=True)
    panel.wire_chart(on, volume.NAME)
