"""What the requests without a price would cost, at the prices that operators have set or the table has by now.

It is computed from single requests, class by class, exact, and shown beside the recorded cost. What operators have set
can be given to them: :func:`rules` puts those prices into an order (:mod:`helix_dash.orders.recompute`). What the table
says stays a hint: a cost that everybody sees is somebody's decision, on record.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from typing import Any

import msgspec
import polars as pl

from helix_dash.errors import BadQuery
from helix_dash.log.buckets import bucket_starts
from helix_dash.log.query import RequestLog
from helix_dash.log.repricing import HITS, Rule
from helix_dash.log.schema import PICO
from helix_dash.metrics.prices import SCOPES, Price, PriceTable
from helix_dash.model import Condition, Filter, Scope, us_from_utc, utc_from_us
from helix_dash.money import CLASSES

TOKENS = tuple(f"{name}_tokens" for name in CLASSES)
MOST_DAYS = 400
MOST_RULES = 16 * 1024
"""Bytes of prices that one order may carry."""


@dataclass(slots=True)
class Unpriced:
    """The unpriced requests of one model at one provider.

    Args:
        model: the model, ``None`` when unknown.
        provider: who served it, ``None`` when unknown.
        requests: how many: answered, tokens used, no cost recorded.
        tokens: by class.
        first: their first day, last: their last one, both as ISO dates of the zone.
        priced: those of them that have a price by now.
        cost: what those would have cost, exact; ``None`` when none has a price.
        source: where the latest price comes from; empty without one.
        ready: those of them whose price an operator has set: what an order gives a cost to.
        ready_cost: what those would cost, exact.
    """

    model: str | None
    provider: str | None
    requests: int = 0
    tokens: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CLASSES, 0))
    first: str = ""
    last: str = ""
    priced: int = 0
    cost: Decimal | None = None
    source: str = ""
    ready: int = 0
    ready_cost: Decimal = Decimal(0)


def unpriced(
    log: RequestLog, scope: Scope, where: Filter, table: PriceTable, zone: tzinfo
) -> tuple[Unpriced, ...]:
    """The unpriced requests of ``where`` by model and provider, most first, with what they would have cost.

    Args:
        log: the log.
        scope: what the asker may see.
        where: the page's filter.
        table: the prices that operators have set.
        zone: the reporting zone, whose dates prices hold from.

    Raises:
        StoreUnavailable: the log has never been read on this host and the store does not answer.
        BadQuery: a condition cannot be asked.
    """
    where = Filter(where.period, (*where.conditions, Condition("status", "in", ("success",))))

    def compute() -> tuple[Unpriced, ...]:
        found: dict[tuple[str | None, str | None], Unpriced] = {}
        starts, owners = _days(where, zone), table.columns
        columns = [*owners, *TOKENS, "cost_usd", "priced", "cache", "time"]
        for frame in log.frames(scope, where, columns):
            for row in _grouped(frame, starts, owners).iter_rows(named=True):
                key = (row["model"], row["provider"])
                _add(found.setdefault(key, Unpriced(*key)), row, table, starts, zone)
        return tuple(sorted(found.values(), key=lambda one: (-one.requests, one.model or "")))

    return log.kept(("unpriced", scope, where, table, str(zone)), compute)


def computed(log: RequestLog, scope: Scope, where: Filter) -> tuple[int, Decimal]:
    """How many kept requests of ``where`` carry a cost that was computed here afterwards, and their dollars, exact.

    Raises:
        StoreUnavailable: the log has never been read on this host and the store does not answer.
        BadQuery: a condition cannot be asked.
    """
    where = Filter(where.period, (*where.conditions, Condition("cost_source", "not_blank")))

    def compute() -> tuple[int, Decimal]:
        costs = [frame["cost_usd"].cast(pl.Int128) for frame in log.frames(scope, where, ["cost_usd"])]
        return sum(map(len, costs)), Decimal(sum(int(one.sum()) for one in costs)) / PICO

    return log.kept(("computed", scope, where), compute)


def rules(table: PriceTable, models: Collection[str | None], zone: tzinfo) -> list[dict[str, Any]]:
    """The prices of ``models`` as an order carries them, of two that fit the one that wins first.

    Args:
        zone: the reporting zone, whose days prices begin with.

    Raises:
        BadQuery: they are too many for one order.
    """
    found = [_rule(price, zone) for price in table.ranked if price.model in models]
    if len(msgspec.json.encode(found)) > MOST_RULES:
        raise BadQuery("model", "These are too many prices for one order: recompute one model after the other.")  # fmt: skip
    return [msgspec.to_builtins(rule) for rule in found]


def _rule(price: Price, zone: tzinfo) -> Rule:
    day = min(max(date.fromisoformat(price.since), date(2000, 1, 1)), date(2200, 1, 1))
    rates = {name: price.rates.of(name) for name in CLASSES}
    return Rule(
        begins=us_from_utc(datetime.combine(day, time(), zone).astimezone(UTC)),
        model=price.model,
        rates={name: f"{rate:f}" for name, rate in rates.items() if rate is not None},
        source=price.source,
        column=SCOPES[price.scope] or "",
        name=price.name,
        organization=price.organization,
    )


def _days(where: Filter, zone: tzinfo) -> list[int]:
    """The first instants of the days that the period touches."""
    end = us_from_utc(where.period.end)
    earliest = us_from_utc(datetime.now(UTC) - timedelta(days=MOST_DAYS))
    start = max(us_from_utc(where.period.start), earliest)
    return list(bucket_starts(min(start, end - 1), end, "day", zone, MOST_DAYS + 2)) or [start]


def _grouped(frame: pl.DataFrame, starts: list[int], owners: Sequence[str]) -> pl.DataFrame:
    """Requests and tokens without a price by who asked whom, by day, and by what decides whether a price fits: the
    classes that were used, whether an amount stands there, whether the gateway's cache answered."""
    classes = [pl.col(name).fill_null(0).cast(pl.Int64).alias(name) for name in TOKENS]
    no_price = pl.col("cost_usd").is_null() | (pl.col("priced").eq_missing(other=False))
    used = [(pl.col(name) > 0).alias(f"used_{name}") for name in TOKENS]
    mine = frame.filter(no_price).with_columns(classes).with_columns(
        *used, pl.col("cost_usd").is_null().alias("open"), pl.col("cache").cast(pl.String).is_in(HITS).fill_null(value=False).alias("hit"),
    ).filter(pl.any_horizontal(f"used_{name}" for name in TOKENS))  # fmt: skip
    day = pl.Series("day", starts).search_sorted(mine["time"], side="right")
    keys = (*owners, "day", "open", "hit", *(f"used_{name}" for name in TOKENS))
    return mine.with_columns((day.cast(pl.Int64) - 1).alias("day")).group_by(*keys).agg(pl.len().alias("requests"), pl.col(TOKENS).sum())  # fmt: skip


def _add(one: Unpriced, row: Mapping[str, Any], table: PriceTable, starts: list[int], zone: tzinfo) -> None:
    place, requests = int(row["day"]), int(row["requests"])
    at = utc_from_us(starts[max(0, place)])
    day = at.astimezone(zone).date()
    tokens = {name: int(row[f"{name}_tokens"]) for name in CLASSES}
    one.requests += requests
    for name, amount in tokens.items():
        one.tokens[name] += amount
    one.first = min(one.first or day.isoformat(), day.isoformat())
    one.last = max(one.last, day.isoformat())
    owner = {name: None if row[name] is None else str(row[name]) for name in table.columns}
    found = table.of(owner, day, at)
    cost = None if found is None else found.rates.cost(tokens)
    if found is None or cost is None:
        return
    cost = Decimal(0) if row["hit"] else cost
    one.priced += requests
    one.cost = (one.cost or Decimal(0)) + cost
    one.source = found.source
    if found.operator and row["open"]:
        one.ready += requests
        one.ready_cost += cost
