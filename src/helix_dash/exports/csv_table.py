"""CSV, as RFC 4180 and spreadsheets want it, made from batches of the log without a Python loop over rows.

UTF-8 without a mark, lines end in CR LF, unknown is empty; how each kind of value is written is told in
``log.shown``. A text that a spreadsheet would take for a formula gets an apostrophe before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from helix_dash.log.filtering import value_expression
from helix_dash.log.schema import BY_NAME, PICO
from helix_dash.log.shown import csv_texts

_FORMULA = r"^[=+\-@\t\r]"
_QUOTED = r'[",\r\n]'

TOTALED = ("input_tokens", "output_tokens", "total_tokens", "cost_usd", "avoided_cost_usd")


def header(columns: Sequence[str]) -> bytes:
    """The first line: the columns' names."""
    return (",".join(columns) + "\r\n").encode()


def lines(batch: pl.DataFrame, columns: Sequence[str]) -> bytes:
    """One line per row of ``batch``, with ``columns`` in this order."""
    if batch.is_empty():
        return b""
    cells = [_cell(name).fill_null("") for name in columns]
    joined = csv_texts(batch, columns).select(pl.concat_str(cells, separator=",").alias("line"))["line"]
    return ("\r\n".join(joined.to_list()) + "\r\n").encode()


def _cell(name: str) -> pl.Expr:
    text = pl.col(name)
    if BY_NAME[name].kind not in ("word", "text"):
        return text  # numbers, times and flags never need either
    safe = pl.when(text.str.contains(_FORMULA)).then(pl.lit("'") + text).otherwise(text)
    doubled = safe.str.replace_all('"', '""', literal=True)
    return pl.when(safe.str.contains(_QUOTED)).then(pl.lit('"') + doubled + pl.lit('"')).otherwise(safe)


@dataclass(slots=True)
class Totals:
    """What the rows of an export sum up to, exactly."""

    rows: int = 0
    sums: dict[str, int | None] = field(default_factory=lambda: dict.fromkeys(TOTALED))

    def add(self, batch: pl.DataFrame) -> None:
        """Count the rows of ``batch`` in."""
        self.rows += batch.height
        for name in TOTALED:
            known = batch.select(value_expression(name).alias("value"))["value"].drop_nulls()
            if known.len():
                self.sums[name] = (self.sums[name] or 0) + _exact_sum(known)

    def shown(self) -> dict[str, str | int | None]:
        """By name: tokens as numbers, money as a full decimal; ``None`` is unknown."""
        return {
            name: dollars(total) if total is not None and BY_NAME[name].kind == "money" else total
            for name, total in self.sums.items()
        }


def dollars(picos: int) -> str:
    """10⁻¹² dollars as a plain decimal of dollars."""
    whole, rest = divmod(picos, PICO)
    fraction = f"{rest:012d}".rstrip("0")
    return f"{whole}.{fraction}" if fraction else str(whole)


def _exact_sum(known: pl.Series) -> int:
    # In two halves: dollars in picos would leave 64 bits at nine million of them.
    values = known.cast(pl.Int64)
    return int((values // 10**6).sum()) * 10**6 + int((values % 10**6).sum())
