"""Figures in SQL: the tallies and nearest ranks that :mod:`helix_dash.log.series` makes measures of."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import polars as pl

from helix_dash.errors import StoreUnavailable
from helix_dash.log.cells import Cells, Question
from helix_dash.log.clickhouse.conditions import rows_of, tests
from helix_dash.log.clickhouse.database import Bound, Database
from helix_dash.log.clickhouse.view import LoadedState
from helix_dash.log.cube import BUCKETS, LONGEST, bucket_of
from helix_dash.log.expired import expired
from helix_dash.log.measures import PERCENTILES, TOKENS
from helix_dash.log.schema import BY_NAME
from helix_dash.log.series import Answer, Durations
from helix_dash.log.tally import Histogram, added
from helix_dash.log.vocabulary import UNKNOWN

_PRICED = "(cost_usd IS NOT NULL AND ifNull(priced, true))"
_SUCCEEDED = "status = 'success'"
_TIMED = f"{_SUCCEEDED} AND latency_ms IS NOT NULL"


def _known(column: str) -> str:
    return f"ifNull({column}, 0)"


def _sum(value: str, test: str = "1") -> str:
    # 128 bits: the sum of ten of the largest costs is beyond 64.
    return f"sumIf(toInt128({value}), {test})"


def _counted(column: str, word: str) -> str:
    return f"countIf({column} = '{word}')"


TALLIES_IN_SQL: dict[str, str] = {
    "requests": "count()",
    **{word: _counted("status", word) for word in ("success", "error", "throttled", "blocked", "cancelled")},
    "cache_hits_exact": _counted("cache", "exact"),
    "cache_hits_semantic": _counted("cache", "semantic"),
    "cache_misses": _counted("cache", "miss"),
    "cache_bypass": _counted("cache", "bypass"),
    "simulated_requests": _counted("source", "simulated"),
    **{column: _sum(_known(column)) for column in TOKENS},
    "cost_usd": _sum(_known("cost_usd"), _PRICED),
    "avoided_cost_usd": _sum(_known("avoided_cost_usd")),
    "priced": f"countIf({_PRICED})",
    "unpriced": f"countIf({_SUCCEEDED} AND NOT {_PRICED} AND ({' + '.join(map(_known, TOKENS))}) > 0)",
    "generated_tokens": _sum(f"{_known('visible_tokens')} + {_known('reasoning_tokens')}", _TIMED),
    "generation_ms": _sum(f"{_known('latency_ms')} - {_known('ttft_ms')}", _TIMED),
}
"""The tallies of :data:`~helix_dash.log.measures.TALLIES`, over rows in SQL."""

_MEASURED = {
    "latency_ms": _TIMED,
    "ttft_ms": f"{_SUCCEEDED} AND ttft_ms IS NOT NULL AND ifNull(stream, true)",
}
"""The rows whose duration counts for a percentile."""

_PERCENTS = sorted({percent for _, percent in PERCENTILES.values()})


def _nearest_rank(percent: int) -> str:
    # In whole numbers: ClickHouse's own quantileExact… take a float product, and another rank.
    return f"durations[intDiv(length(durations) * {percent} + 99, 100)] AS p{percent}"


class Sums:
    """Asks ClickHouse about one question of a series."""

    def __init__(self, database: Database, question: Question, cells: Cells, state: LoadedState) -> None:
        self._database, self._question, self._cells = database, question, cells
        self._vocabulary, self._loads = state.vocabulary, state.over(question.start, question.end)

    def tallies(self, names: Sequence[str]) -> pl.DataFrame:
        """``k`` and one 128-bit column per tally; one line per cell that has rows."""
        # As text: Arrow has no integers of 128 bits.
        frame = self._by_cell(Bound(), [f"toString({TALLIES_IN_SQL[name]}) AS t_{name}" for name in names])
        return frame.select("k", *(pl.col(f"t_{name}").cast(pl.Int128).alias(name) for name in names))

    def ranks(self, column: str, *, whole_groups: bool) -> dict[int, dict[int, int]]:
        """percent → ``k`` (or, in ``whole_groups``, the group's number) → the duration at the nearest rank."""
        picked = [f"arraySort(groupArrayIf({column}, {_MEASURED[column]})) AS durations"]
        wanted = [_nearest_rank(percent) for percent in _PERCENTS]
        frame = self._by_cell(
            Bound(), picked, [*wanted, "notEmpty(durations) AS has"], whole_groups=whole_groups
        )
        frame = frame.filter(pl.col("has") == 1)
        return {percent: dict(frame.select("k", f"p{percent}").iter_rows()) for percent in _PERCENTS}

    def histograms(self, column: str, *, whole_groups: bool) -> dict[int, Histogram]:
        """``k`` (or the group's number) → how many durations fall in each bucket of a cube's histogram."""
        bound = Bound()
        edges = histogram_edges()
        edge = f"roundDown(assumeNotNull({column}), {bound(list(edges), 'Array(Int64)')})"
        picked = [f"sumMapIf([{edge}], [toInt64(1)], {_MEASURED[column]}) AS marks"]
        wanted = ["marks.1 AS edges", "marks.2 AS counts"]
        frame = self._by_cell(bound, picked, wanted, whole_groups=whole_groups)
        found: dict[int, Histogram] = {}
        for key, starts, counts in frame.select("k", "edges", "counts").iter_rows():
            found[key] = np.zeros(BUCKETS, np.int64)
            found[key][np.searchsorted(edges, starts)] = counts
        return found

    def _by_cell(
        self,
        bound: Bound,
        picked: Sequence[str],
        wanted: Sequence[str] = ("*",),
        *,
        whole_groups: bool = False,
    ) -> pl.DataFrame:
        """``k`` (or the group's number) beside ``wanted``, which is made of the aggregations ``picked``."""
        question = self._question
        keys = [f"`{name}` AS g{place}" for place, name in enumerate(question.dims)]
        if len(question.starts) > 1 and not whole_groups:
            keys.append(f"roundDown(time, {bound(list(question.starts), 'Array(Int64)')}) AS begun")
        names = [key.rpartition(" ")[2] for key in keys]
        found = tests(bound, question.scope, question.conditions, question.zone)
        rows = rows_of(bound, self._loads, (question.start, question.end), question.now, *found)
        # Without GROUP BY an aggregation answers a line also about no rows.
        grouped = f"GROUP BY {', '.join(names)}" if names else "HAVING count() > 0"
        inner = f"SELECT {', '.join([*keys, *picked])} {rows} {grouped}"
        shown = wanted if wanted == ("*",) else [*names, *wanted]
        frame = pl.DataFrame(
            pl.from_arrow(self._database.ask(f"SELECT {', '.join(shown)} FROM ({inner})", bound))
        )
        frame = frame.with_columns(self._placed(frame)).with_columns(self._cells.key())
        per_group = self._cells.buckets if whole_groups else 1
        return frame.with_columns(pl.col("k") // per_group)

    def _placed(self, frame: pl.DataFrame) -> list[pl.Series]:
        """The dimensions as codes and flags, and ``bucket``: what a cell's number is made of."""
        columns = []
        for place, name in enumerate(self._question.dims):
            values = frame[f"g{place}"]
            if BY_NAME[name].kind == "word":
                codes = [self._code(name, word) for word in values.to_list()]
                values = pl.Series(codes, dtype=pl.UInt32)
            columns.append(values.alias(name))
        begun = (
            frame["begun"].to_numpy()
            if "begun" in frame.columns
            else np.full(frame.height, self._question.starts[0])
        )
        return [*columns, pl.Series("bucket", np.searchsorted(np.asarray(self._question.starts), begun))]

    def _code(self, name: str, word: str | None) -> int:
        code = UNKNOWN if word is None else self._vocabulary.code(name, word)
        if code is None:
            raise StoreUnavailable("ClickHouse holds words that it has not told yet.")
        return code


class _Ranks:
    """The durations of one column, ranked where they lie."""

    def __init__(self, sums: Sums, column: str) -> None:
        self._sums, self._column = sums, column
        self._found: dict[bool, dict[int, dict[int, int]]] = {}

    def at(self, percent: int, per_group: int) -> dict[int, int]:
        whole = per_group > 1
        if whole not in self._found:
            self._found[whole] = self._sums.ranks(self._column, whole_groups=whole)
        return dict(self._found[whole][percent])

    def histograms(self, per_group: int) -> dict[int, Histogram]:
        return self._sums.histograms(self._column, whole_groups=per_group > 1)


def answer(
    database: Database,
    state: LoadedState,
    question: Question,
    cells: Cells,
    tallies: list[str],
    durations: list[str],
) -> Answer:
    """What ClickHouse's rows, and the cubes where there are none, say about ``question``."""
    gone = expired(state, question, cells, tallies, durations)
    sums = Sums(database, question, cells, state)
    ranked: dict[str, Durations] = {column: _Ranks(sums, column) for column in durations}
    return Answer(added([sums.tallies(tallies), *gone.parts]), ranked, gone)


@lru_cache
def histogram_edges() -> tuple[int, ...]:
    """The least whole microsecond of each bucket of a cube's histogram, found by halving: a logarithm rounds."""
    low, high = np.zeros(BUCKETS, np.int64), np.full(BUCKETS, LONGEST + 1, np.int64)
    marks = np.arange(BUCKETS)
    while np.any(low < high):
        middle = (low + high) // 2
        reached = bucket_of(middle) >= marks
        low, high = np.where(reached, low, middle + 1), np.where(reached, middle, high)
    return tuple(low.tolist())
