"""What cubes can still tell of requests whose rows are gone (expired, or without space on this host)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from helix_dash.log.cells import Cells, Question
from helix_dash.log.coded_cube import CodedCube
from helix_dash.log.cube import BUCKETS, DAILY, DIMENSIONS
from helix_dash.log.held import Held, HeldText
from helix_dash.log.matching import Tests, tests
from helix_dash.log.mirror import MirrorState
from helix_dash.log.tally import Histogram, tallied
from helix_dash.model import EVERYTHING


@dataclass(slots=True)
class Expired:
    """The part of an answer that comes from cubes.

    Args:
        parts: tallies by ``k``.
        histograms: duration column → ``k`` → histogram.
        untold: the buckets about which the cubes cannot tell what was asked.
        unranked: the buckets of which they cannot tell percentiles.
        others: a dimension that was asked for → how many values its "other" holds, at most.
    """

    parts: list[pl.DataFrame] = field(default_factory=list)
    histograms: dict[str, dict[int, Histogram]] = field(default_factory=dict)
    untold: set[int] = field(default_factory=set)
    unranked: set[int] = field(default_factory=set)
    others: dict[str, int] = field(default_factory=dict)


def expired(
    state: MirrorState, question: Question, cells: Cells, tallies: Sequence[str], durations: Sequence[str]
) -> Expired:
    """The cubes' part of the answer to ``question``. A quarter of an hour, and of users a UTC day, belongs to where
    it begins."""
    found = Expired(histograms={name: {} for name in durations})
    for cube in state.cubes:
        inside = pl.col("quarter").is_between(question.start, question.end, closed="left")
        cells_inside = cube.cells.filter(inside)
        if not cells_inside.height:
            continue
        touched = set(_placed(cells_inside, question)["bucket"].unique())
        told = _telling(cube, question)
        if told is None:
            found.untold |= touched
            continue
        frame = _placed(told.filter(inside), question)
        for name in cube.folded.keys() & set(question.dims):
            found.others[name] = found.others.get(name, 0) + cube.folded[name]
        asked = tests(question.scope, question.conditions, state.vocabulary, question.zone)
        frame = matching_cells(frame, asked)
        found.parts.append(tallied(frame.with_columns(cells.key()), tallies, state.vocabulary))
        if not durations:
            continue
        if not _ranks(question):
            found.unranked |= touched
            continue
        marks = _placed(cube.histograms.filter(inside), question)
        marks = matching_cells(marks, asked).with_columns(cells.key())
        for name in durations:
            _add(found.histograms[name], marks.filter(pl.col("measure") == name))
    return found


class _Cells:
    """The cells of a cube, to be tested as rows are."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame, self.rows = frame, frame.height

    def held(self, name: str) -> Held:
        return Held(self._frame[name].to_numpy())

    def text(self, name: str) -> HeldText:
        raise KeyError(name)  # a cube holds no texts, and is asked only for what it holds


def matching_cells(frame: pl.DataFrame, asked: Tests) -> pl.DataFrame:
    """Those ``frame`` rows of a cube's cells that meet what is asked."""
    verdict = asked.of(_Cells(frame))
    if isinstance(verdict, bool):
        return frame if verdict else frame.clear()
    return frame.filter(pl.Series(verdict))


def _placed(frame: pl.DataFrame, question: Question) -> pl.DataFrame:
    places = np.searchsorted(np.asarray(question.starts), frame["quarter"].to_numpy(), side="right") - 1
    return frame.with_columns(pl.Series("bucket", np.maximum(places, 0)))


def _telling(cube: CodedCube, question: Question) -> pl.DataFrame | None:
    """The table of ``cube`` that can answer ``question``; ``None``: none can."""
    asked = set(question.columns)
    if question.scope.organization is not None:
        asked.add("organization")
    if asked & cube.folded.keys():  # a value that was asked for may be within "other"
        return None
    needed = asked | set(question.dims)
    if needed <= set(DIMENSIONS) and question.bucket not in ("minute", "5minutes"):
        return cube.cells
    if needed <= set(DAILY) and question.bucket in _OF_DAYS and cube.days.height:
        return cube.days
    return None


_OF_DAYS = (None, "day", "week", "month")


def _ranks(question: Question) -> bool:
    return question.scope == EVERYTHING and question.columns | set(question.dims) <= {"model"}


def _add(histograms: dict[int, Histogram], marks: pl.DataFrame) -> None:
    sums = marks.group_by("k", "mark").agg(pl.col("n").sum())
    for key, mark, count in sums.iter_rows():
        histograms.setdefault(key, np.zeros(BUCKETS, np.int64))[mark] += count
