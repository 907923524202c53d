"""A FakeAI server that is not there: the client's interface over answers of a real one, recorded once.

Its counters go on growing from the recorded ones, by a daily rhythm and by nothing but the clock, so that two
runs at the same time say the same. Wherever it answers, the answer is marked as a mock's. Faults of the real
server can be switched on.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import msgspec

from helix_dash.errors import SourceError
from helix_dash.sources.fakeai import endpoints
from helix_dash.sources.fakeai.answers import Unreadable
from helix_dash.sources.fakeai.endpoints import FORBIDDEN, Endpoint
from helix_dash.sources.fakeai.told import KeyLimits, KvCache, ModelCounters, Spending, Tier

Fault = Literal["frozen", "down", "broken", "html", "throttled"]

SCHEME = "mock:"
"""What API_URL says to get the mock."""

_RECORDED_SECONDS = 60.0
"""What was recorded happened in about so much time."""

_DAY = 86_400.0
_FAULTS: dict[Fault, Callable[[], SourceError]] = {
    "frozen": lambda: SourceError("timeout", "The server does not answer in time; it may be frozen."),
    "down": lambda: SourceError("unreachable", "The server cannot be reached (ConnectError)."),
    "broken": lambda: SourceError("status", "The server answered with HTTP 500.", 500),
    "html": lambda: Unreadable("The server did not answer JSON."),
    "throttled": lambda: SourceError(
        "throttled", "The server's own rate limit refused the question (HTTP 429).", 429
    ),
}


class MockFakeAI:
    """Answers like a FakeAI server that was started at ``since``.

    Args:
        since: when its counters began, seconds since the epoch; midnight UTC of today when not given.
        clock: tells seconds since the epoch.
    """

    mock = True

    def __init__(self, since: float | None = None, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._since = clock() // _DAY * _DAY if since is None else since
        self.faults: dict[str, Fault] = {}

    def ask(self, endpoint: Endpoint, key: str = "") -> Any:
        """See :meth:`helix_dash.sources.fakeai.client.Client.ask`.

        ``faults`` maps a question's name, or ``*`` for all of them, to what goes wrong with it.
        """
        if endpoint.path.format(key=key).rstrip("/") in FORBIDDEN:
            raise ValueError(f"{endpoint.path} freezes the server and is never asked.")
        fault = self.faults.get(endpoint.name) or self.faults.get("*")
        if fault:
            raise _FAULTS[fault]()
        answer = endpoint.read(_recorded()[endpoint.name])
        return _GROWING[endpoint.name](answer, self._load()) if endpoint.name in _GROWING else answer

    def close(self) -> None:
        """There is nothing to let go of."""

    def restart(self) -> None:
        """Begin again from zero, as the server does, which keeps everything in its memory."""
        self._since = self._clock()

    def _load(self) -> float:
        """How many times the recorded traffic has passed since the start: an integral of its daily rhythm."""
        until, since = self._clock(), self._since
        swing = (
            0.6 * _DAY / math.tau * (math.cos(math.tau * since / _DAY) - math.cos(math.tau * until / _DAY))
        )
        return max(0.0, (until - since + swing) / _RECORDED_SECONDS)


@cache
def _recorded() -> dict[str, Any]:
    text = files("helix_dash.sources.fakeai").joinpath("recorded.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def _times(value: float, load: float) -> int:
    return math.floor(value * load)


def _models(models: dict[str, ModelCounters], load: float) -> dict[str, ModelCounters]:
    return {
        name: msgspec.structs.replace(
            one,
            requests=_times(one.requests, load),
            prompt_tokens=_times(one.prompt_tokens, load),
            completion_tokens=_times(one.completion_tokens, load),
            errors=_times(one.errors, load),
            cost_usd=one.cost_usd * load,
            latency_ms_sum=one.latency_ms_sum * load,
            endpoints={path: _times(count, load) for path, count in one.endpoints.items()},
        )
        for name, one in models.items()
    }


def _kv_cache(one: KvCache, load: float) -> KvCache:
    return msgspec.structs.replace(
        one,
        hits=_times(one.hits, load),
        misses=_times(one.misses, load),
        tokens_processed=_times(one.tokens_processed, load),
        tokens_reused=_times(one.tokens_reused, load),
        by_endpoint={
            path: (_times(hits, load), _times(misses, load))
            for path, (hits, misses) in one.by_endpoint.items()
        },
        workers={
            name: msgspec.structs.replace(
                worker,
                total_requests=_times(worker.total_requests, load),
                tokens_processed=_times(worker.tokens_processed, load),
            )
            for name, worker in one.workers.items()
        },
    )


def _tiers(tiers: dict[str, Tier], load: float) -> dict[str, Tier]:
    return {
        name: msgspec.structs.replace(
            one,
            attempted=_times(one.allowed, load) + _times(one.throttled, load),
            allowed=_times(one.allowed, load),
            throttled=_times(one.throttled, load),
            tokens_consumed=_times(one.tokens_consumed, load),
            throttle_ms=one.throttle_ms * load,
        )
        for name, one in tiers.items()
    }


def _key_limits(one: KeyLimits, load: float) -> KeyLimits:
    return msgspec.structs.replace(
        one,
        attempted=_times(one.allowed, load) + _times(one.throttled, load),
        allowed=_times(one.allowed, load),
        throttled=_times(one.throttled, load),
        tokens_requested=_times(one.tokens_requested, load),
        tokens_consumed=_times(one.tokens_consumed, load),
    )


def _spending(one: Spending, load: float) -> Spending:
    by_model = {name: cost * load for name, cost in one.by_model.items()}
    return Spending(sum(by_model.values()), by_model)


_GROWING: dict[str, Callable[[Any, float], Any]] = {
    endpoints.MODELS.name: _models,
    endpoints.KV_CACHE.name: _kv_cache,
    endpoints.TIERS.name: _tiers,
    endpoints.KEY_LIMITS.name: _key_limits,
    endpoints.SPENDING.name: _spending,
}
