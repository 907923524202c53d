"""DuckDB over Parquet files on the web worker's disk, two threads as we have."""

from __future__ import annotations

from typing import Any

import duckdb

from bench.questions import (
    COST_RANGE,
    HOUR,
    LATENCY_RANGE,
    MINUTE,
    PAGE,
    PART_OF_USER,
    TOP,
    TWO_MODELS,
    Asked,
)
from helix_dash.log.schema import PICO

_MODELS = f"model in {TWO_MODELS}"
_PAGES = {
    "selective_page": ("day", f"{_MODELS} and status = 'error'", "latency_ms"),
    "unfiltered_sort": ("month", "true", "latency_ms"),
    "contains": ("month", f"contains(user, '{PART_OF_USER}')", "time"),
    "wide_filter": ("month", f"{_MODELS} and status = 'success'", "latency_ms"),
    "deep_offset": ("month", "true", "cost_usd"),
    "ranges": (
        "month",
        f"cost_usd between {COST_RANGE[0]} and {COST_RANGE[1]} "
        f"and latency_ms between {LATENCY_RANGE[0]} and {LATENCY_RANGE[1]}",
        "time",
    ),
    "newest": ("month", "true", "time"),
}
_CHARTS = {
    "by_hour_and_model": (
        "month",
        f"select model, time // {HOUR} * {HOUR // 1000} as hour, count(*), sum(cost_usd)",
        "group by all",
    ),
    "by_minute": ("half_day", f"select time // {MINUTE} * {MINUTE // 1000} as minute, count(*)", "group by all"),
    "top_users": ("month", "select user, sum(cost_usd) as cost", f"group by user order by cost desc limit {TOP}"),
    "percentiles": (
        "month",
        f"select time // {HOUR} * {HOUR // 1000} as hour, quantile_disc(latency_ms, [0.5, 0.95, 0.99])",
        "and status = 'success' group by hour",
    ),
    "totals": (
        "month",
        "select count(*), count(*) filter (status in ('error', 'throttled', 'blocked')), "
        "sum(uncached_tokens + cached_tokens + cache_write_tokens), sum(visible_tokens + reasoning_tokens), "
        "sum(cost_usd)",
        "",
    ),
}  # fmt: skip


class DuckDB:
    """One web worker with a connection of its own to the Parquet files below ``folder``."""

    def __init__(self, folder: str, asked: Asked) -> None:
        self._asked = asked
        self._connection = duckdb.connect(config={"threads": 2})
        self._connection.execute("set enable_progress_bar = false")
        self._connection.execute(f"create view log as select * from read_parquet('{folder}/*.parquet')")  # noqa: S608

    def ask(self, question: str) -> Any:
        """The answer; of a page its rows and its total."""
        if question in _PAGES:
            period, test, column = _PAGES[question]
            offset = self._asked.deep if question == "deep_offset" else 0
            found = f"from log where {self._during(period)} and {test}"
            total = self._rows(f"select count(*) {found}")[0][0]
            rows = self._rows(
                f"select {column}, * {found} order by {column} desc limit {PAGE} offset {offset}"
            )
            return total, rows
        period, what, how = _CHARTS[question]
        return self._rows(f"{what} from log where {self._during(period)} {how}")

    def digest(self, question: str, answer: Any) -> Any:
        """The answer in the form that all engines share."""
        if question in _PAGES:
            scale = 1_000 if _PAGES[question][2] == "time" else 1
            return answer[0], [row[0] // scale for row in answer[1]]
        if question == "totals":
            return [*map(int, answer[0][:4]), int(answer[0][4]) / PICO]
        if question == "top_users":
            return [(user, int(cost) / PICO) for user, cost in answer]
        if question == "by_hour_and_model":
            return sorted((model, hour, count, int(cost) / PICO) for model, hour, count, cost in answer)
        if question == "percentiles":
            return sorted((hour, ranks[0] / 1000) for hour, ranks in answer)
        return sorted(answer)

    def _during(self, period: str) -> str:
        start, end = getattr(self._asked, period)
        return f"time >= {start} and time < {end}"

    def _rows(self, query: str) -> list[Any]:
        found: list[Any] = self._connection.execute(query).fetchall()
        return found
