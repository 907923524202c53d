"""LiteLLM events that mislead: no payload, money of the wrong kind, refusals, values no column can hold."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from helix_dash.log.schema import RequestRecord, to_wire
from helix_dash.model import CacheOutcome, Status
from helix_dash.sources.litellm_payload import failure_of
from helix_dash.sources.litellm_record import Gateway, record_from

START = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
END = START + timedelta(seconds=2)
UNCACHED = Gateway()

SUCCESS: dict[str, Any] = {
    "status": "success",
    "litellm_call_id": "call-1",
    "call_type": "acompletion",
    "model": "openai/gpt-4o",
    "model_group": "",
    "model_id": "",
    "custom_llm_provider": "openai",
    "startTime": START.timestamp(),
    "endTime": END.timestamp(),
    "completionStartTime": END.timestamp(),
    "response_cost": 0.01,
    "prompt_tokens": 100,
    "completion_tokens": 50,
    "metadata": {"user_api_key_user_id": "alice"},
    "hidden_params": {},
    "messages": [{"role": "user", "content": "hello"}],
    "response": {"choices": [{"finish_reason": "stop"}]},
}


def record(
    gateway: Gateway = UNCACHED, kwargs: dict[str, Any] | None = None, **changes: Any
) -> RequestRecord:
    """The record of a successful call with some of its payload changed."""
    found = record_from(
        {"standard_logging_object": {**SUCCESS, **changes}, **(kwargs or {})}, gateway=gateway
    )
    assert found is not None
    return found


def failure(**error: Any) -> RequestRecord:
    """The record of a failed call with this error information."""
    return record(
        status="failure", response_cost=0.0, prompt_tokens=0, completion_tokens=0, error_information=error
    )


def usage(**fields: Any) -> dict[str, Any]:
    return {"metadata": {"usage_object": fields}}


# --- no payload -------------------------------------------------------------------------------------------------


def without_payload(**changes: Any) -> RequestRecord:
    kwargs = {
        "standard_logging_object": None,
        "litellm_call_id": "call-2",
        "call_type": "acompletion",
        "model": "gpt-4o",
        "custom_llm_provider": "openai",
        "messages": [{"role": "user", "content": "hello"}],
        "litellm_params": {"metadata": {"user_api_key_user_id": "bob", "tags": ["a"]}},
        "log_event_type": "successful_api_call",
        **changes,
    }
    told = {"prompt_tokens": 1000, "completion_tokens": 500, "prompt_tokens_details": {"cached_tokens": 400}}
    answer = SimpleNamespace(id="chatcmpl-1", usage=told, choices=[SimpleNamespace(finish_reason="length")])
    failed = changes.get("exception") is not None
    found = record_from(kwargs, None if failed else answer, START, END)
    assert found is not None
    return found


def test_without_a_payload_the_record_is_built_from_the_rest():
    """LiteLLM 1.106.2 gives None when a provider's usage holds nulls, while the caller gets his answer."""
    found = without_payload()
    assert (found.call_id, found.user, found.model, found.tags) == ("call-2", "bob", "gpt-4o", ("a",))


def test_without_a_payload_the_tokens_come_from_the_answer():
    found = without_payload()
    assert (found.uncached_tokens, found.cached_tokens, found.visible_tokens) == (600, 400, 500)


def test_without_a_payload_the_price_comes_from_the_table():
    assert without_payload().cost_usd == Decimal("0.007")


def test_without_a_payload_an_unknown_model_is_unpriced():
    found = without_payload(model="my-own-model")
    assert (found.cost_usd, found.priced) == (None, False)


def test_without_a_payload_litellms_own_cost_wins():
    assert without_payload(response_cost=0.5).cost_usd == Decimal("0.5")


def test_without_a_payload_the_time_and_the_latency_come_from_the_callback():
    found = without_payload()
    assert (found.time, found.latency_ms) == (END, 2000.0)


def test_naive_times_of_the_callback_are_local():
    found = record_from({"model": "gpt-4o"}, None, START.astimezone().replace(tzinfo=None), None)
    assert found is not None
    local_end = record_from({"model": "m"}, None, None, END.astimezone().replace(tzinfo=None))
    assert local_end is not None
    assert local_end.time == END


def test_without_a_payload_a_failure_is_told_by_its_exception():
    class RateLimitError(Exception):
        status_code = 429
        llm_provider = "openai"

    found = without_payload(exception=RateLimitError("slow down"))
    assert (found.status, found.http_code, found.limiter) == (Status.THROTTLED, 429, "provider")


