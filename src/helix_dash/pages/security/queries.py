"""What the Security page asks: of the log's single requests, once per state of the log; and of our store five commands,
whatever the range and however many incidents there are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

import redis

from helix_dash.log.buckets import bucket_starts, choose_bucket
from helix_dash.log.query import Bucket, LogHealth, RequestLog
from helix_dash.metrics import compliance as controls
from helix_dash.metrics.compliance import Compliance, compliance
from helix_dash.metrics.guardrails import Guarded, guarded
from helix_dash.metrics.incident_counts import Counts, in_list, in_log
from helix_dash.metrics.incident_states import MOST_READ, Handled, handled
from helix_dash.metrics.incidents import SOURCES, Incident, Source, of_entry, of_row
from helix_dash.model import Filter, Kpi, Scope, us_from_utc
from helix_dash.redaction.rules import Rules, rules
from helix_dash.samples import answers
from helix_dash.samples.answers import Answer
from helix_dash.samples.sources import CHAIN, CONTROLS, GATEWAY, INCIDENTS
from helix_dash.samples.sources import SETTINGS as GATEWAY_SETTINGS
from helix_dash.settings import Settings

MAX_BARS = 120
HOUR = 3_600_000_000
OPEN, ALL = "open", "all"
STATES = (OPEN, "acknowledged", "resolved", "false_positive", ALL)
"""What the table of incidents may be narrowed to."""


@dataclass(frozen=True, slots=True)
class GatewayList:
    """The gateway's own list of incidents, as the collector keeps it.

    Args:
        answer: its last answer; ``None`` when nobody ever asked.
        entries: as kept; ``None`` when they are not the asker's to see, or were never read.
        incidents: the same in the common form.
        left_out: what could not be read: reason → how many.
        length: how many entries there are in all.
        hidden: whether it is there and the asker may not see it: it names no organizations.
        hourly: how many incidents an hour the gateway's own settings call too many; ``None`` when they do not say.
    """

    answer: Answer | None = None
    entries: tuple[Mapping[str, Any], ...] | None = None
    incidents: tuple[Incident, ...] = ()
    left_out: Mapping[str, int] | None = None
    length: int | None = None
    hidden: bool = False
    hourly: float | None = None


@dataclass(frozen=True, slots=True)
class SecurityPage:
    """Everything the page shows.

    Args:
        source: which incidents are counted.
        bucket: the width of a bucket.
        starts: when each begins, epoch milliseconds.
        counts: the incidents of the period.
        guarded: what guardrails did in it.
        kpis: the cards' figures.
        handled: what was done about incidents of the period.
        listed: the gateway's list.
        rules: how texts are masked.
        compliance: the score and its controls.
        most_hourly: the most incidents of one hour; ``None`` when hours are not told apart.
        unfinished: whether the last bucket is still filling.
    """

    source: Source
    bucket: Bucket
    starts: tuple[int, ...]
    counts: Counts
    guarded: Guarded
    kpis: tuple[Kpi, ...]
    handled: Mapping[str, Handled]
    listed: GatewayList
    rules: Rules
    compliance: Compliance
    most_hourly: int | None
    unfinished: bool

    def status(self, incident: Incident) -> Handled:
        """How an incident stands."""
        return self.handled.get(incident.id) or Handled(incident.at)


def security(
    log: RequestLog,
    store: redis.Redis,
    scope: Scope,
    where: Filter,
    *,
    source: str | None,
    zone: tzinfo,
    now: datetime,
    settings: Settings,
) -> SecurityPage:
    """The page's figures of ``where``.

    Args:
        source: ``log`` or ``list``: whose incidents are counted; else the log's, and without any there the list's.
        zone: where days begin.
        now: the present instant.

    Raises:
        StoreUnavailable: the store did not answer.
        BadQuery: a condition names a value its column cannot hold.
    """
    moment, listed = us_from_utc(now), gateway_list(store, scope)
    bucket = choose_bucket(where.period, MAX_BARS)
    starts = _starts(where, bucket, zone)
    of_log = in_log(log, scope, where, starts)
    chosen = _chosen(source, of_log, listed, log.health())
    counts = of_log if chosen == "log" else in_list(listed.incidents, where, starts)
    earlier = where.during(where.period.previous())
    before_starts = _starts(earlier, bucket, zone)
    past = in_log(log, scope, earlier, before_starts) if chosen == "log" else in_list(listed.incidents, earlier, before_starts)  # fmt: skip
    ran, ran_before = guarded(log, scope, where, starts), guarded(log, scope, earlier, before_starts)
    done = handled(store, us_from_utc(where.period.start), us_from_utc(where.period.end))
    mine = {name: one for name, one in done.items() if name in counts.ids}
    held = compliance(_controls(log.health(), store, counts, mine, listed, settings, moment))
    return SecurityPage(
        source=chosen,
        bucket=bucket,
        starts=tuple(start // 1000 for start in starts),
        counts=counts,
        guarded=ran,
        kpis=_kpis(
            counts,
            past,
            ran,
            ran_before,
            mine,
            held,
            known=_known(log.health(), listed, chosen),
            silent=_known(log.health(), listed, "log"),
        ),
        handled=mine,
        listed=listed,
        rules=rules(store),
        compliance=held,
        most_hourly=_hourly(counts),
        unfinished=bool(starts) and us_from_utc(where.period.end) >= moment,
    )


def _chosen(asked: str | None, of_log: Counts, listed: GatewayList, health: LogHealth) -> Source:
    """What was asked for; else the log, and without anything recorded there, the list."""
    for one in SOURCES:
        if one == asked:
            return one
    return "list" if not of_log.total and listed.incidents and not health.rows else "log"


def _starts(where: Filter, bucket: Bucket, zone: tzinfo) -> tuple[int, ...]:
    start, end = us_from_utc(where.period.start), us_from_utc(where.period.end)
    return bucket_starts(start, end, bucket, zone, 10 * MAX_BARS) or (start,)


def gateway_list(store: redis.Redis, scope: Scope) -> GatewayList:
    """The gateway's list, in one command; of people of one organization it is kept: it names none.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    found = answers.some(store, GATEWAY, INCIDENTS, GATEWAY_SETTINGS)
    answer, told = found.get(INCIDENTS), found.get(GATEWAY_SETTINGS)
    alerts = told.body.get("alerts") if told and isinstance(told.body, dict) else None
    hourly = alerts.get("pii_incidents_hourly") if isinstance(alerts, dict) else None
    if scope.organization is not None:
        return GatewayList(answer, hidden=True, hourly=hourly)
    if answer is None or not isinstance(answer.body, dict):
        return GatewayList(answer, hourly=hourly)
    entries = tuple(one for one in answer.body.get("found") or () if isinstance(one, dict) and "id" in one)
    return GatewayList(
        answer,
        entries,
        tuple(of_entry(one) for one in entries),
        answer.body.get("left_out") or {},
        answer.body.get("length"),
        hourly=hourly,
    )


