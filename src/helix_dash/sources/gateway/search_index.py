"""RediSearch's index over the gateway's vectors, where there is one: how many it holds, and which.

The document's own FT.CREATE is no valid command, and writers call the index differently: it is found by what it
covers, not by its name.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import redis

from helix_dash.sources.gateway.contract import VECTOR, text
from helix_dash.store import reaching

KNOWN = ("idx:semantic", "helix:semantic:index", "helix_semantic_cache")
MOST_INDEXES = 20
NO_MODULE = "The gateway's Redis has no RediSearch, so entries are counted by one scan a minute."
NO_INDEX = "RediSearch is there, but no index covers helix:vector:*."
CLUSTER = "On a cluster no index covers all nodes, so entries are counted by one scan a minute."


@dataclass(frozen=True, slots=True)
class Index:
    """The index over vectors.

    Args:
        name: its name; ``None`` when there is none, and then ``why`` says so in a sentence.
        docs: entries it holds.
        failed: entries it could not take in: vectors of another length, fields of another type.
        dimensions: the length of its vectors.
        sorts_by_hits: whether it can put the entries with most hits first.
    """

    name: str | None
    why: str = ""
    docs: int | None = None
    failed: int | None = None
    dimensions: int | None = None
    sorts_by_hits: bool = False


def find_index(store: redis.Redis) -> Index:
    """The index that covers ``helix:vector:*``, in two or three commands.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    client: Any = store
    if isinstance(client, redis.RedisCluster):
        return Index(None, CLUSTER)
    with reaching():
        try:
            names = [name for name in map(text, client.execute_command("FT._LIST")) if name]
        except redis.ResponseError:
            return Index(None, NO_MODULE)
        names.sort(key=lambda name: (name not in KNOWN, name))
        for name in names[:MOST_INDEXES]:
            try:
                told = _mapping(client.execute_command("FT.INFO", name))
            except redis.ResponseError:  # dropped since it was listed
                continue
            if _covers(told):
                return _index(name, told)
    return Index(None, NO_INDEX)


def listed(store: redis.Redis, index: Index, most: int) -> list[str]:
    """Keys of up to ``most`` entries, those with most hits first where the index can tell; one command.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    client: Any = store
    order = ("SORTBY", "hit_count", "DESC") if index.sorts_by_hits else ()
    with reaching():
        try:
            answer = client.execute_command(
                "FT.SEARCH", index.name, "*", "NOCONTENT", *order, "LIMIT", "0", str(most)
            )
        except redis.ResponseError:
            return []
    keys: Iterable[Any]
    if isinstance(answer, dict):
        told = _mapping(answer)
        keys = (_mapping(one).get("id") for one in told.get("results", ()))
    else:
        keys = answer[1:]
    return [key for key in map(text, keys) if key]


def _covers(told: dict[str, Any]) -> bool:
    prefixes = _mapping(told.get("index_definition")).get("prefixes") or []
    return any(
        prefix and (VECTOR.startswith(prefix) or prefix.startswith(VECTOR)) for prefix in map(text, prefixes)
    )


def _index(name: str, told: dict[str, Any]) -> Index:
    dimensions, sorts = None, False
    for attribute in told.get("attributes") or ():
        flags = {str(part).upper() for part in _flat(attribute)}
        one = _mapping(attribute)
        if str(one.get("type")).upper() == "VECTOR":
            dimensions = _whole(one.get("dim"))
        if one.get("attribute") == "hit_count" and "NUMERIC" in flags:
            sorts = "SORTABLE" in flags
    failed, docs = _whole(told.get("hash_indexing_failures")), _whole(told.get("num_docs"))
    return Index(name, "", docs, failed, dimensions, sorts)


def _flat(value: Any) -> list[Any]:
    """All words of an answer, however deep they stand."""
    if isinstance(value, dict | list | tuple):
        parts = value.items() if isinstance(value, dict) else value
        return [word for part in parts for word in _flat(part)]
    return [text(value) or value]


def _mapping(value: Any) -> dict[str, Any]:
    """A mapping of the answer's pairs, which are flat or not depending on the protocol."""
    pairs = value.items() if isinstance(value, dict) else ()
    if isinstance(value, list):
        pairs = zip(value[::2], value[1::2], strict=False)  # type: ignore[assignment]
    return {
        name: (text(part) if isinstance(part, bytes) else part)
        for key, part in pairs
        if (name := text(key) if isinstance(key, str | bytes) else None)
    }


def _whole(value: Any) -> int | None:
    try:
        return int(float(value))
    except (TypeError, ValueError, OverflowError):
        return None
