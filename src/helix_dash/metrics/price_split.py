"""The arithmetic of what was paid: amounts by class of tokens × price, by model, beside what was recorded; and the same
amounts at other models' prices.

Only requests whose cost is known and that the gateway's cache did not answer: those were bought. Amounts and dollars are
exact; a price step for long inputs and a fee per request are no part of a price per class, so they are in the
difference to what was recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal

import polars as pl

from helix_dash.log.buckets import bucket_starts
from helix_dash.log.query import RequestLog
from helix_dash.log.schema import PICO
from helix_dash.metrics.calls import CHAT
from helix_dash.metrics.prices import PriceTable
from helix_dash.model import Filter, Scope, us_from_utc, utc_from_us
from helix_dash.money import CLASSES, MILLION, Rates

TOKENS = tuple(f"{name}_tokens" for name in CLASSES)
MOST_DAYS = 400


@dataclass(slots=True)
class Paid:
    """What was bought of one model at one provider.

    Args:
        model: the model, ``None`` when unknown.
        provider: who served it.
        chat: whether its calls generate text.
        requests: how many.
        tokens: amounts by class.
        recorded: what they cost by the log, exact.
        classes: dollars by class at the prices of their days; a class without a price is absent.
        rates: the latest price; ``None`` when nobody knows one.
        rates_before: whether another price held for a part of the period.
        source: where that price comes from.
        untold: tokens of classes without a price.
    """

    model: str | None
    provider: str | None
    chat: bool = True
    requests: int = 0
    tokens: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CLASSES, 0))
    recorded: Decimal = Decimal(0)
    classes: dict[str, Decimal] = field(default_factory=dict)
    rates: Rates | None = None
    rates_before: bool = False
    source: str = ""
    untold: int = 0

    @property
    def listed(self) -> Decimal | None:
        """What the prices say; ``None`` when they do not know all of it."""
        return None if self.untold or self.rates is None else sum(self.classes.values(), Decimal(0))


def paid(log: RequestLog, scope: Scope, where: Filter, table: PriceTable, zone: tzinfo) -> tuple[Paid, ...]:
    """What the requests of ``where`` bought, by model and provider, the dearest first.

    Raises:
        StoreUnavailable: the log has never been read on this host and the store does not answer.
        BadQuery: a condition cannot be asked.
    """

    def compute() -> tuple[Paid, ...]:
        end = us_from_utc(where.period.end)
        earliest = us_from_utc(datetime.now(UTC) - timedelta(days=MOST_DAYS))
        start = min(max(us_from_utc(where.period.start), earliest), end - 1)
        starts = list(bucket_starts(start, end, "day", zone, MOST_DAYS + 2))
        found: dict[tuple[str | None, str | None], Paid] = {}
        owners = table.columns
        columns = [*owners, *TOKENS, "endpoint", "cost_usd", "priced", "cache", "time"]
        for frame in log.frames(scope, where, columns):
            for row in _grouped(frame, starts, owners).sort("day").iter_rows(named=True):
                key = (row["model"], row["provider"])
                _add(found.setdefault(key, Paid(*key, chat=row["chat"])), row, table, starts, zone)
        return tuple(sorted(found.values(), key=lambda one: (-one.recorded, one.model or "")))

    return log.kept(("paid", scope, where, table, str(zone)), compute)


def _grouped(frame: pl.DataFrame, starts: list[int], owners: Sequence[str]) -> pl.DataFrame:
    hit = pl.col("cache").is_in(["exact", "semantic"]).fill_null(value=False)
    known = pl.col("cost_usd").is_not_null() & ~pl.col("priced").eq_missing(other=False)
    mine = frame.filter(known & ~hit)
    day = pl.Series("day", starts).search_sorted(mine["time"], side="right")
    sums = [pl.col(name).fill_null(0).cast(pl.Int128).sum() for name in (*TOKENS, "cost_usd")]
    marked = mine.with_columns((day.cast(pl.Int64) - 1).alias("day"), pl.col("endpoint").is_in(CHAT).fill_null(value=False).alias("chat"))  # fmt: skip
    return marked.group_by(*owners, "chat", "day").agg(pl.len().alias("requests"), *sums)


def _add(
    one: Paid, row: Mapping[str, object], table: PriceTable, starts: Sequence[int], zone: tzinfo
) -> None:
    at = utc_from_us(starts[max(0, int(str(row["day"])))])
    tokens = {name: int(str(row[f"{name}_tokens"])) for name in CLASSES}
    one.requests += int(str(row["requests"]))
    one.recorded += Decimal(int(str(row["cost_usd"]))) / PICO
    owner = {name: None if row[name] is None else str(row[name]) for name in table.columns}
    found = table.of(owner, at.astimezone(zone).date(), at)
    if found is not None:
        one.rates_before = one.rates_before or one.rates not in (None, found.rates)
        one.rates, one.source = found.rates, found.source
    for name, amount in tokens.items():
        one.tokens[name] += amount
        rate = found.rates.of(name) if found is not None else None
        if not amount:
            continue
        if rate is None:
            one.untold += amount
        else:
            one.classes[name] = one.classes.get(name, Decimal(0)) + rate * amount / MILLION


@dataclass(frozen=True, slots=True)
class Split:
    """What was paid, by class of tokens.

    Args:
        classes: dollars by class, at the prices of each day.
        other: what the prices do not explain; negative when they ask for more than was recorded. All parts and this
            add up to ``recorded`` exactly.
        recorded: what the log says.
    """

    classes: dict[str, Decimal]
    other: Decimal
    recorded: Decimal


def split(bought: Iterable[Paid]) -> Split:
    """All of ``bought`` by class."""
    classes = dict.fromkeys(CLASSES, Decimal(0))
    recorded = Decimal(0)
    for one in bought:
        recorded += one.recorded
        for name, dollars in one.classes.items():
            classes[name] += dollars
    return Split(classes, recorded - sum(classes.values(), Decimal(0)), recorded)


@dataclass(frozen=True, slots=True)
class Shadow:
    """The same tokens at another model's prices.

    Args:
        model: whose prices.
        rates: its prices.
        cost: what the tokens would cost there, exact for these prices.
        saving: what was recorded, less that.
        source: where the prices come from.
        used: whether it is one of the models that were paid for.
    """

    model: str
    rates: Rates
    cost: Decimal
    saving: Decimal
    source: str
    used: bool


def shadows(
    bought: Sequence[Paid], candidates: Iterable[str], table: PriceTable, at: datetime, zone: tzinfo
) -> tuple[Shadow, ...]:
    """The text generating part of ``bought`` at the prices of each candidate, the largest saving first.

    The same amounts are assumed: another model counts tokens otherwise, and answers longer or shorter.
    A candidate without a price for what was used is left out.
    """
    chats = [one for one in bought if one.chat]
    tokens = {name: sum(one.tokens[name] for one in chats) for name in CLASSES}
    recorded = sum((one.recorded for one in chats), Decimal(0))
    used, day = {one.model for one in chats}, at.astimezone(zone).date()
    found: list[Shadow] = []
    for model in dict.fromkeys(candidates):
        price = table.of({"model": model}, day, at)
        cost = price.rates.cost(tokens) if price is not None else None
        if price is None or cost is None or not sum(tokens.values()):
            continue
        found.append(Shadow(model, price.rates, cost, recorded - cost, price.source, model in used))
    return tuple(sorted(found, key=lambda one: (-one.saving, one.model)))


COMMON = (
    "gpt-4o", "gpt-4o-mini", "gpt-4.1", "gpt-4.1-mini", "gpt-5", "gpt-5-mini", "o3", "claude-sonnet-4-5",
    "claude-haiku-4-5", "gemini-2.5-pro", "gemini-2.5-flash", "mistral-large-latest", "deepseek-chat",
)  # fmt: skip
"""Models whose prices the table is looked up for beside those in use; one it does not know is left out."""
