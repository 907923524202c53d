"""CSV, as RFC 4180 and spreadsheets want it, made from batches of the log without a Python loop over rows.

UTF-8 without a mark, lines end in CR LF, unknown is empty; how each kind of value is written is told in
``log.shown``. A text that a spreadsheet would take for a formula gets an apostrophe before it.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from helix_dash.log.derived import value_expression
from helix_dash.log.schema import BY_NAME, PICO
from helix_dash.log.shown import csv_cells

_FORMULA = r"^[=+\-@\t\r]"
_QUOTED = r'[",\r\n]'
_BEGINS_FORMULA = np.isin(np.arange(256), list(b"=+-@\t\r"))

TOTALED = ("input_tokens", "output_tokens", "total_tokens", "cost_usd", "avoided_cost_usd")


def header(columns: Sequence[str]) -> bytes:
    """The first line: the columns' names."""
    return (",".join(columns) + "\r\n").encode()


def lines(batch: pl.DataFrame, columns: Sequence[str]) -> bytes:
    """One line per row of ``batch``, with ``columns`` in this order."""
    made = io.BytesIO()
    write_lines(prepared(batch, columns), made)
    return made.getvalue()


def prepared(batch: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """``columns`` of ``batch`` as they stand in the file."""
    cells = csv_cells(batch, columns)
    words = (name for name in columns if BY_NAME[name].kind in ("word", "text"))
    return cells.with_columns(_escaped(name) for name in words if not _is_plain(cells[name]))


def write_lines(cells: pl.DataFrame, file: Any) -> None:
    """Write a line per row of ``cells`` (as :func:`prepared`) to ``file``, of which only ``write`` is used."""
    cells.write_csv(file, include_header=False, quote_style="never", line_terminator="\r\n")


def _is_plain(texts: pl.Series) -> bool:
    """Whether no text needs quotes or an apostrophe: seen in all their letters at once, most columns need neither."""
    array = texts.drop_nulls().to_arrow().cast(pa.large_string())
    _, bounds, data = array.buffers()
    if not len(array) or data is None:
        return True
    offsets = np.frombuffer(bounds, np.int64)[array.offset : array.offset + len(array) + 1]
    letters = np.frombuffer(data, np.uint8)[: offsets[-1]]
    if any((letters == letter).any() for letter in b',"\r\n'):
        return False
    begins = offsets[:-1][offsets[:-1] < offsets[1:]]
    return not _BEGINS_FORMULA[letters[begins]].any()


def _escaped(name: str) -> pl.Expr:
    text = pl.col(name)
    safe = pl.when(text.str.contains(_FORMULA)).then(pl.lit("'") + text).otherwise(text)
    doubled = safe.str.replace_all('"', '""', literal=True)
    quoted = pl.when(safe.str.contains(_QUOTED)).then(pl.lit('"') + doubled + pl.lit('"')).otherwise(safe)
    return quoted.alias(name)


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
