"""Cache entries that one writer keeps as fields of a single hash, read in bounded steps.

Each field holds JSON with the entry's whole embedding, some ten kilobytes: what has only to be counted or named is not
fetched where the server can leave it out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import redis

from helix_dash.sources.gateway.contract import CORE, WRONG, each, field_of, inside, text
from helix_dash.store import reaching

_STEP = 100


def counted(store: redis.Redis) -> int | None:
    """How many entries the hash holds; ``None`` when it is something else.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    (found,) = each(store, "HLEN", [CORE])
    return None if found is WRONG else int(found)


def names(store: redis.Redis) -> Iterator[str]:
    """The entries' names (:func:`contract.inside`), some at a time; fields that are no digest are passed over.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    client: Any = store
    cursor, bare = 0, True
    with reaching():
        while True:
            try:
                cursor, fields = client.hscan(CORE, cursor, count=_STEP, no_values=bare)
            except redis.ResponseError:
                if not bare:  # it is no hash
                    return
                bare = False  # servers before Redis 7.4 and Valkey 8 send the values along
                continue
            for name in fields:
                key = inside(text(name) or "")
                if field_of(key):
                    yield key
            if not cursor:
                return


def asked(store: Any, command: str, keys: Sequence[str]) -> list[Any]:
    """The answer to ``command`` (HGET, HSTRLEN) for each of ``keys``, one round trip per 500.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    found: list[Any] = []
    for begin in range(0, len(keys), 500):
        with reaching(), store.pipeline(transaction=False) as pipe:
            for key in keys[begin : begin + 500]:
                pipe.execute_command(command, CORE, field_of(key) or "")
            found += pipe.execute(raise_on_error=False)
    return [WRONG if isinstance(one, redis.ResponseError) else one for one in found]


def remove(store: redis.Redis, keys: Sequence[str]) -> int:
    """Take the entries away; how many were there.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    fields = [name for key in keys if (name := field_of(key))]
    client: Any = store
    with reaching():
        try:
            return int(client.hdel(CORE, *fields)) if fields else 0
        except redis.ResponseError:  # somebody put something else there
            return 0
