"""Whole sums of every group and bucket as one table: for what counts groups, not only ranks the largest.

:class:`~helix_dash.log.series.Series` tells at most 1000 groups; of five thousand users a page that counts who was
active needs all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from helix_dash.errors import BadQuery
from helix_dash.log.cells import Cells, Question
from helix_dash.log.measures import TALLIES, TOKENS
from helix_dash.log.mirror import MirrorState
from helix_dash.log.schema import PICO
from helix_dash.log.series import Answer

MOST_BUCKETS = 10_000
OTHERS = "other"
"""The group of old values that are told apart no more."""

Backend = Callable[[MirrorState, Question, Cells, list[str], list[str]], Answer]

FIGURES = ("requests", "success", "cancelled", "error", "throttled", "blocked", "cost_usd", "priced", "unpriced", *TOKENS)  # fmt: skip
"""The tallies that rankings of people, teams and keys are made of."""


@dataclass(frozen=True, slots=True)
class Crosstab:
    """Sums by group and bucket. Shared by all who ask; nobody changes it.

    Args:
        table: a column of words per dimension (null is "unknown"), ``bucket`` (its place in ``starts``), and a column
            of whole numbers per tally, money in 10⁻¹² dollars; one line per group and bucket with requests.
        starts: the buckets' first instants, epoch microseconds; one when no bucket was asked.
        untold: the buckets of which nothing can be told any more: single requests have expired, and totals do not
            tell this question's groups or conditions apart.
        others: dimension → how many values its group :data:`OTHERS` holds, at most, where old totals tell them apart
            no more.
    """

    table: pl.DataFrame
    starts: tuple[int, ...]
    untold: frozenset[int]
    others: dict[str, int]

    @property
    def whole(self) -> bool:
        """Whether every bucket can be told."""
        return not self.untold


def crosstab(state: MirrorState, question: Question, names: Sequence[str], backend: Backend) -> Crosstab:
    """The table that answers ``question``.

    Raises:
        BadQuery: an unknown tally or dimension, or a bad condition.
    """
    for name in names:
        if name not in TALLIES:
            raise BadQuery("measures", f"There is no sum {name!r}.")
    cells = Cells(question, state.vocabulary)
    found = backend(state, question, cells, sorted({*names, "requests"}), [])
    keys = found.tallies["k"]
    groups = keys // cells.buckets
    frame = found.tallies.select(
        (keys % cells.buckets).alias("bucket"),
        groups.alias("group"),
        *(_narrow(found.tallies[name]) for name in dict.fromkeys(("requests", *names))),
    )
    numbers = groups.unique()
    words = [cells.group(number) for number in numbers.to_list()]
    named = pl.DataFrame(
        {"group": numbers} | {dim: pl.Series([word[at] for word in words], dtype=pl.String) for at, dim in enumerate(question.dims)}
    )  # fmt: skip
    table = frame.join(named, on="group", how="left").drop("group").filter(pl.col("requests") > 0)
    gone = found.expired
    return Crosstab(table, question.starts, frozenset(gone.untold), gone.others)


def _narrow(sums: pl.Series) -> pl.Series:
    """64 bits unless one of the sums is too large for them."""
    small = sums.cast(pl.Int64, strict=False)
    return sums if small.null_count() else small


def dollars(cost: int, priced: int, unpriced: int) -> Decimal | None:
    """A sum of money as dollars; ``None`` when requests should have a price and none has one."""
    return None if unpriced and not priced else Decimal(cost) / PICO
