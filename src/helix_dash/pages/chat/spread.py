"""What the chat page asks of single requests: percentiles, distributions, models beside each other; and of the server."""

from __future__ import annotations

from dataclasses import dataclass

import redis

from helix_dash.log.query import Number, RequestLog, Series
from helix_dash.metrics import distributions as spreads
from helix_dash.metrics.calls import CHAT, calls, ended
from helix_dash.metrics.context_windows import WindowUse, window_use
from helix_dash.metrics.model_server import Logged, ModelServer, logged, model_server
from helix_dash.metrics.ranks import Ranked, ranked
from helix_dash.metrics.singly import Held, held
from helix_dash.model import Filter, Kpi, Scope

PERCENTS = (50, 75, 90, 95, 99)
CURVE = tuple(range(1, 100))
TOKENS = (0, *(2**power for power in range(4, 22)))
"""Edges of input and output sizes: from 16 to two million tokens, each twice the one before."""
FIRST_TOKEN_MS = (0, 50, 100, 200, 300, 500, 750, 1000, 1500, 2000, 3000, 5000, 10_000, 30_000)
MODELS = (
    "requests", "success_rate", "latency_ms_p50", "latency_ms_p90", "latency_ms_p95", "latency_ms_p99",
    "ttft_ms_p95", "output_tokens_per_second", "total_tokens", "cost_usd",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Spread:
    """What the page shows of single requests.

    Args:
        held: the requests whose rows are still there: what everything below is made of.
        kpis: time per output token and tokens per second, as cards.
        models: the measures of :data:`MODELS` per model, most requests first.
        before: requests of the period before per model.
        latency: model → milliseconds at :data:`PERCENTS`.
        speed: model → median tokens per second while it generates.
        tpot: model → time per output token at the 95th percentile, milliseconds.
        curves: milliseconds at :data:`CURVE`, of ``latency_ms`` and ``ttft_ms``.
        input_tokens: requests by input size, by :data:`TOKENS`.
        output_tokens: requests by output size.
        heat: requests by input size (columns) and time to the first token (rows, :data:`FIRST_TOKEN_MS`).
        windows: how full context windows were.
        logged: model → what the log knows over the time the server was watched.
        server: what the server itself counted.
    """

    held: Held
    kpis: tuple[Kpi, ...]
    models: tuple[Ranked, ...]
    before: dict[str | None, Number]
    latency: dict[str | None, tuple[float | None, ...]]
    speed: dict[str | None, float | None]
    tpot: dict[str | None, float | None]
    curves: dict[str, tuple[float | None, ...]]
    input_tokens: spreads.Histogram
    output_tokens: spreads.Histogram
    heat: tuple[tuple[int, ...], ...]
    windows: WindowUse
    logged: dict[str | None, Logged]
    server: ModelServer


def spread(log: RequestLog, store: redis.Redis, scope: Scope, where: Filter, now: int) -> Spread:
    """The figures of single requests for ``where``, of chat calls only, and two commands for the server's.

    Args:
        where: the page's filter.
        now: epoch microseconds.

    Raises:
        StoreUnavailable: the log has never been read on this host and the store does not answer.
        BadQuery: a condition names a value its column cannot hold.
    """
    server = model_server(store, "chat", where.period, now)
    where = calls(where, CHAT)
    earlier = where.during(where.period.previous())

    def percentiles(
        value: str, percents: tuple[int, ...], by: str | None = None
    ) -> dict[str | None, tuple[float | None, ...]]:
        return spreads.percentiles(log, scope, where, value, percents, by)

    speed, tpot = percentiles("tokens_per_second", (50,)), percentiles("tpot_ms", (50, 95))
    speed_before = spreads.percentiles(log, scope, earlier, "tokens_per_second", (50,))
    tpot_before = spreads.percentiles(log, scope, earlier, "tpot_ms", (50, 95))
    return Spread(
        held=held(log, scope, where),
        kpis=(
            _kpi("tpot_ms_p50", "Time per output token p50", "ms", "down", tpot[None][0], tpot_before[None][0]),
            _kpi("tpot_ms_p95", "Time per output token p95", "ms", "down", tpot[None][1], tpot_before[None][1]),
            _kpi("tokens_per_second_p50", "Output tokens/s p50", "count", "up", speed[None][0], speed_before[None][0]),
        ),
        models=ranked(log.series(scope, where, ["model"], None, MODELS)),
        before=_requests(log.series(scope, earlier, ["model"], None, ["requests"])),
        latency=percentiles("latency_ms", PERCENTS, "model"),
        speed={name: found[0] for name, found in percentiles("tokens_per_second", (50,), "model").items()},
        tpot={name: found[0] for name, found in percentiles("tpot_ms", (95,), "model").items()},
        curves={name: percentiles(name, CURVE)[None] for name in ("latency_ms", "ttft_ms")},
        input_tokens=spreads.histogram(log, scope, where, "input_tokens", TOKENS),
        output_tokens=spreads.histogram(log, scope, ended(where, "success"), "output_tokens", TOKENS),
        heat=spreads.heat(log, scope, where, ("input_tokens", TOKENS), ("ttft_ms", FIRST_TOKEN_MS)),
        windows=window_use(log, scope, where, server.windows),
        logged=logged(log, scope, where, server),
        server=server,
    )  # fmt: skip


def _kpi(name: str, label: str, unit: str, good: str, value: float | None, before: float | None) -> Kpi:
    reason = "" if value is not None else "no streamed answers"
    return Kpi(name, label, value, unit, before, "down" if good == "down" else "up", reason)


def _requests(series: Series) -> dict[str | None, Number]:
    return {group[0]: line[0] for group, line in zip(series.groups, series.values["requests"], strict=True)}
