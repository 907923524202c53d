"""Synthetic requests, made in numpy: the same traffic for us and for every peer.

Thirty days with a daily rhythm, 12 models, 6 endpoints, 40 teams, 300 keys and 5,000 users, all of zipf-like
popularity; log-normal latencies with a spike at the 30 s time-out; all columns that a gateway fills, random
ids among them. The same seed, count and time give the same requests.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from helix_dash.log.schema import PICO, WIRE, RequestRecord
from helix_dash.log.segment import ROW_SCHEMA
from helix_dash.model import utc_from_us

DAY = 24 * 3600 * 10**6
SPAN = 30 * DAY
CHUNK = 100_000
"""Rows made at a time, and rows of one segment: what the product's own compaction calls a full one."""

MODELS = tuple(f"model-{letter}" for letter in "abcdefghijkl")
PROVIDERS = ("openai", "anthropic", "google", "mistral")
ENDPOINTS = ("chat", "embeddings", "responses", "completions", "moderations", "rerank")
STATUSES = ("success", "error", "throttled", "blocked", "cancelled")
CACHES = ("miss", "bypass", "exact", "semantic")
ERRORS = ("Timeout", "APIConnectionError", "InternalServerError", "BadRequestError")
USERS = 5_000
ID_COLUMNS = {"call_id": 16, "trace_id": 16, "prompt_hash": 16}
"""Columns of random hexadecimal ids, and the random bytes that each holds."""

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Traffic:
    """``count`` requests that arrived in the ``span`` before ``now`` (both microseconds)."""

    count: int
    now: int
    span: int = SPAN
    seed: int = 20261122

    def tables(self) -> Iterator[pa.Table]:
        """The requests in order of arrival, :data:`ROW_SCHEMA`, at most :data:`CHUNK` at a time."""
        random = np.random.default_rng(self.seed)
        made = 0
        while made < self.count:
            size = min(CHUNK, self.count - made)
            begin, end = (
                self.now - self.span + self.span * place // self.count for place in (made, made + size)
            )
            yield _table(random, size, begin, end, made)
            made += size


