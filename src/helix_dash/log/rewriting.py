"""How the fold performs a recomputation of costs: a few segments per step, each replaced in one fenced commit.

The job and its tally are two keys of the shard. What was looked at is known to the leading fold only: whoever takes over
looks again, which changes nothing, for a request that has a cost is not unpriced any more.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pyarrow as pa
import redis

from helix_dash.errors import UnknownFormat
from helix_dash.log.repricing import Job, Tally, open_cells, repriced, unpriced_cells
from helix_dash.log.segment import Segment
from helix_dash.log.shard import Change, Noted, Shard, seal

LOOKING = 0.2
"""Seconds after which a step that found nothing to change ends."""

SETTLED = 10**6
"""Microseconds after a job's ``until`` before which more requests of then may come in."""

FAILED = "It failed; why is in the collector's log. What was done until then stays done."

_log = logging.getLogger("helix_dash.fold")
_JOB, _TALLY = msgspec.json.Decoder(Job), msgspec.json.Decoder(Tally)


@dataclass(slots=True)
class Walk:
    """A recomputation as the leading fold knows it.

    Args:
        packed: the job as it stands in the store.
        looked: the segments that were looked at → unpriced requests of the job that stay so in each.
    """

    packed: bytes
    job: Job
    tally: Tally
    looked: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Rewritten:
    """One step of a walk: what to commit, and what is true once that happened.

    Args:
        changed: the requests that got a cost or lost it.
        looked: the segments that were looked at in it, as in :class:`Walk`.
    """

    change: Change
    tally: Tally
    looked: dict[str, int]
    changed: pa.Table | None = None


def pack(value: Job | Tally) -> bytes:
    """As the store keeps it."""
    return msgspec.json.encode(value)


def opened(noted: Noted) -> tuple[Job | None, Tally | None]:
    """The job that is asked for and what was done of the last one; ``None`` for what is not there or unreadable."""
    return _read(_JOB, noted.asked), _read(_TALLY, noted.done)


def _read(decoder: Any, packed: bytes | None) -> Any:
    try:
        return decoder.decode(packed) if packed else None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def walk_of(known: Walk | None, noted: Noted) -> Walk | None:
    """The walk that ``noted`` asks for, which may be the ``known`` one; ``None`` when nothing is to be done."""
    if known is not None and known.packed == noted.asked:
        return None if known.tally.over else known
    job, tally = opened(noted)
    if job is None or noted.asked is None or (tally is not None and tally.id == job.id and tally.over):
        return None
    mine = tally if tally is not None and tally.id == job.id else Tally(job.id)
    return Walk(noted.asked, job, mine)


def advance(walk: Walk, shard: Shard, manifest: Mapping[str, Segment], now: int) -> Rewritten:
    """The next step: looks at segments until one changes or :data:`LOOKING` is over.

    Args:
        now: the store's clock; all that had arrived by then is in ``manifest``.
    """
    try:
        step = _looked_on(walk, shard, manifest, now)
    except (redis.RedisError, UnknownFormat):
        raise
    except Exception:  # one job that nobody foresaw must not stop the log
        _log.exception("The recomputation of costs %s failed", walk.job.id)
        tally = msgspec.structs.replace(walk.tally, over=True, failed=FAILED)
        return Rewritten(Change(noted=pack(tally)), tally, {})
    step.tally = _counted(walk, manifest, now, step)
    step.change.noted = pack(step.tally)
    return step


def _looked_on(walk: Walk, shard: Shard, manifest: Mapping[str, Segment], now: int) -> Rewritten:
    began = time.monotonic()
    step = Rewritten(Change(), walk.tally, {})
    for segment in _due(walk, manifest):
        if _replaced(walk.job, shard, segment, now, step) or time.monotonic() - began > LOOKING:
            break
    return step


def _due(walk: Walk, manifest: Mapping[str, Segment]) -> list[Segment]:
    return [one for one in _concerned(walk, manifest) if one.id not in walk.looked]


def _concerned(walk: Walk, manifest: Mapping[str, Segment]) -> list[Segment]:
    """The segments that may hold requests of the job, the oldest first."""
    mine = [segment for segment in manifest.values() if segment.min_ingested <= walk.job.until]
    return sorted(mine, key=lambda segment: segment.id)


def _replaced(job: Job, shard: Shard, segment: Segment, now: int, step: Rewritten) -> bool:
    """Look at ``segment``; whether ``step`` now replaces it."""
    cube = shard.cube(segment)
    if segment.expired:
        step.looked[segment.id] = 0 if cube is None else unpriced_cells(cube, job)
        return False
    rows = shard.rows(segment) if cube is None or open_cells(cube, job) else None
    if rows is None:
        step.looked[segment.id] = 0
        return False
    found = repriced(rows.combine_chunks(), job)
    if not found.changed.num_rows:
        step.looked[segment.id] = found.left
        return False
    sealed = seal(found.rows, level=segment.level, now=now)
    step.change.removed.append(segment.id)
    step.change.added.append(sealed)
    step.looked[sealed.segment.id] = found.left
    step.changed, step.tally = found.changed, step.tally.plus(found.changed)
    return True


def _counted(walk: Walk, manifest: Mapping[str, Segment], now: int, step: Rewritten) -> Tally:
    """The tally of ``step`` with how far the walk is after it."""
    looked = walk.looked | step.looked
    after = {one.id: one for one in _concerned(walk, manifest) if one.id not in step.change.removed}
    after |= {sealed.segment.id: sealed.segment for sealed in step.change.added}
    seen = [one for one in after.values() if one.id in looked]
    over = len(seen) == len(after) and now > walk.job.until + SETTLED
    left, expired = (sum(looked[one.id] for one in seen if one.expired is gone) for gone in (False, True))
    return msgspec.structs.replace(
        step.tally, looked=len(seen), of=len(after), over=over, left=left, expired=expired
    )
