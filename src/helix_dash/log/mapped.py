"""One segment on this host: an Arrow file, memory-mapped, that all web processes share.

Words are codes of the host's vocabulary, numbers have the width of their kind, so a page or a chart reads only
the columns it needs, in place. Texts (ids) stay as they are and are read only when they are asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from helix_dash.log.cube import DIMENSIONS, MONEY, Cube
from helix_dash.log.durable import publish
from helix_dash.log.schema import STORED, Column
from helix_dash.log.segment import ROW_SCHEMA, Segment
from helix_dash.log.vocabulary import WORDS, Vocabulary

FORMAT = 1
"""Raised when the meaning of a mirror file changes; it is part of the folder's name."""

_BROAD = frozenset({"user", "end_user", "key_alias", "tags", "cache_owner", "pii", "error_class"})
"""Word columns that may hold more than 65,535 words from the start."""

_WIDTHS: dict[str, tuple[pa.DataType, ...]] = {
    "time": (pa.int64(),),
    "money": (pa.int64(),),
    "count": (pa.uint32(), pa.int64()),
    "duration": (pa.uint32(), pa.int64()),
    "share": (pa.uint32(),),
    "flag": (pa.bool_(),),
}
"""What a kind is held in; the second where a value of the segment does not fit the first."""

TEXTS = tuple(column.name for column in STORED if column.kind == "text" and column.name != "producer")


class DamagedFile(Exception):
    """A mirror file cannot be used: it is cut short, or belongs to another vocabulary. It is made again."""


class DamagedVocabulary(Exception):
    """A mirror file names words that its vocabulary has lost. A new vocabulary, and new files, are needed."""


@dataclass(frozen=True, slots=True)
class MappedSegment:
    """The rows of one segment.

    Args:
        segment: what the manifest says.
        frame: all columns but the texts, without a copy: codes, integers, flags; ``producer`` as 64 bits.
        columns: the same by name.
        texts: the text columns, mapped, not yet in polars (which would make a view of each value).
        times: ``columns["time"]`` for binary searches.
    """

    segment: Segment
    frame: pl.DataFrame
    columns: dict[str, pl.Series]
    texts: pa.Table
    times: npt.NDArray[np.int64]

    def text(self, name: str, start: int, stop: int) -> pl.Series:
        """Rows ``[start, stop)`` of the text column ``name``."""
        if name == "producer":
            return hex_words(self.columns[name].slice(start, stop - start))
        return series(name, self.texts[name].slice(start, stop - start))


def take(parts: Sequence[tuple[MappedSegment, npt.NDArray[np.int64]]]) -> pl.DataFrame:
    """All columns of the rows with these numbers, segment by segment; codes stay codes."""
    texts = pa.concat_tables([mapped.texts.take(pa.array(rows)) for mapped, rows in parts])
    frame: pl.DataFrame = pl.concat([mapped.frame[rows] for mapped, rows in parts], how="vertical_relaxed")
    return pl.DataFrame(
        [
            series(name, texts[name])
            if name in TEXTS
            else hex_words(frame[name])
            if name == "producer"
            else frame[name]
            for name in ROW_SCHEMA.names
        ]
    )


@dataclass(frozen=True, slots=True)
class CodedCube:
    """The cube of one segment in the host's codes.

    Args:
        segment: what the manifest says.
        cells: ``quarter``, a code per dimension, and the cube's counts and sums.
        histograms: ``quarter``, the code of ``model``, ``measure`` in words, ``mark`` (the histogram's bucket), ``n``.
        folded: the dimensions of which some values are told apart no more.
    """

    segment: Segment
    cells: pl.DataFrame
    histograms: pl.DataFrame
    folded: frozenset[str]


def cube_words(cube: Cube) -> set[tuple[str, str]]:
    """The ``(column, word)`` pairs that a vocabulary must hold to code ``cube``."""
    tables = [(cube.cells, name) for name in DIMENSIONS] + [(cube.histograms, "model")]
    return {
        (name, word)
        for table, name in tables
        for word in pc.unique(table[name].cast(pa.string())).to_pylist()
        if word is not None
    }


def code_cube(segment: Segment, cube: Cube, vocabulary: Vocabulary) -> CodedCube:
    """``cube`` in the codes of ``vocabulary``, which holds all its words."""

    def coded(table: pa.Table, name: str) -> pl.Series:
        words = table[name].cast(pa.string()).to_pylist()
        codes = [0 if word is None else vocabulary.code(name, word) for word in words]
        return pl.Series(name, codes, dtype=pl.UInt32)

    cells = [
        coded(cube.cells, name)
        if name in DIMENSIONS
        else series(name, cube.cells[name]).cast(pl.Int128 if name in MONEY else pl.Int64)
        for name in cube.cells.column_names
    ]
    marks = cube.histograms
    histograms = pl.DataFrame(
        [
            series("quarter", marks["quarter"]),
            coded(marks, "model"),
            series("measure", marks["measure"].cast(pa.string())),
            series("mark", marks["bucket"]),
            series("n", marks["n"]),
        ]
    )
    folded = frozenset(name for name, count in cube.folded.items() if count)
    return CodedCube(segment, pl.DataFrame(cells), histograms, folded)


