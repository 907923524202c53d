"""What was embedded: inputs, tokens and dollars by model and dimension, exact, from single requests."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from helix_dash.log.query import RequestLog
from helix_dash.log.schema import PICO
from helix_dash.model import Filter, Scope


@dataclass(frozen=True, slots=True)
class Embedded:
    """Successful requests of one model and dimension.

    Args:
        model: the model; ``None`` when not recorded.
        dimensions: the length of its vectors; ``None`` when not recorded.
        requests: how many.
        inputs: texts in those of them whose batch size is recorded; ``None`` when none is.
        sized: requests whose batch size is recorded.
        tokens: input tokens.
        cost_usd: as far as priced; ``None`` when nothing is.
        priced_tokens: input tokens of the priced requests.
        latency_ms_p95: the nearest rank; ``None`` without a latency.
    """

    model: str | None
    dimensions: int | None
    requests: int
    inputs: int | None
    sized: int
    tokens: int
    cost_usd: Decimal | None
    priced_tokens: int
    latency_ms_p95: float | None


_COLUMNS = ("model", "embedding_dimensions", "batch_size", "status", "latency_ms", "cost_usd", "input_tokens")
_KEYS = ("model", "embedding_dimensions")


def embedded(log: RequestLog, scope: Scope, where: Filter) -> tuple[Embedded, ...]:
    """The successful requests that match ``where`` by model and dimension, most requests first."""

    def compute() -> tuple[Embedded, ...]:
        tokens = pl.sum_horizontal(
            pl.col(name).fill_null(0) for name in ("uncached_tokens", "cached_tokens", "cache_write_tokens")
        ).cast(pl.Int64)
        priced = pl.col("cost_usd").is_not_null()
        parts = [
            frame.filter(pl.col("status") == "success")
            .group_by(_KEYS)
            .agg(
                pl.len().alias("requests"),
                pl.col("batch_size").sum().cast(pl.Int64).alias("inputs"),
                pl.col("batch_size").count().alias("sized"),
                tokens.sum().alias("tokens"),
                pl.col("cost_usd").cast(pl.Int128).sum().alias("cost"),
                priced.sum().alias("priced"),
                tokens.filter(priced).sum().alias("priced_tokens"),
                pl.col("latency_ms").drop_nulls().cast(pl.Int64).alias("latencies"),
            )
            for frame in log.frames(scope, where, _COLUMNS)
        ]
        if not parts:
            return ()
        sums = (
            pl.concat(parts)
            .group_by(_KEYS)
            .agg(
                pl.col("requests", "inputs", "sized", "tokens", "cost", "priced", "priced_tokens").sum(),
                pl.col("latencies").explode(empty_as_null=False, keep_nulls=False),
            )
        )
        found = [_embedded(row) for row in sums.iter_rows(named=True)]
        return tuple(sorted(found, key=lambda one: (-one.requests, one.model or "", one.dimensions or 0)))

    return log.kept(("embedded", scope, where), compute)


def _embedded(row: dict[str, object]) -> Embedded:
    def whole(name: str) -> int:
        return int(str(row[name]))

    latencies = sorted(row["latencies"])  # type: ignore[call-overload]
    rank = max(0, -(-len(latencies) * 95 // 100) - 1)
    return Embedded(
        model=None if row["model"] is None else str(row["model"]),
        dimensions=None if row["embedding_dimensions"] is None else whole("embedding_dimensions"),
        requests=whole("requests"),
        inputs=whole("inputs") if whole("sized") else None,
        sized=whole("sized"),
        tokens=whole("tokens"),
        cost_usd=Decimal(whole("cost")) / PICO if whole("priced") else None,
        priced_tokens=whole("priced_tokens"),
        latency_ms_p95=latencies[rank] / 1000 if latencies else None,
    )