def _known(health: LogHealth, listed: GatewayList, source: Source) -> str:
    """Why nothing can be told of ``source``; empty when something can."""
    if source == "log":
        return "" if health.rows else "nothing recorded yet"
    if listed.hidden:
        return "not yours to see"
    return "" if listed.entries is not None else "the list was not read yet"


def _controls(
    health: LogHealth,
    store: redis.Redis,
    counts: Counts,
    mine: Mapping[str, Handled],
    listed: GatewayList,
    settings: Settings,
    now: int,
) -> list[controls.Control]:
    limit = now - controls.TARGET_HOURS * HOUR
    closed = sum(1 for one in mine.values() if not one.is_open and one.at is not None and one.at < limit)
    chain = answers.some(store, CONTROLS, CHAIN).get(CHAIN)
    stores = dict.fromkeys((settings.log_redis_url, settings.redis_url))
    return [
        controls.redaction(counts),
        controls.raw_text(listed.entries),
        controls.age(counts, closed, now),
        controls.retention(health, settings.log_retention_days, now),
        controls.audit(chain, now),
        controls.transport(settings.base_url, list(stores)),
    ]


def _kpis(
    counts: Counts,
    past: Counts,
    ran: Guarded,
    before: Guarded,
    mine: Mapping[str, Handled],
    held: Compliance,
    *,
    known: str,
    silent: str,
) -> tuple[Kpi, ...]:
    closed = sum(not one.is_open for one in mine.values())
    waits = [one.waited for one in mine.values() if one.waited is not None]
    top = next(iter(counts.values), None)
    some = f" at least: the newest {MOST_READ:,} that people handled" if len(mine) >= MOST_READ else ""
    no_guardrail = "" if ran.evaluated else "no guardrail ran"
    trend = (
        tuple(sum(line) for line in zip(*counts.by_action.values(), strict=True)) if counts.by_action else ()
    )
    return (
        Kpi("security_open", "Incidents open", None if known else counts.total - closed, "count", None, "down", known, note=f"of {counts.total:,} in this range{some}"),
        Kpi("security_evaluated", "Guardrail evaluations", None if silent else ran.evaluated, "count", before.evaluated, "none", silent, trend=ran.evaluations),
        Kpi("security_blocked", "Blocked", ran.refused if ran.evaluated else None, "count", before.refused if before.evaluated else None, "none", no_guardrail),
        Kpi("security_score", "Compliance score", held.score, "count", None, "up", "no control is assessed", note=f"{held.assessed} of {len(held.controls)} controls assessed"),
        Kpi("security_incidents", "Incidents", None if known else counts.total, "count", None if known else past.total, "down", known, trend=trend),
        Kpi("security_pass_rate", "Pass rate", ran.pass_rate, "ratio", before.pass_rate, "up", no_guardrail),
        Kpi("security_added_ms", "Added latency, mean", ran.added_ms, "ms", before.added_ms, "down", "no guardrail says how long it took"),
        Kpi("security_guardrails", "Active guardrails", ran.names or None, "count", before.names or None, "none", "no guardrail is named"),
        Kpi("security_acknowledged_ms", "Time to acknowledge", sum(waits) / len(waits) / 1000 if waits else None, "ms", None, "down", "none acknowledged yet", note=f"mean of {len(waits):,}"),
        Kpi("security_top", "Top entity, values", counts.values[top] if top else None, "count", None, "none", known or "none found", note=top or ""),
    )  # fmt: skip


