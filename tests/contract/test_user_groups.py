"""Groups of users in a real store: what is put in comes out, what cannot be is refused, nobody sees another's."""

from __future__ import annotations

import pytest
import redis

from helix_dash.errors import BadQuery, StoreError, StoreUnavailable
from helix_dash.metrics import user_groups
from helix_dash.metrics.operators_table import Table
from helix_dash.metrics.user_groups import KEY, find, groups, members_from, remove, save
from helix_dash.model import EVERYTHING, Scope
from helix_dash.store import connect

ACME, GLOBEX = Scope("acme"), Scope("globex")


@pytest.fixture
def store(store_url: str) -> redis.Redis:
    return connect(store_url)


def test_a_group_is_made_changed_and_taken_away(store: redis.Redis) -> None:
    """H5.5"""
    group, before = save(store, EVERYTHING, "Search", ("ada", "bob"))
    assert before is None
    assert groups(store, EVERYTHING) == [group]
    changed, before = save(store, EVERYTHING, "search", ("cy",))
    assert (changed.id, changed.members, before) == (group.id, ("cy",), group)
    assert remove(store, EVERYTHING, "search") == changed
    assert groups(store, EVERYTHING) == []


def test_members_become_a_filter_in_an_address(store: redis.Redis) -> None:
    group, _ = save(store, EVERYTHING, "g", ("a b", "c&d"))
    assert group.query == "user=a+b&user=c%26d"


def test_an_organization_sees_and_changes_only_its_own(store: redis.Redis) -> None:
    save(store, ACME, "ours", ("ada",))
    save(store, EVERYTHING, "everybody's", ("eve",))
    assert [one.name for one in groups(store, ACME)] == ["ours"]
    assert groups(store, GLOBEX) == []
    for name in ("ours", "everybody's"):
        with pytest.raises(BadQuery):
            remove(store, GLOBEX, name)
    assert len(groups(store, EVERYTHING)) == 2


def test_two_organizations_may_use_one_name(store: redis.Redis) -> None:
    save(store, ACME, "g", ("ada",))
    save(store, GLOBEX, "g", ("gil",))
    assert find(store, ACME, "g").members == ("ada",)
    with pytest.raises(BadQuery):
        find(store, EVERYTHING, "g")


def test_who_sees_all_changes_a_group_without_taking_it_over(store: redis.Redis) -> None:
    save(store, ACME, "g", ("ada",))
    group, _ = save(store, EVERYTHING, "g", ("bob",))
    assert (group.organization, find(store, ACME, "g").members) == ("acme", ("bob",))


@pytest.mark.parametrize(
    "text", ["", " , ;\n", "a" * 201, "bell\x07", "\n".join(f"user-{n}" for n in range(201)), "\n".join(f"{'x' * 150}{n}" for n in range(30))]
)  # fmt: skip
def test_members_that_cannot_be_are_refused(text: str) -> None:
    with pytest.raises(BadQuery):
        members_from(text)


def test_members_are_sorted_and_each_is_there_once() -> None:
    assert members_from("bob, ada\nbob;cy\n") == ("ada", "bob", "cy")


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "a\nb"])
def test_names_that_cannot_be_are_refused(store: redis.Redis, name: str) -> None:
    with pytest.raises(BadQuery):
        save(store, EVERYTHING, name, ("ada",))
    assert not store.exists(KEY)


def test_what_is_refused_first_is_not_done(store: redis.Redis) -> None:
    def refuses() -> None:
        raise StoreUnavailable("not on record")

    with pytest.raises(StoreUnavailable):
        save(store, EVERYTHING, "g", ("ada",), refuses)
    assert not store.exists(KEY)
    save(store, EVERYTHING, "g", ("ada",))
    with pytest.raises(StoreUnavailable):
        remove(store, EVERYTHING, "g", refuses)
    assert store.exists(KEY)


def test_there_is_an_end_to_groups(store: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(user_groups, "_TABLE", Table(KEY, "groups", 1))
    save(store, EVERYTHING, "one", ("a",))
    save(store, EVERYTHING, "one", ("b",))
    with pytest.raises(StoreError, match="full"):
        save(store, EVERYTHING, "two", ("a",))


@pytest.mark.parametrize("broken", [b"{", b"\xff", b'{"id": "x"}', b'{"id":"1","name":"","members":["a"]}'])
def test_a_group_that_cannot_be_read_hides_no_other(store: redis.Redis, broken: bytes) -> None:
    save(store, EVERYTHING, "good", ("a",))
    store.hset(KEY, "bad", broken)
    assert [one.name for one in groups(store, EVERYTHING)] == ["good"]
