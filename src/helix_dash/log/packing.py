"""Tables as few bytes, that need nothing else to be read.

A blob is a mark, a header that tells how each column is held, and the columns' *planes*: a column of whole numbers
is brought to a common base and step, and its lowest bytes stand together, then the next ones, so that zstd finds
what repeats. Words and repeated texts are numbers into a list of their own; ids that are written in hexadecimal
digits are held as the bytes they mean (:mod:`helix_dash.log.spelling`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from helix_dash.errors import UnknownFormat
from helix_dash.log.spelling import Spelling, packed, written

MARK = b"hx2"
"""How a blob begins; the digit is the version of the form."""

_CODEC = pa.Codec("zstd", compression_level=3)
_LENGTH = 4
"""Bytes that tell the header's length."""

Integers = npt.NDArray[Any]


class _Numbers(msgspec.Struct, frozen=True, array_like=True):
    """Whole numbers: ``base + step × held``, ``held`` in ``width`` planes; none when all are alike."""

    base: int
    step: int
    width: int


class _Texts(msgspec.Struct, frozen=True, array_like=True):
    """Texts: their bytes one behind the other and their lengths, or as ``spelling`` says."""

    count: int
    lengths: _Numbers | None = None
    spelling: Spelling | None = None


class _Column(msgspec.Struct, frozen=True, array_like=True):
    """One column. Only known rows are held.

    Args:
        known: how many rows are known; where not all are, a plane of bits tells which.
        numbers: values, or places in ``texts``; ``None`` when ``texts`` are the rows themselves.
        high: the upper 64 bits of numbers of 128.
    """

    name: str
    known: int
    numbers: _Numbers | None = None
    high: _Numbers | None = None
    texts: _Texts | None = None


class _Table(msgspec.Struct, frozen=True, array_like=True):
    rows: int
    columns: list[_Column]
    note: str


class _Header(msgspec.Struct, frozen=True, array_like=True):
    """What follows: tables, and for each plane its size and its size as stored (the same: not compressed)."""

    tables: list[_Table]
    planes: list[tuple[int, int]]


def pack(*tables: pa.Table, notes: tuple[str, ...] = ()) -> bytes:
    """``tables`` of whole numbers, flags, words and texts as one blob; columns without any value are left out.

    Args:
        notes: a text to keep beside each table.
    """
    writer = _Writer()
    told = [
        writer.table(table, note) for table, note in zip(tables, notes or ("",) * len(tables), strict=True)
    ]
    header = msgspec.msgpack.encode(_Header(told, writer.sizes))
    return b"".join([MARK, len(header).to_bytes(_LENGTH, "little"), header, *writer.planes])


def unpack(blob: bytes, *schemas: pa.Schema) -> list[tuple[pa.Table, str]]:
    """The tables of :func:`pack` in ``schemas``, and their notes; what the blob does not hold is unknown.

    Raises:
        UnknownFormat: another version of this program wrote it.
        ValueError: it is damaged.
    """
    if not blob.startswith(MARK):
        raise UnknownFormat("A segment was written by another version of Helix Dash; update this one.")
    begin = len(MARK) + _LENGTH
    end = begin + int.from_bytes(blob[len(MARK) : begin], "little")
    try:
        header = msgspec.msgpack.decode(blob[begin:end], type=_Header)
        reader = _Reader(memoryview(blob)[end:], header.planes)
        return [
            (reader.table(told, schema), told.note)
            for told, schema in zip(header.tables, schemas, strict=True)
        ]
    except (OSError, pa.ArrowException) as error:
        raise ValueError(f"a blob is damaged: {error}") from error


