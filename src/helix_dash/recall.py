"""A client that, while the store is away, answers what it has read before, and says of when that is.

It stands below everything that reads the store for a page, so no reader knows of it. Replies are held as they came, by
what was asked, in a bounded memory of this process. What was never read stays unknown: nothing is made up. Commands
that change something, and transactions, pass through and fail as ever.
"""

from __future__ import annotations

import copy
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import redis
from redis.client import Pipeline
from redis.exceptions import ClusterDownError, MasterDownError

from helix_dash.errors import StoreUnavailable

MOST_BYTES = 32 * 2**20
"""What is held, about; what was asked longest ago goes first."""
MOST_FIELDS = 8192
"""Fields of one hash; beyond it only those of the last question stay."""
PAUSE = 2.0
"""Seconds between two tries while the store is away: the others do not wait for its time-outs."""

READS: Final = frozenset({"GET", "HGET", "HGETALL", "HMGET", "HVALS", "TIME", "ZREVRANGEBYSCORE"})
"""Commands whose replies are held."""
AWAY: Final = (redis.ConnectionError, redis.TimeoutError, ClusterDownError, MasterDownError)

_OVERHEAD = 100
_LIVE = 60 * 10**6

Words = Sequence[Any]
"""A command as it is sent: its name, its key, the rest."""


class Unknown(LookupError):
    """It was never read."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """A reply, and when it was read (epoch seconds); ``None`` when it is of now."""

    reply: Any
    at: float | None


class _Whole:
    """The reply to one command, word by word."""

    def hold(self, words: Words, reply: Any, now: float) -> int:
        self._reply, self._at = copy.copy(reply), now
        return _size(reply) + sum(map(_size, words))

    def recall(self, _words: Words, _now: float) -> Recalled:
        return Recalled(copy.copy(self._reply), self._at)


class _Clock:
    """The store's clock, carried on by ours."""

    def hold(self, _words: Words, reply: Any, now: float) -> int:
        self._ahead = int(reply[0]) * 10**6 + int(reply[1]) - round(now * 10**6)
        return 0

    def recall(self, _words: Words, now: float) -> Recalled:
        return Recalled(divmod(round(now * 10**6) + self._ahead, 10**6), None)


class _Fields:
    """Fields of one hash, whichever question they came with.

    Fields that are numbers are frames of time, see :mod:`helix_dash.samples.reader`, which asks with each question for
    one that is yet to come. So what lies beyond the highest that was asked is younger than all that was read here:
    nothing was known of it, and that is the reply.
    """

    def __init__(self) -> None:
        self._known: dict[Any, tuple[float, Any]] = {}
        self._highest = -1

    def hold(self, words: Words, reply: Any, now: float) -> int:
        read = {name: (now, value) for name, value in zip(words[2:], reply, strict=True)}
        self._known |= read
        if len(self._known) > MOST_FIELDS:
            self._known = read
        self._highest = max([self._highest, *map(_number, words[2:])])
        return sum(_size(name) + _size(value) + _OVERHEAD for name, (_, value) in self._known.items())

    def recall(self, words: Words, _now: float) -> Recalled:
        found = [self._known.get(name) for name in words[2:]]
        for name, one in zip(words[2:], found, strict=True):
            if one is None and _number(name) <= self._highest:
                raise Unknown
        return Recalled(
            [one and one[1] for one in found], min((one[0] for one in found if one), default=None)
        )


class _Spans:
    """The members of a sorted set between two scores, which are microseconds since the epoch.

    A question that was asked up to the present answers one that begins no earlier: with what was known, which may
    begin before what is asked.
    """

    def __init__(self) -> None:
        self._known: list[tuple[int, int, float, Any]] = []

    def hold(self, words: Words, reply: Any, now: float) -> int:
        start, end = _score(words[3]), _score(words[2])
        others = [one for one in self._known if not (start <= one[0] and one[1] <= end)]
        self._known = [(start, end, now, list(reply)), *others][:8]
        return sum(_size(one[3]) + _OVERHEAD for one in self._known)

    def recall(self, words: Words, _now: float) -> Recalled:
        start, end = _score(words[3]), _score(words[2])
        for first, last, at, reply in self._known:
            live = last >= at * 10**6 - _LIVE
            if first <= start and (end <= last or live):
                return Recalled(list(reply), at)
        raise Unknown


_Kind = _Whole | _Clock | _Fields | _Spans


