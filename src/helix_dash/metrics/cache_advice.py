"""What would make the cache better, each by a rule, with the figures that met it and what to expect."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from helix_dash.metrics.cache_gateway import GatewayCache
from helix_dash.metrics.cache_lab import THRESHOLDS, Lab
from helix_dash.metrics.cache_owners import Crossings
from helix_dash.metrics.cache_waste import Waste

Tone = Literal["bad", "warn", "info", "good"]

STEP, MOST_STEP = 0.01, 0.05
LEAST_GAIN = 0.05
"""A lower threshold is worth a word when it adds a twentieth of the semantic hits."""
LEAST_LOOKUPS = 100
NEAR = 0.02
NEAR_SHARE = 0.25
LEAST_EXPIRED = 10
SHORT_AGE = 0.25
LEAST_BYPASS = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Advice:
    """A rule that was met.

    Args:
        title: what to do.
        evidence: the figures that met the rule.
        effect: what to expect of it, as far as the records tell.
        tone: how urgent it is.
    """

    title: str
    evidence: str
    effect: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class Known:
    """What the rules look at.

    Args:
        ages_p99_s: 99 of 100 hits came within so many seconds of their entry's birth; ``None`` when unknown.
    """

    gateway: GatewayCache
    lab: Lab
    waste: Waste
    crossings: Crossings
    ages_p99_s: float | None


def advice(known: Known) -> tuple[Advice, ...]:
    """Every rule that is met, the most urgent first."""
    told = [one for rule in _RULES for one in rule(known)]
    order: tuple[Tone, ...] = ("bad", "warn", "info", "good")
    return tuple(sorted(told, key=lambda one: order.index(one.tone)))


def _crossing(known: Known) -> Iterator[Advice]:
    found = known.crossings
    if found.teams:
        yield Advice(
            "Keep teams apart in the cache's key",
            f"{found.teams:,} of {found.known:,} hits were answered with an entry of another team.",
            "None of them would be answered across teams any more; each would be paid for once per team.",
            "bad",
        )


def _lower(known: Known) -> Iterator[Advice]:
    now, lab = known.gateway.threshold, known.lab
    if now is None or lab.lookups < LEAST_LOOKUPS:
        return
    here = lab.at(now)
    best = None
    for threshold in reversed(THRESHOLDS):
        if now - MOST_STEP - 1e-9 <= threshold <= now - STEP + 1e-9:
            there = lab.at(threshold)
            if there.hits - here.hits >= max(1, LEAST_GAIN * max(1, here.hits)):
                best = threshold, there
                break
    if best is not None:
        threshold, there = best
        yield Advice(
            f"Try the threshold {threshold:g} in place of {now:g}",
            f"{there.hits - here.hits:,} of {lab.lookups:,} lookups had their best match between the two.",
            f"About {there.hits - here.hits:,} hits and ${there.saved_usd - here.saved_usd:.2f} more in such a period. Look at the samples first.",
            "info",
        )


def _near(known: Known) -> Iterator[Advice]:
    now, lab = known.gateway.threshold, known.lab
    if now is None or lab.lookups < LEAST_LOOKUPS:
        return
    all_of_them, safe = lab.at(now).hits, lab.at(min(0.99, now + NEAR)).hits
    close = all_of_them - safe
    if all_of_them and close / all_of_them >= NEAR_SHARE:
        yield Advice(
            "Look at the answers just above the threshold",
            f"{close:,} of {all_of_them:,} semantic hits scored less than {NEAR:g} above {now:g}.",
            "Where such answers do not fit, a higher threshold costs no more than these hits.",
            "warn",
        )


def _longer(known: Known) -> Iterator[Advice]:
    expired, ttl, gap = known.waste.reasons.get("expired"), known.gateway.ttl_exact, known.waste.gap_p90_s
    if expired is None or expired.requests < LEAST_EXPIRED or ttl is None or gap is None:
        return
    worth = f", worth up to ${expired.cost_usd:.2f}," if expired.cost_usd else ""
    yield Advice(
        f"Let exact entries live {hours(gap)} in place of {hours(ttl)}",
        f"{expired.requests:,} prompts were asked again after their entry had expired; nine of ten within {hours(gap)}.",
        f"Up to {expired.requests:,} hits{worth} more in such a period.",
        "info",
    )


def _shorter(known: Known) -> Iterator[Advice]:
    ttl, age, gateway = known.gateway.ttl_exact, known.ages_p99_s, known.gateway
    if ttl is None or age is None or age > SHORT_AGE * ttl or not gateway.total or not gateway.bytes:
        return
    yield Advice(
        f"Exact entries could live {hours(age)} in place of {hours(ttl)}",
        f"99 of 100 hits came within {hours(age)} of their entry's birth.",
        f"Frees up to {1 - age / ttl:.0%} of about {gateway.bytes / 1e6:,.1f} MB, for one hit in a hundred.",
        "info",
    )


def _evictions(known: Known) -> Iterator[Advice]:
    if known.gateway.evicted:
        yield Advice(
            "Give the gateway's store more memory, or entries a shorter life",
            f"It threw out {known.gateway.evicted:,.0f} keys in this period for want of memory.",
            "Entries stay until they expire; spending and incidents, which may be thrown out too, stay.",
            "warn",
        )


def _bypass(known: Known) -> Iterator[Advice]:
    past = known.waste.reasons.get("bypass")
    if past is None or not past.cost_usd or past.cost_usd < LEAST_BYPASS:
        return
    yield Advice(
        "Let more kinds of calls be answered from the cache",
        f"{past.requests:,} repeated prompts did not ask the cache and were paid for again.",
        f"Up to ${past.cost_usd:.2f} less in such a period.",
        "info",
    )


_RULES = (_crossing, _lower, _near, _longer, _shorter, _evictions, _bypass)


def hours(seconds: float) -> str:
    """A length of time in words: ``45 minutes``, ``3 hours``, ``2 days``."""
    for size, word in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= 2 * size or (seconds >= size and seconds % size == 0):
            count = f"{seconds / size:.3g}"
            return f"{count} {word}" + ("" if count == "1" else "s")
    return f"{seconds:.0f} seconds"
