"""The figures of rows: tallies and durations by cell, one segment at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from helix_dash.log.cells import Cells, Question
from helix_dash.log.held import Integers, Verdict
from helix_dash.log.matching import tests
from helix_dash.log.measures import TALLIES, measured
from helix_dash.log.mirror import MirrorState
from helix_dash.log.quarters import Lines, can_tell, whole_quarters
from helix_dash.log.scan import Run, matching_rows, scan
from helix_dash.log.tally import Histogram, Places, Ranked, Tallied, histograms
from helix_dash.log.vocabulary import Vocabulary
from helix_dash.model import EVERYTHING

_Column = Callable[[str], npt.NDArray[Any]]
"""One column, given its name."""


class Matching:
    """Those rows of a run that match, by column."""

    def __init__(self, run: Run, verdict: Verdict, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self._run = run
        self._rows = None if verdict is True else matching_rows(verdict, run.rows)
        self.count = run.rows if self._rows is None else len(self._rows)
        self._values: dict[str, Integers] = {}

    def values(self, column: str) -> Integers:
        """Codes, or numbers in inner units; 0 where unknown."""
        found = self._values.get(column)
        if found is None:
            held = self._run.held(column)
            found = self._values[column] = held.values() if self._rows is None else held.values(self._rows)
        return found

    def scaled(self, column: str) -> tuple[npt.NDArray[Any], int]:
        """Numbers of any width, 0 where unknown, and what each has to be multiplied with."""
        held = self._run.held(column)
        if held.base and held.low is not None:
            return self.values(column), 1
        return held.numbers if self._rows is None else held.numbers[self._rows], held.step

    def known(self, column: str) -> Verdict:
        """Which numbers are known."""
        known = self._run.held(column).known()
        return True if known is None else self._those(known)

    def is_any(self, column: str, codes: Sequence[int]) -> Verdict:
        """Which rows hold one of these codes of words or flags."""
        return self._those(self._run.held(column).is_any(codes, 0))

    def places(self, question: Question, cells: Cells) -> Places:
        """The cells of ``question`` that these rows belong to."""
        edges = np.asarray(question.starts[1:], dtype=np.int64)
        cuts = np.concatenate(([0], np.searchsorted(self._run.times, edges), [self._run.rows]))
        if self._rows is not None:
            cuts = np.searchsorted(self._rows, cuts)
        groups = cells.group_codes(self.values)
        if groups is None:
            return Places(cells.buckets, self.count, None, cuts)
        if cells.buckets > 1:
            groups = groups * cells.buckets
            groups += np.repeat(np.arange(cells.buckets), np.diff(cuts))
        return Places(cells.count, self.count, groups, None)

    def _those(self, verdict: Verdict) -> Verdict:
        return verdict if self._rows is None or isinstance(verdict, bool) else verdict[self._rows]


class RowDurations:
    """Durations as they stand in rows, to rank.

    Args:
        most: no more than so many are going to be added.
    """

    def __init__(self, most: int) -> None:
        # What is not written to takes no memory.
        self._keys, self._micros = np.empty(most, np.int64), np.empty(most, np.int64)
        self._count = 0
        self._ranked: dict[int, Ranked] = {}

    def add(self, keys: Integers, micros: Integers) -> None:
        """Durations in microseconds and the cells that they belong to."""
        end = self._count + len(keys)
        self._keys[self._count : end] = keys
        self._micros[self._count : end] = micros
        self._count = end

    def at(self, percent: int, per_group: int) -> dict[int, int]:
        """Cell (``per_group`` of them joined) → the duration at the nearest rank."""
        if per_group not in self._ranked:
            self._ranked[per_group] = Ranked(self._groups(per_group), self._micros[: self._count])
        return self._ranked[per_group].at(percent)

    def histograms(self, per_group: int) -> dict[int, Histogram]:
        """The same cells → how many durations fall in each bucket of a cube's histogram."""
        return histograms(self._groups(per_group), self._micros[: self._count])

    def _groups(self, per_group: int) -> npt.NDArray[np.int64]:
        keys = self._keys[: self._count]
        return keys if per_group == 1 else keys // per_group


def of_rows(
    state: MirrorState, question: Question, cells: Cells, tallies: list[str], durations: list[str]
) -> tuple[pl.DataFrame, dict[str, RowDurations]]:
    """The tallies by ``k`` of the rows on this host, and their durations by column."""
    asked = tests(question.scope, question.conditions, state.vocabulary, question.zone)
    found = scan(state, question.start, question.end, question.now, asked)
    runs, lines = _without_lines(found.runs, question, durations)
    sums = Tallied(tallies, cells.count)
    ranked = {column: RowDurations(found.rows) for column in durations}
    for run in runs:
        rows = Matching(run, found.matches(run), state.vocabulary)
        if not rows.count:
            continue
        places = rows.places(question, cells)
        sums.add([TALLIES[name].rows(rows) for name in tallies], places)
        for column in durations:
            _rank(ranked[column], rows, places, column)
    if lines:
        Lines(lines).add_to(sums, tallies, asked, question, cells)
    return sums.frame(), ranked


def _without_lines(
    runs: Sequence[Run], question: Question, durations: Sequence[str]
) -> tuple[list[Run], list[_Column]]:
    """The rows that have to be looked at, and the lines that stand for all the others."""
    if not can_tell(question, durations):
        return list(runs), []
    told_apart = bool(question.columns or question.dims or question.scope != EVERYTHING)
    rest: list[Run] = []
    found: list[_Column] = []
    for run in runs:
        lines = run.mapped.lines if told_apart else run.mapped.quarters
        times, ahead = run.mapped.times, run.mapped.segment.max_time >= question.now
        quarters = None if ahead else lines("quarter")
        if quarters is None:
            rest.append(run)
            continue
        begin, stop = whole_quarters(question.start, question.end, int(times[0]), int(times[-1]))
        found.append(partial(_line_column, lines, slice(*np.searchsorted(quarters, (begin, stop)))))
        first, last = np.searchsorted(times, (begin, stop)).tolist()
        ends = (
            Run(run.mapped, run.start, min(first, run.stop)),
            Run(run.mapped, max(last, run.start), run.stop),
        )
        rest += [end for end in ends if end.start < end.stop]
    return rest, found


def _line_column(lines: Callable[[str], npt.NDArray[Any] | None], some: slice, name: str) -> npt.NDArray[Any]:
    column = lines(name)
    assert column is not None
    return column[some]


def _rank(durations: RowDurations, rows: Matching, places: Places, column: str) -> None:
    counts = measured(rows, column)
    if counts is True:
        durations.add(places.keys(), rows.values(column))
    elif counts is not False:
        durations.add(places.keys()[counts], rows.values(column)[counts])
