"""How a LiteLLM call ended: success, error, throttled (and by whom), blocked or cancelled, and what its
guardrails found.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from helix_dash.model import Status
from helix_dash.sources.litellm_payload import Payload, mapping, member

CLIENT_GONE = 499
_GUARDRAIL_ERRORS = frozenset(
    {
        "BlockedPiiEntityError",
        "GuardrailInterventionNormalStringError",
        "GuardrailRaisedException",
        "RejectedRequestError",
    }
)
_RATE_LIMIT_ERRORS = frozenset(
    {
        "BudgetExceededError",
        "ProxyRateLimitError",
        "RateLimitError",
        "RouterRateLimitError",
        "RouterRateLimitErrorBasic",
    }
)
_LIMITERS = {
    "requests": "rpm",
    "tokens": "tpm",
    "concurrent_requests": "parallel",
    "budget": "budget",
    "max_iterations": "iterations",
}
"""LiteLLM's ``rate_limit_type`` in our words."""

_TEXTS = (
    (re.compile(r"budget", re.I), "budget"),
    (re.compile(r"parallel|concurren", re.I), "parallel"),
    (re.compile(r"\btpm\b|tokens? per|token limit", re.I), "tpm"),
    (re.compile(r"\brpm\b|requests? per|request limit", re.I), "rpm"),
    (re.compile(r"cooldown|cooling", re.I), "provider"),  # the router rests a provider that refused
)
_LONGEST = 200
"""Letters of a word of the log."""
_LONGEST_RUN = 86_400
"""Seconds; a guardrail that says it took longer has its units wrong."""
_GUARDRAIL_WORDS = {
    "guardrail_intervened": "intervened",
    "guardrail_failed_to_respond": "failed",
    "guardrail_flagged": "flagged",
}


def http_code(payload: Payload) -> int | None:
    """The status code the caller saw; ``None`` when the failure carries none."""
    code = str(_error(payload).get("error_code") or "")
    if code.isascii() and code.isdigit() and 100 <= int(code) <= 599:
        return int(code)
    return 200 if payload.get("status") == "success" else None


def status(payload: Payload) -> Status:
    """How the call ended."""
    code, name = http_code(payload), str(_error(payload).get("error_class") or "")
    gone = mapping(payload.get("metadata")).get("client_disconnected") is True
    if gone or code == CLIENT_GONE or name in ("CancelledError", "ClientDisconnected"):
        return Status.CANCELLED
    if payload.get("status") == "success":
        return Status.SUCCESS
    if code == 429 or name in _RATE_LIMIT_ERRORS:
        return Status.THROTTLED
    if guardrail(payload) == "intervened" or name in _GUARDRAIL_ERRORS:
        return Status.BLOCKED
    return Status.ERROR


def limiter(payload: Payload) -> str | None:
    """Who refused a 429: ``rpm``, ``tpm``, ``budget`` or ``parallel`` of ours, or ``provider``.

    LiteLLM calls every RateLimitError the vendor's unless told otherwise, its router's own too; what tells them
    apart is that those name no provider.
    """
    error = _error(payload)
    kind = _LIMITERS.get(_word(error.get("error_rate_limit_type")))
    if kind:
        return kind
    text = str(error.get("error_message") or payload.get("error_str") or "")
    ours = _word(error.get("error_rate_limit_category")).startswith("litellm")
    if error.get("llm_provider") and not ours:
        return "provider"
    by_text = [word for pattern, word in _TEXTS if pattern.search(text)]
    if by_text:
        return by_text[0] if not {"tpm", "rpm"} <= set(by_text) else _exhausted(text)
    return "provider" if _word(error.get("error_rate_limit_category")).startswith("vendor") else None


def _exhausted(text: str) -> str | None:
    """Which of the limits that the router lists is used up."""
    for word in ("rpm", "tpm"):
        for used, limit in re.findall(rf"'current_{word}': (\d+), '{word}_limit': (\d+)", text):
            if int(used) >= int(limit):
                return word
    return None


def guardrail(payload: Payload) -> str | None:
    """``not_run``, ``success``, ``flagged``, ``intervened`` or ``failed``."""
    told = mapping(payload.get("status_fields")).get("guardrail_status")
    if told is None:  # a payload of ours: the worst of what ran
        ran = [str(member(entry, "guardrail_status")) for entry in _guardrails(payload)]
        told = next((word for word in _GUARDRAIL_WORDS if word in ran), "success" if ran else "not_run")
    return _GUARDRAIL_WORDS.get(str(told), str(told))


def guardrails_run(payload: Payload, what: str) -> str | None:
    """The names or modes of the guardrails that ran, sorted, joined by ``;``; ``None`` when none is told."""
    found: set[str] = set()
    for entry in _guardrails(payload):
        told = member(entry, what)
        for one in told if isinstance(told, list | tuple) else [told]:
            word = re.sub(r"[^\w .:/@+-]", "_", _word(one)).strip()[:80]
            found |= {word} if word else set()
    joined = ";".join(sorted(found))
    return joined if 0 < len(joined) <= _LONGEST else joined[:_LONGEST].rpartition(";")[0] or None


def guardrail_ms(payload: Payload) -> float | None:
    """How long the guardrails took together, in milliseconds; ``None`` when none tells it."""
    told = [member(entry, "duration") for entry in _guardrails(payload)]
    seconds = [
        float(one) for one in told
        if isinstance(one, int | float) and not isinstance(one, bool) and 0 <= one < _LONGEST_RUN
    ]  # fmt: skip
    return round(sum(seconds) * 1000, 3) if seconds else None


def personal_data(payload: Payload, exception: Any) -> dict[str, int]:
    """Types and counts of the personal data that guardrails found; the data itself is not looked at."""
    found: Counter[str] = Counter()
    for entry in _guardrails(payload):
        masked = mapping(member(entry, "masked_entity_count"))
        if masked:
            found.update({_entity(name): n for name, n in masked.items() if isinstance(n, int) and n > 0})
        else:  # blocked: counted nowhere, but listed
            found.update(_entity(name) for name in _listed(member(entry, "guardrail_response")))
    if not found and isinstance(member(exception, "entity_type"), str):
        found[_entity(exception.entity_type)] = 1
    return dict(found)


def _listed(response: Any) -> list[str]:
    """The types named in a guardrail's list of findings."""
    findings = response if isinstance(response, list) else []
    names = (member(item, "entity_type") or member(item, "pattern_name") for item in findings)
    return [name for name in names if isinstance(name, str)]


def _entity(name: Any) -> str:
    """Guardrails write ``us_ssn`` and ``US_SSN``; and what is no plain name is not repeated."""
    return re.sub(r"[^A-Z0-9_]", "_", str(name).upper())[:40]


def _guardrails(payload: Payload) -> list[Any]:
    entries = payload.get("guardrail_information")
    return entries if isinstance(entries, list) else [entries] if isinstance(entries, Mapping) else []


def _error(payload: Payload) -> Mapping[str, Any]:
    return mapping(payload.get("error_information"))


def _word(value: Any) -> str:
    """The text of a string, or of a member of an Enum of strings."""
    return str(getattr(value, "value", value) or "")
