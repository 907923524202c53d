"""Who performs a duty that must be performed once, however many collectors run."""

from __future__ import annotations

import logging
import os
import secrets
import socket
from typing import Any

import redis

from helix_dash.errors import StoreUnavailable
from helix_dash.store import reaching

_log = logging.getLogger("helix_dash.lease")


def owner_name() -> str:
    """A name that no other process has: host, process, and random bits."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


class Lease:
    """A key that one process holds for a while and renews. It spares double work; it is no fence: what must
    not happen twice needs one of its own (:class:`~helix_dash.samples.writer.SampleWriter` has).

    Args:
        store: where the key is.
        key: its name.
        milliseconds: how long it holds without being renewed.
        owner: this process's name; made up when not given.
    """

    def __init__(
        self, store: redis.Redis, key: str, *, milliseconds: int = 30_000, owner: str | None = None
    ) -> None:
        self._store: Any = store
        self._key, self._milliseconds = key, milliseconds
        self.owner = owner or owner_name()

    def held(self) -> bool:
        """Take or renew it; whether it is ours.

        Raises:
            StoreUnavailable: the store did not answer.
        """
        with reaching():
            self._store.set(self._key, self.owner, nx=True, px=self._milliseconds)
            mine = bool(self._store.get(self._key) == self.owner.encode())
            if mine:
                self._store.pexpire(self._key, self._milliseconds)
        return mine

    def release(self) -> None:
        """Give it back, so that the next one need not wait for its end."""
        try:
            with reaching():
                if self._store.get(self._key) == self.owner.encode():
                    self._store.delete(self._key)
        except StoreUnavailable:
            _log.info("A lease was not given back; it ends by itself.")
