"""What people did about incidents: who acknowledged, took or closed which. This module owns its Redis keys.

An incident nobody touched has no entry and is open: so the store holds only what people did, whatever the traffic.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec
import redis

from helix_dash.errors import BadQuery, StoreUnavailable
from helix_dash.log.keys import APP
from helix_dash.store import reaching

KEY = f"{APP}incidents"
"""hash: incident id → JSON of :class:`Handled`; at most :data:`MOST`, the incidents of longest ago go."""
TIMES = f"{APP}incidents:times"
"""sorted set: incident id, scored by when the incident was, in microseconds."""

MOST = 50_000
MOST_READ = 5_000
"""Entries of one period that are looked at: those of the newest incidents."""
MOST_NAME = 100
_TRIES = 20

Status = Literal["open", "acknowledged", "resolved", "false_positive"]
STATUSES: tuple[Status, ...] = ("open", "acknowledged", "resolved", "false_positive")
Deed = Literal["acknowledge", "assign", "resolve", "false_positive", "reopen"]
DEEDS: tuple[Deed, ...] = ("acknowledge", "assign", "resolve", "false_positive", "reopen")


class Handled(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was done about one incident. Times are microseconds since the epoch.

    Args:
        at: when the incident was; ``None`` when it does not say.
        status: how it stands.
        assignee: whose it is; ``None``: nobody's.
        acknowledged: when somebody first took notice.
        closed: when it was resolved or found to be none.
        changed: when something was last done.
        by: who did it.
    """

    at: int | None
    status: Status = "open"
    assignee: str | None = None
    acknowledged: int | None = None
    closed: int | None = None
    changed: int = 0
    by: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it still has to be dealt with."""
        return self.status in ("open", "acknowledged")

    @property
    def waited(self) -> int | None:
        """Microseconds from the incident until somebody took notice."""
        if self.acknowledged is None or self.at is None:
            return None
        return max(0, self.acknowledged - self.at)


_JSON = msgspec.json.Encoder()
_READ = msgspec.json.Decoder(Handled)


def handled(store: redis.Redis, start: int, end: int) -> dict[str, Handled]:
    """What was done about incidents of ``[start, end)``, microseconds, in two commands; of very many, the newest.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    client: Any = store
    with reaching():
        names = client.zrevrangebyscore(TIMES, f"({end}", start, start=0, num=MOST_READ)
        packed = client.hmget(KEY, names) if names else []
    found = {name.decode("utf-8", "replace"): _read(one) for name, one in zip(names, packed, strict=True)}
    return {name: one for name, one in found.items() if one is not None}


def state_of(store: redis.Redis, identity: str) -> Handled | None:
    """What was done about one incident, in one command; ``None`` when nothing was.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    client: Any = store
    with reaching():
        return _read(client.hget(KEY, identity))


def change(
    store: redis.Redis,
    identity: str,
    at: int | None,
    deed: str,
    by: str,
    now: int,
    *,
    assignee: str | None = None,
    first: Callable[[Handled, Handled], None] = lambda _before, _after: None,
) -> Handled:
    """Do ``deed`` about the incident ``identity``; how it stands then.

    Args:
        at: when the incident was.
        by: who does it.
        now: when, microseconds since the epoch.
        assignee: for ``assign``: whom it is given to; empty takes it from whoever has it.
        first: called with what was and what will be, just before; what it raises stops the change.

    Raises:
        BadQuery: it cannot be done.
        StoreUnavailable: the store did not answer, or others change the same without end.
    """
    if deed not in DEEDS:
        raise BadQuery(
            "deed", "An incident is acknowledged, assigned, resolved, reopened, or found to be none."
        )
    told = False
    pipe: Any
    with reaching(), store.pipeline(transaction=True) as pipe:
        for _ in range(_TRIES):
            try:
                pipe.watch(KEY)
                before = _read(pipe.hget(KEY, identity)) or Handled(at)
                after = _after(before, deed, by, now, assignee)
                if not told:  # after a conflict it is on record already
                    first(before, after)
                    told = True
                pipe.multi()
                pipe.hset(KEY, identity, _JSON.encode(after))
                pipe.zadd(TIMES, {identity: float(at if at is not None else now)})
                pipe.execute()
            except redis.WatchError:
                continue
            break
        else:
            raise StoreUnavailable("Others change incidents at the same moment; please try again.")
    _forget(store)
    return after


def _after(before: Handled, deed: str, by: str, now: int, assignee: str | None) -> Handled:
    noticed = before.acknowledged if before.acknowledged is not None else now
    more: Mapping[str, Any]
    if deed == "acknowledge":
        if before.status != "open":
            raise BadQuery("deed", f"It is {before.status.replace('_', ' ')} already.")
        more = {"status": "acknowledged", "acknowledged": noticed, "closed": None}
    elif deed == "assign":
        name = (assignee or "").strip()
        if len(name) > MOST_NAME or not name.isprintable():
            raise BadQuery("assignee", f"A name has at most {MOST_NAME} printable characters.")
        more = {"assignee": name or None}
    elif deed == "reopen":
        if before.status == "open":
            raise BadQuery("deed", "It is open already.")
        more = {"status": "open", "closed": None}
    else:
        status = "resolved" if deed == "resolve" else "false_positive"
        if before.status == status:
            raise BadQuery("deed", f"It is {status.replace('_', ' ')} already.")
        more = {"status": status, "acknowledged": noticed, "closed": now}
    return msgspec.structs.replace(before, changed=now, by=by, **more)


def _forget(store: redis.Redis) -> None:
    """Beyond :data:`MOST`, what was done about the incidents of longest ago goes."""
    client: Any = store
    with reaching():
        extra = client.zcard(TIMES) - MOST
        if extra > 0:
            gone = [name for name, _ in client.zpopmin(TIMES, extra)]
            client.hdel(KEY, *gone)


def _read(packed: bytes | None) -> Handled | None:
    try:
        return _READ.decode(packed) if packed else None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
