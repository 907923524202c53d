"""The figures of the Chat and Embeddings pages equal what plain Python makes of the same requests."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
import redis
from reading import DAY, HOUR, LAST_DAY, MINUTE, NOW, log_of, row

from helix_dash.log.query import RequestLog
from helix_dash.metrics.calls import CHAT, EMBEDDINGS, calls
from helix_dash.metrics.context_windows import EDGES, window_use
from helix_dash.metrics.embedding import embedded
from helix_dash.metrics.model_server import ModelServer, model_server
from helix_dash.metrics.projection import back_test, project
from helix_dash.model import EVERYTHING, Filter, Kpi, utc_from_us
from helix_dash.pages.chat import queries as chat_queries
from helix_dash.pages.chat import spread as chat_spread
from helix_dash.pages.embeddings import queries as embedding_queries
from helix_dash.samples import answers
from helix_dash.samples.answers import Answer
from helix_dash.samples.writer import SampleWriter
from helix_dash.store import connect

PICO = 10**12
PRESENT = utc_from_us(NOW)


def traffic(count: int = 500) -> list[dict[str, Any]]:
    """Requests of every kind, within the last day."""
    chance = Random(11)
    rows = []
    for index in range(count):
        kind = chance.choice(["chat", "chat", "chat", "completions", "embeddings", "moderations"])
        texts = kind != "embeddings"
        stream = texts and chance.random() < 0.6
        latency = chance.randrange(50_000, 20_000_000)
        rows.append(
            row(
                NOW - HOUR - index * MINUTE // 2,
                endpoint=kind,
                model=chance.choice(["gpt-4o", "nobody"] if texts else ["text-embedding-3-small"]),
                status=chance.choice(["success"] * 5 + ["error", "throttled", "cancelled"]),
                error_class=chance.choice(["Timeout", None]),
                finish_reason=chance.choice(["stop", "length", None]),
                uncached_tokens=chance.randrange(5000),
                cached_tokens=chance.choice([None, chance.randrange(900)]),
                visible_tokens=chance.randrange(2, 400) if texts else 0,
                reasoning_tokens=chance.choice([None, 7]) if texts else 0,
                latency_ms=latency,
                ttft_ms=chance.randrange(1000, latency) if stream else None,
                stream=stream,
                cost_usd=chance.choice([None, chance.randrange(PICO // 100)]),
                prompt_hash=f"h{chance.randrange(40)}",
                batch_size=None if texts else chance.choice([None, 1, 8, 64]),
                embedding_dimensions=None if texts else chance.choice([256, 1536]),
            )
        )
    return rows


ROWS = traffic()


def of(*kinds: str, status: str | None = None) -> list[dict[str, Any]]:
    return [one for one in ROWS if one["endpoint"] in kinds and status in (None, one["status"])]


def nearest(values: list[float], percent: int) -> float:
    return sorted(values)[max(0, -(-len(values) * percent // 100) - 1)]


@pytest.fixture
def log(tmp_path: Path) -> RequestLog:
    return log_of(tmp_path, ROWS)


@pytest.fixture
def store(store_url: str) -> redis.Redis:
    return connect(store_url)


def named(kpis: tuple[Kpi, ...]) -> dict[str, Any]:
    return {kpi.name: kpi.value for kpi in kpis}


def test_every_card_of_the_chat_page_equals_the_requests(log: RequestLog, store: redis.Redis) -> None:
    """F1.1, F1.3, F1.4."""
    found = named(chat_queries.chat(log, EVERYTHING, LAST_DAY, now=PRESENT).kpis)
    found |= named(chat_spread.spread(log, store, EVERYTHING, LAST_DAY, NOW).kpis)
    mine, well = of(*CHAT), of(*CHAT, status="success")
    first = [one for one in well if one["ttft_ms"] is not None]
    each = [one["visible_tokens"] + (one["reasoning_tokens"] or 0) for one in first]
    decoding = [(one["latency_ms"] - one["ttft_ms"]) / 1000 for one in first]
    finished = [one for one in mine if one["status"] != "cancelled"]
    expected = {
        "requests": len(mine),
        "success_rate": len(well) / len(finished),
        "latency_ms_p50": nearest([one["latency_ms"] / 1000 for one in well], 50),
        "latency_ms_p95": nearest([one["latency_ms"] / 1000 for one in well], 95),
        "latency_ms_p99": nearest([one["latency_ms"] / 1000 for one in well], 99),
        "ttft_ms_p50": nearest([one["ttft_ms"] / 1000 for one in first], 50),
        "ttft_ms_p95": nearest([one["ttft_ms"] / 1000 for one in first], 95),
        # to the microsecond, and to the thousandth of a token
        "tpot_ms_p50": round(nearest([time / (count - 1) for time, count in zip(decoding, each, strict=True)], 50), 3),
        "tpot_ms_p95": round(nearest([time / (count - 1) for time, count in zip(decoding, each, strict=True)], 95), 3),
        "tokens_per_second_p50": round(nearest([count * 1000 / time for time, count in zip(decoding, each, strict=True)], 50), 3),
        "streaming_share": sum(one["stream"] for one in mine) / len(mine),
        "input_tokens": sum(one["uncached_tokens"] + (one["cached_tokens"] or 0) for one in mine),
        "cached_tokens": sum(one["cached_tokens"] or 0 for one in mine),
        "output_tokens": sum(one["visible_tokens"] + (one["reasoning_tokens"] or 0) for one in mine),
        "reasoning_tokens": sum(one["reasoning_tokens"] or 0 for one in mine),
        "cost_usd": float(Decimal(sum(one["cost_usd"] or 0 for one in mine)) / PICO),
    }  # fmt: skip
    assert {name: float(value) for name, value in found.items()} == pytest.approx(expected, rel=1e-9)


def test_the_chat_page_says_which_kinds_of_calls_it_counts(log: RequestLog) -> None:
    kinds = chat_queries.chat(log, EVERYTHING, LAST_DAY, now=PRESENT).kinds
    assert {one.name: one.figures["requests"] for one in kinds} == Counter(
        one["endpoint"] for one in of(*CHAT)
    )


def test_streamed_requests_stand_beside_others(log: RequestLog) -> None:
    """F1.4: latency, time to the first token where it applies, errors."""
    streams = {
        one.name: one.figures for one in chat_queries.chat(log, EVERYTHING, LAST_DAY, now=PRESENT).streams
    }
    for name, flag in (("true", True), ("false", False)):
        mine = [one for one in of(*CHAT) if one["stream"] is flag]
        well = [one["latency_ms"] / 1000 for one in mine if one["status"] == "success"]
        assert streams[name]["requests"] == len(mine)
        assert streams[name]["latency_ms_p95"] == nearest(well, 95)
        assert streams[name]["errors"] == sum(one["status"] in ("error", "throttled") for one in mine)
    assert streams["false"]["ttft_ms_p95"] is None


def test_a_models_latency_is_exact_at_every_percentile(log: RequestLog, store: redis.Redis) -> None:
    """F1.5."""
    found = chat_spread.spread(log, store, EVERYTHING, LAST_DAY, NOW).latency
    for model in ("gpt-4o", "nobody"):
        mine = [one["latency_ms"] / 1000 for one in of(*CHAT, status="success") if one["model"] == model]
        assert found[model] == pytest.approx([nearest(mine, percent) for percent in chat_spread.PERCENTS])


def test_a_context_window_is_filled_by_input_and_output(log: RequestLog) -> None:
    found = window_use(log, EVERYTHING, calls(LAST_DAY, CHAT), {"nobody": 4000})
    limits = {"gpt-4o": 128_000, "nobody": 4000}
    shares = [
        sum(one[part] or 0 for part in ("uncached_tokens", "cached_tokens", "visible_tokens", "reasoning_tokens"))
        / limits[one["model"]]
        for one in of(*CHAT, status="success")
    ]  # fmt: skip
    bounds = [*EDGES[1:], float("inf")]
    assert found.counts == tuple(
        sum(low <= share < high for share in shares) for low, high in zip(EDGES, bounds, strict=True)
    )
    assert found.fullest is not None
    assert found.fullest[0] == pytest.approx(max(shares))


def test_a_window_nobody_told_is_said_not_guessed(log: RequestLog) -> None:
    found = window_use(log, EVERYTHING, calls(LAST_DAY, CHAT), {})
    assert (found.unknown, found.windows) == (("nobody",), {"gpt-4o": 128_000})
    assert found.outside == sum(one["model"] == "nobody" for one in of(*CHAT, status="success"))


def test_single_requests_that_expired_are_counted(tmp_path: Path, store: redis.Redis) -> None:
    log = log_of(tmp_path, [row(endpoint="chat")], expired=[[row(endpoint="chat"), row(endpoint="chat")]])
    found = chat_spread.spread(log, store, EVERYTHING, LAST_DAY, NOW)
    assert (found.held.rows, found.held.expired) == (1, 2)


def test_every_card_of_the_embeddings_page_equals_the_requests(log: RequestLog, store: redis.Redis) -> None:
    """F2.1, F2.3."""
    found = named(embedding_queries.usage(log, EVERYTHING, LAST_DAY, zone=UTC, now=PRESENT).kpis)
    found |= named(embedding_queries.single(log, store, EVERYTHING, LAST_DAY, PRESENT).kpis)
    mine, well = of(*EMBEDDINGS), of(*EMBEDDINGS, status="success")
    sized = [one["batch_size"] for one in well if one["batch_size"] is not None]
    priced = [one for one in well if one["cost_usd"] is not None]
    groups = Counter((one["prompt_hash"], one["model"]) for one in well)
    spent = sum(one["cost_usd"] for one in priced) / PICO
    expected = {
        "requests": len(mine),
        "input_tokens": sum(one["uncached_tokens"] + (one["cached_tokens"] or 0) for one in mine),
        "cost_usd": sum(one["cost_usd"] or 0 for one in mine) / PICO,
        "latency_ms_p95": nearest([one["latency_ms"] / 1000 for one in well], 95),
        "inputs": sum(sized),
        "inputs_per_request": sum(sized) / len(sized),
        "usd_per_million_tokens": spent * 1e6 / sum(one["uncached_tokens"] + (one["cached_tokens"] or 0) for one in priced),
        "duplicate_share": sum(count - 1 for count in groups.values()) / len(well),
    }  # fmt: skip
    assert {name: float(value) for name, value in found.items()} == pytest.approx(expected, rel=1e-9)


def test_models_and_dimensions_add_up_to_all_that_was_embedded(log: RequestLog) -> None:
    """F2.2, F2.6."""
    found = embedded(log, EVERYTHING, calls(LAST_DAY, EMBEDDINGS))
    well = of(*EMBEDDINGS, status="success")
    assert {one.dimensions: one.requests for one in found} == Counter(
        one["embedding_dimensions"] for one in well
    )
    assert sum(one.inputs or 0 for one in found) == sum(one["batch_size"] or 0 for one in well)
    for one in found:
        latencies = [
            row["latency_ms"] / 1000 for row in well if row["embedding_dimensions"] == one.dimensions
        ]
        assert one.latency_ms_p95 == nearest(latencies, 95)


def test_latency_by_batch_size_is_of_the_requests_of_that_size(log: RequestLog, store: redis.Redis) -> None:
    found = embedding_queries.single(log, store, EVERYTHING, LAST_DAY, PRESENT)
    sizes = [one["batch_size"] for one in of(*EMBEDDINGS, status="success")]
    at = embedding_queries.BATCHES.index(64)
    mine = [one["latency_ms"] / 1000 for one in of(*EMBEDDINGS, status="success") if one["batch_size"] == 64]
    assert found.latency[at] == (nearest(mine, 50), nearest(mine, 95))
    assert found.batches.counts[None][at] == sizes.count(64)


DAYS = [(date(2026, 11, 1) + timedelta(days=index), 10.0 if index % 7 else 1.0) for index in range(20)]
TODAY = date(2026, 11, 21)


def test_a_projection_adds_the_usual_cost_of_each_remaining_weekday() -> None:
    """F2.7."""
    found = project([*DAYS, (TODAY, 4.0)], TODAY)
    so_far = sum(cost for _, cost in DAYS) + 4.0
    ahead = sum(1.0 if (TODAY - date(2026, 11, 1)).days % 7 == 0 else 10.0 for _ in range(1))
    ahead = max(0.0, (1.0 if 20 % 7 == 0 else 10.0) - 4.0) + sum(
        1.0 if index % 7 == 0 else 10.0 for index in range(21, 30)
    )
    assert found.so_far == so_far
    assert found.end == pytest.approx(so_far + ahead)


def test_a_projections_range_grows_with_the_root_of_the_days_that_remain() -> None:
    """P10 and P90 of a sum, not the sum of every day's P10 and P90."""
    days = [(day, cost + (1.0 if index % 2 else -1.0)) for index, (day, cost) in enumerate(DAYS)]
    found = project([*days, (TODAY, 0.0)], TODAY)
    assert found.low is not None
    assert found.end is not None
    assert found.high is not None
    assert found.high - found.end == pytest.approx(found.end - found.low)
    _, low, middle, high = found.fan[3]
    first = found.fan[0][3] - found.fan[0][2]
    assert (high - middle, middle - low) == (pytest.approx(first * 2), pytest.approx(first * 2))


