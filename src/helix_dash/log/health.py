"""How fresh and how complete the log is, for banners and health checks."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from helix_dash.log.mirror import MirrorState
from helix_dash.log.view import View

STALE = 10.0
"""Seconds without an answer of the store after which it counts as away."""

LATELY = 600 * 10**6
"""Microseconds for which a measured lag says something about now."""


@dataclass(frozen=True, slots=True)
class LogHealth:
    """What stands between a viewer and the newest figures.

    Args:
        store_ok: whether the store answered lately.
        error: why not, in a sentence; "" when it did.
        age: seconds since the store last answered this process; ``None`` when it never did.
        as_of: the instant up to which the log is complete, epoch microseconds; ``None`` when unknown.
        heartbeat: the fold's last sign of life by the store's clock, epoch microseconds.
        behind: stream entries that wait for the fold.
        lag: seconds that the oldest of the newest records waited between the store and the log; ``None`` when
            nothing came lately.
        dropped: records that recorders had to drop: numbers missing between those that arrived.
        dropped_at: when the last of them was missed, epoch microseconds; ``None`` when unknown.
        rejected: records that broke the schema.
        rejected_at: when the last of them came, epoch microseconds; ``None`` when unknown.
        rejected_reasons: rejected records by reason.
        lost_rows: rows that the store has lost.
        without_space: rows that this host answers from totals because its folder is full.
        segments: segments whose rows are readable here.
        rows: rows readable here.
        oldest: the event time of the oldest one, epoch microseconds; ``None`` without rows.
        bytes: what the log's segments take in the store.
        newest: when the store received the newest record readable here, epoch microseconds; ``None`` without rows.
    """

    store_ok: bool
    error: str = ""
    age: float | None = None
    as_of: int | None = None
    heartbeat: int | None = None
    behind: int = 0
    lag: float | None = None
    dropped: int = 0
    dropped_at: int | None = None
    rejected: int = 0
    rejected_at: int | None = None
    rejected_reasons: dict[str, int] = field(default_factory=dict)
    lost_rows: int = 0
    without_space: int = 0
    segments: int = 0
    rows: int = 0
    oldest: int | None = None
    bytes: int = 0
    newest: int | None = None


def health(mirror: View, state: MirrorState | None) -> LogHealth:
    """The health of the log as ``mirror`` knows it."""
    error = mirror.error or ""
    if state is None:
        return LogHealth(store_ok=False, error=error or "The log has not been read yet.")
    age, stats = time.monotonic() - state.synced, state.stats
    segments = [mapped.segment for mapped in state.segments]
    return LogHealth(
        store_ok=not error and age < STALE,
        error=error,
        age=age,
        as_of=state.as_of,
        heartbeat=stats.get("heartbeat"),
        behind=state.behind,
        lag=_lag(stats),
        dropped=stats.get("dropped", 0),
        dropped_at=stats.get("dropped_at"),
        rejected=stats.get("rejected", 0),
        rejected_at=stats.get("rejected_at"),
        rejected_reasons={
            name.removeprefix("rejected:"): count
            for name, count in stats.items()
            if name.startswith("rejected:")
        },
        lost_rows=state.lost_rows + stats.get("lost_rows", 0),
        without_space=state.without_space,
        segments=len(segments),
        rows=sum(segment.rows for segment in segments),
        oldest=min((segment.min_time for segment in segments), default=None),
        bytes=state.bytes,
        newest=max((segment.max_ingested for segment in segments), default=None),
    )


def _lag(stats: Mapping[str, int]) -> float | None:
    if "lag" not in stats or stats.get("heartbeat", 0) - stats["lag_at"] > LATELY:
        return None
    return stats["lag"] / 10**6
