"""The threshold lab: what the semantic cache would have answered, and saved, at any threshold. From recorded scores.

A request whose prompt was looked up by meaning carries the score of its best match. At a threshold it would have
been answered from the cache when that score reaches it; what it then saves is what it cost, or, where it was a hit,
what that avoided. First order only: an answer from the cache makes no new entry, so later scores would differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from helix_dash.log.query import RequestLog
from helix_dash.log.schema import PICO
from helix_dash.model import Condition, Filter, Scope

THRESHOLDS: tuple[float, ...] = tuple(round(0.5 + step / 100, 2) for step in range(50))
"""0.50 to 0.99."""

_MILLIONTHS = 1_000_000
_COLUMNS = ("similarity", "cache", "cost_usd", "avoided_cost_usd")


@dataclass(frozen=True, slots=True)
class At:
    """What one threshold would have done.

    Args:
        hits: requests the semantic cache would have answered.
        gained: those of them that were misses.
        lost: hits that would have been misses.
        saved_usd: what those hits save, as far as priced.
        unpriced: those of them whose cost is not known.
    """

    hits: int
    gained: int
    lost: int
    saved_usd: Decimal
    unpriced: int


@dataclass(frozen=True, slots=True)
class Lab:
    """Requests whose score is known.

    Args:
        lookups: how many.
        lowest_hit: the lowest score that was answered from the cache; ``None`` without a hit.
        highest_miss: the highest one that was not.
        scores: in millionths, ascending; ``money`` (10⁻¹² dollars, −1 unknown) and ``hit`` belong to them.
    """

    lookups: int
    lowest_hit: float | None
    highest_miss: float | None
    scores: npt.NDArray[np.int64]
    money: npt.NDArray[np.float64]
    hit: npt.NDArray[np.bool_]

    def at(self, threshold: float) -> At:
        """What ``threshold`` would have done."""
        first = int(np.searchsorted(self.scores, round(threshold * _MILLIONTHS), side="left"))
        money, hit = self.money[first:], self.hit[first:]
        known = money >= 0
        return At(
            hits=len(hit),
            gained=int((~hit).sum()),
            lost=int(self.hit[:first].sum()),
            saved_usd=Decimal(int(money[known].sum())) / PICO,
            unpriced=int((~known).sum()),
        )


def lab(log: RequestLog, scope: Scope, where: Filter) -> Lab:
    """The scores of the successful lookups that match ``where``.

    Raises:
        StoreUnavailable: the log has never been read on this host and the store does not answer.
    """
    looked_up = (
        Condition("similarity", "not_blank"),
        Condition("cache", "in", ("semantic", "miss")),
        Condition("status", "in", ("success",)),
    )
    asked = Filter(where.period, (*where.conditions, *looked_up))

    def compute() -> Lab:
        parts: list[Any] = []
        for frame in log.frames(scope, asked, _COLUMNS):
            hit = pl.col("cache") == "semantic"
            worth = pl.when(hit).then(pl.col("avoided_cost_usd")).otherwise(pl.col("cost_usd"))
            told = frame.select(
                pl.col("similarity").cast(pl.Int64), worth.cast(pl.Float64).fill_null(-1).alias("money"), hit.alias("hit")
            )  # fmt: skip
            parts.append((told["similarity"].to_numpy(), told["money"].to_numpy(), told["hit"].to_numpy()))
        if not parts:
            return Lab(0, None, None, np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.bool_))
        scores, money, hits = (np.concatenate(some) for some in zip(*parts, strict=True))
        order = np.argsort(scores, kind="stable")
        scores, money, hits = scores[order], money[order], hits[order].astype(np.bool_)
        answered, missed = scores[hits], scores[~hits]
        return Lab(
            len(scores),
            float(answered[0]) / _MILLIONTHS if len(answered) else None,
            float(missed[-1]) / _MILLIONTHS if len(missed) else None,
            scores,
            money,
            hits,
        )

    return log.kept(("cache lab", scope, where), compute)
