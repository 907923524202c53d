"""KV caches out of samples in a real store: rates over the window, workers, what is not told, and the rules."""

from __future__ import annotations

from dataclasses import replace

import pytest
import redis

from helix_dash.metrics.growth_quantiles import bounds, quantiles
from helix_dash.metrics.kv_cache import KvReading, KvSource, KvWorker
from helix_dash.metrics.kv_insights import insights
from helix_dash.metrics.kv_sources import _tokens, read, sources
from helix_dash.samples import answers
from helix_dash.samples.answers import Answer
from helix_dash.samples.frame import Frame
from helix_dash.samples.reader import Frames
from helix_dash.samples.writer import SampleWriter
from helix_dash.store import connect

SECOND = 1_000_000
MINUTE = 60 * SECOND
T = 1_795_305_600 * SECOND
BODY = {"block_size": 16, "overlap_weight": 1.0, "load_weight": 0.5}
FAKEAI = KvSource("fakeai.kv_cache", "FakeAI", "fakeai", 15, Answer(T, T, BODY))


@pytest.fixture
def store(store_url: str) -> redis.Redis:
    return connect(store_url)


@pytest.fixture
def writer(store_url: str) -> SampleWriter:
    return SampleWriter(store_url)


def tell(writer: SampleWriter, second: int, requests: int, *, active: int = 0) -> None:
    """One sample of a FakeAI server after ``requests`` of 160 tokens, of which 120 were reused."""
    writer.record(
        "fakeai.kv_cache",
        T + second * SECOND,
        {
            "hits": requests,
            "misses": 0,
            "tokens_processed": 160 * requests,
            "tokens_reused": 120 * requests,
            "requests|worker-0": requests * 3 // 4,
            "requests|worker-1": requests - requests * 3 // 4,
        },
        {"mean_prefix_tokens": 120, "active|worker-0": active, "active|worker-1": 0, "blocks|worker-0": 7},
    )


def told(store: redis.Redis, minutes: int = 10) -> KvReading:
    end = T + minutes * MINUTE
    return read(store, FAKEAI, T, end, end)


def test_the_hit_rate_is_of_the_window_not_of_all_time(store: redis.Redis, writer: SampleWriter) -> None:
    """F4.1"""
    writer.record("fakeai.kv_cache", T, {"tokens_processed": 10_000, "tokens_reused": 0})
    writer.record("fakeai.kv_cache", T + 15 * SECOND, {"tokens_processed": 10_200, "tokens_reused": 150})
    assert told(store).hit_rate == 0.75


def test_blocks_matched_and_overlap_are_per_request(store: redis.Redis, writer: SampleWriter) -> None:
    """F4.2, F4.4: 120 of 160 tokens in blocks of 16."""
    for index in range(3):
        tell(writer, 15 * index, 40 * index)
    found = told(store)
    assert (found.matched_blocks, found.prompt_blocks) == (7.5, 10)


def test_imbalance_is_the_busiest_worker_by_the_mean(store: redis.Redis, writer: SampleWriter) -> None:
    """F4.3"""
    tell(writer, 0, 0)
    tell(writer, 15, 40)
    found = told(store)
    assert [one.requests for one in found.workers] == [30, 10]
    assert found.imbalance == 1.5


def test_the_routing_cost_follows_the_printed_formula(store: redis.Redis, writer: SampleWriter) -> None:
    """F4.5: weight 1 × (10 − 7.5) blocks to prefill + 32/16 decode blocks + weight 0.5 × active."""
    for second, count in ((0, 0), (15, 40)):
        tell(writer, second, count, active=4)
        writer.record("fakeai.models", T + second * SECOND, {"requests|m": count, "completion_tokens|m": 32 * count})  # fmt: skip
    costs = [one.cost for one in told(store).workers]
    assert costs == [2.5 + 2 + 2, 2.5 + 2]


