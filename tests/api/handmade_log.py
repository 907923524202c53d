"""A log of a few rows made by hand, at the seam the API reads through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from helix_dash.log.query import LogHealth, Page
from helix_dash.log.schema import SHOWN
from helix_dash.model import Filter, Scope, Slice, Sort


def row(number: int) -> dict[str, Any]:
    """A row as the log shows it; ``number`` is its sequence number."""
    shown: dict[str, Any] = dict.fromkeys(column.name for column in SHOWN)
    return shown | {"row_id": f"p-{number}", "seq": number, "organization": "default", "cost_usd": 0.5}


@dataclass
class HandmadeLog:
    """Rows 1 to ``count``, all at once; those after the watermark arrived later. Keeps what it was asked."""

    count: int = 5
    arrived: int = 0
    store_ok: bool = True
    oldest: int | None = None
    asked: list[tuple[Scope, Filter, Sort, Slice, int | None]] = field(default_factory=list)

    def page(
        self, scope: Scope, where: Filter, sort: Sort, part: Slice, *, watermark: int | None = None
    ) -> Page:
        self.asked.append((scope, where, sort, part, watermark))
        there = self.count + (self.arrived if watermark is None else 0)
        rows = [row(number) for number in range(1, there + 1)][part.offset : part.offset + part.limit]
        return Page(rows, there, 1000 if watermark is None else watermark)

    def health(self) -> LogHealth:
        return LogHealth(
            store_ok=self.store_ok,
            error="" if self.store_ok else "The log has not been read yet.",
            oldest=self.oldest,
        )

    def totals(self, scope: Scope, where: Filter, measures: Sequence[str]) -> dict[str, int | None]:
        sums = {"requests": self.count, "unpriced_requests": 1, "simulated_requests": 0}
        return {name: sums[name] for name in measures}
