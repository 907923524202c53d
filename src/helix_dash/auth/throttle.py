"""How often somebody may try to sign in, counted in the store so that all workers count together.

Only failures count: an attempt is counted before it is judged, and taken back when it succeeds. The address
is the connection's own; what a client writes into headers is not believed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import redis

from helix_dash.errors import AuthError
from helix_dash.log.keys import APP
from helix_dash.store import reaching


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``attempts`` failures in ``seconds``."""

    attempts: int
    seconds: int


PER_ACCOUNT_AND_ADDRESS = Limit(5, 300)
PER_ADDRESS = Limit(20, 60)
IN_ALL = Limit(100, 60)


class TooManyAttempts(AuthError):
    """HTTP 429. ``retry_after`` is in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("Too many attempts to sign in. Please wait and try again.")
        self.retry_after = retry_after


def count_attempt(store: redis.Redis, name: str, address: str) -> None:
    """Count one attempt.

    Raises:
        TooManyAttempts: there were too many; the password must not even be looked at.
        StoreUnavailable: it could not be counted.
    """
    for key, limit in _counters(name, address):
        with reaching(), store.pipeline(transaction=True) as counter:
            counter.set(key, 0, ex=limit.seconds, nx=True)
            counter.incr(key)
            counter.ttl(key)
            _, attempts, left = counter.execute()
        if attempts > limit.attempts:
            raise TooManyAttempts(max(1, left))


def forget_attempt(store: redis.Redis, name: str, address: str) -> None:
    """Take the attempt just counted back, for it succeeded; the account starts afresh.

    Raises:
        StoreUnavailable: it could not be taken back.
    """
    mine, *others = _counters(name, address)
    with reaching(), store.pipeline(transaction=True) as counter:
        counter.delete(mine[0])
        for key, limit in others:
            counter.set(key, 0, ex=limit.seconds, nx=True)  # it may have expired meanwhile
            counter.decr(key)
        counter.execute()


def _counters(name: str, address: str) -> tuple[tuple[str, Limit], ...]:
    def key(kind: str, text: str) -> str:
        # Hashed: people type their passwords into the wrong field, and keys are seen by others.
        return f"{APP}sign-in:{kind}:{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:32]}"

    return (
        (key("account", f"{name}\n{address}"), PER_ACCOUNT_AND_ADDRESS),
        (key("address", address), PER_ADDRESS),
        (f"{APP}sign-in:all", IN_ALL),
    )
