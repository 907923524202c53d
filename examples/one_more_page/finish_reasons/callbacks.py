"""The wire between the two."""

from datetime import UTC, datetime
from typing import Any

from dash import Output, no_update

from helix_dash.context import log, scope, settings
from helix_dash.query_params import from_state
from helix_dash.ui import panel, shell, states, trust
from helix_dash.ui.wiring import Callbacks

from . import queries, view

on = Callbacks()
OUTPUTS = view.outputs() | {"status": Output(view.STATUS, "data")}


def failed(error: Exception, reference: str, **_: Any) -> dict[str, Any]:
    words = states.failed(error, reference)
    return (
        dict.fromkeys(OUTPUTS, no_update)
        | panel.says("finish", words)
        | {"status": trust.failed(words.title)}
    )


@on(output=OUTPUTS, inputs=shell.INPUTS, failed=failed, running=shell.RUNNING)
def show(tick: dict[str, int], state: dict[str, Any] | None) -> dict[str, Any]:
    if state is None:  # the address has not been read yet
        return dict.fromkeys(OUTPUTS, no_update)
    where, _ = from_state(state | {"grid": None}, settings().zone, datetime.now(UTC))
    counts, simulated = queries.reasons(log(), scope(), where)
    zone, name = settings().zone, settings().zone_name
    told = trust.status(log().health(), zone, name, simulated=simulated, tick=tick["n"])
    return dict.fromkeys(OUTPUTS, no_update) | view.show(counts, where) | {"status": told}


shell.wire_status(on, view.STATUS)