def series(name: str, array: pa.ChunkedArray) -> pl.Series:
    """``array`` in polars, without a copy where polars can."""
    return cast("pl.Series", pl.from_arrow(array, rechunk=False)).alias(name)


def hex_words(producers: pl.Series) -> pl.Series:
    """64-bit producer ids as 16 hexadecimal digits."""
    raw = producers.to_numpy().astype(">u8").tobytes()
    fixed = pa.FixedSizeBinaryArray.from_buffers(pa.binary(8), len(producers), [None, pa.py_buffer(raw)])
    return series(producers.name, pa.chunked_array([fixed.cast(pa.binary())])).bin.encode("hex")


def write_segment(path: Path, segment: Segment, rows: pa.Table, vocabulary: Vocabulary) -> None:
    """Make the mirror file of ``segment`` from its ``rows`` (``ROW_SCHEMA``); only under the host's lock.

    Raises:
        OSError: there is no space.
    """
    vocabulary.add(_words(rows))
    held = {column.name: _held(column, rows[column.name].combine_chunks(), vocabulary) for column in STORED}
    stamp = {"segment": segment.id, "vocabulary": vocabulary.id, "version": str(vocabulary.version)}
    table = pa.table(held).replace_schema_metadata(stamp)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as file:
        file.write_table(table)
    publish(path, sink.getvalue())


def open_segment(path: Path, segment: Segment, vocabulary: Vocabulary) -> MappedSegment:
    """Map the file of ``segment``.

    Raises:
        FileNotFoundError: there is none.
        DamagedFile: it cannot be used and should be made again.
        DamagedVocabulary: nor can the vocabulary.
    """
    try:
        with pa.memory_map(str(path)) as source:
            table = pa.ipc.open_file(source).read_all()
    except FileNotFoundError:
        raise
    except (OSError, pa.ArrowException, ValueError) as error:
        raise DamagedFile(str(error)) from error
    stamp = {key.decode(): value.decode() for key, value in (table.schema.metadata or {}).items()}
    if (
        stamp.get("segment") != segment.id
        or stamp.get("vocabulary") != vocabulary.id
        or table.num_rows != segment.rows
        or table.column_names != ROW_SCHEMA.names
    ):
        raise DamagedFile(f"{path.name} does not belong to its segment and vocabulary")
    if int(stamp["version"]) > vocabulary.version:
        vocabulary.refresh()
    if int(stamp["version"]) > vocabulary.version:
        raise DamagedVocabulary(f"{path.name} names words the vocabulary does not hold")
    columns = {name: series(name, table[name]) for name in table.column_names if name not in TEXTS}
    return MappedSegment(
        segment,
        pl.DataFrame(list(columns.values())),
        columns,
        table.select(TEXTS),
        columns["time"].to_numpy(),
    )


def _words(rows: pa.Table) -> Iterator[tuple[str, str]]:
    for name in WORDS:
        for word in rows[name].combine_chunks().dictionary.to_pylist():
            if word is not None:
                yield name, word


def _held(column: Column, array: Any, vocabulary: Vocabulary) -> pa.Array:
    if column.name == "producer":
        return _producers(array)
    if column.kind == "word":
        return _codes(column.name, array, vocabulary)
    if column.kind == "text":
        return array
    widths = _WIDTHS[column.kind]
    if len(widths) > 1 and (pc.max(array).as_py() or 0) >= 2**32:
        return array.cast(widths[1])
    return array.cast(widths[0])


def _codes(name: str, array: pa.DictionaryArray, vocabulary: Vocabulary) -> pa.Array:
    codes = [vocabulary.code(name, word) or 0 for word in array.dictionary.to_pylist()]
    broad = name in _BROAD or max(codes, default=0) >= 2**16
    table = np.array([*codes, 0], dtype=np.uint32 if broad else np.uint16)
    # Unknown rows point behind the dictionary, where the code 0 stands.
    places = pc.fill_null(array.indices, len(codes)).to_numpy(zero_copy_only=False)
    return pa.array(table[places])


def _producers(array: pa.StringArray) -> pa.Array:
    coded = array.dictionary_encode()
    numbers = np.array([int(text, 16) for text in coded.dictionary.to_pylist()], dtype=np.uint64)
    return pa.array(numbers[coded.indices.to_numpy()])
