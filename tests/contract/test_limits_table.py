"""The table of limits in a real store: what is put in comes out, what cannot be is refused."""

from __future__ import annotations

import pytest
import redis

from helix_dash.errors import BadQuery, StoreError, StoreUnavailable
from helix_dash.metrics import limits
from helix_dash.metrics.limits import (
    KEY,
    TIERS,
    Assigned,
    Limits,
    assign,
    limits_from,
    set_default,
    set_tier,
    table,
)
from helix_dash.metrics.operators_table import Table
from helix_dash.store import connect


@pytest.fixture
def store(store_url: str) -> redis.Redis:
    return connect(store_url)


def test_without_an_entry_there_are_the_servers_tiers_and_nobody_has_one(store: redis.Redis) -> None:
    """F3.2"""
    found = table(store)
    assert (found.tiers, found.default, found.keys) == (TIERS, None, {})


def test_what_is_put_in_comes_out(store: redis.Redis) -> None:
    set_tier(store, "gold", Limits(40, None, 1000))
    set_default(store, "gold")
    assign(store, "key", "ci-pipeline", Assigned(tier="tier-2"))
    assign(store, "team", "research", Assigned(limits=Limits(tpd=5)))
    found = table(store)
    assert found.of("ci-pipeline") == (TIERS["tier-2"], "tier-2")
    assert found.of("x", "research") == (Limits(tpd=5), "own")
    assert found.of("x") == (Limits(40, None, 1000), "gold")


def test_what_is_taken_away_is_gone(store: redis.Redis) -> None:
    set_default(store, "free")
    assign(store, "key", "k", Assigned(tier="tier-1"))
    assign(store, "key", "k", None)
    set_default(store, None)
    assert table(store).of("k") == (Limits(), "none")


def test_tiers_stand_from_the_least_to_the_most_generous(store: redis.Redis) -> None:
    set_tier(store, "between", Limits(1000, 2_500_000))
    assert list(table(store).tiers) == ["free", "tier-1", "between", "tier-2", "tier-3", "tier-4", "tier-5"]


@pytest.mark.parametrize("broken", [b"{", b"\xff\xfe", b'{"rpm": "many"}', b"[]"])
def test_an_entry_that_cannot_be_read_hides_no_other(store: redis.Redis, broken: bytes) -> None:
    assign(store, "key", "good", Assigned(tier="free"))
    store.hset(KEY, "key:bad", broken)
    assert table(store).keys == {"good": Assigned(tier="free")}


@pytest.mark.parametrize(
    "values", [{"rpm": 0}, {"rpm": -1}, {"tpm": "12"}, {"rpd": 1.5}, {"tpd": True}, {"rpm": 10**16}]
)
def test_a_limit_is_a_whole_number_above_zero(values: dict[str, object]) -> None:
    with pytest.raises(BadQuery):
        limits_from(values)


def test_an_empty_limit_is_none() -> None:
    assert limits_from({"rpm": "", "tpm": None, "rpd": 5}) == Limits(rpd=5)


@pytest.mark.parametrize(
    ("kind", "name", "assigned"),
    [
        ("user", "k", Assigned(tier="free")),
        ("key", "", Assigned(tier="free")),
        ("key", "a" * 201, Assigned(tier="free")),
        ("key", "line\nbreak", Assigned(tier="free")),
        ("key", "k", Assigned(tier="platinum")),
        ("key", "k", Assigned()),
        ("key", "k", Assigned(tier="free", limits=Limits(1))),
    ],
)
def test_what_cannot_be_assigned_is_refused(
    store: redis.Redis, kind: str, name: str, assigned: Assigned
) -> None:
    with pytest.raises(BadQuery):
        assign(store, kind, name, assigned)
    assert not store.exists(KEY)


def test_a_full_table_takes_no_more_but_can_be_changed(
    store: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "_TABLE", Table(limits.KEY, "limits", 1))
    assign(store, "key", "one", Assigned(tier="free"))
    assign(store, "key", "one", Assigned(tier="tier-1"))
    with pytest.raises(StoreError, match="full"):
        assign(store, "key", "two", Assigned(tier="free"))


def test_the_table_is_one_command(store: redis.Redis) -> None:
    assign(store, "key", "one", Assigned(tier="free"))
    before = store.info("stats")["total_commands_processed"]  # type: ignore[index]
    table(store)
    assert store.info("stats")["total_commands_processed"] - before == 2  # type: ignore[index]


def test_without_a_store_it_says_so() -> None:
    with pytest.raises(StoreUnavailable):
        table(connect("redis://127.0.0.1:1/0"))
