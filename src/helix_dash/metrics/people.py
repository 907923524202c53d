"""Users, teams and keys of a period with their figures: all of them, so that parts sum to the whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from helix_dash.log.crosstab import FIGURES, OTHERS, dollars
from helix_dash.log.measures import TOKENS
from helix_dash.log.query import RequestLog
from helix_dash.model import Filter, Scope

Order = Literal["cost", "requests", "tokens"]
ORDERS: tuple[Order, ...] = ("cost", "requests", "tokens")


@dataclass(frozen=True, slots=True)
class Standing:
    """One user, team or key in a period.

    Args:
        name: its name; ``None`` for requests that name none.
        requests: how many.
        tokens: input and output.
        cost: dollars; ``None`` when requests should have a price and none has one.
        unpriced: successful requests with tokens and without a price.
        success_rate: of the requests that were not cancelled; ``None`` without any.
        errors: failed, throttled and blocked requests.
    """

    name: str | None
    requests: int
    tokens: int
    cost: float | None
    unpriced: int
    success_rate: float | None
    errors: int

    def figure(self, order: Order) -> float:
        """What it is ranked by; an unknown cost counts as none."""
        return {"cost": self.cost or 0.0, "requests": self.requests, "tokens": self.tokens}[order]


@dataclass(frozen=True, slots=True)
class Standings:
    """All of a column's words that have requests in a period.

    Args:
        all: one each, by falling cost.
        total: their sum.
        whole: whether nothing of the period is missing: old totals know users and no teams or keys.
        others: how many names the one called "other" holds, at most.
    """

    all: tuple[Standing, ...]
    total: Standing
    whole: bool = True
    others: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        """Those that are known by name."""
        return tuple(one.name for one in self.all if one.name is not None and one.name != OTHERS)

    def ranked(self, order: Order) -> list[Standing]:
        """The same by falling figure; those of equal ones by name."""
        return sorted(self.all, key=lambda one: (-one.figure(order), one.name is None, one.name or ""))


def standings(log: RequestLog, scope: Scope, where: Filter, column: str) -> Standings:
    """The words of ``column`` in ``where``.

    Raises:
        StoreUnavailable: the log has never been read on this host and the store does not answer.
        BadQuery: a condition cannot be asked.
    """
    found = log.crosstab(scope, where, [column], None, FIGURES)
    each = [_standing(row[column], row) for row in found.table.iter_rows(named=True)]
    each.sort(key=lambda one: (-(one.cost or 0), -one.requests, one.name or ""))
    sums = {name: int(found.table[name].cast(pl.Int128).sum()) for name in FIGURES}
    return Standings(tuple(each), _standing(None, sums), found.whole, found.others.get(column, 0))


def _standing(name: str | None, row: Mapping[str, int]) -> Standing:
    cost = dollars(row["cost_usd"], row["priced"], row["unpriced"])
    ended = row["requests"] - row["cancelled"]
    return Standing(
        name,
        row["requests"],
        sum(row[token] for token in TOKENS),
        None if cost is None else float(cost),
        row["unpriced"],
        row["success"] / ended if ended > 0 else None,
        row["error"] + row["throttled"] + row["blocked"],
    )


@dataclass(frozen=True, slots=True)
class Pairs:
    """Which words of one column occur with which of another, and how often.

    Args:
        table: the two columns and ``requests``.
        left: the first column.
        right: the second one.
        whole: whether nothing of the period is missing.
    """

    table: pl.DataFrame
    left: str
    right: str
    whole: bool

    def foremost(self) -> dict[str, tuple[str, int]]:
        """Each word of the first column → the one of the second it occurs with most, and with how many it does."""
        known = self.table.filter(pl.col(self.left).is_not_null() & pl.col(self.right).is_not_null())
        ranked = known.sort(["requests", self.right], descending=[True, False])
        found = ranked.group_by(self.left, maintain_order=True).agg(
            pl.col(self.right).first(), pl.len().alias("n")
        )
        return {left: (right, count) for left, right, count in found.iter_rows()}

    def many(self) -> dict[str | None, int]:
        """Each word of the second column → with how many known words of the first one it occurs."""
        found = self.table.filter(pl.col(self.left).is_not_null()).group_by(self.right).len()
        return dict(found.iter_rows())


def pairs(log: RequestLog, scope: Scope, where: Filter, left: str, right: str) -> Pairs:
    """The words of two columns that occur together in ``where``."""
    found = log.crosstab(scope, where, [left, right], None, ["requests"])
    return Pairs(found.table.select(left, right, "requests"), left, right, found.whole)


def top(ranked: Sequence[Standing], order: Order, most: int) -> tuple[Sequence[Standing], int, float]:
    """The first ``most``, how many others there are, and what these sum up to."""
    rest = ranked[most:]
    return ranked[:most], len(rest), sum(one.figure(order) for one in rest)
