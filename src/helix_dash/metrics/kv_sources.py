"""The KV caches of FakeAI, vLLM and Dynamo servers, read from their samples and answers in the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import redis

from helix_dash.metrics.growth_quantiles import bounds, quantiles
from helix_dash.metrics.kv_cache import (
    PERCENTS,
    Kind,
    KvReading,
    KvSource,
    KvWorker,
    Number,
    ratio,
    routing_cost,
)
from helix_dash.samples.answers import Answer, answers
from helix_dash.samples.keys import SECOND
from helix_dash.samples.reader import Frames, Reading, SampleReader
from helix_dash.samples.sources import FAKEAI, FAKEAI_EVERY, KV, KV_CACHE, KV_EVERY, MODELS

LATE = 8 * SECOND
"""By how much a look may miss the end of a frame, microseconds: as long as it is from one to the next."""

DYNAMO_OVERLAP_WEIGHT = 1.0
"""Dynamo's router does not tell its weight; this is its default."""


def sources(
    store: redis.Redis, *, fakeai: bool, servers: Sequence[str]
) -> tuple[list[KvSource], dict[str, Answer]]:
    """Every server that is asked or once was, and all answers of FakeAI; two commands.

    Args:
        store: where answers are kept.
        fakeai: whether a setting names a FakeAI server.
        servers: the names of the servers that settings name.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    of_fakeai, of_servers = answers(store, FAKEAI), answers(store, KV)
    found: list[KvSource] = []
    told = of_fakeai.get(KV_CACHE)
    if fakeai or told is not None:
        title = "FakeAI (mock)" if told is not None and told.mock else "FakeAI"
        found.append(KvSource(f"{FAKEAI}.{KV_CACHE}", title, "fakeai", FAKEAI_EVERY, told))
    for name in dict.fromkeys([*servers, *sorted(of_servers)]):
        answer = of_servers.get(name)
        body = answer.body if answer is not None and isinstance(answer.body, dict) else {}
        found.append(KvSource(f"{KV}.{name}", name, body.get("kind", "unknown"), KV_EVERY, answer))
    return found, of_fakeai


def read(store: redis.Redis, source: KvSource, start: int, end: int, now: int, most: int = 200) -> KvReading:
    """What ``source`` told in ``[start, end)``, microseconds since the epoch; at most two commands.

    The lines are ``hit_rate`` (0–1), ``computed`` and ``reused`` (tokens), ``matched`` and ``prompt`` (blocks per
    request), ``preemptions``, ``running``, ``waiting``, ``ttft_p50`` … ``itl_p99`` (ms), and by worker
    ``usage|<worker>``, ``requests|<worker>``.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    reader = SampleReader(store)
    frames = reader.read(source.name, start, end, now, most)
    body = source.answer.body if source.answer is not None and isinstance(source.answer.body, dict) else {}
    if source.kind == "fakeai":
        models = reader.read(f"{FAKEAI}.{MODELS}", start, end, now, most)
        return _of_fakeai(frames, models, body)
    return _of_server(frames, source.kind, body)


