"""One LiteLLM event as one record: a pure function, without LiteLLM, a store or a network.

Numbers and texts come from requests and providers, so nothing here trusts them: what a column cannot hold is
unknown, or shortened, and never costs the record.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from helix_dash.log.schema import MAX_COUNT, MAX_DURATION, MAX_MONEY, MAX_WORD, PICO, RequestRecord
from helix_dash.model import CacheOutcome, Status
from helix_dash.sources import litellm_outcome as outcome
from helix_dash.sources.litellm_cost import Usage, costs, usage_of
from helix_dash.sources.litellm_payload import Payload, mapping, member, payload_of, request_metadata
from helix_dash.sources.prompt_hash import prompt_hash

SOURCE = "litellm"

_ENDPOINTS = {
    "completion": "chat",
    "chat": "chat",
    "text_completion": "completions",
    "completions": "completions",
    "embedding": "embeddings",
    "embeddings": "embeddings",
    "responses": "responses",
    "moderation": "moderations",
    "image_generation": "images",
    "image_edit": "images",
    "transcription": "audio",
    "speech": "audio",
    "rerank": "rerank",
    "anthropic_messages": "messages",
    "messages": "messages",
}
"""The kind of call, by LiteLLM's name of it without the leading ``a`` of the async one."""


@dataclass(frozen=True, slots=True)
class Gateway:
    """What the process that makes the calls knows beside each event.

    Args:
        hash_key: the secret of the prompt hashes; without one no prompt is hashed.
        cache_type: LiteLLM's type of its response cache (``local``, ``redis``, ``redis-semantic`` …); empty
            when it has none.
        cached_calls: the call types it caches; ``None`` for all.
        cache_opt_in: whether only calls that ask for it are cached.
        lookup_model: the embedding model of a semantic cache.
    """

    hash_key: bytes | None = None
    cache_type: str = ""
    cached_calls: frozenset[str] | None = None
    cache_opt_in: bool = False
    lookup_model: str = ""


def record_from(
    kwargs: Mapping[str, Any],
    response_obj: Any = None,
    start: datetime | None = None,
    end: datetime | None = None,
    gateway: Gateway = Gateway(),
) -> RequestRecord | None:
    """The record of one event, from the arguments of LiteLLM's callbacks.

    Returns:
        ``None`` for what is no request of anybody: the embeddings by which a semantic cache looks up.
    """
    payload = payload_of(kwargs, response_obj, start, end)
    if _is_cache_lookup(payload, kwargs, gateway):
        return None
    status = outcome.status(payload)
    usage = usage_of(payload)
    hit = payload.get("cache_hit") is True
    cost = costs(payload, kwargs, usage)
    paid = money(cost.paid)
    record = RequestRecord(
        time=_time(payload),
        status=status,
        source=SOURCE,
        http_code=outcome.http_code(payload),
        guardrail=outcome.guardrail(payload),
        guardrail_name=outcome.guardrails_run(payload, "guardrail_name"),
        guardrail_mode=outcome.guardrails_run(payload, "guardrail_mode"),
        guardrail_ms=outcome.guardrail_ms(payload),
        pii=outcome.personal_data(payload, kwargs.get("exception")),
        call_id=text(payload.get("litellm_call_id") or payload.get("id")),
        trace_id=text(payload.get("trace_id")),
        cost_usd=paid,
        priced=cost.priced if paid == cost.paid else False,
        avoided_cost_usd=money(cost.avoided),
        tags=_tags(payload),
    )
    if status is not Status.SUCCESS:
        record.error_class = text(mapping(payload.get("error_information")).get("error_class"))
        record.limiter = outcome.limiter(payload) if status is Status.THROTTLED else None
    _who(record, payload, kwargs)
    _what(record, payload, kwargs, gateway)
    _tokens(record, Usage() if hit else usage)
    _durations(record, payload)
    _cache(record, payload, kwargs, gateway)
    _provider_headers(record, payload)
    return record


def _is_cache_lookup(payload: Payload, kwargs: Mapping[str, Any], gateway: Gateway) -> bool:
    """Whether the event is a semantic cache's own embedding, which repeats its request's user and guardrails."""
    if _endpoint(payload) != "embeddings":
        return False
    if request_metadata(kwargs).get("semantic-cache-embedding") is True:
        return True
    route = mapping(payload.get("metadata")).get("user_api_key_request_route")
    if isinstance(route, str) and route:
        return "embedding" not in route
    return bool(gateway.lookup_model) and kwargs.get("model") == gateway.lookup_model


