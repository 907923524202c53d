"""Prices that operators set, each from a date on and for whom it holds. This module owns their Redis key.

What a gateway recorded as the cost of a request stays what it is. Prices set here are for requests that it could not
price: :mod:`helix_dash.metrics.repricing` tells what those would cost, and an order gives it to them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec
import redis

from helix_dash import money
from helix_dash.errors import BadQuery
from helix_dash.log.keys import APP
from helix_dash.metrics.operators_table import First, Table, nothing
from helix_dash.model import Scope
from helix_dash.money import CLASSES, Rates

KEY = f"{APP}prices"
"""hash: JSON ``[organization, model, scope, name, since]`` → JSON of a :class:`Price`."""

SCOPES: dict[str, str | None] = {"all": None, "provider": "provider", "team": "team", "key": "key_alias"}
"""For whom a price holds → the column of the log that tells; the later of two that fit wins."""

MOST = 2_000
_TABLE = Table(KEY, "prices", MOST)
MOST_NAME = 200
MOST_SHOWN = 80
"""Letters of the name of who set a price."""
MOST_DOLLARS = Decimal(10) ** 9


class Price(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Dollars per million tokens of one model, as decimal texts; ``None``: as its plain class
    (:meth:`helix_dash.money.Rates.of`).

    Args:
        model: the model, as the log names it.
        since: the first day it holds, of the reporting zone, as an ISO date.
        scope: for whom, one of :data:`SCOPES`.
        name: which provider, team or key; empty for all.
        organization: whose price it is; ``None`` is everybody's.
        by, on: who set it, and on which day of the reporting zone, as an ISO date; empty where that was not kept.
    """

    model: str
    since: str
    uncached: str | None = None
    cached: str | None = None
    cache_write: str | None = None
    visible: str | None = None
    reasoning: str | None = None
    scope: str = "all"
    name: str = ""
    organization: str | None = None
    by: str = ""
    on: str = ""

    @property
    def rates(self) -> Rates:
        return Rates(**{one: None if (text := getattr(self, one)) is None else Decimal(text) for one in CLASSES})  # fmt: skip

    @property
    def holds_for(self) -> str:
        """For whom, in words."""
        who = "everybody" if self.scope == "all" else f"{self.scope} {self.name}"
        return f"{who} of {self.organization}" if self.organization else who

    @property
    def source(self) -> str:
        """Who set it and when, in words."""
        who = self.by[:MOST_SHOWN] or "an operator"
        return f"set by {who} on {self.on}" if self.on else f"set by {who}, since {self.since}"

    @property
    def field(self) -> str:
        """What it is kept under."""
        return _JSON.encode([self.organization, self.model, self.scope, self.name, self.since]).decode()

    @property
    def words(self) -> str:
        """Its amounts in a few words, for a record."""
        told = [f"{one.replace('_', ' ')} ${getattr(self, one)}" for one in CLASSES if getattr(self, one) is not None]  # fmt: skip
        return f"{', '.join(told)} per million since {self.since} for {self.holds_for}"


_JSON = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Found:
    """Prices that hold, and where they come from: ``set by ada on 2026-11-01`` or ``genai-prices 0.2``."""

    rates: Rates
    source: str
    operator: bool


