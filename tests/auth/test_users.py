"""Accounts and tokens in the store."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import redis

from helix_dash.auth.policy import ROLES
from helix_dash.auth.users import (
    TOKENS,
    USERS,
    AccountExists,
    create_token,
    create_user,
    disable_user,
    find_token,
    find_user,
    user_count,
)
from helix_dash.errors import AuthError, StoreUnavailable
from helix_dash.store import connect

PASSWORD = "correct horse battery"


def test_a_new_account_is_found_with_its_role_and_organization(store: redis.Redis) -> None:
    create_user(store, "alice", PASSWORD, "editor", "acme")
    account = find_user(store, "alice")
    assert account is not None
    assert (account.role, account.organization) == ("editor", "acme")


def test_an_account_without_organization_sees_all(store: redis.Redis) -> None:
    create_user(store, "alice", PASSWORD, "editor", "")
    account = find_user(store, "alice")
    assert account is not None
    assert account.organization is None


def test_an_existing_account_is_not_overwritten_by_accident(store: redis.Redis) -> None:
    create_user(store, "alice", PASSWORD, "editor")
    with pytest.raises(AccountExists):
        create_user(store, "alice", "another long password", "viewer")


def test_a_reset_gives_a_new_epoch_so_that_old_sessions_end(store: redis.Redis) -> None:
    create_user(store, "alice", PASSWORD, "editor")
    before = find_user(store, "alice")
    create_user(store, "alice", PASSWORD, "editor", reset=True)
    after = find_user(store, "alice")
    assert before is not None
    assert after is not None
    assert before.epoch != after.epoch


def test_accounts_are_counted(store: redis.Redis) -> None:
    assert user_count(store) == 0
    create_user(store, "alice", PASSWORD, "viewer")
    assert user_count(store) == 1


def test_there_is_no_account_to_begin_with(store: redis.Redis) -> None:
    """T22: no default password, for there is no default account."""
    assert find_user(store, "admin") is None


def test_a_role_that_does_not_exist_is_refused_with_those_that_do(store: redis.Redis) -> None:
    with pytest.raises(AuthError, match=", ".join(ROLES)):
        create_user(store, "alice", PASSWORD, "root")


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 101])
def test_a_name_that_cannot_be_shown_is_refused(store: redis.Redis, name: str) -> None:
    with pytest.raises(AuthError):
        create_user(store, name, PASSWORD, "viewer")


def test_the_password_is_nowhere_in_the_store(store: redis.Redis) -> None:
    create_user(store, "alice", PASSWORD, "viewer")
    assert PASSWORD.encode() not in b"".join(store.hgetall(USERS).values())


@pytest.mark.parametrize("damaged", [b"", b"{", b"[]", b'{"role": "admin"}', b"\xff\xfe"])
def test_a_damaged_record_is_no_account(store: redis.Redis, damaged: bytes) -> None:
    store.hset(USERS, "alice", damaged)
    assert find_user(store, "alice") is None


def test_a_disabled_account_has_a_new_epoch(store: redis.Redis) -> None:
    create_user(store, "alice", PASSWORD, "viewer")
    before = find_user(store, "alice")
    assert disable_user(store, "alice")
    after = find_user(store, "alice")
    assert before is not None
    assert after is not None
    assert after.disabled
    assert after.epoch != before.epoch


def test_nobody_is_disabled_when_there_is_nobody(store: redis.Redis) -> None:
    assert not disable_user(store, "alice")


def test_a_token_is_found_with_its_role_and_organization(store: redis.Redis) -> None:
    token = find_token(store, create_token(store, "billing", "analyst", "acme"))
    assert token is not None
    assert (token.name, token.role, token.organization) == ("billing", "analyst", "acme")


def test_the_store_keeps_only_a_tokens_digest(store: redis.Redis) -> None:
    """T35."""
    secret = create_token(store, "billing", "viewer", None)
    stored = store.hgetall(TOKENS)
    assert list(stored) == [hashlib.sha256(secret.encode()).hexdigest().encode()]
    assert secret.encode() not in b"".join(stored.values())


def test_a_token_has_256_random_bits(store: redis.Redis) -> None:
    secrets = {create_token(store, "billing", "viewer", None) for _ in range(20)}
    assert len(secrets) == 20
    assert all(len(secret) >= len("helix_") + 43 for secret in secrets)


def test_a_token_that_was_never_given_out_is_nobodys(store: redis.Redis) -> None:
    create_token(store, "billing", "viewer", None)
    assert find_token(store, "helix_" + "A" * 43) is None


def test_a_store_that_is_gone_is_said_in_one_error(tmp_path: Path) -> None:
    with connect(f"unix://{tmp_path}/none.sock") as gone, pytest.raises(StoreUnavailable):
        create_user(gone, "alice", PASSWORD, "viewer")
