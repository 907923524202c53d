"""Us: the product's own reading side, as a web worker holds it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.questions import (
    COLUMNS,
    COST_RANGE,
    LATENCY_RANGE,
    PAGE,
    PART_OF_USER,
    TOP,
    TWO_MODELS,
    Asked,
)
from helix_dash.log.mirror import Mirror
from helix_dash.log.query import RequestLog
from helix_dash.log.schema import PICO
from helix_dash.model import EVERYTHING, Condition, Filter, Period, Slice, Sort, us_from_utc, utc_from_us

_BY_LATENCY = Sort("latency_ms", descending=True)
_MODELS = Condition("model", "in", TWO_MODELS)
_PAGES: dict[str, tuple[str, tuple[Condition, ...], Sort]] = {
    "selective_page": ("day", (_MODELS, Condition("status", "in", ("error",))), _BY_LATENCY),
    "unfiltered_sort": ("month", (), _BY_LATENCY),
    "contains": ("month", (Condition("user", "contains", (PART_OF_USER,)),), Sort()),
    "wide_filter": ("month", (_MODELS, Condition("status", "in", ("success",))), _BY_LATENCY),
    "deep_offset": ("month", (), Sort("cost_usd", descending=True)),
    "ranges": (
        "month",
        (
            Condition("cost_usd", "between", tuple(f"{bound / PICO:.12f}" for bound in COST_RANGE)),
            Condition("latency_ms", "between", tuple(str(bound / 1000) for bound in LATENCY_RANGE)),
        ),
        Sort(),
    ),
    "newest": ("month", (), Sort()),
}
_PERCENTILES = ("latency_ms_p50", "latency_ms_p95", "latency_ms_p99")
_TOTALS = ("requests", "errors", "input_tokens", "output_tokens", "cost_usd")
_SERIES: dict[str, tuple[str, tuple[str, ...], Any, tuple[str, ...]]] = {
    "by_hour_and_model": ("month", ("model",), "hour", ("requests", "cost_usd")),
    "by_minute": ("half_day", (), "minute", ("requests",)),
    "top_users": ("month", ("user",), None, ("cost_usd",)),
    "percentiles": ("month", (), "hour", _PERCENTILES),
}


class Ours:
    """One web worker: its view of the host's mirror in ``folder``, made when it is not there yet."""

    def __init__(self, url: str, folder: str, asked: Asked) -> None:
        self._url, self._folder, self._asked = url, Path(folder), asked
        self._mirror = Mirror(url, self._folder)
        self._mirror.sync()

    def ask(self, question: str) -> Any:
        """The answer, computed anew: each time by a reader that has answered nothing yet."""
        if question == "start":
            return Mirror(self._url, self._folder).sync()
        log = RequestLog(self._mirror, UTC, 1_000, now=lambda: self._asked.now)
        if question in _PAGES:
            period, conditions, sort = _PAGES[question]
            offset = self._asked.deep if question == "deep_offset" else 0
            part = Slice(offset, PAGE)
            return log.page(EVERYTHING, self._where(period, conditions), sort, part, columns=COLUMNS)
        if question == "totals":
            return log.totals(EVERYTHING, self._where("month"), _TOTALS)
        period, dims, bucket, measures = _SERIES[question]
        return log.series(EVERYTHING, self._where(period), dims, bucket, measures)

    def digest(self, question: str, answer: Any) -> Any:
        """The answer in the form that all engines share."""
        if question == "start":
            return None
        if question in _PAGES:
            return answer.total, [_sorted_by(question, row) for row in answer.rows]
        if question == "totals":
            return [int(answer[name]) for name in _TOTALS[:4]] + [float(answer["cost_usd"])]
        if question == "top_users":
            costs = answer.values["cost_usd"]
            return [(group[0], cost[0]) for group, cost in list(zip(answer.groups, costs, strict=True))[:TOP]]
        figures = [answer.values[name] for name in _SERIES[question][3][: 2 if answer.groups != ((),) else 1]]
        cells: list[tuple[Any, ...]] = [
            (*group, start, *(figure[index][place] for figure in figures))
            for index, group in enumerate(answer.groups)
            for place, start in enumerate(answer.starts)
            if figures[0][index][place]
        ]
        return sorted(cells)

    def hot_bytes(self) -> int:
        """Bytes of the mirror's columns that charts and the usual pages read in place."""
        state = self._mirror.state
        return sum(mapped.hot_bytes for mapped in state.segments) if state else 0

    def _where(self, period: str, conditions: tuple[Condition, ...] = ()) -> Filter:
        start, end = getattr(self._asked, period)
        return Filter(Period(utc_from_us(start), utc_from_us(end)), conditions)


def _sorted_by(question: str, row: dict[str, Any]) -> Any:
    if question in ("contains", "ranges", "newest"):
        return us_from_utc(datetime.fromisoformat(row["time"])) // 1000
    if question == "deep_offset":
        return round(row["cost_usd"] * PICO)
    return round(row["latency_ms"] * 1000)
