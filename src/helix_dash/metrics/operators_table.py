"""A table that operators edit, kept as one hash of the store: what limits, budgets and prices have in common.

A change is checked, then recorded, then made: ``first`` is called in between, and what it raises stops the change.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar, cast

import msgspec
import redis

from helix_dash.errors import BadQuery, StoreError
from helix_dash.store import reaching

T = TypeVar("T")

First = Callable[[], None]
"""Called when a change has been found possible, just before it is made; what it raises stops the change."""


def nothing() -> None:
    """Nothing comes first."""


@dataclass(frozen=True, slots=True)
class Table:
    """One hash.

    Args:
        key: where it is; owned by the module that makes this table.
        title: what it holds, for people: ``budgets``.
        most: how many entries it may have.
    """

    key: str
    title: str
    most: int

    def read(self, store: redis.Redis, kind: type[T], checked: Callable[[T], T]) -> list[T]:
        """What the table holds, in one command. An entry that cannot be read counts as not there.

        Args:
            store: the store.
            kind: what an entry is, as JSON.
            checked: gives an entry back, or raises ``BadQuery`` for one that cannot be used.

        Raises:
            StoreUnavailable: the store did not answer.
        """
        with reaching():
            packed = cast("list[bytes]", store.hvals(self.key))
        found: list[T] = []
        for one in packed:
            try:
                found.append(checked(msgspec.json.decode(one, type=kind)))
            except (msgspec.DecodeError, UnicodeDecodeError, BadQuery):
                continue
        return found

    def has(self, store: redis.Redis, field: str) -> bool:
        """Whether there is an entry ``field``.

        Raises:
            StoreUnavailable: the store did not answer.
        """
        with reaching():
            return bool(store.hexists(self.key, field))

    def put(self, store: redis.Redis, field: str, packed: bytes, first: First = nothing) -> None:
        """Make the entry ``field``, or put ``packed`` in the place of what it was.

        Raises:
            StoreError: the table is full.
            StoreUnavailable: the store did not answer.
        """
        with reaching():
            full = store.hlen(self.key) >= self.most and not store.hexists(self.key, field)
        if full:
            raise StoreError(f"The table of {self.title} holds {self.most:,} entries and is full.")
        first()
        with reaching():
            store.hset(self.key, field, packed)

    def drop(self, store: redis.Redis, field: str, first: First = nothing) -> None:
        """Take the entry ``field`` away, if there is one.

        Raises:
            StoreUnavailable: the store did not answer.
        """
        first()
        with reaching():
            store.hdel(self.key, field)
