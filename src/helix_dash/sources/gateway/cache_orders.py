"""What the collector does to the gateway's cache when somebody orders it: evict entries, probe it, change its settings.

Only keys of cache entries are ever taken away (``contract.level_of``): never spending, incidents or settings, however
alike their names are.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import tzinfo
from itertools import islice
from typing import Any

import redis

from helix_dash.errors import HelixError
from helix_dash.log.entry_key import entry_key
from helix_dash.orders.performer import Perform, Task
from helix_dash.samples.sources import CACHE_EVICT, CACHE_PROBE, CACHE_SETTING, GATEWAY_SETTINGS
from helix_dash.sources.gateway import contract, inside
from helix_dash.sources.gateway.entries import Entry, described
from helix_dash.store import reaching

_AT_ONCE, _SHARED_AT_ONCE = 500, 100
_NEAR = 1_500_000
"""Microseconds by which the birth of an entry and the one a hit tells may differ: some writers keep whole seconds."""

PROBE_SECONDS = 30


class Impossible(HelixError):
    """An order that cannot be carried out; the text says why."""


@dataclass(slots=True)
class Evicted:
    """The receipt of an eviction.

    Args:
        looked_at: cache entries that were looked at.
        evicted: how many of them are gone.
        silent: how many do not say what was asked for (their model, owner or time), and therefore stay.
        left_out: what could not be read: reason → how many.
        seconds: how long it took.
    """

    looked_at: int
    evicted: int
    silent: int
    left_out: dict[str, int]
    seconds: float


def cache_orders(open_store: Callable[[], redis.Redis], zone: tzinfo) -> dict[str, Perform]:
    """The kinds of orders about the cache, and what performs each.

    Args:
        open_store: gives a client of the gateway's own store.
        zone: what a time without a zone is meant in.
    """
    return {
        CACHE_EVICT: lambda task: evict(open_store(), task, zone),
        CACHE_PROBE: lambda task: probe(open_store(), task.order.id),
        CACHE_SETTING: lambda task: change(open_store(), task.order.what),
    }


def evict(store: redis.Redis, task: Task, zone: tzinfo) -> Evicted:
    """Take away the entry at a key, or the one whose key the log keeps, or those of a model or an owner, or that are
    older than so many seconds, or that one model and owner made at one moment.

    Raises:
        Impossible: the order does not say which.
        StoreUnavailable: a store did not answer; what was evicted until then stays evicted.
    """
    what, began = task.order.what, time.perf_counter()
    receipt = Evicted(0, 0, 0, {}, 0.0)
    if what.get("by") == "key":
        key = str(what.get("key"))
        if contract.level_of(key) is None:
            raise Impossible("This is no key of a cache entry.")
        receipt.looked_at, receipt.evicted = 1, _remove(store, [key])
    else:
        now = round(time.time() * 1_000_000)
        verdict = _verdict(what, now)
        for keys in _walk(store):
            told = described(store, keys, zone, now, measured=False)
            verdicts = [verdict(entry) for entry in told.found]
            chosen = [entry.key for entry, mine in zip(told.found, verdicts, strict=True) if mine]
            receipt.looked_at += len(told.found)
            receipt.silent += sum(mine is None for mine in verdicts)
            receipt.evicted += _remove(store, chosen)
            for reason, count in told.left_out.items():
                receipt.left_out[reason] = receipt.left_out.get(reason, 0) + count
            said = f"{receipt.looked_at:,} entries looked at, {receipt.evicted:,} evicted"
            task.tell(receipt.looked_at, None, said)
    receipt.seconds = round(time.perf_counter() - began, 3)
    return receipt


def _verdict(what: dict[str, Any], now: int) -> Callable[[Entry], bool | None]:
    """Whether an entry is meant; ``None`` when it does not say."""
    by = what.get("by")
    if by in ("model", "owner") and isinstance(what.get(by), str) and what[by]:
        return lambda entry: None if getattr(entry, by) is None else getattr(entry, by) == what[by]
    if by == "entry" and isinstance(what.get("entry"), str) and what["entry"]:
        return lambda entry: entry_key(entry.key) == what["entry"]
    seconds = what.get("seconds")
    if by == "age" and isinstance(seconds, int | float) and 0 <= seconds < 10**9:
        before = now - round(seconds * 1_000_000)
        return lambda entry: None if entry.created is None else entry.created <= before
    created = what.get("created")
    if by == "birth" and isinstance(created, int) and isinstance(what.get("owner"), str):
        return lambda entry: (
            None
            if entry.created is None or entry.owner is None
            else abs(entry.created - created) <= _NEAR
            and entry.owner == what["owner"]
            and entry.model in (None, what.get("model"))
        )
    raise Impossible("The order does not say which entries are meant.")


def _walk(store: redis.Redis) -> Iterator[list[str]]:
    """Keys of cache entries, some hundreds at a time; then those inside one hash, fewer, as each is read whole."""
    for prefix in (contract.EXACT, contract.VECTOR, contract.CACHE):
        own = (key for key in contract.scan(store, prefix) if contract.level_of(key))
        while some := list(islice(own, _AT_ONCE)):
            yield some
    shared = inside.names(store)
    while some := list(islice(shared, _SHARED_AT_ONCE)):
        yield some


def _remove(store: redis.Redis, keys: list[str]) -> int:
    own = [key for key in keys if not contract.field_of(key)]
    gone = sum(one for one in contract.each(store, "UNLINK", own) if isinstance(one, int))
    return gone + inside.remove(store, keys)


@dataclass(slots=True)
class Probed:
    """The receipt of a health test: milliseconds of each step, and whether the answer was the one put there."""

    set_ms: float
    get_ms: float
    evict_ms: float
    same: bool
    gone: bool


def probe(store: redis.Redis, name: str) -> Probed:
    """Put an entry there, read it, take it away; it would expire by itself, too.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    key = contract.EXACT + hashlib.sha256(f"helix-dash probe {name}".encode()).hexdigest()
    body = json.dumps({"response": "probe of the dashboard", "model": "none"}).encode()
    client: Any = store

    def timed(call: Callable[[], Any]) -> tuple[Any, float]:
        began = time.perf_counter()
        answer = call()
        return answer, round((time.perf_counter() - began) * 1000, 3)

    with reaching():
        _, put = timed(lambda: client.set(key, body, ex=PROBE_SECONDS))
        found, got = timed(lambda: client.get(key))
        _, took = timed(lambda: client.unlink(key))
        gone = not client.exists(key)
    return Probed(put, got, took, found == body, gone)


@dataclass(slots=True)
class Changed:
    """The receipt of a changed setting."""

    name: str
    before: float | None
    after: float


def change(store: redis.Redis, what: dict[str, Any]) -> Changed:
    """Put a setting where the gateway keeps its own.

    Raises:
        Impossible: there is no such setting, or it cannot have that value.
        StoreUnavailable: the store did not answer.
    """
    name, value = str(what.get("name")), what.get("value")
    if name not in GATEWAY_SETTINGS:
        raise Impossible("The gateway has no such setting.")
    key, field, low, high = GATEWAY_SETTINGS[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Impossible("The value is no number.")
    if not low <= value <= high:
        raise Impossible(f"The value must be from {low:g} to {high:g}.")
    client: Any = store
    with reaching():
        try:
            before = contract.number(client.hget(key, field))
            client.hset(key, field, f"{value:g}" if value < 1 else f"{value:.0f}")
        except redis.ResponseError as error:
            raise Impossible(f"{key} is no hash, so nothing was changed.") from error
    return Changed(name, before, float(value))
