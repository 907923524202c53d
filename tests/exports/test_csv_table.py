"""The CSV a person downloads."""

from __future__ import annotations

import csv
import io
import re
from datetime import datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helix_dash.exports.csv_table import TOTALED, Totals, dollars, header, lines
from helix_dash.log.schema import MAX_MONEY, PICO
from helix_dash.log.shown import stored_columns
from helix_dash.model import utc_from_us

TYPES = {"time": pl.Int64, "model": pl.String, "user": pl.String, "cost_usd": pl.Int64, "priced": pl.Boolean}


def frame(**columns: Any) -> pl.DataFrame:
    return pl.DataFrame(columns, schema_overrides={name: TYPES[name] for name in columns if name in TYPES})


def cells(text: bytes) -> list[list[str]]:
    """What a strict reader makes of it."""
    return list(csv.reader(io.StringIO(text.decode(), newline=""), strict=True))


def cell(name: str, value: Any) -> str:
    # two columns, since a line with one empty cell is an empty line to a reader
    return cells(lines(frame(**{name: [value], "priced": [True]}), [name, "priced"]))[0][0]


def test_the_first_line_names_the_columns() -> None:
    assert header(["time", "model"]) == b"time,model\r\n"


def test_there_is_no_byte_order_mark() -> None:
    assert not header(["time"]).startswith(b"\xef\xbb\xbf")


def test_lines_end_in_cr_lf() -> None:
    assert lines(frame(model=["a", "b"]), ["model"]) == b"a\r\nb\r\n"


def test_no_rows_are_no_lines() -> None:
    assert lines(frame(model=[]), ["model"]) == b""


def test_columns_come_in_the_order_asked() -> None:
    assert lines(frame(model=["m"], user=["u"]), ["user", "model"]) == b"u,m\r\n"


@pytest.mark.parametrize("name", ["model", "time", "cost_usd", "priced"])
def test_unknown_is_empty(name: str) -> None:
    """Not zero, not a word."""
    other = "user"
    assert cells(lines(frame(**{name: [None], other: ["x"]}), [name, other]))[0][0] == ""


@pytest.mark.parametrize(
    ("micros", "shown"),
    [
        (1_795_309_323_456_000, "2026-11-22T01:02:03.456Z"),
        (1_795_309_323_000_000, "2026-11-22T01:02:03.000Z"),
        (1_795_309_323_456_999, "2026-11-22T01:02:03.456Z"),
    ],
)
def test_a_time_is_iso_utc_with_milliseconds(micros: int, shown: str) -> None:
    assert cell("time", micros) == shown


@pytest.mark.parametrize(
    ("picos", "shown"),
    [
        (0, "0"),
        (1, "0.000000000001"),
        (PICO, "1"),
        (1_500_000_000_000, "1.5"),
        (150_000_000, "0.00015"),
        (MAX_MONEY, "1000000"),
        (123_456_789_012_345_678, "123456.789012345678"),
    ],
)
def test_money_is_a_full_decimal_and_never_an_exponent(picos: int, shown: str) -> None:
    assert cell("cost_usd", picos) == shown


@pytest.mark.parametrize(("value", "shown"), [(True, "true"), (False, "false")])
def test_a_flag_is_true_or_false(value: bool, shown: str) -> None:
    assert cells(lines(frame(priced=[value], user=["u"]), ["priced", "user"]))[0][0] == shown


@pytest.mark.parametrize(
    ("name", "inner", "shown"),
    [
        ("latency_ms", 412_500, "412.5"),
        ("latency_ms", 1, "0.001"),
        ("similarity", 920_800, "0.9208"),
        ("retries", 3, "3"),
    ],
)
def test_numbers_are_in_the_unit_their_column_is_named_for(name: str, inner: int, shown: str) -> None:
    assert cell(name, inner) == shown


@pytest.mark.parametrize(
    "payload", ["=cmd|' /C calc'!A0", "+1", "-2", "@SUM(A1)", "\t=1", "\r=1", '";=1', "=1\n=2"]
)
def test_a_text_a_spreadsheet_would_run_is_defused(payload: str) -> None:
    """T42."""
    shown = cell("user", payload)
    assert shown in (payload, "'" + payload)
    assert shown[0] not in "=+-@\t\r"


def test_a_harmless_text_is_left_alone() -> None:
    assert cell("user", "alice=bob") == "alice=bob"


def test_a_negative_looking_number_stays_a_number() -> None:
    """T42: only texts are defused."""
    assert lines(frame(cost_usd=[5]), ["cost_usd"]) == b"0.000000000005\r\n"


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(st.text(max_size=30) | st.none(), st.text(max_size=30) | st.none()), min_size=1, max_size=8
    )
)
def test_a_strict_reader_gets_every_text_back(rows: list[tuple[str | None, str | None]]) -> None:
    """T42, RFC 4180: whatever a text holds, cells and lines stay apart, and none begins like a formula."""
    clean = [
        tuple(None if text is None else text.encode("utf-8", "ignore").decode() for text in row)
        for row in rows
    ]
    made = frame(model=[row[0] for row in clean], user=[row[1] for row in clean], priced=[True] * len(clean))
    read = cells(lines(made, ["model", "user", "priced"]))
    assert len(read) == len(clean)
    for given_row, read_row in zip(clean, read, strict=True):
        for given_text, read_text in zip(given_row, read_row[:2], strict=True):
            assert not re.match(r"[=+\-@\t\r]", read_text)
            assert read_text in (given_text or "", "'" + (given_text or ""))


@settings(max_examples=150, deadline=None)
@given(st.integers(0, MAX_MONEY))
def test_money_survives_the_way_out_and_back_exactly(picos: int) -> None:
    shown = cell("cost_usd", picos)
    assert "e" not in shown.lower()
    assert Decimal(shown) * PICO == picos


@settings(max_examples=100, deadline=None)
@given(st.integers(1_262_304_000_000_000, 4_102_444_800_000_000))
def test_a_time_survives_to_the_millisecond(micros: int) -> None:
    shown = datetime.fromisoformat(cell("time", micros))
    assert shown == utc_from_us(micros // 1000 * 1000)


def batch(**columns: Any) -> pl.DataFrame:
    """What the log hands out: every stored column, unknown unless given."""
    rows = len(next(iter(columns.values())))
    names = [name for name in stored_columns(TOTALED) if name not in columns]
    return frame(**columns).with_columns(pl.Series(name, [None] * rows, dtype=pl.Int64) for name in names)


def test_totals_are_exact_beyond_64_bits() -> None:
    totals = Totals()
    for _ in range(20):
        totals.add(batch(cost_usd=[MAX_MONEY, 1]))
    assert totals.shown()["cost_usd"] == "20000000.00000000002"


def test_a_total_of_nothing_known_is_unknown() -> None:
    totals = Totals()
    totals.add(batch(cost_usd=[None, None]))
    assert (totals.rows, totals.shown()["cost_usd"]) == (2, None)


def test_dollars_have_no_trailing_zeros() -> None:
    assert dollars(1_230_000_000_000) == "1.23"
