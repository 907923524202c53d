"""How texts are masked: what people set on the Security page. This module owns its Redis key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import redis

from helix_dash.errors import BadQuery
from helix_dash.log.keys import APP
from helix_dash.redaction.recognizers import TYPES
from helix_dash.store import reaching

KEY = f"{APP}redaction"
"""string: JSON of :class:`Rules`."""

LEAST_CONFIDENCE: dict[str, float] = {"low": 0.8, "medium": 0.5, "high": 0.3}
"""Sensitivity → how sure a recognizer has to be for its type to be told. Masking itself does not depend on it."""


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the collector reads texts that a gateway stored.

    Args:
        sensitivity: how readily a form counts as personal data, see :data:`LEAST_CONFIDENCE`.
        types: the types that are looked for.
        strict: whether no word of a text is kept at all, not even a harmless one.
    """

    sensitivity: str = "medium"
    types: tuple[str, ...] = TYPES
    strict: bool = True


USUAL = Rules()

First = Callable[[], None]


def rules(store: redis.Redis) -> Rules:
    """The rules as they are, in one command. What cannot be read counts as the usual, strict ones.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    client: Any = store
    with reaching():
        packed = client.get(KEY)
    try:
        found = msgspec.json.decode(packed, type=Rules) if packed else USUAL
        return checked(found.sensitivity, found.types, strict=found.strict)
    except (msgspec.DecodeError, UnicodeDecodeError, BadQuery):
        return USUAL


def checked(sensitivity: Any, types: Any, *, strict: Any) -> Rules:
    """Rules as a form gives them.

    Raises:
        BadQuery: one of them cannot be.
    """
    if sensitivity not in LEAST_CONFIDENCE:
        raise BadQuery("sensitivity", "Sensitivity is low, medium or high.")
    if not isinstance(types, list | tuple) or not set(types) <= set(TYPES):
        raise BadQuery("types", "There is a type that no recognizer knows.")
    if not isinstance(strict, bool):
        raise BadQuery("strict", "Strict mode is on or off.")
    return Rules(str(sensitivity), tuple(name for name in TYPES if name in types), strict)


def set_rules(store: redis.Redis, rules: Rules, first: First = lambda: None) -> None:
    """Let ``rules`` hold from the collector's next reading on.

    Args:
        first: called just before; what it raises stops the change.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    client: Any = store
    first()
    with reaching():
        client.set(KEY, msgspec.json.encode(rules))
