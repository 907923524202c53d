"""The audit record: who did what, when, from where. Append-only, and changes to it show.

It is one stream of the store. Each entry carries its number and a digest over itself and the digest before
it, and a small hash beside the stream holds the newest number and digest: an entry that was changed, added,
taken out or cut off breaks the chain, and :func:`verify` says where. Who may write to the store could rebuild
the whole chain, so note what ``helix-dash verify`` prints where they cannot reach it.

A change of accounts or tokens is made in the transaction of its entry: neither is ever there without the other.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import redis

from helix_dash.errors import StoreUnavailable
from helix_dash.log.keys import APP
from helix_dash.store import reaching

AUDIT = APP + "audit"
"""stream: ``e`` is the JSON of an :class:`Entry`, ``h`` its digest."""
HEAD = APP + "audit-head"
"""hash: ``n`` and ``h``, number and digest of the newest entry; ``kept_n`` and ``kept_h`` of the one before the oldest kept."""

MOST = 100_000
"""Entries that are kept at most."""
KEPT = timedelta(days=400)
"""How long an entry is kept."""
_SWEEP_EVERY = 64
_SWEEP_AT_ONCE = 4 * _SWEEP_EVERY
_BATCH = 1000
_TRIES = 100
_LONGEST = 300

Reader = Any
"""A pipeline of redis-py under WATCH: commands answer at once."""
Change = Callable[[Any], None]
"""Queues the commands of a change into the transaction."""


class Event(msgspec.Struct, frozen=True):
    """What happened. No part of it is ever a secret.

    Args:
        who: ``account:<name>``, ``token:<name>``, ``operator:<system user>`` or ``anonymous``.
        action: ``sign-in``, ``refused``, ``account.created`` …: see docs/security.md.
        object: what it was done to: an account, a callback, an address, an export's id.
        result: ``done`` or ``refused``.
        detail: a few words more.
        request: the id of the request, as its answer and the server's log have it.
        address: where the request came from.
    """

    who: str
    action: str
    object: str = ""
    result: str = "done"
    detail: str = ""
    request: str = ""
    address: str = ""


class Entry(msgspec.Struct, frozen=True):
    """An event as it is kept: its number, without gaps, its time, ISO 8601 UTC, and an id no other one has."""

    n: int
    at: str
    id: str
    event: Event


@dataclass(frozen=True, slots=True)
class Verdict:
    """What :func:`verify` found.

    Args:
        fault: what is wrong, in words; empty when nothing is.
        entries: how many were there.
        number: the number of the last entry that is in order.
        digest: its digest: note it elsewhere, and nobody can rebuild the chain unseen.
    """

    fault: str
    entries: int
    number: int
    digest: str


@dataclass(frozen=True, slots=True)
class _Link:
    """One place in the chain."""

    n: int
    digest: str


_START = _Link(0, "")


def append(
    store: redis.Redis, event: Event, plan: Callable[[Reader], Change] | None = None, watch: str = ""
) -> None:
    """Add ``event``, and make the change it tells of, both or neither.

    Args:
        store: the store, retrying nothing by itself.
        event: what happens.
        plan: reads what the change depends on, and gives the change; asked again after a conflict.
        watch: the key that ``plan`` reads.

    Raises:
        StoreUnavailable: the store did not answer; the change was not made.
    """
    entry = Entry(
        0, datetime.now(UTC).isoformat(timespec="milliseconds"), secrets.token_hex(8), _plain(event)
    )
    tried = ""
    pipe: Any
    with reaching(), store.pipeline(transaction=True) as pipe:
        for _ in range(_TRIES):
            try:
                pipe.watch(HEAD, *([watch] if watch else []))
                pipe.xlen(AUDIT)  # fails here, and not within the transaction, when it is no stream
                newest, _ = _ends(pipe)
                if tried and newest.digest == tried:
                    return  # it was written; only the answer had been lost
                tried = _write(pipe, newest, msgspec.structs.replace(entry, n=newest.n + 1), plan)
                pipe.execute()
            except redis.WatchError:
                continue
            else:
                return
    raise StoreUnavailable("Too many changes at once; please try again.")


def _write(pipe: Any, newest: _Link, entry: Entry, plan: Callable[[Reader], Change] | None) -> str:
    """Queue ``entry`` after ``newest``, and the change; the entry's digest."""
    change = plan(pipe) if plan else None
    gone = _expired(pipe, entry) if entry.n % _SWEEP_EVERY == 0 else None
    packed = msgspec.json.encode(entry)
    digest = _digest(newest.digest, packed)
    pipe.multi()
    if change:
        change(pipe)
    pipe.xadd(AUDIT, {"e": packed, "h": digest})
    pipe.hset(HEAD, mapping={"n": entry.n, "h": digest})
    if gone:
        last, oldest = gone
        pipe.xtrim(AUDIT, minid=oldest, approximate=False)
        pipe.hset(HEAD, mapping={"kept_n": last.n, "kept_h": last.digest})
    return digest