def _of_fakeai(frames: Frames, models: Frames, body: dict[str, Any]) -> KvReading:
    hits, misses = frames.total("hits"), frames.total("misses")
    requests = None if hits is None or misses is None else hits + misses
    answered = models.total([name for name in models.names() if name.startswith("requests|")])
    written = models.total([name for name in models.names() if name.startswith("completion_tokens|")])
    block_size = _number(body.get("block_size"))
    first = KvReading(
        frames,
        processed=frames.total("tokens_processed"),
        reused=frames.total("tokens_reused"),
        counted_hits=ratio(hits, requests),
        requests=requests,
        block_size=block_size,
        mean_prefix=frames.latest("mean_prefix_tokens"),
        ttft_hit_ms=frames.latest("actual_ttft_ms"),
        ttft_miss_ms=frames.latest("baseline_ttft_ms"),
        overlap_weight=_number(body.get("overlap_weight")),
        load_weight=_number(body.get("load_weight")),
        output_tokens=ratio(written, answered),
    )
    decode = ratio(first.output_tokens, block_size)
    workers = []
    for name in _workers(frames, ("requests", "active")):
        active = frames.latest(f"active|{name}")
        workers.append(
            KvWorker(
                name,
                requests=frames.total(f"requests|{name}"),
                tokens=frames.total(f"tokens|{name}"),
                blocks=frames.latest(f"blocks|{name}"),
                running=active,
                cost=routing_cost(first, decode, active, first.load_weight),
            )
        )
    per_frame = [
        None if hit is None or miss is None else hit + miss
        for hit, miss in zip(frames.grown("hits"), frames.grown("misses"), strict=True)
    ]
    lines = _tokens(frames, "tokens_processed", "tokens_reused", per_frame, block_size)
    lines |= {f"requests|{one.name}": frames.evened(f"requests|{one.name}", LATE) for one in workers}
    lines |= {"running": _summed(frames, "active", [one.name for one in workers])}
    missing = (
        "usage of blocks by worker",
        "preemptions",
        "waiting requests",
        "distributions of TTFT and ITL",
        *_NOBODY_TELLS,
    )
    return replace(
        first, workers=tuple(workers), lines=lines, missing=missing, running=_last(lines["running"])
    )


def _of_server(frames: Frames, kind: Kind, body: dict[str, Any]) -> KvReading:
    names = set(frames.names())
    told = frozenset(body.get("exposes") or ()) | {name.partition("|")[0] for name in names}

    def total(name: str) -> Number:
        return frames.total(name) if name in names else None

    def mean_ms(name: str) -> Number:
        seconds = ratio(total(f"{name}_sum"), total(f"{name}_count"))
        return None if seconds is None else seconds * 1000

    block_size = _number(body.get("block_size"))
    looked_up = "prefix_query_tokens" in names
    queries, found = ("prefix_query_tokens", "prefix_hit_tokens") if looked_up else ("prompt_tokens", "cached_prompt_tokens")  # fmt: skip
    workers = _workers(frames, ("usage", "running", "waiting", "active_blocks", "hit_rate"))
    usages = [value for name in workers for value in frames.gauge(f"usage|{name}") if value is not None]
    highs = [value for name in workers for value in frames.gauge(f"usage|{name}", "high") if value is not None]  # fmt: skip
    first = KvReading(
        frames,
        processed=total(queries),
        reused=total(found) if queries in names else None,
        requests=total("requests"),
        cached_share=ratio(total("cached_prompt_tokens"), total("prompt_tokens")),
        block_size=block_size,
        max_usage=max(highs, default=None),
        mean_usage=sum(usages) / len(usages) if usages else None,
        preemptions=total("preemptions"),
        ttft_ms=_percentiles(frames, "ttft"),
        itl_ms=_percentiles(frames, "itl"),
        mean_ttft_ms=mean_ms("ttft"),
        mean_prefill_ms=mean_ms("prefill"),
        overlap_weight=DYNAMO_OVERLAP_WEIGHT if kind == "dynamo" else None,
        load_weight=0.0 if kind == "dynamo" else None,
        output_tokens=ratio(total("output_tokens"), total("requests")),
    )
    lines = _tokens(frames, queries, found, frames.grown("requests"), block_size) if queries in names else {}
    lines |= {f"usage|{name}": frames.gauge(f"usage|{name}", "high") for name in workers if "usage" in told}
    if "preemptions" in names:
        lines["preemptions"] = frames.rate("preemptions")
    for gauge in ("running", "waiting"):
        if gauge in told:
            lines[gauge] = _summed(frames, gauge, workers)
    for name in ("ttft", "itl"):
        lines |= _percentile_lines(frames, name)
    return replace(
        first,
        workers=tuple(_server_worker(frames, first, name) for name in workers),
        lines=lines,
        running=_last(lines.get("running", [])),
        waiting=_last(lines.get("waiting", [])),
        missing=(
            *(words for name, words in _TOLD.items() if not told & set(name.split())),
            "requests by worker",
            *_NOBODY_TELLS,
            *(() if kind == "dynamo" else ("a router's weights, so no routing cost",)),
        ),
    )


