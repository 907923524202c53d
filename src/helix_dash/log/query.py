"""The whole reading surface of the request log: ``page``, ``series``, ``batches``, and what hangs on them.

Every question takes a :class:`~helix_dash.model.Scope`: what the asker may see. Answers come from this
process's view of the host's mirror, so they go on when the store is away, and say how old they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from functools import reduce
from operator import and_
from typing import Any

import numpy as np
import polars as pl

from helix_dash.errors import BadQuery, StoreUnavailable
from helix_dash.log.batches import batches
from helix_dash.log.buckets import Bucket, bucket_starts, following_start
from helix_dash.log.cells import Cells, Question
from helix_dash.log.filtering import expression, needed
from helix_dash.log.health import LogHealth, health
from helix_dash.log.mapped import take
from helix_dash.log.measures import Number
from helix_dash.log.mirror import MirrorState
from helix_dash.log.ordering import first_rows
from helix_dash.log.results import Results
from helix_dash.log.scan import Positions, Scan, in_words, scan
from helix_dash.log.schema import BY_NAME
from helix_dash.log.series import Answer, Series, answer, series, totals
from helix_dash.log.shown import parse_row_id, shown_rows, stored_columns
from helix_dash.log.view import View
from helix_dash.model import Filter, Scope, Slice, Sort, us_from_utc

__all__ = ["Bucket", "LogHealth", "Number", "Page", "RequestLog", "Series"]

AHEAD = 5 * 60 * 10**6
"""Microseconds a record may lie ahead of this host's clock and still be shown."""

OLDEST = 400 * 24 * 3600 * 10**6
"""Microseconds back from now before which nothing is kept."""


