"""Giving requests that came without a cost one, at the prices that were set, and taking it back: asked with a preview,
put on the audit record, ordered, watched. The collector and the log's fold do it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from dash import Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component

from helix_dash import context
from helix_dash.auth import trail
from helix_dash.errors import BadQuery
from helix_dash.metrics.prices import MOST_NAME, prices
from helix_dash.metrics.repricing import MOST_DAYS, Unpriced, computed, rules, unpriced
from helix_dash.model import Condition, Filter, Period, utc_from_us
from helix_dash.orders import book
from helix_dash.orders.book import Order
from helix_dash.orders.kinds import RECOMPUTE, TAKE_BACK
from helix_dash.ui import form_parts
from helix_dash.ui import format as fmt
from helix_dash.ui.wiring import Callbacks

PERMISSION = "prices:write"
FORM = "hx-costs-recompute"
ASK, BACK, CONFIRM, WORDS, KEEP, SURE, ASKED, ORDER, POLL, CHANGES = (
    f"{FORM}-{part}" for part in ("ask", "back", "confirm", "words", "keep", "sure", "asked", "order", "poll", "changed")
)  # fmt: skip
CHANGED = {"recomputed": Input(CHANGES, "data")}
"""An input of the page's refresh: what was done shows at once."""

EVERYWHERE = "Every page, the API, exports and what budgets have spent show it then, and the gateway's counters where this product keeps them."  # fmt: skip
_STATES = {"waiting": "none", "working": "none", "done": "good", "failed": "bad"}


def fields() -> list[Component]:
    """The buttons below the price's own, and the question before something is done."""
    return [
        html.Div(
            [
                html.Button("Recompute", id=ASK, className="hx-button", type="button", title="Give requests of this model without a cost one; with no model named, of all that have a price"),
                html.Button("Take back", id=BACK, className="hx-button", type="button", title="Take computed costs of this model out of the log again; with no model named, of all"),
            ],
            className="hx-form__deeds",
        ),
        form_parts.done(f"{FORM}-done"),
        dcc.Store(id=ASKED),
        dcc.Store(id=ORDER),
        dcc.Interval(id=POLL, interval=1000, disabled=True),
        form_parts.confirm(FORM, "Change costs in the log?", html.Div(id=WORDS), "Do it"),
    ]  # fmt: skip


def _model(given: Any) -> str:
    """The model that was named, or "" for all.

    Raises:
        BadQuery: it is no name of a model.
    """
    model = str(given or "").strip()
    if len(model) > MOST_NAME or not model.isprintable():
        raise BadQuery("model", "There is no such model.")
    return model


def _where(model: str) -> Filter:
    """All kept requests of ``model``."""
    now = datetime.now(UTC)
    some = (Condition("model", "in", (model,)),) if model else ()
    return Filter(Period(now - timedelta(days=MOST_DAYS), now), some)


def open_requests(model: str) -> tuple[Unpriced, ...]:
    """The kept requests of ``model`` ("": of all) without a known cost, and what they would cost."""
    zone = context.settings().reporting.info
    table = prices(context.store(), context.scope())
    return unpriced(context.log().in_zone(zone), context.scope(), _where(model), table, zone)


def preview(model: str) -> str:
    """What recomputing would do, in words."""
    found = open_requests(model)
    ready, cost = sum(one.ready for one in found), sum((one.ready_cost for one in found), Decimal(0))
    left = sum(one.requests for one in found) - ready
    more = f"; {left:,} unpriced ones have no price that was set" if left else ""
    return f"{ready:,} kept requests {_of(model)} would cost {fmt.full(cost, 'usd')}{more}."


def _of(model: str) -> str:
    return f"of {model}" if model else "of all models"


def asked_of(back: bool, model: str) -> tuple[list[Component], bool]:
    """The question's words, and whether there is anything to do."""
    if back:
        many, cost = computed(context.log(), context.scope(), _where(model))
        lines = [
            f"{many:,} kept requests {_of(model)} carry a cost that was computed here, {fmt.full(cost, 'usd')} in all. They become unpriced again.",
            EVERYWHERE,
            "Costs that requests had when their rows expired stay in the totals.",
        ]  # fmt: skip
        return [html.P(line) for line in lines], many > 0
    ready = sum(one.ready for one in open_requests(model))
    lines = [
        preview(model),
        f"The cost becomes part of the log, with who set the price and when. {EVERYWHERE}",
        "Recorded costs are never changed. Requests whose rows have expired stay unpriced; the receipt says how many.",
    ]
    return [html.P(line) for line in lines], ready > 0