def test_an_event_that_tells_nothing_is_still_a_request():
    found = record_from({}, None, None, None)
    assert found is not None
    assert to_wire(found)


# --- money and tokens -------------------------------------------------------------------------------------------


def test_a_free_model_of_litellms_table_is_priced_at_zero():
    known = {"model_map_value": {"key": "free", "mode": "chat", "input_cost_per_token": 0}}
    found = record(response_cost=0.0, model_map_information=known)
    assert (found.cost_usd, found.priced) == (0, True)


def test_a_deployment_whose_price_somebody_set_to_zero_is_priced():
    """The router enters a deployment with prices of its own under its id."""
    own = {"model_map_value": {"key": "id-1", "input_cost_per_token": 0.0}}
    found = record(response_cost=0.0, model_id="id-1", model_map_information=own)
    assert (found.cost_usd, found.priced) == (0, True)


def test_a_call_with_a_price_of_zero_is_priced():
    found = record(kwargs={"litellm_params": {"input_cost_per_token": 0}}, response_cost=0.0)
    assert (found.cost_usd, found.priced) == (0, True)


def test_a_model_the_router_entered_with_zeros_is_unpriced():
    zeros = {"model_map_value": {"key": "openai/own", "input_cost_per_token": 0, "output_cost_per_token": 0}}
    found = record(response_cost=0.0, model_id="id-1", model_map_information=zeros)
    assert (found.cost_usd, found.priced) == (None, False)


def test_a_cost_of_zero_that_litellm_itself_doubts_is_unpriced():
    known = {"model_map_value": {"key": "gpt-4o", "mode": "chat"}}
    doubt = {"reason": "missing_pricing_key"}
    found = record(response_cost=0.0, model_map_information=known, zero_cost_diagnostic=doubt)
    assert found.priced is False


def test_a_cache_hit_of_an_unpriced_model_avoided_an_unknown_cost():
    found = record(cache_hit=True, response_cost=0.0, saved_cache_cost=0.0)
    assert (found.cost_usd, found.avoided_cost_usd) == (0, None)


def test_cache_writes_are_inside_the_prompt_tokens():
    found = record(
        **usage(
            prompt_tokens=1000,
            completion_tokens=5,
            cache_creation_input_tokens=200,
            prompt_tokens_details={"cached_tokens": 300},
        )
    )
    assert (found.uncached_tokens, found.cached_tokens, found.cache_write_tokens) == (500, 300, 200)


def test_a_provider_that_counts_cached_tokens_beside_its_input_is_not_cut_short():
    """Anthropic's own usage: 10 input tokens and 900 read from the cache."""
    found = record(
        **usage(input_tokens=10, output_tokens=5, cache_read_input_tokens=900),
        prompt_tokens=0,
        completion_tokens=0,
    )
    assert (found.uncached_tokens, found.cached_tokens, found.visible_tokens) == (10, 900, 5)


def test_usage_of_the_responses_api_is_read_by_its_names():
    told = usage(
        input_tokens=10,
        output_tokens=7,
        input_tokens_details={"cached_tokens": 4},
        output_tokens_details={"reasoning_tokens": 3},
    )
    found = record(**told, prompt_tokens=0, completion_tokens=0)
    assert (found.uncached_tokens, found.cached_tokens, found.visible_tokens, found.reasoning_tokens) == (
        6,
        4,
        4,
        3,
    )


def test_a_broken_stream_that_was_billed_keeps_its_tokens_and_cost():
    found = record(status="failure", error_information={"error_code": "500"})
    assert (found.status, found.visible_tokens, found.cost_usd) == (Status.ERROR, 50, Decimal("0.01"))


# --- outcomes ---------------------------------------------------------------------------------------------------


def test_a_429_is_throttled():
    assert failure(error_code="429", error_class="RateLimitError").status is Status.THROTTLED


def test_a_caller_who_left_is_cancelled():
    assert failure(error_code="499", error_class="ClientDisconnected").status is Status.CANCELLED


def test_a_stream_that_the_caller_left_is_cancelled_and_keeps_what_it_cost():
    found = record(metadata={"client_disconnected": True}, error_information={"error_code": "499"})
    assert (found.status, found.http_code, found.cost_usd) == (Status.CANCELLED, 499, Decimal("0.01"))


