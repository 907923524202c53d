"""Sudden changes of single users, teams or keys, each by a stated rule with its evidence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from helix_dash.log.schema import PICO
from helix_dash.metrics.abuse import Rule
from helix_dash.metrics.activity import Activity

TIMES = 3
"""How many times its own median a day is sudden."""
DAYS_BACK, DAYS_ACTIVE = 28, 7
LEAST_REQUESTS, LEAST_DOLLARS = 20, 1.0
SILENT_ACTIVE, SILENT_OF, SILENT_FOR = 10, 14, 3

RULES: tuple[Rule, ...] = (
    Rule(
        "requests",
        "More requests",
        f"Today or yesterday at least {LEAST_REQUESTS} requests and {TIMES} times the median of its active days of the "
        f"{DAYS_BACK} days before, of which there are at least {DAYS_ACTIVE}.",
    ),
    Rule("cost", "Higher cost", f"The same of its cost, at least ${LEAST_DOLLARS:.0f}."),
    Rule(
        "silent",
        "Fell silent",
        f"Nothing for {SILENT_FOR} whole days, after activity on at least {SILENT_ACTIVE} of the {SILENT_OF} days before.",
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """A rule that somebody met.

    Args:
        name: who.
        rule: its fixed word.
        evidence: the figures that met it.
        day: the day it is about; for silence its first.
        strength: by how much it was met; 1 is just.
    """

    name: str
    rule: str
    evidence: str
    day: int
    strength: float


def changes(found: Activity) -> list[Change]:
    """Every rule that somebody met, the strongest first."""
    told = [*_rises(found, "requests"), *_rises(found, "cost"), *_silences(found)]
    return sorted(told, key=lambda one: (-one.strength, one.name, one.rule))


def _rises(found: Activity, rule: str) -> list[Change]:
    cost = rule == "cost"
    figure = pl.col("cost_usd").cast(pl.Float64) / PICO if cost else pl.col("requests").cast(pl.Float64)
    lines = found.table.with_columns(figure.alias("figure"))
    told: dict[str, Change] = {}
    for day in (found.today, found.today - 1):
        usual = (
            lines.filter(pl.col("day").is_between(day - DAYS_BACK, day - 1) & (pl.col("figure") > 0))
            .group_by("name")
            .agg(pl.col("figure").median().alias("median"), pl.len().alias("days"))
            .filter(pl.col("days") >= DAYS_ACTIVE)
        )
        least = LEAST_DOLLARS if cost else LEAST_REQUESTS
        sudden = (
            lines.filter((pl.col("day") == day) & (pl.col("figure") >= least))
            .join(usual, on="name")
            .filter(pl.col("figure") >= TIMES * pl.col("median"))
        )
        for one in sudden.iter_rows(named=True):
            change = _rise(one, rule, day, found.today)
            if one["name"] not in told or change.strength > told[one["name"]].strength:
                told[one["name"]] = change
    return list(told.values())


def _rise(one: dict[str, object], rule: str, day: int, today: int) -> Change:
    value, median = float(str(one["figure"])), float(str(one["median"]))
    when = "so far today" if day == today else "yesterday"
    amount, usual = (_words(number, rule) for number in (value, median))
    unit = "" if rule == "cost" else " requests"
    evidence = f"{amount}{unit} {when}, ×{value / median:.1f} its median active day of {usual} ({one['days']} active days)."
    return Change(str(one["name"]), rule, evidence, day, value / (TIMES * median))


def _words(number: float, rule: str) -> str:
    return f"${number:,.2f}" if rule == "cost" else f"{number:,.0f}"


def _silences(found: Activity) -> list[Change]:
    last = found.today - 1
    begun = last - SILENT_FOR + 1
    if found.begin is None or begun - SILENT_OF < found.begin:
        return []
    lately = found.table.filter(pl.col("day") >= begun)["name"].unique()
    days = pl.col("day").is_between(begun - SILENT_OF, begun - 1)
    quiet = (
        found.table.filter(days & ~pl.col("name").is_in(lately.implode()))
        .group_by("name")
        .agg(pl.len().alias("days"), pl.col("day").max().alias("last"), pl.col("requests").median().alias("median"))
        .filter(pl.col("days") >= SILENT_ACTIVE)
    )  # fmt: skip
    return [
        Change(
            one["name"],
            "silent",
            f"No request since {date.fromordinal(one['last']):%-d %b}; before, active on {one['days']} of {SILENT_OF} days with "
            f"{one['median']:,.0f} requests a day.",
            one["last"] + 1,
            one["days"] / SILENT_ACTIVE,
        )
        for one in quiet.iter_rows(named=True)
    ]
