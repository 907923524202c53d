"""Copies sealed segments to ClickHouse, each row exactly once, from whichever collector leads.

A segment's rows go in under a load, a fresh random number, and are counted there. Then one note says which
loads are the log. So what a reader sees is always the whole log at one version of its manifest; whatever dies
or fails before the note left nothing that counts, and its rows are swept later. Two loaders do no harm: the
note of the later look at the store holds, and each note is complete in itself.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pyarrow as pa

from helix_dash.errors import HelixError, StoreUnavailable
from helix_dash.log.clickhouse import note as notes
from helix_dash.log.clickhouse.database import Bound, Database
from helix_dash.log.clickhouse.note import Load, Note
from helix_dash.log.clickhouse.tables import CUBES, ROWS, WORDS, create, loadable
from helix_dash.log.keys import TICK, LogKeys
from helix_dash.log.schema import STORED
from helix_dash.log.segment import Segment, decode_rows, digest
from helix_dash.log.source import Pulse, Source
from helix_dash.store import connect, reaching

INTERVAL = 1.0
LEASE_MS = 10_000
PATIENCE = 20.0
"""Seconds of loading after which what is ready is noted, so that a long first loading survives its loader."""

GRACE = 10 * 60 * 10**6
"""Microseconds that the rows of a merged or expired segment stay for the readers (exports) still in them."""

SWEEP = 60.0
"""Seconds between two deletions; each is a piece of work for ClickHouse, however little it deletes."""

_log = logging.getLogger("helix_dash.clickhouse")


@dataclass(slots=True)
class _Lead:
    """What a leading loader knows; forgotten on any trouble."""

    note: Note
    words: set[tuple[str, str]] = field(default_factory=set)
    swept: float | None = None


class Loader:
    """Loads the log at ``url`` into ``database``.

    Args:
        shards: how many shards the log has.
        owner: this loader's name in the lease and the notes; made up when not given.
        pause: called with the name of the step that was just done: ``inserted``, ``noted``. For tests that
            kill the process there.
    """

    def __init__(
        self,
        url: str,
        database: Database,
        *,
        shards: int = 1,
        owner: str | None = None,
        pause: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._keys = LogKeys()
        self._client: Any = connect(url, tag=self._keys.tag)
        self._source = Source(url, shards)
        self._database, self._pause = database, pause
        self._owner = owner or f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._lead: _Lead | None = None

    def run(self, stop: threading.Event) -> None:
        """Steps until ``stop``; survives outages of the store and of ClickHouse."""
        warned = float("-inf")
        while not stop.is_set():
            try:
                if self.step():
                    stop.wait(INTERVAL)
            except HelixError as error:
                if time.monotonic() - warned > 60:
                    warned = time.monotonic()
                    _log.warning("The log is not being copied to ClickHouse: %s", error)
                stop.wait(INTERVAL)
        self._release()

    def step(self) -> bool:
        """Bring ClickHouse up to the store as it is now; False when there is more to do at once.

        Raises:
            StoreUnavailable: the store or ClickHouse did not answer, or lost rows on the way.
        """
        try:
            with reaching():
                if not self._leads():
                    self._lead = None
                    return True
                lead = self._lead = self._taken_over()
                # The clock first: what is listed is then never older than the note says.
                seconds, micros = self._client.time()
                return self._loaded(lead, seconds * 10**6 + micros, *self._source.listing())
        except BaseException:
            self._lead = None  # whether the last note is there is not known: the next step reads it
            raise

    def _leads(self) -> bool:
        """Take or renew the lease; whether this loader has it."""
        self._client.set(self._keys.loading, self._owner, nx=True, px=LEASE_MS)
        mine = bool(self._client.get(self._keys.loading) == self._owner.encode())
        if mine:
            self._client.pexpire(self._keys.loading, LEASE_MS)
        return mine

    def _release(self) -> None:
        """Give the lease back, so that the next one need not wait for its end."""
        try:
            with reaching():
                if self._client.get(self._keys.loading) == self._owner.encode():
                    self._client.delete(self._keys.loading)
        except StoreUnavailable:
            _log.info("The lease was not given back; it ends by itself.")

    def _taken_over(self) -> _Lead:
        """What to go on from: what this loader noted last, unless another one has noted since."""
        if self._lead is None:
            create(self._database)
            return _Lead(notes.newest(self._database) or Note())
        other = notes.newest(self._database, besides=self._owner)
        return self._lead if other is None else _Lead(other)

    def _loaded(self, lead: _Lead, taken: int, pulse: Pulse, segments: list[Segment]) -> bool:
        """Load those of ``segments`` that ClickHouse has not, and note it; whether that is all."""
        before = lead.note
        moving: dict[str, Any] = {"coverage": pulse.coverage, "stats": pulse.stats, "behind": pulse.behind}
        fingerprint = digest(" ".join(sorted(segment.id for segment in segments)).encode())
        if before.manifest == fingerprint:
            self._note(lead, msgspec.structs.replace(before, taken=taken, writer=self._owner, **moving))
            return True
        known = before.loads | before.ready
        listed = [segment for segment in segments if not segment.expired]
        loads = {segment.id: known[segment.id] for segment in listed if segment.id in known}
        lost, until = 0, time.monotonic() + PATIENCE
        for segment in listed:
            if segment.id in loads:
                continue
            rows = self._rows(segment)
            if rows is not None:
                loads[segment.id] = self._load(lead, segment, rows, taken)
            elif self._source.still_lists(segment):
                lost += segment.rows  # blobs and manifest entry go in one transaction: it was not merged away
                continue
            if rows is None or time.monotonic() > until or not self._leads():
                self._note(lead, _unfinished(before, loads, taken, self._owner))
                return False
        cubes = self._cubes(before, [segment for segment in segments if segment.expired])
        self._pause("inserted")
        current = Note(
            taken=taken,
            writer=self._owner,
            manifest=fingerprint,
            loads=loads,
            cubes=cubes,
            retired=_retired(before, loads, taken),
            lost_rows=lost,
            bytes=sum(segment.bytes + segment.cube_bytes for segment in segments),
            **moving,
        )
        self._note(lead, current)
        return True

    def _note(self, lead: _Lead, note: Note) -> None:
        """Write ``note``, tell readers, and when it is time delete what counts no more."""
        due = lead.swept is None or time.monotonic() - lead.swept > SWEEP
        doomed = [load for load, since in note.retired.items() if due and since < note.taken - GRACE]
        note = msgspec.structs.replace(
            note, retired={load: since for load, since in note.retired.items() if load not in doomed}
        )
        notes.write(self._database, note)
        lead.note = note
        self._pause("noted")
        self._client.publish(TICK, "loaded")
        if due and note.manifest:
            self._sweep(lead, doomed)

    def _rows(self, segment: Segment) -> pa.Table | None:
        """The rows of ``segment``; ``None`` when the store has not got them."""
        blob = self._source.rows(segment)
        return decode_rows(blob) if blob is not None and digest(blob) == segment.digest else None

    def _load(self, lead: _Lead, segment: Segment, rows: pa.Table, taken: int) -> Load:
        """Insert the rows of ``segment`` and count them.

        Raises:
            StoreUnavailable: not every row is there exactly once: the insert was cut, or sent twice by a retry.
        """
        self._add_words(lead, rows, taken)
        load = Load.of(segment, secrets.randbits(63))
        self._database.insert(ROWS, loadable(rows, load.number))
        bound = Bound()
        question = f"SELECT count() AS rows FROM {ROWS} WHERE load = {bound(load.number, 'UInt64')}"
        counted = self._database.ask(question, bound)["rows"][0].as_py()
        if counted != segment.rows:
            raise StoreUnavailable(f"ClickHouse has {counted:,} of {segment.rows:,} rows that were sent.")
        return load

    def _add_words(self, lead: _Lead, rows: pa.Table, taken: int) -> None:
        """Add the words of ``rows`` that ClickHouse may not have, before any note can name rows with them."""
        new = [
            (column.name, word)
            for column in STORED
            if column.kind == "word"
            for word in rows[column.name].combine_chunks().dictionary.to_pylist()
            if word is not None and (column.name, word) not in lead.words
        ]
        if not new:
            return
        # Folded here, by Python's rules: ClickHouse's own would find other words than the mirror does.
        table = pa.table(
            {
                "column": [name for name, _ in new],
                "word": [word for _, word in new],
                "folded": [word.casefold() for _, word in new],
                "added": pa.array([taken] * len(new), pa.int64()),
            }
        )
        self._database.insert(WORDS, table)
        lead.words.update(new)

    def _cubes(self, before: Note, listed: list[Segment]) -> tuple[str, ...]:
        """Those of ``listed`` whose cube ClickHouse has, after inserting what is new."""
        new = [segment for segment in listed if segment.id not in before.cubes]
        found = {segment.id: blob for segment in new if (blob := self._source.cube(segment)) is not None}
        if found:
            cubes = pa.array(list(found.values()), pa.binary())
            self._database.insert(CUBES, pa.table({"segment": list(found), "cube": cubes}))
        return tuple(segment.id for segment in listed if segment.id in before.cubes or segment.id in found)

    def _sweep(self, lead: _Lead, doomed: list[int]) -> None:
        """Delete the rows of ``doomed``; the first time also what other loaders left behind without a note."""
        note = lead.note
        if lead.swept is None:
            kept = {load.number for load in (*note.loads.values(), *note.ready.values())} | set(note.retired)
            there = self._database.ask(f"SELECT DISTINCT load FROM {ROWS}")["load"].to_pylist()
            doomed = [load for load in there if load not in kept]
            spent = self._database.ask(f"SELECT DISTINCT segment FROM {CUBES}")["segment"].to_pylist()
            self._delete(CUBES, "segment", "String", [name for name in spent if name not in note.cubes])
        lead.swept = time.monotonic()
        self._delete(ROWS, "load", "UInt64", doomed)

    def _delete(self, table: str, column: str, kind: str, values: list[Any]) -> None:
        if values:
            bound = Bound()
            self._database.do(
                f"DELETE FROM {table} WHERE {column} IN {bound(values, f'Array({kind})')}", bound
            )


def _unfinished(before: Note, loads: dict[str, Load], taken: int, writer: str) -> Note:
    """What counted ``before``, and beside it what of ``loads`` is ready to count later."""
    ready = {name: load for name, load in loads.items() if name not in before.loads}
    retired = _retired(before, before.loads | ready, taken)
    return msgspec.structs.replace(before, taken=taken, writer=writer, ready=ready, retired=retired)


def _retired(before: Note, kept: dict[str, Load], now: int) -> dict[int, int]:
    """The loads that count no more, and since when."""
    gone = {load.number for name, load in (before.loads | before.ready).items() if name not in kept}
    return dict.fromkeys(gone, now) | before.retired
