"""What browsers measured of our pages: how long drawing took, memory, and what was loaded when.

A browser may send anything: every text and number is bounded here, and nothing of it is believed to be more than what
some browser said.
"""

from __future__ import annotations

import math
import re
import threading
import time
from collections import OrderedDict

import msgspec

from helix_dash.vitals.histogram import Histograms

LONGEST_BODY = 16_384
"""Bytes of one report."""
PER_MINUTE = 12
"""Reports of one asker that a worker takes in a minute."""
MOST_ASKERS = 1000
MOST_FILES, MOST_TIMES = 80, 60
LONGEST_MS = 600_000.0

_PAGE = re.compile(r"/[a-z0-9/-]{0,40}")
_FILE = re.compile(r"[A-Za-z0-9._/-]{1,80}")


class Loaded(msgspec.Struct, frozen=True, array_like=True):
    """One file or answer: its name, its kind, when it was asked for and when it was there (ms since the page's
    start), and the bytes that came over the network."""

    name: str
    kind: str
    start: float
    end: float
    bytes: float


class Visit(msgspec.Struct, frozen=True):
    """What a browser reports.

    Args:
        page: the path of the page, below the prefix.
        render: durations of drawing an answer, ms.
        trip: durations of an answer from question to last byte, as the browser saw them, ms.
        long: durations of stretches in which the page did not react, ms.
        ready: from the address to the first paint, to the document's end and to the largest paint, ms.
        memory: bytes of the page's JavaScript; ``None`` where the browser does not tell.
        loaded: what was loaded first.
        at: when it came, microseconds since the epoch; stamped here.
    """

    page: str
    render: list[float] = []
    trip: list[float] = []
    long: list[float] = []
    ready: dict[str, float] = {}
    memory: float | None = None
    loaded: list[Loaded] = []
    at: int = 0


class NoVisit(ValueError):
    """A report that none of our pages sends."""


_READY = ("first_paint", "document", "largest_paint")
_KINDS = ("document", "script", "style", "call", "font", "image", "other")


def read(body: bytes, at: int) -> Visit:
    """The report in ``body``, everything in it bounded; ``at`` is now, microseconds since the epoch.

    Raises:
        NoVisit: it is too long, no JSON, or of another shape.
    """
    if len(body) > LONGEST_BODY:
        raise NoVisit
    try:
        found = msgspec.json.decode(body, type=Visit)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise NoVisit from error
    if not _PAGE.fullmatch(found.page):
        raise NoVisit
    memory = found.memory
    return Visit(
        found.page,
        [one for one in found.render[:MOST_TIMES] if _length(one)],
        [one for one in found.trip[:MOST_TIMES] if _length(one)],
        [one for one in found.long[:MOST_TIMES] if _length(one)],
        {name: found.ready[name] for name in _READY if _length(found.ready.get(name))},
        memory if memory is not None and math.isfinite(memory) and 0 <= memory < 2**40 else None,
        [one for one in found.loaded[:MOST_FILES] if _sound(one)],
        at,
    )


def _length(value: float | None) -> bool:
    return value is not None and math.isfinite(value) and 0 <= value <= LONGEST_MS


def _sound(one: Loaded) -> bool:
    return (
        bool(_FILE.fullmatch(one.name))
        and one.kind in _KINDS
        and _length(one.start)
        and _length(one.end)
        and one.start <= one.end
        and math.isfinite(one.bytes)
        and 0 <= one.bytes < 2**32
    )


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Visit)


def decoded(packed: bytes | None) -> Visit | None:
    """The visit in the store; ``None`` when there is none or it cannot be read."""
    if packed is None:
        return None
    try:
        found = _DECODER.decode(packed)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return msgspec.structs.replace(found, loaded=[one for one in found.loaded if _sound(one)])


class Visits:
    """The reports that one worker has taken, added up; nothing is written here."""

    def __init__(self) -> None:
        self.times = Histograms()
        self._memory: float | None = None
        self._last: Visit | None = None
        self._taken: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._lock = threading.Lock()

    def room(self, asker: str) -> bool:
        """Whether one more report of ``asker`` is taken in this minute."""
        now = time.monotonic()
        with self._lock:
            since, count = self._taken.pop(asker, (now, 0))
            if now - since > 60:
                since, count = now, 0
            self._taken[asker] = since, count + 1
            while len(self._taken) > MOST_ASKERS:
                self._taken.popitem(last=False)
        return count < PER_MINUTE

    def take(self, visit: Visit) -> None:
        """Add a report."""
        for name, times in (("render", visit.render), ("trip", visit.trip), ("long", visit.long)):
            for one in times:
                self.times.add(f"{name} {visit.page}", one)
        for name, value in visit.ready.items():
            self.times.add(name, value)
        with self._lock:
            self._memory = visit.memory if visit.memory is not None else self._memory
            if visit.loaded:
                self._last = visit

    def told(self) -> tuple[dict[str, float], dict[str, float], bytes | None]:
        """Counters and gauges since the worker began, and the packed last visit if it is new."""
        with self._lock:
            last, self._last = self._last, None
            gauges = {} if self._memory is None else {"browser_memory": self._memory}
        return self.times.counters("browser"), gauges, _ENCODER.encode(last) if last else None
