"""Sessions: a signed cookie says who it is, the store says whether that still holds.

The cookie carries the account's name, role, organization and epoch, an id of its own, when it was issued and
when the store last confirmed it. Each request asks the store, in one round trip, for the account and for
whether this session was signed out, so that a copied cookie is worth nothing after a sign-out. Without the
store, reading goes on for :data:`GRACE` with what was last confirmed.
"""

from __future__ import annotations

import secrets
import threading
import time
from dataclasses import dataclass, field

import msgspec
import redis
from flask import session

from helix_dash.auth.policy import permissions
from helix_dash.auth.users import USERS, Account, unpacked
from helix_dash.context import User
from helix_dash.errors import SettingError, StoreUnavailable
from helix_dash.log.keys import APP
from helix_dash.store import reaching

IDLE = 30 * 60
"""Seconds without a request after which a session ends. An open page asks every few seconds."""
LIFETIME = 12 * 3600
"""Seconds after which a session ends in any case."""
GRACE = 15 * 60
"""Seconds a session lives on without a store to confirm it."""
_TOUCH = 60
"""Seconds after which the cookie's time of confirmation is written anew."""
_PAUSE = 1.0
"""Seconds before a store that failed is asked again: meanwhile requests do not wait for its time-outs."""

_WEAK_KEYS = (
    "secret", "changeme", "password", "development", "insecure", "example", "neverguess", "default", "helixdash",
    "0123456789", "1234567890", "abcdefgh",
)  # fmt: skip
"""What keys of examples and of other products' documents are made of; a random one has none of it."""
_SHORTEST_KEY = 32


def revoked_key(identity: str) -> str:
    """string, expires with the session it names: that session was signed out."""
    return f"{APP}signed-out:{identity}"


def check_secret_key(secret_key: str) -> None:
    """Go on only with a key that nobody can guess.

    Raises:
        SettingError: it is missing, short or well known.
    """
    plain = "".join(filter(str.isalnum, secret_key.lower()))
    known = any(word in plain for word in _WEAK_KEYS)
    weak = len(secret_key) < _SHORTEST_KEY or len(set(secret_key)) < 10 or known
    if weak:
        reason = "is missing" if not secret_key else "is weak"
        raise SettingError(
            f"SECRET_KEY {reason}: it signs the sessions and needs at least {_SHORTEST_KEY} random characters. "
            'Make one: python -c "import secrets; print(secrets.token_urlsafe(48))"'
        )


class Ticket(msgspec.Struct, frozen=True):
    """What the cookie carries; times in whole seconds since the epoch."""

    name: str
    role: str
    organization: str | None
    epoch: str
    identity: str
    issued: int
    confirmed: int

    def user(self) -> User:
        """Who it says it is."""
        return User(self.name, self.role, self.organization, permissions(self.role))


@dataclass(slots=True)
class Sessions:
    """The sessions of one app.

    Args:
        store: where accounts are.
        slot: the name of this app's part of the cookie; apps of one server have one each.
    """

    store: redis.Redis
    slot: str
    _failed_at: float = field(default=float("-inf"))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, name: str, account: Account) -> None:
        """Sign ``name`` in, with an id no cookie had before."""
        now = _now()
        ticket = Ticket(
            name, account.role, account.organization, account.epoch, secrets.token_hex(16), now, now
        )
        session[self.slot] = msgspec.to_builtins(ticket)

    def end(self) -> None:
        """Sign out: the cookie is emptied, and copies of it are refused.

        Raises:
            StoreUnavailable: copies could not be refused, for the store did not answer; the cookie is emptied.
        """
        ticket = self._ticket()
        session.pop(self.slot, None)
        if ticket:
            with reaching():
                self.store.set(revoked_key(ticket.identity), 1, ex=LIFETIME)

    def current(self) -> User | None:
        """Who is signed in; ``None`` for nobody.

        Raises:
            StoreUnavailable: the store has not confirmed this session for :data:`GRACE`.
        """
        ticket = self._ticket()
        now = _now()
        if ticket is None:
            return None
        if now - ticket.issued > LIFETIME or now - ticket.confirmed > IDLE:
            session.pop(self.slot, None)
            return None
        try:
            account, signed_out = self._ask(ticket)
        except StoreUnavailable:
            if now - ticket.confirmed > GRACE:
                raise
            return ticket.user()
        if account is None or signed_out or account.disabled or account.epoch != ticket.epoch:
            session.pop(self.slot, None)
            return None
        if now - ticket.confirmed >= _TOUCH:
            session[self.slot] = msgspec.to_builtins(msgspec.structs.replace(ticket, confirmed=now))
        return ticket.user()

    def _ticket(self) -> Ticket | None:
        try:
            return msgspec.convert(session.get(self.slot), Ticket)
        except msgspec.ValidationError:
            return None

    def _ask(self, ticket: Ticket) -> tuple[Account | None, bool]:
        with self._lock:
            if time.monotonic() - self._failed_at < _PAUSE:
                raise StoreUnavailable("The store did not answer a moment ago.")
        try:
            with reaching(), self.store.pipeline(transaction=False) as both:
                both.hget(USERS, ticket.name)
                both.exists(revoked_key(ticket.identity))
                packed, signed_out = both.execute()
        except StoreUnavailable:
            with self._lock:
                self._failed_at = time.monotonic()
            raise
        return unpacked(packed), bool(signed_out)


def _now() -> int:
    return int(time.time())
