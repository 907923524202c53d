"""Answers across tenants: hits whose entry somebody else had written.

Who wrote an entry is a user or a team, as its gateway says, else who was given the answer that made the entry
(:mod:`helix_dash.metrics.cache_births`). Which team a user belongs to is what the log of the period shows; of an owner
that it does not show, nobody claims a team.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from helix_dash.log.query import RequestLog
from helix_dash.log.shown import row_id
from helix_dash.metrics.cache_births import traced
from helix_dash.model import Condition, Filter, Scope

Policy = Literal["team", "user"]
"""What may not be crossed."""

_COLUMNS = (
    "time", "user", "team", "cache", "cache_owner", "model", "similarity", "cache_age_ms", "prompt_hash",
    "cache_key", "producer", "seq",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Crossing:
    """One answer that crossed.

    Args:
        row: the request's id in the log.
        at: when it was answered, microseconds since the epoch.
        created: when its entry was written, microseconds since the epoch; ``None`` when its age is not known.
        entry: the entry's key as the log keeps it; ``None`` when it was not told.
        owner_teams: teams the owner is seen in; empty when none is known.
    """

    row: str
    at: int
    user: str | None
    team: str | None
    owner: str
    owner_teams: tuple[str, ...]
    model: str | None
    outcome: str
    similarity: float | None
    created: int | None
    entry: str | None


@dataclass(frozen=True, slots=True)
class Crossings:
    """Hits by whose entry answered.

    Args:
        hits: all of them.
        known: those whose owner is known; of ``traced`` the log shows the answer that made the entry.
        users: of the known ones, those of another user, in the same team or not.
        teams: of those, the ones of another team.
        unplaced: of those, the ones of whose owner no team is known.
        latest: by policy, the newest of them.
    """

    hits: int
    known: int
    traced: int
    users: int
    teams: int
    unplaced: int
    latest: dict[Policy, tuple[Crossing, ...]]

    def count(self, policy: Policy) -> int:
        """Answers that crossed what ``policy`` forbids."""
        return self.teams if policy == "team" else self.users


def crossings(log: RequestLog, scope: Scope, where: Filter, most: int = 12) -> Crossings:
    """The hits of ``where`` by whose entry answered.

    Raises:
        StoreUnavailable: the log has never been read on this host and the store does not answer.
    """
    # Everybody's teams, whatever is filtered; asked before the answer that counts as heavy.
    members = log.series(scope, Filter(where.period), ["user", "team"], None, ["requests"]).groups
    teams: dict[str, set[str]] = {}
    for user, team in members:
        if user and team:
            teams.setdefault(user, set()).add(team)
    hit = Condition("cache", "in", ("exact", "semantic"))
    asked = Filter(where.period, (*where.conditions, hit))

    def compute() -> Crossings:
        return _counted(log, scope, asked, teams, most)

    return log.kept(("cache crossings", scope, where, most), compute)


def _counted(
    log: RequestLog, scope: Scope, asked: Filter, teams: Mapping[str, set[str]], most: int
) -> Crossings:
    hits = known = 0
    others, silent = list[pl.DataFrame](), list[pl.DataFrame]()
    for frame in log.frames(scope, asked, _COLUMNS):
        words = frame.with_columns(pl.col("user", "team", "cache_owner", "model", "cache").cast(pl.String))
        owned = words.filter(pl.col("cache_owner").is_not_null())
        hits, known = hits + frame.height, known + owned.height
        others.append(_of_others(owned))
        silent.append(words.filter(pl.col("cache_owner").is_null()))
    found = traced(log, scope, asked.period, pl.concat(silent)) if silent else None
    born = 0 if found is None else found.height
    if found is not None:
        others.append(_of_others(found))
    known += born
    if not any(one.height for one in others):
        return Crossings(hits, known, born, 0, 0, 0, {"team": (), "user": ()})
    rows = pl.concat(others)
    pairs = rows.select("cache_owner", "team").unique()
    verdicts = [_apart(owner, team, teams) for owner, team in pairs.iter_rows()]
    judged = pairs.with_columns(pl.Series("apart", verdicts, pl.Boolean))
    newest = rows.join(judged, on=["cache_owner", "team"], nulls_equal=True).sort("time", descending=True)
    across = newest.filter(pl.col("apart"))
    return Crossings(
        hits,
        known,
        born,
        newest.height,
        across.height,
        newest["apart"].null_count(),
        {"team": _told(across.head(most), teams), "user": _told(newest.head(most), teams)},
    )


def _of_others(owned: pl.DataFrame) -> pl.DataFrame:
    mine = (pl.col("cache_owner") == pl.col("user")) | (pl.col("cache_owner") == pl.col("team"))
    return owned.filter(~mine.fill_null(value=False))


def _apart(owner: str, team: str | None, teams: Mapping[str, set[str]]) -> bool | None:
    """Whether an entry of ``owner`` belongs to another team than ``team``; ``None`` when that is not known."""
    if team is None:
        return None
    of_owner = teams.get(owner) or ({owner} if any(owner in some for some in teams.values()) else None)
    return None if of_owner is None else team not in of_owner


def _told(rows: pl.DataFrame, teams: Mapping[str, set[str]]) -> tuple[Crossing, ...]:
    return tuple(_crossing(row, teams) for row in rows.to_dicts())


def _crossing(row: dict[str, Any], teams: Mapping[str, set[str]]) -> Crossing:
    age, similarity = row["cache_age_ms"], row["similarity"]
    return Crossing(
        row=row_id(row["producer"], row["seq"]),
        at=row["time"],
        user=row["user"],
        team=row["team"],
        owner=row["cache_owner"],
        owner_teams=tuple(sorted(teams.get(row["cache_owner"], ()))),
        model=row["model"],
        outcome=row["cache"],
        similarity=None if similarity is None else similarity / 1_000_000,
        created=None if age is None else row["time"] - age,
        entry=row["cache_key"],
    )
