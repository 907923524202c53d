"""The fold: turns what arrived in the last second into a segment, exactly once, on whichever collector leads.

One step reads the stream behind the cursor, decodes and sifts it, seals a segment, and commits segment, cursor,
producers, counters and coverage in one fenced transaction. Whatever fails or dies before the commit left
nothing behind; whatever comes after it has already happened. So after any trouble the fold forgets what it
knows and takes the state over from the store again.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import redis

from helix_dash.errors import FoldFenced, StoreUnavailable, UnknownFormat
from helix_dash.log import compaction, coverage, rewriting
from helix_dash.log.decode import SKEW, Arrivals, read_entries
from helix_dash.log.gateway_keys import GatewayKeys
from helix_dash.log.recent import MOST_CALLS, WINDOW, RecentCalls, Sifted
from helix_dash.log.retention import Retention
from helix_dash.log.rewriting import Walk
from helix_dash.log.shard import Change, Noted, Shard, State, seal
from helix_dash.store import shown_url

INTERVAL = 0.5
"""Seconds from the beginning of one step to that of the next, when the fold is not behind."""
STANDBY = 0.25
"""Seconds between two looks of a fold that does not lead: when the leader dies, its lease ends within 3 seconds."""

HEARTBEAT = 10**6
"""Microseconds between two signs of life when nothing arrives."""

PRODUCER_KEPT_MS = 7 * 24 * 3600 * 1000
"""After this a silent producer is forgotten; recorders come back under a new id after one silent day."""

_log = logging.getLogger("helix_dash.fold")


class Step(NamedTuple):
    """What one step did.

    Args:
        folded: records that became rows.
        behind: stream entries that still wait (0 or more; exact only when 0).
        leader: whether this fold leads; another one does the work when it does not.
    """

    folded: int
    behind: int
    leader: bool


@dataclass(slots=True)
class _Lead:
    """What a leading fold knows; forgotten on any trouble."""

    state: State
    calls: RecentCalls = field(default_factory=RecentCalls)
    alive_since: int = 0
    last_step: int = 0
    last_heartbeat: int = 0
    walk: Walk | None = None


class Fold:
    """Folds one shard of the log at ``url``.

    Args:
        retention: when rows leave; their cubes stay 400 days.
        owner: this fold's name in the lease; made up when not given.
        gateway: writes the gateway's own counters too.
        pause: called with the name of the step that was just done: ``read``, ``decoded``, ``sealed``,
            ``committed``, ``published``; ``tidied`` before a merge commits, ``repriced`` before a step of a
            recomputation does. For tests that stop or kill the
            process there.
    """

    def __init__(
        self,
        url: str,
        *,
        shard: int = 0,
        retention: Retention,
        owner: str | None = None,
        gateway: GatewayKeys | None = None,
        pause: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.owner = owner or f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._shown_url = shown_url(url)
        self._shard = Shard(url, shard)
        self._retention = retention
        self._gateway = gateway
        self._pause = pause
        self._lead: _Lead | None = None

    def run(self, stop: threading.Event) -> None:
        """Step twice a second, at once while behind, until ``stop``; survives outages of the store."""
        warned = float("-inf")
        while not stop.is_set():
            began = time.monotonic()
            wait = INTERVAL
            try:
                step = self.step()
                if step.behind:
                    wait = 0.0
                elif not step.leader:
                    wait = STANDBY
            except (StoreUnavailable, UnknownFormat) as error:
                if time.monotonic() - warned > 60:
                    warned = time.monotonic()
                    _log.warning("%s", error)
            stop.wait(max(0.0, wait - (time.monotonic() - began)))
        self.close()

    def close(self) -> None:
        """Give up the lead, so that another fold can take over at once."""
        self._lead = None
        try:
            self._shard.release(self.owner)
        except redis.RedisError as error:
            _log.info("the lease was left to expire: %s", error)

    def step(self, limit: int = 5_000) -> Step:
        """Fold up to ``limit`` stream entries, if this fold leads; else nothing.

        Raises:
            StoreUnavailable: the store did not answer, or refused; nothing is lost, the next step goes on.
        """
        try:
            leads, now, noted = self._shard.lead(self.owner)
            if not leads:
                self._lead = None
                return Step(0, 0, False)
            if self._lead is None:
                self._lead = self._take_over(now)
                noted = self._shard.noted()  # who led before may have committed since it was read
            lead = self._lead
            return self._step(lead, limit, now, noted)
        except FoldFenced as error:
            self._lead = None
            _log.info("%s", error)
            return Step(0, 0, False)
        except redis.RedisError as error:
            self._lead = None
            raise StoreUnavailable(f"{self._shown_url} does not take the fold: {error}") from error
        except BaseException:
            self._lead = None
            raise

    def _take_over(self, now: int) -> _Lead:
        state = self._shard.take_over()
        lead = _Lead(state, alive_since=coverage.alive_since(state.coverage, now), last_step=now)
        tables: list[pa.Table] = []
        newest_first = sorted(state.manifest.values(), key=lambda segment: -segment.max_ingested)
        for segment in newest_first:
            if segment.max_ingested < now - WINDOW or sum(table.num_rows for table in tables) > MOST_CALLS:
                break
            rows = None if segment.expired else self._shard.rows(segment)
            if rows is not None:
                tables.append(rows)
        lead.calls.remember(reversed(tables))
        return lead

    def _step(self, lead: _Lead, limit: int, now: int, noted: Noted) -> Step:
        state, began = lead.state, time.monotonic()
        if now - lead.last_step > coverage.LONGEST_SILENCE:
            lead.alive_since = now
        lead.last_step = now
        entries, behind = self._shard.read(state.cursor, limit)
        self._pause("read")
        arrivals = read_entries(entries, state.producers)
        sifted = lead.calls.sift(arrivals.rows)
        self._pause("decoded")
        change = self._sealed(state, arrivals, sifted, now)
        change.cursor = entries[-1][0].decode() if entries else None
        if not behind and (entries or now - lead.last_heartbeat >= HEARTBEAT):
            alive = [(lead.alive_since, now), *arrivals.vouched]
        else:
            alive = arrivals.vouched
        if alive:
            change.coverage = coverage.recent(coverage.united(state.coverage, alive), now)
        change.caught_up = not behind
        self._pause("sealed")
        if entries or change.coverage is not None:
            change.heartbeat = lead.last_heartbeat = now
            change.gauges = _gauges(entries, change.counters, now, time.monotonic() - began)
            self._commit(state, change)
        if not behind:
            lead.walk = rewriting.walk_of(lead.walk, noted)
            self._tidy(state, now, lead.walk)
        elif _is_crowded(state):
            self._tidy(state, now, None)
        return Step(sifted.rows.num_rows, behind, True)

    def _sealed(self, state: State, arrivals: Arrivals, sifted: Sifted, now: int) -> Change:
        change, gone = compaction.without(self._shard, state.manifest, sifted.poorer, now)
        if sifted.rows.num_rows:
            change.added.append(seal(sifted.rows, level=0, now=now))
        change.producers = arrivals.producers
        change.rejections = arrivals.rejections
        change.counters = _counters(arrivals, sifted, sum(rows.num_rows for rows in gone))
        if self._gateway and (sifted.rows.num_rows or gone):
            change.beside = self._gateway.queue(sifted.rows, gone)
        return change

    def _commit(self, state: State, change: Change) -> None:
        beside = change.beside
        if self._gateway and not self._gateway.same_store:
            change.beside = None
        self._shard.commit(state, change)
        self._pause("committed")
        if change.is_new_version:
            self._shard.publish(state)
            self._pause("published")
        if self._gateway and beside and not self._gateway.same_store:
            try:
                self._gateway.write(beside)
            except StoreUnavailable as error:
                _log.warning(
                    "the gateway's counters missed %d rows: %s", change.counters.get("folded", 0), error
                )

    def _tidy(self, state: State, now: int, walk: Walk | None) -> None:
        """At most one piece of housekeeping, so that the next records need not wait for long."""
        group = compaction.mergeable(state.manifest.values())
        if walk is not None and not group:  # before rows expire: those can be given a cost no more
            self._reprice(state, now, walk)
            return
        change = (
            compaction.merge(self._shard, group, now)
            if group
            else compaction.expire(self._shard, state.manifest, self._retention, now)
        )
        silent = [name for name, (_, at) in state.producers.items() if at < now // 1000 - PRODUCER_KEPT_MS]
        if silent:
            change = change or Change()
            change.forgotten = silent
        if change:
            self._pause("tidied")
            self._commit(state, change)

    def _reprice(self, state: State, now: int, walk: Walk) -> None:
        """One step of a recomputation of costs."""
        step = rewriting.advance(walk, self._shard, state.manifest, now)
        if self._gateway and step.changed is not None:
            step.change.beside = self._gateway.queue_spending(step.changed, -1 if walk.job.back else 1)
        self._pause("repriced")
        self._commit(state, step.change)
        walk.tally = step.tally
        walk.looked |= step.looked


def _counters(arrivals: Arrivals, sifted: Sifted, replaced: int) -> dict[str, int]:
    """What to add to the log's statistics."""
    lag = sifted.rows["ingested"].to_numpy() - sifted.rows["time"].to_numpy()
    counters = {
        "folded": sifted.rows.num_rows,
        "duplicates": arrivals.duplicates + sifted.duplicates,
        "dropped": arrivals.dropped,
        "replaced": replaced,
        "skewed": int(np.count_nonzero(lag < -SKEW)),
        "late": int(np.count_nonzero(lag > SKEW)),
        "rejected": len(arrivals.rejections),
    }
    for rejection in arrivals.rejections:
        name = f"rejected:{rejection.reason}"
        counters[name] = counters.get(name, 0) + 1
    return {name: count for name, count in counters.items() if count}


def _gauges(
    entries: Sequence[tuple[bytes, Any]], counters: Mapping[str, int], now: int, elapsed: float
) -> dict[str, int]:
    """How long the oldest of ``entries`` has waited to become readable, and when something was last lost.

    Args:
        now: when the step began, in microseconds by the store's clock, which also stamped the entries.
        elapsed: seconds since then.
    """
    gauges = {f"{name}_at": now for name in ("dropped", "rejected") if counters.get(name)}
    if entries:
        recorded = int(entries[0][0].partition(b"-")[0]) * 1000
        gauges |= {"lag": max(0, now + round(elapsed * 10**6) - recorded), "lag_at": now}
    return gauges


def _is_crowded(state: State) -> bool:
    return sum(1 for segment in state.manifest.values() if segment.level == 0) >= compaction.CROWDED
