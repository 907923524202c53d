"""What the cache page asks of single requests: scores, ages, prompts, waste, crossings, the threshold lab, advice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import redis

from helix_dash.log.query import Number, RequestLog
from helix_dash.metrics import distributions as spreads
from helix_dash.metrics.cache_advice import Advice, Known, advice
from helix_dash.metrics.cache_gateway import GatewayCache, gateway_cache
from helix_dash.metrics.cache_lab import Lab, lab
from helix_dash.metrics.cache_owners import Crossings, Policy, crossings
from helix_dash.metrics.cache_use import Use, time_saved, use
from helix_dash.metrics.cache_waste import Waste, waste
from helix_dash.model import Condition, Filter, Kpi, Scope, Slice, Sort

SCORES: tuple[float, ...] = tuple(round(0.5 + step * 0.02, 2) for step in range(25))
"""Edges of the histogram of scores: each two hundredths from one half, to 0.98 and above; what is below is counted."""
AGES_S: tuple[int, ...] = (
    0, 60, 300, 900, 1800, 3600, 7200, 14_400, 28_800, 43_200, 86_400, 172_800, 604_800, 2_592_000,
)  # fmt: skip
NEAR = 0.03
PAIRS, MISSED = 6, 10
DEFAULT_THRESHOLD = 0.85
_TOLD = (
    "time", "similarity", "cache", "model", "team", "user", "cache_owner", "prompt_hash", "cost_usd",
    "avoided_cost_usd",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Single:
    """What the page shows of single requests.

    Args:
        kpis: time saved, and answers across tenants.
        scores: requests by the score of their best match: hits, then misses.
        ages: hits by the age of their entry.
        use: prompts and their hits.
        near: misses just below the threshold, the nearest first, as shown.
        lab: what any threshold would have done; ``picked`` is the one that is tried, ``pairs`` requests near it.
        eligible: hits and misses; ``exact`` hits of them, ``exact_usd`` what those saved.
        waste: what was paid for again.
        crossings: hits by whose entry answered.
        gateway: what the gateway's keys tell; empty to who may not see all organizations.
        threshold: from which score the cache answers; ``known`` is whether the gateway says so.
        advice: the rules that are met.
    """

    kpis: tuple[Kpi, ...]
    scores: Mapping[str, spreads.Histogram]
    ages: spreads.Histogram
    use: Use
    near: Sequence[Mapping[str, Any]]
    lab: Lab
    picked: float
    pairs: Sequence[Mapping[str, Any]]
    eligible: int
    exact: int
    exact_usd: Number
    waste: Waste
    crossings: Crossings
    gateway: GatewayCache
    threshold: float | None
    advice: tuple[Advice, ...]


def single(
    log: RequestLog,
    store: redis.Redis,
    scope: Scope,
    where: Filter,
    now: int,
    *,
    picked: float | None = None,
    policy: Policy = "team",
) -> Single:
    """The figures of single requests for ``where``.

    Args:
        where: the page's filter.
        now: epoch microseconds.
        picked: the threshold that is tried; the gateway's own when ``None``.
        policy: what answers may not cross.

    Raises:
        StoreUnavailable: the log has never been read on this host and the store does not answer.
        BadQuery: a condition names a value its column cannot hold.
    """
    told = gateway_cache(store, where.period, now)
    scores = lab(log, scope, where)
    threshold = told.threshold if told.threshold is not None else scores.lowest_hit
    tried = min(0.999, max(0.0, picked if picked is not None else threshold or DEFAULT_THRESHOLD))
    totals = log.series(scope, where, ["cache"], None, ["requests", "avoided_cost_usd"])
    by = {group[0]: {name: lines[at][0] for name, lines in totals.values.items()} for at, group in enumerate(totals.groups)}  # fmt: skip
    counts = {name: int(one["requests"] or 0) for name, one in by.items()}
    found, crossed = use(log, scope, where), crossings(log, scope, where)
    again = waste(log, scope, where, ttl_s=told.ttl_exact, threshold=threshold)
    ages_p99 = spreads.percentiles(log, scope, _outcome(where, "exact"), "cache_age_ms", (99,))[None][0]
    known = Known(told, scores, again, crossed, None if ages_p99 is None else ages_p99 / 1000)
    return Single(
        kpis=(_time_saved(log, scope, where, found), _crossed(crossed, policy)),
        scores={
            name: spreads.histogram(log, scope, _outcome(where, name), "similarity", SCORES)
            for name in ("semantic", "miss")
        },
        ages=spreads.histogram(log, scope, _outcome(where, "exact", "semantic"), "cache_age_ms", [one * 1000 for one in AGES_S]),
        use=found,
        near=_scored(log, scope, where, ("miss",), (threshold - NEAR, threshold), descending=True, most=MISSED) if threshold else (),
        lab=scores,
        picked=tried,
        pairs=_pairs(log, scope, where, tried),
        eligible=sum(counts.get(name, 0) for name in ("exact", "semantic", "miss")),
        exact=counts.get("exact", 0),
        exact_usd=by["exact"]["avoided_cost_usd"] if "exact" in by else 0,
        waste=again,
        crossings=crossed,
        gateway=told,
        threshold=threshold,
        advice=advice(known),
    )  # fmt: skip


def _outcome(where: Filter, *outcomes: str) -> Filter:
    return Filter(where.period, (*where.conditions, Condition("cache", "in", outcomes)))


def _scored(
    log: RequestLog,
    scope: Scope,
    where: Filter,
    outcomes: tuple[str, ...],
    between: tuple[float, float],
    *,
    descending: bool,
    most: int,
) -> Sequence[Mapping[str, Any]]:
    low, high = (f"{max(0.0, one):.6f}" for one in between)
    near = Filter(
        where.period,
        (*_outcome(where, *outcomes).conditions, Condition("similarity", "gte", (low,)), Condition("similarity", "lt", (high,))),
    )  # fmt: skip
    return log.page(scope, near, Sort("similarity", descending), Slice(0, most), columns=_TOLD).rows


def _pairs(log: RequestLog, scope: Scope, where: Filter, picked: float) -> Sequence[Mapping[str, Any]]:
    """Requests whose scores are nearest to ``picked``: above it, the highest first, then below it."""
    both = ("semantic", "miss")
    above = _scored(log, scope, where, both, (picked, picked + 0.1), descending=False, most=PAIRS)
    below = _scored(log, scope, where, both, (picked - 0.1, picked), descending=True, most=PAIRS)
    return [*reversed(above), *below]


def _time_saved(log: RequestLog, scope: Scope, where: Filter, found: Use) -> Kpi:
    missed = log.series(scope, _outcome(where, "miss"), ["model"], None, ["latency_ms_p50"])
    medians = {group[0]: missed.values["latency_ms_p50"][at][0] for at, group in enumerate(missed.groups)}
    saved, silent = time_saved(found, medians)
    note = "~ by the misses' median"
    if silent and saved is not None:
        note += f", not of {silent:,}"
    return Kpi("cache_time_saved", "", saved, "ms", None, "up", "no hits to compare with misses", (), note)


def _crossed(found: Crossings, policy: Policy) -> Kpi:
    note = f"teams, of {found.known:,} hits" if policy == "team" else f"users, of {found.known:,} hits"
    value = found.count(policy) if found.known else None
    why = "no hits" if not found.hits else "no entry says who wrote it"
    return Kpi("cache_crossings", "", value, "count", None, "down", why, (), note)
