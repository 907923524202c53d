"""A segment: an immutable run of the log, kept in the store as two blobs, its *rows* and its *cube*.

The rows are one Arrow IPC stream, zstd inside, that carries its own dictionaries: whoever has the blob can
read it, and nothing else in the store has to be read, kept or versioned for that. The cube is told in
:mod:`helix_dash.log.cube`.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from hashlib import blake2b

import msgspec
import pyarrow as pa

from helix_dash.log.schema import STORED, Column

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
_COMPRESSED = pa.ipc.IpcWriteOptions(compression="zstd")


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
    known = [name for name in table.column_names if table[name].null_count < table.num_rows]
    return write_tables(table.select(known))


def decode_rows(blob: bytes) -> pa.Table:
    """The rows of a segment in :data:`ROW_SCHEMA`; columns the blob left out (or never knew) are unknown.

    Raises:
        pyarrow.ArrowInvalid: the blob is damaged.
    """
    (stored,) = read_tables(blob, 1)
    return pa.table(
        [
            stored[field.name].cast(field.type)
            if field.name in stored.column_names
            else pa.nulls(stored.num_rows, field.type)
            for field in ROW_SCHEMA
        ],
        schema=ROW_SCHEMA,
    )


def merge_rows(tables: Sequence[pa.Table]) -> pa.Table:
    """All rows of ``tables`` in the order of :data:`ROW_KEY`, each word once in its dictionary."""
    whole = pa.concat_tables(tables).unify_dictionaries().combine_chunks()
    return whole.sort_by([(name, "ascending") for name in ROW_KEY])


def digest(blob: bytes) -> str:
    """The fingerprint of a rows blob, as in :attr:`Segment.digest`."""
    return blake2b(blob, digest_size=16).hexdigest()


def write_tables(*tables: pa.Table) -> bytes:
    """``tables`` one behind the other, each an Arrow IPC stream."""
    sink = pa.BufferOutputStream()
    for table in tables:
        with pa.ipc.new_stream(sink, table.schema, options=_COMPRESSED) as stream:
            stream.write_table(table)
    return bytes(sink.getvalue())


def read_tables(blob: bytes, count: int) -> list[pa.Table]:
    """The ``count`` tables that :func:`write_tables` wrote."""
    source = pa.BufferReader(blob)
    return [pa.ipc.open_stream(source).read_all() for _ in range(count)]
