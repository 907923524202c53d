"""Accounts and API tokens, one hash of the store each.

A token is 256 random bits, shown once; the store keeps only its SHA-256, beside role and scope.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime

import msgspec
import redis

from helix_dash.auth import passwords
from helix_dash.auth.policy import ROLES
from helix_dash.errors import AuthError
from helix_dash.log.keys import PREFIX
from helix_dash.store import reaching

USERS = PREFIX + "users"
"""hash: account name → JSON of :class:`Account`. Written by the command line, read at each sign-in and request."""

TOKENS = PREFIX + "tokens"
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
) -> None:
    """Make an account, or, with ``reset``, replace it: its password, role and organization; its sessions end.

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
    packed = msgspec.json.encode(account)
    with reaching():
        if reset:
            store.hset(USERS, name, packed)
        elif not store.hsetnx(USERS, name, packed):
            raise AccountExists(f"The account {name} exists already.")


def disable_user(store: redis.Redis, name: str) -> bool:
    """Shut the account and end its sessions; ``False`` when there is none of that name."""
    account = find_user(store, name)
    if account is None:
        return False
    with reaching():
        store.hset(
            USERS,
            name,
            msgspec.json.encode(msgspec.structs.replace(account, disabled=True, epoch=secrets.token_hex(8))),
        )
    return True


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


def create_token(store: redis.Redis, name: str, role: str = "viewer", organization: str | None = None) -> str:
    """A new token; this is the only time it is seen.

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
    with reaching():
        store.hset(TOKENS, _digest(secret), msgspec.json.encode(token))
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
