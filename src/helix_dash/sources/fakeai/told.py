"""What a FakeAI server tells, in our units: milliseconds, shares from 0 to 1, masked keys."""

from __future__ import annotations

import msgspec


class PathRates(msgspec.Struct, frozen=True):
    """What one path did in the server's last 60 seconds.

    Its rates run over the time since the oldest request of those 60 seconds: just after the first one they are
    far too high. Latencies of streams are the time to their headers.
    """

    requests_per_second: float | None = None
    responses_per_second: float | None = None
    tokens_per_second: float | None = None
    errors_per_second: float | None = None
    latency_ms_mean: float | None = None
    latency_ms_p50: float | None = None
    latency_ms_p90: float | None = None
    latency_ms_p99: float | None = None


class ModelCounters(msgspec.Struct, frozen=True):
    """What one model did since the server's start, streams not included."""

    requests: float = 0
    prompt_tokens: float = 0
    completion_tokens: float = 0
    errors: float = 0
    cost_usd: float = 0
    latency_ms_sum: float = 0
    latency_ms_p50: float | None = None
    latency_ms_p95: float | None = None
    latency_ms_p99: float | None = None
    endpoints: dict[str, float] = {}


class Worker(msgspec.Struct, frozen=True):
    """One worker of the server's router."""

    active_requests: int
    total_requests: int
    cached_blocks: int
    tokens_processed: int


class KvCache(msgspec.Struct, frozen=True):
    """The KV cache and its router. A "hit" of this server is one common first token, so the share of tokens
    reused tells more than the share of hits."""

    hits: int
    misses: int
    tokens_processed: int
    tokens_reused: int
    mean_prefix_tokens: float
    by_endpoint: dict[str, tuple[int, int]]
    workers: dict[str, Worker]
    tree_nodes: int
    tree_blocks: int
    overlap_weight: float
    load_weight: float
    block_size: int
    baseline_ttft_ms: float | None = None
    actual_ttft_ms: float | None = None


class Tier(msgspec.Struct, frozen=True):
    """What the server's limiter did for one tier since its start."""

    keys: int
    attempted: int
    allowed: int
    throttled: int
    tokens_consumed: int
    throttle_ms: float
    peak_burst: int


class KeyLimits(msgspec.Struct, frozen=True):
    """What the limiter did for one key since the server's start."""

    key: str
    tier: str
    attempted: int
    allowed: int
    throttled: int
    tokens_requested: int
    tokens_consumed: int
    retry_after_ms_mean: float
    burst: int


class Abuse(msgspec.Struct, frozen=True):
    """A key that the server's own rules call abusive, with their words."""

    key: str
    tier: str
    severity: str
    issues: tuple[str, ...]
    requests: int
    throttle_rate: float


class ModelFacts(msgspec.Struct, frozen=True):
    """What the server says of a model: its context window in tokens."""

    context_window: int | None = None


class Spending(msgspec.Struct, frozen=True):
    """The server's own costs by model since its start, by one of its three price lists."""

    total_usd: float
    by_model: dict[str, float]
