"""The whole reading surface of the request log: ``page``, ``series``, ``batches``, and what hangs on them.

Every question takes a :class:`~helix_dash.model.Scope`: what the asker may see. Answers come from this
process's view of the host's mirror, so they go on when the store is away, and say how old they are.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import Any, Self, TypeVar

import numpy as np
import polars as pl

from helix_dash.errors import BadQuery, StoreUnavailable
from helix_dash.log.batches import batches
from helix_dash.log.buckets import Bucket, bucket_starts, following_start
from helix_dash.log.cells import Cells, Question
from helix_dash.log.crosstab import MOST_BUCKETS, Crosstab, crosstab
from helix_dash.log.cube import DIMENSIONS
from helix_dash.log.expired import matching_cells
from helix_dash.log.health import LogHealth, health
from helix_dash.log.held import both
from helix_dash.log.matching import Tests, tests
from helix_dash.log.measures import Number
from helix_dash.log.mirror import MirrorState
from helix_dash.log.ordering import page
from helix_dash.log.results import Results
from helix_dash.log.scan import Run, Scan, frames, gathered, in_words, matching_rows, scan
from helix_dash.log.schema import BY_NAME
from helix_dash.log.series import Answer, Series, answer, series, totals
from helix_dash.log.shown import EVERY, parse_row_id, row_columns, shown_lists, stored_columns
from helix_dash.log.view import View
from helix_dash.model import Filter, Scope, Slice, Sort, us_from_utc

__all__ = ["Bucket", "LogHealth", "Number", "Page", "RequestLog", "Series"]

AHEAD = 5 * 60 * 10**6
"""Microseconds a record may lie ahead of this host's clock and still be shown."""

Kept = TypeVar("Kept")

OLDEST = 400 * 24 * 3600 * 10**6
"""Microseconds back from now before which nothing is kept."""


@dataclass(frozen=True, slots=True)
class Page:
    """Rows as shown (see :mod:`helix_dash.log.shown`), the exact number that match, and the ingest watermark
    they hold for: with it a later page is cut from the same rows. Shared by all who ask; nobody changes it."""

    rows: Sequence[Mapping[str, Any]]
    total: int
    watermark: int


def clock() -> int:
    return us_from_utc(datetime.now(UTC))