def test_with_too_few_days_nothing_is_projected() -> None:
    """visual.md 5, issue E: "A projection needs 14 full days; there are 3."."""
    found = project([*DAYS[:4], (DAYS[4][0], 2.0)], DAYS[4][0])
    assert (found.days, found.end) == (3, None)


def test_the_first_day_of_a_log_is_no_full_day() -> None:
    assert project(DAYS[:8], DAYS[8][0]).days == 7


def test_a_projection_of_any_stretch_begins_and_ends_where_asked() -> None:
    found = project([*DAYS, (TODAY, 4.0)], TODAY, since=date(2026, 11, 16), until=date(2026, 11, 23))
    assert found.so_far == sum(cost for day, cost in DAYS if day.day >= 16) + 4.0
    assert [day for day, *_ in found.fan] == [TODAY, date(2026, 11, 22)]


def test_the_method_beats_the_plain_mean_where_weekdays_differ() -> None:
    """F5.6: it is only worth its words when a back-test says so."""
    noise = [0.4, -0.7, 0.9, -0.2, 0.1, -0.5, 0.3, -0.8, 0.6, 0.2, -0.3]
    start = date(2026, 8, 1)
    days = [start + timedelta(days=index) for index in range(80)]
    costs = [
        (day, (3.0 if day.weekday() > 4 else 12.0) + noise[at % len(noise)]) for at, day in enumerate(days)
    ]
    found = back_test(costs, start + timedelta(days=80))
    assert found is not None
    assert found.days > 50
    assert found.error < found.naive / 4


