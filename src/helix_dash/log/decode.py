"""From stream entries to rows: what the fold accepts, what it drops as a duplicate, what it rejects and why.

The usual entry is decoded and validated in one pass by a typed msgpack decoder made from the schema table;
only an entry that fails it is looked at record by record, to keep its good ones and name the bad ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from helix_dash.errors import InvalidRecord
from helix_dash.log.coverage import Interval
from helix_dash.log.schema import (
    EARLIEST,
    FIRST_WIRE,
    LIMITS,
    MAX_TEXT,
    WIRE,
    WIRE_VERSION,
    Column,
    check_wire,
)
from helix_dash.log.segment import ROW_SCHEMA, WORD

SKEW = 5 * 60 * 10**6
"""Microseconds that an event may lie after its arrival before its clock is called skewed (and as many before
its arrival before it is called late)."""

FUTURE = 366 * 24 * 3600 * 10**6
"""Microseconds after its arrival from which an event time is a mistake, not a skewed clock."""

LATEST_ID = 2**52
"""Milliseconds; a stream id beyond it was set by hand and tells no time."""

MAX_SEQUENCE = 2**53
MAX_PRODUCER = 2**64

Entry = tuple[bytes, Mapping[bytes, bytes]]
"""A stream entry as redis-py gives it: its id, its fields."""


class Rejection(NamedTuple):
    """Why a record (or a whole entry, column ``entry``) did not come in. Never holds the value.

    Args:
        producer: 16 hexadecimal digits, "" when it cannot be told.
        at: arrival in microseconds.
    """

    column: str
    reason: str
    producer: str
    at: int


@dataclass(slots=True)
class Arrivals:
    """What a run of stream entries brought.

    Args:
        rows: the accepted records in order of arrival, :data:`ROW_SCHEMA`.
        producers: producer → (highest sequence, milliseconds last seen), of those that spoke.
        duplicates: records that had come before (a resend after a lost reply).
        dropped: sequence numbers that never came.
        vouched: intervals a producer declared complete, in microseconds.
    """

    rows: pa.Table
    producers: dict[int, tuple[int, int]]
    duplicates: int = 0
    dropped: int = 0
    rejections: list[Rejection] = field(default_factory=list)
    vouched: list[Interval] = field(default_factory=list)


class _Packed(NamedTuple):
    producer: int
    first: int
    rows: list[Any]  # packed records, or the InvalidRecord that one of them was
    clean: bool


class _Run(NamedTuple):
    producer: int
    first: int
    at: int  # milliseconds
    size: int


def _wire_type(column: Column) -> Any:
    inner: Any
    if column.words:
        inner = Literal[column.words]
    elif column.kind in ("word", "text"):
        inner = Annotated[str, msgspec.Meta(max_length=MAX_TEXT)]
    elif column.kind == "flag":
        inner = bool
    else:
        low = EARLIEST if column.kind == "time" else 0
        inner = Annotated[int, msgspec.Meta(ge=low, le=LIMITS[column.kind])]
    return inner if column.required else inner | None


_Sequence = Annotated[int, msgspec.Meta(ge=1, le=MAX_SEQUENCE)]
_Row = tuple.__class_getitem__(tuple(_wire_type(column) for column in WIRE))
_TYPED: Any = msgspec.msgpack.Decoder(tuple[Literal[WIRE_VERSION], int, _Sequence, list[_Row]])  # type: ignore[valid-type]


def read_entries(entries: Iterable[Entry], known: Mapping[int, tuple[int, int]]) -> Arrivals:
    """What ``entries`` bring to somebody who has seen the producers as in ``known``. Never raises on content."""
    arrivals = Arrivals(ROW_SCHEMA.empty_table(), {})
    rows: list[Any] = []
    runs: list[_Run] = []
    for name, fields in entries:
        at = int(name.partition(b"-")[0])
        try:
            packed = _opened(at, fields.get(b"e"))
        except InvalidRecord as error:
            arrivals.rejections.append(Rejection(error.column, error.reason, "", min(at, LATEST_ID) * 1000))
            continue
        if packed.first == 0:
            start, end = packed.rows
            arrivals.vouched.append((start, min(end, at * 1000)))
            continue
        highest, _ = arrivals.producers.get(packed.producer) or known.get(packed.producer, (0, 0))
        seen = min(max(highest + 1 - packed.first, 0), len(packed.rows))
        arrivals.duplicates += seen
        arrivals.dropped += max(packed.first - highest - 1, 0)
        arrivals.producers[packed.producer] = (max(highest, packed.first + len(packed.rows) - 1), at)
        for run, fresh in _runs(packed, seen, at):
            if isinstance(fresh[0], InvalidRecord):
                arrivals.rejections.append(_rejection(fresh[0], run))
            else:
                rows += fresh
                runs.append(run)
    if rows:
        arrivals.rows = _plausible(_table(rows, runs), arrivals.rejections)
    return arrivals


def _opened(at: int, payload: bytes | None) -> _Packed:
    """The content of one entry, its wrong records replaced by what is wrong with them.

    Raises:
        InvalidRecord: the entry as a whole cannot be used.
    """
    if at >= LATEST_ID:
        raise InvalidRecord("entry", "wrong_id")
    if payload is None:
        raise InvalidRecord("entry", "no_payload")
    try:
        _, producer, first, rows = _TYPED.decode(payload)
        if 0 <= producer < MAX_PRODUCER:
            return _Packed(producer, first, rows, True)
    except (msgspec.DecodeError, ValueError):
        pass  # the usual form it is not; what it is instead is found out below
    try:
        content = msgspec.msgpack.decode(payload)
    except Exception as error:  # bytes of anybody: whatever they break, they are not an entry
        raise InvalidRecord("entry", "not_msgpack") from error
    return _inspected(content)


def _inspected(content: Any) -> _Packed:
    if not isinstance(content, list) or len(content) != 4:
        raise InvalidRecord("entry", "wrong_shape")
    version, producer, first, body = content
    if version != WIRE_VERSION:
        raise InvalidRecord("entry", "unknown_version")
    if not (_whole(producer, MAX_PRODUCER - 1) and _whole(first, MAX_SEQUENCE) and isinstance(body, list)):
        raise InvalidRecord("entry", "wrong_shape")
    if first == 0:
        if (
            len(body) != 2
            or not all(_whole(bound, 2**62) for bound in body)
            or not EARLIEST <= body[0] < body[1]
        ):
            raise InvalidRecord("entry", "wrong_shape")
        return _Packed(producer, 0, body, True)
    return _Packed(producer, first, [_checked(row) for row in body], False)


def _whole(value: Any, most: int) -> bool:
    return type(value) is int and 0 <= value <= most


def _checked(row: Any) -> Any:
    if isinstance(row, list) and FIRST_WIRE <= len(row) < len(WIRE):
        row = [*row, *[None] * (len(WIRE) - len(row))]  # an older producer, which knows fewer columns
    try:
        return check_wire(row)
    except InvalidRecord as error:
        return error


def _runs(packed: _Packed, seen: int, at: int) -> Iterator[tuple[_Run, list[Any]]]:
    """The unseen records of an entry: all at once when they are clean, else one by one."""
    first, fresh = packed.first + seen, packed.rows[seen:]
    if packed.clean and fresh:
        yield _Run(packed.producer, first, at, len(fresh)), fresh
    elif not packed.clean:
        for offset, row in enumerate(fresh):
            yield _Run(packed.producer, first + offset, at, 1), [row]


def _rejection(error: InvalidRecord, run: _Run) -> Rejection:
    return Rejection(error.column, error.reason, f"{run.producer:016x}", run.at * 1000)


def _table(rows: list[Any], runs: list[_Run]) -> pa.Table:
    """Packed records as a table, stamped with arrival, producer and sequence."""
    counts = np.array([run.size for run in runs])
    begins = np.cumsum(counts) - counts
    first = np.array([run.first for run in runs], dtype=np.int64)
    names = {producer: index for index, producer in enumerate(dict.fromkeys(run.producer for run in runs))}
    codes = np.repeat(np.array([names[run.producer] for run in runs], dtype=np.int32), counts)
    stamped: dict[str, Any] = {
        "ingested": np.repeat(np.array([run.at * 1000 for run in runs], dtype=np.int64), counts),
        "seq": np.repeat(first - begins, counts) + np.arange(len(rows)),
        "producer": pa.DictionaryArray.from_arrays(
            pa.array(codes), pa.array([f"{producer:016x}" for producer in names])
        ).cast(pa.string()),
    }
    columns = {column.name: values for column, values in zip(WIRE, zip(*rows, strict=True), strict=True)}
    time: npt.NDArray[np.int64] = np.array(columns["time"], dtype=np.int64)
    stamped["skewed"] = time - stamped["ingested"] > SKEW
    stamped |= {name: pa.nulls(len(rows), WORD) for name in ("cost_source", "cost_rates")}
    return pa.table([_array(columns, stamped, spec) for spec in ROW_SCHEMA], schema=ROW_SCHEMA)


def _array(columns: Mapping[str, Any], stamped: Mapping[str, Any], spec: pa.Field) -> pa.Array:
    if spec.name in stamped:
        given = stamped[spec.name]
        return given if isinstance(given, pa.Array) else pa.array(given)
    if pa.types.is_dictionary(spec.type):
        return pa.array(columns[spec.name], pa.string()).dictionary_encode()
    return pa.array(columns[spec.name], spec.type)


def _plausible(rows: pa.Table, rejections: list[Rejection]) -> pa.Table:
    """``rows`` without those that the typed decoder cannot judge: unprintable texts, times far in the future."""
    faults = {("time", "too_large"): pc.greater(rows["time"], pc.add(rows["ingested"], FUTURE))}
    for spec in ROW_SCHEMA:
        if spec.type == pa.string() and spec.name != "producer":
            faults[spec.name, "control_character"] = _unprintable(rows[spec.name].to_pylist())
        elif pa.types.is_dictionary(spec.type):
            coded = rows[spec.name].combine_chunks()
            bad = _unprintable(coded.dictionary.to_pylist())
            faults[spec.name, "control_character"] = (
                bad.take(coded.indices) if pc.any(bad).as_py() else bad[:0]
            )
    wrong = np.zeros(rows.num_rows, bool)
    for (column, reason), mask in faults.items():
        if not pc.any(mask).as_py():
            continue
        mine = pc.fill_null(mask, False).to_numpy(zero_copy_only=False) & ~wrong
        wrong |= mine
        for producer, at in zip(
            *(rows[name].filter(pa.array(mine)).to_pylist() for name in ("producer", "ingested")), strict=True
        ):
            rejections.append(Rejection(column, reason, producer, at))
    return rows.filter(pa.array(~wrong)) if wrong.any() else rows


def _unprintable(texts: list[str | None]) -> pa.Array:
    """Which ``texts`` hold control characters; one look at all of them together is the usual end of it."""
    if "".join(filter(None, texts)).isprintable():
        return pa.array([], pa.bool_())
    return pa.array([text is not None and not text.isprintable() for text in texts])
