"""The last answer of each source to each question: what it said, when, and whether it still answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import redis

from helix_dash.samples.keys import answers_key
from helix_dash.store import reaching

MOST_BYTES = 256 * 1024
"""Of one answer; a longer one is a failure of its source, not of our store."""


class Answer(msgspec.Struct, frozen=True):
    """What a source answered to one question.

    Args:
        asked: when it was asked last, microseconds since the epoch.
        answered: when it last answered; ``None`` when it never did.
        body: what it then said.
        error: why it does not answer now; empty when it does.
        reason: the same as one fixed word (``unreachable``, ``timeout``, ``status`` …).
        failing_since: when it first did not answer; ``None`` while it does.
        took_ms: how long its last answer took.
        mock: whether a mock answered, not the real source.
    """

    asked: int
    answered: int | None = None
    body: Any = None
    error: str = ""
    reason: str = ""
    failing_since: int | None = None
    took_ms: float | None = None
    mock: bool = False

    @property
    def ok(self) -> bool:
        """Whether it answered when it was asked last."""
        return not self.error and self.answered is not None


_DECODER = msgspec.msgpack.Decoder(Answer)
_ENCODER = msgspec.msgpack.Encoder()


def keep(store: redis.Redis, source: str, question: str, answer: Answer) -> None:
    """Keep ``answer``; of a failure only the failure: what was said before it stays.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    key = answers_key(source)
    client: Any = store
    with reaching():
        if answer.error:
            packed = client.hget(key, question)
            before = _decoded(packed) or Answer(answer.asked)
            since = before.failing_since if before.error else answer.asked
            answer = msgspec.structs.replace(
                answer,
                answered=before.answered,
                body=before.body,
                took_ms=before.took_ms,
                failing_since=since,
            )
        client.hset(key, question, _ENCODER.encode(answer))


def answers(store: redis.Redis, source: str) -> dict[str, Answer]:
    """Question → the last answer of ``source``, in one command; empty when it was never asked.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    client: Any = store
    with reaching():
        found = client.hgetall(answers_key(source))
    return read(found)[0]


def read(found: Mapping[bytes, bytes]) -> tuple[dict[str, Answer], int]:
    """The answers in a hash by their questions, and how many fields were none: these are left out."""
    told = {question.decode("utf-8", "replace"): _decoded(packed) for question, packed in found.items()}
    answered = {question: answer for question, answer in told.items() if answer is not None}
    return answered, len(found) - len(answered)


def _decoded(packed: bytes | None) -> Answer | None:
    if not packed:
        return None
    try:
        return _DECODER.decode(packed)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def some(store: redis.Redis, source: str, *questions: str) -> dict[str, Answer]:
    """The last answers of ``source`` to ``questions``, as far as there are, in one command.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    client: Any = store
    with reaching():
        packed = client.hmget(answers_key(source), list(questions))
    return {name: _DECODER.decode(one) for name, one in zip(questions, packed, strict=True) if one}


def forget(store: redis.Redis, source: str, questions: set[str]) -> None:
    """Forget the answers of ``source`` to all but ``questions``: they are not asked any more.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    client: Any = store
    with reaching():
        old = [name for name in client.hkeys(answers_key(source)) if name.decode() not in questions]
        if old:
            client.hdel(answers_key(source), *old)


def forget_silent(store: redis.Redis, source: str, before: int) -> None:
    """Forget the answers of ``source`` to questions that were last asked ``before`` (microseconds since the epoch).

    Raises:
        StoreUnavailable: the store did not answer.
    """
    old = [question for question, answer in answers(store, source).items() if answer.asked < before]
    client: Any = store
    with reaching():
        if old:
            client.hdel(answers_key(source), *old)