def test_a_restart_makes_neither_a_negative_rate_nor_a_drop_to_zero(
    store: redis.Redis, writer: SampleWriter
) -> None:
    """Issue D, 2."""
    for second, count in ((0, 100), (15, 140), (30, 5), (45, 25)):
        tell(writer, second, count)
    found = told(store)
    assert found.hit_rate == 0.75
    assert all(value is None or value >= 0 for line in found.lines.values() for value in line)
    assert found.frames.resets == 1


def test_while_nobody_looked_there_is_a_gap(store: redis.Redis, writer: SampleWriter) -> None:
    for second in (0, 15, 240, 255):
        tell(writer, second, 10 + second)
    assert None in told(store).lines["hit_rate"][2:4]


def test_without_samples_nothing_is_known_and_nothing_is_zero(store: redis.Redis) -> None:
    found = told(store)
    assert (found.hit_rate, found.reused, found.imbalance, found.workers) == (None, None, None, ())


def test_a_server_that_tells_no_usage_says_so(store: redis.Redis, writer: SampleWriter) -> None:
    tell(writer, 0, 0)
    assert "usage of blocks by worker" in told(store).missing
    assert told(store).max_usage is None


def vllm(store: redis.Redis, writer: SampleWriter) -> KvReading:
    for index in range(3):
        count = 30 * index
        counters = {
            "prefix_query_tokens": 900 * count,
            "prefix_hit_tokens": 450 * count,
            "prompt_tokens": 1000 * count,
            "cached_prompt_tokens": 400 * count,
            "requests": count,
            "preemptions": index,
            "ttft_bucket|0.1": count * 0.5,
            "ttft_bucket|0.2": count,
            "ttft_bucket|inf": count,
        }
        gauges = {"usage|0": 0.5 + 0.2 * index, "usage|1": 0.1, "waiting|0": 4.0, "running|0": 2.0}
        writer.record("kv.v", T + index * 10 * SECOND, counters, gauges)
    body = {"kind": "vllm", "exposes": ["usage", "waiting"], "block_size": 16.0}
    source = KvSource("kv.v", "v", "vllm", 10, Answer(T, T, body))
    return read(store, source, T, T + 2 * MINUTE, T + 2 * MINUTE)


def test_a_vllm_server_tells_usage_queue_and_percentiles(store: redis.Redis, writer: SampleWriter) -> None:
    """F4.1, F4.3"""
    found = vllm(store, writer)
    assert (found.hit_rate, found.cached_share) == (0.5, 0.4)
    assert (found.max_usage, found.waiting, found.preemptions) == (0.9, 4, 2)
    assert found.ttft_ms[0] == pytest.approx(100)


def test_a_source_that_settings_name_is_there_before_it_ever_answered(store: redis.Redis) -> None:
    found, _ = sources(store, fakeai=True, servers=["vllm-1"])
    assert [(one.title, one.answer) for one in found] == [("FakeAI", None), ("vllm-1", None)]


def test_a_mock_is_called_one(store: redis.Redis) -> None:
    answers.keep(store, "fakeai", "kv_cache", Answer(T, T, BODY, mock=True))
    found, _ = sources(store, fakeai=True, servers=[])
    assert found[0].title == "FakeAI (mock)"


def test_reading_a_source_takes_two_commands_whatever_the_range(
    store: redis.Redis, writer: SampleWriter
) -> None:
    """Issue D, 4."""
    tell(writer, 0, 0)
    store.ping()
    for minutes in (10, 60 * 24 * 7):
        before = processed(store)
        read(store, FAKEAI, T - minutes * MINUTE, T, T)
        assert processed(store) - before - 1 <= 2


def processed(store: redis.Redis) -> int:
    return int(store.info("stats")["total_commands_processed"])  # type: ignore[index]


# --- percentiles of growth -----------------------------------------------------------------------------------


def histogram(**grown: float) -> Frames:
    buckets = {f"ttft_bucket|{bound}": amount for bound, amount in grown.items()}
    frame = Frame(samples=1, covered=10 * SECOND, grown=buckets)
    return Frames((T,), 10 * SECOND, (frame,), T)


