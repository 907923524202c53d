"""The collector's duty that performs orders, one at a time, as long as it leads."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import redis

from helix_dash.errors import HelixError, StoreUnavailable
from helix_dash.lease import Lease
from helix_dash.orders import book
from helix_dash.orders.book import Order
from helix_dash.samples.keys import lease_key

_log = logging.getLogger("helix_dash.orders")

DUTY = "orders"
_LOOK = 0.3
_STANDBY = 5.0
_TIDY = 30.0
_TELL = 0.5


@dataclass(slots=True)
class Task:
    """An order while it is performed.

    Args:
        order: the order.
        store: where the book is.
        stop: set when the collector ends; long work looks at it and ends, too.
    """

    order: Order
    store: redis.Redis
    stop: threading.Event
    _told: float = field(default=float("-inf"))

    def tell(self, done: int, total: int | None = None, said: str = "") -> None:
        """How far the work is; at most twice a second it is written down.

        Raises:
            Interrupted: the collector ends.
            StoreUnavailable: the store did not answer.
        """
        if self.stop.is_set():
            raise Interrupted("The collector was stopped. What was done until then stays done.")
        if time.monotonic() - self._told < _TELL:
            return
        self._told = time.monotonic()
        seen = book.now(self.store)
        self.order = msgspec.structs.replace(self.order, done=done, total=total, said=said, seen=seen)
        book.keep(self.store, self.order)


class Interrupted(HelixError):
    """The work ended before its end."""


@dataclass(frozen=True, slots=True)
class Later:
    """What an order answers that others carry out: how far it is. It is looked at again, and other orders in between.

    Args:
        done, total, said: as in :class:`~helix_dash.orders.book.Order`.
    """

    done: int
    total: int | None
    said: str


Perform = Callable[[Task], Any]
"""Does what an order of one kind asks; returns the receipt: texts, numbers, lists and mappings of them; or a
:class:`Later`.

Raises :class:`~helix_dash.errors.HelixError` when it cannot be done; the words are shown to who ordered it."""


@dataclass(slots=True)
class Performer:
    """Performs orders of the ``kinds`` it knows; all others fail with words. Of the ``lasting`` kinds nothing is lost
    with a collector: the next one goes on."""

    store: redis.Redis
    kinds: Mapping[str, Perform]
    lasting: frozenset[str] = frozenset()
    _tidied: float = field(default=float("-inf"))

    def run(self, stop: threading.Event) -> None:
        """Perform until ``stop``; survives outages of the store."""
        lease = Lease(self.store, lease_key(DUTY))
        told = float("-inf")
        while not stop.is_set():
            wait = _LOOK
            try:
                if lease.held():
                    self.step(stop)
                else:
                    wait = _STANDBY
            except StoreUnavailable as error:
                wait = _STANDBY
                if time.monotonic() - told > 60:
                    told = time.monotonic()
                    _log.warning("Orders are not being performed: %s", error)
            stop.wait(wait)
        lease.release()

    def step(self, stop: threading.Event | None = None) -> bool:
        """Perform the order that waits longest; whether there was one.

        Raises:
            StoreUnavailable: the store did not answer.
        """
        if time.monotonic() - self._tidied > _TIDY:
            self._tidied = time.monotonic()
            book.tidy(self.store, self.lasting)
        order = book.take(self.store)
        if order is None:
            return False
        if order.over:  # it was put back twice
            return True
        begun = msgspec.structs.replace(order, state="working", seen=book.now(self.store))
        book.keep(self.store, begun)
        ended = self._performed(Task(begun, self.store, stop or threading.Event()))
        if ended.over:
            book.keep(self.store, msgspec.structs.replace(ended, ended=book.now(self.store)))
        else:
            book.again(self.store, ended)
        return True

    def _performed(self, task: Task) -> Order:
        perform = self.kinds.get(task.order.kind)
        if perform is None:
            return _failed(task.order, "The collector that runs does not know how to do this.")
        try:
            receipt = perform(task)
        except HelixError as error:
            return _failed(task.order, str(error))
        except Exception:
            # One order that nobody foresaw must not stop the others; what went wrong is in the collector's log.
            _log.exception("The order %s (%s) failed", task.order.id, task.order.kind)
            return _failed(task.order, "It failed; why is in the collector's log.")
        if isinstance(receipt, Later):
            return msgspec.structs.replace(
                task.order, done=receipt.done, total=receipt.total, said=receipt.said
            )
        return msgspec.structs.replace(
            task.order, state="done", said="", receipt=msgspec.to_builtins(receipt)
        )


def _failed(order: Order, words: str) -> Order:
    return msgspec.structs.replace(order, state="failed", said=words)
