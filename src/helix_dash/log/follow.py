"""Keeps one process's view of the log fresh, from a background thread."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from helix_dash.errors import HelixError
from helix_dash.log.keys import TICK
from helix_dash.log.query import RequestLog
from helix_dash.log.view import View
from helix_dash.store import connect, reaching

POLL = 1.0
"""Seconds between two looks when nobody tells that there is something new."""

_log = logging.getLogger("helix_dash.follow")


class Follower:
    """Syncs the mirror of ``log`` when the fold says so, and once a second anyway.

    Start it in the process that reads, never before a fork.
    """

    def __init__(self, log: RequestLog) -> None:
        self._mirror: View = log.mirror
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; a second call changes nothing."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="helix-dash-follow", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End, and wait for the thread."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=10)
            self._thread = None

    def _run(self) -> None:
        warned = float("-inf")
        ticks: Any = None
        while not self._stop.is_set():
            try:
                self._mirror.sync()
                with reaching():
                    if ticks is None:
                        ticks = self._subscribe()
                    self._await(ticks)
                continue
            except Exception as error:
                # Whatever it is: a thread that dies here would leave every page old for ever.
                if time.monotonic() - warned > 60:
                    warned = time.monotonic()
                    _log.warning(
                        "The log cannot be read: %s", error, exc_info=not isinstance(error, HelixError)
                    )
            _close(ticks)
            ticks = None
            self._stop.wait(POLL)
        _close(ticks)

    def _subscribe(self) -> Any:
        client: Any = connect(self._mirror.url)
        ticks = client.pubsub(ignore_subscribe_messages=True)
        ticks.subscribe(TICK)
        return ticks

    def _await(self, ticks: Any) -> None:
        """Until the next tick, at most :data:`POLL` seconds; ticks that queued up meanwhile count as one."""
        until = time.monotonic() + POLL
        while not self._stop.is_set() and (left := until - time.monotonic()) > 0:
            if ticks.get_message(timeout=min(left, 0.2)) is not None:
                while ticks.get_message(timeout=0) is not None:
                    pass
                return


def _close(ticks: Any) -> None:
    if ticks is not None:
        ticks.close()
