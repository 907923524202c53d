"""What stores and hosts told of themselves, in types: what the collector keeps is read like anything else that others could have written."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

Fact = str | int | float


class Slow(msgspec.Struct, frozen=True):
    """One command of the slow log: when (seconds since the epoch), how long (µs), its name, and it without arguments."""

    at: int
    us: float
    command: str
    masked: str


class StoreTold(msgspec.Struct, frozen=True):
    """A server's own words.

    Args:
        facts: what is told as it is, by the server's names.
        slow: its slow log, newest first.
        slower_than_us: from how many microseconds on a command is slow.
        missing: what it does not tell, in words.
    """

    facts: dict[str, Fact] = {}
    slow: list[Slow] = []
    slower_than_us: float | None = None
    missing: list[str] = []


class Prefix(msgspec.Struct, frozen=True):
    """Keys whose names begin alike: how many, their memory (``None``: not told), the share of them that expire."""

    prefix: str
    keys: int
    bytes: float | None
    expiring: float


class Keyspace(msgspec.Struct, frozen=True):
    """How the keys divide.

    Args:
        keys: how many there are.
        sampled: how many were looked at.
        exact: whether these were all.
        prefixes: largest first.
    """

    keys: int
    sampled: int
    exact: bool
    prefixes: list[Prefix] = []

    @property
    def words(self) -> str:
        """What the figures rest on."""
        return f"all {self.keys:,} keys" if self.exact else f"~ from {self.sampled:,} of {self.keys:,} keys"


class HostTold(msgspec.Struct, frozen=True):
    """What a host told: its cores, and which limits of its control group hold (``cpu``, ``memory``)."""

    cores: float | None = None
    limited: list[str] = []


Told = TypeVar("Told", StoreTold, Keyspace, HostTold)


def told(kind: type[Told], body: Any) -> Told | None:
    """``body`` as what it should be; ``None`` when it is something else."""
    try:
        return msgspec.convert(body, kind)
    except msgspec.ValidationError:
        return None
