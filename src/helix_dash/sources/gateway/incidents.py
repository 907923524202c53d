"""The gateway's list of incidents, in all the forms its writers use. Some store the very text they were meant to
hide: nothing of a text leaves this module, only types, counts and who.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any

import redis

from helix_dash.sources.gateway.contract import INCIDENTS, number, text, time_of
from helix_dash.store import reaching

MOST = 1_000
"""The gateway keeps as many."""

MOST_TYPES = 20
KNOWN_TYPES = frozenset(
    [
        "API_KEY",
        "CREDIT_CARD",
        "CRYPTO",
        "DATABASE_CONNECTION",
        "DATE_TIME",
        "EMAIL",
        "EMAIL_ADDRESS",
        "IBAN",
        "IBAN_CODE",
        "ID",
        "IP_ADDRESS",
        "JWT_TOKEN",
        "LOCATION",
        "MAC_ADDRESS",
        "MEDICAL_LICENSE",
        "NAME",
        "NRP",
        "ORGANIZATION",
        "PASSPORT",
        "PASSWORD",
        "PERSON",
        "PHONE",
        "PHONE_NUMBER",
        "SECRET",
        "SSN",
        "UK_NHS",
        "URL",
        "US_BANK_NUMBER",
        "US_DRIVER_LICENSE",
        "US_ITIN",
        "US_PASSPORT",
        "US_SSN",
    ]
)
"""Types that recognizers are known to name."""

_CUSTOM = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+")
"""How people name types of their own. A single word of capitals could be somebody's name."""
_WORD = re.compile(r"[\w .:/@+-]{1,120}")


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident, as far as it may be shown.

    Args:
        id: names it as long as it is in the list: its digest.
        at: when it happened, microseconds since the epoch; ``None`` when it does not say.
        user: whose request it was.
        types: type of entity → how many; ``UNKNOWN`` when it does not say.
        action: what the gateway did.
        raw: whether the gateway stored text that may be personal data.
    """

    id: str
    at: int | None
    user: str | None
    types: dict[str, int]
    action: str | None
    raw: bool


@dataclass(slots=True)
class Incidents:
    """The list, the newest first by the incidents' own times, and what could not be read: reason → how many."""

    found: list[Incident] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)


def incidents(store: redis.Redis, zone: tzinfo) -> Incidents:
    """The whole list, in one command. A time without a zone is one of ``zone``.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    result = Incidents()
    with reaching():
        try:
            packed = list(store.lrange(INCIDENTS, 0, MOST - 1))
        except redis.ResponseError:
            result.left_out["the list of incidents is no list"] = 1
            return result
    return parsed(packed, zone)


def parsed(packed: Iterable[Any], zone: tzinfo) -> Incidents:
    """``packed`` entries of the list, read."""
    result = Incidents()
    seen: dict[str, int] = {}
    for one in packed:
        words = text(one)
        try:
            body = json.loads(words) if words is not None else None
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            reason = "an incident is no JSON object"
            result.left_out[reason] = result.left_out.get(reason, 0) + 1
            continue
        digest = hashlib.sha256((words or "").encode()).hexdigest()[:20]
        seen[digest] = seen.get(digest, 0) + 1
        name = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
        result.found.append(_incident(name, body, zone))
    result.found.sort(key=lambda incident: (-(incident.at or 0), incident.id))
    return result


_TEXTS = ("content_preview", "original", "content", "text", "prompt")


def _incident(name: str, body: dict[str, Any], zone: tzinfo) -> Incident:
    user = body.get("user_id", body.get("user"))
    action = body.get("action") or body.get("action_taken")
    return Incident(
        name,
        next(
            (at for key in ("timestamp", "ts", "time", "created_at") if (at := time_of(body.get(key), zone))),
            None,
        ),
        _word(user),
        _types(body),
        _word(action),
        any(body.get(key) for key in _TEXTS),
    )


def _types(body: dict[str, Any]) -> dict[str, int]:
    given = [
        body[key]
        for key in (
            "entity_type",
            "entity",
            "pii_type",
            "entities",
            "entities_detected",
            "masked_entity_count",
        )
        if key in body
    ]
    found: dict[str, int] = {}
    for one in given:
        for name, count in _counted(one):
            if len(found) < MOST_TYPES or name in found:
                found[name] = found.get(name, 0) + count
    return found or {"UNKNOWN": 1}


def _counted(given: Any) -> Iterable[tuple[str, int]]:
    if isinstance(given, dict) and not {"type", "entity_type"} & given.keys():
        for name, count in given.items():
            amount = number(count)
            if amount is not None and 0 < amount < 10**6:
                yield from ((kind, int(amount)) for kind, _ in _counted(name))
        return
    for one in given if isinstance(given, list) else [given]:
        kind = one.get("type", one.get("entity_type")) if isinstance(one, dict) else one
        # Anything that is not surely a type may be the personal data themselves.
        name = kind.strip() if isinstance(kind, str) and len(kind) <= 40 else ""
        known = (
            name.upper() if name.upper() in KNOWN_TYPES else name if _CUSTOM.fullmatch(name) else "UNKNOWN"
        )
        yield known, 1


def _word(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    word = str(value)
    return word if _WORD.fullmatch(word) else None
