"""Figures by group and time bucket: the engine behind charts, cards and rankings.

Rows are added up exactly. Where rows have expired (or this host has no space for them) their cubes are added
instead, as far as cubes can tell; what they cannot tell is ``None``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

from helix_dash.errors import BadQuery
from helix_dash.log import completeness
from helix_dash.log.cells import Cells, Group, Question
from helix_dash.log.expired import Expired, expired
from helix_dash.log.held import Integers
from helix_dash.log.measures import MEASURES, PERCENTILES, Measure, Number
from helix_dash.log.mirror import MirrorState
from helix_dash.log.rows import of_rows
from helix_dash.log.schema import PICO
from helix_dash.log.tally import Histogram, added, percentile_of_histogram

MOST_GROUPS = 1000


@dataclass(frozen=True, slots=True)
class Series:
    """Figures by group and time bucket.

    Args:
        starts: the buckets' first instants, epoch milliseconds; one element when no bucket was asked.
        groups: one tuple of dimension values per group, in order of the first measure, largest first; ``None``
            within is "unknown". ``((),)`` when no dimension was asked. At most 1000.
        values: per measure, ``[group][bucket]``: ``None`` where nothing was recorded and the fold was not alive,
            and for a percentile or ratio without requests.
        unfinished: whether the last bucket is still filling.
        approximate: whether percentiles come from histograms ("~"), because the rows have expired.
        as_of: the instant up to which the answer is complete, epoch microseconds; ``None`` when unknown.
        groups_total: how many groups there are, also beyond the 1000.
        expired: whether something is ``None`` because single requests have expired and totals cannot tell it.
        others: dimension → how many values its group "other" holds, at most, where old totals tell them apart no more.
    """

    starts: tuple[int, ...]
    groups: tuple[Group, ...]
    values: dict[str, list[list[Number]]]
    unfinished: bool = False
    approximate: bool = False
    as_of: int | None = None
    groups_total: int = 0
    expired: bool = False
    others: dict[str, int] = field(default_factory=dict)


class Durations(Protocol):
    """The durations of one column that count for percentiles, by ``k``; ``per_group`` joins so many cells each."""

    def at(self, percent: int, per_group: int) -> dict[int, int]:
        """``k // per_group`` → the duration at the nearest rank, in microseconds."""

    def histograms(self, per_group: int) -> dict[int, Histogram]:
        """``k // per_group`` → how many durations fall in each bucket of a cube's histogram."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Everything known by cell: tallies in order of ``k``, durations to rank, and the cubes' part."""

    tallies: pl.DataFrame
    durations: dict[str, Durations]
    expired: Expired


Backend = Callable[[MirrorState, Question, Cells, list[str], list[str]], Answer]
"""Finds the :class:`Answer`: the named tallies and duration columns of all cells."""


