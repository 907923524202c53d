"""The host's copy of the log: what web processes read instead of the store.

All processes of a host share one folder of memory-mapped files, one per segment. Whoever finds a file missing
takes the host's lock and makes it; everybody else maps it. Files appear whole, are never changed, and go by
unlink, so what is mapped stays valid. The store is asked only what is new.
"""

from __future__ import annotations

import logging
import threading
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pyarrow as pa

from helix_dash.errors import HelixError
from helix_dash.log.coded_cube import CodedCube, code_cube, cube_words
from helix_dash.log.coverage import Interval
from helix_dash.log.cube import Cube, decode_cube
from helix_dash.log.durable import locked, private_folder
from helix_dash.log.mapped import (
    FORMAT,
    DamagedFile,
    DamagedVocabulary,
    MappedSegment,
    open_segment,
    write_segment,
)
from helix_dash.log.memory import give_back
from helix_dash.log.segment import ROW_SCHEMA, Segment, decode_rows, digest
from helix_dash.log.source import Mark, Pulse, Source
from helix_dash.log.space import Floor, to_give_up
from helix_dash.log.vocabulary import Vocabulary
from helix_dash.store import reaching, shown_url

LOCK_PATIENCE = 20.0
"""Seconds to wait for another process of this host that makes files; after them the last state is kept."""

ATTEMPTS = 5
"""How often one sync reads the manifest again because segments were merged away under it."""

MANY_ROWS = 50_000
"""Rows from which making their files takes memory that is worth giving back."""

_log = logging.getLogger("helix_dash.mirror")


@dataclass(frozen=True, slots=True)
class MirrorState:
    """The log as of one manifest version, readable as long as anybody holds it.

    Args:
        generation: counts the states of this process; a cache key.
        version: the commits of all shards.
        vocabulary: what the codes in ``segments`` mean.
        segments: the segments whose rows are on this host.
        cubes: the segments of which only the cube is left, or for which this host has no space.
        coverage: when the log is complete.
        stats: the folds' counters.
        behind: stream entries that wait for a fold.
        lost_rows: rows of listed segments that the store has lost.
        without_space: rows that this host answers from cubes because its folder is full.
        bytes: what all segments take in the store.
        synced: when the store last answered: by the monotonic clock, for ages.
    """

    generation: int
    version: int
    vocabulary: Vocabulary
    segments: tuple[MappedSegment, ...] = ()
    cubes: tuple[CodedCube, ...] = ()
    coverage: tuple[Interval, ...] = ()
    stats: dict[str, int] = field(default_factory=dict)
    behind: int = 0
    lost_rows: int = 0
    without_space: int = 0
    bytes: int = 0
    synced: float = 0.0

    @property
    def as_of(self) -> int | None:
        """The instant up to which the log is complete, in microseconds; ``None`` before the fold ever ran."""
        ends = [end for _, end in self.coverage]
        heartbeat = self.stats.get("heartbeat")
        return min(max(ends), heartbeat) if ends and heartbeat else None


class _Moved(Exception):
    """What is being loaded is no more what the store or the host's folder says: begin again."""


@dataclass(slots=True)
class _Rows:
    """What one load found: mapped by id, lost by the store, without space on this host.

    ``waits``: there is space for one of them as soon as other processes have let go of older files.
    """

    mapped: dict[str, MappedSegment] = field(default_factory=dict)
    lost: list[Segment] = field(default_factory=list)
    unplaced: list[Segment] = field(default_factory=list)
    waits: bool = False


