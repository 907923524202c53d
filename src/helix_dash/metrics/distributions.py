"""How the requests of a period are spread: histograms, percentiles, heat maps, repeats. Exact, from single requests.

Everything here is computed from :meth:`~helix_dash.log.query.RequestLog.frames` once per state of the log, and is
unknown where single requests have expired.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import polars as pl

from helix_dash.errors import BadQuery
from helix_dash.log.derived import value_expression
from helix_dash.log.query import RequestLog
from helix_dash.log.schema import PICO
from helix_dash.model import Filter, Scope

Numbers = npt.NDArray[np.float64]

MOST_GROUPS = 50
"""Groups of one distribution; the largest are told."""


@dataclass(frozen=True, slots=True)
class Value:
    """A number that single requests have.

    Args:
        columns: the columns it is made of.
        number: makes it of them, in the unit shown; null where it is unknown or has no meaning.
        unit: its unit.
    """

    columns: tuple[str, ...]
    number: pl.Expr
    unit: str


_SUCCESS = pl.col("status") == "success"


def _tokens(name: str) -> Value:
    return Value((name,), value_expression(name), "tokens")


def _of_successes(name: str, unit: str) -> Value:
    """A column of thousandths, of requests that succeeded."""
    return Value((name, "status"), pl.when(_SUCCESS).then(value_expression(name) / 1000), unit)


VALUES: dict[str, Value] = {
    **{name: _tokens(name) for name in ("input_tokens", "output_tokens", "total_tokens")},
    "batch_size": Value(("batch_size",), pl.col("batch_size"), "inputs"),
    "embedding_dimensions": Value(("embedding_dimensions",), pl.col("embedding_dimensions"), "dimensions"),
    "latency_ms": _of_successes("latency_ms", "ms"),
    "ttft_ms": Value(
        ("ttft_ms", "status", "stream"),
        pl.when(_SUCCESS & pl.col("stream").fill_null(value=True)).then(pl.col("ttft_ms") / 1000),
        "ms",
    ),
    "tpot_ms": _of_successes("tpot_ms", "ms"),
    "tokens_per_second": _of_successes("tokens_per_second", "tokens/s"),
    # The gateway's own share: what the request took, less what its provider took, as the gateway measured it.
    "overhead_ms": Value(("overhead_ms",), pl.col("overhead_ms") / 1000, "ms"),
    "similarity": Value(("similarity",), pl.col("similarity") / 1_000_000, "similarity"),
    "cache_age_ms": Value(("cache_age_ms",), pl.col("cache_age_ms") / 1000, "ms"),
    "retry_count": Value(("retries",), pl.col("retries"), "retries"),
}
"""What can be distributed, by name. Durations are over successes, time to the first token over streams."""


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts by stretch of a value.

    Args:
        edges: where the stretches begin; each ends before the next, the last one has no end.
        counts: group → requests of each stretch; one group ``None`` when nothing was asked by.
        below: requests whose value is less than the first edge.
        unknown: requests of which it is not known.
    """

    edges: tuple[float, ...]
    counts: dict[str | None, tuple[int, ...]]
    below: int
    unknown: int

    @property
    def total(self) -> int:
        """Requests of which the value is known."""
        return self.below + sum(sum(counts) for counts in self.counts.values())


def histogram(
    log: RequestLog,
    scope: Scope,
    where: Filter,
    value: str,
    edges: Sequence[float],
    by: str | None = None,
) -> Histogram:
    """How many requests have ``value`` in which stretch, by the words of a column when ``by`` names one.

    Raises:
        BadQuery: there is no such value or column, or the edges do not ascend.
    """
    bounds = np.asarray(edges, np.float64)
    if not len(bounds) or (np.diff(bounds) <= 0).any():
        raise BadQuery("edges", "The edges of a histogram ascend.")

    def compute() -> Histogram:
        counts: dict[str | None, npt.NDArray[np.int64]] = {}
        below = unknown = 0
        for name, numbers, missing in _grouped(log, scope, where, value, by):
            places = np.searchsorted(bounds, numbers, side="right")
            found = np.bincount(places, minlength=len(bounds) + 1)
            below, unknown = below + int(found[0]), unknown + missing
            counts[name] = counts.get(name, np.zeros(len(bounds), np.int64)) + found[1:]
        ranked = sorted(counts.items(), key=lambda item: (-int(item[1].sum()), item[0] or ""))
        told = {name: tuple(one.tolist()) for name, one in ranked[:MOST_GROUPS]}
        return Histogram(tuple(bounds.tolist()), told, below, unknown)

    return log.kept(("histogram", scope, where, value, tuple(bounds.tolist()), by), compute)


