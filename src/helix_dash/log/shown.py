"""Rows as people and programs see them: the one place for the API's JSON, the grid and CSV.

JSON: times as ISO 8601 UTC text with milliseconds, durations as float milliseconds, money as float dollars,
shares 0–1, flags true or false, unknown ``None``. CSV: the same as text, money as a full decimal, unknown empty.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import polars as pl

from helix_dash.log.filtering import UNITS, value_expression
from helix_dash.log.schema import BY_NAME, SHOWN, STORED
from helix_dash.model import utc_from_us

_ROW_ID = re.compile(r"([0-9a-f]{16})-([1-9][0-9]{0,18})")
_DIGITS = {"duration": 3, "share": 6, "money": 12}
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


def stored_columns(columns: Sequence[str]) -> tuple[str, ...]:
    """The stored columns that ``columns`` are made of."""
    names = {part for name in columns for part in (BY_NAME[name].derived or (name,))}
    return tuple(column.name for column in STORED if column.name in names)


def shown_rows(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """All shown columns of each row, and ``row_id``; ``frame`` holds all stored columns, words as words."""
    values = frame.select(value_expression(column.name) for column in SHOWN)
    lists = [_values(column.kind, values[column.name].to_list()) for column in SHOWN]
    ids = map(row_id, frame["producer"], frame["seq"])
    names = ["row_id", *(column.name for column in SHOWN)]
    return [dict(zip(names, row, strict=True)) for row in zip(ids, *lists, strict=True)]


def _values(kind: str, values: list[Any]) -> list[Any]:
    if kind == "time":
        return [None if value is None else iso(value) for value in values]
    if kind in _DIGITS:
        return [None if value is None else value / UNITS[kind] for value in values]
    return values


def csv_texts(frame: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """``columns`` as CSV texts, unknown as null; ``frame`` is a batch with what they are made of."""
    return frame.select(_text(name) for name in columns)


def _text(name: str) -> pl.Expr:
    value, kind = value_expression(name), BY_NAME[name].kind
    if kind == "time":
        return value.cast(pl.Datetime("us")).dt.strftime("%Y-%m-%dT%H:%M:%S%.3fZ")
    if kind not in _DIGITS:
        return value.cast(pl.String)
    whole, places = value.cast(pl.Int64), _DIGITS[kind]
    unit = UNITS[kind]
    fraction = (whole % unit).cast(pl.String).str.zfill(places).str.strip_chars_end("0")
    point = pl.when(fraction == "").then(pl.lit("")).otherwise(pl.lit("."))
    return ((whole // unit).cast(pl.String) + point + fraction).alias(name)