@dataclass(slots=True)
class Memory:
    """What was read last, by what was asked; for all threads of a process.

    Args:
        most: bytes it may take, about.
        clock: epoch seconds.
    """

    most: int = MOST_BYTES
    clock: Callable[[], float] = time.time
    _held: OrderedDict[Any, tuple[int, _Kind]] = field(default_factory=OrderedDict)
    _bytes: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def bytes(self) -> int:
        """What it takes, about."""
        return self._bytes

    def hold(self, words: Words, reply: Any) -> None:
        """``reply`` is what ``words`` were answered now."""
        with self._lock:
            question = _question(words)
            size, held = self._held.pop(question, (0, None))
            kind = held or _KINDS.get(words[0], _Whole)()
            self._bytes -= size
            size = kind.hold(words, reply, self.clock()) + _OVERHEAD
            self._held[question] = size, kind
            self._bytes += size
            while self._bytes > self.most and self._held:
                _, (size, _) = self._held.popitem(last=False)
                self._bytes -= size

    def recall(self, words: Words) -> Recalled:
        """What ``words`` were answered last.

        Raises:
            Unknown: they never were.
        """
        with self._lock:
            known = [one for one in (self._own(words), self._of_whole(words)) if one is not None]
        if not known:
            raise Unknown
        return max(known, key=lambda one: one.at or 0)

    def _own(self, words: Words) -> Recalled | None:
        held = self._held.get(_question(words))
        try:
            return held and held[1].recall(words, self.clock())
        except Unknown:
            return None

    def _of_whole(self, words: Words) -> Recalled | None:
        """Who knows a whole hash knows its fields."""
        if words[0] not in ("HGET", "HMGET"):
            return None
        whole = self._own(("HGETALL", words[1]))
        if whole is None:
            return None
        found = [
            whole.reply.get(name if isinstance(name, bytes) else str(name).encode()) for name in words[2:]
        ]
        return Recalled(found if words[0] == "HMGET" else found[0], whole.at)


_KINDS: dict[str, type[_Kind]] = {"TIME": _Clock, "HMGET": _Fields, "ZREVRANGEBYSCORE": _Spans}


def _question(words: Words) -> tuple[Any, ...]:
    """What two commands have in common that one memory answers."""
    if words[0] == "HMGET":
        return tuple(words[:2])
    if words[0] == "ZREVRANGEBYSCORE":
        return (*words[:2], *words[4:])
    return tuple(words)


def _number(name: Any) -> int:
    """The number that a field is; -1 for one that is none."""
    return int(name) if isinstance(name, str) and name.isdecimal() else -1


def _score(word: Any) -> int:
    return int(str(word).lstrip("("))


def _size(value: Any) -> int:
    if isinstance(value, dict):
        return sum(_size(one) + _size(other) + _OVERHEAD for one, other in value.items())
    if isinstance(value, list):
        return sum(_size(one) + _OVERHEAD for one in value)
    return len(value) if isinstance(value, bytes | str) else 8


class Recalling(redis.Redis):
    """A client of the same store as ``store``, which goes on answering while that is away.

    Args:
        store: whose connections it uses.
        used: told of each reply out of memory when it was read, in epoch seconds.
    """

    def __init__(self, store: redis.Redis, used: Callable[[float], None]) -> None:
        super().__init__(connection_pool=store.connection_pool)
        self.memory = Memory()
        self._used = used
        self._failed: float | None = None
        self._gate = threading.Lock()

    def execute_command(self, *words: Any, **options: Any) -> Any:
        ask: Any = super().execute_command  # redis-py has no types for it
        if words[0] not in READS:
            return ask(*words, **options)
        return self.replies([words], lambda: [ask(*words, **options)])[0]

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Pipeline:
        return _RecallingPipeline(self, transaction, shard_hint)

    def replies(self, asked: Sequence[Words], ask: Callable[[], list[Any]]) -> list[Any]:
        """What ``ask`` gets from the store for the commands ``asked``; while that is away, what it got before.

        Raises:
            StoreUnavailable: the store is away, and one of them was never answered.
        """
        if not self._may_ask():
            return self._recalled(asked, None)
        try:
            found = ask()
        except AWAY as error:
            with self._gate:
                self._failed = time.monotonic()
            return self._recalled(asked, error)
        self._failed = None
        for words, reply in zip(asked, found, strict=True):
            if not isinstance(reply, Exception):
                self.memory.hold(words, reply)
        return found

    def _may_ask(self) -> bool:
        """Whether to try: always while the store answers, else one in :data:`PAUSE`."""
        with self._gate:
            if self._failed is not None:
                if time.monotonic() - self._failed < PAUSE:
                    return False
                self._failed = time.monotonic()
            return True

    def _recalled(self, asked: Sequence[Words], error: Exception | None) -> list[Any]:
        try:
            known = [self.memory.recall(words) for words in asked]
        except Unknown:
            raise StoreUnavailable("Unknown since the store is away: it was not read here before.") from error
        for one in known:
            if one.at is not None:
                self._used(one.at)
        return [one.reply for one in known]


class _RecallingPipeline(Pipeline):
    """Commands that are sent together; recalled together, or not at all."""

    def __init__(self, client: Recalling, transaction: bool, shard_hint: str | None) -> None:
        super().__init__(client.connection_pool, client.response_callbacks, transaction, shard_hint)
        self._client, self._whole = client, transaction

    def execute(self, raise_on_error: bool = True) -> list[Any]:
        asked = [command[0] for command in self.command_stack]
        ask = super().execute
        if self._whole or self.watching or any(words[0] not in READS for words in asked):
            return ask(raise_on_error)
        try:
            return self._client.replies(asked, lambda: ask(raise_on_error))
        finally:
            self.reset()