def test_a_percentile_lies_between_two_bounds_by_straight_line() -> None:
    found = histogram(**{"0.1": 50, "0.2": 100, "inf": 100})
    assert quantiles(found.frames, "ttft", bounds(found, "ttft"), (25, 50, 75)) == pytest.approx(
        (0.05, 0.1, 0.15)
    )


def test_beyond_the_last_bound_the_bound_is_all_that_is_known() -> None:
    found = histogram(**{"0.1": 50, "inf": 100})
    assert quantiles(found.frames, "ttft", bounds(found, "ttft"), (99,)) == (0.1,)


def test_of_nothing_there_is_no_percentile() -> None:
    found = histogram(**{"0.1": 0, "inf": 0})
    assert quantiles(found.frames, "ttft", bounds(found, "ttft"), (50,)) == (None,)


# --- insights ------------------------------------------------------------------------------------------------

NOTHING = KvReading(Frames((), 10 * SECOND, (), T))
CALM = replace(NOTHING, processed=10_000, reused=7_000, requests=100, block_size=16, mean_prefix=64)


def titles(found: KvReading) -> str:
    return " | ".join(one.title for one in insights(found))


def test_a_calm_cache_has_nothing_that_stands_out() -> None:
    assert insights(CALM) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mean_prefix": 240, "block_size": 784, "processed": 80_000, "reused": 60_000}, "Shared prefix 240 tokens < block 784: cannot hit"),
        ({"processed": 0, "reused": 0}, "No lookups in this window"),
        ({"counted_hits": 0.99}, "Its hit counter says 99%, reuse is 70%"),
        ({"reused": 100}, "Little reuse: 1.0% of 10,000 tokens"),
        ({"max_usage": 0.95}, "Blocks up to 95% in use"),
        ({"waiting": 12}, "12 requests wait"),
        ({"workers": (KvWorker("a", requests=90), KvWorker("b", requests=10))}, "Uneven load: a has 1.8 times the mean"),
        ({"mean_ttft_ms": 900.0, "mean_prefill_ms": 200.0}, "waits 700 of 900 ms"),
    ],
)  # fmt: skip
def test_a_rule_that_is_met_names_its_figures(changes: dict[str, object], words: str) -> None:
    """F4.6"""
    assert words in titles(replace(CALM, **changes))  # type: ignore[arg-type]


def test_the_worst_stands_first() -> None:
    found = replace(CALM, waiting=60.0, mean_prefix=4)
    assert [one.tone for one in insights(found)] == ["bad", "warn"]


def test_few_requests_are_no_uneven_load() -> None:
    few = (KvWorker("a", requests=9), KvWorker("b", requests=1))
    assert insights(replace(CALM, workers=few)) == []


# --- evenly spaced looks -------------------------------------------------------------------------------------


def test_a_look_that_comes_a_moment_late_makes_no_peak() -> None:
    """Every 8 s, frames of 10 s: one look in four frames out of five, two in the fifth."""
    covered = (8, 8, 16, 8, 60)
    told = tuple(Frame(samples=1, covered=one * SECOND, grown={"tokens": 100.0 * one}) for one in covered)
    found = Frames(tuple(range(5)), 10 * SECOND, (*told[:3], None, *told[3:]), 0)
    assert found.evened("tokens", 8 * SECOND) == [1000, 1000, 1000, None, 1000, 6000]
    assert found.total("tokens") == 10_000


def test_blocks_of_a_mean_prompt_do_not_depend_on_when_somebody_looked() -> None:
    """A look that covers 16 s has twice the tokens of twice the requests."""
    told = tuple(
        Frame(samples=1, covered=one * SECOND, grown={"all": 160.0 * one, "hit": 80.0 * one})
        for one in (8, 16)
    )
    lines = _tokens(Frames((0, 1), 10 * SECOND, told, 0), "all", "hit", [8, 16], 16)
    assert (lines["prompt"], lines["matched"], lines["reused"]) == ([10, 10], [5, 5], [800, 800])
