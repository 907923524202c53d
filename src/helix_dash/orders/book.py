"""The book of orders: put down by web workers, performed by the collector's leader. This module owns its keys.

An order says what to do by names and ids only, never by a value that must not be read. Who puts one down has checked
the permission and written the audit record before; the book keeps the order, its progress and its receipt.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from typing import Any, Literal

import msgspec
import redis

from helix_dash.errors import StoreError
from helix_dash.log.keys import APP
from helix_dash.store import reaching

ORDERS = f"{APP}orders"
"""hash: order id → JSON of an :class:`Order`; at most :data:`MOST`, the oldest finished ones go."""
WAITING = f"{APP}orders:waiting"
"""list: ids of orders that nobody has begun, oldest first."""

MOST = 200
MOST_WAITING = 20
MOST_BYTES = 64 * 1024
"""Of one receipt."""
SILENT = 60_000_000
"""Microseconds without a sign of life after which an order that was begun counts as lost."""

State = Literal["waiting", "working", "done", "failed"]


class Order(msgspec.Struct, frozen=True):
    """One order. Times are microseconds since the epoch by the store's clock.

    Args:
        id: 16 hexadecimal digits.
        kind: what is to be done; a performer knows the kinds it can do.
        what: to what, as names, ids and numbers.
        by: who ordered it.
        asked: when.
        state: how far it is.
        seen: the last sign of life of who performs it.
        ended: when it was done or failed; ``None`` before.
        done: how much of :attr:`total` is done, in whatever the work counts.
        total: how much there is; ``None`` while unknown.
        said: what it does now, or why it failed, in words.
        receipt: what was done; ``None`` until then.
    """

    id: str
    kind: str
    what: dict[str, Any]
    by: str
    asked: int
    state: State = "waiting"
    seen: int = 0
    ended: int | None = None
    done: int = 0
    total: int | None = None
    said: str = ""
    receipt: Any = None

    @property
    def over(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in ("done", "failed")


_JSON = msgspec.json.Encoder()
_ORDER = msgspec.json.Decoder(Order)


def new_id() -> str:
    """The id of an order to come, so that the audit record can name it first."""
    return secrets.token_hex(8)


def place(store: redis.Redis, kind: str, what: dict[str, Any], by: str, identity: str = "") -> str:
    """Put an order down; its id (``identity``, or one that is made up).

    Raises:
        StoreError: too many wait already.
        StoreUnavailable: the store did not answer.
    """
    client: Any = store
    order = Order(identity or new_id(), kind, what, by, now(store))
    with reaching():
        waiting = client.llen(WAITING)
    if waiting >= MOST_WAITING:
        raise StoreError("Too many orders wait for the collector. Is one running?")
    again(store, order)
    return order.id


def find(store: redis.Redis, identity: str) -> Order | None:
    """The order ``identity``, in one command; ``None`` when there is none (any more).

    Raises:
        StoreUnavailable: the store did not answer.
    """
    client: Any = store
    with reaching():
        return _read(client.hget(ORDERS, identity))


def orders(store: redis.Redis, kinds: Collection[str]) -> list[Order]:
    """All orders of ``kinds``, the newest first, in one command.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    client: Any = store
    with reaching():
        packed = client.hvals(ORDERS)
    found = [one for one in map(_read, packed) if one is not None and one.kind in kinds]
    return sorted(found, key=lambda one: (-one.asked, one.id))


def keep(store: redis.Redis, order: Order) -> None:
    """Write down how far ``order`` is. A receipt beyond :data:`MOST_BYTES` is a fault of its performer.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    client: Any = store
    packed = _JSON.encode(order)
    if len(packed) > MOST_BYTES:
        packed = _JSON.encode(
            msgspec.structs.replace(
                order, receipt=None, said="It was done; its receipt was too long to keep."
            )
        )
    with reaching():
        client.hset(ORDERS, order.id, packed)


def take(store: redis.Redis) -> Order | None:
    """The order that waits longest, which then waits no more; ``None`` when none does.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    client: Any = store
    with reaching():
        identity = client.lpop(WAITING)
        return None if identity is None else _read(client.hget(ORDERS, identity))


def again(store: redis.Redis, order: Order) -> None:
    """Write down how far ``order`` is, and have it wait behind the others for more to be done.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    client: Any = store
    with reaching(), client.pipeline(transaction=True) as pipe:
        pipe.hset(ORDERS, order.id, _JSON.encode(order))
        pipe.rpush(WAITING, order.id)
        pipe.execute()


def tidy(store: redis.Redis, lasting: Collection[str] = ()) -> None:
    """What was begun, or taken to be begun, and is silent has failed, or goes on where it is of a ``lasting`` kind;
    beyond :data:`MOST` the oldest that are over are forgotten.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    client: Any = store
    moment = now(store)
    with reaching(), client.pipeline(transaction=True) as pipe:
        everything, listed = pipe.hgetall(ORDERS).lrange(WAITING, 0, -1).execute()
    known = {name: _read(packed) for name, packed in everything.items()}
    for name, one in known.items():
        if one is None or one.over or name in listed:
            continue
        if moment - (one.seen or one.asked) > SILENT and one.kind in lasting:
            again(store, one)
        elif moment - (one.seen or one.asked) > SILENT:
            words = "The collector stopped while it worked on it. What was done until then stays done."
            keep(store, msgspec.structs.replace(one, state="failed", ended=moment, said=words))
    broken = [name for name, one in known.items() if one is None]
    over = sorted((one for one in known.values() if one is not None and one.over), key=lambda one: one.asked)
    gone = broken + [one.id for one in over[: max(0, len(known) - len(broken) - MOST)]]
    if gone:
        with reaching():
            client.hdel(ORDERS, *gone)


def now(store: redis.Redis) -> int:
    """The store's clock, microseconds since the epoch.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    client: Any = store
    with reaching():
        seconds, micros = client.time()
    return int(seconds) * 10**6 + int(micros)


def _read(packed: bytes | None) -> Order | None:
    try:
        return _ORDER.decode(packed) if packed else None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
