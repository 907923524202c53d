"""What other limits would have done: the last days once more, with one change to the table of limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta, tzinfo

import polars as pl

from helix_dash.errors import BadQuery
from helix_dash.log.query import RequestLog
from helix_dash.metrics.demand import MOST_DAYS, Demand, Replay, demand, replay
from helix_dash.metrics.limits import Assigned, Limits, LimitTable
from helix_dash.model import Filter, Period, Scope

MOST_REQUESTS = 30_000_000
"""Requests that one replay looks at: beyond it, fewer days are taken, so that it ends in bounded time."""


@dataclass(frozen=True, slots=True)
class WhatIf:
    """A replay of the table as it is, and one of it as proposed.

    Args:
        period: the days that were replayed: seven, or fewer when they hold too many requests.
        now: with the limits of today.
        then: with those that were proposed.
        concerned: how many keys have other limits then.
    """

    period: Period
    now: Replay
    then: Replay
    concerned: int


def proposed(table: LimitTable, kind: str, name: str, limits: Limits) -> LimitTable:
    """``table`` with these limits for one tier, key or team; nothing is written.

    Raises:
        BadQuery: ``kind`` is none of these, or nothing is named.
    """
    if not name:
        raise BadQuery("name", "Name the tier, key or team that the limits are for.")
    if kind == "tier":
        return replace_in(table, tiers=table.tiers | {name: limits})
    if kind == "key":
        return replace_in(table, keys=table.keys | {name: Assigned(limits=limits)})
    if kind == "team":
        return replace_in(table, teams=table.teams | {name: Assigned(limits=limits)})
    raise BadQuery("kind", "Limits are proposed for a tier, a key or a team.")


def replace_in(table: LimitTable, **parts: Mapping[str, object]) -> LimitTable:
    """``table`` with other parts."""
    kept = {"tiers": table.tiers, "default": table.default, "keys": table.keys, "teams": table.teams}
    return LimitTable(**(kept | parts))  # type: ignore[arg-type]


def what_if(
    log: RequestLog, scope: Scope, where: Filter, table: LimitTable, other: LimitTable, zone: tzinfo
) -> WhatIf:
    """The demand of ``where`` replayed with ``table`` and with ``other``."""
    found = demand(log, scope, _bounded(log, scope, where))
    now, then = limits_by_key(found, table), limits_by_key(found, other)
    concerned = sum(now[key] != then[key] for key in now)
    return WhatIf(found.period, replay(found, now, zone), replay(found, then, zone), concerned)


def limits_by_key(found: Demand, table: LimitTable) -> dict[str | None, Limits]:
    """The limits that each key of ``found`` has in ``table``."""
    teams = found.table.group_by("key").agg(pl.col("team").max())
    return {key: table.of(key, team)[0] for key, team in teams.iter_rows()}


def _bounded(log: RequestLog, scope: Scope, where: Filter) -> Filter:
    end = where.period.end
    for days in range(MOST_DAYS, 1, -1):
        shorter = where.during(Period(max(where.period.start, end - timedelta(days=days)), end))
        if log.count(scope, shorter) <= MOST_REQUESTS:
            return shorter
    return where.during(Period(end - timedelta(days=1), end))