@pytest.mark.parametrize(
    ("error", "limiter"),
    [
        ({"error_rate_limit_category": "litellm_rate_limit", "error_rate_limit_type": "requests", "llm_provider": "openai"}, "rpm"),
        ({"error_rate_limit_category": "litellm_rate_limit", "error_rate_limit_type": "tokens"}, "tpm"),
        ({"error_rate_limit_category": "litellm_rate_limit", "error_rate_limit_type": "concurrent_requests"}, "parallel"),
        ({"error_rate_limit_category": "litellm_rate_limit", "error_rate_limit_type": "budget"}, "budget"),
        ({"error_rate_limit_category": "vendor_rate_limit", "llm_provider": "openai"}, "provider"),
        ({"error_class": "BudgetExceededError", "error_message": "Budget has been exceeded! Current cost: 3"}, "budget"),
        ({"error_rate_limit_category": "vendor_rate_limit", "llm_provider": "", "error_message": "Model rate limit exceeded. TPM limit=5, current usage=6"}, "tpm"),
        ({"error_rate_limit_category": "vendor_rate_limit", "llm_provider": "", "error_message": "Model rate limit exceeded. RPM limit=5, current usage=6"}, "rpm"),
        ({"error_message": "Max parallel request limit reached"}, "parallel"),
        ({"error_class": "RouterRateLimitError", "error_message": "No deployments available, Try again in 5 seconds. cooldown_list=['x']"}, "provider"),
        ({"error_message": "no idea"}, None),
    ],
)  # fmt: skip
def test_the_limiter_of_a_429_is_named(error: dict[str, Any], limiter: str | None):
    """X3: who refused, one of our limits or the provider."""
    assert failure(**{"error_code": "429", "error_class": "RateLimitError", **error}).limiter == limiter


def test_the_routers_list_of_limits_tells_which_one_is_used_up():
    text = (
        "Deployments={'x': {'current_tpm': 30, 'tpm_limit': 1000, 'current_rpm': 1, 'rpm_limit': 1}} rpm tpm"
    )
    found = failure(error_code="429", error_class="RateLimitError", llm_provider="", error_message=text)
    assert found.limiter == "rpm"


def test_a_failure_that_is_no_429_has_no_limiter():
    assert failure(error_code="500", error_class="InternalServerError", llm_provider="openai").limiter is None


# --- the proxy's failure hook -----------------------------------------------------------------------------------


class BlockedPiiEntityError(Exception):
    """As LiteLLM's Presidio guardrail raises it; that fires no failure event at all."""

    status_code = 400
    entity_type = "US_SSN"


KEY = SimpleNamespace(
    user_id="carol", team_id="t-1", org_id="org-2", key_alias="k-1", request_route="/v1/chat/completions"
)


def refusal(exception: BaseException, **request: Any) -> RequestRecord:
    body = {
        "litellm_call_id": "call-3",
        "model": "gpt-4o",
        "messages": [{"role": "user", "content": "536-90-4399"}],
    }
    kwargs, begun = failure_of({**body, **request}, exception, KEY)
    found = record_from(kwargs, None, begun, END, Gateway(b"key"))
    assert found is not None
    return found


def test_a_guardrails_block_is_recorded_as_blocked():
    """Trap b: it reaches only async_post_call_failure_hook."""
    found = refusal(BlockedPiiEntityError("Blocked entity detected"))
    assert (found.status, found.http_code, found.pii) == (Status.BLOCKED, 400, {"US_SSN": 1})


def test_a_refused_request_knows_its_caller_from_the_key():
    found = refusal(BlockedPiiEntityError())
    who = (found.user, found.team, found.organization, found.key_alias, found.call_id)
    assert who == ("carol", "t-1", "org-2", "k-1", "call-3")


def test_a_refused_request_keeps_nothing_of_its_text():
    found = refusal(BlockedPiiEntityError("536-90-4399"))
    assert "536-90-4399" not in repr(found)
    assert found.prompt_hash


def test_a_refusal_after_an_answer_is_a_failure():
    """A guardrail on the answer: the payload that LiteLLM had made so far says success."""
    found = refusal(BlockedPiiEntityError(), standard_logging_object=copy.deepcopy(SUCCESS))
    assert (found.status, found.model) == (Status.BLOCKED, "gpt-4o")


# --- the cache of the gateway -----------------------------------------------------------------------------------


def test_a_hit_with_a_similarity_is_semantic():
    near = {"litellm_params": {"metadata": {"semantic-similarity": 0.8956}}}
    found = record(kwargs=near, cache_hit=True, saved_cache_cost=0.01)
    assert (found.cache, found.similarity) == (CacheOutcome.SEMANTIC, 0.8956)


def test_the_similarity_of_zero_that_litellm_writes_on_a_miss_is_unknown():
    miss = {"litellm_params": {"metadata": {"semantic-similarity": 0.0}}}
    found = record(Gateway(cache_type="redis-semantic"), miss, cache_hit=None)
    assert (found.cache, found.similarity) == (CacheOutcome.MISS, None)


