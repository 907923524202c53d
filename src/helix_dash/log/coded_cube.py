"""The cube of a segment in the host's codes: what is read where its rows are gone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from helix_dash.log.cube import DAILY, DIMENSIONS, MONEY, Cube
from helix_dash.log.segment import Segment
from helix_dash.log.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class CodedCube:
    """The cube of one segment in the host's codes.

    Args:
        segment: what the manifest says.
        cells: ``quarter``, a code per dimension, and the cube's counts and sums.
        days: the same per UTC day, by what :data:`~helix_dash.log.cube.DAILY` names; empty where rows are kept.
        histograms: ``quarter``, the code of ``model``, ``measure`` in words, ``mark`` (the histogram's bucket), ``n``.
        folded: the dimensions of which some values are told apart no more → how many, at most.
    """

    segment: Segment
    cells: pl.DataFrame
    days: pl.DataFrame
    histograms: pl.DataFrame
    folded: dict[str, int]


def cube_words(cube: Cube) -> set[tuple[str, str]]:
    """The ``(column, word)`` pairs that a vocabulary must hold to code ``cube``."""
    tables = [(cube.cells, name) for name in DIMENSIONS] + [(cube.days, name) for name in DAILY]
    tables += [(cube.histograms, "model")]
    return {
        (name, word)
        for table, name in tables
        for word in pc.unique(table[name].cast(pa.string())).to_pylist()
        if word is not None
    }


def code_cube(segment: Segment, cube: Cube, vocabulary: Vocabulary) -> CodedCube:
    """``cube`` in the codes of ``vocabulary``, which holds all its words."""

    def in_codes(table: pa.Table, name: str) -> pl.Series:
        words = table[name].cast(pa.string()).to_pylist()
        codes = [0 if word is None else vocabulary.code(name, word) for word in words]
        return pl.Series(name, codes, dtype=pl.UInt32)

    def figures(table: pa.Table) -> pl.DataFrame:
        return pl.DataFrame(
            [
                in_codes(table, name)
                if pa.types.is_dictionary(table[name].type)
                else _series(name, table[name]).cast(pl.Int128 if name in MONEY else pl.Int64)
                for name in table.column_names
            ]
        )

    marks = cube.histograms
    histograms = pl.DataFrame(
        [
            _series("quarter", marks["quarter"]),
            in_codes(marks, "model"),
            _series("measure", marks["measure"].cast(pa.string())),
            _series("mark", marks["bucket"]),
            _series("n", marks["n"]),
        ]
    )
    folded = {name: count for name, count in cube.folded.items() if count}
    return CodedCube(segment, figures(cube.cells), figures(cube.days), histograms, folded)


def _series(name: str, array: pa.ChunkedArray) -> pl.Series:
    """``array`` in polars, without a copy where polars can."""
    return cast("pl.Series", pl.from_arrow(array, rechunk=False)).alias(name)
