"""Real payloads of a LiteLLM 1.106.2 proxy (tests/data/litellm), each as the record it must become.

Vectors are cut to eight numbers; prompts and answers are invented.
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from helix_dash.log.entry_key import entry_key
from helix_dash.log.schema import RequestRecord, to_wire
from helix_dash.model import CacheOutcome, Status
from helix_dash.sources.litellm_record import Gateway, record_from

SAMPLES = Path(__file__).parents[1] / "data" / "litellm"
NAMES = sorted(path.stem for path in SAMPLES.glob("*.json"))
CACHING = Gateway(b"key", cache_type="redis")


def payload(name: str) -> dict[str, Any]:
    return json.loads((SAMPLES / f"{name}.json").read_text("utf-8"))


def sample(name: str, gateway: Gateway = CACHING) -> RequestRecord:
    record = record_from({"standard_logging_object": payload(name)}, gateway=gateway)
    assert record is not None
    return record


TOKENS = {  # uncached, cached, cache write, visible, reasoning; None: not told
    "cache_hit": (0, 0, 0, 0, 0),
    "chat_success": (8, 0, 0, 38, 0),
    "custom_price_success": (1, 1, 0, 16, 0),
    "embedding_success": (4, 0, 0, 0, 0),
    "failure_auth": None,
    "failure_bad_request": None,
    "failure_connection": None,
    "failure_unknown_model": None,
    "failure_upstream_422": None,
    "guardrail_content_filter_masked": (11, 0, 0, 25, 0),
    "guardrail_failure_pii-content-filter": None,
    "guardrail_presidio_masked": (9, 0, 0, 15, 0),
    "large_prompt_success": (1201, 0, 0, 18, 0),
    "moderation_success": (0, 0, 0, 0, 0),
    "prompt_cached_success": (1, 1200, 0, 13, 0),
    "reasoning_stream": (15, 0, 0, 32, 49),
    "reasoning_success": (7, 0, 0, 24, 46),
    "responses_success": (2, 0, 0, 16, 0),
    "semantic_cache_hit": (0, 0, 0, 0, 0),
    "stream_cache_hit": (0, 0, 0, 0, 0),
    "stream_success": (7, 0, 0, 36, 0),
    "text_completion_success": (2, 0, 0, 9, 0),
    "tools_success": (62, 0, 0, 0, 0),
    "unpriced_success": (2, 0, 0, 16, 0),
}
COST = {  # paid, avoided
    "cache_hit": ("0", "0.0004"),
    "chat_success": ("0.0004", None),
    "custom_price_success": ("0.00024425", None),
    "embedding_success": ("0.00000008", None),
    "failure_auth": (None, None),
    "failure_bad_request": (None, None),
    "failure_connection": (None, None),
    "failure_unknown_model": (None, None),
    "failure_upstream_422": (None, None),
    "guardrail_content_filter_masked": ("0.0002775", None),
    "guardrail_failure_pii-content-filter": (None, None),
    "guardrail_presidio_masked": ("0.0001725", None),
    "large_prompt_success": ("0.0031825", None),
    "moderation_success": ("0", None),
    "prompt_cached_success": ("0.0016325", None),
    "reasoning_stream": (None, None),
    "reasoning_success": (None, None),
    "responses_success": ("0.000165", None),
    "semantic_cache_hit": ("0", "0.00034875"),
    "stream_cache_hit": ("0", "0.0003775"),
    "stream_success": ("0.0003775", None),
    "text_completion_success": ("0.0000057", None),
    "tools_success": ("0.0000093", None),
    "unpriced_success": (None, None),
}
OUTCOME = {  # status, code, error class
    "failure_auth": (Status.ERROR, 401, "HTTPException"),
    "failure_bad_request": (Status.ERROR, 400, "ProxyMissingRequiredParamError"),
    "failure_connection": (Status.ERROR, 500, "InternalServerError"),
    "failure_unknown_model": (Status.ERROR, 400, "ProxyModelNotFoundError"),
    "failure_upstream_422": (Status.ERROR, 422, "BadRequestError"),
    "guardrail_failure_pii-content-filter": (Status.BLOCKED, 400, "HTTPException"),
}
ENDPOINT = {
    "embedding_success": ("embeddings", "aembedding"),
    "moderation_success": ("moderations", "amoderation"),
    "responses_success": ("responses", "aresponses"),
    "text_completion_success": ("completions", "atext_completion"),
}


def test_every_sample_is_expected_in_each_table():
    counted = [name for name in NAMES if name != "semantic_lookup_embedding"]
    assert counted == sorted(TOKENS) == sorted(COST)


@pytest.mark.parametrize("name", TOKENS)
def test_each_token_is_in_exactly_one_class(name: str):
    """Lessons 14 and 15."""
    record = sample(name)
    classes = (
        record.uncached_tokens,
        record.cached_tokens,
        record.cache_write_tokens,
        record.visible_tokens,
        record.reasoning_tokens,
    )
    assert classes == (TOKENS[name] or (None,) * 5)


@pytest.mark.parametrize("name", COST)
def test_the_cost_is_litellms_to_the_nanodollar(name: str):
    paid, avoided = COST[name]
    record = sample(name)
    shown = [
        None if amount is None else amount.quantize(Decimal("1e-12"))
        for amount in (record.cost_usd, record.avoided_cost_usd)
    ]
    assert shown == [None if amount is None else Decimal(amount) for amount in (paid, avoided)]


@pytest.mark.parametrize("name", TOKENS)
def test_the_outcome_is_what_the_caller_saw(name: str):
    record = sample(name)
    seen = (record.status, record.http_code, record.error_class)
    assert seen == OUTCOME.get(name, (Status.SUCCESS, 200, None))


@pytest.mark.parametrize("name", TOKENS)
def test_the_endpoint_is_the_kind_of_call(name: str):
    record = sample(name)
    assert (record.endpoint, record.call_type) == ENDPOINT.get(name, ("chat", "acompletion"))


@pytest.mark.parametrize("name", TOKENS)
def test_every_record_can_be_written(name: str):
    assert to_wire(sample(name))


@pytest.mark.parametrize("name", NAMES)
def test_no_text_of_prompt_or_answer_is_in_the_record(name: str):
    """Only a keyed hash of the prompt leaves the gateway."""
    given = payload(name)
    record = record_from({"standard_logging_object": given}, gateway=CACHING)
    written = repr(record)
    texts = [message["content"] for message in given["messages"] or []]
    choices = (given["response"] or {}).get("choices") or []
    texts += [choice["message"]["content"] for choice in choices if choice.get("message")]
    assert [text for text in texts if text and text in written] == []


@pytest.mark.parametrize("secret", ["536-90-4399", "099295a3784e1bd3", "127.0.0.1", "alice@example.com"])
@pytest.mark.parametrize("name", TOKENS)
def test_no_personal_value_key_or_address_is_in_the_record(name: str, secret: str):
    """Trap c of LiteLLM: a blocked request carries the raw number in its messages."""
    assert secret not in repr(sample(name))


def test_who_called_is_known():
    record = sample("chat_success")
    who = (record.user, record.end_user, record.team, record.organization, record.key_alias)
    assert who == ("alice", "enduser-9", "team-search", "org-1", "alice-dev")


def test_tags_of_the_user_agent_are_left_out():
    assert sample("chat_success").tags == ("feature:search", "v2", "env:dev", "cost-center:42", "hdr-tag")


def test_the_model_is_without_its_providers_prefix():
    record = sample("custom_price_success")
    assert (record.model, record.provider, record.model_requested) == ("gpt-4o", "openai", "claude-via-fake")


def test_a_slash_that_belongs_to_the_model_stays():
    assert sample("reasoning_success").model == "deepseek-ai/DeepSeek-R1"


def test_the_call_id_is_the_one_of_the_request_not_of_the_answer():
    assert sample("cache_hit").call_id == "19aec2db-738e-4a7d-a468-2c0c95354fec"


def test_the_latency_of_a_stream_is_its_whole_length():
    """LiteLLM's response_time (973 ms here) is the time to the first token."""
    assert sample("stream_success").latency_ms == pytest.approx(1138.164, abs=0.001)


