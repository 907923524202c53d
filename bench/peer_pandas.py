"""The usual Dash app: a pandas frame in each worker's memory, filtered, sorted and grouped per callback."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

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


class Pandas:
    """One web worker that read the Parquet files below ``folder`` when it started."""

    def __init__(self, folder: str, asked: Asked) -> None:
        self._folder, self._asked = folder, asked
        self._frame = self._read()

    def ask(self, question: str) -> Any:
        """The answer, from the whole frame, as a callback computes it."""
        if question == "start":
            self._frame = self._read()
            return None
        if question in _PAGES:
            return self._page(question)
        return _CHARTS[question](self._during("half_day" if question == "by_minute" else "month"))

    def digest(self, question: str, answer: Any) -> Any:
        """The answer in the form that all engines share."""
        if question == "start":
            return None
        if question in _PAGES:
            total, rows = answer
            column = _PAGES[question][2]
            scale = 1_000 if column == "time" else 1
            return total, [row[column] // scale for row in rows]
        return _DIGESTS[question](answer)

    def _read(self) -> pd.DataFrame:
        frame: pd.DataFrame = pd.read_parquet(self._folder)
        return frame

    def _during(self, period: str) -> pd.DataFrame:
        start, end = getattr(self._asked, period)
        times = self._frame["time"]
        found: pd.DataFrame = self._frame[(times >= start) & (times < end)]
        return found

    def _page(self, question: str) -> tuple[int, list[Any]]:
        period, test, column = _PAGES[question]
        found = self._during(period)
        found = found[test(found)] if test else found
        offset = self._asked.deep if question == "deep_offset" else 0
        return len(found), self._rows(found, column, offset).to_dict("records")

    def _rows(self, found: pd.DataFrame, column: str, offset: int) -> pd.DataFrame:
        return found.sort_values(column, ascending=False).iloc[offset : offset + PAGE]


class TunedPandas(Pandas):
    """The same by somebody who knows pandas: words as categories, and no more sorted than a page needs."""

    def _read(self) -> pd.DataFrame:
        frame = super()._read()
        words = [name for name in frame.columns if frame[name].dtype == "str" and name != "call_id"]
        return frame.astype(dict.fromkeys(words, "category"))

    def _rows(self, found: pd.DataFrame, column: str, offset: int) -> pd.DataFrame:
        values = found[column].to_numpy()
        last = max(len(values) - offset - PAGE, 0)
        if len(values) > PAGE:
            places = np.argpartition(values, [last, len(values) - offset - 1])[last : len(values) - offset]
        else:
            places = np.arange(len(values))
        return found.iloc[places[np.argsort(-values[places], kind="stable")]]


def _two_models(status: str) -> Callable[[pd.DataFrame], Any]:
    return lambda frame: frame["model"].isin(TWO_MODELS) & (frame["status"] == status)


def _part_of_user(frame: pd.DataFrame) -> Any:
    users = frame["user"]
    if isinstance(users.dtype, pd.CategoricalDtype):
        known = users.cat.categories
        return users.isin(known[known.str.contains(PART_OF_USER, regex=False)])
    return users.str.contains(PART_OF_USER, regex=False)


def _in_ranges(frame: pd.DataFrame) -> Any:
    return frame["cost_usd"].between(*COST_RANGE) & frame["latency_ms"].between(*LATENCY_RANGE)


_PAGES: dict[str, tuple[str, Callable[[pd.DataFrame], Any] | None, str]] = {
    "selective_page": ("day", _two_models("error"), "latency_ms"),
    "unfiltered_sort": ("month", None, "latency_ms"),
    "contains": ("month", _part_of_user, "time"),
    "wide_filter": ("month", _two_models("success"), "latency_ms"),
    "deep_offset": ("month", None, "cost_usd"),
    "ranges": ("month", _in_ranges, "time"),
    "newest": ("month", None, "time"),
}


def _by_hour_and_model(frame: pd.DataFrame) -> pd.DataFrame:
    hours = frame["time"] // HOUR
    return frame.groupby([frame["model"], hours], observed=True).agg(
        requests=("time", "size"), cost=("cost_usd", "sum")
    )


def _percentiles(frame: pd.DataFrame) -> pd.Series:
    done = frame[frame["status"] == "success"]
    return done.groupby(done["time"] // HOUR)["latency_ms"].quantile(
        np.array([0.5, 0.95, 0.99]), interpolation="lower"
    )


def _totals(frame: pd.DataFrame) -> list[Any]:
    errors = frame["status"].isin(("error", "throttled", "blocked")).sum()
    tokens = ("uncached_tokens", "cached_tokens", "cache_write_tokens", "visible_tokens", "reasoning_tokens")
    sums = [int(frame[name].sum()) for name in tokens]
    return [len(frame), int(errors), sum(sums[:3]), sum(sums[3:]), int(frame["cost_usd"].sum())]


_CHARTS: dict[str, Callable[[pd.DataFrame], Any]] = {
    "by_hour_and_model": _by_hour_and_model,
    "by_minute": lambda frame: frame.groupby(frame["time"] // MINUTE).size(),
    "top_users": lambda frame: frame.groupby("user", observed=True)["cost_usd"].sum().nlargest(TOP),
    "percentiles": _percentiles,
    "totals": _totals,
}

_DIGESTS: dict[str, Callable[[Any], Any]] = {
    "by_hour_and_model": lambda table: sorted(
        (model, hour * HOUR // 1000, requests, cost / PICO)
        for (model, hour), requests, cost in zip(table.index, table["requests"].tolist(), table["cost"].tolist(), strict=True)
    ),
    "by_minute": lambda counts: sorted(
        (minute * MINUTE // 1000, count) for minute, count in counts.to_dict().items()
    ),
    "top_users": lambda costs: [(user, cost / PICO) for user, cost in costs.to_dict().items()],
    # The median by "lower" is the nearest rank; at the other two the definitions part.
    "percentiles": lambda found: sorted(
        (hour * HOUR // 1000, value / 1000) for (hour, share), value in found.to_dict().items() if share == 0.5
    ),
    "totals": lambda sums: [*sums[:4], sums[4] / PICO],
}  # fmt: skip
