"""Log lines of all processes, in one bounded stream: written without ever holding up who logs, read in one command.

A line passes :func:`~helix_dash.vitals.masking.masked` before it leaves its process.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
import traceback
from collections import deque
from collections.abc import Sequence
from typing import Any

import msgspec
import redis

from helix_dash.store import connect, reaching
from helix_dash.vitals.keys import LINES
from helix_dash.vitals.masking import masked, template

KEPT = 5000
"""Lines of the stream, about."""
MOST_WAITING = 500
"""Lines of one process that wait to be written; while the store is away the oldest are given up, and counted."""
EVERY = 1.0
"""Seconds between two writes: a flood of lines is one round trip."""

_ENCODER = msgspec.json.Encoder()


class Line(msgspec.Struct, frozen=True):
    """One line.

    Args:
        at: when it was written, microseconds since the epoch, by its host's clock.
        level: ``DEBUG`` … ``CRITICAL``.
        source: what kind of process: ``web``, ``collector`` …
        host: where.
        process: its process id.
        logger: the part of the program.
        message: its text, masked.
        like: what it has in common with others of its kind.
        error: the exception it tells of, in a line; empty without one.
    """

    at: int
    level: str
    source: str
    host: str
    process: int
    logger: str
    message: str
    like: str
    error: str = ""


_DECODER = msgspec.json.Decoder(Line)


class LineHandler(logging.Handler):
    """Sends what is logged to the store, from a thread of its own.

    :meth:`emit` only appends to a queue of bounded length: it does no I/O, waits for nobody and never raises.

    Args:
        url: the store.
        source: what kind of process this is.
    """

    def __init__(self, url: str, source: str) -> None:
        super().__init__(logging.INFO)
        self._client: Any = connect(url, retries=0, timeout=1.0)
        self._source, self._host = source, socket.gethostname()
        self._waiting: deque[Line] = deque(maxlen=MOST_WAITING)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.lost = 0
        """Lines that were given up because the store was away for too long."""

    def emit(self, record: logging.LogRecord) -> None:
        """Take a record; what cannot be told is left out."""
        try:
            line = self._line(record)
        except Exception:
            self.lost += 1  # a record whose arguments do not fit its text: its own handler tells so
            return
        if len(self._waiting) == MOST_WAITING:
            self.lost += 1
        self._waiting.append(line)

    def _line(self, record: logging.LogRecord) -> Line:
        message = masked(record.getMessage())
        text = record.msg if isinstance(record.msg, str) and record.args else ""
        # "%s" alone says nothing of the kind of message
        like = masked(text) if sum(one.isalpha() for one in text.replace("%s", "")) > 3 else template(message)
        error = ""
        if record.exc_info and record.exc_info[0] is not None:
            error = masked("".join(traceback.format_exception_only(*record.exc_info[:2])))
        return Line(
            at=int(record.created * 1e6),
            level=record.levelname,
            source=self._source,
            host=self._host,
            process=os.getpid(),
            logger=record.name,
            message=message,
            like=like[:200],
            error=error,
        )

    def start(self) -> None:
        """Begin to write; in the process that logs, never before a fork."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="helix-dash-lines", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Write what waits, and end."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=3)
            self._thread = None
        super().close()

    def _run(self) -> None:
        while not self._stop.wait(EVERY):
            self.flush_lines()
        self.flush_lines()

    def flush_lines(self) -> int:
        """Write what waits, in one round trip; how many lines went. A store that is away keeps them waiting."""
        batch = [self._waiting.popleft() for _ in range(len(self._waiting))]
        if not batch:
            return 0
        pipe = self._client.pipeline(transaction=False)
        for line in batch:
            pipe.xadd(LINES, {"l": _ENCODER.encode(line)}, maxlen=KEPT, approximate=True)
        try:
            pipe.execute()
        except redis.RedisError:
            room = MOST_WAITING - len(self._waiting)
            kept = batch[-room:] if room > 0 else []
            self.lost += len(batch) - len(kept)
            self._waiting.extendleft(reversed(kept))
            return 0
        return len(batch)


class LineTail:
    """The newest lines of the stream, as this process knows them: it asks only for what is new.

    Args:
        store: where the stream is.
        most: how many are held.
    """

    def __init__(self, store: redis.Redis, most: int = 1000) -> None:
        self._store: Any = store
        self._most = most
        self._held: deque[tuple[bytes, Line]] = deque(maxlen=most)
        self._lock = threading.Lock()
        self._looked = float("-inf")
        self.rejected = 0
        """Entries that were no lines."""

    def lines(self) -> Sequence[Line]:
        """The newest lines, newest first; one command, at most once a second.

        Raises:
            StoreUnavailable: the store did not answer.
        """
        with self._lock:
            if time.monotonic() - self._looked >= EVERY:
                self._look()
                self._looked = time.monotonic()
            return [line for _, line in reversed(self._held)]

    def _look(self) -> None:
        with reaching():
            if self._held:
                last = self._held[-1][0].decode()
                new = self._store.xrange(LINES, f"({last}", "+", count=self._most)
            else:
                new = list(reversed(self._store.xrevrange(LINES, "+", "-", count=self._most)))
        for entry, fields in new:
            try:
                self._held.append((entry, _DECODER.decode(fields[b"l"])))
            except (KeyError, msgspec.MsgspecError, UnicodeDecodeError):
                self.rejected += 1


def listen(url: str, source: str) -> LineHandler:
    """Send what this product logs in this process to the store, from now on.

    Lines of level INFO and above are taken; what is written elsewhere stays as it is.
    """
    handler = LineHandler(url, source)
    own = logging.getLogger("helix_dash")
    if own.level == logging.NOTSET and own.getEffectiveLevel() > logging.INFO:
        own.setLevel(logging.INFO)
    own.addHandler(handler)
    handler.start()
    return handler
