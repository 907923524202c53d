"""The wire between the two."""

from datetime import UTC, datetime
from typing import Any

from dash import no_update

from helix_dash.context import log, scope, settings
from helix_dash.query_params import from_state
from helix_dash.ui import panel, shell, states
from helix_dash.ui.wiring import Callbacks

from . import queries, view

on = Callbacks()
OUTPUTS = view.outputs()


def failed(error: Exception, reference: str, **_: Any) -> dict[str, Any]:
    return dict.fromkeys(OUTPUTS, no_update) | panel.says("finish", states.failed(error, reference))


@on(output=OUTPUTS, inputs=shell.INPUTS, failed=failed, running=shell.RUNNING)
def show(state: dict[str, Any] | None, **_tick: Any) -> dict[str, Any]:
    if state is None:  # the address has not been read yet
        return dict.fromkeys(OUTPUTS, no_update)
    where, _ = from_state(state | {"grid": None}, settings().zone, datetime.now(UTC))
    return dict.fromkeys(OUTPUTS, no_update) | view.show(queries.reasons(log(), scope(), where), where)
