"""What the tests of the reading side share: a log made of given rows, without a store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Any

import pyarrow as pa

from helix_dash.log.coded_cube import CodedCube, code_cube, cube_words
from helix_dash.log.cube import cube_of
from helix_dash.log.mapped import open_segment, write_segment
from helix_dash.log.mirror import MirrorState
from helix_dash.log.query import RequestLog
from helix_dash.log.segment import ROW_KEY, ROW_SCHEMA, Segment
from helix_dash.log.vocabulary import Vocabulary
from helix_dash.model import Filter, Period, utc_from_us

SECOND = 10**6
MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 24 * 3600 * SECOND
NOW = 1_795_305_600_000_000  # 2026-11-22 00:00 UTC
PRODUCER = "00000000000000a1"
_sequence = iter(range(1, 10**9))


def row(time: int = NOW - HOUR, **known: Any) -> dict[str, Any]:
    """A stored row in inner units; what is not given is unknown."""
    given = {
        "time": time,
        "status": "success",
        "organization": "default",
        "source": "test",
        "ingested": time,
        "skewed": False,
        "producer": PRODUCER,
        "seq": next(_sequence),
    } | known
    return {field.name: given.get(field.name) for field in ROW_SCHEMA}


def table(rows: Sequence[dict[str, Any]]) -> pa.Table:
    """``rows`` as the fold would seal them."""
    found = pa.Table.from_pylist(list(rows), schema=ROW_SCHEMA)
    return found.sort_by([(name, "ascending") for name in ROW_KEY]).combine_chunks()


def segment_of(name: str, rows: pa.Table) -> Segment:
    times, arrived = rows["time"].to_pylist(), rows["ingested"].to_pylist()
    return Segment(name, 0, rows.num_rows, min(times), max(times), min(arrived), max(arrived), 0, 0, "")


class GivenMirror:
    """Stands where the mirror stands, with a state that never changes."""

    def __init__(self, state: MirrorState) -> None:
        self.state = state
        self.error: str | None = None

    def sync(self) -> bool:
        return False


def log_of(
    folder: Path,
    *segments: Sequence[dict[str, Any]],
    expired: Sequence[Sequence[dict[str, Any]]] = (),
    coverage: Sequence[tuple[int, int]] = ((NOW - 400 * DAY, NOW),),
    heartbeat: int = NOW,
    zone: tzinfo = UTC,
    now: int = NOW,
    points: int = 1000,
) -> RequestLog:
    """A log whose segments hold these rows, and whose expired ones have only their cubes left."""
    vocabulary = Vocabulary.create(folder / "vocabulary")
    mapped = []
    for number, rows in enumerate(filter(None, segments)):
        sealed = table(rows)
        segment = segment_of(f"{number:020d}", sealed)
        path = folder / f"{segment.id}.arrow"
        write_segment(path, segment, sealed, vocabulary)
        mapped.append(open_segment(path, segment, vocabulary))
    cubes = [_cube(f"e{number:019d}", table(rows), vocabulary) for number, rows in enumerate(expired)]
    state = MirrorState(
        1,
        1,
        vocabulary,
        tuple(mapped),
        tuple(cubes),
        coverage=tuple(coverage),
        stats={"heartbeat": heartbeat},
    )
    return RequestLog(GivenMirror(state), zone, points, now=lambda: now)  # type: ignore[arg-type]


def _cube(name: str, sealed: pa.Table, vocabulary: Vocabulary) -> CodedCube:
    cube = cube_of(sealed, daily=True)
    vocabulary.add(sorted(cube_words(cube)))
    return code_cube(segment_of(name, sealed), cube, vocabulary)


def period(start: int, end: int) -> Period:
    return Period(utc_from_us(start), utc_from_us(end))


def over(start: int, end: int, *conditions: Any) -> Filter:
    return Filter(period(start, end), tuple(conditions))


LAST_DAY = over(NOW - DAY, NOW)
