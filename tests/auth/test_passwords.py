"""Passwords."""

from __future__ import annotations

import os

import pytest

from helix_dash.auth import passwords
from helix_dash.auth.common_passwords import COMMON
from helix_dash.auth.passwords import WeakPassword, hashed, verified

GOOD = "correct horse battery"


def test_the_right_password_is_verified() -> None:
    assert verified(GOOD, hashed(GOOD, "alice"))


def test_another_password_is_not() -> None:
    assert not verified(GOOD + "!", hashed(GOOD, "alice"))


def test_a_hash_is_argon2id_with_at_least_the_cost_owasp_asks_for() -> None:
    assert hashed(GOOD, "alice").startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_an_account_that_does_not_exist_costs_a_verification_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """T24: otherwise the time it takes tells which names exist."""
    asked: list[str] = []
    real = passwords._hasher.verify

    class Watched:
        hash = staticmethod(passwords._hasher.hash)

        @staticmethod
        def verify(stored: str, password: bytes) -> bool:
            asked.append(stored)
            return real(stored, password)

    monkeypatch.setattr(passwords, "_hasher", Watched)
    assert not verified(GOOD, None)
    assert len(asked) == 1


def test_nobody_signs_in_with_the_dummys_password() -> None:
    assert not verified("no account has this password", None)


@pytest.mark.parametrize("stored", ["", "plain", "$argon2id$broken", "$2b$12$abcdefghijklmnopqrstuv"])
def test_a_damaged_hash_is_nobodys_password(stored: str) -> None:
    assert not verified(GOOD, stored)


@pytest.mark.parametrize("password", ["", "short", "x" * 1025, "Administrator"])
def test_a_password_that_is_short_or_huge_or_the_name_is_refused(password: str) -> None:
    with pytest.raises(WeakPassword):
        hashed(password, "administrator")


@pytest.mark.parametrize(
    "password", ["password1234", "QwertyUiop123", "correct horse battery staple", "123456789012"]
)
def test_a_password_that_everybody_tries_first_is_refused(password: str) -> None:
    with pytest.raises(WeakPassword, match="first that anybody tries"):
        hashed(password, "administrator")


def test_every_password_of_the_list_would_be_long_enough() -> None:
    """Others are refused for their length, and would only fill the list."""
    assert len(COMMON) > 100
    assert all(len(word) >= passwords.SHORTEST and word == word.lower() for word in COMMON)


def test_at_most_two_passwords_are_hashed_at_once() -> None:
    """T25: each takes 19 MiB."""
    assert passwords._workers(os.getpid())._max_workers == 2
