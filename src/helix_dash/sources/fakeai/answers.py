"""Reads what the FakeAI server says into :mod:`.told`, in our units: milliseconds, shares from 0 to 1, masked keys.

The server's own units differ from one endpoint to the next, so nothing else may read its JSON. What it does not
say is ``None``. Measured with version 0.3.2.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from prometheus_client.parser import text_string_to_metric_families

from helix_dash.errors import SourceError
from helix_dash.sources.fakeai.told import (
    Abuse,
    KeyLimits,
    KvCache,
    ModelCounters,
    ModelFacts,
    PathRates,
    Spending,
    Tier,
)

Made = TypeVar("Made")


class Unreadable(SourceError):
    """The server answered something else than it should."""

    def __init__(self, message: str) -> None:
        super().__init__("unreadable", message)


def masked(key: str) -> str:
    """``key`` as people may see it: its last four characters, and six of its digest to tell two of them apart."""
    if key == "anonymous":
        return key
    mark = hashlib.sha256(key.encode()).hexdigest()[:6]
    return f"…{key[-4:]} ({mark})" if len(key) >= 12 else f"… ({mark})"


def rates_of(body: Any) -> dict[str, PathRates]:
    """Path → its rates, from ``GET /metrics`` (seconds, there)."""
    requests, responses, tokens, errors = (
        _object(_object(body).get(name, {})) for name in ("requests", "responses", "tokens", "errors")
    )
    return {
        path: PathRates(
            _rate(requests, path),
            _rate(responses, path),
            _rate(tokens, path),
            _rate(errors, path),
            *(_scaled(responses.get(path), name, 1000) for name in ("avg", "p50", "p90", "p99")),
        )
        for path in sorted({*requests, *responses, *tokens, *errors})
    }


def live_rates_of(data: Any) -> dict[str, PathRates]:
    """The same from a frame of the WebSocket (milliseconds, there)."""
    throughput, latency = _object(_object(data).get("throughput", {})), _object(data.get("latency", {}))
    requests, responses, tokens = (
        _object(throughput.get(f"{name}_per_sec", {})) for name in ("requests", "responses", "tokens")
    )
    errors = _object(_object(data.get("error", {})).get("errors_per_sec", {}))
    return {
        path: PathRates(
            *(_number(table.get(path)) for table in (requests, responses, tokens, errors)),
            *(_scaled(latency.get(path), name, 1) for name in ("avg", "p50", "p90", "p99")),
        )
        for path in sorted({*requests, *responses, *tokens, *errors})
    }


_COUNTED = {
    "fakeai_model_requests_total": "requests",
    "fakeai_model_errors_total": "errors",
    "fakeai_model_cost_usd_total": "cost_usd",
    "fakeai_model_latency_milliseconds_sum": "latency_ms_sum",
}
_QUANTILES = {"0.5": "latency_ms_p50", "0.95": "latency_ms_p95", "0.99": "latency_ms_p99"}


def models_of(text: str) -> dict[str, ModelCounters]:
    """Model → its counters, from ``GET /metrics/by-model/prometheus``."""
    found: dict[str, dict[str, Any]] = {}
    try:
        samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    except (ValueError, KeyError) as error:
        raise Unreadable("The metrics by model are not in Prometheus' text form.") from error
    for sample in samples:
        if "model" not in sample.labels:
            continue
        of = found.setdefault(sample.labels["model"], {"endpoints": {}})
        if sample.name in _COUNTED:
            of[_COUNTED[sample.name]] = sample.value
        elif sample.name == "fakeai_model_tokens_total":
            of[f"{sample.labels.get('type')}_tokens"] = sample.value
        elif (
            sample.name == "fakeai_model_latency_milliseconds" and sample.labels.get("quantile") in _QUANTILES
        ):
            of[_QUANTILES[sample.labels["quantile"]]] = sample.value
        elif sample.name == "fakeai_model_endpoint_requests_total":
            of["endpoints"][sample.labels.get("endpoint", "")] = sample.value
    return {model: _made(ModelCounters, counters) for model, counters in found.items()}


def kv_cache_of(body: Any) -> KvCache:
    """From ``GET /kv-cache/metrics``."""
    cache, router = _object(body)["cache_performance"], _object(body)["smart_router"]
    speedup, config, tree = cache["speedup_stats"], router["config"], router["radix_tree"]
    return _made(
        KvCache,
        {
            "hits": cache["total_cache_hits"],
            "misses": cache["total_cache_misses"],
            "tokens_processed": cache["total_tokens_processed"],
            # The server may count more tokens as reused than it saw.
            "tokens_reused": min(cache["cached_tokens_reused"], cache["total_tokens_processed"]),
            "mean_prefix_tokens": cache["average_prefix_length"],
            "by_endpoint": {
                path: (counts["hits"], counts["misses"]) for path, counts in cache["endpoint_stats"].items()
            },
            "workers": router["workers"],
            "tree_nodes": tree["total_nodes"],
            "tree_blocks": tree["total_cached_blocks"],
            "overlap_weight": config["kv_overlap_weight"],
            "load_weight": config["load_balance_weight"],
            "block_size": config["block_size"],
            "baseline_ttft_ms": speedup.get("avg_baseline_ttft_ms"),
            "actual_ttft_ms": speedup.get("avg_actual_ttft_ms"),
        },
    )


def tiers_of(body: Any) -> dict[str, Tier]:
    """Tier → its counters, from ``GET /metrics/rate-limits/tier``."""
    return {
        name: _made(
            Tier,
            {
                "keys": tier["key_count"],
                "attempted": tier["total_requests_attempted"],
                "allowed": tier["total_requests_allowed"],
                "throttled": tier["total_requests_throttled"],
                "tokens_consumed": tier["total_tokens_consumed"],
                "throttle_ms": tier["total_throttle_time_ms"],
                "peak_burst": tier["peak_burst_requests"],
            },
        )
        for name, tier in _object(body).items()
    }


def key_limits_of(body: Any) -> KeyLimits:
    """From ``GET /metrics/rate-limits/key/{key}``. Its utilisation and its peaks are left out: they are measured
    against the server's own first snapshots, not against the limit."""
    requests, tokens = _object(body)["requests"], body["tokens"]
    return _made(
        KeyLimits,
        {
            "key": masked(str(body["api_key"])),
            "tier": body["tier"],
            "attempted": requests["total_attempted"],
            "allowed": requests["total_allowed"],
            "throttled": requests["total_throttled"],
            "tokens_requested": tokens["total_requested"],
            "tokens_consumed": tokens["total_consumed"],
            "retry_after_ms_mean": body["throttling"]["avg_retry_after_ms"],
            "burst": body["usage_patterns"]["current_burst_requests"],
        },
    )