_NOBODY_TELLS = (
    "matches of single requests",
    "which prefixes are found most",
    "hit rate by prefix length",
    "lifetimes of blocks",
    "transfers between workers",
)
"""What would make an overlap histogram, a table of prefixes, and charts of what becomes of a block."""

_TOLD = {
    "prefix_query_tokens cached_prompt_tokens": "tokens found in the cache",
    "usage": "usage of blocks by worker",
    "preemptions": "preemptions",
    "waiting": "waiting requests",
    "ttft ttft_bucket": "TTFT",
    "itl itl_bucket": "ITL",
    "requests": "requests",
}
"""Our names of what a server may tell, any of which suffices → what is missing without."""


def _server_worker(frames: Frames, first: KvReading, name: str) -> KvWorker:
    def last(what: str) -> Number:
        return frames.latest(f"{what}|{name}")

    return KvWorker(
        name,
        usage=last("usage"),
        blocks=last("active_blocks"),
        total_blocks=last("total_blocks"),
        hit_rate=last("hit_rate"),
        running=last("running"),
        waiting=last("waiting"),
        cost=routing_cost(first, last("active_blocks"), 0.0, first.load_weight),
    )


def _number(value: Any) -> Number:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _workers(frames: Frames, whats: Sequence[str]) -> list[str]:
    """The workers that any of ``whats`` is told of, in order of their numbers."""
    found = {name.partition("|")[2] for name in frames.names() if name.partition("|")[0] in whats}
    return sorted((name for name in found if name), key=lambda name: (len(name), name))


def _tokens(
    frames: Frames, processed: str, reused: str, requests: Sequence[Number], block_size: Number
) -> dict[str, list[Number]]:
    whole, part = frames.grown(processed), frames.grown(reused)
    even = frames.evened(reused, LATE)  # amounts only: of a ratio both sides cover the same time
    lines: dict[str, list[Number]] = {
        "hit_rate": [ratio(found, all_of) for all_of, found in zip(whole, part, strict=True)],
        "computed": [
            None if a is None or b is None else max(0.0, a - b)
            for a, b in zip(frames.evened(processed, LATE), even, strict=True)
        ],
        "reused": list(even),
    }
    for name, tokens in (("matched", part), ("prompt", whole)):
        lines[name] = [
            ratio(ratio(one, block_size), count) for one, count in zip(tokens, requests, strict=True)
        ]
    return lines


def _summed(frames: Frames, gauge: str, workers: Sequence[str], reading: Reading = "high") -> list[Number]:
    columns = [frames.gauge(f"{gauge}|{name}", reading) for name in workers]
    return [_sum(values) for values in zip(*columns, strict=True)] if columns else [None] * len(frames.starts)


def _sum(values: Sequence[Number]) -> Number:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _last(values: Sequence[Number]) -> Number:
    return next((value for value in reversed(values) if value is not None), None)


def _percentiles(frames: Frames, name: str) -> tuple[Number, ...]:
    found = quantiles(frames.frames, name, bounds(frames, name), PERCENTS)
    return tuple(None if one is None else one * 1000 for one in found)


def _percentile_lines(frames: Frames, name: str) -> dict[str, list[Number]]:
    upper = bounds(frames, name)
    if not upper:
        return {}
    each = [quantiles([frame], name, upper, PERCENTS) for frame in frames.frames]
    return {
        f"{name}_p{percent}": [None if one[place] is None else (one[place] or 0) * 1000 for one in each]
        for place, percent in enumerate(PERCENTS)
    }
