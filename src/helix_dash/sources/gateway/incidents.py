"""The gateway's list of incidents, in all the forms its writers use. Some store the very text they were meant to
hide: it leaves this module masked (:mod:`helix_dash.redaction`), or not at all.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any

import redis

from helix_dash.redaction.masking import Engine, mask
from helix_dash.redaction.recognizers import find, plain
from helix_dash.redaction.rules import USUAL, Rules
from helix_dash.sources.gateway.contract import INCIDENTS, number, text, time_of
from helix_dash.store import reaching

MOST = 1_000
"""The gateway keeps as many; of a list that nobody trims so many of either end are read."""

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

UNTOLD = "UNKNOWN"
"""The type of an incident that names none."""
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
        types: type of entity → how many; ``UNKNOWN`` when nobody knows.
        action: what the gateway did, one of :data:`ACTIONS`; ``None`` when it does not say so.
        raw: whether the gateway stored text that may be personal data.
        model, guardrail: as the gateway names them.
        severity: as the gateway says it.
        masked: the masked form of the text; empty without one, and in strict mode.
        recognised: whether the types are not the gateway's, but what we found in its text.
    """

    id: str
    at: int | None
    user: str | None
    types: dict[str, int]
    action: str | None
    raw: bool
    model: str | None = None
    guardrail: str | None = None
    severity: str | None = None
    masked: str = ""
    recognised: bool = False


@dataclass(slots=True)
class Incidents:
    """The list, the newest first by the incidents' own times; what could not be read, reason → how many; and how many
    entries the gateway's list has in all, ``None`` when unknown."""

    found: list[Incident] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)
    length: int | None = None


def incidents(store: redis.Redis, zone: tzinfo, rules: Rules = USUAL, engine: Engine = find) -> Incidents:
    """The newest :data:`MOST` of the list, in one round trip. A time without a zone is one of ``zone``.

    Some writers put the newest first, some last: both ends are read, and the incidents' own times decide.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    try:
        packed, length = ends(store)
    except TypeError:
        return Incidents(left_out={"the list of incidents is no list": 1})
    result = parsed(packed, zone, rules, engine)
    result.length = length
    del result.found[MOST:]
    return result


def ends(store: redis.Redis) -> tuple[list[Any], int]:
    """The entries of both ends of the list, each once, and how many there are in all.

    Raises:
        TypeError: it is no list.
        StoreUnavailable: the store did not answer.
    """
    client: Any = store
    with reaching(), client.pipeline(transaction=False) as pipe:
        pipe.llen(INCIDENTS).lrange(INCIDENTS, 0, MOST - 1).lrange(INCIDENTS, -MOST, -1)
        length, head, tail = pipe.execute(raise_on_error=False)
    if isinstance(length, redis.ResponseError):
        raise TypeError(INCIDENTS)
    return [*head, *tail[max(0, 2 * MOST - length) :]], int(length)


def parsed(packed: Iterable[Any], zone: tzinfo, rules: Rules = USUAL, engine: Engine = find) -> Incidents:
    """``packed`` entries of the list, read; their texts masked by ``rules``."""
    result = Incidents()
    for name, body in named(packed):
        if body is None:
            reason = "an incident is no JSON object"
            result.left_out[reason] = result.left_out.get(reason, 0) + 1
        else:
            result.found.append(_incident(name, body, zone, rules, engine))
    result.found.sort(key=lambda incident: (-(incident.at or 0), incident.id))
    return result


def named(packed: Iterable[Any]) -> Iterator[tuple[str, dict[str, Any] | None]]:
    """Each entry with the name it has as long as it is in the list; ``None`` when it cannot be read."""
    seen: dict[str, int] = {}
    for one in packed:
        words = text(one)
        try:
            body = json.loads(words) if words is not None else None
        except (ValueError, RecursionError):
            body = None
        digest = hashlib.sha256((words or "").encode()).hexdigest()[:20]
        seen[digest] = seen.get(digest, 0) + 1
        name = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
        yield name, body if isinstance(body, dict) else None


def texts_of(body: dict[str, Any]) -> list[str]:
    """The texts that an entry holds: what must not be shown as it is."""
    return [body[key] for key in _TEXTS if isinstance(body.get(key), str) and body[key]]


_TEXTS = ("content_preview", "original", "content", "text", "prompt", "redacted")
_TIMES = ("timestamp", "ts", "time", "created_at")
ACTIONS = frozenset(
    ["allowed", "anonymized", "blocked", "flagged", "logged", "masked", "none", "redacted", "refused", "rejected"]
)  # fmt: skip
_SEVERITIES = frozenset(["low", "medium", "high", "critical"])
_SHORT = re.compile(r"[\w.:/@+-]{1,80}")


def _incident(name: str, body: dict[str, Any], zone: tzinfo, rules: Rules, engine: Engine) -> Incident:
    masked = [mask(one, rules, engine) for one in texts_of(body)]
    types, recognised = _types(body), False
    if types.keys() == {UNTOLD} and any(one.types for one in masked):
        types, recognised = {}, True
        for one in masked:
            for kind, count in one.types.items():
                types[kind] = max(types.get(kind, 0), count)
    return Incident(
        name,
        next((at for key in _TIMES if (at := time_of(body.get(key), zone))), None),
        _who(body.get("user_id", body.get("user"))),
        types,
        _listed(body.get("action") or body.get("action_taken"), ACTIONS),
        any(body.get(key) for key in _TEXTS),
        _named(body.get("model")),
        _named(body.get("guardrail", body.get("guardrail_name"))),
        _listed(body.get("severity"), _SEVERITIES),
        next((one.text for one in masked if one.text), ""),
        recognised,
    )


def _listed(value: Any, words: frozenset[str]) -> str | None:
    word = value.strip().lower() if isinstance(value, str) else ""
    return word if word in words else None


def _named(value: Any) -> str | None:
    """A name of a machine: without spaces, and with nothing in it that looks like personal data."""
    return value if isinstance(value, str) and _SHORT.fullmatch(value) and not find(plain(value)) else None


def _who(value: Any) -> str | None:
    """A user. Their name may be an e-mail address or a telephone number; a card number is no name."""
    word = _word(value)
    if word is None:
        return None
    wrong = [one.type for one in find(plain(word)) if one.type not in _NAMES_PEOPLE]
    return f"<{wrong[0]}>" if wrong else word


_NAMES_PEOPLE = frozenset(["EMAIL_ADDRESS", "IP_ADDRESS", "MAC_ADDRESS", "PHONE_NUMBER"])


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
    return found or {UNTOLD: 1}


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
        known = name.upper() if name.upper() in KNOWN_TYPES else name if _CUSTOM.fullmatch(name) else UNTOLD
        yield known, 1


def _word(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    word = str(value)
    return word if _WORD.fullmatch(word) else None