def _expired(pipe: Reader, newest: Entry) -> tuple[_Link, bytes] | None:
    """The last entry to go, and the stream's id of the first to stay; ``None`` when none has to go."""
    limit = (datetime.fromisoformat(newest.at) - KEPT).isoformat(timespec="milliseconds")
    found: tuple[_Link, bytes] | None = None
    last: _Link | None = None
    for identity, fields in pipe.xrange(AUDIT, count=_SWEEP_AT_ONCE):
        entry = _entry(fields)
        if last:
            found = last, identity
        if entry is None or (entry.n > newest.n - MOST and entry.at >= limit):
            break
        last = _Link(entry.n, fields[b"h"].decode("ascii", "replace"))
    return found


def entries(store: redis.Redis) -> Iterator[Entry]:
    """All entries that can be read, oldest first.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    for fields in _all(store):
        entry = _entry(fields)
        if entry:
            yield entry


def verify(store: redis.Redis) -> Verdict:
    """Walk the chain from the oldest entry kept to the newest.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    with reaching():
        newest, before = _ends(store)
    count, fault, met = 0, "", newest == before
    for fields in _all(store):
        entry = _entry(fields)
        count += 1
        if entry is None:
            fault = f"What follows entry {before.n} cannot be read."
        elif entry.n != before.n + 1:
            fault = f"After entry {before.n} comes {entry.n}."
        elif fields[b"h"] != _digest(before.digest, fields[b"e"]).encode("ascii"):
            fault = f"Entry {entry.n} was changed."
        if entry is None or fault:
            break
        before = _Link(entry.n, fields[b"h"].decode("ascii"))
        met = met or before == newest
    with reaching():
        now, _ = _ends(store)  # it may have grown while we read
    if not fault and not (met and before.n <= now.n):
        fault = f"The record ends with entry {before.n}; it should end with {newest.n}."
    return Verdict(fault, count, before.n, before.digest)


def _all(store: redis.Redis) -> Iterator[dict[bytes, bytes]]:
    start = "-"
    while True:
        with reaching():
            batch: Any = store.xrange(AUDIT, min=start, count=_BATCH)
        for _, fields in batch:
            yield fields
        if len(batch) < _BATCH:
            return
        start = "(" + batch[-1][0].decode("ascii")


def _entry(fields: Any) -> Entry | None:
    try:
        return msgspec.json.decode(fields[b"e"], type=Entry) if b"h" in fields else None
    except (KeyError, msgspec.DecodeError, UnicodeDecodeError):
        return None


def _ends(reader: Reader) -> tuple[_Link, _Link]:
    """The newest entry, and the one before the oldest kept."""
    found = reader.hgetall(HEAD)
    return _link(found, b"n", b"h"), _link(found, b"kept_n", b"kept_h")


def _link(found: dict[bytes, bytes], number: bytes, digest: bytes) -> _Link:
    try:
        return _Link(int(found[number]), found[digest].decode("ascii", "replace"))
    except (KeyError, ValueError):
        return _START


def _digest(before: str, packed: bytes) -> str:
    return hashlib.sha256(before.encode("ascii") + b"\n" + packed).hexdigest()


def _plain(event: Event) -> Event:
    """``event`` with every part printable and of bounded length."""
    parts = {
        name: "".join(
            letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in value[:_LONGEST]
        )
        for name, value in msgspec.structs.asdict(event).items()
    }
    return Event(**parts)