def test_a_stream_has_a_time_to_the_first_token():
    assert sample("stream_success").ttft_ms == pytest.approx(972.923, abs=0.001)


def test_without_a_stream_there_is_no_time_to_the_first_token():
    assert sample("chat_success").ttft_ms is None


def test_the_time_is_when_the_request_ended():
    assert sample("stream_success").time.isoformat(timespec="milliseconds") == "2026-11-21T23:04:28.489+00:00"


def test_the_gateways_share_of_the_latency_is_known():
    assert sample("chat_success").overhead_ms == 743.84


@pytest.mark.parametrize("name", ["unpriced_success", "reasoning_success", "reasoning_stream"])
def test_a_model_without_a_price_is_unpriced_not_free(name: str):
    """Lesson 16: LiteLLM reports 0.0 for it."""
    assert (sample(name).priced, sample(name).cost_usd) == (False, None)


@pytest.mark.parametrize("name", ["cache_hit", "stream_cache_hit"])
def test_a_hit_of_the_gateways_cache_is_exact(name: str):
    assert sample(name).cache is CacheOutcome.EXACT


def test_a_hit_of_a_semantic_cache_is_semantic():
    assert sample("semantic_cache_hit", Gateway(cache_type="redis-semantic")).cache is CacheOutcome.SEMANTIC