def counted(
    log: RequestLog, scope: Scope, where: Filter, value: str, most: int = 20
) -> tuple[list[tuple[int, int]], int]:
    """The commonest whole numbers of ``value`` with their requests, and how many different ones there are.

    Raises:
        BadQuery: there is no such value.
    """

    def compute() -> tuple[list[tuple[int, int]], int]:
        found: dict[int, int] = {}
        for _, numbers, _ in _grouped(log, scope, where, value, None):
            whole, times = np.unique(numbers.astype(np.int64), return_counts=True)
            for number, count in zip(whole.tolist(), times.tolist(), strict=True):
                found[number] = found.get(number, 0) + count
        return sorted(found.items(), key=lambda item: (-item[1], item[0]))[:most], len(found)

    return log.kept(("counted", scope, where, value, most), compute)


def percentiles(
    log: RequestLog,
    scope: Scope,
    where: Filter,
    value: str,
    percents: Sequence[int],
    by: str | None = None,
) -> dict[str | None, tuple[float | None, ...]]:
    """The value at the nearest rank of each percent, by the words of a column when ``by`` names one.

    Groups without a known value are absent; without any, the answer of an ungrouped question is ``None`` s.

    Raises:
        BadQuery: there is no such value or column.
    """

    def compute() -> dict[str | None, tuple[float | None, ...]]:
        parts: dict[str | None, list[Numbers]] = {}
        for name, numbers, _ in _grouped(log, scope, where, value, by):
            if len(numbers):
                parts.setdefault(name, []).append(numbers)
        found: dict[str | None, tuple[float | None, ...]] = {} if by else {None: (None,) * len(percents)}
        for name, pieces in parts.items():
            together = np.concatenate(pieces)
            ranks = [max(0, -(-len(together) * percent // 100) - 1) for percent in percents]
            sorted_at = np.partition(together, sorted(set(ranks)))
            found[name] = tuple(float(sorted_at[rank]) for rank in ranks)
        return found

    return log.kept(("percentiles", scope, where, value, tuple(percents), by), compute)


def heat(
    log: RequestLog,
    scope: Scope,
    where: Filter,
    across: tuple[str, Sequence[float]],
    upward: tuple[str, Sequence[float]],
) -> tuple[tuple[int, ...], ...]:
    """``[row][column]``: requests by the stretches of two values, each a name and its edges; both must be known.

    Raises:
        BadQuery: there is no such value.
    """
    (x_name, x_edges), (y_name, y_edges) = across, upward

    def compute() -> tuple[tuple[int, ...], ...]:
        x, y = _value(x_name), _value(y_name)
        found = np.zeros((len(y_edges), len(x_edges)), np.int64)
        for frame in log.frames(scope, where, [*dict.fromkeys((*x.columns, *y.columns))]):
            pairs = frame.select(x.number.cast(pl.Float64).alias("x"), y.number.cast(pl.Float64).alias("y"))
            pairs = pairs.drop_nulls()
            columns = np.searchsorted(np.asarray(x_edges), pairs["x"].to_numpy(), side="right") - 1
            rows = np.searchsorted(np.asarray(y_edges), pairs["y"].to_numpy(), side="right") - 1
            inside = (columns >= 0) & (rows >= 0)
            np.add.at(found, (rows[inside], columns[inside]), 1)
        return tuple(tuple(row) for row in found.tolist())

    return log.kept(("heat", scope, where, x_name, tuple(x_edges), y_name, tuple(y_edges)), compute)


@dataclass(frozen=True, slots=True)
class Repeat:
    """Requests of one model with one and the same prompt or input.

    Args:
        prompt_hash: the keyed hash they share.
        requests: how many there were.
        wasted: what all but the first cost, as far as priced; ``None`` when none of them is.
        last: when the last one was, microseconds since the epoch.
    """

    prompt_hash: str
    model: str | None
    requests: int
    wasted: Decimal | None
    last: int


@dataclass(frozen=True, slots=True)
class Repeats:
    """What was asked more than once.

    Args:
        top: the groups whose repeats cost most, then those with most requests.
        groups: how many groups there are.
        repeated: requests that were not the first of their group.
        hashed: requests whose hash is known: what ``repeated`` is a part of.
        wasted: what those repeats cost, as far as priced; ``None`` when none is.
    """

    top: tuple[Repeat, ...]
    groups: int
    repeated: int
    hashed: int
    wasted: Decimal | None


_ROWS_AT_ONCE = 2_000_000


def repeats(log: RequestLog, scope: Scope, where: Filter, most: int = 20) -> Repeats:
    """Prompts and inputs that one model answered successfully more than once, and what that cost.

    A group's dearest request counts as the first one, so that what is called wasted is never too much. Memory is
    bounded: of very many requests each pass looks at one part of the hashes.
    """

    # Before, not within: an answer that waits for another one while it counts as heavy could wait for ever.
    parts = max(1, -(-log.count(scope, where) // _ROWS_AT_ONCE))

    def compute() -> Repeats:
        top: list[Repeat] = []
        groups = repeated = hashed = pico = priced = 0
        for part in range(parts):
            found = _hashes(log, scope, where, part, parts)
            hashed += int(found["requests"].sum())
            found = found.filter(pl.col("requests") > 1)
            groups += found.height
            repeated += int((found["requests"] - 1).sum())
            pico += int(found["wasted"].sum() or 0)
            priced += int(found["priced"].sum() or 0)
            first = found.sort(["wasted", "requests", "prompt_hash"], descending=[True, True, False])
            top += [_repeat(row) for row in first.head(most).iter_rows(named=True)]
        top.sort(key=lambda one: (-(one.wasted or 0), -one.requests, one.prompt_hash))
        wasted = Decimal(pico) / PICO if priced else None
        return Repeats(tuple(top[:most]), groups, repeated, hashed, wasted if repeated else Decimal(0))

    return log.kept(("repeats", scope, where, most), compute)


def _hashes(log: RequestLog, scope: Scope, where: Filter, part: int, parts: int) -> pl.DataFrame:
    columns = ["prompt_hash", "model", "status", "cost_usd", "time", "cache"]
    answered = (_SUCCESS & pl.col("prompt_hash").is_not_null()) & ~pl.col("cache").is_in(
        ["exact", "semantic"]
    ).fill_null(value=False)
    found: list[pl.DataFrame] = []
    for frame in log.frames(scope, where, columns):
        mine = frame.filter(answered)
        if parts > 1:
            mine = mine.filter(mine["prompt_hash"].hash(0) % parts == part)
        found.append(
            mine.group_by("prompt_hash", "model").agg(
                pl.len().alias("requests"),
                pl.col("cost_usd").cast(pl.Int128).sum().alias("cost"),
                pl.col("cost_usd").cast(pl.Int128).max().alias("dearest"),
                pl.col("cost_usd").count().alias("priced"),
                pl.col("time").max().alias("last"),
            )
        )
    together = pl.concat(found) if found else _NO_HASHES
    return (
        together.group_by("prompt_hash", "model")
        .agg(
            pl.col("requests").sum(),
            pl.col("cost").sum(),
            pl.col("dearest").max(),
            pl.col("priced").sum(),
            pl.col("last").max(),
        )
        .with_columns((pl.col("cost") - pl.col("dearest").fill_null(0)).alias("wasted"))
    )


_NO_HASHES = pl.DataFrame(
    schema={
        "prompt_hash": pl.String,
        "model": pl.String,
        "requests": pl.UInt32,
        "cost": pl.Int128,
        "dearest": pl.Int128,
        "priced": pl.UInt32,
        "last": pl.Int64,
    }
)


def _repeat(row: dict[str, object]) -> Repeat:
    wasted = Decimal(int(str(row["wasted"]))) / PICO if row["priced"] else None
    return Repeat(
        str(row["prompt_hash"]),
        None if row["model"] is None else str(row["model"]),
        int(str(row["requests"])),
        wasted,
        int(str(row["last"])),
    )


def _value(name: str) -> Value:
    if name not in VALUES:
        raise BadQuery("value", f"There is no distribution of {name!r}.")
    return VALUES[name]


def _grouped(
    log: RequestLog, scope: Scope, where: Filter, value: str, by: str | None
) -> Iterator[tuple[str | None, Numbers, int]]:
    """Group, its known numbers, and how many are unknown, frame by frame; a group may come again."""
    wanted = _value(value)
    columns = [*wanted.columns, *([by] if by and by not in wanted.columns else [])]
    number = wanted.number.cast(pl.Float64).alias("number")
    for frame in log.frames(scope, where, columns):
        if by is None:
            numbers = frame.select(number)["number"]
            yield None, numbers.drop_nulls().to_numpy(), numbers.null_count()
            continue
        for (name,), part in frame.select(number, pl.col(by).alias("by")).group_by("by"):
            known = part["number"].drop_nulls()
            yield None if name is None else str(name), known.to_numpy(), part.height - len(known)
