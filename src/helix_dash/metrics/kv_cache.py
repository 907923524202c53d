"""What is known of a KV cache and its routing: typed figures, and what follows from them.

Rates are growth by growth over the time asked for, never a counter by a counter since some start. What a server does
not tell is ``None`` and named in :attr:`KvReading.missing`. :mod:`~helix_dash.metrics.kv_sources` reads them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from helix_dash.samples.answers import Answer
from helix_dash.samples.reader import Frames

Number = float | None
Kind = Literal["fakeai", "vllm", "dynamo", "unknown"]

PERCENTS = (50, 95, 99)


@dataclass(frozen=True, slots=True)
class KvSource:
    """One server with a KV cache.

    Args:
        name: its series' name, which tells it from all others.
        title: what people call it.
        kind: what it is; ``unknown`` until it has answered.
        every: seconds between two samples.
        answer: what it last said; ``None`` when it was never asked.
    """

    name: str
    title: str
    kind: Kind
    every: float
    answer: Answer | None


@dataclass(frozen=True, slots=True)
class KvWorker:
    """One worker or engine in the period; what it does not tell is ``None``.

    Args:
        name: as its server names it.
        requests: how many it took.
        tokens: how many tokens it processed.
        usage: share of its blocks in use, 0–1, at last.
        blocks: blocks in use or cached, at last.
        total_blocks: blocks it has.
        hit_rate: its own hit rate, 0–1, at last.
        running: requests it works on, at last.
        waiting: requests that wait for it, at last.
        cost: what the router would count for a mean request now; derived, see :func:`routing_cost`.
    """

    name: str
    requests: Number = None
    tokens: Number = None
    usage: Number = None
    blocks: Number = None
    total_blocks: Number = None
    hit_rate: Number = None
    running: Number = None
    waiting: Number = None
    cost: Number = None


@dataclass(frozen=True, slots=True)
class KvReading:
    """What a source told over a period.

    Args:
        frames: its frames.
        processed: prompt tokens that were looked up.
        reused: of these, found in the cache.
        counted_hits: share of requests that its own hit counter calls hits.
        requests: requests of the period.
        cached_share: cached of all prompt tokens, as the server counts them.
        block_size: tokens of a block.
        mean_prefix: tokens of the mean shared prefix.
        max_usage: the highest usage of any worker in the period.
        mean_usage: the mean of what was read.
        preemptions: requests put back for want of blocks.
        running: requests it works on, at last.
        waiting: requests that wait, at last.
        ttft_hit_ms: mean time to the first token with the cache; FakeAI simulates it.
        ttft_miss_ms: the same without.
        ttft_ms: percentiles of :data:`PERCENTS`, rough.
        itl_ms: the same of the time between tokens.
        mean_ttft_ms: mean time to the first token.
        mean_prefill_ms: mean time in which a prompt is computed; what the first token waits beyond it is the queue.
        workers: its workers.
        overlap_weight: weight of blocks to prefill in the router's cost.
        load_weight: weight of active requests in it.
        output_tokens: tokens of a mean answer, for the router's cost.
        lines: figure → its course, frame by frame: see :func:`read`.
        missing: what this server does not tell.
    """

    frames: Frames
    processed: Number = None
    reused: Number = None
    counted_hits: Number = None
    requests: Number = None
    cached_share: Number = None
    block_size: Number = None
    mean_prefix: Number = None
    max_usage: Number = None
    mean_usage: Number = None
    preemptions: Number = None
    running: Number = None
    waiting: Number = None
    ttft_hit_ms: Number = None
    ttft_miss_ms: Number = None
    ttft_ms: tuple[Number, ...] = (None,) * len(PERCENTS)
    itl_ms: tuple[Number, ...] = (None,) * len(PERCENTS)
    mean_ttft_ms: Number = None
    mean_prefill_ms: Number = None
    workers: tuple[KvWorker, ...] = ()
    overlap_weight: Number = None
    load_weight: Number = None
    output_tokens: Number = None
    lines: dict[str, list[Number]] = field(default_factory=dict)
    missing: tuple[str, ...] = ()

    @property
    def hit_rate(self) -> Number:
        """Reused of processed tokens, 0–1; ``None`` without any."""
        return ratio(self.reused, self.processed)

    @property
    def preemptions_per_second(self) -> Number:
        return ratio(self.preemptions, self.frames.seconds)

    @property
    def prompt_blocks(self) -> Number:
        """Blocks of a mean prompt."""
        return ratio(ratio(self.processed, self.block_size), self.requests)

    @property
    def matched_blocks(self) -> Number:
        """Blocks of it that were found: ``reused tokens / block size / requests``."""
        return ratio(ratio(self.reused, self.block_size), self.requests)

    @property
    def imbalance(self) -> Number:
        """The busiest worker's requests by the mean of all; 1 is even. Where requests are not told by worker, usage."""
        shares = [one.requests for one in self.workers if one.requests is not None]
        shares = shares or [one.usage for one in self.workers if one.usage is not None]
        return max(shares) * len(shares) / sum(shares) if len(shares) > 1 and sum(shares) > 0 else None


def ratio(part: Number, whole: Number) -> Number:
    """``part / whole``; ``None`` when either is unknown or there is nothing to divide by."""
    return part / whole if part is not None and whole else None


def routing_cost(reading: KvReading, decode_blocks: Number, active: Number, load_weight: Number) -> Number:
    """``overlap_weight × prefill_blocks + decode_blocks + load_weight × active`` of a mean request.

    Its blocks to prefill are those of a mean prompt less those matched in the mean: no server tells matches by worker.
    """
    prompt, matched = reading.prompt_blocks, reading.matched_blocks
    parts = (reading.overlap_weight, prompt, matched, decode_blocks, active, load_weight)
    if any(part is None for part in parts):
        return None
    weight, whole, found, decode, busy, load = (float(part) for part in parts if part is not None)
    return weight * (whole - found) + decode + load * busy
