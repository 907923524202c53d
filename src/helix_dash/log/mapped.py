"""One segment on this host: an Arrow file, memory-mapped, that all web processes share.

Words are codes of the host's vocabulary, numbers have the width they need, so a page or a chart reads only the
columns it needs, in place; how a column is held is told in :mod:`helix_dash.log.held`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from helix_dash.log.coded_cube import code_cube
from helix_dash.log.cube import cube_of
from helix_dash.log.durable import publish
from helix_dash.log.held import FALSE, TRUE, UNKNOWN, Held, HeldText, coded, hold, id_array
from helix_dash.log.quarters import by_quarter, lines_of
from helix_dash.log.schema import STORED, Column
from helix_dash.log.segment import Segment
from helix_dash.log.vocabulary import WORDS, Vocabulary

FORMAT = 2
"""Raised when the meaning of a mirror file changes; it is part of the folder's name."""

TEXTS = tuple(column.name for column in STORED if column.kind == "text" and column.name != "producer")

HOT = frozenset(
    {
        "time",
        "status",
        "error_class",
        "model",
        "provider",
        "endpoint",
        "user",
        "team",
        "organization",
        "key_alias",
    }
    | {"uncached_tokens", "cached_tokens", "cache_write_tokens", "visible_tokens", "reasoning_tokens"}
    | {
        "cost_usd",
        "priced",
        "avoided_cost_usd",
        "latency_ms",
        "ttft_ms",
        "stream",
        "cache",
        "source",
        "skewed",
    }
)
"""The columns that charts, cards and the usual filters read; the others only wait for somebody to open a row."""


_ALIGNED = 64
"""Bytes at whose multiples the two parts of a file begin: its rows, and its lines."""


_COUNTED = 2**13
"""Words of a column whose counts a process keeps per segment: 64 KB at most."""


class DamagedFile(Exception):
    """A mirror file cannot be used: it is cut short, or belongs to another vocabulary. It is made again."""


class DamagedVocabulary(Exception):
    """A mirror file names words that its vocabulary has lost. A new vocabulary, and new files, are needed."""


class _Form(msgspec.Struct, omit_defaults=True):
    """How one column is held; all but the numbers themselves."""

    base: int = 0
    step: int = 1
    low: int | None = 0
    high: int | None = 0
    text: str = ""


class _Stamp(msgspec.Struct):
    """What a file says of itself: whose rows these are, in which words, in which order of producers."""

    segment: str
    vocabulary: str
    version: int
    producers: list[str]
    forms: dict[str, _Form]


