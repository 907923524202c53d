"""What a LiteLLM call used and cost, with the traps that made other dashboards' money wrong.

- Cached tokens are inside ``prompt_tokens``; here each token is in exactly one class.
- A hit of the gateway's cache repeats the tokens and the cost of the first answer: both count as avoided.
- A model without a price costs 0.0 in LiteLLM's payload. That is unknown here, unless somebody said it is free.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from helix_dash import money
from helix_dash.sources.litellm_payload import REBUILT, Payload, mapping, member, request_metadata

_OWN_PRICES = (
    "input_cost_per_token",
    "output_cost_per_token",
    "input_cost_per_second",
    "output_cost_per_second",
)


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens in classes that do not overlap."""

    uncached: int = 0
    cached: int = 0
    cache_write: int = 0
    visible: int = 0
    reasoning: int = 0


@dataclass(frozen=True, slots=True)
class Cost:
    """US dollars; ``None`` when not known.

    Args:
        paid: what the call cost.
        priced: whether a price was known; ``None`` where nothing was bought.
        avoided: what a hit of the gateway's cache would have cost.
    """

    paid: Decimal | None = None
    priced: bool | None = None
    avoided: Decimal | None = None


def usage_of(payload: Payload) -> Usage | None:
    """The tokens of the call, of those of the cached answer; ``None`` when a failed call does not tell."""
    told = mapping(payload.get("metadata")).get("usage_object") or member(payload.get("response"), "usage")
    prompt = _tokens(told, "prompt_tokens", "input_tokens") or _tokens(payload, "prompt_tokens")
    answer = _tokens(told, "completion_tokens", "output_tokens") or _tokens(payload, "completion_tokens")
    if not prompt and not answer and payload.get("status") != "success":
        return None
    details = member(told, "prompt_tokens_details") or member(told, "input_tokens_details")
    cached = _tokens(details, "cached_tokens") or _tokens(told, "cache_read_input_tokens")
    written = _tokens(told, "cache_creation_input_tokens") or _tokens(details, "cache_creation_tokens")
    inside = cached + written <= prompt  # else the provider counts them beside its input, as Anthropic does
    answer_details = member(told, "completion_tokens_details") or member(told, "output_tokens_details")
    reasoning = min(_tokens(answer_details, "reasoning_tokens"), answer)
    return Usage(
        prompt - cached - written if inside else prompt, cached, written, answer - reasoning, reasoning
    )


def costs(payload: Payload, kwargs: Mapping[str, Any], usage: Usage | None) -> Cost:
    """What the call cost, or would have."""
    hit = payload.get("cache_hit") is True
    told = _amount(payload.get("saved_cache_cost") if hit else payload.get("response_cost"))
    if payload.get("status") != "success":
        # A broken stream may have been billed; any other failure bought nothing, whatever its price.
        return Cost(told, True) if told else Cost()
    known = told or (Decimal(0) if _is_free(payload, kwargs) else None)
    if known is None and payload.get(REBUILT):
        known = _by_table(payload, usage)
    if hit:
        return Cost(Decimal(0), True, known)
    return Cost(known, known is not None)


def _is_free(payload: Payload, kwargs: Mapping[str, Any]) -> bool:
    """Whether a cost of 0 is a price somebody set, and not the lack of one."""
    params = mapping(kwargs.get("litellm_params"))
    deployment = mapping(request_metadata(kwargs).get("model_info"))
    if any(place.get(name) is not None for place in (params, deployment) for name in _OWN_PRICES):
        return True
    if payload.get("zero_cost_diagnostic") or payload.get("response_cost_failure_debug_info"):
        return False
    entry = mapping(mapping(payload.get("model_map_information")).get("model_map_value"))
    # LiteLLM's table tells the mode of each model it knows. A deployment with prices of its own is entered
    # under its id; the router enters any other under its name with prices of 0, which nobody set.
    own = payload.get("model_id")
    return bool(entry.get("mode") or (own and entry.get("key") == own))


def _by_table(payload: Payload, usage: Usage | None) -> Decimal | None:
    """The price by our own table, for a payload that LiteLLM did not make."""
    model, provider, ended = payload.get("model"), payload.get("custom_llm_provider"), payload.get("endTime")
    if usage is None or not isinstance(model, str):
        return None
    return money.price(
        model.removeprefix(f"{provider}/"),
        str(provider) if provider else None,
        uncached=usage.uncached,
        cached=usage.cached,
        cache_write=usage.cache_write,
        visible=usage.visible,
        reasoning=usage.reasoning,
        at=datetime.fromtimestamp(ended, UTC) if isinstance(ended, float) else None,
    )


def _amount(value: Any) -> Decimal | None:
    """A positive amount as LiteLLM's float prints it; ``None`` for anything else, 0 too."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    amount = Decimal(str(value))
    return amount if amount.is_finite() and amount > 0 else None


def _tokens(thing: Any, *names: str) -> int:
    """The first of the named counts that is a positive whole number, else 0."""
    for name in names:
        value = member(thing, name)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
    return 0
