"""What stands out in a KV cache, each by a rule that is shown with its evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from helix_dash.metrics.kv_cache import KvReading

Tone = Literal["bad", "warn", "info", "good"]

IMBALANCE, IMBALANCE_LEAST = 1.5, 20
COUNTED_GAP = 0.15
LOW_REUSE, LOW_REUSE_LEAST = 0.2, 1_000
USAGE_WARN, USAGE_BAD = 0.9, 0.98
PREEMPTIONS_WARN, PREEMPTIONS_BAD = 0.001, 1.0
QUEUE_WARN, QUEUE_BAD = 10, 50
WAIT_SHARE, WAIT_LEAST_MS = 0.5, 100.0


@dataclass(frozen=True, slots=True)
class Insight:
    """A rule that was met.

    Args:
        title: what it means.
        evidence: the figures that met it, and the rule.
        tone: how bad that is.
    """

    title: str
    evidence: str
    tone: Tone


def insights(found: KvReading) -> list[Insight]:
    """Every rule that ``found`` meets, the worst first."""
    told = [one for rule in _RULES for one in rule(found)]
    order: tuple[Tone, ...] = ("bad", "warn", "info", "good")
    return sorted(told, key=lambda one: order.index(one.tone))


def _idle(found: KvReading) -> Iterator[Insight]:
    if found.processed == 0:
        yield Insight("No lookups in this window", "No prompt token was looked up, so there is no hit rate.", "info")  # fmt: skip


def _short_prefix(found: KvReading) -> Iterator[Insight]:
    size = found.block_size
    if not size or not found.processed:
        return
    if found.mean_prefix is not None and found.mean_prefix < size:
        yield Insight(
            f"Shared prefix {found.mean_prefix:,.0f} tokens < block {size:,.0f}: cannot hit",
            "Only whole blocks are found again. Lengthen the shared beginning of prompts, or use smaller blocks.",
            "warn",
        )
    prompt = found.prompt_blocks
    if prompt is not None and prompt < 1:
        yield Insight(
            f"Mean prompt {prompt * size:,.0f} tokens < block {size:,.0f}: cannot hit",
            "A prompt shorter than one block fills none, so nothing of it can be found again.",
            "warn",
        )


def _imbalance(found: KvReading) -> Iterator[Insight]:
    by_requests = [one for one in found.workers if one.requests is not None]
    enough = not by_requests or sum(one.requests or 0 for one in by_requests) >= IMBALANCE_LEAST
    if found.imbalance is None or found.imbalance <= IMBALANCE or not enough:
        return
    top = max(found.workers, key=lambda one: (one.requests if by_requests else one.usage) or 0)
    share = f"{top.requests:,.0f} requests" if by_requests else f"{top.usage or 0:.0%} of its blocks"
    yield Insight(
        f"Uneven load: {top.name} has {found.imbalance:.1f} times the mean",
        f"{share}, of {len(found.workers)} workers; the rule is more than {IMBALANCE} times the mean.",
        "warn",
    )


def _generous_counter(found: KvReading) -> Iterator[Insight]:
    if found.counted_hits is None or found.hit_rate is None:
        return
    if found.counted_hits - found.hit_rate >= COUNTED_GAP:
        yield Insight(
            f"Its hit counter says {found.counted_hits:.0%}, reuse is {found.hit_rate:.0%}",
            "One common first token is a hit to this server; tokens reused of tokens processed tell what was saved.",
            "info",
        )


def _low_reuse(found: KvReading) -> Iterator[Insight]:
    if (
        found.hit_rate is not None
        and found.hit_rate < LOW_REUSE
        and (found.processed or 0) >= LOW_REUSE_LEAST
    ):
        yield Insight(
            f"Little reuse: {found.hit_rate:.1%} of {found.processed:,.0f} tokens",
            f"Below {LOW_REUSE:.0%}. Put what all prompts share first, and what differs last.",
            "warn",
        )


def _usage(found: KvReading) -> Iterator[Insight]:
    if found.max_usage is not None and found.max_usage >= USAGE_WARN:
        bad = found.max_usage >= USAGE_BAD
        yield Insight(
            f"Blocks up to {found.max_usage:.0%} in use",
            f"From {USAGE_BAD if bad else USAGE_WARN:.0%} on, requests are soon put back or have to wait.",
            "bad" if bad else "warn",
        )


def _preemptions(found: KvReading) -> Iterator[Insight]:
    rate = found.preemptions_per_second
    if rate is not None and rate > PREEMPTIONS_WARN:
        yield Insight(
            f"{found.preemptions:,.0f} preemptions, {rate:.2g} a second",
            "For want of blocks, requests were put back and computed again.",
            "bad" if rate > PREEMPTIONS_BAD else "warn",
        )


def _queue(found: KvReading) -> Iterator[Insight]:
    if found.waiting is not None and found.waiting > QUEUE_WARN:
        yield Insight(
            f"{found.waiting:,.0f} requests wait",
            f"More than {QUEUE_BAD if found.waiting > QUEUE_BAD else QUEUE_WARN} at last.",
            "bad" if found.waiting > QUEUE_BAD else "warn",
        )


def _queue_wait(found: KvReading) -> Iterator[Insight]:
    whole, prefill = found.mean_ttft_ms, found.mean_prefill_ms
    if whole is None or prefill is None:
        return
    wait = whole - prefill
    if wait >= WAIT_LEAST_MS and wait > WAIT_SHARE * whole:
        yield Insight(
            f"The first token waits {wait:,.0f} of {whole:,.0f} ms in the queue",
            f"Mean time to first token less mean prefill, {prefill:,.0f} ms; the rule is more than {WAIT_SHARE:.0%}.",
            "warn",
        )


def _restarts(found: KvReading) -> Iterator[Insight]:
    if found.frames.resets:
        times = "once" if found.frames.resets == 1 else f"{found.frames.resets} times"
        yield Insight(
            f"It began again from zero {times}",
            "Its counters read less than before. What happened between the last sample and the restart is unknown.",
            "info",
        )


_RULES: tuple[Callable[[KvReading], Iterator[Insight]], ...] = (
    _idle,
    _short_prefix,
    _imbalance,
    _generous_counter,
    _low_reuse,
    _usage,
    _preemptions,
    _queue,
    _queue_wait,
    _restarts,
)
