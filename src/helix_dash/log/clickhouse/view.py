"""This process's view of the log in ClickHouse: what the loader's newest note says, and the words it names."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from helix_dash.errors import HelixError, StoreUnavailable
from helix_dash.log.clickhouse import note as notes
from helix_dash.log.clickhouse.database import Bound, Database
from helix_dash.log.clickhouse.note import Load, Note
from helix_dash.log.clickhouse.tables import CUBES, NOTES, WORDS
from helix_dash.log.coded_cube import CodedCube, code_cube, cube_words
from helix_dash.log.cube import decode_cube
from helix_dash.log.mirror import MirrorState
from helix_dash.log.segment import Segment
from helix_dash.log.vocabulary import Vocabulary


class Words(Vocabulary):
    """The words of the log in this process; their codes mean nothing elsewhere."""

    def __init__(self) -> None:
        super().__init__(Path())
        self._adding = threading.Lock()

    def add(self, words: Iterable[tuple[str, str]]) -> None:
        """Give a code to the ``(column, word)`` pairs that are new."""
        with self._adding:
            for column, word in words:
                self._hold(column, word)


@dataclass(frozen=True, slots=True)
class LoadedState(MirrorState):
    """The log as one note tells; ``segments`` is empty, the rows are those of ``loads``."""

    loads: tuple[Load, ...] = ()

    def over(self, start: int, end: int) -> list[int]:
        """The numbers of the loads that may have rows with ``start <= time < end``."""
        return [load.number for load in self.loads if load.min_time < end and load.max_time >= start]


class LoadedView:
    """Follows the notes of the loader; a :class:`~helix_dash.log.view.View`.

    Args:
        url: the log's store: it only tells when there is something new, and may be away.
    """

    def __init__(self, url: str, database: Database) -> None:
        self.url = url
        self.database = database
        self.state: MirrorState | None = None
        self.error: str | None = None
        self._syncing = threading.Lock()
        self._note = Note()
        self._words = Words()
        self._cubes: dict[str, CodedCube] = {}

    def sync(self) -> bool:
        """Take what the newest note says; whether anything readers see has changed.

        Raises:
            StoreUnavailable: ClickHouse did not answer, or holds no log yet; the last state stays readable.
        """
        with self._syncing:
            try:
                changed = self._sync()
            except HelixError as error:
                self.error = str(error)
                raise
            self.error = None
            return changed

    def _sync(self) -> bool:
        before = cast("LoadedState | None", self.state)
        note = self._newest()
        if note is None:
            if before is None:
                raise StoreUnavailable("ClickHouse holds no log yet: a collector has to load it first.")
            self.state = replace(before, synced=time.monotonic())
            return False
        pulse: dict[str, Any] = {
            "coverage": note.coverage,
            "stats": note.stats,
            "behind": note.behind,
            "synced": time.monotonic(),
        }
        if before is not None and (note.loads, note.cubes) == (self._note.loads, self._note.cubes):
            changed = (before.coverage, before.stats) != (note.coverage, note.stats)
            self.state = replace(before, **pulse)
        else:
            self._read_words()
            changed = True
            self.state = LoadedState(
                generation=before.generation + 1 if before else 1,
                version=note.taken,
                vocabulary=self._words,
                cubes=self._coded(note.cubes),
                lost_rows=note.lost_rows,
                bytes=note.bytes,
                loads=tuple(note.loads.values()),
                **pulse,
            )
        self._note = note
        return changed

    def _newest(self) -> Note | None:
        """A note that this process has not taken yet."""
        if self.state is None:
            there = self.database.ask(f"EXISTS TABLE {NOTES}").column(0).to_pylist()
            if there != [1]:
                return None
        found = notes.newest(self.database, after=self._note.taken)
        return found if found is not None and found.manifest else None

    def _read_words(self) -> None:
        """Add the words since the last note. Those of a load are there before any note names it."""
        bound = Bound()
        new = self.database.ask(
            f"SELECT `column`, word FROM {WORDS} WHERE added > {bound(self._note.taken, 'Int64')}", bound
        )
        self._words.add(zip(new["column"].to_pylist(), new["word"].to_pylist(), strict=True))

    def _coded(self, segments: tuple[str, ...]) -> tuple[CodedCube, ...]:
        """The cubes of ``segments``, in this process's codes."""
        missing = [name for name in segments if name not in self._cubes]
        if missing:
            bound = Bound()
            found = self.database.ask(
                f"SELECT segment, hex(cube) AS cube FROM {CUBES} "
                f"WHERE segment IN {bound(missing, 'Array(String)')} LIMIT 1 BY segment",
                bound,
            )
            for line in found.to_pylist():
                cube = decode_cube(bytes.fromhex(line["cube"]))
                self._words.add(sorted(cube_words(cube)))
                segment = Segment(line["segment"], 0, 0, 0, 0, 0, 0, 0, 0, "", expired=True)
                self._cubes[segment.id] = code_cube(segment, cube, self._words)
        self._cubes = {name: self._cubes[name] for name in segments if name in self._cubes}
        return tuple(self._cubes.values())
