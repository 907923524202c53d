"""The costs page's tables: their columns, and their lines for given figures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from helix_dash.log.query import Number
from helix_dash.metrics.cost_change import HELP, STEPS, Change
from helix_dash.metrics.counters import Line as Counted
from helix_dash.metrics.price_split import Paid, Shadow
from helix_dash.metrics.prices import Price
from helix_dash.metrics.ranks import Ranked
from helix_dash.metrics.repricing import Unpriced
from helix_dash.model import Kpi, utc_from_us
from helix_dash.money import CLASSES
from helix_dash.orders.book import Order
from helix_dash.orders.kinds import TAKE_BACK
from helix_dash.pages.costs import figures
from helix_dash.pages.costs.queries import DIMS, Spending
from helix_dash.pages.costs.recompute import told
from helix_dash.ui import format as fmt
from helix_dash.ui.colours import entity_colours
from helix_dash.ui.look import Look
from helix_dash.ui.rows import Line
from helix_dash.ui.table import Field

SHORT = {
    "uncached": "Uncached",
    "cached": "Cached",
    "cache_write": "Write",
    "visible": "Output",
    "reasoning": "Reasoning",
}
RANKING = (
    Field("cost", "Spend", bar=True, unknown="no known price"),
    Field("share", "Share", unknown="no known price"),
    Field("trend", "Change", unknown="nothing in the period before"),
    Field("requests", "Requests"),
    Field("each", "Per request", unknown="some of its requests are unpriced"),
    Field("million", "$/1M tokens", unknown="some of its tokens are unpriced"),
    Field("saved", "Saved by cache"),
    Field("unpriced", "Unpriced"),
)
PRICED = (
    Field("provider", "Provider"),
    Field("requests", "Requests"),
    *(Field(name, SHORT[name], unknown="no price") for name in CLASSES),
    Field("source", "Price from"),
    Field("recorded", "Recorded"),
    Field("listed", "By these prices", unknown="a class has no price"),
    Field("gap", "Difference", unknown="a class has no price"),
)
"""Of a class the price is per million tokens; the panel says so."""
AMOUNTS = (
    Field("kind", "Class"),
    Field("tokens", "Tokens"),
    Field("rate", "× $ per million", unknown="no price"),
    Field("cost", "= Cost", unknown="no price"),
)
UNPRICED = (
    Field("provider", "Provider"),
    Field("requests", "Requests"),
    Field("tokens", "Tokens"),
    Field("days", "Days"),
    Field("cost", "Would have cost", unknown="no price is known"),
    Field("source", "Price from"),
)
OWN = (
    Field("who", "Holds for"),
    Field("since", "Since"),
    Field("by", "Set by", unknown="that was not kept"),
    *(Field(name, SHORT[name], unknown="as its plain class") for name in CLASSES),
)
ORDERED = (
    Field("what", "What"),
    Field("who", "Ordered by"),
    Field("state", "State"),
    Field("receipt", "Receipt"),
)
SHADOWS = (
    Field("input", "Input, $/1M"),
    Field("output", "Output, $/1M"),
    Field("cost", "Same tokens"),
    Field("saving", "Saving"),
    Field("percent", "Of it"),
)
STEP = (Field("change", "Change"), Field("means", "What it is"))
COUNTED = (
    Field("counter", "Gateway's counter", unknown="the gateway has no such counter"),
    Field("ledger", "Log", unknown="nothing of it is in the log"),
    Field("gap", "Difference", unknown="one of them is not known"),
    Field("why", "Why"),
)
MOST = {"costs-table": 25, "costs-prices": 20, "costs-amounts": 40, "costs-unpriced": 20, "costs-own": 50, "costs-ordered": 10, "costs-shadow": 15}  # fmt: skip
STATES = {"waiting": "none", "working": "info", "done": "good", "failed": "bad"}
MOVED = 6
"""Models whose own change is told beside the steps."""


def ranking(found: Spending, dim: str) -> list[Line]:
    """The values of the dimension, the dearest first."""
    colours = entity_colours([one.name for one in found.ranking], found.palette_order)
    top = max((float(one.figures["cost_usd"] or 0) for one in found.ranking), default=0) or 1
    return [
        Line(
            one.name or figures.unknown(dim),
            _ranked(one, found),
            (DIMS[dim], one.name or ""),
            share=float(one.figures["cost_usd"] or 0) / top,
            colour=colours[one.name],
            tones={"unpriced": "warn"} if one.figures["unpriced_requests"] else None,
            raw={key: fmt.raw(one.figures[name]) for key, name in _RAW.items()},
        )
        for one in found.ranking[: MOST["costs-table"]]
    ]


_RAW = {
    "cost": "cost_usd",
    "requests": "requests",
    "saved": "avoided_cost_usd",
    "unpriced": "unpriced_requests",
}
"""Columns of the ranking whose file has all digits → the figure."""


def _ranked(one: Ranked, found: Spending) -> dict[str, str]:
    cost, requests, tokens = (one.figures[name] for name in ("cost_usd", "requests", "total_tokens"))
    without = one.figures["unpriced_requests"]
    trend = fmt.change(Kpi("", "", cost, "usd", found.before.get(one.name)))
    return {
        "cost": fmt.short(cost, "usd"),
        "share": fmt.share(cost, found.total),
        "trend": trend or fmt.UNKNOWN,
        "requests": fmt.short(requests, "count"),
        "each": fmt.short(None if without else _ratio(cost, requests), "usd"),
        "million": fmt.short(None if without else _ratio(cost, tokens, 1_000_000), "usd"),
        "saved": fmt.short(one.figures["avoided_cost_usd"], "usd"),
        "unpriced": fmt.short(one.figures["unpriced_requests"], "count"),
    }


def _ratio(part: Number, whole: Number, times: int = 1) -> float | None:
    return part / whole * times if part is not None and whole else None


def priced(bought: Sequence[Paid]) -> list[Line]:
    """Models with their prices, and what these prices say beside what was recorded."""
    lines: list[Line] = []
    for one in bought[: MOST["costs-prices"]]:
        listed = one.listed
        gap = None if listed is None else one.recorded - listed
        cells = {
            "provider": one.provider or "unknown",
            "requests": fmt.short(one.requests, "count"),
            "source": source(one),
            "recorded": fmt.short(one.recorded, "usd"),
            "listed": fmt.short(listed, "usd"),
            "gap": signed(gap),
        }
        rates = {name: _rate(one.rates.of(name) if one.rates else None) for name in CLASSES}
        exact = {"requests": str(one.requests), "recorded": fmt.raw(one.recorded), "listed": fmt.raw(listed), "gap": fmt.raw(gap)}  # fmt: skip
        where = ("model", one.model or "")
        lines.append(Line(one.model or "Unknown model", cells | rates, where, raw=exact))
    return lines


def source(one: Paid) -> str:
    """Where a price comes from, and whether another one held for a part of the period."""
    if not one.source:
        return "no price known"
    return f"{one.source}; other prices before" if one.rates_before else one.source


def amounts(bought: Sequence[Paid]) -> list[Line]:
    """Class × price × amount, model by model."""
    lines: list[Line] = []
    for one in bought:
        for name in CLASSES:
            if not one.tokens[name]:
                continue
            rate = one.rates.of(name) if one.rates else None
            cells = {
                "kind": figures.CLASSES[name],
                "tokens": f"{one.tokens[name]:,}",
                "rate": "several" if one.rates_before else _rate(rate),
                "cost": fmt.full(one.classes.get(name), "usd"),
            }
            lines.append(Line(one.model or "Unknown model", cells, ("model", one.model or "")))
    return lines[: MOST["costs-amounts"]]


def unpriced(found: Sequence[Unpriced]) -> list[Line]:
    """What has no price, most requests first."""
    return [
        Line(
            one.model or "Unknown model",
            {
                "provider": one.provider or "unknown",
                "requests": f"{one.requests:,}",
                "tokens": fmt.short(sum(one.tokens.values()), "tokens"),
                "days": _days(one.first, one.last),
                "cost": fmt.full(one.cost, "usd"),
                "source": _priced_by(one),
            },
            ("model", one.model or ""),
            tones=None if one.cost is not None else {"source": "warn"},
        )
        for one in found[: MOST["costs-unpriced"]]
    ]


def ordered(found: Sequence[Order], look: Look) -> list[Line]:
    """Recomputations that were ordered, how far they are, and their receipts."""
    return [
        Line(
            f"{utc_from_us(one.asked).astimezone(look.zone):%-d %b, %H:%M}",
            {
                "what": f"{'Take back' if one.kind == TAKE_BACK else 'Recompute'} {one.what.get('model') or 'all models'}",
                "who": one.by.partition(":")[2] or one.by,
                "state": one.state,
                "receipt": told(one),
            },
            tones={"state": STATES[one.state]},
        )
        for one in found[: MOST["costs-ordered"]]
    ]  # fmt: skip


def _days(first: str, last: str) -> str:
    return _day(first) if first == last else f"{_day(first)} to {_day(last)}"


def _day(day: str) -> str:
    return f"{date.fromisoformat(day):%-d %b}"


def _priced_by(one: Unpriced) -> str:
    if not one.source:
        return "set a price"
    words = one.source if one.priced == one.requests else f"{one.source}; for {one.priced:,} of them"
    return words if one.ready else f"{words}; set it to recompute"


def own(known: Sequence[Price]) -> list[Line]:
    """What operators have set."""
    return [
        Line(
            one.model,
            {
                "who": one.holds_for,
                "since": one.since,
                "by": f"{one.by}, {_day(one.on)}" if one.on else fmt.UNKNOWN,
            }
            | {name: _rate(getattr(one.rates, name)) for name in CLASSES},
        )
        for one in known[: MOST["costs-own"]]
    ]


def shadows(found: Sequence[Shadow]) -> list[Line]:
    """The same tokens elsewhere, the largest saving first."""
    lines: list[Line] = []
    for one in found[: MOST["costs-shadow"]]:
        recorded = one.cost + one.saving
        cells = {
            "input": _rate(one.rates.of("uncached")),
            "output": _rate(one.rates.of("visible")),
            "cost": fmt.short(one.cost, "usd"),
            "saving": signed(one.saving),
            "percent": fmt.short(float(one.saving / recorded), "ratio") if recorded else fmt.UNKNOWN,
        }
        name = f"{one.model} (in use)" if one.used else one.model
        exact = {"cost": fmt.raw(one.cost), "saving": fmt.raw(one.saving)}
        lines.append(Line(name, cells, raw=exact))
    return lines


def steps(found: Change) -> list[Line]:
    """Each step of the waterfall, what it is, and the models that moved most."""
    words = dict(STEPS)
    told = [
        Line(words[name], {"change": signed(_decimal(amount)), "means": HELP[name]})
        for name, amount in found.steps
    ]
    told.append(Line("All together", {"change": signed(_decimal(found.after - found.before)), "means": "now less before, exactly"}))  # fmt: skip
    for model, amount in found.models[:MOVED]:
        where = ("model", model or "")
        told.append(Line(model or "Unknown model", {"change": signed(_decimal(amount)), "means": "this model's own change"}, where))  # fmt: skip
    return told


def counted(lines: Sequence[Counted], dim: str = "") -> list[Line]:
    """The gateway's sums beside the log's."""
    found: list[Line] = []
    for one in lines:
        gap = one.difference
        cells = {
            "counter": fmt.short(one.counter, "usd"),
            "ledger": fmt.short(one.ledger, "usd"),
            "gap": "0" if gap == 0 else signed(gap),
            "why": one.why or "they agree",
        }
        tones = {"gap": "warn"} if gap else None
        exact = {"counter": fmt.raw(one.counter), "ledger": fmt.raw(one.ledger), "gap": fmt.raw(gap)}
        where = (dim, one.name) if dim else None
        found.append(Line(one.name, cells, where, tones=tones, raw=exact))
    return found


def signed(value: Decimal | None) -> str:
    """A difference in dollars with its sign."""
    if value is None:
        return fmt.UNKNOWN
    text = fmt.short(abs(value), "usd")
    return text if not value else f"{'+' if value > 0 else fmt.MINUS}{text}"


def _decimal(value: object) -> Decimal:
    return Decimal(repr(float(value)))  # type: ignore[arg-type]


def _rate(value: Decimal | None) -> str:
    return fmt.price(value)