def test_a_back_test_needs_days_to_learn_from() -> None:
    assert back_test(DAYS[:15], DAYS[15][0]) is None


@pytest.fixture
def server(store_url: str, store: redis.Redis) -> ModelServer:
    writer = SampleWriter(store_url)
    for second in range(0, 610, 10):
        writer.record("fakeai.models", NOW - HOUR + second * 10**6, {"requests|gpt-4o": second, "prompt_tokens|gpt-4o": second * 3, "requests|text-embedding-3-small": second})  # fmt: skip
    body = {"gpt-4o": {"endpoints": {"/v1/chat/completions": 600}}, "text-embedding-3-small": {"endpoints": {"/v1/embeddings": 600}}}  # fmt: skip
    answers.keep(store, "fakeai", "models", Answer(NOW, NOW, body))
    answers.keep(
        store, "fakeai", "rates", Answer(NOW, NOW, {"/v1/chat/completions": {"requests_per_second": 2.5}})
    )
    answers.keep(store, "fakeai", "stream", Answer(NOW, NOW, {"state": "live"}))
    return model_server(store, "chat", LAST_DAY.period, NOW)


def test_the_servers_own_count_is_of_the_pages_kind_of_calls(server: ModelServer) -> None:
    """Issue D: where both know a figure, the server's stands beside the log's."""
    assert {name: one.requests for name, one in server.models.items()} == {"gpt-4o": 600}
    assert server.models["gpt-4o"].input_tokens == 1800