class _Writer:
    def __init__(self) -> None:
        self.planes: list[bytes] = []
        self.sizes: list[tuple[int, int]] = []

    def table(self, table: pa.Table, note: str) -> _Table:
        columns = []
        for name in table.column_names:
            array = table[name].combine_chunks()
            if array.null_count < len(array):
                columns.append(self._column(name, array))
        return _Table(table.num_rows, columns, note)

    def _column(self, name: str, array: pa.Array) -> _Column:
        if array.null_count:
            self._plane(np.packbits(array.is_valid().to_numpy(zero_copy_only=False), bitorder="little"))
            array = array.drop_null()
        count = len(array)
        if pa.types.is_string(array.type):
            coded = array.dictionary_encode()
            if 2 * len(coded.dictionary) > count:
                return _Column(name, count, texts=self._texts(array))
            array = coded
        if pa.types.is_dictionary(array.type):
            codes = self._numbers(np.asarray(array.indices))
            return _Column(name, count, codes, texts=self._texts(array.dictionary.cast(pa.string())))
        if pa.types.is_decimal(array.type):
            halves = np.frombuffer(array.buffers()[1], "<i8").reshape(-1, 2)[
                array.offset : array.offset + count
            ]
            return _Column(name, count, self._numbers(halves[:, 0]), self._numbers(halves[:, 1]))
        if pa.types.is_boolean(array.type):
            array = array.cast(pa.int8())
        return _Column(name, count, self._numbers(np.asarray(array)))

    def _numbers(self, values: Integers) -> _Numbers:
        if not len(values):
            return _Numbers(0, 1, 0)
        base = int(values.min())
        # In 64 bits without a sign, where a difference never overflows.
        held = values.astype("<i8").view("<u8") - np.uint64(base % 2**64)
        high = int(held.max())
        step = _divisor(held) if high > 255 else 1
        if step > 1:
            held //= np.uint64(step)
        width = ((high // step).bit_length() + 7) // 8
        planes = held.view(np.uint8).reshape(-1, 8)
        for place in range(width):
            self._plane(planes[:, place])
        return _Numbers(base, step, width)

    def _texts(self, texts: pa.StringArray) -> _Texts:
        count = len(texts)
        if not count:
            return _Texts(0)
        found = packed(texts)
        if found is not None:
            spelling, values = found
            self._plane(values)
            return _Texts(count, spelling=spelling)
        lengths = self._numbers(np.asarray(pc.binary_length(texts)))
        self._plane(np.frombuffer("".join(texts.to_pylist()).encode(), np.uint8))
        return _Texts(count, lengths)

    def _plane(self, plane: npt.NDArray[np.uint8]) -> None:
        raw = plane.tobytes()
        small = _CODEC.compress(raw, asbytes=True)
        kept = small if len(small) < len(raw) else raw
        self.planes.append(kept)
        self.sizes.append((len(raw), len(kept)))


def _divisor(numbers: Integers) -> int:
    """The greatest number that divides all ``numbers``."""
    few = int(np.gcd.reduce(numbers[:1000]))
    return few if few == 1 else max(1, int(np.gcd.reduce(numbers)))


class _Reader:
    def __init__(self, data: memoryview, planes: list[tuple[int, int]]) -> None:
        self._planes = self._each(data, planes)

    @staticmethod
    def _each(data: memoryview, planes: list[tuple[int, int]]) -> Iterator[npt.NDArray[np.uint8]]:
        begin = 0
        for size, stored in planes:
            part = pa.py_buffer(data[begin : begin + stored])
            begin += stored
            whole = part if size == stored else _CODEC.decompress(part, decompressed_size=size)
            if len(whole) != size:
                raise ValueError("a blob is cut short")
            yield np.frombuffer(whole, np.uint8)

    def table(self, told: _Table, schema: pa.Schema) -> pa.Table:
        arrays: dict[str, pa.Array] = {}
        for column in told.columns:
            field = schema.field(column.name) if column.name in schema.names else None
            array = self._column(column, told.rows, field.type if field else pa.null())
            if field is not None:
                arrays[column.name] = array
        return pa.table(
            [
                arrays[field.name] if field.name in arrays else pa.nulls(told.rows, field.type)
                for field in schema
            ],
            schema=schema,
        )

    def _column(self, column: _Column, rows: int, wanted: pa.DataType) -> pa.Array:
        known = None
        if column.known < rows:
            bits = np.unpackbits(next(self._planes), bitorder="little", count=rows)
            known = bits.view(np.bool_)
        values = None if column.numbers is None else self._numbers(column.numbers, column.known)
        high = None if column.high is None else self._numbers(column.high, column.known)
        texts = None if column.texts is None else self._texts(column.texts)
        if texts is None:
            array = _whole(cast("Integers", values), high)
        elif values is None:
            array = texts
        else:
            array = pa.DictionaryArray.from_arrays(pa.array(values.astype(np.int32)), texts)
        if known is not None:
            places = np.cumsum(known, dtype=np.int64) - 1
            array = array.take(pa.array(places, mask=~known))
        return array if array.type == wanted or pa.types.is_null(wanted) else array.cast(wanted)

    def _numbers(self, numbers: _Numbers, count: int) -> Integers:
        held = np.zeros(count, "<u8")
        planes = held.view(np.uint8).reshape(-1, 8)
        for place in range(numbers.width):
            planes[:, place] = next(self._planes)
        if numbers.step > 1:
            held *= np.uint64(numbers.step)
        held += np.uint64(numbers.base % 2**64)
        return held.view("<i8")

    def _texts(self, texts: _Texts) -> pa.StringArray:
        if texts.spelling is not None:
            return written(texts.spelling, next(self._planes).reshape(texts.count, -1))
        if texts.lengths is None:
            return pa.array([], pa.string())
        offsets = np.zeros(texts.count + 1, np.int32)
        np.cumsum(self._numbers(texts.lengths, texts.count), out=offsets[1:])
        return pa.StringArray.from_buffers(
            texts.count, pa.py_buffer(offsets), pa.py_buffer(next(self._planes))
        )


def _whole(values: Integers, high: Integers | None) -> pa.Array:
    if high is None:
        return pa.array(values)
    halves = np.stack([values, high], axis=1)
    return pa.Array.from_buffers(pa.decimal128(38, 0), len(values), [None, pa.py_buffer(halves)])
