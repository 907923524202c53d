"""How much providers said was left of their limits, out of the ``x-ratelimit-*`` headers of their answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from helix_dash.log.query import RequestLog
from helix_dash.model import Filter, Scope

_PAIRS = (("remaining_requests", "limit_requests"), ("remaining_tokens", "limit_tokens"))
_COLUMNS = ("time", "provider", *(name for pair in _PAIRS for name in pair))

Number = float | None


@dataclass(frozen=True, slots=True)
class Headroom:
    """What one provider said in the period.

    Args:
        provider: its name; ``None`` when the record has none.
        lowest: the smallest share that was left of either limit, 0–1.
        at: when, microseconds since the epoch.
        line: the smallest share per bucket; ``None`` where it said nothing.
    """

    provider: str | None
    lowest: float
    at: int
    line: tuple[Number, ...]


def headroom(log: RequestLog, scope: Scope, where: Filter, starts: Sequence[int]) -> tuple[Headroom, ...]:
    """Every provider that said something, the one with least left first.

    Args:
        starts: where each bucket of the lines begins, epoch milliseconds.
    """
    edges = np.asarray(starts, np.int64) * 1000

    def compute() -> tuple[Headroom, ...]:
        parts = [_left(frame, edges) for frame in log.frames(scope, where, _COLUMNS)]
        if not parts:
            return ()
        told = pl.concat(parts).group_by("provider", "bucket").agg(
            pl.col("left").min(), pl.col("time").get(pl.col("left").arg_min())
        )  # fmt: skip
        return tuple(
            sorted(
                (
                    _headroom(group, len(edges))
                    for _, group in told.sort("bucket").group_by("provider", maintain_order=True)
                ),
                key=lambda one: (one.lowest, one.provider or ""),
            )
        )

    return log.kept(("headroom", scope, where, tuple(starts)), compute)


def _left(frame: pl.DataFrame, edges: np.ndarray[tuple[int], np.dtype[np.int64]]) -> pl.DataFrame:
    shares = [
        pl.when(pl.col(limit) > 0).then(pl.col(remaining).cast(pl.Float64) / pl.col(limit))
        for remaining, limit in _PAIRS
    ]
    known = frame.select("time", "provider", pl.min_horizontal(*shares).alias("left")).drop_nulls("left")
    places = np.searchsorted(edges, known["time"].to_numpy(), side="right") - 1
    return (
        known.with_columns(pl.Series("bucket", places, dtype=pl.Int64))
        .group_by("provider", "bucket")
        .agg(pl.col("left").min(), pl.col("time").get(pl.col("left").arg_min()))
    )


def _headroom(group: pl.DataFrame, buckets: int) -> Headroom:
    line: list[Number] = [None] * buckets
    for bucket, left in group.select("bucket", "left").iter_rows():
        if 0 <= bucket < buckets:
            line[bucket] = float(left)
    least = group.sort("left").row(0, named=True)
    return Headroom(least["provider"], float(least["left"]), int(least["time"]), tuple(line))
