"""The table of rate limits that people keep: tiers, and who has which. This module owns its Redis key.

A limit says how many requests or tokens a key may use in a sliding minute (RPM, TPM) or in a calendar day of the
reporting zone (RPD, TPD). The table limits nobody: it is what use is held against, and what a gateway may read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import msgspec
import redis

from helix_dash.errors import BadQuery
from helix_dash.log.keys import APP
from helix_dash.metrics.operators_table import First, Table, nothing
from helix_dash.store import reaching

KEY = f"{APP}limits"
"""hash: ``tier:<name>``, ``key:<alias>``, ``team:<name>`` → JSON; ``default`` → the name of a tier."""

WINDOWS = ("rpm", "tpm", "rpd", "tpd")
MOST_ENTRIES = 5_000
_TABLE = Table(KEY, "limits", MOST_ENTRIES)
MOST_NAME = 200
MOST = 10**15


class Limits(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Requests and tokens per minute and per day; ``None`` is no limit."""

    rpm: int | None = None
    tpm: int | None = None
    rpd: int | None = None
    tpd: int | None = None

    def get(self, window: str) -> int | None:
        """One of :data:`WINDOWS`."""
        return cast("int | None", getattr(self, window))


class Assigned(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a key or a team has: a tier by name, or limits of its own."""

    tier: str | None = None
    limits: Limits | None = None


TIERS: dict[str, Limits] = {
    "free": Limits(3, 200_000),
    "tier-1": Limits(500, 2_000_000),
    "tier-2": Limits(5_000, 10_000_000),
    "tier-3": Limits(10_000, 30_000_000),
    "tier-4": Limits(30_000, 150_000_000),
    "tier-5": Limits(30_000, 300_000_000),
}
"""The tiers of the FakeAI server 0.3.2, which knows no limits per day. Stored tiers of the same name win."""


class LimitTable(msgspec.Struct, frozen=True):
    """The whole table.

    Args:
        tiers: name → limits, from the least to the most generous.
        default: the tier of whoever has no other; ``None``: no limits.
        keys: key alias → what it has.
        teams: team → what its keys have that have nothing of their own.
    """

    tiers: dict[str, Limits]
    default: str | None
    keys: dict[str, Assigned]
    teams: dict[str, Assigned]

    def of(self, key: str | None, team: str | None = None) -> tuple[Limits, str]:
        """The limits of ``key`` and where they come from: ``own``, a tier's name, or ``none``."""
        for assigned in (self.keys.get(key or ""), self.teams.get(team or "")):
            if assigned is None:
                continue
            if assigned.limits is not None:
                return assigned.limits, "own"
            if assigned.tier in self.tiers:
                return self.tiers[assigned.tier], assigned.tier
        if self.default in self.tiers:
            return self.tiers[self.default], self.default
        return Limits(), "none"


_JSON = msgspec.json.Encoder()


def table(store: redis.Redis) -> LimitTable:
    """The table as it is, in one command. An entry that cannot be read counts as not there.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    with reaching():
        found = cast("dict[bytes, bytes]", store.hgetall(KEY))
    tiers, keys, teams, default = dict(TIERS), {}, {}, None
    for field, packed in found.items():
        kind, _, name = field.decode("utf-8", "replace").partition(":")
        try:
            if kind == "tier":
                tiers[name] = msgspec.json.decode(packed, type=Limits)
            elif kind == "key":
                keys[name] = msgspec.json.decode(packed, type=Assigned)
            elif kind == "team":
                teams[name] = msgspec.json.decode(packed, type=Assigned)
            elif kind == "default":
                default = packed.decode("utf-8", "replace")
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
    ranked = sorted(tiers.items(), key=lambda one: (one[1].rpm or MOST, one[1].tpm or MOST, one[0]))
    return LimitTable(dict(ranked), default, keys, teams)


def set_tier(store: redis.Redis, name: str, limits: Limits, first: First = nothing) -> None:
    """Give the tier ``name`` these limits, or make it.

    Raises:
        BadQuery: a name or a number cannot be used.
        StoreError: the table is full.
        StoreUnavailable: the store did not answer.
    """
    _TABLE.put(store, f"tier:{_named(name)}", _JSON.encode(_checked(limits)), first)


def remove_tier(store: redis.Redis, name: str, first: First = nothing) -> None:
    """Take the tier ``name`` away; one of :data:`TIERS` has its first limits again.

    Raises:
        BadQuery: there is no such tier, or somebody has it.
        StoreUnavailable: the store did not answer.
    """
    found = table(store)
    if name not in found.tiers:
        raise BadQuery("tier", "There is no tier of that name.")
    having = [who for kind in (found.keys, found.teams) for who, has in kind.items() if has.tier == name]
    if name not in TIERS and (having or found.default == name):
        who = f"{len(having)} keys or teams have it" if having else "it is the default"
        raise BadQuery("tier", f"The tier cannot be removed: {who}.")
    _TABLE.drop(store, f"tier:{name}", first)


def set_default(store: redis.Redis, tier: str | None, first: First = nothing) -> None:
    """Let ``tier`` be what everybody has who has no other.

    Raises:
        BadQuery: there is no such tier.
        StoreUnavailable: the store did not answer.
    """
    if tier is None:
        _TABLE.drop(store, "default", first)
        return
    _known_tier(store, tier)
    _TABLE.put(store, "default", tier.encode(), first)


def assign(
    store: redis.Redis, kind: str, name: str, assigned: Assigned | None, first: First = nothing
) -> None:
    """Give the key or the team ``name`` a tier or limits of its own; ``None`` takes them away.

    Raises:
        BadQuery: ``kind`` is neither ``key`` nor ``team``, or what is assigned cannot be used.
        StoreError: the table is full.
        StoreUnavailable: the store did not answer.
    """
    if kind not in ("key", "team"):
        raise BadQuery("kind", "Limits belong to a key or to a team.")
    field = f"{kind}:{_named(name)}"
    if assigned is None:
        _TABLE.drop(store, field, first)
        return
    if (assigned.tier is None) == (assigned.limits is None):
        raise BadQuery("tier", "Give either a tier or limits of its own.")
    if assigned.tier is not None:
        _known_tier(store, assigned.tier)
    if assigned.limits is not None:
        _checked(assigned.limits)
    _TABLE.put(store, field, _JSON.encode(assigned), first)


def limits_from(values: Mapping[str, Any]) -> Limits:
    """Limits as a form gives them: whole numbers, or empty for none.

    Raises:
        BadQuery: a value is neither.
    """
    found: dict[str, int | None] = {}
    for window in WINDOWS:
        value = values.get(window)
        if value in (None, ""):
            found[window] = None
        elif isinstance(value, int) and not isinstance(value, bool):
            found[window] = value
        else:
            raise BadQuery(window, f"{window.upper()} must be a whole number, or empty for no limit.")
    return _checked(Limits(**found))


def _checked(limits: Limits) -> Limits:
    for window in WINDOWS:
        value = limits.get(window)
        if value is not None and not 1 <= value <= MOST:
            raise BadQuery(window, f"{window.upper()} must be at least 1, or empty for no limit.")
    return limits


def _named(name: str) -> str:
    if not name or len(name) > MOST_NAME or not name.isprintable():
        raise BadQuery("name", f"A name has 1 to {MOST_NAME} printable characters.")
    return name


def _known_tier(store: redis.Redis, tier: str) -> None:
    if tier not in table(store).tiers:
        raise BadQuery("tier", "There is no tier of that name.")
