"""What the System health page asks: two round trips to the store per tick for all its viewers, and the log's figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import redis

from helix_dash.errors import StoreError
from helix_dash.log.buckets import choose_bucket
from helix_dash.log.health import LogHealth
from helix_dash.log.query import RequestLog, Series
from helix_dash.metrics import distributions
from helix_dash.metrics.last_known import Known, LastKnown
from helix_dash.metrics.self_told import Keyspace, StoreTold, told
from helix_dash.metrics.summary import Card, cards
from helix_dash.metrics.system import MAX_FRAMES, Vitals, all_services, last_vitals, series
from helix_dash.model import Filter, Kpi, Scope, us_from_utc
from helix_dash.samples import sources as names
from helix_dash.samples.reader import Frames
from helix_dash.vitals.lines import Line, LineTail
from helix_dash.vitals.services import Service

TABS = ("services", "hosts", "store", "dashboard", "logs")

EXTRA = {
    "services": (names.SERVICES,),
    "dashboard": (names.CALLS, names.BROWSERS, names.SPENT_BY_US),
}
"""Tab → the series of the system's that only it shows."""

PROVIDERS = 8
NOTHING = Frames((), 1, (), 0)
_ERRORS: tuple[Card, ...] = (("errors", "Errors", "count", "down"), ("success_rate", "", "ratio", "up"))


@dataclass(frozen=True, slots=True)
class SystemPage:
    """Everything the page shows.

    Args:
        vitals: what was read last.
        services: every service.
        frames: series → its frames, of the tab's and of what the cards need.
        store: which store is shown: ``store`` or ``gateway_store``.
        age: seconds since it was read.
        error: why it is not newer; empty when it is.
        errors: requests that failed, of all that ended, beside the period before.
        overhead: the gateway's own share of the time.
        log: the log's health.
        providers: latency and outcomes by provider over time; ``None`` on other tabs.
        lines: the newest log lines, newest first; ``None`` for who may not see them, and on other tabs.
        trouble: why there are no figures of the log; empty when there are.
    """

    vitals: Vitals
    services: Sequence[Service]
    frames: dict[str, Frames]
    store: str
    age: float
    error: str
    errors: Kpi
    overhead: Kpi
    log: LogHealth
    providers: Series | None = None
    lines: Sequence[Line] | None = None
    bad_lines: int = 0
    trouble: str = ""
    rejected: int = field(default=0)

    @property
    def told(self) -> StoreTold | None:
        """What the store that is shown said of itself; ``None`` when it said nothing that can be read."""
        return told(StoreTold, self.vitals.body(self.store))

    @property
    def keyspace(self) -> Keyspace | None:
        """How its keys divide; ``None`` when that is not known."""
        return told(Keyspace, self.vitals.body(self.keyspace_question))

    @property
    def keyspace_question(self) -> str:
        """The question that was asked about its keys."""
        return names.KEYSPACE if self.store == names.STORE else names.GATEWAY_KEYSPACE

    def of(self, question: str) -> Frames:
        """The frames of a series of the system's; empty ones when it was not read."""
        return self.frames.get(f"{names.SYSTEM}.{question}", NOTHING)


def system_page(
    known: LastKnown[Any],
    store: redis.Redis,
    reading: redis.Redis,
    log: RequestLog,
    scope: Scope,
    where: Filter,
    *,
    tab: str,
    server: str = names.STORE,
    tail: LineTail | None = None,
    key: str = "",
) -> SystemPage:
    """The page's figures for ``where``.

    Args:
        known: what this process read last.
        store: where signs of life are: that it is away is one of the things the page tells.
        reading: the same store for series, which are recalled while it is away.
        log: the request log, for errors, overhead and providers.
        scope: what the asker may see of it.
        tab: which part of the page.
        server: which store.
        tail: the log lines; ``None`` for who may not see them.
        key: changes with the range, as the address has it.

    Raises:
        StoreError: nothing was ever read, and the store does not answer.
    """
    first = last_vitals(known, store)
    found = first.value
    wanted = [f"{names.SYSTEM}.{name}" for name in (server, *EXTRA.get(tab, ()))]
    wanted += [f"{names.HOST}.{host}" for host in found.hosts]
    start, end = us_from_utc(where.period.start), us_from_utc(where.period.end)
    frames: Known[dict[str, Frames]] = known.get(
        ("series", tuple(wanted), key), lambda: series(reading, wanted, start, end, found.now)
    )
    health = log.health()
    error = first.error or frames.error
    lines = None
    if tab == "logs" and tail is not None:
        try:
            lines = known.get("lines", lambda: list(tail.lines())).value
        except StoreError as gone:
            lines, error = (), str(gone)
    errors, overhead, providers, trouble = _of_log(log, scope, where, tab)
    return SystemPage(
        vitals=found,
        services=all_services(found, health, first.age, error),
        frames=frames.value,
        store=server,
        age=max(first.age, frames.age),
        error=error,
        errors=errors,
        overhead=overhead,
        log=health,
        providers=providers,
        lines=lines,
        bad_lines=tail.rejected if tail is not None else 0,
        trouble=trouble,
        rejected=found.rejected + sum(one.rejected for one in frames.value.values()),
    )


def _of_log(log: RequestLog, scope: Scope, where: Filter, tab: str) -> tuple[Kpi, Kpi, Series | None, str]:
    """The share of errors, the overhead, the providers where the tab shows them, and why they are unknown."""
    try:
        providers = _providers(log, scope, where) if tab == "services" else None
        return _errors(log, scope, where), _overhead(log, scope, where), providers, ""
    except StoreError as gone:
        why = str(gone)
        return _unknown("error_rate", why), _unknown("overhead_ms_p95", why), None, why


def _errors(log: RequestLog, scope: Scope, where: Filter) -> Kpi:
    """The share of requests that did not end well, of all that ended; cancelled ones are left out."""
    rate = cards(log, scope, where, _ERRORS)[1]

    def rest(value: float | int | None) -> float | None:
        return None if value is None else 1 - value

    return replace(
        rate,
        name="system_error_rate",
        value=rest(rate.value),
        before=rest(rate.before),
        good="down",
        trend=tuple(rest(one) for one in rate.trend),
    )


def _overhead(log: RequestLog, scope: Scope, where: Filter) -> Kpi:
    """The 95th percentile of what the gateway itself adds to the provider's time."""
    now, before = (
        distributions.percentiles(log, scope, asked, "overhead_ms", (95,))[None][0]
        for asked in (where, where.during(where.period.previous()))
    )
    reason = "" if now is not None else "not recorded by the gateway"
    return Kpi("system_overhead_ms_p95", "", now, "ms", before, "down", reason)


def _unknown(name: str, reason: str) -> Kpi:
    return Kpi(f"system_{name}", "", None, "count", reason=reason)


def _providers(log: RequestLog, scope: Scope, where: Filter) -> Series:
    bucket = choose_bucket(where.period, MAX_FRAMES)
    measures = ("requests", "success", "cancelled", "latency_ms_p95", "success_rate")
    return log.series(scope, where, ["provider"], bucket, measures)