class RequestLog:
    """The log as this process reads it.

    Every method raises :class:`StoreUnavailable` when this process has never reached the store, and
    :class:`BadQuery` when the question cannot be asked.

    Args:
        mirror: the host's mirror; :class:`~helix_dash.log.follow.Follower` keeps it fresh.
        zone: the reporting zone: where days begin, and what a time without a zone means.
        max_data_points: the most buckets of one series.
        now: this host's clock, in microseconds.
    """

    def __init__(
        self, mirror: View, zone: tzinfo, max_data_points: int, *, now: Callable[[], int] = clock
    ) -> None:
        self.mirror = mirror
        self._zone = zone
        self._max_data_points = max_data_points
        self._now = now
        self._results = Results()

    def in_zone(self, zone: tzinfo) -> Self:
        """The same log, where days begin in ``zone`` and times without a zone are meant in it."""
        other = copy.copy(self)  # the kept results are shared: each is kept by the zone it was asked in
        other._zone = zone
        return other

    def page(
        self,
        scope: Scope,
        where: Filter,
        sort: Sort,
        part: Slice,
        *,
        columns: Sequence[str] = EVERY,
        watermark: int | None = None,
    ) -> Page:
        """Rows ``[part.offset, part.offset + part.limit)`` of those that match, in the order of ``sort``.

        Args:
            columns: what the rows hold beside ``row_id``: few are found sooner than all.
            watermark: count only rows received by then (microseconds), as an earlier page told.
        """
        state, now = self._state(), self._now()
        if sort.column not in BY_NAME:
            raise BadQuery("sort", f"There is no column {sort.column!r}.")
        if part.offset < 0 or part.limit < 0:
            raise BadQuery("limit", "A page begins at 0 or later and is not negative.")
        columns = _known(columns)
        asked = (scope, where, sort, part, columns, watermark)
        question = ("page", state.generation, now // 10**6, self._zone, *asked)
        return self._results.get(question, lambda: self._page(state, now, *asked))

    def count(self, scope: Scope, where: Filter) -> int:
        """How many rows match, exactly."""
        return self.page(scope, where, Sort(), Slice(0, 0), columns=()).total

    def series(
        self,
        scope: Scope,
        where: Filter,
        dims: Sequence[str],
        bucket: Bucket | None,
        measures: Sequence[str],
    ) -> Series:
        """``measures`` by up to two ``dims`` and per ``bucket`` of the reporting zone (``None``: in one sum)."""
        state, now = self._state(), self._now()
        question, natural_end = self._question(scope, where, tuple(dims), bucket, tuple(measures), now)
        key = ("series", state.generation, state.as_of, replace(question, now=now // 10**6))
        return self._results.get(key, lambda: series(state, question, natural_end, self._answer))

    def crosstab(
        self, scope: Scope, where: Filter, dims: Sequence[str], bucket: Bucket | None, tallies: Sequence[str]
    ) -> Crosstab:
        """Whole sums of every group, however many there are, by up to two ``dims`` and per ``bucket``."""
        state, now = self._state(), self._now()
        question, _ = self._question(scope, where, tuple(dims), bucket, tuple(tallies), now, MOST_BUCKETS)
        key = ("crosstab", state.generation, state.as_of, replace(question, now=now // 10**6))
        return self._results.get(key, lambda: crosstab(state, question, tallies, self._answer))

    def totals(self, scope: Scope, where: Filter, measures: Sequence[str]) -> dict[str, Number | Decimal]:
        """``measures`` over the whole period, money as exact decimal dollars."""
        state, now = self._state(), self._now()
        question, _ = self._question(scope, where, (), None, tuple(measures), now)
        key = ("totals", state.generation, state.as_of, replace(question, now=now // 10**6))
        return self._results.get(key, lambda: totals(state, question, self._answer))

    def batches(self, scope: Scope, where: Filter, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        """All rows that match, oldest first, in frames of bounded size, as the log is at this call.

        The frames hold the stored columns that ``columns`` are made of, in inner units, words as words;
        :func:`helix_dash.log.shown.csv_texts` makes texts of them.
        """
        state, now = self._state(), self._now()
        return self._batches(state, now, scope, where, _known(columns))

    def _batches(
        self, state: MirrorState, now: int, scope: Scope, where: Filter, columns: Sequence[str]
    ) -> Iterator[pl.DataFrame]:
        found = self._scan(state, now, scope, where)
        return batches(found, stored_columns(columns), state.vocabulary)

    def frames(self, scope: Scope, where: Filter, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        """The same rows and columns in no order of their own, which takes less time: for what adds up."""
        state, now = self._state(), self._now()
        return self._frames(state, now, scope, where, columns)

    def _frames(
        self, state: MirrorState, now: int, scope: Scope, where: Filter, columns: Sequence[str]
    ) -> Iterator[pl.DataFrame]:
        found = self._scan(state, now, scope, where)
        return (in_words(frame, state.vocabulary) for frame in frames(found, stored_columns(columns)))

    def kept(self, question: Hashable, compute: Callable[[], Kept]) -> Kept:
        """What ``compute`` made of the log as it is now: once for all who ask the same ``question``.

        For figures that are made of :meth:`frames`. Whatever is answered is shared; nobody may change it.
        """
        state, now = self._state(), self._now()
        return self._results.get((state.generation, now // 10**6, self._zone, question), compute)

    def one(self, scope: Scope, row_id: str) -> dict[str, Any] | None:
        """The row named ``row_id`` as shown; ``None`` when it is not there or outside ``scope``."""
        state, name = self._state(), parse_row_id(row_id)
        return None if name is None else self._one(state, scope, *name)

    def _one(
        self, state: MirrorState, scope: Scope, producer_id: str, sequence: int
    ) -> dict[str, Any] | None:
        producer, allowed = int(producer_id, 16), tests(scope, (), state.vocabulary, self._zone)
        for mapped in state.segments:
            code = int(np.searchsorted(mapped.producers, producer))
            if code == len(mapped.producers) or mapped.producers[code] != producer:
                continue
            run = Run(mapped, 0, mapped.segment.rows)
            here = both(run.held("producer").is_any([code], 0), run.held("seq").between(sequence, sequence))
            for row in matching_rows(both(here, allowed.of(run)), run.rows).tolist():
                return shown_lists(gathered([(run, row)], row_columns(EVERY), state.vocabulary), EVERY)[0]
        return None

    def values(self, scope: Scope, column: str, contains: str = "", limit: int = 200) -> list[str]:
        """The words of ``column`` that ``scope`` may see and that contain a text, in order of their letters; of words
        that hold several (tags), the parts."""
        found = BY_NAME.get(column)
        if found is None or found.kind not in ("word", "flag"):
            raise BadQuery("column", f"{column!r} has no list of values.")
        if found.kind == "flag":
            words = ["false", "true"]
        elif found.words:
            words = list(found.words)
        else:
            state = self._state()
            key = ("values", state.generation, scope, column)
            words = self._results.get(key, lambda: found.choices(self._words(state, scope, column)))
        part = contains.casefold()
        return [word for word in words if part in word.casefold()][:limit]

    def health(self) -> LogHealth:
        """How fresh and how complete the log is; never raises."""
        try:
            state: MirrorState | None = self._state()
        except StoreUnavailable:
            state = None
        return health(self.mirror, state)

    def _state(self) -> MirrorState:
        state = self.mirror.state
        if state is None:
            self.mirror.sync()
            state = self.mirror.state
        if state is None:
            raise StoreUnavailable("The log has not been read yet.")
        return state

    def _scan(
        self, state: MirrorState, now: int, scope: Scope, where: Filter, watermark: int | None = None
    ) -> Scan:
        start, end = period_of(where, now)
        asked = tests(scope, where.conditions, state.vocabulary, self._zone)
        return scan(state, start, end, now, asked, watermark)

    def _page(
        self,
        state: MirrorState,
        now: int,
        scope: Scope,
        where: Filter,
        sort: Sort,
        part: Slice,
        columns: tuple[str, ...],
        watermark: int | None,
    ) -> Page:
        if watermark is None:
            watermark = max((mapped.segment.max_ingested for mapped in state.segments), default=0)
        found = self._scan(state, now, scope, where, watermark)
        places, total = page(found, sort, part, state.vocabulary)
        stored = gathered(places, row_columns(columns), state.vocabulary)
        return Page(shown_lists(stored, columns), total, watermark)

    def _words(self, state: MirrorState, scope: Scope, column: str) -> list[str]:
        """The words that rows of ``scope`` hold in a column, in order; those of expired rows are not among them."""
        codes: set[int] = set()
        mine = tests(scope, (), state.vocabulary, self._zone)
        for mapped in state.segments:
            run = Run(mapped, 0, mapped.segment.rows)
            verdict = mine.of(run)
            if verdict is True:
                codes.update(np.flatnonzero(mapped.counts(column)).tolist())
            elif verdict is not False:
                codes.update(np.unique(mapped.held(column).values(verdict)).tolist())
        if column in DIMENSIONS:
            codes.update(self._words_of_cubes(state, mine, column))
        words = (state.vocabulary.word(column, code) for code in codes)
        return sorted(word for word in words if word and word.isprintable())

    def _words_of_cubes(self, state: MirrorState, mine: Tests, column: str) -> set[int]:
        return {code for cube in state.cubes for code in matching_cells(cube.cells, mine)[column].unique()}

    def _answer(
        self,
        state: MirrorState,
        question: Question,
        cells: Cells,
        tallies: list[str],
        durations: list[str],
    ) -> Answer:
        return answer(state, question, cells, tallies, durations)

    def _question(
        self,
        scope: Scope,
        where: Filter,
        dims: tuple[str, ...],
        bucket: Bucket | None,
        measures: tuple[str, ...],
        now: int,
        most: int | None = None,
    ) -> tuple[Question, int]:
        start, end = period_of(where, now)
        starts: tuple[int, ...] = (start,)
        natural_end = end
        if bucket is not None:
            starts = bucket_starts(start, end, bucket, self._zone, most or self._max_data_points) or (start,)
            natural_end = following_start(starts[-1], bucket, self._zone)
        question = Question(
            scope, where.conditions, start, end, now, self._zone, dims, bucket, starts, measures
        )
        return question, natural_end


def _known(columns: Sequence[str]) -> tuple[str, ...]:
    for name in columns:
        if name not in BY_NAME:
            raise BadQuery("columns", f"There is no column {name!r}.")
    return tuple(columns)


def period_of(where: Filter, now: int) -> tuple[int, int]:
    """The period in microseconds, cut to what can be there."""
    start, end = us_from_utc(where.period.start), us_from_utc(where.period.end)
    start = max(start, now - OLDEST)
    return start, max(start, min(end, now + AHEAD))
