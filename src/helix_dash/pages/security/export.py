"""The list of incidents as a file: as the table shows it, types and counts and masked forms, never a text. Each is on record."""

from __future__ import annotations

from typing import Any

from dash import Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from helix_dash import context
from helix_dash.asked import asked
from helix_dash.auth import trail
from helix_dash.errors import Forbidden
from helix_dash.pages.security import listing, queries
from helix_dash.ui import icon, shell
from helix_dash.ui.csv_text import csv_text
from helix_dash.ui.wiring import Callbacks

PERMISSION = "export:create"
BUTTON, FILE, SAID = "hx-security-export", "hx-security-file", "hx-security-exported"


def button() -> Component:
    """The button for the table's head, open to who may export; and where the file arrives."""
    allowed = context.may(PERMISSION)
    words = "Incidents: download CSV" if allowed else "Incidents as CSV: needs the analyst role"
    parts = [
        html.Span("", id=SAID, className="hx-faint", role="status"),
        html.Button(
            icon("download" if allowed else "lock"),
            id=BUTTON,
            className="hx-button hx-button--icon hx-panel__csv",
            type="button",
            title=words,
            disabled=not allowed,
            **{"aria-label": words},
        ),
        dcc.Download(id=FILE),
    ]
    return html.Div(parts, className="hx-security-export", hidden=not context.settings().enable_exports)


def wire(on: Callbacks, source: str) -> None:
    """What the button does; ``source`` is the id of the choice whose incidents are listed."""

    def failed(_error: Exception, reference: str, *_: Any) -> Any:
        return no_update, f"No file was made. Reference {reference} in the server's log."

    @on(
        Output(FILE, "data"),
        Output(SAID, "children"),
        Input(BUTTON, "n_clicks"),
        State(shell.FILTER, "data"),
        State(source, "value"),
        State(listing.STATE, "value"),
        permission=PERMISSION,
        failed=failed,
        prevent_initial_call=True,
    )
    def give_file(clicks: int | None, state: dict[str, Any] | None, chosen: Any, shown: Any) -> Any:
        if not clicks or state is None:
            return no_update, no_update
        return given(state, chosen, shown), ""


def given(state: dict[str, Any], chosen: Any, shown: Any) -> dict[str, str]:
    """The file of the incidents that ``state`` asks for, as the browser is to keep it.

    Raises:
        Forbidden: exports are switched off.
        StoreUnavailable: the store did not answer; then there is no file, and none on record.
    """
    if not context.settings().enable_exports:
        raise Forbidden(PERMISSION)
    ask = asked(state)
    found = queries.security(
        ask.log,
        context.store(),
        ask.scope,
        ask.where,
        source=chosen,
        zone=ask.zone.info,
        now=ask.now,
        settings=context.settings(),
    )
    kind = shown if isinstance(shown, str) else queries.OPEN
    rows = listing.texts(found, kind, ask.look)
    start, end = (
        moment.isoformat(timespec="seconds") for moment in (ask.where.period.start, ask.where.period.end)
    )
    trail.record("incidents exported", f"{len(rows)} incidents", f"{kind}, {start} to {end}")
    name = f"incidents-{start:.10}-to-{end:.10}.csv"
    return {"content": csv_text(listing.HEADS, rows), "filename": name, "type": "text/csv"}
