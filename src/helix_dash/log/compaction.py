"""Few large segments out of many small ones, and the end of rows and cubes that are too old.

What to do is decided by pure functions over the manifest; each piece of work becomes one :class:`Change`, to be
committed under the same fence as everything else. A segment is never altered: it is replaced.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from helix_dash.log.coverage import KEPT
from helix_dash.log.cube import cube_of, encode_cube, merge_cubes
from helix_dash.log.recent import call_keys
from helix_dash.log.retention import Retention
from helix_dash.log.segment import Segment, merge_rows, new_id
from helix_dash.log.shard import Change, Sealed, Shard, seal

FAN_IN = 8
"""Segments of one level that are worth merging."""

FULL_ROWS, MOST_ROWS = 100_000, 200_000
"""A segment of FULL_ROWS is finished; a merge makes none of more than MOST_ROWS."""

FULL_CUBE, MOST_CUBE = 1_000_000, 2_000_000
"""The same for segments whose rows have expired, in bytes of cube."""

CROWDED = 4 * FAN_IN
"""Fresh segments from which merging may no longer wait until the fold has caught up."""


def mergeable(manifest: Iterable[Segment]) -> list[Segment]:
    """The next segments to merge, neighbours in time; [] when all is well.

    Every row is rewritten at most 17 times in its life, in practice 3 or 4 times, and a log of ``n`` rows has at
    most ``n / FULL_ROWS`` finished segments and ``FAN_IN`` unfinished ones per level.
    """
    levels: dict[tuple[bool, int], list[Segment]] = {}
    for segment in manifest:
        if _weight(segment) < (FULL_CUBE if segment.expired else FULL_ROWS):
            levels.setdefault((segment.expired, segment.level), []).append(segment)
    for (expired, _), crowd in sorted(levels.items()):
        if len(crowd) >= FAN_IN:
            return _prefix(
                sorted(crowd, key=lambda segment: segment.min_time), MOST_CUBE if expired else MOST_ROWS
            )
    return []


def _weight(segment: Segment) -> int:
    return segment.cube_bytes if segment.expired else segment.rows


def _prefix(segments: list[Segment], most: int) -> list[Segment]:
    chosen, weight = [], 0
    for segment in segments:
        weight += _weight(segment)
        if weight > most:
            break
        chosen.append(segment)
    return chosen


def merge(shard: Shard, group: list[Segment], now: int) -> Change:
    """One segment in place of ``group``. Rows that the store has lost are counted as ``lost_rows``."""
    change = Change(removed=[segment.id for segment in group])
    level = group[0].level + 1
    if group[0].expired:
        cubes = [cube for segment in group if (cube := shard.cube(segment)) is not None]
        if cubes:
            change.added = [_expired(encode_cube(merge_cubes(cubes)), group, level, now)]
        return change
    found = [(segment, shard.rows(segment)) for segment in group]
    change.counters = _lost(segment for segment, rows in found if rows is None)
    tables = [rows for _, rows in found if rows is not None]
    if tables:
        change.added = [seal(merge_rows(tables), level=level, now=now)]
    return change


def _expired(cube: bytes, group: list[Segment], level: int, now: int) -> Sealed:
    """A segment of which only the cube remains."""
    segment = Segment(
        id=new_id(now),
        level=level,
        rows=0,
        min_time=min(segment.min_time for segment in group),
        max_time=max(segment.max_time for segment in group),
        min_ingested=min(segment.min_ingested for segment in group),
        max_ingested=max(segment.max_ingested for segment in group),
        bytes=0,
        cube_bytes=len(cube),
        digest="",
        expired=True,
    )
    return Sealed(segment, None, cube)


def _lost(segments: Iterable[Segment]) -> dict[str, int]:
    lost = sum(segment.rows for segment in segments)
    return {"lost_rows": lost} if lost else {}


def expire(shard: Shard, manifest: Mapping[str, Segment], retention: Retention, now: int) -> Change | None:
    """The next step of retention: one segment's old rows out, or its cube; ``None`` when nothing is due.

    Rows leave by whole UTC days. A segment that spans the midnight up to which they leave is split, so that the
    cube of a live segment is always exactly the cube of its rows.
    """
    due = retention.cutoff(manifest.values(), now)
    for segment in manifest.values():
        if segment.expired and segment.max_time < now - KEPT:
            return Change(removed=[segment.id])
        if not segment.expired and segment.min_time < due:
            return _split(shard, segment, due, now)
    return None


def _split(shard: Shard, segment: Segment, due: int, now: int) -> Change:
    change = Change(removed=[segment.id])
    rows = shard.rows(segment)
    if rows is None:
        change.counters = _lost([segment])
        return change
    old = rows.filter(pc.less(rows["time"], due)).combine_chunks()
    young = rows.filter(pc.greater_equal(rows["time"], due)).combine_chunks()
    spent = msgspec.structs.replace(segment, max_time=old["time"][-1].as_py())
    change.added = [_expired(encode_cube(cube_of(old, daily=True)), [spent], 0, now)]
    change.counters = {"expired_rows": old.num_rows}
    if young.num_rows:
        change.added.append(seal(young, level=segment.level, now=now))
    return change


def without(
    shard: Shard, manifest: Mapping[str, Segment], poorer: Mapping[str, int], now: int
) -> tuple[Change, list[pa.Table]]:
    """Segments without the rows of the calls in ``poorer`` (call → its arrival), and the rows that went."""
    change, gone = Change(), []
    calls = pa.array(list(poorer))
    for segment in manifest.values():
        if segment.expired or not any(
            segment.min_ingested <= at <= segment.max_ingested for at in poorer.values()
        ):
            continue
        rows = shard.rows(segment)
        if rows is None:
            continue
        hit = pc.is_in(call_keys(rows), calls)
        if not pc.any(hit).as_py():
            continue
        gone.append(rows.filter(hit))
        change.removed.append(segment.id)
        rest = rows.filter(pc.invert(hit))
        if rest.num_rows:
            change.added.append(seal(rest, level=segment.level, now=now))
    return change, gone