def _table(random: np.random.Generator, size: int, begin: int, end: int, made: int) -> pa.Table:
    arrived = np.sort(_rhythm(random.random(size), begin, end))
    model = _popular(random, size, len(MODELS))
    status = random.choice(len(STATUSES), size, p=[0.93, 0.03, 0.02, 0.01, 0.01])
    success = status == 0
    cache = np.where(success, random.choice(len(CACHES), size, p=[0.65, 0.15, 0.12, 0.08]), 0)
    hit = cache >= 2
    stream = random.random(size) < 0.6
    latency = np.minimum(random.lognormal(13.6, 0.8, size), 30e6).astype(np.int64)  # median 0.8 s
    latency = np.where(status == 1, np.where(random.random(size) < 0.5, 30_000_000, latency), latency)
    latency = np.where(hit, latency // 50 + 1_000, latency)
    tokens = {
        "uncached_tokens": np.where(success, random.lognormal(6.2, 1.0, size), 0).astype(np.int64),
        "cached_tokens": np.where(success & (random.random(size) < 0.3), 1024, 0),
        "visible_tokens": np.where(success, random.lognormal(5.0, 0.9, size), 0).astype(np.int64),
        "reasoning_tokens": np.where(success & (model >= 9), 256, 0),
    }
    price = (model + 1) * 250_000  # 10⁻¹² dollars per input token: 0.25 to 3 dollars per million
    cost = price * (tokens["uncached_tokens"] + tokens["cached_tokens"] // 10)
    cost += 4 * price * (tokens["visible_tokens"] + tokens["reasoning_tokens"])
    users = _popular(random, size, USERS)
    failed = ~success
    limits = model % 2 == 0  # half of the providers tell their limits
    columns: dict[str, Any] = {
        # The record reaches the store a moment after the request has ended: segments overlap a little.
        "time": arrived - random.exponential(200_000, size).astype(np.int64),
        "ingested": arrived // 1000 * 1000,
        "status": _words(STATUSES, status),
        "http_code": np.array([200, 500, 429, 400, 499])[status],
        "error_class": _words(ERRORS, random.integers(0, len(ERRORS), size), failed),
        "limiter": _words(("our_rpm", "our_tpm", "provider"), random.integers(0, 3, size), status == 2),
        "model": _words(MODELS, model),
        "model_requested": _words(MODELS, model),
        "provider": _words(PROVIDERS, model % 4),
        "endpoint": _words(ENDPOINTS, _popular(random, size, len(ENDPOINTS))),
        "call_type": _words(("acompletion", "aembedding"), random.integers(0, 2, size)),
        "user": _words([f"user-{user * 2657 % USERS:04d}" for user in range(USERS)], users),
        "team": _words([f"team-{team:02d}" for team in range(40)], users % 40),
        "organization": _words(("default", "north", "south"), users % 3),
        "key_alias": _words([f"key-{key:03d}" for key in range(400)], users % 400),
        "tags": _words(("prod;web", "prod;batch", "staging"), users % 3),
        "call_id": _hexes(random, size, dashed=True),
        "trace_id": _hexes(random, size),
        "session_id": _words([f"session-{place:06d}" for place in range(size)], np.arange(size) // 6).cast(pa.string()),
        **tokens,
        "cache_write_tokens": np.zeros(size, np.int64),
        "cost_usd": np.where(hit, 0, cost),
        "priced": np.ones(size, bool),
        "avoided_cost_usd": pa.array(cost, mask=~hit),
        "latency_ms": latency,
        "ttft_ms": pa.array(latency // 4, mask=~(stream & success)),
        "overhead_ms": random.integers(1_000, 9_000, size) // 100 * 100,
        "stream": stream,
        "cache": _words(CACHES, cache),
        "similarity": pa.array(random.integers(900, 1000, size).astype(np.int32) * 1000, mask=cache != 3),
        "cache_owner": _words([f"team-{team:02d}" for team in range(40)], users % 40, hit),
        "cache_age_ms": pa.array(random.integers(1, 3_600, size) * 1_000_000, mask=~hit),
        "prompt_hash": _hexes(random, size),
        "finish_reason": _words(("stop", "length", "tool_calls"), random.choice(3, size, p=[0.8, 0.1, 0.1]), success),
        "guardrail": _words(("not_run", "success"), random.integers(0, 2, size)),
        "pii": _words(("EMAIL:1", "PHONE:1;EMAIL:2"), random.integers(0, 2, size), random.random(size) < 0.02),
        "limit_requests": pa.array(np.full(size, 10_000), mask=~limits),
        "remaining_requests": pa.array(10_000 - random.integers(0, 200, size), mask=~limits),
        "limit_tokens": pa.array(np.full(size, 2_000_000), mask=~limits),
        "remaining_tokens": pa.array(2_000_000 - random.integers(0, 400, size) * 100, mask=~limits),
        "retries": random.choice(3, size, p=[0.97, 0.02, 0.01]),
        "fallbacks": np.zeros(size, np.int64),
        "source": _words(("benchmark",), np.zeros(size, np.int64)),
        "skewed": np.zeros(size, bool),
        "producer": _words([f"{number + 1:016x}" for number in range(4)], np.arange(size) % 4).cast(pa.string()),
        "seq": (np.arange(size) + made) // 4 + 1,
    }  # fmt: skip
    return pa.table(
        [
            pa.array(columns[spec.name]).cast(spec.type)
            if spec.name in columns
            else pa.nulls(size, spec.type)
            for spec in ROW_SCHEMA
        ],
        schema=ROW_SCHEMA,
    )


def _rhythm(uniform: npt.NDArray[np.float64], begin: int, end: int) -> Integers:
    """Instants in [begin, end), crowded around the middle of each UTC day where that is wide enough to tell."""
    if end - begin < DAY:
        return (begin + uniform * (end - begin)).astype(np.int64)
    swing = 0.8 / (2 * np.pi) * np.sin(2 * np.pi * uniform * ((end - begin) / DAY)) * DAY / (end - begin)
    return (begin + np.clip(uniform - swing, 0, 1 - 1e-9) * (end - begin)).astype(np.int64)


def _popular(random: np.random.Generator, size: int, kinds: int) -> Integers:
    """Numbers below ``kinds``, the n-th as popular as 1/n."""
    weights = 1 / np.arange(1, kinds + 1)
    edges = np.cumsum(weights) / weights.sum()
    return np.minimum(np.searchsorted(edges, random.random(size)), kinds - 1)


def _words(words: Any, codes: Any, known: Any = None) -> pa.DictionaryArray:
    places = pa.array(codes.astype(np.int32), mask=None if known is None else ~known)
    return pa.DictionaryArray.from_arrays(places, pa.array(list(words), pa.string()))


def _hexes(random: np.random.Generator, size: int, *, dashed: bool = False) -> pa.StringArray:
    """Random 128-bit ids as 32 hexadecimal digits, or as 36 characters of a UUID."""
    digits = np.frombuffer(random.bytes(16 * size).hex().encode(), np.uint8).reshape(size, 32)
    if dashed:
        dash = np.full((size, 1), ord("-"), np.uint8)
        parts = [digits[:, low:high] for low, high in ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32))]
        digits = np.hstack([part for group in parts for part in (group, dash)][:-1])
    width = digits.shape[1]
    offsets = np.arange(size + 1, dtype=np.int32) * width
    return pa.StringArray.from_buffers(
        size, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(digits))
    )


def records(table: pa.Table) -> list[RequestRecord]:
    """The rows of ``table`` as a gateway would record them, those columns that producers send."""
    columns = {column.name: _outward(column.name, column.kind, table[column.name]) for column in WIRE}
    return [
        RequestRecord(**dict(zip(columns, values, strict=True)))
        for values in zip(*columns.values(), strict=True)
    ]


def _outward(name: str, kind: str, values: pa.ChunkedArray) -> list[Any]:
    if name == "tags":
        return [tuple(text.split(";")) if text else () for text in values.to_pylist()]
    if name == "pii":
        return [_entities(text) for text in values.to_pylist()]
    convert: dict[str, Any] = {
        "time": utc_from_us,
        "duration": lambda micros: micros / 1000,
        "money": lambda picos: Decimal(picos) / PICO,
        "share": lambda millionths: millionths / 10**6,
    }
    listed: list[Any] = values.to_pylist()
    if kind not in convert:
        return listed
    return [None if value is None else convert[kind](value) for value in listed]


def _entities(text: str | None) -> dict[str, int]:
    return {name: int(count) for name, count in (part.split(":") for part in (text or "").split(";") if part)}


def this_moment() -> int:
    """Now, on a whole second, in microseconds."""
    return int(datetime.now(UTC).timestamp()) * 10**6
