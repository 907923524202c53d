"""The arithmetic of one request's cost: price per million × amount, class by class, beside what was recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from dash import html
from dash.development.base_component import Component

from helix_dash import money
from helix_dash.log.schema import BY_NAME
from helix_dash.ui import format as fmt

CLASSES = ("uncached", "cached", "cache_write", "visible", "reasoning")
"""The classes of tokens as :func:`helix_dash.money.price` names them."""
NEAR = Decimal("0.000000001")
"""Dollars within which two costs are the same: the gateway computed with binary fractions."""

Price = Callable[..., Decimal | None]


@dataclass(frozen=True, slots=True)
class Line:
    """One class of tokens: ``amount`` × ``per_million`` / 10⁶ = ``cost`` dollars; what is unknown is ``None``."""

    column: str
    amount: int | None
    per_million: Decimal | None
    cost: Decimal | None


@dataclass(frozen=True, slots=True)
class Bill:
    """What a request should have cost by the price table.

    Args:
        lines: one per class of tokens.
        other: dollars that no class explains: price steps for long inputs, a fee per request.
        total: the sum; ``None`` without a price, or where no tokens were recorded.
        recorded: what the gateway recorded.
        verdict: the two compared, in a sentence.
        tone: ``good`` when they agree, ``warn`` when they differ, ``none`` when they cannot be compared.
    """

    lines: tuple[Line, ...]
    other: Decimal
    total: Decimal | None
    recorded: Decimal | None
    verdict: str
    tone: str


def bill(row: Mapping[str, Any], price: Price = money.price) -> Bill:
    """The arithmetic for one row as shown, at the prices of its own date."""
    amounts = {name: row.get(f"{name}_tokens") for name in CLASSES}
    used = {name: amount for name, amount in amounts.items() if amount}
    if row.get("cost_source"):
        return _computed(row, amounts)
    model, recorded = row.get("model"), _decimal(row.get("cost_usd"))
    at = datetime.fromisoformat(str(row["time"])) if row.get("time") else None

    def asked(**tokens: int) -> Decimal | None:
        return price(model, row.get("provider"), **tokens, at=at) if model else None

    fee = asked() or Decimal(0)
    rates: dict[str, Decimal | None] = {}
    for name in CLASSES:
        thousand = asked(**{name: 1000})  # few enough that no step for long inputs is reached
        rates[name] = None if thousand is None else (thousand - fee) * 1000
    lines = tuple(_line(name, amounts[name], rates[name]) for name in CLASSES)
    total = asked(**used) if used else None
    known = sum((line.cost or Decimal(0) for line in lines), Decimal(0))
    other = Decimal(0) if total is None else total - known
    verdict, tone = _compared(
        row, total, recorded, counted=any(value is not None for value in amounts.values())
    )
    if not used and any(line.cost is not None for line in lines):
        total = known  # nothing was used, and nothing is what that costs
    return Bill(lines, other, total, recorded, verdict, tone)


def _computed(row: Mapping[str, Any], amounts: Mapping[str, int | None]) -> Bill:
    """The arithmetic of a cost that was computed here afterwards, at the prices that stand with it."""
    pairs = (part.rpartition(" ") for part in str(row.get("cost_rates") or "").split(";") if part)
    rates = {name: Decimal(dollars) for name, _, dollars in pairs}
    lines = tuple(_line(name, amounts[name], rates.get(name)) for name in CLASSES)
    total = sum((line.cost or Decimal(0) for line in lines), Decimal(0))
    recorded = _decimal(row.get("cost_usd"))
    verdict = f"The producer told no cost. It was computed here: price {row['cost_source']}."
    if row.get("cache") in ("exact", "semantic"):
        verdict += " Answered from the gateway's cache it cost nothing, the sum is what it would have cost."
    return Bill(lines, Decimal(0), total, recorded, verdict, "good")


def _line(name: str, amount: int | None, rate: Decimal | None) -> Line:
    if not amount and not rate:
        rate = None  # the table has no price for a class that such a model has not
    cost = None if amount is None or rate is None else rate * amount / 1_000_000
    return Line(f"{name}_tokens", amount, rate, cost)


def _compared(
    row: Mapping[str, Any], total: Decimal | None, recorded: Decimal | None, *, counted: bool
) -> tuple[str, str]:
    if not counted:
        return "No tokens were recorded, so there is nothing to multiply.", "none"
    hit = row.get("cache") in ("exact", "semantic")
    if total is None and hit:
        return "Answered from the gateway's cache: it used no tokens and cost nothing.", "good"
    if total is None:
        model = row.get("model")
        if not any(row.get(f"{name}_tokens") for name in CLASSES):
            return "No tokens were used.", "none"
        return (
            f"No price is known for {model}." if model else "The model is unknown, so no price is.",
            "none",
        )
    if hit:
        return "Answered from the gateway's cache: it cost nothing, the sum is what it would have cost.", "good"  # fmt: skip
    if recorded is None:
        return "The gateway recorded no cost: this request is unpriced.", "warn"
    gap = recorded - total
    if abs(gap) <= NEAR:
        return "The recorded cost agrees with this sum.", "good"
    side = "more" if gap > 0 else "less"
    return (
        f"Recorded is {fmt.full(abs(gap), 'usd')} {side} than this sum: the gateway used other prices.",
        "warn",
    )


def _decimal(value: Any) -> Decimal | None:
    return None if value is None else Decimal(repr(value))


def drawn(row: Mapping[str, Any]) -> Component:
    """The bill as a table with its sentence."""
    found = bill(row)
    head = html.Tr(
        [html.Th("Class", scope="col")]
        + [
            html.Th(name, scope="col", className="hx-number")
            for name in ("Tokens", "$ per million", "Cost (USD)")
        ]
    )
    body = [
        _row(
            BY_NAME[line.column].title,
            fmt.full(line.amount, "count"),
            _usd(line.per_million),
            _usd(line.cost),
        )
        for line in found.lines
    ]
    if abs(found.other) > NEAR:
        body.append(_row("Price steps and fees", "", "", _usd(found.other)))
    feet = [
        _row("Sum", fmt.full(row.get("total_tokens"), "count"), "", _usd(found.total)),
        _row("Computed" if row.get("cost_source") else "Recorded", "", "", _usd(found.recorded)),
    ]
    date = str(row.get("time") or "")[:10]
    told = f"Prices: {money.source()}, as of the request's date {date}." if money.source() else ""
    if row.get("cost_source"):
        told = "Prices: as an operator set them."
    return html.Section(
        [
            html.H3("The arithmetic"),
            html.Table([html.Thead(head), html.Tbody(body), html.Tfoot(feet)], className="hx-bill"),
            html.P(found.verdict, className="hx-banner", **{"data-tone": found.tone}),
            html.P(told, className="hx-faint"),
        ]
    )


def _usd(value: Decimal | None) -> str:
    return fmt.full(value, "usd")


def _row(name: str, *cells: str) -> Component:
    return html.Tr([html.Th(name, scope="row"), *(html.Td(cell, className="hx-number") for cell in cells)])
