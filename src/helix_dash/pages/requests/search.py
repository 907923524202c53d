"""The one search box: an id anywhere in the log, or a text in the columns people look for."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from dash import Input, Output, html
from dash.development.base_component import Component

from helix_dash.context import log, scope
from helix_dash.log.query import RequestLog
from helix_dash.log.schema import BY_NAME
from helix_dash.log.shown import parse_row_id
from helix_dash.model import Condition, Filter, Period, Scope
from helix_dash.ui import icon, typed
from helix_dash.ui.wiring import Callbacks

SEARCH, OFFERS, BOX = "hx-search", "hx-search-offers", "hx-search-box"

IDS = ("call_id", "trace_id", "session_id")
TEXTS = ("model", "user", "team", "key_alias", "error_class")
EVERYTHING = "now-400d"
"""The range of an id: all that a log can hold."""

_SHAPE = re.compile(r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)
_SHORTEST = 4
_LONGEST = 256
_VALUES = 200


@dataclass(frozen=True, slots=True)
class Offer:
    """One way to understand what was typed.

    Args:
        title: what it does, in words.
        note: what it would find.
        address: parameters of the address that it sets.
        test: tests of the grid's filter model that it adds.
        is_id: whether it looks in the whole log.
    """

    title: str
    note: str
    address: Mapping[str, Any] | None = None
    test: Mapping[str, Any] | None = None
    is_id: bool = False


def certain(text: str) -> bool:
    """Whether ``text`` has the shape of an id: a UUID, 32 hexadecimal digits, a row's name."""
    return bool(_SHAPE.fullmatch(text) or parse_row_id(text))


def find(log: RequestLog, scope: Scope, text: str) -> list[Offer]:
    """What ``text`` may mean: ids first, exact and in the whole log; then the columns that contain it.

    Ids are looked up in the rows; texts only in the columns' words, never in the rows.
    """
    text = text.strip()[:_LONGEST]
    if not text:
        return []
    found: list[Offer] = []
    if parse_row_id(text) and log.one(scope, text):
        found.append(Offer("Open this request", "1 request", {"request": text}, is_id=True))
    if len(text) >= _SHORTEST and not text.isspace():
        found += _ids(log, scope, text)
    return found if certain(text) else found + _texts(log, scope, text)


def _ids(log: RequestLog, scope: Scope, text: str) -> list[Offer]:
    now = datetime.now(UTC)
    whole = Period(now - timedelta(days=400), now)
    found: list[Offer] = []
    for name in IDS:
        count = log.count(scope, Filter(whole, (Condition(name, "in", (text,)),)))
        if count:
            address = {name: text, "from": EVERYTHING, "to": None, "grid": None}
            noun = "request" if count == 1 else "requests"
            found.append(
                Offer(f"{BY_NAME[name].title} is {_cut(text)}", f"{count:,} {noun}", address, is_id=True)
            )
    return found


def _texts(log: RequestLog, scope: Scope, text: str) -> list[Offer]:
    found: list[Offer] = []
    for name in TEXTS:
        words = log.values(scope, name, text, _VALUES)
        if words:
            test = {name: {"filterType": "text", "type": "contains", "filter": text}}
            more = f" and {len(words) - 2:,} more" if len(words) > 2 else ""
            found.append(
                Offer(
                    f"{BY_NAME[name].title} contains {_cut(text)}",
                    ", ".join(words[:2]) + more + ("+" if len(words) == _VALUES else ""),
                    test=test,
                )
            )
    return found


def _cut(text: str) -> str:
    return f"“{text}”" if len(text) <= 40 else f"“{text[:24]}…{text[-8:]}”"


def box() -> Component:
    """The field and the layer with its offers; assets/requests.js opens, walks and takes them."""
    return html.Div(
        id=BOX,
        className="hx-search",
        role="search",
        **{"data-search": ""},
        children=[
            icon("search"),
            typed.field(
                SEARCH,
                "Search requests",
                placeholder="Search an id, model, user, team, key or error class",
                longest=_LONGEST,
            ),
            html.Kbd("/", className="hx-search__key", **{"aria-hidden": "true"}),
            html.Div(
                [
                    html.Div(id=OFFERS, className="hx-menu"),
                    html.P(
                        "Ids are looked for in the whole log, whatever the range; texts in model, user, team, "
                        "key and error class.",
                        className="hx-faint hx-search__scope",
                    ),
                ],
                className="hx-pop__body hx-search__layer",
            ),
        ],
    )


def shown(offers: list[Offer], text: str) -> list[Component]:
    """The offers as buttons; the first is what Enter takes, and what a certain id takes by itself."""
    if not text.strip():
        return []
    if not offers:
        nothing = f"Nothing is called {_cut(text.strip())}, and no column contains it."
        return [html.P(nothing, className="hx-search__nothing", role="status", **{"data-for": text.strip()})]
    sure = offers[0].is_id and certain(text.strip())
    return [_button(offer, text.strip(), now=sure and index == 0) for index, offer in enumerate(offers)]


def _button(offer: Offer, text: str, *, now: bool) -> Component:
    deed = {"data-set": json.dumps(offer.address)} if offer.address else {"data-test": json.dumps(offer.test)}
    badge = [html.Span("ID", className="hx-tag", **{"data-tone": "info"})] if offer.is_id else []
    return html.Button(
        [
            *badge,
            html.Span(offer.title, className="hx-search__title"),
            html.Span(offer.note, className="hx-menu__hint"),
        ],
        className="hx-menu__item",
        type="button",
        **deed,
        **{"data-for": text, "data-now": "true" if now else "false"},
    )


def wire(on: Callbacks) -> None:
    """One look-up per pause in typing."""

    @on(Output(OFFERS, "children"), Input(typed.text_of(SEARCH), "data"), prevent_initial_call=True)
    def offer(text: str | None) -> list[Component]:
        wanted = str(text or "")
        return shown(find(log(), scope(), wanted), wanted)

    on.in_browser("hxrequests.offered", Input(OFFERS, "children"), prevent_initial_call=True)