def abuse_of(body: Any) -> tuple[Abuse, ...]:
    """From ``GET /metrics/rate-limits/abuse-patterns``."""
    if not isinstance(body, list):
        raise Unreadable("The abuse patterns are no list.")
    return tuple(
        _made(
            Abuse,
            {
                "key": masked(str(one["api_key"])),
                "tier": one["tier"],
                "severity": one["severity"],
                "issues": tuple(one["issues"]),
                "requests": one["total_requests"],
                "throttle_rate": one["throttle_rate"],
            },
        )
        for one in body
    )


def spending_of(body: Any) -> Spending:
    """From ``GET /metrics/costs``."""
    return _made(Spending, {"total_usd": _object(body)["total_cost_usd"], "by_model": body["costs_by_model"]})


def model_facts_of(body: Any) -> dict[str, ModelFacts]:
    """Model → what is said of it, from ``GET /v1/models``."""
    return {one["id"]: ModelFacts(one.get("context_window")) for one in _object(body)["data"]}


def health_of(body: Any) -> bool:
    """Whether the server says it is ready, from ``GET /health``."""
    return bool(_object(body).get("ready"))


def _made(kind: type[Made], values: Mapping[str, Any]) -> Made:
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise Unreadable(f"An answer is not as it should be: {error}") from error


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Unreadable("An answer is no JSON object.")
    return value


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _rate(table: Mapping[str, Any], path: str) -> float | None:
    found = table.get(path)
    return _number(found.get("rate")) if isinstance(found, dict) else None


def _scaled(table: Any, name: str, factor: float) -> float | None:
    value = _number(table.get(name)) if isinstance(table, dict) else None
    return None if value is None else value * factor
