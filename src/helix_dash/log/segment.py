"""A segment: an immutable run of the log, kept in the store as two blobs, its *rows* and its *cube*.

Both are packed tables (:mod:`helix_dash.log.packing`) that carry their own dictionaries: whoever has the blob can
read it, and nothing else in the store has to be read, kept or versioned for that. The cube is told in
:mod:`helix_dash.log.cube`.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from hashlib import blake2b

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from helix_dash.log.packing import pack, unpack
from helix_dash.log.schema import STORED, Column

Integers = npt.NDArray[np.int64]
WORD = pa.dictionary(pa.int32(), pa.string())

_TYPES: dict[str, pa.DataType] = {
    "time": pa.int64(),
    "money": pa.int64(),
    "duration": pa.int64(),
    "count": pa.int64(),
    "share": pa.int32(),
    "flag": pa.bool_(),
    "word": WORD,
    "text": pa.string(),
}


def arrow_type(column: Column) -> pa.DataType:
    """How ``column`` is held in a segment's rows; its unit is that of its kind."""
    return _TYPES[column.kind]


ROW_SCHEMA = pa.schema([(column.name, arrow_type(column)) for column in STORED])
"""One field per stored column; ``producer`` is 16 hexadecimal digits. Rows are in order of :data:`ROW_KEY`."""

ROW_KEY = ("time", "producer", "seq")


class Segment(msgspec.Struct, frozen=True):
    """What the manifest says about one segment. Times are microseconds since the epoch, sizes bytes.

    Args:
        id: 20 hexadecimal digits that begin with the millisecond of its making: ids sort by age, and a
            changed segment is always a new id, so that a copy of an id never goes stale.
        level: 0 as sealed; one more each time it was merged.
        rows: how many rows it holds; 0 once they have expired and only the cube remains.
        min_time, max_time: the first and last event time, also after the rows have expired.
        min_ingested, max_ingested: the first and last time of arrival.
        digest: BLAKE2b-128 of the rows blob in hexadecimal, "" once expired.
    """

    id: str
    level: int
    rows: int
    min_time: int
    max_time: int
    min_ingested: int
    max_ingested: int
    bytes: int
    cube_bytes: int
    digest: str
    expired: bool = False


def new_id(now: int) -> str:
    """A fresh segment id; ``now`` is the store's clock in microseconds."""
    return f"{now // 1000:012x}{secrets.randbits(32):08x}"


def encode_rows(table: pa.Table) -> bytes:
    """``table`` (of :data:`ROW_SCHEMA`) as one blob. Columns without any value are left out of it."""
    told, near = [], {name: table[name] for name in table.column_names}
    for name, base in _NEAR.items():
        if {name, *base} <= near.keys() and not any(table[part].null_count for part in (name, *base)):
            near[name] = pa.array(_difference(name, table))
            told.append(name)
    return pack(pa.table(near), notes=(",".join(told),))


def decode_rows(blob: bytes) -> pa.Table:
    """The rows of a segment in :data:`ROW_SCHEMA`; columns the blob left out (or never knew) are unknown.

    Raises:
        UnknownFormat: another version of this program wrote it.
        ValueError: the blob is damaged.
    """
    ((table, told),) = unpack(blob, ROW_SCHEMA)
    for name in filter(None, told.split(",")):
        place = ROW_SCHEMA.get_field_index(name)
        table = table.set_column(place, ROW_SCHEMA.field(name), pa.array(_sum(name, table)))
    return table


_NEAR = {"time": (), "ingested": ("time",), "seq": ("producer",)}
"""Columns kept as the distance to something near, and what that takes, which is put right before them: a time lies
near that of the row before, an arrival near the time, a sequence number near the producer's last one."""


def _difference(name: str, table: pa.Table) -> Integers:
    values: Integers = table[name].to_numpy()
    if name == "time":
        return np.diff(values, prepend=0)
    if name == "ingested":
        return values - _whole_ms(table)
    order, near = _by_producer(table), np.empty_like(values)
    near[order] = np.diff(values[order], prepend=0)
    return near


def _sum(name: str, table: pa.Table) -> Integers:
    values: Integers = table[name].to_numpy()
    if name == "time":
        return np.cumsum(values)
    if name == "ingested":
        return values + _whole_ms(table)
    order, whole = _by_producer(table), np.empty_like(values)
    whole[order] = np.cumsum(values[order])
    return whole


def _whole_ms(table: pa.Table) -> Integers:
    """When each request ended, as exact as the store's clock, which tells milliseconds."""
    times: Integers = table["time"].to_numpy()
    return times // 1000 * 1000


def _by_producer(table: pa.Table) -> npt.NDArray[np.intp]:
    """The places of the rows, producer by producer."""
    codes = table["producer"].combine_chunks().dictionary_encode().indices
    return np.argsort(codes.to_numpy(), kind="stable")


def merge_rows(tables: Sequence[pa.Table]) -> pa.Table:
    """All rows of ``tables`` in the order of :data:`ROW_KEY`, each word once in its dictionary."""
    whole = pa.concat_tables(tables).unify_dictionaries().combine_chunks()
    return whole.sort_by([(name, "ascending") for name in ROW_KEY])


def digest(blob: bytes) -> str:
    """The fingerprint of a rows blob, as in :attr:`Segment.digest`."""
    return blake2b(blob, digest_size=16).hexdigest()