class Mirror:
    """This process's view of the host's mirror of all shards.

    Args:
        url: the log's store.
        folder: where this host keeps its copies; subfolders are made, private to this user.
        shards: how many shards the log has; processes that see another number share nothing.
    """

    def __init__(self, url: str, folder: Path, *, shards: int = 1) -> None:
        self.url = url
        self._source = Source(url, shards)
        shape = blake2b(f"{FORMAT}{ROW_SCHEMA}".encode(), digest_size=4).hexdigest()
        store = blake2b(shown_url(url).encode(), digest_size=8).hexdigest()
        self._parent, self._folder = folder, folder / store / str(shards) / shape
        self._floor = Floor(self._folder / "floor")
        self._syncing = threading.Lock()
        self._marks: tuple[Mark, ...] = ()
        self._cube_cache: dict[str, CodedCube] = {}
        self._cube_vocabulary: Vocabulary | None = None
        self.state: MirrorState | None = None
        self.error: str | None = None

    def sync(self) -> bool:
        """Bring this process up to date; whether anything readers see has changed.

        Raises:
            StoreUnavailable: the store did not answer; the last state stays readable, with its age.
            SettingError: the folder belongs to somebody else, or cannot be written.
        """
        with self._syncing:
            try:
                with reaching():
                    changed = self._sync()
            except HelixError as error:
                self.error = str(error)
                raise
            self.error = None
            return changed

    def _sync(self) -> bool:
        before = self.state
        pulse = self._source.pulse()
        if before and self._marks == pulse.marks:
            self.state = replace(before, **_moving(pulse))
            return (before.coverage, before.stats) != (self.state.coverage, self.state.stats)
        for _ in range(ATTEMPTS):
            try:
                self.state = self._load(before)
            except _Moved:
                continue
            self._sweep(self.state)
            return True
        return False

    def _load(self, before: MirrorState | None) -> MirrorState:
        # The newest first: where space ends, it is the oldest that are answered from their cubes.
        pulse, listed = self._source.listing()
        vocabulary = self._prepare(before)
        rows = self._rows([segment for segment in listed if not segment.expired], vocabulary, before)
        bare = [segment for segment in listed if segment.expired] + rows.unplaced
        cubes = self._cubes(bare, vocabulary)
        self._marks = () if rows.waits else pulse.marks  # () is loaded again at the next sync
        return MirrorState(
            generation=before.generation + 1 if before else 1,
            version=sum(version for version, _ in pulse.marks),
            vocabulary=vocabulary,
            segments=tuple(rows.mapped[segment.id] for segment in listed if segment.id in rows.mapped),
            cubes=tuple(cubes[segment.id] for segment in bare if segment.id in cubes),
            lost_rows=sum(segment.rows for segment in rows.lost),
            without_space=sum(segment.rows for segment in rows.unplaced),
            bytes=sum(segment.bytes + segment.cube_bytes for segment in listed),
            **_moving(pulse),
        )

    def _prepare(self, before: MirrorState | None) -> Vocabulary:
        """The vocabulary of the folder; both are made where they are missing or damaged."""
        private_folder(self._parent, self._folder)
        self._floor.reserve()
        if before and before.vocabulary.is_current():
            return before.vocabulary
        path = self._folder / "vocabulary"
        with self._lock():
            vocabulary = Vocabulary(path)
            try:
                vocabulary.refresh()
            except OSError:
                return Vocabulary.create(path)
            return vocabulary if vocabulary.id else Vocabulary.create(path)

    def _rows(self, listed: list[Segment], vocabulary: Vocabulary, before: MirrorState | None) -> _Rows:
        """The rows of ``listed``, as far as the store has them and this host has space."""
        floor = self._floor.read()
        rows = _Rows(unplaced=[segment for segment in listed if segment.max_time <= floor])
        kept = [segment for segment in listed if segment.max_time > floor]
        if before and before.vocabulary is vocabulary:
            known = {mapped.segment.id: mapped for mapped in before.segments}
            rows.mapped = {segment.id: known[segment.id] for segment in kept if segment.id in known}
        missing = [
            segment
            for segment in kept
            if segment.id not in rows.mapped and not self._map(segment, vocabulary, rows)
        ]
        if not missing:
            return rows
        with self._lock():
            if not vocabulary.is_current():
                raise _Moved
            for segment in missing:
                if segment.max_time <= floor:
                    rows.unplaced.append(segment)
                elif not self._map(segment, vocabulary, rows):  # else another process made it meanwhile
                    try:
                        self._make(segment, vocabulary, rows)
                    except OSError as error:
                        _log.warning("No space to mirror older requests in %s: %s", self._folder, error)
                        floor = self._raise_floor(segment, rows)
        if sum(segment.rows for segment in missing) >= MANY_ROWS:
            give_back()
        return rows

    def _raise_floor(self, segment: Segment, rows: _Rows) -> int:
        """Answer the oldest requests from totals, so that those of ``segment`` find room; else these, too."""
        victims = to_give_up(segment, [mapped.segment for mapped in rows.mapped.values()])
        for victim in victims:
            del rows.mapped[victim.id]
            self._path(victim.id).unlink(missing_ok=True)
        rows.unplaced += [segment, *victims]
        rows.waits = bool(victims)
        floor = max(one.max_time for one in victims or [segment])
        self._floor.write(floor)
        return floor

    def _map(self, segment: Segment, vocabulary: Vocabulary, rows: _Rows) -> bool:
        """Map the file of ``segment``; False when there is none that can be used."""
        try:
            rows.mapped[segment.id] = open_segment(self._path(segment.id), segment, vocabulary)
        except FileNotFoundError:
            return False
        except DamagedFile as error:
            _log.warning("A mirror file is made again: %s", error)
            return False
        except DamagedVocabulary as error:
            _log.warning("The host's mirror is made again: %s", error)
            (self._folder / "vocabulary").unlink(missing_ok=True)
            raise _Moved from error
        return True

    def _make(self, segment: Segment, vocabulary: Vocabulary, rows: _Rows) -> None:
        """Fetch the rows of ``segment`` and make its file; under the lock."""
        blob = self._source.rows(segment)
        if blob is None or digest(blob) != segment.digest:
            # Blobs and manifest entry go in one transaction: still listed means lost, not merged away.
            if not self._source.still_lists(segment):
                raise _Moved
            rows.lost.append(segment)
            return
        path = self._path(segment.id)
        write_segment(path, segment, decode_rows(blob), vocabulary)
        rows.mapped[segment.id] = open_segment(path, segment, vocabulary)

    def _cubes(self, listed: list[Segment], vocabulary: Vocabulary) -> dict[str, CodedCube]:
        """The cubes of ``listed`` by id, as far as the store has them."""
        if self._cube_vocabulary is not vocabulary:
            self._cube_cache, self._cube_vocabulary = {}, vocabulary
        fetched: dict[str, Cube] = {}
        for segment in listed:
            if segment.id not in self._cube_cache:
                blob = self._source.cube(segment)
                if blob is None and not self._source.still_lists(segment):
                    raise _Moved
                cube = _decoded(blob)
                if cube is not None:
                    fetched[segment.id] = cube
        words = set().union(*(cube_words(cube) for cube in fetched.values()))
        if any(vocabulary.code(*pair) is None for pair in words):
            with self._lock():
                if not vocabulary.is_current():
                    raise _Moved
                vocabulary.add(sorted(words))
        kept = {
            segment.id: self._cube_cache[segment.id]
            if segment.id in self._cube_cache
            else code_cube(segment, fetched[segment.id], vocabulary)
            for segment in listed
            if segment.id in self._cube_cache or segment.id in fetched
        }
        self._cube_cache = kept
        return kept

    def _sweep(self, state: MirrorState) -> None:
        """Unlink the files of segments that are listed no more, and what died half-written."""
        wanted = {f"{mapped.segment.id}.arrow" for mapped in state.segments} | {"vocabulary", "lock", "floor"}
        if all(path.name in wanted for path in self._folder.iterdir()):
            return
        with self._lock():
            if self._source.pulse().marks != self._marks:
                return  # what looks stale may belong to a newer manifest; a later sync looks again
            for path in self._folder.iterdir():
                if path.name not in wanted:
                    path.unlink(missing_ok=True)

    def _path(self, segment: str) -> Path:
        return self._folder / f"{segment}.arrow"

    def _lock(self) -> AbstractContextManager[None]:
        """The host's lock for making files."""
        return locked(self._folder / "lock", LOCK_PATIENCE)


def _moving(pulse: Pulse) -> dict[str, Any]:
    """The fields of a state that move without a new segment."""
    return {
        "coverage": pulse.coverage,
        "stats": pulse.stats,
        "behind": pulse.behind,
        "synced": time.monotonic(),
    }


def _decoded(blob: bytes | None) -> Cube | None:
    if blob is None:
        return None
    try:
        return decode_cube(blob)
    except (pa.ArrowException, ValueError, KeyError) as error:
        _log.warning("A cube cannot be read: %s", error)
        return None