@pytest.mark.parametrize(
    ("name", "key"),
    [("cache_hit", "4ca46f481459a397"), ("stream_cache_hit", None), ("semantic_cache_hit", None), ("prompt_cached_success", None)],
)  # fmt: skip
def test_only_an_exact_hit_outside_a_stream_has_the_key_of_its_entry(name: str, key: str | None):
    """X5: by meaning, LiteLLM's key is that of the question, not of the entry."""
    record = sample(name, Gateway(cache_type="redis-semantic" if name.startswith("semantic") else "redis"))
    assert (record.cache_key and entry_key(record.cache_key)) == key


def test_a_cache_hit_that_is_none_is_a_miss():
    assert sample("chat_success").cache is CacheOutcome.MISS


def test_without_a_cache_every_call_is_bypass():
    assert sample("chat_success", Gateway()).cache is CacheOutcome.BYPASS


def test_a_failed_call_says_nothing_about_the_cache():
    assert sample("failure_connection").cache is None


def test_the_age_of_a_cached_answer_is_counted_from_its_making():
    assert sample("cache_hit").cache_age_ms == pytest.approx(2082.3, abs=0.1)


def test_the_embedding_of_a_semantic_lookup_does_not_count():
    """Trap d: it repeats user and guardrails of the chat it belongs to."""
    assert record_from({"standard_logging_object": payload("semantic_lookup_embedding")}) is None


def test_an_embedding_tells_its_batch_and_the_length_of_its_vectors():
    record = sample("embedding_success")
    assert (record.batch_size, record.embedding_dimensions) == (2, 8)


def test_what_guardrails_masked_is_counted_by_type():
    assert sample("guardrail_presidio_masked").pii == {"CREDIT_CARD": 1, "EMAIL_ADDRESS": 1}


def test_what_a_guardrail_blocked_is_counted_by_type():
    record = sample("guardrail_failure_pii-content-filter")
    assert (record.guardrail, record.pii) == ("intervened", {"US_SSN": 1})


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("guardrail_content_filter_masked", ("pii-content-filter", "pre_call", 0.108)),
        ("guardrail_failure_pii-content-filter", ("pii-content-filter", "pre_call", 0.36)),
        ("chat_success", (None, None, None)),
    ],
)
def test_which_guardrails_looked_when_and_for_how_long(name, expected):
    """H4.1"""
    record = sample(name)
    assert (record.guardrail_name, record.guardrail_mode, record.guardrail_ms) == expected


def test_the_finish_reason_is_known():
    assert [sample(name).finish_reason for name in ("chat_success", "tools_success")] == [
        "stop",
        "tool_calls",
    ]
