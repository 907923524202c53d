"""The reading surface of the log over ClickHouse: the same questions, the same answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import tzinfo
from typing import Any, cast

import polars as pl

from helix_dash.errors import StoreUnavailable
from helix_dash.log.cells import Cells, Question
from helix_dash.log.clickhouse.conditions import rows_of, tests, value_of
from helix_dash.log.clickhouse.database import Bound, Database
from helix_dash.log.clickhouse.figures import answer
from helix_dash.log.clickhouse.tables import ROWS
from helix_dash.log.clickhouse.view import LoadedState, LoadedView
from helix_dash.log.health import LogHealth
from helix_dash.log.mirror import MirrorState
from helix_dash.log.query import Page, RequestLog, clock, period_of
from helix_dash.log.schema import STORED
from helix_dash.log.segment import ROW_KEY
from helix_dash.log.series import Answer
from helix_dash.log.shown import row_columns, shown_lists, shown_rows, stored_columns
from helix_dash.model import Filter, Scope, Slice, Sort

BATCH = 50_000
"""Rows of one frame of :meth:`ClickHouseLog.batches`."""

STRIPES = 1_000
"""Stretches of time into which a long export is cut, so that each frame is looked for in little of it."""


_STORED = tuple(column.name for column in STORED)
_KEY = ("load", *ROW_KEY)
"""What the table is ordered by."""

_Rows = Callable[..., str]
"""Makes ``FROM … WHERE …`` of the values it binds, a period, and what else must hold."""


class ClickHouseLog(RequestLog):
    """The log as ClickHouse has it. What is asked, checked, cut and kept is told by :class:`RequestLog`.

    Args:
        view: what counts; :class:`~helix_dash.log.follow.Follower` keeps it fresh.
    """

    def __init__(
        self, view: LoadedView, zone: tzinfo, max_data_points: int, *, now: Callable[[], int] = clock
    ) -> None:
        super().__init__(view, zone, max_data_points, now=now)
        self._database: Database = view.database

    def health(self) -> LogHealth:
        known = super().health()
        state = cast("LoadedState | None", self.mirror.state)
        if state is None:
            return known
        return replace(
            known,
            segments=len(state.loads),
            rows=sum(load.rows for load in state.loads),
            oldest=min((load.min_time for load in state.loads), default=None),
        )

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
        loaded = cast("LoadedState", state)
        if watermark is None:
            watermark = max((load.max_ingested for load in loaded.loads), default=0)
        bound = Bound()
        received = f"ingested <= {bound(watermark, 'Int64')}"
        period = period_of(where, now)
        asked = tests(bound, scope, where.conditions, self._zone)
        rows = rows_of(bound, loaded.over(*period), period, now, received, *asked)
        total = self._database.ask(f"SELECT count() AS total {rows}", bound)["total"][0].as_py()
        if part.limit == 0 or part.offset >= total:
            return Page([], total, watermark)
        cut = f"LIMIT {bound(part.limit, 'UInt64')} OFFSET {bound(part.offset, 'UInt64')}"
        found = self._found(f"{rows} {_order(sort)} {cut}", bound, row_columns(columns))
        return Page(shown_lists(found.to_dict(as_series=False), columns), total, watermark)

    def _batches(
        self, state: MirrorState, now: int, scope: Scope, where: Filter, columns: Sequence[str]
    ) -> Iterator[pl.DataFrame]:
        loaded, period = cast("LoadedState", state), period_of(where, now)
        tests(
            Bound(), scope, where.conditions, self._zone
        )  # a bad condition is told now, not at the first frame

        def rows(bound: Bound, period: tuple[int, int], *behind: str) -> str:
            asked = tests(bound, scope, where.conditions, self._zone)
            return rows_of(bound, loaded.over(*period), period, now, *asked, *behind)

        return self._striped(rows, period, stored_columns(columns))

    def _frames(
        self, state: MirrorState, now: int, scope: Scope, where: Filter, columns: Sequence[str]
    ) -> Iterator[pl.DataFrame]:
        return self._batches(state, now, scope, where, columns)

    def _striped(
        self, rows: _Rows, period: tuple[int, int], columns: Sequence[str]
    ) -> Iterator[pl.DataFrame]:
        """Frames of ``columns`` in order of the row key; each begins behind the last row of the one before.

        Raises:
            StoreUnavailable: rows of this log have been swept meanwhile, so the answer would not be whole.
        """
        read = list(dict.fromkeys([*columns, *ROW_KEY]))
        order = _order(Sort("time", descending=False))
        for start, end, total in self._stripes(rows, period):
            left, last = total, (start - 1, "", 0)
            while left > 0:
                bound = Bound()
                key = [bound(*part) for part in zip(last, ("Int64", "String", "Int64"), strict=True)]
                behind = f"(time, producer, seq) > ({', '.join(key)})"
                cut = f"{order} LIMIT {bound(BATCH, 'UInt64')}"
                frame = self._frame(f"{rows(bound, (start, end), behind)} {cut}", bound, read)
                if not frame.height:
                    raise StoreUnavailable("The log was reorganised while it was read. Please try again.")
                left, last = left - frame.height, frame.select(ROW_KEY).row(-1)
                yield frame.select(columns)

    def _stripes(self, rows: _Rows, period: tuple[int, int]) -> Iterator[tuple[int, int, int]]:
        """Stretches of time that touch each other, in order, and how many of the rows lie in each.

        Together they hold all; each but a very crowded one holds at most :data:`BATCH`, and none is empty.
        """
        start, end = period
        width = max(1, -(-(end - start) // STRIPES))
        bound = Bound()
        stripe = f"intDiv(time - {bound(start, 'Int64')}, {bound(width, 'Int64')})"
        counts = self._database.ask(
            f"SELECT {stripe} AS stripe, count() AS n {rows(bound, period)} GROUP BY stripe ORDER BY stripe",
            bound,
        )
        begun, total = start, 0
        for stripe_number, count in zip(counts["stripe"].to_pylist(), counts["n"].to_pylist(), strict=True):
            cut = start + stripe_number * width
            if total and total + count > BATCH:
                yield begun, cut, total
                begun, total = cut, 0
            total += count
        if total:
            yield begun, end, total

    def _one(
        self, state: MirrorState, scope: Scope, producer_id: str, sequence: int
    ) -> dict[str, Any] | None:
        loaded, bound = cast("LoadedState", state), Bound()
        name = f"producer = {bound(producer_id, 'String')} AND seq = {bound(sequence, 'Int64')}"
        found = [
            f"load IN {bound([load.number for load in loaded.loads], 'Array(UInt64)')}",
            name,
            *tests(bound, scope, (), self._zone),
        ]
        rows = f"FROM {ROWS} WHERE {' AND '.join(found)} LIMIT 1"
        frame = self._frame(rows, bound)
        return shown_rows(frame)[0] if frame.height else None

    def _words(self, state: MirrorState, scope: Scope, column: str) -> list[str]:
        if scope.organization is None:
            return super()._words(state, scope, column)
        loaded, bound = cast("LoadedState", state), Bound()
        loads = bound([load.number for load in loaded.loads], "Array(UInt64)")
        own = f"organization = {bound(scope.organization, 'String')} AND `{column}` IS NOT NULL"
        question = f"SELECT DISTINCT `{column}` AS word FROM {ROWS} WHERE load IN {loads} AND {own}"
        return sorted(self._database.ask(question, bound)["word"].to_pylist())

    def _answer(
        self,
        state: MirrorState,
        question: Question,
        cells: Cells,
        tallies: list[str],
        durations: list[str],
    ) -> Answer:
        return answer(self._database, cast("LoadedState", state), question, cells, tallies, durations)

    def _found(self, rows: str, bound: Bound, columns: Sequence[str]) -> pl.DataFrame:
        """``columns`` of ``rows`` in their order: first which they are, then these few, by the table's own order."""
        keys = self._frame(rows, bound, _KEY)
        bound = Bound()
        listed = bound(keys.rows(), "Array(Tuple(UInt64, Int64, String, Int64))")
        rows = f"FROM {ROWS} WHERE ({', '.join(_KEY)}) IN {listed}"
        found = self._frame(rows, bound, list(dict.fromkeys((*_KEY, *columns))))
        return keys.join(found, on=_KEY, how="left", maintain_order="left").select(columns)

    def _frame(self, rows: str, bound: Bound, columns: Sequence[str] = _STORED) -> pl.DataFrame:
        """``columns`` of ``rows``, words as words."""
        picked = ", ".join(f"`{name}`" for name in columns)
        return pl.DataFrame(pl.from_arrow(self._database.ask(f"SELECT {picked} {rows}", bound)))


def _order(sort: Sort) -> str:
    """Unknown last in either direction; ties in order of the row key, falling only when it is by falling time."""
    way = "DESC" if sort.descending else "ASC"
    if sort.column == "time":
        return "ORDER BY " + ", ".join(f"{name} {way}" for name in ROW_KEY)
    return f"ORDER BY {value_of(sort.column)} {way} NULLS LAST, {', '.join(ROW_KEY)}"
