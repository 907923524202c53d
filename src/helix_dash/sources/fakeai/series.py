"""Which numbers of an answer are kept as series, and under which names: ``<what>`` or ``<what>|<of whom>``."""

from __future__ import annotations

from collections.abc import Mapping

from helix_dash.sources.fakeai.told import KeyLimits, KvCache, ModelCounters, PathRates, Tier
from helix_dash.sources.polling import Numbers


def of_models(models: Mapping[str, ModelCounters]) -> Numbers:
    """``requests|<model>``, ``prompt_tokens|…``, ``completion_tokens|…``, ``errors|…``, ``cost_usd|…``,
    ``latency_ms|…`` (its sum)."""
    found = Numbers()
    for model, one in models.items():
        found.counters.update(
            {
                f"requests|{model}": one.requests,
                f"prompt_tokens|{model}": one.prompt_tokens,
                f"completion_tokens|{model}": one.completion_tokens,
                f"errors|{model}": one.errors,
                f"cost_usd|{model}": one.cost_usd,
                f"latency_ms|{model}": one.latency_ms_sum,
            }
        )
    return found


def of_kv_cache(cache: KvCache) -> Numbers:
    """Counters ``hits``, ``misses``, ``tokens_processed``, ``tokens_reused``, ``requests|<worker>``,
    ``tokens|<worker>``; gauges ``mean_prefix_tokens``, ``tree_nodes``, ``tree_blocks``, ``active|<worker>``,
    ``blocks|<worker>``, ``baseline_ttft_ms``, ``actual_ttft_ms``."""
    found = Numbers(
        {
            "hits": cache.hits,
            "misses": cache.misses,
            "tokens_processed": cache.tokens_processed,
            "tokens_reused": cache.tokens_reused,
        },
        {
            "mean_prefix_tokens": cache.mean_prefix_tokens,
            "tree_nodes": cache.tree_nodes,
            "tree_blocks": cache.tree_blocks,
        },
    )
    for name in ("baseline_ttft_ms", "actual_ttft_ms"):
        value = getattr(cache, name)
        if value is not None:
            found.gauges[name] = value
    for name, worker in cache.workers.items():
        found.counters[f"requests|{name}"] = worker.total_requests
        found.counters[f"tokens|{name}"] = worker.tokens_processed
        found.gauges[f"active|{name}"] = worker.active_requests
        found.gauges[f"blocks|{name}"] = worker.cached_blocks
    return found


def of_limits(limits: Mapping[str, Tier] | Mapping[str, KeyLimits]) -> Numbers:
    """``attempted|<tier or name of a key>``, ``allowed|…``, ``throttled|…``, ``tokens|…``."""
    found = Numbers()
    for name, one in limits.items():
        found.counters.update(
            {
                f"attempted|{name}": one.attempted,
                f"allowed|{name}": one.allowed,
                f"throttled|{name}": one.throttled,
                f"tokens|{name}": one.tokens_consumed,
            }
        )
    return found


def of_rates(rates: Mapping[str, PathRates]) -> Numbers:
    """Gauges ``<field of PathRates>|<path>``, where known."""
    found = Numbers()
    for path, one in rates.items():
        for name in one.__struct_fields__:
            value = getattr(one, name)
            if value is not None:
                found.gauges[f"{name}|{path}"] = value
    return found
