"""The policy table."""

from __future__ import annotations

import itertools

import pytest

from helix_dash.auth.policy import LEAST_ROLE, ROLES, permissions


def test_each_role_may_what_the_roles_before_it_may() -> None:
    held = [permissions(role) for role in ROLES]
    assert all(less < more for less, more in itertools.pairwise(held))


def test_an_administrator_holds_every_permission() -> None:
    assert permissions("admin") == set(LEAST_ROLE)


def test_a_viewer_only_reads() -> None:
    assert permissions("viewer") == {"read"}


@pytest.mark.parametrize("role", ["", "root", "Admin", "viewer "])
def test_a_role_that_does_not_exist_may_nothing(role: str) -> None:
    assert permissions(role) == frozenset()