@dataclass(frozen=True, slots=True)
class Page:
    """Rows as shown (see :mod:`helix_dash.log.shown`), the exact number that match, and the ingest watermark
    they hold for: with it a later page is cut from the same rows."""

    rows: list[dict[str, Any]]
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

    def page(
        self, scope: Scope, where: Filter, sort: Sort, part: Slice, *, watermark: int | None = None
    ) -> Page:
        """Rows ``[part.offset, part.offset + part.limit)`` of those that match, in the order of ``sort``.

        Args:
            watermark: count only rows received by then (microseconds), as an earlier page told.
        """
        state, now = self._state(), self._now()
        if sort.column not in BY_NAME or BY_NAME[sort.column].internal:
            raise BadQuery("sort", f"There is no column {sort.column!r}.")
        if part.offset < 0 or part.limit < 0:
            raise BadQuery("limit", "A page begins at 0 or later and is not negative.")
        question = ("page", state.generation, now // 10**6, scope, where, sort, part, watermark)
        found = self._results.get(
            question, lambda: self._page(state, now, scope, where, sort, part, watermark)
        )
        return replace(found, rows=[dict(row) for row in found.rows])  # the kept answer stays as it is

    def count(self, scope: Scope, where: Filter) -> int:
        """How many rows match, exactly."""
        return self.page(scope, where, Sort(), Slice(0, 0)).total

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
        for name in columns:
            if name not in BY_NAME or BY_NAME[name].internal:
                raise BadQuery("columns", f"There is no column {name!r}.")
        return self._batches(state, now, scope, where, columns)

    def _batches(
        self, state: MirrorState, now: int, scope: Scope, where: Filter, columns: Sequence[str]
    ) -> Iterator[pl.DataFrame]:
        found, test = self._matching(state, now, scope, where)
        tested = needed(where.conditions) | found.guard_columns | {"organization"}
        return batches(found, test, tested, stored_columns(columns), state.vocabulary)

    def one(self, scope: Scope, row_id: str) -> dict[str, Any] | None:
        """The row named ``row_id`` as shown; ``None`` when it is not there or outside ``scope``."""
        state, name = self._state(), parse_row_id(row_id)
        return None if name is None else self._one(state, scope, *name)

    def _one(
        self, state: MirrorState, scope: Scope, producer_id: str, sequence: int
    ) -> dict[str, Any] | None:
        producer = int(producer_id, 16)
        allowed = expression(scope, (), state.vocabulary, self._zone)
        for mapped in state.segments:
            wanted = (mapped.columns["producer"] == producer) & (mapped.columns["seq"] == sequence)
            for row in wanted.arg_true():
                frame = take([(mapped, np.array([row]))])
                frame = frame if allowed is None else frame.filter(allowed)
                if frame.height:
                    return shown_rows(in_words(frame, state.vocabulary))[0]
        return None

    def values(self, scope: Scope, column: str, contains: str = "", limit: int = 200) -> list[str]:
        """The words of ``column`` that ``scope`` may see and that contain a text, in order of their letters."""
        found = BY_NAME.get(column)
        if found is None or found.internal or found.kind not in ("word", "flag"):
            raise BadQuery("column", f"{column!r} has no list of values.")
        if found.kind == "flag":
            words = ["false", "true"]
        elif found.words:
            words = list(found.words)
        else:
            state = self._state()
            key = ("values", state.generation, scope, column)
            words = self._results.get(key, lambda: self._words(state, scope, column))
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

    def _matching(
        self, state: MirrorState, now: int, scope: Scope, where: Filter, watermark: int | None = None
    ) -> tuple[Scan, pl.Expr | None]:
        """The rows of the period, and what they must hold to match."""
        start, end = period_of(where, now)
        found = scan(state, start, end, now, watermark)
        test = expression(scope, where.conditions, state.vocabulary, self._zone)
        tests = [part for part in (found.guard, test) if part is not None]
        return found, reduce(and_, tests) if tests else None

    def _page(
        self,
        state: MirrorState,
        now: int,
        scope: Scope,
        where: Filter,
        sort: Sort,
        part: Slice,
        watermark: int | None,
    ) -> Page:
        if watermark is None:
            watermark = max((mapped.segment.max_ingested for mapped in state.segments), default=0)
        found, test = self._matching(state, now, scope, where, watermark)
        rows = np.arange(found.rows, dtype=np.int64)
        if found.rows and test is not None:
            tested = needed(where.conditions) | found.guard_columns | {"organization"}
            rows = _true(found.frame(sorted(tested)), test)
        if part.limit == 0 or part.offset >= len(rows):
            return Page([], len(rows), watermark)
        count = min(part.offset + part.limit, len(rows))
        first = first_rows(found, rows, sort, count, state.vocabulary)[part.offset :]
        return Page(shown_rows(in_words(found.gather(first), state.vocabulary)), len(rows), watermark)

    def _words(self, state: MirrorState, scope: Scope, column: str) -> list[str]:
        """The words of a column, in order. Of a scope only those in its own rows, which are looked through."""
        words = state.vocabulary.words(column)
        if scope.organization is None:
            return sorted(word for word in words if word and word.isprintable())
        mine = state.vocabulary.code("organization", scope.organization)
        codes: set[int] = set()
        for mapped in state.segments:
            if mine is not None:
                own = mapped.columns["organization"] == mine
                codes |= set(mapped.columns[column].filter(own).unique())
        return sorted(word for code in codes if (word := words[code]))

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
    ) -> tuple[Question, int]:
        start, end = period_of(where, now)
        starts: tuple[int, ...] = (start,)
        natural_end = end
        if bucket is not None:
            starts = bucket_starts(start, end, bucket, self._zone, self._max_data_points) or (start,)
            natural_end = following_start(starts[-1], bucket, self._zone)
        question = Question(
            scope, where.conditions, start, end, now, self._zone, dims, bucket, starts, measures
        )
        return question, natural_end


def period_of(where: Filter, now: int) -> tuple[int, int]:
    """The period in microseconds, cut to what can be there."""
    start, end = us_from_utc(where.period.start), us_from_utc(where.period.end)
    start = max(start, now - OLDEST)
    return start, max(start, min(end, now + AHEAD))


def _true(frame: pl.DataFrame, test: pl.Expr) -> Positions:
    # with_columns: a test that is the same for all rows becomes as long as the frame.
    return frame.with_columns(test.alias("test"))["test"].arg_true().to_numpy().astype(np.int64)