@dataclass(frozen=True, slots=True)
class MappedSegment:
    """The rows of one segment.

    Args:
        segment: what the manifest says.
        times: when each row's request ended, ascending.
        producers: the ids that the codes of ``producer`` stand for, ascending.
        hot_bytes: the size of the columns of :data:`HOT` in the file.
    """

    segment: Segment
    times: npt.NDArray[np.int64]
    producers: npt.NDArray[np.uint64]
    hot_bytes: int
    _table: pa.Table
    _forms: dict[str, _Form]
    _lines: pa.Buffer
    _held: dict[str, Held] = field(default_factory=dict)
    _texts: dict[str, HeldText] = field(default_factory=dict)
    _line_columns: dict[str, npt.NDArray[Any]] = field(default_factory=dict)
    _quarters: dict[str, npt.NDArray[Any]] = field(default_factory=dict)
    _counts: dict[str, npt.NDArray[np.int64]] = field(default_factory=dict)

    def held(self, name: str) -> Held:
        """A column of words (as codes), flags, numbers, or ``producer`` (as places in :attr:`producers`)."""
        found = self._held.get(name)
        if found is None:
            found = self._held[name] = self._open(name)
        return found

    def text(self, name: str) -> HeldText:
        """A column of texts."""
        found = self._texts.get(name)
        if found is None:
            array = self._table[name].chunk(0) if name in self._table.column_names else None
            found = self._texts[name] = HeldText(array, self._forms[name].text, self.segment.rows)
        return found

    def lines(self, name: str) -> npt.NDArray[Any] | None:
        """A column of its lines (see :mod:`helix_dash.log.quarters`); ``None`` when it has none."""
        if not len(self._lines):
            return None
        if not self._line_columns:
            table = pa.ipc.open_file(self._lines).read_all()
            self._line_columns.update({column: table[column].to_numpy() for column in table.column_names})
        return self._line_columns[name]

    def quarters(self, name: str) -> npt.NDArray[Any] | None:
        """The same, a line per quarter: all that is needed where nothing is told apart."""
        found = self._quarters.get(name)
        if found is None:
            quarters, column = self.lines("quarter"), self.lines(name)
            if quarters is None or column is None:
                return None
            found = np.unique(quarters) if name == "quarter" else by_quarter(quarters, column)
            self._quarters[name] = found
        return found

    def counts(self, name: str) -> npt.NDArray[np.int64]:
        """How many rows hold each code of a column of words; no code from its length on occurs."""
        found = self._counts.get(name)
        if found is None:
            held = self.held(name)
            if held.numbers.strides[0]:
                found = np.bincount(held.numbers)
            else:
                found = np.bincount([held.base], weights=[self.segment.rows]).astype(np.int64)
            if len(found) <= _COUNTED:
                self._counts[name] = found
        return found

    def _open(self, name: str) -> Held:
        form = self._forms[name]
        if name not in self._table.column_names:
            alike = np.broadcast_to(np.uint8(0), self.segment.rows)
            return Held(alike, None, form.base, form.step, form.low, form.high)
        array = self._table[name].chunk(0)
        bits, data = array.buffers()
        numbers = np.frombuffer(data, array.type.to_pandas_dtype())[: self.segment.rows]
        known = np.frombuffer(bits, np.uint8) if array.null_count else None
        return Held(numbers, known, form.base, form.step, form.low, form.high)


def write_segment(path: Path, segment: Segment, rows: pa.Table, vocabulary: Vocabulary) -> None:
    """Make the mirror file of ``segment`` from its ``rows`` (``ROW_SCHEMA``); only under the host's lock.

    Raises:
        OSError: there is no space.
    """
    rows = rows.combine_chunks()
    vocabulary.add(_words(rows))
    producers = pc.unique(rows["producer"]).sort()
    arrays: dict[str, pa.Array] = {}
    forms: dict[str, _Form] = {}
    # The hot columns first and the texts last, so that each kind has its pages to itself.
    for column in sorted(STORED, key=lambda column: (column.name in TEXTS, column.name not in HOT)):
        whole = rows[column.name].combine_chunks()
        array, forms[column.name] = _formed(column, whole, vocabulary, producers)
        if array is not None:
            arrays[column.name] = array
    stamp = _Stamp(segment.id, vocabulary.id, vocabulary.version, producers.to_pylist(), forms)
    table = pa.table(arrays).replace_schema_metadata({b"stamp": msgspec.json.encode(stamp)})
    whole = _file(table)
    lines = _lines(segment, rows, vocabulary)
    parts = [
        whole,
        bytes(-len(whole) % _ALIGNED),
        b"" if lines is None else _file(lines),
        len(whole).to_bytes(8, "little"),
    ]
    publish(path, b"".join(parts))