def test_a_call_of_a_kind_that_is_not_cached_is_bypass():
    gateway = Gateway(cache_type="local", cached_calls=frozenset({"aembedding"}))
    assert record(gateway).cache is CacheOutcome.BYPASS


def test_a_caller_who_wants_no_cache_is_bypass():
    asked = {"litellm_params": {"proxy_server_request": {"body": {"cache": {"no-cache": True}}}}}
    assert record(Gateway(cache_type="local"), asked).cache is CacheOutcome.BYPASS


def test_where_caching_is_opt_in_a_call_that_does_not_ask_is_bypass():
    assert record(Gateway(cache_type="local", cache_opt_in=True)).cache is CacheOutcome.BYPASS


def test_a_lookup_that_litellm_marked_does_not_count():
    marked = {"litellm_params": {"metadata": {"semantic-cache-embedding": True}}}
    assert record_from({"standard_logging_object": {**SUCCESS, "call_type": "aembedding"}, **marked}) is None


def test_a_lookup_of_the_sdk_does_not_count():
    """There LiteLLM marks nothing: the cache's model tells it."""
    event = {"standard_logging_object": {**SUCCESS, "call_type": "embedding"}, "model": "minilm"}
    assert record_from(event, gateway=Gateway(cache_type="redis-semantic", lookup_model="minilm")) is None


def test_an_embedding_that_somebody_asked_for_counts():
    route = {"user_api_key_request_route": "/v1/embeddings"}
    assert record(call_type="aembedding", metadata=route).endpoint == "embeddings"


# --- values no column can hold ----------------------------------------------------------------------------------


def test_an_overlong_name_is_shortened_and_keeps_its_own_identity():
    one, other = (record(metadata={"user_api_key_user_id": "u" * 500 + end}).user for end in "ab")
    assert one is not None
    assert len(one) == 200
    assert one != other


def test_control_characters_are_replaced():
    found = record(model="gpt-4o\nX-Admin: 1\x00")
    assert found.model == "gpt-4o\N{REPLACEMENT CHARACTER}X-Admin: 1\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1, True, "many", 10**30, [1], {"a": 1}])
@pytest.mark.parametrize(
    "place", ["prompt_tokens", "response_cost", "startTime", "endTime", "model", "hidden_params", "request_tags", "response", "metadata", "messages", "guardrail_information", "cache_hit"]
)  # fmt: skip
def test_nonsense_in_one_place_never_costs_the_record(place: str, value: Any):
    assert to_wire(record(Gateway(b"key", "local"), **{place: value}))


def test_an_amount_no_column_can_hold_is_unpriced():
    found = record(response_cost=10**30)
    assert (found.cost_usd, found.priced) == (None, False)


def test_a_clock_that_was_set_back_gives_no_negative_latency():
    assert record(startTime=END.timestamp() + 5).latency_ms is None


# --- details ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", ["llm_provider-x-ratelimit-", "x-ratelimit-", "x_ratelimit_"])
def test_the_providers_limits_are_read_however_litellm_spells_them(prefix: str):
    dash = "_" if prefix.endswith("_") else "-"
    names = {
        f"{prefix}{a}{dash}{b}": str(n)
        for a, b, n in [
            ("limit", "requests", 9),
            ("remaining", "requests", 8),
            ("limit", "tokens", 7),
            ("remaining", "tokens", 6),
        ]
    }
    found = record(hidden_params={"additional_headers": names})
    assert (found.limit_requests, found.remaining_requests, found.limit_tokens, found.remaining_tokens) == (
        9,
        8,
        7,
        6,
    )


def test_retries_and_fallbacks_are_counted():
    headers = {"x-litellm-attempted-retries": 2, "x-litellm-attempted-fallbacks": 1}
    found = record(hidden_params={"additional_headers": headers})
    assert (found.retries, found.fallbacks) == (2, 1)


def test_without_a_user_the_end_user_is_the_user():
    found = record(metadata={}, end_user="customer-7")
    assert (found.user, found.end_user) == ("customer-7", "customer-7")


def test_without_an_organization_the_record_belongs_to_default():
    assert record().organization == "default"


def test_a_failure_before_routing_is_filed_under_the_route():
    assert [record(call_type=name).endpoint for name in ("/v1/models", "/v1/chat/completions")] == [
        "models",
        "chat",
    ]


def test_without_a_key_no_prompt_is_hashed():
    assert record().prompt_hash is None
