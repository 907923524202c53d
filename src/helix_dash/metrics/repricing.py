"""What the requests without a price would have cost, at the prices that operators have set or the table has by now.

The log is never rewritten: sealed segments and their totals stay as the gateway recorded them. This is an overlay,
computed request by request class, exact, shown beside the recorded cost and never added into it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal

import polars as pl

from helix_dash.log.buckets import bucket_starts
from helix_dash.log.query import RequestLog
from helix_dash.metrics.prices import PriceTable
from helix_dash.model import Condition, Filter, Scope, us_from_utc, utc_from_us
from helix_dash.money import CLASSES

TOKENS = tuple(f"{name}_tokens" for name in CLASSES)
MOST_DAYS = 400


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
        for frame in log.frames(scope, where, [*owners, *TOKENS, "cost_usd", "priced", "time"]):
            for row in _grouped(frame, starts, owners).iter_rows(named=True):
                key = (row["model"], row["provider"])
                _add(found.setdefault(key, Unpriced(*key)), row, table, starts, zone)
        return tuple(sorted(found.values(), key=lambda one: (-one.requests, one.model or "")))

    return log.kept(("unpriced", scope, where, table, str(zone)), compute)


def _days(where: Filter, zone: tzinfo) -> list[int]:
    """The first instants of the days that the period touches."""
    end = us_from_utc(where.period.end)
    earliest = us_from_utc(datetime.now(UTC) - timedelta(days=MOST_DAYS))
    start = max(us_from_utc(where.period.start), earliest)
    return list(bucket_starts(min(start, end - 1), end, "day", zone, MOST_DAYS + 2)) or [start]


def _grouped(frame: pl.DataFrame, starts: list[int], owners: Sequence[str]) -> pl.DataFrame:
    """Requests and tokens without a price by who asked whom, and by day."""
    used = pl.sum_horizontal(pl.col(name).fill_null(0).cast(pl.Int64) for name in TOKENS) > 0
    no_price = pl.col("cost_usd").is_null() | (pl.col("priced").eq_missing(other=False))
    mine = frame.filter(used & no_price)
    day = pl.Series("day", starts).search_sorted(mine["time"], side="right")
    sums = [pl.col(name).fill_null(0).cast(pl.Int64).sum() for name in TOKENS]
    return mine.with_columns((day.cast(pl.Int64) - 1).alias("day")).group_by(*owners, "day").agg(pl.len().alias("requests"), *sums)  # fmt: skip


def _add(
    one: Unpriced, row: Mapping[str, object], table: PriceTable, starts: list[int], zone: tzinfo
) -> None:
    place, requests = int(str(row["day"])), int(str(row["requests"]))
    at = utc_from_us(starts[max(0, place)])
    day = at.astimezone(zone).date()
    tokens = {name: int(str(row[f"{name}_tokens"])) for name in CLASSES}
    one.requests += requests
    for name, amount in tokens.items():
        one.tokens[name] += amount
    one.first = min(one.first or day.isoformat(), day.isoformat())
    one.last = max(one.last, day.isoformat())
    owner = {name: None if row[name] is None else str(row[name]) for name in table.columns}
    found = table.of(owner, day, at)
    cost = None if found is None else found.rates.cost(tokens)
    if found is not None and cost is not None:
        one.priced += requests
        one.cost = (one.cost or Decimal(0)) + cost
        one.source = found.source
