"""Incidents counted: over time by type and by action, by team, by direction; the newest ones one by one.

Over the log it is one walk over the flagged rows, once per state of the log for all viewers. Each incident is counted
under one type (:func:`~helix_dash.metrics.incidents.main_type`) and one action, so parts sum to the whole; of the
*values* found an incident may have many.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl

from helix_dash.log.query import RequestLog
from helix_dash.metrics.incidents import (
    ACTIONS,
    Incident,
    action_of,
    direction_of,
    main_type,
    of_row,
    types_of,
)
from helix_dash.model import Condition, Filter, Scope, us_from_utc

MOST_NEWEST = 1_000
"""Incidents that are told one by one."""
MOST_IDS = 500_000
"""Incidents whose state is looked at; of more, the newest."""

FOUND = Condition("pii", "not_blank")
_REFUSED = (Condition("status", "in", ("blocked",)), Condition("pii", "blank"))
COLUMNS = (
    "time", "status", "user", "team", "model", "organization", "guardrail", "guardrail_name", "guardrail_mode", "pii",
    "producer", "seq",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Counts:
    """Incidents of a period.

    Args:
        total: how many.
        by_type: main type → incidents per bucket.
        by_action: action → incidents per bucket.
        values: type → values found.
        cells: (type, team) → values found; the team is ``None`` when unknown.
        directions: ``prompt``, ``response``, ``both`` or ``None`` → incidents.
        newest: the newest ones, newest first.
        times: when each was, ascending; those that do not say when are not among them.
        ids: their names.
        undated: how many do not say when; they belong to no period and are in no other figure.
        not_asked: conditions of the filter that the source cannot tell, in words.
    """

    total: int
    by_type: dict[str, tuple[int, ...]] = field(default_factory=dict)
    by_action: dict[str, tuple[int, ...]] = field(default_factory=dict)
    values: dict[str, int] = field(default_factory=dict)
    cells: dict[tuple[str, str | None], int] = field(default_factory=dict)
    directions: dict[str | None, int] = field(default_factory=dict)
    newest: tuple[Incident, ...] = ()
    times: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    ids: frozenset[str] = frozenset()
    undated: int = 0
    not_asked: tuple[str, ...] = ()

    def before(self, instant: int) -> int:
        """How many were before ``instant``, microseconds since the epoch."""
        return int(np.searchsorted(self.times, instant))


def in_log(log: RequestLog, scope: Scope, where: Filter, starts: Sequence[int]) -> Counts:
    """The incidents of the log that match ``where``; buckets begin at ``starts`` (microseconds, ascending)."""

    def compute() -> Counts:
        parts = [
            frame
            for more in ((FOUND,), _REFUSED)
            for frame in log.frames(scope, Filter(where.period, (*where.conditions, *more)), COLUMNS)
        ]
        return _counted(pl.concat(parts).select(COLUMNS), starts) if parts else Counts(0)

    return log.kept(("incidents", scope, where, tuple(starts)), compute)


def _counted(rows: pl.DataFrame, starts: Sequence[int]) -> Counts:
    words = [name for name in COLUMNS if name not in ("time", "seq")]
    rows = rows.with_columns(pl.col(words).cast(pl.String)).sort("time", "producer", "seq")
    times = rows["time"].to_numpy()
    bucket = np.maximum(np.searchsorted(np.asarray(starts, np.int64), times, side="right") - 1, 0)
    rows = rows.with_columns(pl.Series("bucket", bucket))
    groups = rows.group_by("bucket", "pii", "status", "guardrail", "guardrail_mode", "team").len()
    tally = _Tally(len(starts))
    for group in groups.iter_rows(named=True):
        tally.add(
            types_of(group["pii"]),
            action_of(group["status"], group["guardrail"]),
            group["bucket"],
            group["team"],
            direction_of(group["guardrail_mode"]),
            group["len"],
        )
    newest = rows.tail(MOST_NEWEST).reverse()
    names = rows.tail(MOST_IDS).select(pl.format("log:{}-{}", "producer", "seq").alias("id"))["id"]
    return tally.counts(
        tuple(of_row(row) for row in newest.iter_rows(named=True)),
        times.astype(np.int64),
        frozenset(names.to_list()),
    )


def in_list(entries: Iterable[Incident], where: Filter, starts: Sequence[int]) -> Counts:
    """The incidents of the gateway's list in the period of ``where``, as far as its conditions can be told of them."""
    start, end = us_from_utc(where.period.start), us_from_utc(where.period.end)
    tests = [one for one in where.conditions if one.column in _TOLD and one.op in ("in", "not_in")]
    apart = sorted({one.column for one in where.conditions} - {one.column for one in tests})
    every = [one for one in entries if all(_holds(one, test) for test in tests)]
    inside = [one for one in every if one.at is not None and start <= one.at < end]
    inside.sort(key=lambda one: (-(one.at or 0), one.id))
    tally = _Tally(len(starts))
    for one in inside:
        at = max(bisect_right(starts, one.at or 0) - 1, 0)
        tally.add(one.types, one.action, at, one.team, one.direction, 1)
    return tally.counts(
        tuple(inside[:MOST_NEWEST]),
        np.sort(np.array([one.at for one in inside], np.int64)),
        frozenset(one.id for one in inside),
        undated=sum(one.at is None for one in every),
        not_asked=tuple(apart),
    )


_TOLD = ("user", "model", "team")


def _holds(one: Incident, test: Condition) -> bool:
    value = getattr(one, test.column) or ""
    return (value in test.values) == (test.op == "in")


class _Tally:
    """Sums while incidents are counted."""

    def __init__(self, buckets: int) -> None:
        self._empty = [0] * max(1, buckets)
        self._types: dict[str, list[int]] = {}
        self._actions: dict[str, list[int]] = {name: self._empty.copy() for name in ACTIONS}
        self._values: Counter[str] = Counter()
        self._cells: Counter[tuple[str, str | None]] = Counter()
        self._directions: Counter[str | None] = Counter()
        self._total = 0

    def add(
        self,
        types: Mapping[str, int],
        action: str,
        bucket: int,
        team: str | None,
        direction: str | None,
        many: int,
    ) -> None:
        """``many`` incidents that are alike."""
        self._types.setdefault(main_type(types), self._empty.copy())[bucket] += many
        self._actions[action][bucket] += many
        for name, count in types.items():
            self._values[name] += count * many
            self._cells[name, team] += count * many
        self._directions[direction] += many
        self._total += many

    def counts(
        self,
        newest: tuple[Incident, ...],
        times: npt.NDArray[np.int64],
        ids: frozenset[str],
        *,
        undated: int = 0,
        not_asked: tuple[str, ...] = (),
    ) -> Counts:
        """The sums, largest first."""
        ranked = sorted(self._types.items(), key=lambda item: (-sum(item[1]), item[0]))
        return Counts(
            self._total,
            {name: tuple(line) for name, line in ranked},
            {name: tuple(line) for name, line in self._actions.items()},
            dict(sorted(self._values.items(), key=lambda item: (-item[1], item[0]))),
            dict(self._cells),
            dict(self._directions),
            newest,
            times,
            ids,
            undated,
            not_asked,
        )
