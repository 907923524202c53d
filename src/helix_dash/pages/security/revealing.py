"""Shows the text that a gateway stored of one incident to who holds ``pii:read``, after it is on the audit record.

The web worker does not read the gateway's store: the collector reads the one entry and says it over a channel of the
store that only this request listens to. Nothing is kept: no key, no receipt, no log holds the text.
"""

from __future__ import annotations

import json
import secrets
import time
from typing import Any

import redis
from dash import Input, Output, State, html, no_update
from dash.development.base_component import Component

from helix_dash import context
from helix_dash.auth import trail
from helix_dash.context import scope
from helix_dash.errors import Forbidden, HelixError, SourceError
from helix_dash.log.keys import APP
from helix_dash.orders.book import find, place
from helix_dash.orders.kinds import REVEAL as REVEALING
from helix_dash.pages.security.deeds import found
from helix_dash.pages.security.drawer import READ, REVEAL, REVEALED, WANTED
from helix_dash.store import reaching
from helix_dash.ui.wiring import Callbacks

CHANNEL = f"{APP}reveal:"
"""pub/sub channel, one of a random name per reveal: the texts of one incident, once."""

PATIENCE = 6.0
"""Seconds to wait for the collector."""


def reveal(identity: Any) -> list[str]:
    """The texts of an incident, after the reveal is on record.

    Raises:
        Forbidden: the asker sees one organization only; the gateway's store names none.
        HelixError: there is none, or the collector does not answer.
        StoreUnavailable: the store did not answer; then nothing was shown.
    """
    if scope().organization is not None:
        raise Forbidden(READ)
    one = found(identity)
    trail.revealed(one.id, "text of an incident")
    what = {"id": one.id, "user": one.user, "at": one.at}
    return asked(context.running().store, what, context.user().key)


def asked(store: redis.Redis, what: dict[str, Any], by: str, patience: float = PATIENCE) -> list[str]:
    """What the collector says of one incident.

    Raises:
        HelixError: it cannot say, or says nothing in time.
        StoreUnavailable: the store did not answer.
    """
    channel, client = CHANNEL + secrets.token_hex(16), store
    listening: Any = client.pubsub()  # type: ignore[no-untyped-call]
    try:
        with reaching():
            listening.subscribe(channel)
            listening.get_message(timeout=2.0)  # that it listens, before anybody speaks
        name = place(store, REVEALING, what | {"channel": channel}, by)
        until = time.monotonic() + patience
        while time.monotonic() < until:
            with reaching():
                message = listening.get_message(timeout=0.3)
            if message and message["type"] == "message":
                return [str(one) for one in json.loads(message["data"])]
            order = find(store, name)
            if order is not None and order.state == "failed":
                raise HelixError(order.said)
    finally:
        listening.close()
    raise SourceError("timeout", "The collector did not answer in time. Is one running?")


def wire(on: Callbacks) -> None:
    """The button."""

    @on(
        Output(REVEALED, "children"),
        Input(REVEAL, "n_clicks"),
        State(WANTED, "data"),
        permission=READ,
        failed=_refused,
        running=[(Output(REVEAL, "disabled"), True, False)],
        prevent_initial_call=True,
    )
    def reveal_text(clicks: int | None, identity: Any) -> Any:
        if not clicks:
            return no_update
        return [html.Pre(one, className="hx-raw", tabIndex="0", **{"aria-label": "Text"}) for one in reveal(identity)]  # fmt: skip


def _refused(error: Exception, reference: str, *_: Any, **__: Any) -> Component:
    words = str(error) if isinstance(error, HelixError) else f"That did not work. Reference {reference} in the server's log."  # fmt: skip
    return html.P(words, className="hx-form__done", **{"data-tone": "bad"})
