"""Rows as people and programs see them: the one place for the API's JSON, the grid and CSV.

JSON: times as ISO 8601 UTC text with milliseconds, durations as float milliseconds, money as float dollars,
shares 0–1, rates per second, flags true or false, unknown ``None``. CSV: the same as text, money as a full decimal, unknown empty.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
import polars as pl

from helix_dash.log.derived import value_expression, value_list
from helix_dash.log.digits import decimals, times
from helix_dash.log.filtering import UNITS
from helix_dash.log.schema import BY_NAME, SHOWN, STORED, Column
from helix_dash.model import utc_from_us

_ROW_ID = re.compile(r"([0-9a-f]{16})-([1-9][0-9]{0,18})")
EVERY = tuple(column.name for column in SHOWN)
"""All columns that can be shown."""

_DIGITS = {"duration": 3, "share": 6, "money": 12, "rate": 3}
"""Decimal places of the inner unit in the shown one."""


def iso(microseconds: int) -> str:
    """``2026-11-22T01:02:03.456Z``."""
    return utc_from_us(microseconds).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def row_id(producer: str, sequence: int) -> str:
    """The name of one row in addresses."""
    return f"{producer}-{sequence}"


def parse_row_id(text: str) -> tuple[str, int] | None:
    """Producer and sequence of a row's name; ``None`` when it is not one."""
    found = _ROW_ID.fullmatch(text)
    return (found[1], int(found[2])) if found and int(found[2]) < 2**63 else None


def row_columns(columns: Sequence[str]) -> tuple[str, ...]:
    """The stored columns that :func:`shown_lists` makes ``columns`` of."""
    return stored_columns((*columns, "producer", "seq"))


def stored_columns(columns: Sequence[str]) -> tuple[str, ...]:
    """The stored columns that ``columns`` are made of."""
    names = {part for name in columns for part in BY_NAME[name].parts}
    return tuple(column.name for column in STORED if column.name in names)


def shown_rows(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """All shown columns of each row, and ``row_id``; ``frame`` holds all stored columns, words as words."""
    return shown_lists({column.name: frame[column.name].to_list() for column in STORED}, EVERY)


def shown_lists(stored: Mapping[str, list[Any]], columns: Sequence[str]) -> list[dict[str, Any]]:
    """``row_id`` and ``columns`` of rows given as one list of inner values per stored column they are made of."""
    lists = [_values(BY_NAME[name], stored) for name in columns]
    ids = list(map(row_id, stored["producer"], stored["seq"]))
    # Column by column into copies of one empty row: dicts that need not grow are made in half the time.
    empty: dict[str, Any] = dict.fromkeys(("row_id", *columns))
    rows = [empty.copy() for _ in ids]
    for name, values in zip(empty, [ids, *lists], strict=True):
        for row, value in zip(rows, values, strict=True):
            row[name] = value
    return rows


def _values(column: Column, stored: Mapping[str, list[Any]]) -> list[Any]:
    values = value_list(column.name, stored)
    if column.kind == "time":
        # A time is never unknown. Milliseconds are cut, not rounded, as isoformat() does.
        texts = np.datetime_as_string(np.array(values, "M8[us]"), unit="ms", timezone="UTC")
        return cast("list[Any]", texts.tolist())
    if column.kind in _DIGITS:
        unit = UNITS[column.kind]
        return [None if value is None else value / unit for value in values]
    return values


def csv_texts(frame: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """``columns`` as CSV texts, unknown as null; ``frame`` is a batch with what they are made of."""
    return csv_cells(frame, columns).select(pl.all().cast(pl.String))


def csv_cells(frame: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """The same, but for counts and flags, which any writer of CSV writes as they are meant to be."""
    return pl.DataFrame({name: _cell(frame, name) for name in columns})


def _cell(frame: pl.DataFrame, name: str) -> pl.Series:
    values, kind = frame.select(value_expression(name)).to_series(), BY_NAME[name].kind
    if kind == "time":
        return times(values)
    return decimals(values, _DIGITS[kind]) if kind in _DIGITS else values
