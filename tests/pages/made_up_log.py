"""A log that answers from a few lines in memory, for the pages' queries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from helix_dash.log.query import Number, Series
from helix_dash.model import Filter, Scope


class MadeUpLog:
    """Answers every ``series`` with the groups and figures it was given, and remembers what was asked."""

    def __init__(self, groups: dict[str, list[tuple[str | None, Number]]], buckets: int = 2) -> None:
        self.groups, self.buckets = groups, buckets
        self.asked: list[tuple[Filter, tuple[str, ...], str | None, tuple[str, ...]]] = []

    def series(
        self, scope: Scope, where: Filter, dims: Sequence[str], bucket: str | None, measures: Sequence[str]
    ) -> Series:
        self.asked.append((where, tuple(dims), bucket, tuple(measures)))
        count = self.buckets if bucket else 1
        found: list[tuple[str | None, Number]] = self.groups.get(dims[0], []) if dims else [(None, 1)]
        return Series(
            starts=tuple(range(0, count * 3_600_000, 3_600_000)),
            groups=tuple((name,) for name, _ in found) if dims else ((),),
            values={measure: [[figure] * count for _, figure in found] for measure in measures},
        )

    def health(self) -> Any:
        raise AssertionError("not asked for by queries")