@dataclass(frozen=True, slots=True)
class PriceTable:
    """All prices that operators have set, as far as the asker may see them."""

    prices: tuple[Price, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of a request that decide which price is its own: no more of them than have to be told apart."""
        owners = {SCOPES[one.scope] for one in self.prices} - {None, "provider"}
        organizations = {"organization"} if any(one.organization for one in self.prices) else set[str]()
        return ("model", "provider", *sorted(column for column in owners | organizations if column))

    def set_for(self, row: Mapping[str, str | None], day: date) -> Price | None:
        """The operator's price for a request on ``day``; ``None`` when there is none.

        The narrower scope wins (key, team, provider, all), then the later date.

        Args:
            row: ``model``, ``provider``, ``team``, ``key_alias`` and ``organization`` of the request.
            day: its day in the reporting zone.
        """
        fitting = [one for one in self.prices if _fits(one, row) and date.fromisoformat(one.since) <= day]
        return max(fitting, key=_rank, default=None)

    @property
    def ranked(self) -> list[Price]:
        """All of them, the one that wins before the one that does not."""
        return sorted(self.prices, key=_rank, reverse=True)

    def of(self, row: Mapping[str, str | None], day: date, at: Any = None) -> Found | None:
        """What holds for a request: the operator's price, else the table's; ``None`` when neither knows the model."""
        own = self.set_for(row, day)
        if own is not None:
            return Found(own.rates, own.source, operator=True)
        model = row.get("model")
        rates = money.rates(model, row.get("provider"), at) if model else None
        return None if rates is None else Found(rates, money.source(), operator=False)


def _rank(price: Price) -> tuple[int, bool, str]:
    return list(SCOPES).index(price.scope), price.organization is not None, price.since


def _fits(price: Price, row: Mapping[str, str | None]) -> bool:
    column = SCOPES[price.scope]
    theirs = price.organization in (None, row.get("organization"))
    return theirs and price.model == row.get("model") and (column is None or row.get(column) == price.name)


def prices(store: redis.Redis, scope: Scope) -> PriceTable:
    """The prices that ``scope`` may see, in one command. An entry that cannot be read counts as not there.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    known = _TABLE.read(store, Price, checked)
    mine = [one for one in known if scope.organization is None or one.organization in (None, scope.organization)]  # fmt: skip
    return PriceTable(tuple(sorted(mine, key=lambda one: (one.model, one.scope, one.name, one.since))))


def set_price(store: redis.Redis, price: Price, first: First = nothing) -> None:
    """Set ``price``, or put it in the place of the one of the same model, owner and date.

    Raises:
        BadQuery: a part of it cannot be used.
        StoreError: the table is full.
        StoreUnavailable: the store did not answer.
    """
    checked(price)
    _TABLE.put(store, price.field, _JSON.encode(price), first)


def remove_price(store: redis.Redis, price: Price, first: First = nothing) -> None:
    """Take away the price of the same model, owner and date.

    Raises:
        BadQuery: there is none.
        StoreUnavailable: the store did not answer.
    """
    if not _TABLE.has(store, price.field):
        raise BadQuery("model", f"There is no price of {price.model} since {price.since} for {price.holds_for}.")  # fmt: skip
    _TABLE.drop(store, price.field, first)


def checked(price: Price) -> Price:
    """``price`` itself.

    Raises:
        BadQuery: a part of it cannot be used.
    """
    if price.scope not in SCOPES:
        raise BadQuery("scope", f"A price holds for {', '.join(SCOPES)}.")
    for what, text in (("model", price.model), ("name", price.name)):
        needed = what == "model" or price.scope != "all"
        if bool(text) != needed or (text and (len(text) > MOST_NAME or not text.isprintable())):
            raise BadQuery(what, f"A {what} has 1 to {MOST_NAME} printable characters.")
    try:
        date.fromisoformat(price.since)
    except ValueError as error:
        raise BadQuery("since", "A price holds from a date on, like 2026-01-31.") from error
    given = [getattr(price, one) for one in CLASSES]
    for text in given:
        if text is not None:
            amount(text)
    if price.uncached is None and price.visible is None:
        raise BadQuery("uncached", "A price names dollars per million tokens of input, of output, or of both.")  # fmt: skip
    return price


def amount(text: str) -> Decimal:
    """Dollars per million tokens. With six decimals at most, one token costs a whole number of 10⁻¹² dollars: exact.

    Raises:
        BadQuery: ``text`` is no such amount.
    """
    try:
        found = Decimal(text)
    except InvalidOperation as error:
        raise BadQuery("price", "A price is an amount of dollars per million tokens, such as 2.50.") from error  # fmt: skip
    if not found.is_finite() or not 0 <= found <= MOST_DOLLARS or found != round(found, 6):
        raise BadQuery("price", "A price is 0 or more dollars per million tokens, with at most six decimals.")
    return found


def from_form(values: Mapping[str, Any]) -> dict[str, str | None]:
    """The amounts by class as a form gives them; what is empty is ``None``."""
    found = {one: str(values.get(one) if values.get(one) is not None else "").strip() for one in CLASSES}
    return {one: text or None for one, text in found.items()}


def history(table: PriceTable, models: Sequence[str | None]) -> list[Price]:
    """What operators have set, prices of ``models`` first, the newest of each first."""
    known = {model: place for place, model in enumerate(models)}
    newest = sorted(table.prices, key=lambda one: one.since, reverse=True)
    return sorted(newest, key=lambda one: (known.get(one.model, len(known)), one.model))
