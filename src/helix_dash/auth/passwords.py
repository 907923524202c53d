"""Passwords: Argon2id, and nothing that tells by its timing whether an account exists."""

from __future__ import annotations

import functools
import os
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from helix_dash.auth.common_passwords import COMMON
from helix_dash.errors import AuthError

SHORTEST = 12
LONGEST_BYTES = 1024

# OWASP's minimum for Argon2id: 19 MiB, two passes, one lane.
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
AT_ONCE = 2
"""Verifications at the same time: each takes 19 MiB and a core, and a flood of sign-ins must not take them all."""


class WeakPassword(AuthError):
    """The password is too short, too long, the name itself, or one that everybody tries first."""


def hashed(password: str, name: str) -> str:
    """The hash to store for ``password`` of the account ``name``.

    Raises:
        WeakPassword: with what is asked of a password.
    """
    if len(password) < SHORTEST:
        raise WeakPassword(f"A password needs at least {SHORTEST} characters.")
    if too_long(password):
        raise WeakPassword(f"A password may have at most {LONGEST_BYTES} bytes.")
    if password.lower() == name.lower():
        raise WeakPassword("A password must not be the account's name.")
    if "".join(password.lower().split()) in COMMON:
        raise WeakPassword("This password is among the first that anybody tries. Please take another one.")
    return _hasher.hash(password)


def too_long(password: str) -> bool:
    """Whether ``password`` is longer than anything that is worth hashing."""
    return len(password.encode("utf-8", "surrogatepass")) > LONGEST_BYTES


def verified(password: str, stored: str | None) -> bool:
    """Whether ``password`` belongs to the hash ``stored``.

    With ``stored=None`` (no such account) it takes as long as with one and says no.
    """
    return _workers(os.getpid()).submit(_matches, password, stored).result()


def _matches(password: str, stored: str | None) -> bool:
    try:
        matches = _hasher.verify(stored or _nobody(), password.encode("utf-8", "surrogatepass"))
    except (VerificationError, InvalidHashError):
        return False
    return matches and stored is not None


@functools.cache
def _workers(_process: int) -> ThreadPoolExecutor:
    """The threads that verify. They are always the same ones, for the C library keeps the memory of every thread that
    ever did; and others after a fork, which does not copy threads."""
    return ThreadPoolExecutor(AT_ONCE, thread_name_prefix="passwords")


@functools.cache
def _nobody() -> str:
    """A hash that no one's password has, made with the same cost as the real ones."""
    return _hasher.hash("no account has this password")