def test_rates_of_the_socket_are_live(server: ModelServer) -> None:
    assert (server.live, server.rates) == (True, {"requests_per_second": 2.5})


def test_a_server_that_does_not_answer_keeps_its_counters_and_tells_why(
    server: ModelServer, store: redis.Redis
) -> None:
    """Issue D, 2."""
    answers.keep(
        store,
        "fakeai",
        "models",
        Answer(NOW + MINUTE, error="The server cannot be reached.", reason="unreachable"),
    )
    found = model_server(store, "chat", LAST_DAY.period, NOW)
    assert (found.trouble, found.models) == ("The server cannot be reached.", server.models)


def test_without_a_server_nothing_is_claimed(store: redis.Redis) -> None:
    assert not model_server(store, "chat", LAST_DAY.period, NOW).asked


def test_a_page_reads_two_commands_of_the_store(
    log: RequestLog, store: redis.Redis, server: ModelServer
) -> None:
    """Issue D, 4: bounded store reads, and no HTTP to FakeAI."""
    before = store.info("commandstats")
    chat_spread.spread(log, store, EVERYTHING, LAST_DAY, NOW)
    chat_queries.chat(log, EVERYTHING, LAST_DAY, now=PRESENT)
    after = store.info("commandstats")
    grown = {
        name: after[name]["calls"] - before.get(name, {"calls": 0})["calls"]
        for name in after
        if name not in ("cmdstat_info",)
    }
    assert {name: count for name, count in grown.items() if count} == {
        "cmdstat_hgetall": 1,
        "cmdstat_hmget": 1,
    }


def test_the_pages_read_another_period_by_their_filter(log: RequestLog) -> None:
    week = Filter(LAST_DAY.period.previous())
    found = chat_queries.chat(log, EVERYTHING, week, now=datetime.fromtimestamp((NOW - DAY) / 1e6, UTC))
    assert named(found.kpis)["requests"] == 0
