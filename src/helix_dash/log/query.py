"""The whole reading surface of the request log: ``page``, ``series``, ``batches``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from helix_dash.model import Filter, Scope, Slice, Sort

Number = int | float | None

Bucket = Literal["minute", "5minutes", "quarter", "hour", "6hours", "day", "week", "month"]
"""Widths of a time bucket. All begin on the reporting zone's clock or calendar."""


@dataclass(frozen=True, slots=True)
class Page:
    """Rows as shown (see ``shown_rows``), the exact number that match, and the ingest watermark they hold for."""

    rows: list[dict[str, Any]]
    total: int
    watermark: int


@dataclass(frozen=True, slots=True)
class Series:
    """Figures by group and time bucket.

    Args:
        starts: the buckets' first instants, epoch milliseconds; one element when no bucket was asked.
        groups: one tuple of dimension values per group, in order of the first measure, largest first; ``None``
            within is "unknown". ``((),)`` when no dimension was asked.
        values: per measure, ``[group][bucket]``: ``None`` where nothing was recorded and the fold was not alive,
            and for a percentile or ratio without requests.
        unfinished: whether the last bucket is still filling.
        approximate: whether percentiles come from histograms ("~"), because the rows have expired.
        as_of: the instant up to which the answer is complete, epoch microseconds; ``None`` when unknown.
    """

    starts: tuple[int, ...]
    groups: tuple[tuple[str | None, ...], ...]
    values: dict[str, list[list[Number]]]
    unfinished: bool = False
    approximate: bool = False
    as_of: int | None = None


class RequestLog:
    """The log as this process reads it: memory-mapped segments of the host's mirror."""

    def page(
        self, scope: Scope, where: Filter, sort: Sort, part: Slice, *, watermark: int | None = None
    ) -> Page:
        raise AssertionError

    def series(
        self,
        scope: Scope,
        where: Filter,
        dims: Sequence[str],
        bucket: Bucket | None,
        measures: Sequence[str],
    ) -> Series:
        raise AssertionError

    def batches(self, scope: Scope, where: Filter, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        raise AssertionError