def _hourly(counts: Counts) -> int | None:
    """The most incidents within one clock hour of UTC."""
    if not len(counts.times):
        return None
    hours: dict[int, int] = {}
    for moment in (counts.times // HOUR).tolist():
        hours[moment] = hours.get(moment, 0) + 1
    return max(hours.values())


def listed_as(found: SecurityPage, state: str) -> Sequence[Incident]:
    """The newest incidents that stand as ``state`` says."""
    if state == ALL:
        return found.counts.newest
    return [one for one in found.counts.newest if found.status(one).status == state]


def incident(log: RequestLog, store: redis.Redis, scope: Scope, identity: str) -> Incident | None:
    """The incident ``identity``; ``None`` when it is not there, or outside ``scope``.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    kind, _, name = identity.partition(":")
    if kind == "log":
        row = log.one(scope, name)
        return None if row is None else of_shown(row)
    listed = gateway_list(store, scope)
    return next((one for one in listed.incidents if one.id == identity), None)


def of_shown(row: Mapping[str, Any]) -> Incident:
    """A row as the log shows it, as an incident."""
    producer, _, sequence = str(row["row_id"]).rpartition("-")
    at = us_from_utc(datetime.fromisoformat(str(row["time"])))
    return of_row({**row, "time": at, "producer": producer, "seq": int(sequence)})