def order(back: bool, model: str) -> tuple[str, str]:
    """Put it on the audit record, then order it; words for who did, and the order's id.

    Raises:
        BadQuery: no price was set for what is asked, or too many.
        StoreError: it was not ordered.
        StoreUnavailable: the store did not answer; then nothing was ordered.
    """
    scope, zone, store = context.scope(), context.settings().reporting.info, context.store()
    table = prices(store, scope)
    models = {model} if model else {one.model for one in open_requests("") if one.ready}
    found = [] if back else rules(table, {one for one in models if one}, zone)
    if not back and not found:
        raise BadQuery("model", "No price was set for these requests.")
    day = datetime.now(zone).date().isoformat()
    what = {"model": model or None, "organization": scope.organization, "on": day, "rules": found}
    identity = book.new_id()
    action = "computed costs taken back" if back else "costs recomputed"
    trail.record(action, model or "all models", f"order {identity}, {len(found)} prices")
    book.place(store, TAKE_BACK if back else RECOMPUTE, what, context.user().key, identity)
    return "Ordered; the collector and the log's fold do it.", identity


def told(one: Order) -> str:
    """How far an order is, or its receipt, in words."""
    receipt = one.receipt if isinstance(one.receipt, dict) else {}
    if one.state != "done" or not receipt:
        return one.said or ("Waits for the collector" if one.state == "waiting" else fmt.UNKNOWN)
    deed = "lost the cost that was computed" if one.kind == TAKE_BACK else "got a cost"
    words = f"{receipt['requests']:,} requests {deed}, {fmt.full(Decimal(receipt['cost']), 'usd')}"
    if receipt.get("first") is not None:
        zone = context.settings().reporting.info
        begin, end = (
            f"{utc_from_us(receipt[name]).astimezone(zone):%-d %b %Y}" for name in ("first", "last")
        )
        words += f", of {begin}" if begin == end else f", from {begin} to {end}"
    if receipt.get("left"):
        words += f"; {receipt['left']:,} stay without a price"
    if receipt.get("expired"):
        words += f"; {receipt['expired']:,} more have expired and stay unpriced"
    return f"{words}."


def wire(on: Callbacks, model: State) -> None:
    """The callbacks; ``model`` is the form's field."""
    done = (Output(f"{FORM}-done", "children"), Output(f"{FORM}-done", "data-tone"))
    again = tuple(Output(one.component_id, one.component_property, allow_duplicate=True) for one in done)

    @on(
        *done,
        Output(CONFIRM, "is_open"),
        Output(WORDS, "children"),
        Output(SURE, "disabled"),
        Output(ASKED, "data"),
        Input(ASK, "n_clicks"),
        Input(BACK, "n_clicks"),
        model,
        permission=PERMISSION,
        failed=form_parts.failing(6),
        prevent_initial_call=True,
    )
    def ask_recompute(_ask: int | None, _back: int | None, named: Any) -> Any:
        if not ctx.triggered_id:
            return (no_update,) * 6
        back, name = ctx.triggered_id == BACK, _model(named)
        words, possible = asked_of(back, name)
        return "", "none", True, words, not possible, {"back": back, "model": name}

    @on(
        *again,
        Output(ORDER, "data"),
        Output(POLL, "disabled"),
        Input(SURE, "n_clicks"),
        State(ASKED, "data"),
        permission=PERMISSION,
        failed=form_parts.failing(4),
        prevent_initial_call=True,
    )
    def order_recompute(clicks: int | None, asked: Any) -> Any:
        if not clicks or not isinstance(asked, dict):
            return (no_update,) * 4
        words, identity = order(asked.get("back") is True, _model(asked.get("model")))
        return words, "none", identity, False

    @on(
        *again,
        Output(POLL, "disabled", allow_duplicate=True),
        Output(CHANGES, "data"),
        Input(POLL, "n_intervals"),
        State(ORDER, "data"),
        permission=PERMISSION,
        failed=form_parts.failing(4),
        prevent_initial_call=True,
    )
    def watch_recompute(ticks: int | None, identity: Any) -> Any:
        one = book.find(context.store(), str(identity))
        if one is None or one.kind not in (RECOMPUTE, TAKE_BACK) or not seen(one):
            return "This order is forgotten.", "bad", True, no_update
        return told(one), _STATES[one.state], one.over, ticks if one.over else no_update

    on.in_browser(
        "hxforms.asked",
        Output(CONFIRM, "is_open", allow_duplicate=True),
        Input(SURE, "n_clicks"),
        Input(KEEP, "n_clicks"),
        prevent_initial_call=True,
    )


def seen(one: Order) -> bool:
    """Whether the asker may see an order: one about their organization."""
    mine = context.scope().organization
    return mine is None or one.what.get("organization") == mine
