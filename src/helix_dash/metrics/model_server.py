"""What a FakeAI server itself counted for a kind of call, from the series the collector keeps: to lay beside the log."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import redis

from helix_dash.errors import StoreError
from helix_dash.log.query import RequestLog
from helix_dash.model import Filter, Period, Scope, us_from_utc, utc_from_us
from helix_dash.samples.answers import Answer, answers
from helix_dash.samples.reader import Frames, SampleReader

SOURCE = "fakeai"
PATHS = {"chat": "/v1/chat/completions", "embeddings": "/v1/embeddings"}


@dataclass(frozen=True, slots=True)
class Counted:
    """What the server counted of one model within a period, streams not included."""

    requests: float
    input_tokens: float
    output_tokens: float
    cost_usd: float


@dataclass(frozen=True, slots=True)
class ModelServer:
    """What is known of the server.

    Args:
        asked: whether a server was ever asked; without one nothing else is known.
        trouble: why it does not answer now; empty when it does.
        mock: whether a mock answers in its place.
        answered: when its counters were last read, epoch microseconds.
        models: model → what it counted in the period, of the models that had calls of the kind.
        covered: how much of the period that is counted over, 0–1.
        since: when that begins, epoch microseconds; ``None`` when it was never watched in the period.
        restarts: how often it began again from zero within the period.
        live: whether its WebSocket tells its rates (``live``), else they are asked for (``polling``).
        rates: requests/s, tokens/s and latencies of the kind of call in its last minute; empty when unknown.
        windows: model → context window in tokens, as it told; a mock's are not taken.
    """

    asked: bool = False
    trouble: str = ""
    mock: bool = False
    answered: int | None = None
    models: dict[str, Counted] = field(default_factory=dict)
    covered: float = 0.0
    since: int | None = None
    restarts: int = 0
    live: bool = False
    rates: dict[str, float] = field(default_factory=dict)
    windows: dict[str, int] = field(default_factory=dict)


def model_server(store: redis.Redis, kind: str, period: Period, now: int) -> ModelServer:
    """What the server said of ``kind`` (``chat`` or ``embeddings``); two commands, and never a request to it.

    A store that is away is a trouble told, not raised: the log's figures go on without it.

    Args:
        period: over which its counters are added up.
        now: epoch microseconds.
    """
    try:
        told = answers(store, SOURCE)
        if not told:
            return ModelServer()
        start, end = us_from_utc(period.start), us_from_utc(period.end)
        frames = SampleReader(store).read(f"{SOURCE}.models", start, end, now)
    except StoreError as error:
        return ModelServer(asked=True, trouble=str(error))
    return _told(told, frames, PATHS[kind], min(end, now) - start)


@dataclass(frozen=True, slots=True)
class Logged:
    """What the log knows of one model over the same time: all requests, and the answered ones that were not streamed."""

    requests: float
    plain: float
    tokens: float


def logged(log: RequestLog, scope: Scope, where: Filter, server: ModelServer) -> dict[str | None, Logged]:
    """The log's side of the comparison, over the part of the period in which the server was watched."""
    if server.since is None:
        return {}
    start = max(where.period.start, utc_from_us(server.since))
    if start >= where.period.end:
        return {}
    series = log.series(
        scope,
        where.during(Period(start, where.period.end)),
        ["model", "stream"],
        None,
        ("requests", "success", "total_tokens"),
    )
    found: dict[str | None, Logged] = {}
    for index, (model, stream) in enumerate(series.groups):
        requests, success, tokens = (
            series.values[name][index][0] or 0 for name in ("requests", "success", "total_tokens")
        )
        before = found.get(model, Logged(0, 0, 0))
        plain = (0.0, 0.0) if stream == "true" else (success, tokens)
        found[model] = Logged(before.requests + requests, before.plain + plain[0], before.tokens + plain[1])
    return found


def _told(told: dict[str, Answer], frames: Frames, path: str, length: int) -> ModelServer:
    counters = told.get("models")
    body: dict[str, Any] = counters.body if counters and counters.body else {}
    models = [model for model, one in body.items() if path in (one.get("endpoints") or {})]
    facts, rates, stream = told.get("model_facts"), told.get("rates"), told.get("stream")
    windows = {
        model: int(fact["context_window"])
        for model, fact in ((facts.body if facts and not facts.mock else None) or {}).items()
        if fact.get("context_window")
    }
    here = ((rates.body if rates else None) or {}).get(path) or {}
    return ModelServer(
        asked=True,
        trouble=counters.error if counters else "It was not asked for its counters yet.",
        mock=any(one.mock for one in told.values()),
        answered=counters.answered if counters else None,
        models={model: _counted(frames, model) for model in models if frames.seconds},
        covered=min(1.0, frames.seconds * 1e6 / length) if length > 0 else 0.0,
        since=next(
            (
                start
                for start, frame in zip(frames.starts, frames.frames, strict=True)
                if frame and frame.covered
            ),
            None,
        ),
        restarts=frames.resets,
        live=stream is not None and stream.ok and (stream.body or {}).get("state") == "live",
        rates={name: value for name, value in here.items() if value is not None}
        if rates and rates.ok
        else {},
        windows=windows,
    )


def _counted(frames: Frames, model: str) -> Counted:
    requests, sent, answered, cost = (
        frames.total(f"{name}|{model}") or 0.0
        for name in ("requests", "prompt_tokens", "completion_tokens", "cost_usd")
    )
    return Counted(requests, sent, answered, cost)
