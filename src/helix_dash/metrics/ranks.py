"""Rankings of entities: their figures, the largest and all others, and the order that their colours hang on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from helix_dash.log.query import Number, RequestLog, Series
from helix_dash.model import Filter, Period, Scope


@dataclass(frozen=True, slots=True)
class Ranked:
    """One row of a ranking; ``name`` is ``None`` for "unknown"."""

    name: str | None
    figures: dict[str, Number]


def ranked(series: Series) -> tuple[Ranked, ...]:
    """The groups of a series in one sum that have requests, in its order."""
    rows = [
        Ranked(group[0], {name: values[index][0] for name, values in series.values.items()})
        for index, group in enumerate(series.groups)
    ]
    return tuple(row for row in rows if row.figures["requests"])


def largest(series: Series, count: int) -> tuple[Series, tuple[Number, ...]]:
    """The ``count`` largest groups of a series of one measure, and the sum of the others per bucket, if any."""
    ((name, values),) = series.values.items()
    kept = replace(series, groups=series.groups[:count], values={name: values[:count]})
    rest = values[count:]
    if not rest:
        return kept, ()
    return kept, tuple(_sum([line[index] for line in rest]) for index in range(len(series.starts)))


@dataclass(frozen=True, slots=True)
class Parts:
    """One measure per group and bucket: the largest groups, the sum of the others, and how many those are."""

    series: Series
    others: tuple[Number, ...]
    apart: int


def parted(series: Series, count: int) -> Parts:
    """A series of one measure as its ``count`` largest groups and the others."""
    ((_, lines),) = series.values.items()
    kept, others = largest(series, count)
    return Parts(kept, others, sum(1 for line in lines[count:] if any(line)))


def _sum(numbers: Sequence[Number]) -> Number:
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None


def rank_order(log: RequestLog, scope: Scope, dim: str, now: datetime) -> tuple[str | None, ...]:
    """The values of ``dim`` by cost over today and the 30 days before it (UTC), whatever is filtered.

    The log keeps its answers until something new is recorded, so this is computed once per refresh, however many
    pages and viewers ask.

    Raises:
        StoreUnavailable: the log has never been read on this host and the store does not answer.
    """
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    month = Filter(Period(midnight - timedelta(days=30), midnight + timedelta(days=1)))
    return tuple(group[0] for group in log.series(scope, month, [dim], None, ["cost_usd"]).groups)