def _time(payload: Payload) -> datetime:
    """When the request ended; now, when that cannot be read."""
    try:
        ended = datetime.fromtimestamp(float(payload.get("endTime") or 0), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return datetime.now(UTC)
    return ended if ended.year >= 2010 else datetime.now(UTC)


def _who(record: RequestRecord, payload: Payload, kwargs: Mapping[str, Any]) -> None:
    metadata = mapping(payload.get("metadata"))
    parameters = mapping(payload.get("model_parameters"))
    record.end_user = text(
        payload.get("end_user")
        or metadata.get("user_api_key_end_user_id")
        or kwargs.get("user")
        or parameters.get("user")
    )
    record.user = text(metadata.get("user_api_key_user_id")) or record.end_user
    record.team = text(metadata.get("user_api_key_team_id") or metadata.get("user_api_key_team_alias"))
    record.organization = text(metadata.get("user_api_key_org_id")) or "default"
    record.key_alias = text(metadata.get("user_api_key_alias"))
    asked = mapping(metadata.get("requester_metadata"))
    record.session_id = text(
        payload.get("session_id") or asked.get("session_id") or metadata.get("session_id")
    )


def _what(record: RequestRecord, payload: Payload, kwargs: Mapping[str, Any], gateway: Gateway) -> None:
    response = payload.get("response")
    provider = payload.get("custom_llm_provider")
    record.provider = text(provider)
    record.model = text(without_provider(payload.get("model"), provider))
    body = mapping(mapping(mapping(kwargs.get("litellm_params")).get("proxy_server_request")).get("body"))
    record.model_requested = text(payload.get("model_group") or body.get("model")) or record.model
    record.call_type = text(payload.get("call_type"))
    record.endpoint = text(_endpoint(payload))
    record.stream = payload.get("stream") is True or kwargs.get("stream") is True
    record.finish_reason = text(_finish_reason(response))
    if gateway.hash_key is not None:
        prompt = payload.get("messages") or kwargs.get("messages") or kwargs.get("input")
        record.prompt_hash = prompt_hash(prompt, gateway.hash_key)
    if record.endpoint == "embeddings":
        data, inputs = member(response, "data"), kwargs.get("input") or payload.get("messages")
        vectors = data if isinstance(data, list) else []
        record.batch_size = len(vectors) or (len(inputs) if isinstance(inputs, list) else None)
        vector = member(vectors[0], "embedding") if vectors else None
        record.embedding_dimensions = len(vector) if isinstance(vector, list) else None


def _tokens(record: RequestRecord, usage: Usage | None) -> None:
    if usage is None:
        return
    record.uncached_tokens = count(usage.uncached)
    record.cached_tokens = count(usage.cached)
    record.cache_write_tokens = count(usage.cache_write)
    record.visible_tokens = count(usage.visible)
    record.reasoning_tokens = count(usage.reasoning)


def _durations(record: RequestRecord, payload: Payload) -> None:
    """LiteLLM's ``response_time`` is not used: for streams it is the time to the first token."""
    begun, ended, first = (payload.get(f"{name}Time") for name in ("start", "end", "completionStart"))
    record.latency_ms = _between(begun, ended)
    hidden = mapping(payload.get("hidden_params"))
    record.overhead_ms = duration(hidden.get("litellm_overhead_time_ms"))
    # Where LiteLLM saw no first token it puts the end of the call there.
    if record.stream and record.status in (Status.SUCCESS, Status.CANCELLED) and first != ended:
        record.ttft_ms = _between(begun, first)


def _cache(record: RequestRecord, payload: Payload, kwargs: Mapping[str, Any], gateway: Gateway) -> None:
    """What the gateway's own cache did; a call that failed says nothing about it."""
    score = request_metadata(kwargs).get("semantic-similarity")
    known = isinstance(score, int | float) and 0 < score <= 1  # LiteLLM writes 0.0 where nothing was near
    record.similarity = float(score) if known else None  # type: ignore[arg-type]
    if record.status is not Status.SUCCESS:
        return
    params = mapping(kwargs.get("litellm_params"))
    # A stream's payload has no key, and no miss has one (1.106.2). By meaning, the key is the question's, not the entry's.
    key = payload.get("cache_key") or params.get("preset_cache_key")
    if payload.get("cache_hit") is True:
        semantic = known or "semantic" in gateway.cache_type
        record.cache = CacheOutcome.SEMANTIC if semantic else CacheOutcome.EXACT
        record.cache_key = None if semantic else text(key)
        created = member(payload.get("response"), "created")
        if not record.stream:  # the answer keeps the second it was made in; a replayed stream gets a new one
            record.cache_age_ms = _between(created, payload.get("endTime"))
        return
    request = mapping(params.get("proxy_server_request"))
    asked = mapping(mapping(request.get("body")).get("cache"))
    eligible = (
        bool(gateway.cache_type)
        and (gateway.cached_calls is None or record.call_type in gateway.cached_calls)
        and asked.get("no-cache") is not True
        and (not gateway.cache_opt_in or asked.get("use-cache") is True)
    )
    record.cache = CacheOutcome.MISS if eligible else CacheOutcome.BYPASS


def _provider_headers(record: RequestRecord, payload: Payload) -> None:
    """The provider's rate limits and the router's retries, which LiteLLM spells in three ways."""
    raw = mapping(mapping(payload.get("hidden_params")).get("additional_headers"))
    headers = {str(name).lower().replace("_", "-").removeprefix("llm-provider-"): raw[name] for name in raw}
    record.limit_requests = count(headers.get("x-ratelimit-limit-requests"))
    record.remaining_requests = count(headers.get("x-ratelimit-remaining-requests"))
    record.limit_tokens = count(headers.get("x-ratelimit-limit-tokens"))
    record.remaining_tokens = count(headers.get("x-ratelimit-remaining-tokens"))
    record.retries = count(headers.get("x-litellm-attempted-retries"))
    record.fallbacks = count(headers.get("x-litellm-attempted-fallbacks"))


def _endpoint(payload: Payload) -> str | None:
    """The kind of call; for failures before routing LiteLLM names the route instead of the call."""
    name = payload.get("call_type")
    if not isinstance(name, str) or not name:
        return None
    if name.startswith("/"):
        words = [word for word in name.split("/") if word]
        name = "chat" if "chat" in words else words[-1] if words else ""
    return _ENDPOINTS.get(name) or _ENDPOINTS.get(name.removeprefix("a")) or name


def _finish_reason(response: Any) -> Any:
    choices = member(response, "choices")
    if isinstance(choices, list) and choices:
        return member(choices[0], "finish_reason")
    incomplete = member(member(response, "incomplete_details"), "reason")
    return incomplete or member(response, "stop_reason") or member(response, "status")


def _tags(payload: Payload) -> tuple[str, ...]:
    """The caller's and the key's tags, without those LiteLLM makes of the user agent."""
    tags = payload.get("request_tags")
    given = tags if isinstance(tags, list | tuple) else []
    return tuple(
        cleaned for tag in given if not str(tag).startswith("User-Agent:") and (cleaned := text(tag))
    )


def without_provider(model: Any, provider: Any) -> Any:
    """``gpt-4o`` of ``openai/gpt-4o``; a slash that belongs to the name stays."""
    head, slash, rest = str(model or "").partition("/")
    return rest if slash and provider and head.lower() == str(provider).lower() else model


def text(value: Any) -> str | None:
    """``value`` as a word a column can hold: printable, and when too long, shortened but still its own."""
    if value is None or value == "":
        return None
    whole = str(value)
    shown = "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in whole[:MAX_WORD]
    )
    if len(whole) <= MAX_WORD:
        return shown
    mark = hashlib.blake2b(whole.encode("utf-8", "replace"), digest_size=4).hexdigest()
    return f"{shown[: MAX_WORD - 9]}…{mark}"


def count(value: Any) -> int | None:
    """``value`` as a whole number a column can hold."""
    try:
        number = int(value) if not isinstance(value, bool) else -1
    except (TypeError, ValueError, OverflowError):
        return None
    return number if 0 <= number <= MAX_COUNT else None


def money(value: Decimal | None) -> Decimal | None:
    """``value`` as an amount a column can hold."""
    return value if value is not None and value.is_finite() and 0 <= value * PICO <= MAX_MONEY else None


def duration(value: Any) -> float | None:
    """``value`` as milliseconds a column can hold."""
    try:
        length = float(value) if not isinstance(value, bool) else math.nan
    except (TypeError, ValueError, OverflowError):
        return None
    return length if 0 <= length * 1000 <= MAX_DURATION else None


def _between(begun: Any, ended: Any) -> float | None:
    """Milliseconds from one time to another, both in seconds."""
    try:
        return duration((float(ended) - float(begun)) * 1000)
    except (TypeError, ValueError):
        return None
