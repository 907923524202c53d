"""What is wrong with API keys, as far as their use tells: each finding by a stated rule with its evidence.

The log knows a key by its alias, its users, teams, models and outcomes. Who created it, when it expires, from which
addresses it is used: none of that is recorded, so nothing is said about it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

import polars as pl

from helix_dash.log.crosstab import OTHERS
from helix_dash.log.query import RequestLog
from helix_dash.metrics.abuse import Rule
from helix_dash.metrics.limits import LimitTable
from helix_dash.model import Filter, Period, Scope, utc_from_us

LOOKED_AT = 90
"""Days back in which a key must have been used to be known from the log."""
UNUSED, LATELY, WEEK = 30, 30, 7
SHARED_BY = 5
ERRORS_LEAST, ERRORS_SHARE, ERRORS_TIMES, ERRORS_OF = 20, 0.1, 3, 50
MODELS_LEAST, MODELS_SHARE = 20, 0.5

RULES: tuple[Rule, ...] = (
    Rule("never", "Never used", f"It has limits, and no request in the last {LOOKED_AT} days."),
    Rule("unused", "Unused", f"No request for {UNUSED} days or more."),
    Rule("ownerless", "No owner", f"Used in the last {LATELY} days, and no request of it names a user."),
    Rule("shared", "Shared", f"Used by {SHARED_BY} or more users in the last {LATELY} days."),
    Rule("teams", "Several teams", f"Used by more than one team in the last {LATELY} days."),
    Rule(
        "errors",
        "Rising errors",
        f"In the last {WEEK} days {ERRORS_LEAST} or more failures, {ERRORS_SHARE:.0%} or more of its requests, and "
        f"{ERRORS_TIMES} times the share of the 28 days before, which had {ERRORS_OF} requests or more.",
    ),
    Rule(
        "models",
        "New models",
        f"In the last {WEEK} days {MODELS_SHARE:.0%} or more of at least {MODELS_LEAST} requests went to models that it "
        f"did not ask for in the 28 days before.",
    ),
    Rule("unlimited", "No limit", f"Used in the last {LATELY} days, and neither it, its team nor everybody has a limit."),
)  # fmt: skip
ALARMING = frozenset({"errors", "models", "shared"})


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that a key met.

    Args:
        key: its alias.
        rule: the rule's fixed word.
        evidence: the figures that met it.
        last: the day it was used last, as :meth:`date.toordinal`; ``None``: not in the time looked at.
    """

    key: str
    rule: str
    evidence: str
    last: int | None


