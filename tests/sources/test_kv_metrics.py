"""vLLM's and Dynamo's Prometheus pages in one vocabulary."""

from __future__ import annotations

import pytest

from helix_dash.errors import SourceError
from helix_dash.sources.kv_metrics import read

VLLM = """# TYPE vllm:prefix_cache_queries counter
vllm:prefix_cache_queries_total{engine="0",model_name="m"} 1000.0
vllm:prefix_cache_queries_total{engine="1",model_name="m"} 500.0
# TYPE vllm:prefix_cache_hits counter
vllm:prefix_cache_hits_total{engine="0",model_name="m"} 640.0
vllm:prefix_cache_hits_created{engine="0",model_name="m"} 1.7e9
# TYPE vllm:kv_cache_usage_perc gauge
vllm:kv_cache_usage_perc{engine="0",model_name="m"} 0.93
vllm:kv_cache_usage_perc{engine="1",model_name="m"} 0.12
# TYPE vllm:cache_config_info gauge
vllm:cache_config_info{block_size="784",engine="0",num_gpu_blocks="2048"} 1.0
# TYPE vllm:time_to_first_token_seconds histogram
vllm:time_to_first_token_seconds_bucket{engine="0",le="0.1",model_name="m"} 3.0
vllm:time_to_first_token_seconds_bucket{engine="0",le="+Inf",model_name="m"} 5.0
vllm:time_to_first_token_seconds_count{engine="0",model_name="m"} 5.0
vllm:time_to_first_token_seconds_sum{engine="0",model_name="m"} 1.25
# TYPE vllm:num_preemptions counter
vllm:num_preemptions_total{engine="0",model_name="m"} 2.0
"""

DYNAMO = """# TYPE dynamo_component_kvstats_active_blocks gauge
dynamo_component_kvstats_active_blocks{worker_id="7a"} 12
# TYPE dynamo_component_kvstats_total_blocks gauge
dynamo_component_kvstats_total_blocks{worker_id="7a"} 100
# TYPE dynamo_component_kvstats_gpu_cache_usage_percent gauge
dynamo_component_kvstats_gpu_cache_usage_percent{worker_id="7a"} 12.0
# TYPE dynamo_frontend_queued_requests gauge
dynamo_frontend_queued_requests{model="m"} 3
# TYPE dynamo_frontend_model_kv_cache_block_size gauge
dynamo_frontend_model_kv_cache_block_size{model="m"} 16
"""


def test_tokens_of_all_engines_add_up() -> None:
    """F4.1"""
    _, numbers = read(VLLM)
    assert (numbers.counters["prefix_query_tokens"], numbers.counters["prefix_hit_tokens"]) == (1500, 640)


def test_the_moment_a_counter_was_created_is_no_counter() -> None:
    _, numbers = read(VLLM)
    assert max(numbers.counters.values()) < 10_000


def test_each_worker_has_its_own_usage() -> None:
    """F4.3"""
    server, numbers = read(VLLM)
    assert (numbers.gauges["usage|0"], numbers.gauges["usage|1"]) == (0.93, 0.12)
    assert server.workers == ["0", "1"]


def test_the_block_size_is_told() -> None:
    server, _ = read(VLLM)
    assert (server.kind, server.block_size) == ("vllm", 784)


def test_a_histogram_is_kept_as_counters_so_that_any_window_has_its_own_percentile() -> None:
    _, numbers = read(VLLM)
    assert numbers.counters["ttft_bucket|0.1"] == 3
    assert (numbers.counters["ttft_count"], numbers.counters["ttft_sum"]) == (5, 1.25)


def test_dynamo_speaks_the_same_words_afterwards() -> None:
    server, numbers = read(DYNAMO)
    assert (server.kind, server.block_size) == ("dynamo", 16)
    assert numbers.gauges == {
        "active_blocks|7a": 12,
        "total_blocks|7a": 100,
        "usage|7a": 0.12,
        "waiting|0": 3,
    }


def test_what_a_server_does_not_expose_is_not_there() -> None:
    server, numbers = read(DYNAMO)
    assert "prefix_query_tokens" not in numbers.counters
    assert "ttft" not in " ".join(server.exposes)


def test_a_page_of_something_else_is_known_to_be() -> None:
    server, numbers = read("# TYPE up gauge\nup 1\n")
    assert (server.kind, numbers.counters, numbers.gauges) == ("unknown", {}, {})


def test_html_is_not_metrics() -> None:
    with pytest.raises(SourceError):
        read("<html>not found</html>")
