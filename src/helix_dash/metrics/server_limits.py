"""What a FakeAI server's own limiter counted, out of its samples and answers in the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import redis

from helix_dash.samples.answers import Answer, answers
from helix_dash.samples.reader import Frames, SampleReader
from helix_dash.samples.sources import ABUSE, FAKEAI, KEY_LIMITS, STREAM, TIERS

Number = float | None


@dataclass(frozen=True, slots=True)
class Counted:
    """What the server counted of a tier or a key in the period; ``None`` when nobody looked.

    Args:
        name: the tier, or the watched key's name.
        tier: the tier of a key; of a tier itself.
        note: the masked key; of a tier how many keys it has.
        attempted: requests, throttled ones included.
        throttled: requests it refused.
        tokens: tokens it took for used: an estimate from the size of bodies.
    """

    name: str
    tier: str
    note: str
    attempted: Number
    throttled: Number
    tokens: Number


@dataclass(frozen=True, slots=True)
class Suspect:
    """A key that the server's own rules call abusive: masked, with its severity and their words."""

    key: str
    tier: str
    severity: str
    issues: tuple[str, ...]
    requests: int


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """Everything its limiter tells.

    Args:
        answer: its last answer about tiers; ``None`` when it was never asked.
        live: whether its WebSocket is live.
        attempted: requests of all tiers in the period.
        throttled: of these, refused.
        tokens: tokens it took for used.
        tiers: its tiers.
        keys: the watched keys.
        suspects: what its own rules found, as of now.
    """

    answer: Answer | None
    live: bool
    attempted: Number = None
    throttled: Number = None
    tokens: Number = None
    tiers: tuple[Counted, ...] = ()
    keys: tuple[Counted, ...] = ()
    suspects: tuple[Suspect, ...] = ()


def server_limits(store: redis.Redis, start: int, end: int, now: int) -> ServerLimits:
    """What the server counted in ``[start, end)``, microseconds since the epoch; three commands.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    told = answers(store, FAKEAI)
    reader = SampleReader(store)
    by_tier, by_key = (
        reader.read(f"{FAKEAI}.{name}", start, end, now, most=200) for name in (TIERS, KEY_LIMITS)
    )
    tiers, keys = _body(told.get(TIERS)), _body(told.get(KEY_LIMITS))
    stream = _body(told.get(STREAM))
    return ServerLimits(
        told.get(TIERS),
        stream.get("state") == "live",
        attempted=_total(by_tier, "attempted"),
        throttled=_total(by_tier, "throttled"),
        tokens=_total(by_tier, "tokens"),
        tiers=tuple(
            _counted(by_tier, name, name, f"{one.get('keys', 0)} keys") for name, one in tiers.items()
        ),
        keys=tuple(
            _counted(by_key, name, str(one.get("tier", "")), str(one.get("key", "")))
            for name, one in keys.items()
        ),
        suspects=_suspects(told.get(ABUSE)),
    )


def _body(answer: Answer | None) -> Mapping[str, Any]:
    return answer.body if answer is not None and isinstance(answer.body, dict) else {}


def _total(frames: Frames, what: str) -> Number:
    return frames.total([name for name in frames.names() if name.startswith(f"{what}|")])


def _counted(frames: Frames, name: str, tier: str, note: str) -> Counted:
    figures = (frames.total(f"{what}|{name}") for what in ("attempted", "throttled", "tokens"))
    return Counted(name, tier, note, *figures)


def _suspects(answer: Answer | None) -> tuple[Suspect, ...]:
    found = answer.body if answer is not None and isinstance(answer.body, list | tuple) else ()
    return tuple(
        Suspect(one["key"], one["tier"], one["severity"], tuple(one["issues"]), one["requests"])
        for one in found
        if isinstance(one, dict)
    )
