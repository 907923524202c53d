"""What LiteLLM tells about a call, in one shape, whether it told or not.

Its callbacks carry a ``StandardLoggingPayload``, and that is usually all one needs. But it is ``None`` when
LiteLLM could not build it (an unexpected ``usage`` is enough, while the caller still gets his answer), and a
guardrail that blocks calls another hook altogether. Both are brought into the payload's shape here, so that
everything behind reads one thing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

Payload = Mapping[str, Any]

REBUILT = "helix_rebuilt"
"""A key only payloads made here have: their cost, if any, was not computed by LiteLLM."""

_KEY_FIELDS = {
    "user_api_key_user_id": "user_id",
    "user_api_key_team_id": "team_id",
    "user_api_key_team_alias": "team_alias",
    "user_api_key_org_id": "org_id",
    "user_api_key_alias": "key_alias",
    "user_api_key_end_user_id": "end_user_id",
    "user_api_key_request_route": "request_route",
}
"""Names in a payload's metadata, and the attributes of the proxy's ``UserAPIKeyAuth`` that hold the same."""


def member(thing: Any, name: str) -> Any:
    """``thing[name]`` or ``thing.name``: LiteLLM hands over mappings and objects alike. ``None`` without."""
    return thing.get(name) if isinstance(thing, Mapping) else getattr(thing, name, None)


def mapping(thing: Any) -> Mapping[str, Any]:
    """``thing``, or an empty mapping when it is something else."""
    return thing if isinstance(thing, Mapping) else {}


def request_metadata(kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the caller, the router and the proxy attached to the call."""
    params = mapping(kwargs.get("litellm_params"))
    return {**mapping(params.get("litellm_metadata")), **mapping(params.get("metadata"))}


def payload_of(
    kwargs: Mapping[str, Any], response: Any, start: datetime | None, end: datetime | None
) -> Payload:
    """LiteLLM's own payload of the call, or one rebuilt from the rest of what the callback got."""
    given = kwargs.get("standard_logging_object")
    if isinstance(given, Mapping) and given:
        return given
    metadata = request_metadata(kwargs)
    exception = kwargs.get("exception")
    failed = exception is not None or kwargs.get("log_event_type") == "failed_api_call"
    began, ended = start or kwargs.get("start_time"), end or kwargs.get("end_time")
    return {
        REBUILT: True,
        "status": "failure" if failed else "success",
        "litellm_call_id": kwargs.get("litellm_call_id") or member(response, "id"),
        "trace_id": kwargs.get("litellm_trace_id"),
        "call_type": kwargs.get("call_type"),
        "cache_hit": kwargs.get("cache_hit"),
        "stream": kwargs.get("stream"),
        "custom_llm_provider": kwargs.get("custom_llm_provider"),
        "model": kwargs.get("model"),
        "model_group": metadata.get("model_group"),
        "model_id": mapping(metadata.get("model_info")).get("id"),
        "startTime": _epoch(began),
        "endTime": _epoch(ended),
        "completionStartTime": _epoch(kwargs.get("completion_start_time")),
        "metadata": {**metadata, "usage_object": member(response, "usage")},
        "response_cost": kwargs.get("response_cost"),
        "request_tags": metadata.get("tags"),
        "end_user": metadata.get("user_api_key_end_user_id"),
        "messages": kwargs.get("messages") or kwargs.get("input"),
        "response": response,
        "hidden_params": member(response, "_hidden_params") or metadata.get("hidden_params"),
        "error_information": error_information(exception),
        "guardrail_information": metadata.get("standard_logging_guardrail_information"),
    }


def failure_of(
    request: Mapping[str, Any], exception: BaseException, key: Any
) -> tuple[dict[str, Any], datetime | None]:
    """A failure that the proxy's hook reports, as the arguments a failure callback would have had.

    Args:
        request: the body of the request with what the proxy added to it.
        exception: why it failed.
        key: the proxy's ``UserAPIKeyAuth`` of the caller.

    Returns:
        The callback's ``kwargs``, and when the request began, if that is known.
    """
    known = {name: member(key, attribute) for name, attribute in _KEY_FIELDS.items()}
    metadata = {
        **{name: value for name, value in known.items() if value},
        **mapping(request.get("litellm_metadata")),
        **mapping(request.get("metadata")),
    }
    told = mapping(request.get("standard_logging_object"))
    kwargs = {
        **{
            name: request.get(name) for name in ("litellm_call_id", "model", "messages", "input", "call_type")
        },
        "exception": exception,
        "stream": request.get("stream"),
        "litellm_params": {"metadata": metadata},
        "standard_logging_object": {
            **told,
            "status": "failure",
            "error_information": error_information(exception),
        }
        if told
        else None,
    }
    begun = request.get("start_time")
    return kwargs, begun if isinstance(begun, datetime) else None


def error_information(exception: Any) -> Payload:
    """The facts of ``exception`` that LiteLLM's payload has; never its traceback."""
    if exception is None:
        return {}
    response = member(exception, "response")
    codes = (member(exception, "code"), member(exception, "status_code"), member(response, "status_code"))
    message = member(exception, "message")
    return {
        "error_code": next((str(code) for code in codes if code), ""),
        "error_class": type(exception).__name__,
        "error_message": message if isinstance(message, str) else str(exception),
        "llm_provider": member(exception, "llm_provider"),
        "error_rate_limit_category": member(exception, "category"),
        "error_rate_limit_type": member(exception, "rate_limit_type"),
    }


def _epoch(moment: Any) -> float | None:
    """Seconds since the epoch; LiteLLM's datetimes have no zone and mean the local one."""
    if isinstance(moment, datetime):
        return moment.timestamp()
    return float(moment) if isinstance(moment, int | float) and not isinstance(moment, bool) else None