@dataclass(frozen=True, slots=True)
class Hygiene:
    """All keys that are known, and what is wrong with them.

    Args:
        findings: in order of the rules, then of the keys.
        known: keys of the log and of the table of limits.
        active: how many were used in the last 30 days.
        unused: how many were not.
        whole: whether the log could tell about all the days looked at.
    """

    findings: tuple[Finding, ...]
    known: int
    active: int
    unused: int
    whole: bool


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the log tells: per key and day; and with whom, and for which models, it was used."""

    daily: pl.DataFrame
    users: pl.DataFrame
    teams: pl.DataFrame
    models: pl.DataFrame
    models_before: pl.DataFrame
    today: int


def hygiene(
    log: RequestLog, scope: Scope, where: Filter, limits: LimitTable, now: datetime, zone: tzinfo
) -> Hygiene:
    """Every key under the conditions of ``where``, whatever its period.

    Raises:
        StoreUnavailable: the log has never been read on this host and the store does not answer.
        BadQuery: a condition cannot be asked.
    """
    midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)

    def days(first: int, last: int = 0) -> Filter:
        return where.during(Period(midnight - timedelta(days=first - 1), midnight + timedelta(days=1 - last)))

    outcomes = ("requests", "cancelled", "error", "throttled", "blocked")
    found = log.crosstab(scope, days(LOOKED_AT), ["key_alias"], "day", outcomes)
    ordinals = [utc_from_us(start).astimezone(zone).date().toordinal() for start in found.starts]
    named = found.table.filter(pl.col("key_alias").is_not_null() & (pl.col("key_alias") != OTHERS))
    daily = named.with_columns(
        pl.Series("day", ordinals, dtype=pl.Int64).gather(named["bucket"]).alias("day")
    )

    def apart(column: str, period: Filter) -> pl.DataFrame:
        return log.crosstab(scope, period, ["key_alias", column], None, ["requests"]).table

    seen = _Seen(
        daily,
        apart("user", days(LATELY)),
        apart("team", days(LATELY)),
        apart("model", days(WEEK)),
        apart("model", days(WEEK + 28, WEEK)),
        midnight.date().toordinal(),
    )
    # The table of limits names keys of every organization: only who sees all of them is told its names.
    listed = set(limits.keys) if scope.organization is None and not where.conditions else set()
    return judged(seen, limits, listed, whole=found.whole)


def judged(seen: _Seen, limits: LimitTable, listed: set[str], *, whole: bool) -> Hygiene:
    """What the rules say about what was ``seen``, and about keys that are ``listed`` with limits."""
    last = dict(seen.daily.group_by("key_alias").agg(pl.col("day").max()).iter_rows())
    lately = {key for key, day in last.items() if day > seen.today - LATELY}
    known = set(last) | listed
    told = [
        *_never(listed - set(last)),
        *_unused(last, seen.today),
        *_ownerless(seen.users, lately),
        *_shared(seen.users),
        *_several_teams(seen.teams),
        *_rising_errors(seen.daily, seen.today),
        *_new_models(seen.models, seen.models_before),
        *_unlimited(seen.teams, limits, lately),
    ]
    order = {rule.name: place for place, rule in enumerate(RULES)}
    told.sort(key=lambda one: (one[1] not in ALARMING, order[one[1]], one[0]))
    findings = tuple(Finding(key, rule, evidence, last.get(key)) for key, rule, evidence in told)
    return Hygiene(findings, len(known), len(lately), len(known) - len(lately), whole)


_Told = tuple[str, str, str]
"""A key, a rule, its evidence."""


def _never(keys: set[str]) -> Iterator[_Told]:
    for key in keys:
        yield key, "never", f"It has limits of its own; no request of it in {LOOKED_AT} days."


def _unused(last: dict[str, int], today: int) -> Iterator[_Told]:
    for key, day in last.items():
        if today - day >= UNUSED:
            yield key, "unused", f"Last used on {date.fromordinal(day):%-d %b %Y}, {today - day} days ago."


def _ownerless(users: pl.DataFrame, lately: set[str]) -> Iterator[_Told]:
    owned = set(users.filter(pl.col("user").is_not_null())["key_alias"].drop_nulls())
    counts = dict(users.group_by("key_alias").agg(pl.col("requests").sum()).iter_rows())
    for key in lately - owned:
        yield key, "ownerless", f"None of its {counts.get(key, 0):,} requests names a user."


def _shared(users: pl.DataFrame) -> Iterator[_Told]:
    known = users.filter(pl.col("user").is_not_null() & pl.col("key_alias").is_not_null())
    ranked = known.sort(["requests", "user"], descending=[True, False])
    found = ranked.group_by("key_alias", maintain_order=True).agg(pl.len().alias("n"), pl.col("user").head(3))
    for key, count, names in found.filter(pl.col("n") >= SHARED_BY).iter_rows():
        yield key, "shared", f"{count} users, most {', '.join(names)}."


def _several_teams(teams: pl.DataFrame) -> Iterator[_Told]:
    known = teams.filter(pl.col("team").is_not_null() & pl.col("key_alias").is_not_null())
    found = known.sort("team").group_by("key_alias", maintain_order=True).agg(pl.col("team"))
    for key, names in found.iter_rows():
        if len(names) > 1:
            yield key, "teams", f"{len(names)} teams: {', '.join(names[:4])}{' …' if len(names) > 4 else ''}."


def _rising_errors(daily: pl.DataFrame, today: int) -> Iterator[_Told]:
    failed = pl.col("error") + pl.col("throttled") + pl.col("blocked")
    ended = pl.col("requests") - pl.col("cancelled")
    week = pl.col("day") > today - WEEK
    past = pl.col("day").is_between(today - WEEK - 27, today - WEEK)
    sums = daily.group_by("key_alias").agg(
        failed.filter(week).sum().alias("failed"),
        ended.filter(week).sum().alias("ended"),
        failed.filter(past).sum().alias("failed_before"),
        ended.filter(past).sum().alias("ended_before"),
    )
    for one in sums.sort("key_alias").iter_rows(named=True):
        if one["failed"] < ERRORS_LEAST or one["ended_before"] < ERRORS_OF:
            continue
        share, before = one["failed"] / one["ended"], one["failed_before"] / one["ended_before"]
        if share >= ERRORS_SHARE and share >= ERRORS_TIMES * before:
            words = (
                f"{one['failed']:,} of {one['ended']:,} requests failed ({share:.1%}), before {before:.1%}."
            )
            yield one["key_alias"], "errors", words


def _new_models(models: pl.DataFrame, before: pl.DataFrame) -> Iterator[_Told]:
    asked = dict(
        before.drop_nulls("key_alias").group_by("key_alias").agg(pl.col("model").drop_nulls()).iter_rows()
    )
    now = models.drop_nulls("key_alias").group_by("key_alias").agg("model", "requests")
    for key, names, counts in now.sort("key_alias").iter_rows():
        if key not in asked:
            continue
        new = {
            name: count for name, count in zip(names, counts, strict=True) if name and name not in asked[key]
        }
        total, share = sum(counts), sum(new.values()) / sum(counts)
        if total >= MODELS_LEAST and share >= MODELS_SHARE:
            most = sorted(new, key=lambda name: (-new[name], name))[:2]
            yield key, "models", f"{share:.0%} of {total:,} requests went to {', '.join(most)}, new to it."


def _unlimited(teams: pl.DataFrame, limits: LimitTable, lately: set[str]) -> Iterator[_Told]:
    of_key = dict(
        teams.drop_nulls("key_alias").sort("requests").group_by("key_alias").agg(pl.col("team").last()).iter_rows()
    )  # fmt: skip
    for key in lately:
        if limits.of(key, of_key.get(key))[1] == "none":
            yield key, "unlimited", "No limit of its own, of its team, or for everybody."
