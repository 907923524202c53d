"""How far the figures can be trusted: every signal of the trust bar, and the lines where it turns amber and red.

The only place where these rules are written. They are pure: facts in, verdicts out; ``docs/trust.md`` is made of
this table, and the bar shows the same words.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from helix_dash.errors import StoreUnavailable
from helix_dash.log.health import LogHealth
from helix_dash.log.query import RequestLog
from helix_dash.metrics import pace
from helix_dash.model import Filter, Scope

Tone = Literal["good", "info", "warn", "bad", "none"]
"""Green, blue (worth knowing, nothing to do), amber, red, grey (unknown)."""

HICCUP = 3.0
"""Seconds of silence of the store that are not worth a word."""
OLD, VERY_OLD = 30.0, 300.0
"""Seconds since the instant up to which the log is complete."""
SLOW, VERY_SLOW = 15.0, 120.0
"""Seconds that the oldest of the newest records waited until it could be read."""
TODAY, JUST_NOW = 24 * 3600.0, 600.0
"""Seconds since something was lost."""
SOME, MANY = 0.02, 0.10
"""Shares of the requests in view that have no price."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules look at.

    Args:
        health: the log's.
        now: this host's clock, epoch microseconds.
        requests: the requests in view; ``None`` when unknown, as for the next two.
        unpriced: those of them that should have a price and have none.
        simulated: those of them that the simulator made up.
        pace: how many times as long as they were told pages wait between refreshes.
        why_slow: why they do, in a sentence.
    """

    health: LogHealth
    now: int
    requests: int | None = None
    unpriced: int | None = None
    simulated: int | None = None
    pace: int = 1
    why_slow: str = ""


Verdict = tuple[float | None, Tone]
"""A figure, ``None`` when unknown, and what it means."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One signal.

    Args:
        key: its name in the API and in element ids.
        label: its name for people.
        unit: ``s``, ``count``, ``ratio`` or ``times``.
        words: the figure in a sentence of a few words, ``{}`` in its place.
        meaning: what it tells.
        amber, red: when it turns so.
        advice: what to do then.
        judge: the figure and its tone.
    """

    key: str
    label: str
    unit: Literal["s", "count", "ratio", "times"]
    words: str
    meaning: str
    amber: str
    red: str
    advice: str
    judge: Callable[[Facts], Verdict]


@dataclass(frozen=True, slots=True)
class Signal:
    """What a rule says of the facts."""

    rule: Rule
    value: float | None
    tone: Tone


def _age(facts: Facts) -> Verdict:
    health = facts.health
    silent = not health.store_ok and (health.age is None or health.age > HICCUP)
    if health.as_of is None:
        return None, "bad" if silent else "warn"
    age = max(0.0, (facts.now - health.as_of) / 10**6)
    if age > VERY_OLD:
        return age, "bad"
    return age, "warn" if silent or age > OLD else "good"


def _lag(facts: Facts) -> Verdict:
    lag = facts.health.lag
    return lag, _above(lag, SLOW, VERY_SLOW)


def _lost(count: int, at: int | None, now: int) -> Verdict:
    """Amber for a day after the last loss, red while it goes on; when that was is not known of an older log."""
    if not count:
        return 0, "good"
    since = TODAY if at is None else (now - at) / 10**6
    return count, "bad" if since < JUST_NOW else "warn" if since <= TODAY else "good"


def _dropped(facts: Facts) -> Verdict:
    return _lost(facts.health.dropped, facts.health.dropped_at, facts.now)


def _rejected(facts: Facts) -> Verdict:
    return _lost(facts.health.rejected, facts.health.rejected_at, facts.now)


def _missing(facts: Facts) -> Verdict:
    if facts.health.lost_rows:
        return facts.health.lost_rows, "bad"
    return facts.health.without_space, "warn" if facts.health.without_space else "good"


def _unpriced(facts: Facts) -> Verdict:
    share = _share(facts.unpriced, facts.requests)
    return share, _above(share, SOME, MANY)


def _simulated(facts: Facts) -> Verdict:
    share = _share(facts.simulated, facts.requests)
    if share is None:
        return None, "none"
    return share, "good" if share == 0 else "info" if share == 1 else "warn"


def _pace(facts: Facts) -> Verdict:
    return facts.pace, "good" if facts.pace == 1 else "info"


def _above(value: float | None, some: float, much: float) -> Tone:
    if value is None:
        return "none"
    return "bad" if value > much else "warn" if value > some else "good"


def _share(part: int | None, whole: int | None) -> float | None:
    return part / whole if part is not None and whole else None


RULES: tuple[Rule, ...] = (
    Rule(
        "age",
        "Data as of",
        "s",
        "Data is {} old",
        "Everything recorded until then is in the figures.",
        f"More than {OLD:.0f} s ago, or the store does not answer.",
        f"More than {VERY_OLD / 60:.0f} min ago, or the store has never answered.",
        "See whether the collector runs and the store answers: helix-dash doctor tells.",
        _age,
    ),
    Rule(
        "lag",
        "Ingest lag",
        "s",
        "Requests take {} to arrive",
        "How long the oldest of the newest requests waited between being recorded and being readable.",
        f"More than {SLOW:.0f} s.",
        f"More than {VERY_SLOW / 60:.0f} min.",
        "The collector does not keep up or has just caught up: give it more processor time, or raise LOG_SHARDS.",
        _lag,
    ),
    Rule(
        "dropped",
        "Dropped",
        "count",
        "{} dropped",
        "Requests that never arrived: each recorder numbers what it sends, and these numbers are missing.",
        f"Some in the last {TODAY / 3600:.0f} hours.",
        f"Some in the last {JUST_NOW / 60:.0f} minutes.",
        "A gateway could not reach the store, or the log was full: see the gateway's log and LOG_MAX_PENDING.",
        _dropped,
    ),
    Rule(
        "rejected",
        "Rejected",
        "count",
        "{} rejected",
        "Requests that arrived and broke a rule of the log, so they count nowhere.",
        f"Some in the last {TODAY / 3600:.0f} hours.",
        f"Some in the last {JUST_NOW / 60:.0f} minutes.",
        "The reason names the rule; bring the recorder of that gateway up to date.",
        _rejected,
    ),
    Rule(
        "missing",
        "Not readable",
        "count",
        "{} not readable",
        "Requests that are counted, but whose rows cannot be read on this host.",
        "This host's folder is full: totals are exact, lists and filters miss the oldest.",
        "The store has lost them.",
        "Make room under CACHE_DIR; if the store lost them, look at its persistence and eviction.",
        _missing,
    ),
    Rule(
        "unpriced",
        "Unpriced",
        "ratio",
        "{} unpriced",
        "The share of the requests in view that used tokens and have no known price: cost leaves them out.",
        f"More than {SOME:.0%}.",
        f"More than {MANY:.0%}.",
        "Filter by model to see which, and give the gateway a price for it.",
        _unpriced,
    ),
    Rule(
        "simulated",
        "Simulated",
        "ratio",
        "{} simulated",
        "The share of the requests in view that the simulator made up.",
        "Made up and real requests are mixed.",
        "Never; blue when every request is made up.",
        "Stop helix-dash simulate on this store, or filter by source.",
        _simulated,
    ),
    Rule(
        "pace",
        "Refresh",
        "times",
        "Pages refresh {} as rarely",
        "How many times as long as was chosen open pages wait between refreshes, to spare the store and this server. Every "
        f"{pace.WINDOW:.0f} s the wait doubles while one answer of the store in twenty takes over {pace.SLOW_MS:.0f} ms, or a "
        f"worker spends over {pace.SHARE:.0%} of its time answering: up to {pace.MOST} times, or a minute. It halves again "
        "when both are well.",
        "Never.",
        "Never; blue while pages wait longer.",
        "Nothing: it goes back by itself. If it stays, see System health, and give what is slow more of what it lacks.",
        _pace,
    ),
)
"""Every signal, in the order of the bar; of two equally bad ones the first is named."""

SUMS = ("requests", "unpriced_requests", "simulated_requests")

_BADNESS: dict[Tone, int] = {"bad": 3, "warn": 2, "info": 1, "none": 0, "good": 0}


def facts(log: RequestLog, scope: Scope, where: Filter | None, now: int) -> Facts:
    """What the rules look at, from one bounded reading of the log; without a view, or when the log cannot be read,
    shares are unknown.

    Raises:
        BadQuery: a condition cannot be asked.
    """
    if where is None:
        return Facts(log.health(), now)
    try:
        sums = log.totals(scope, where, SUMS)
    except StoreUnavailable:
        return Facts(log.health(), now)
    requests, unpriced, simulated = (None if (sum_ := sums[name]) is None else int(sum_) for name in SUMS)
    return Facts(log.health(), now, requests, unpriced, simulated)


def signals(facts: Facts) -> tuple[Signal, ...]:
    """The verdict of every rule."""
    return tuple(Signal(rule, *rule.judge(facts)) for rule in RULES)


def worst(found: Sequence[Signal]) -> Signal | None:
    """The one to name; ``None`` when all is well."""
    first = max(found, key=lambda signal: _BADNESS[signal.tone])
    return first if _BADNESS[first.tone] else None
