"""Single entries of the gateway's cache, as far as they may be shown: who, which model, when, how often; never a text.

Writers differ: hashes with fields of several names, strings of JSON. What an entry does not say is ``None``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any

import redis

from helix_dash.sources.gateway import contract, inside
from helix_dash.sources.gateway.contract import Read, number, text, time_of

FIELDS = (
    "model", "user_id", "user", "owner", "team", "created_at", "hit_count", "access_count", "last_accessed",
)  # fmt: skip
OWNER = ("user_id", "user", "owner", "team")
"""Names under which entries say who wrote them; the first that is there counts."""

MOST_JSON = 256 * 1024
"""Bytes of a longer string of JSON are not read: what it says stays unknown."""

MOST_WORD = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry.

    Args:
        key: its key.
        level: ``exact``, ``semantic`` or ``other``.
        model: whose answer it holds.
        owner: who wrote it.
        created: when, microseconds since the epoch.
        used: when it last answered, microseconds since the epoch.
        hits: how often it answered, by its own count.
        ends: seconds until it expires; ``-1``: never. ``None`` when it was not asked for.
        bytes: what it takes in memory, or inside a shared hash the length of its text; ``None`` when it was not
            asked for.
    """

    key: str
    level: str
    model: str | None = None
    owner: str | None = None
    created: int | None = None
    used: int | None = None
    hits: int | None = None
    ends: int | None = None
    bytes: int | None = None


@dataclass(slots=True)
class Entries(Read):
    """Some entries, and what of them could not be read."""

    found: list[Entry] = field(default_factory=list)


def described(
    store: redis.Redis, keys: Sequence[str], zone: tzinfo, now: int, *, measured: bool = True
) -> Entries:
    """The entries at ``keys``; those that are gone by now, or are none, are left out.

    Args:
        zone: what a time without a zone is meant in.
        now: microseconds since the epoch: nothing was created later.
        measured: whether to ask how long each lives and what it takes in memory.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    told = Entries()
    found: dict[str, dict[str, Any]] = {}
    shared = [key for key in keys if contract.field_of(key)]
    mine = [key for key in keys if contract.level_of(key) and not contract.field_of(key)]
    for key, values in zip(mine, contract.each(store, "HMGET", mine, *FIELDS), strict=True):
        if values is not contract.WRONG and any(value is not None for value in values):
            found[key] = dict(zip(FIELDS, values, strict=True))
    found |= _strings(store, [key for key in mine if key not in found], told)
    ends = contract.each(store, "TTL", found) if measured else []
    sizes = contract.each(store, "MEMORY USAGE", found) if measured else []
    if shared:
        within, lengths = _inside(store, shared, told)
        found |= within
        if measured:
            ends += contract.each(store, "TTL", [contract.CORE]) * len(within)
            sizes += [lengths[key] for key in within]
    for at, (key, body) in enumerate(found.items()):
        end, size = (_whole(ends[at]), _whole(sizes[at])) if measured else (None, None)
        if end == -2:
            continue  # it expired while we looked
        told.found.append(_entry(key, body, zone, now, told, end, size))
    return told


def _strings(store: redis.Redis, keys: Sequence[str], told: Entries) -> dict[str, dict[str, Any]]:
    """What strings of JSON say; whatever else is there is counted."""
    lengths = contract.each(store, "STRLEN", keys)
    short = [key for key, size in zip(keys, lengths, strict=True) if _whole(size) and size <= MOST_JSON]
    found: dict[str, dict[str, Any]] = {
        key: {} for key, size in zip(keys, lengths, strict=True) if _whole(size) and size > MOST_JSON
    }
    wrong = [key for key, size in zip(keys, lengths, strict=True) if size is contract.WRONG]
    for key, kind in zip(wrong, contract.each(store, "TYPE", wrong), strict=True):
        if text(kind) == "hash":
            found[key] = {}  # it says nothing of itself, but it is there
        else:
            told.leave_out("a cache entry is of another type")
    for key, packed in zip(short, contract.each(store, "GET", short), strict=True):
        if packed is None or packed is contract.WRONG:
            continue
        found[key] = _object(packed, told)
    return found


def _inside(
    store: redis.Redis, keys: Sequence[str], told: Entries
) -> tuple[dict[str, dict[str, Any]], dict[str, int]]:
    """What entries that share one hash say, and how long each is; those that are gone are left out."""
    lengths = {
        key: size
        for key, size in zip(keys, inside.asked(store, "HSTRLEN", keys), strict=True)
        if isinstance(size, int) and size
    }
    found: dict[str, dict[str, Any]] = {key: {} for key in lengths}
    short = [key for key, size in lengths.items() if size <= MOST_JSON]
    for key, packed in zip(short, inside.asked(store, "HGET", short), strict=True):
        if packed is not None and packed is not contract.WRONG:
            found[key] = _object(packed, told)
    return found, lengths


def _object(packed: Any, told: Entries) -> dict[str, Any]:
    """The fields of an entry that is a JSON object; of anything else none, and it is counted."""
    try:
        body = json.loads(packed)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        told.leave_out("a cache entry is no JSON object")
        body = {}
    return {name: body.get(name) for name in FIELDS} | {
        "created_at": body.get("created_at", body.get("created"))
    }


def _entry(
    key: str,
    body: Mapping[str, Any],
    zone: tzinfo,
    now: int,
    told: Entries,
    ends: int | None,
    size: int | None,
) -> Entry:
    def moment(name: str) -> int | None:
        given = body.get(name)
        value = given if isinstance(given, int | float) else text(given)
        at = time_of(value, zone) if given is not None else None
        if given is not None and (at is None or at > now + 300_000_000):
            told.leave_out("a time of a cache entry cannot be right")
            return None
        return at

    hits = next((body[name] for name in ("hit_count", "access_count") if body.get(name) is not None), None)
    return Entry(
        key=key,
        level=contract.level_of(key) or "other",
        model=_word(body.get("model")),
        owner=next((word for name in OWNER if (word := _word(body.get(name)))), None),
        created=moment("created_at"),
        used=moment("last_accessed"),
        hits=_count(hits),
        ends=ends,
        bytes=size,
    )


def _word(value: Any) -> str | None:
    word = None if isinstance(value, bool | dict | list) else text(value)
    return word if word and len(word) <= MOST_WORD and word.isprintable() else None


def _count(value: Any) -> int | None:
    found = number(value)
    return int(found) if found is not None and 0 <= found < 2**53 else None


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) else None
