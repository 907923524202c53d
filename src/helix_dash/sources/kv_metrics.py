"""The KV cache of vLLM and Dynamo servers, from their Prometheus endpoints.

Their names differ between versions and from one to the other; here each becomes one name of ours. Counters of
tokens are kept as counters, so that a hit rate can be told for any window; a gauge of a hit rate could not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial

import httpx
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from helix_dash.errors import SourceError
from helix_dash.samples.sources import KV, KV_EVERY
from helix_dash.sources.polling import Numbers, Question, Told

SOURCE, EVERY = KV, KV_EVERY
MOST_BYTES = 16 * 2**20

COUNTERS: dict[str, str] = {
    "vllm:prefix_cache_queries": "prefix_query_tokens",
    "vllm:prefix_cache_hits": "prefix_hit_tokens",
    "vllm:gpu_prefix_cache_queries": "prefix_query_tokens",
    "vllm:gpu_prefix_cache_hits": "prefix_hit_tokens",
    "vllm:external_prefix_cache_queries": "external_query_tokens",
    "vllm:external_prefix_cache_hits": "external_hit_tokens",
    "vllm:prompt_tokens": "prompt_tokens",
    "vllm:prompt_tokens_cached": "cached_prompt_tokens",
    "vllm:generation_tokens": "output_tokens",
    "vllm:num_preemptions": "preemptions",
    "vllm:request_success": "requests",
    "dynamo_frontend_requests": "requests",
    "dynamo_frontend_cached_tokens_sum": "cached_prompt_tokens",
    "dynamo_frontend_input_sequence_tokens_sum": "prompt_tokens",
    "dynamo_frontend_output_sequence_tokens_sum": "output_tokens",
}
"""Their counter, without ``_total`` → ours; several of theirs add up."""

HISTOGRAMS: dict[str, str] = {
    "vllm:time_to_first_token_seconds": "ttft",
    "vllm:inter_token_latency_seconds": "itl",
    "vllm:time_per_output_token_seconds": "itl",
    "vllm:request_queue_time_seconds": "queue",
    "vllm:request_prefill_time_seconds": "prefill",
    "vllm:request_decode_time_seconds": "decode",
    "dynamo_frontend_time_to_first_token_seconds": "ttft",
    "dynamo_frontend_inter_token_latency_seconds": "itl",
}
"""Their histogram of seconds → ours: counters ``<name>_bucket|<upper bound>``, ``<name>_sum``, ``<name>_count``."""

GAUGES: dict[str, str] = {
    "vllm:kv_cache_usage_perc": "usage",
    "vllm:gpu_cache_usage_perc": "usage",
    "vllm:num_requests_running": "running",
    "vllm:num_requests_waiting": "waiting",
    "dynamo_component_kvstats_active_blocks": "active_blocks",
    "dynamo_component_kvstats_total_blocks": "total_blocks",
    "dynamo_component_total_blocks": "total_blocks",
    "dynamo_component_kvstats_gpu_cache_usage_percent": "usage",
    "dynamo_component_gpu_cache_usage_percent": "usage",
    "dynamo_component_kvstats_gpu_prefix_cache_hit_rate": "hit_rate",
    "dynamo_frontend_inflight_requests": "running",
    "dynamo_frontend_queued_requests": "waiting",
    "dynamo_frontend_model_kv_cache_block_size": "block_size",
    "dynamo_frontend_model_total_kv_blocks": "total_blocks",
}
"""Their gauge → ours, as ``<name>|<worker>``."""

_WORKER = ("engine", "worker_id", "dynamo_worker", "instance", "worker")
_PERCENT = "gpu_cache_usage_percent"


@dataclass(frozen=True, slots=True)
class KvServer:
    """What one server exposes.

    Args:
        kind: ``vllm``, ``dynamo``, or ``unknown`` when none of its names is known.
        workers: its engines or workers, as it names them.
        exposes: our names of what it tells.
        block_size: tokens of a block; ``None`` when it does not say.
    """

    kind: str
    workers: list[str]
    exposes: list[str]
    block_size: float | None


@dataclass(slots=True)
class _Read:
    numbers: Numbers = field(default_factory=Numbers)
    workers: set[str] = field(default_factory=set)
    exposes: set[str] = field(default_factory=set)
    block_size: float | None = None

    def count(self, name: str, value: float) -> None:
        self.numbers.counters[name] = self.numbers.counters.get(name, 0) + value
        self.exposes.add(name.partition("_bucket|")[0])


def questions(servers: Iterable[tuple[str, str]]) -> list[Question]:
    """One question per server; ``servers`` are (name, URL)."""
    return [Question(name, EVERY, partial(_ask, url)) for name, url in servers]


def _ask(url: str) -> Told:
    server, numbers = read(fetch(url))
    return Told(server, numbers)


def fetch(url: str) -> str:
    """The text behind ``url``.

    Raises:
        SourceError: it did not come.
    """
    try:
        response = httpx.get(url, timeout=httpx.Timeout(3.0, connect=2.0), follow_redirects=False)
    except httpx.TimeoutException as error:
        raise SourceError("timeout", "The server does not answer in time.") from error
    except httpx.HTTPError as error:
        raise SourceError("unreachable", f"The server cannot be reached ({type(error).__name__}).") from error
    if response.status_code != 200:
        raise SourceError(
            "status", f"The server answered with HTTP {response.status_code}.", response.status_code
        )
    if len(response.content) > MOST_BYTES:
        raise SourceError("unreadable", "The answer is longer than sixteen megabytes.")
    return response.text


def read(text: str) -> tuple[KvServer, Numbers]:
    """What a Prometheus page tells of a KV cache.

    Raises:
        SourceError: it is no such page.
    """
    found = _Read()
    kinds: set[str] = set()
    try:
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if _take(found, sample):
                    kinds.add("vllm" if sample.name.startswith("vllm:") else "dynamo")
    except ValueError as error:
        raise SourceError("unreadable", "The answer is not in Prometheus' text form.") from error
    kind = kinds.pop() if len(kinds) == 1 else "unknown"
    server = KvServer(kind, sorted(found.workers), sorted(found.exposes), found.block_size)
    return server, found.numbers


def _take(found: _Read, sample: Sample) -> bool:
    """Whether ``sample`` is one of ours; then it is in ``found``."""
    name, value = sample.name.removesuffix("_total"), float(sample.value)
    if name == "vllm:cache_config_info":
        found.block_size = _number(sample.labels.get("block_size")) or found.block_size
        return True
    if name in COUNTERS:
        found.count(COUNTERS[name], value)
        return True
    base, _, part = name.rpartition("_")
    if base in HISTOGRAMS and part in ("bucket", "sum", "count"):
        tail = f"|{sample.labels.get('le', '+Inf')}" if part == "bucket" else ""
        found.count(f"{HISTOGRAMS[base]}_{part}{tail}", value)
        return True
    if name not in GAUGES:
        return False
    ours = GAUGES[name]
    if ours == "block_size":
        found.block_size = value
        return True
    worker = next((sample.labels[label] for label in _WORKER if sample.labels.get(label)), "0")
    found.workers.add(worker)
    found.exposes.add(ours)
    # Dynamo's "percent" is 0–100 in some versions and a share in others; above 1 it can only be the former.
    share = value / 100 if name.endswith(_PERCENT) and value > 1 else value
    found.numbers.gauges[f"{ours}|{worker}"] = share
    return True


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None
