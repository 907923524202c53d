"""Orders from a page that the collector's leader performs, in a real store."""

from __future__ import annotations

import threading
from typing import Any

import msgspec
import pytest
import redis

from helix_dash.errors import HelixError, StoreError
from helix_dash.orders import book
from helix_dash.orders.book import find, orders, place
from helix_dash.orders.performer import Later, Performer, Task
from helix_dash.store import connect


@pytest.fixture
def store(store_url: str) -> redis.Redis:
    return connect(store_url)


def evict(task: Task) -> Any:
    task.tell(1, 2, "half")
    return {"evicted": [task.order.what["key"]]}


def test_an_order_is_performed_and_leaves_its_receipt(store: redis.Redis) -> None:
    identity = place(store, "evict", {"key": "k"}, "account:ada")
    assert Performer(store, {"evict": evict}).step()
    found = find(store, identity)
    assert found is not None
    assert (found.state, found.receipt, found.by) == ("done", {"evicted": ["k"]}, "account:ada")
    assert found.ended is not None
    assert found.ended >= found.asked


def test_orders_are_performed_in_the_order_they_came(store: redis.Redis) -> None:
    seen: list[int] = []
    for number in range(3):
        place(store, "note", {"n": number}, "a")
    performer = Performer(store, {"note": lambda task: seen.append(task.order.what["n"])})
    while performer.step():
        pass
    assert seen == [0, 1, 2]


def test_progress_shows_while_it_works(store: redis.Redis) -> None:
    shown: list[tuple[str, int, int | None, str]] = []

    def slow(task: Task) -> None:
        task.tell(10, 40, "looking")
        one = find(store, task.order.id)
        assert one is not None
        shown.append((one.state, one.done, one.total, one.said))

    place(store, "slow", {}, "a")
    Performer(store, {"slow": slow}).step()
    assert shown == [("working", 10, 40, "looking")]


def test_what_cannot_be_done_fails_with_its_words_and_the_next_one_goes_on(store: redis.Redis) -> None:
    def refuses(task: Task) -> None:
        raise HelixError("There is no such entry.")

    def breaks(task: Task) -> None:
        raise ZeroDivisionError

    names = [place(store, kind, {}, "a") for kind in ("refuses", "breaks", "unheard-of", "evict")]
    performer = Performer(store, {"refuses": refuses, "breaks": breaks, "evict": lambda _task: 1})
    while performer.step():
        pass
    found = [find(store, name) for name in names]
    assert [one.state for one in found if one] == ["failed", "failed", "failed", "done"]
    assert next(one.said for one in found if one) == "There is no such entry."


def test_an_order_whose_collector_died_is_said_to_have_failed(store: redis.Redis) -> None:
    identity = place(store, "evict", {}, "a")
    begun = book.take(store)
    assert begun is not None
    book.keep(store, msgspec.structs.replace(begun, state="working", seen=begun.asked - book.SILENT))
    Performer(store, {}).step()
    found = find(store, identity)
    assert found is not None
    assert found.state == "failed"
    assert "stays done" in found.said


def test_an_order_that_was_taken_by_a_collector_that_died_at_once_has_failed_too(
    store: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(book, "SILENT", -1)
    taken, waiting = (place(store, "evict", {}, "a") for _ in range(2))
    book.take(store)
    book.tidy(store)
    assert [one.state for name in (taken, waiting) if (one := find(store, name))] == ["failed", "waiting"]


def test_work_ends_with_the_collector(store: redis.Redis) -> None:
    stop = threading.Event()
    stop.set()
    identity = place(store, "evict", {"key": "k"}, "a")
    Performer(store, {"evict": evict}).step(stop)
    found = find(store, identity)
    assert found is not None
    assert found.state == "failed"


def test_the_book_is_bounded(store: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book, "MOST", 3)
    for _ in range(6):
        place(store, "evict", {"key": "k"}, "a")
    performer = Performer(store, {"evict": evict})
    while performer.step():
        pass
    book.tidy(store)
    assert len(orders(store, ["evict"])) == 3
    monkeypatch.setattr(book, "MOST_WAITING", 1)
    place(store, "evict", {"key": "k"}, "a")
    with pytest.raises(StoreError, match="collector"):
        place(store, "evict", {"key": "k"}, "a")


def test_an_order_that_cannot_be_read_hides_no_other(store: redis.Redis) -> None:
    store.hset(book.ORDERS, "bad", b"\xff{")
    place(store, "evict", {"key": "k"}, "a")
    assert len(orders(store, ["evict"])) == 1
    book.tidy(store)
    assert not store.hexists(book.ORDERS, "bad")


def test_a_receipt_that_is_too_long_is_left_out_with_words(store: redis.Redis) -> None:
    identity = place(store, "long", {}, "a")
    Performer(store, {"long": lambda _task: "x" * book.MOST_BYTES}).step()
    found = find(store, identity)
    assert found is not None
    assert found.receipt is None
    assert "too long" in found.said


def test_what_others_carry_out_is_looked_at_again_and_others_in_between(store: redis.Redis) -> None:
    seen: list[str] = []

    def slowly(task: Task) -> object:
        seen.append(task.order.kind)
        return "receipt" if len(seen) > 3 else Later(len(seen), 3, "at it")

    first = place(store, "slow", {}, "a")
    place(store, "note", {}, "a")
    performer = Performer(store, {"slow": slowly, "note": lambda task: seen.append(task.order.kind)})
    assert performer.step()
    found = find(store, first)
    assert found is not None
    assert (found.state, found.done, found.total, found.said) == ("working", 1, 3, "at it")
    while performer.step():
        pass
    assert seen == ["slow", "note", "slow", "slow"]
    found = find(store, first)
    assert found is not None
    assert (found.state, found.receipt) == ("done", "receipt")


def test_a_lasting_order_goes_on_when_its_collector_died(
    store: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(book, "SILENT", -1)
    lasting = place(store, "slow", {}, "a")
    book.take(store)
    performer = Performer(store, {"slow": lambda _task: "receipt"}, frozenset({"slow"}))
    assert performer.step()
    found = find(store, lasting)
    assert found is not None
    assert found.state == "done"