def _file(table: pa.Table) -> bytes:
    """``table`` as an Arrow file."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as file:
        file.write_table(table)
    return bytes(sink.getvalue())


def _lines(segment: Segment, rows: pa.Table, vocabulary: Vocabulary) -> pa.Table | None:
    cube = cube_of(rows)
    if cube.folded:
        return None
    lines = lines_of(code_cube(segment, cube, vocabulary).cells, rows.num_rows, vocabulary)
    return None if lines is None else lines.to_arrow()


def open_segment(path: Path, segment: Segment, vocabulary: Vocabulary) -> MappedSegment:
    """Map the file of ``segment``.

    Raises:
        FileNotFoundError: there is none.
        DamagedFile: it cannot be used and should be made again.
        DamagedVocabulary: nor can the vocabulary.
    """
    try:
        with pa.memory_map(str(path)) as source:
            whole = source.read_buffer()
        end = len(whole) - 8
        size = int.from_bytes(whole[max(0, end) :], "little")
        if not 0 < size <= end:
            raise DamagedFile(f"{path.name} is cut short")
        table = pa.ipc.open_file(whole[:size]).read_all()
        stamp = msgspec.json.decode((table.schema.metadata or {})[b"stamp"], type=_Stamp)
    except FileNotFoundError:
        raise
    except (OSError, pa.ArrowException, ValueError, KeyError) as error:
        raise DamagedFile(f"{path.name}: {error}") from error
    if (
        stamp.segment != segment.id
        or stamp.vocabulary != vocabulary.id
        or table.num_rows != segment.rows
        or stamp.forms.keys() != {column.name for column in STORED}
    ):
        raise DamagedFile(f"{path.name} does not belong to its segment and vocabulary")
    if stamp.version > vocabulary.version:
        vocabulary.refresh()
    if stamp.version > vocabulary.version:
        raise DamagedVocabulary(f"{path.name} names words the vocabulary does not hold")
    return MappedSegment(
        segment,
        np.frombuffer(table["time"].chunk(0).buffers()[1], np.int64)[: segment.rows],
        np.array([int(producer, 16) for producer in stamp.producers], np.uint64),
        sum(table[name].nbytes for name in table.column_names if name in HOT),
        table,
        stamp.forms,
        whole[size + -size % _ALIGNED : end],
    )


def _words(rows: pa.Table) -> Iterator[tuple[str, str]]:
    for name in WORDS:
        for word in rows[name].combine_chunks().dictionary.to_pylist():
            if word is not None:
                yield name, word


def _formed(
    column: Column, array: Any, vocabulary: Vocabulary, producers: pa.StringArray
) -> tuple[pa.Array | None, _Form]:
    """What the file holds of a column, and how; ``None``: its form says it all."""
    match column.kind:
        case "time" if column.name == "time":
            return array, _Form(low=array[0].as_py(), high=array[-1].as_py())
        case "text" if column.name in TEXTS:
            if array.null_count == len(array):
                return None, _Form()
            ids, text = id_array(array)
            return ids, _Form(text=text)
        case "text":
            return _coded(pc.index_in(array, producers).to_numpy())
        case "word":
            return _coded(_codes(column.name, array, vocabulary))
        case "flag":
            codes = pc.if_else(array, TRUE, FALSE).fill_null(UNKNOWN)
            return _coded(codes.to_numpy(zero_copy_only=False))
    known = array.is_valid().to_numpy(zero_copy_only=False) if array.null_count else None
    values = array.cast(pa.int64()).fill_null(0).to_numpy()
    numbers, base, step, low, high = hold(values, known)
    form = _Form(base, step, low, high)
    if numbers is None:
        return None, form
    return pa.array(numbers, mask=None if known is None else ~known), form


def _coded(codes: npt.NDArray[Any]) -> tuple[pa.Array | None, _Form]:
    numbers, alike = coded(codes)
    form = _Form(base=alike, low=int(codes.min()), high=int(codes.max()))
    return None if numbers is None else pa.array(numbers), form


def _codes(name: str, array: pa.DictionaryArray, vocabulary: Vocabulary) -> npt.NDArray[np.uint32]:
    codes = [vocabulary.code(name, word) or 0 for word in array.dictionary.to_pylist()]
    table = np.array([*codes, 0], dtype=np.uint32)
    # Unknown rows point behind the dictionary, where the code 0 stands.
    places = pc.fill_null(array.indices, len(codes)).to_numpy(zero_copy_only=False)
    return cast("npt.NDArray[np.uint32]", table[places])
