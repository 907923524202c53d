"""What the loader tells readers: which loads, together, are the log at one version of its manifest."""

from __future__ import annotations

import msgspec
import pyarrow as pa

from helix_dash.log.clickhouse.database import Bound, Database
from helix_dash.log.clickhouse.tables import NOTES
from helix_dash.log.coverage import Interval
from helix_dash.log.segment import Segment


class Load(msgspec.Struct, frozen=True, array_like=True):
    """A segment whose rows were inserted and counted. Times are microseconds."""

    number: int
    rows: int
    min_time: int
    max_time: int
    max_ingested: int

    @classmethod
    def of(cls, segment: Segment, number: int) -> Load:
        return cls(number, segment.rows, segment.min_time, segment.max_time, segment.max_ingested)


class Note(msgspec.Struct, frozen=True):
    """The log as of one look at the store.

    Args:
        taken: the store's clock at that look, microseconds; of two notes the later one holds.
        writer: the loader that wrote it.
        manifest: a digest of the listed segments' ids; "" while the very first loading goes on.
        loads: segment id → its load; all of them, and only they, are the rows of the log.
        ready: the same for segments that count only once the loading under way is complete.
        cubes: the segments of which only the cube is left.
        retired: loads that no longer count → since when, microseconds; readers may still be in them.
        coverage, stats, behind: as the store had them.
        lost_rows: rows of listed segments that the store has lost.
        bytes: what all segments take in the store.
    """

    taken: int = 0
    writer: str = ""
    manifest: str = ""
    loads: dict[str, Load] = {}
    ready: dict[str, Load] = {}
    cubes: tuple[str, ...] = ()
    retired: dict[int, int] = {}
    coverage: tuple[Interval, ...] = ()
    stats: dict[str, int] = {}
    behind: int = 0
    lost_rows: int = 0
    bytes: int = 0


def newest(database: Database, *, after: int = 0, besides: str = "") -> Note | None:
    """The newest note; ``None`` when it was not taken after ``after``, or was written by ``besides``."""
    bound = Bound()
    found = database.ask(
        f"SELECT taken, if(writer = {bound(besides, 'String')}, '', note) AS note FROM {NOTES} "
        "ORDER BY taken DESC LIMIT 1",
        bound,
    ).to_pylist()
    if not found or found[0]["taken"] <= after or not found[0]["note"]:
        return None
    return msgspec.json.decode(found[0]["note"], type=Note)


def write(database: Database, note: Note) -> None:
    """Make ``note`` the one that holds, unless a later one is there. One row: it is there whole or not at all."""
    text = msgspec.json.encode(note).decode()
    database.insert(
        NOTES,
        pa.table({"taken": pa.array([note.taken], pa.int64()), "writer": [note.writer], "note": [text]}),
    )
