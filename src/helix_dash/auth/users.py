"""Accounts and API tokens, one hash of the store each.

A token is 256 random bits, shown once; the store keeps only its SHA-256, beside role and scope.
"""

from __future__ import annotations

import getpass
import hashlib
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
import redis

from helix_dash.auth import audit, passwords
from helix_dash.auth.audit import Event
from helix_dash.auth.policy import ROLES
from helix_dash.errors import AuthError
from helix_dash.log.keys import APP
from helix_dash.store import reaching

USERS = APP + "users"
"""hash: account name → JSON of :class:`Account`. Written by the command line, read at each sign-in and request."""

TOKENS = APP + "tokens"
"""hash: SHA-256 of a token, in hexadecimal → JSON of :class:`Token`. Written by the command line."""

_LONGEST_NAME = 100
_MARK = "helix_"  # lets secret scanners and people see what a leaked string is


class Account(msgspec.Struct, frozen=True):
    """What the store knows about one account.

    ``epoch`` changes with the password, the role, the organization and ``disabled``; a session made before
    such a change ends.
    """

    password: str
    role: str
    organization: str | None
    epoch: str
    created: str
    disabled: bool = False


class Token(msgspec.Struct, frozen=True):
    """What the store knows about one token."""

    name: str
    role: str
    organization: str | None
    created: str


class AccountExists(AuthError):
    """An account of that name is there already."""


def checked_name(name: str) -> str:
    """``name`` as it is stored.

    Raises:
        AuthError: it is empty, too long, or holds characters that do not print.
    """
    name = name.strip()
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise AuthError(f"A name has 1 to {_LONGEST_NAME} printable characters.")
    return name


def checked_role(role: str) -> str:
    """``role``, when it exists.

    Raises:
        AuthError: it does not; the text lists those that do.
    """
    if role not in ROLES:
        raise AuthError(f"There is no role {role!r}; the roles are {', '.join(ROLES)}.")
    return role


def create_user(
    store: redis.Redis,
    name: str,
    password: str,
    role: str = "viewer",
    organization: str | None = None,
    reset: bool = False,
    by: Event | None = None,
) -> None:
    """Make an account, or, with ``reset``, replace it: its password, role and organization; its sessions end.

    Args:
        store: where accounts are.
        name: whose it is.
        password: a new one; only its hash is kept.
        role: a role of the policy table.
        organization: the only one they may see; ``None`` for all.
        reset: whether it may exist already.
        by: who asks and from where, for the audit record; the system's user when not given.

    Raises:
        AccountExists: it is there, and ``reset`` was not asked for.
        WeakPassword: the password will not do.
        AuthError: the name or the role will not do.
        StoreUnavailable: the store did not answer.
    """
    name = checked_name(name)
    account = Account(
        password=passwords.hashed(password, name),
        role=checked_role(role),
        organization=organization or None,
        epoch=secrets.token_hex(8),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )

    def replaced(before: object) -> Account:
        if before is not None and not reset:
            raise AccountExists(f"The account {name} exists already.")
        return account

    detail = f"role {account.role}, organization {account.organization or '(all)'}"
    _change(store, name, "account.reset" if reset else "account.created", detail, by, replaced)


def disable_user(store: redis.Redis, name: str, by: Event | None = None) -> bool:
    """Shut the account and end its sessions; ``False`` when there is none of that name.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    return _change_existing(store, name, "account.disabled", by, disabled=True)


def end_sessions(store: redis.Redis, name: str, by: Event | None = None) -> bool:
    """End every session of the account; ``False`` when there is none of that name.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    return _change_existing(store, name, "sign-out.everywhere", by)


class _Gone(Exception):
    """There is no such account."""


def _change_existing(store: redis.Redis, name: str, action: str, by: Event | None, **changes: object) -> bool:
    def changed(before: object) -> Account:
        account = unpacked(before)
        if account is None:
            raise _Gone
        return msgspec.structs.replace(account, epoch=secrets.token_hex(8), **changes)

    try:
        _change(store, name, action, "", by, changed)
    except _Gone:
        return False
    return True


def _change(
    store: redis.Redis,
    name: str,
    action: str,
    detail: str,
    by: Event | None,
    become: Callable[[object], Account],
) -> None:
    """Let the account ``become`` what it makes of its record, and put that on the audit record, in one."""

    def plan(reader: audit.Reader) -> audit.Change:
        packed = msgspec.json.encode(become(reader.hget(USERS, name)))

        def change(queue: Any) -> None:
            queue.hset(USERS, name, packed)

        return change

    audit.append(store, _told(by, action, f"account:{name}", detail), plan, watch=USERS)


def _told(by: Event | None, action: str, what: str, detail: str) -> Event:
    asked = by or Event(who=f"operator:{_operator()}", action=action)
    return msgspec.structs.replace(asked, action=action, object=what, detail=detail)


def _operator() -> str:
    """The system's user who runs this; a container's may have no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def find_user(store: redis.Redis, name: str) -> Account | None:
    """The account ``name``; ``None`` when there is none, or when its record cannot be read."""
    with reaching():
        packed = store.hget(USERS, name)
    return unpacked(packed)


def unpacked(packed: object) -> Account | None:
    """The account in ``packed``; a damaged record is no account, for nobody may sign in by it."""
    if not isinstance(packed, bytes):
        return None
    try:
        return msgspec.json.decode(packed, type=Account)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def user_count(store: redis.Redis) -> int:
    """How many accounts there are."""
    with reaching():
        return int(store.hlen(USERS))


def create_token(
    store: redis.Redis,
    name: str,
    role: str = "viewer",
    organization: str | None = None,
    by: Event | None = None,
) -> str:
    """A new token; this is the only time it is seen. ``by`` is as in :func:`create_user`.

    Raises:
        AuthError: the name or the role will not do.
        StoreUnavailable: the store did not answer.
    """
    secret = _MARK + secrets.token_urlsafe(32)
    token = Token(
        name=checked_name(name),
        role=checked_role(role),
        organization=organization or None,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    packed = msgspec.json.encode(token)
    detail = f"role {token.role}, organization {token.organization or '(all)'}"

    def plan(_reader: audit.Reader) -> audit.Change:
        return lambda queue: queue.hset(TOKENS, _digest(secret), packed)

    audit.append(store, _told(by, "token.created", f"token:{token.name}", detail), plan)
    return secret


def find_token(store: redis.Redis, secret: str) -> Token | None:
    """Whose token ``secret`` is; ``None`` for nobody's.

    It is looked up by its digest, so the time this takes tells nothing about tokens that exist.
    """
    with reaching():
        packed = store.hget(TOKENS, _digest(secret))
    if not isinstance(packed, bytes):
        return None
    try:
        return msgspec.json.decode(packed, type=Token)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