def series(state: MirrorState, question: Question, natural_end: int, backend: Backend) -> Series:
    """The answer to ``question``; ``natural_end`` is where its last bucket ends, also beyond the period.

    Raises:
        BadQuery: an unknown measure or dimension, or a bad condition.
    """
    figures = Figures(state, question, backend)
    as_of = state.as_of
    return Series(
        starts=tuple(start // 1000 for start in question.starts),
        groups=figures.groups,
        values={name: figures.values(name, _dollars) for name in question.measures},
        unfinished=natural_end > (question.now if as_of is None else as_of),
        approximate=figures.approximate,
        as_of=as_of,
        groups_total=figures.groups_total,
        expired=figures.incomplete,
        others=figures.others,
    )


def totals(state: MirrorState, question: Question, backend: Backend) -> dict[str, Number | Decimal]:
    """The measures over the whole period, money as exact :class:`~decimal.Decimal` dollars."""
    figures = Figures(state, question, backend)
    return {name: figures.values(name, _exact)[0][0] for name in question.measures}


def _dollars(pico: int) -> float:
    return pico / PICO


def _exact(pico: int) -> Decimal:
    return Decimal(pico).scaleb(-12)


class Figures:
    """The answer to one question, from which measures are read.

    Attributes:
        groups: the largest groups by the first measure.
        groups_total: how many there are.
        approximate: whether a percentile comes from a histogram.
        incomplete: whether something cannot be told any more.
        others: dimension → how many values its "other" holds.
    """

    def __init__(self, state: MirrorState, question: Question, backend: Backend) -> None:
        for name in question.measures:
            if name not in MEASURES and name not in PERCENTILES:
                raise BadQuery("measures", f"There is no measure {name!r}.")
        self._question = question
        self._cells = Cells(question, state.vocabulary)
        self._answer = backend(state, question, self._cells, *_needs(question.measures))
        keys = self._answer.tallies["k"].to_numpy()
        self._seen: set[int] = set(np.flatnonzero(np.bincount(keys % self._cells.buckets)).tolist())
        ranked = self._ranked(keys) if question.dims else [0]
        self.groups_total = len(ranked)
        self._places = {group: place for place, group in enumerate(ranked[:MOST_GROUPS])}
        self.groups = tuple(self._cells.group(group) for group in self._places) if question.dims else ((),)
        if len(ranked) > MOST_GROUPS:
            kept = np.isin(keys // self._cells.buckets, ranked[:MOST_GROUPS])
            keys, self._answer = keys[kept], replace(self._answer, tallies=self._answer.tallies.filter(kept))
        self._slots = self._slots_of(keys)
        self._known = self._known_buckets(state)
        gone = self._answer.expired
        self.approximate = any(gone.histograms.values())
        self.incomplete = bool(gone.untold or gone.unranked)
        self.others = gone.others

    def values(self, name: str, money: Any) -> list[list[Any]]:
        """``[group][bucket]`` of one measure; ``money`` makes of 10⁻¹² dollars what the caller wants."""
        adds = name in MEASURES and MEASURES[name].adds
        convert = money if name in MEASURES and MEASURES[name].money else _same
        empty = [convert(0) if adds and known else None for known in self._known]
        slots, found = self._by_slot(name)
        if convert is not _same:
            found = [None if value is None else convert(value) for value in found]
        figures = _objects(empty * len(self._places))
        figures[slots] = _objects(found)
        lines: list[list[Any]] = figures.reshape(len(self._places), len(empty)).tolist()
        gone = self._answer.expired
        for bucket in gone.untold | (gone.unranked if name in PERCENTILES else set()):
            for line in lines:
                line[bucket] = None
        return lines

    def _slots_of(self, keys: Integers) -> Integers:
        """Where the figure of each ``k`` stands among all: the place of its group, then its bucket."""
        groups, where = np.unique(keys // self._cells.buckets, return_inverse=True)
        places = np.array([self._places[group] for group in groups.tolist()], np.int64)
        return places[where] * self._cells.buckets + keys % self._cells.buckets

    def _by_slot(self, name: str) -> tuple[Integers, list[Number]]:
        """The slots and the measure's figure in each, money in 10⁻¹² dollars."""
        if name in MEASURES:
            measure, tallies = MEASURES[name], self._answer.tallies
            return self._slots, _figures(measure, [_whole(tallies[part]) for part in measure.tallies])
        buckets = self._cells.buckets
        found = [(key, value) for key, value in self._percentile(name, 1) if key // buckets in self._places]
        keys = np.array([key for key, _ in found], np.int64)
        return self._slots_of(keys), [value for _, value in found]

    def _percentile(self, name: str, per_group: int) -> Iterable[tuple[int, float]]:
        """``k // per_group`` and the percentile, in milliseconds."""
        column, percent = PERCENTILES[name]
        durations = self._answer.durations[column]
        found = durations.at(percent, per_group)
        rough: dict[int, Any] = {}
        for key, histogram in self._answer.expired.histograms[column].items():
            rough[key // per_group] = rough.get(key // per_group, 0) + histogram
        if rough:
            exact = durations.histograms(per_group)
            for key, histogram in rough.items():
                found[key] = percentile_of_histogram(histogram + exact.get(key, 0), percent)
        return ((key, micro / 1000) for key, micro in found.items())

    def _ranked(self, keys: Integers) -> list[int]:
        """The numbers of all groups, largest first; the first 1000 of equal or unknown size in order of their words."""
        figure = self._by_group(self._question.measures[0] if self._question.measures else "requests", keys)
        known = [group for group, value in figure.items() if value is not None]
        known.sort(key=figure.__getitem__, reverse=True)
        ranked = known + [group for group, value in figure.items() if value is None]

        def words(group: int) -> list[tuple[bool, str]]:
            return [(word is None, word or "") for word in self._cells.group(group)]

        # Words are looked up only where sizes tie: there may be thousands of users.
        start = 0
        while start < min(len(ranked), MOST_GROUPS):
            size, stop = figure[ranked[start]], start + 1
            while stop < len(ranked) and figure[ranked[stop]] == size:
                stop += 1
            if stop > start + 1:
                ranked[start:stop] = sorted(ranked[start:stop], key=words)
            start = stop
        return ranked

    def _by_group(self, name: str, keys: Integers) -> dict[int, Any]:
        """The figure of each group over all its buckets; ``None`` where it has none."""
        buckets, tallies = self._cells.buckets, self._answer.tallies
        if name in PERCENTILES:
            figure: dict[int, Any] = dict.fromkeys(np.unique(keys // buckets).tolist())
            figure.update(self._percentile(name, buckets))
            return figure
        if not len(keys):
            return {}
        measure, groups = MEASURES[name], keys // buckets
        begins = np.flatnonzero(np.diff(groups, prepend=-1))
        parts = (_objects(_whole(tallies[part])) for part in measure.tallies)
        sums = [np.add.reduceat(part, begins).tolist() for part in parts]  # of Python's integers: exact
        return dict(zip(groups[begins].tolist(), _figures(measure, sums), strict=True))

    def _known_buckets(self, state: MirrorState) -> list[bool]:
        question, covered, seen = self._question, completeness.joined(state.coverage), self._seen
        if question.bucket is None:
            return [
                bool(seen) or completeness.touches(covered, question.start, min(question.end, question.now))
            ]
        until = min(question.now, state.as_of or 0)

        def is_known(bucket: int) -> bool:
            if bucket in seen:
                return True
            start, end = question.limits(bucket)
            return completeness.covers(covered, start, min(end, until))

        return [is_known(bucket) for bucket in range(self._cells.buckets)]


def _figures(measure: Measure, tallies: Sequence[list[int]]) -> list[Number]:
    """The figures of each line of the measure's ``tallies``."""
    if measure.adds and len(tallies) == 1:
        return list(tallies[0])
    return list(map(measure.figure, *tallies))


def _objects(values: Sequence[Any]) -> npt.NDArray[Any]:
    """``values`` as they are, to be put into place all at once."""
    whole = np.empty(len(values), object)
    whole[:] = values
    return whole


def _whole(sums: pl.Series) -> list[int]:
    # 64 bits become Python's integers ten times as fast.
    small = sums.cast(pl.Int64, strict=False)
    return sums.to_list() if small.null_count() else small.to_list()


def _same(value: Number) -> Number:
    return value


def _needs(measures: Sequence[str]) -> tuple[list[str], list[str]]:
    """The tallies and the duration columns that ``measures`` are made of."""
    wanted = {part for name in measures if name in MEASURES for part in MEASURES[name].tallies}
    durations = {PERCENTILES[name][0] for name in measures if name in PERCENTILES}
    return sorted(wanted | {"requests"}), sorted(durations)


def answer(
    state: MirrorState, question: Question, cells: Cells, tallies: list[str], durations: list[str]
) -> Answer:
    """What the mirror's rows, and the cubes where there are none, say about ``question``."""
    gone = expired(state, question, cells, tallies, durations)
    sums, ranked = of_rows(state, question, cells, tallies, durations)
    return Answer(added([sums, *gone.parts]), dict(ranked), gone)
