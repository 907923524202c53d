"""Whole columns of numbers and times as texts, without a look at single rows.

The letters of all rows are made three digits at a time into a matrix; those that count are taken out of it.
"""

from __future__ import annotations

from functools import cache
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

Letters = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int64]

_DAY_MS, _MINUTE_MS = 86_400_000, 60_000
_TIME = np.dtype([("date", "V10"), ("minute", "V7"), ("moment", "V7")])
"""``2026-11-22``, ``T01:02:``, ``03.456Z``."""


def decimals(numbers: pl.Series, places: int) -> pl.Series:
    """Numbers ≥ 0 of 10^-``places`` (a multiple of three) as the shortest plain decimals; unknown is null."""
    known, rest = _known(numbers), numbers.fill_null(0).to_numpy().astype(np.uint64)
    highest = int(rest.max()) if len(rest) else 0
    behind, before = places // 3, max(1, -(-(len(str(highest)) - places) // 3))
    form = np.dtype([*_threes("whole", before), ("point", np.uint8), *_threes("part", behind)])
    letters, counts = np.empty(len(rest), form), np.empty(len(rest), form)
    letters["point"] = ord(".")
    more = np.zeros(len(rest), np.bool_)  # whether digits follow that count
    for name, _ in reversed(_threes("part", behind)):
        rest, digits = _three(rest)
        letters[name] = _digits().take(digits)
        counts[name] = _ending().take(np.where(more, 999, digits))
        more |= digits > 0
    counts["point"] = more
    for name, _ in reversed(_threes("whole", before)):
        rest, digits = _three(rest)
        letters[name] = _digits().take(digits)
        counts[name] = _beginning().take(np.where(rest > 0, 999, digits))
    counts.view(np.uint8).reshape(len(rest), form.itemsize)[:, 3 * before - 1] = (
        1  # a nought before the point
    )
    # Of the flat matrices: a sum by rows, or picking by a mask, takes many times as long.
    flat = counts.view(np.bool_)
    ends = np.cumsum(flat, dtype=np.int32)[form.itemsize - 1 :: form.itemsize]
    return _series(np.compress(flat, letters.view(np.uint8)), ends, known)


def times(numbers: pl.Series) -> pl.Series:
    """Microseconds since the epoch as ``2026-11-22T01:02:03.456Z``; milliseconds are cut, not rounded; unknown is null."""
    known, values = _known(numbers), numbers.fill_null(0).to_numpy() // 1000
    days, rest = np.divmod(values, _DAY_MS)
    minutes, moments = np.divmod(rest, _MINUTE_MS)
    letters = np.empty(len(values), _TIME)
    letters["date"] = _dates(days)
    letters["minute"] = _minutes().take(minutes)
    letters["moment"] = _moments().take(moments)
    ends = np.arange(1, len(values) + 1) * _TIME.itemsize
    return _series(letters.view(np.uint8), ends, known)


def _three(numbers: npt.NDArray[np.uint64]) -> tuple[npt.NDArray[np.uint64], Integers]:
    """What stands before the last three digits, and those."""
    rest = numbers // np.uint64(1000)
    return rest, (numbers - rest * np.uint64(1000)).view(np.int64)


def _threes(name: str, count: int) -> list[tuple[str, str]]:
    """Fields of three letters each."""
    return [(f"{name}{number}", "V3") for number in range(count)]


@cache
def _digits() -> npt.NDArray[np.void]:
    return _table([f"{number:03d}" for number in range(1000)])


@cache
def _ending() -> npt.NDArray[np.void]:
    """Which of the three digits of a fraction count when none behind them does: 120 → 12."""
    return _table([_marks(len(f"{number:03d}".rstrip("0")), 0) for number in range(1000)])


@cache
def _beginning() -> npt.NDArray[np.void]:
    """Which of three digits count when none before them does: 012 → 12."""
    return _table([_marks(len(str(number)) if number else 0, 1) for number in range(1000)])


def _marks(count: int, at_the_end: int) -> str:
    return ("\0" * (3 - count) + "\1" * count) if at_the_end else ("\1" * count + "\0" * (3 - count))


def _dates(days: Integers) -> npt.NDArray[np.void]:
    if not len(days):
        return np.empty(0, "V10")
    first = int(days.min())
    names = np.datetime_as_string(np.arange(first, int(days.max()) + 1).astype("M8[D]"))
    return _table(names.tolist()).take(days - first)


@cache
def _minutes() -> npt.NDArray[np.void]:
    return _table([f"T{hour:02d}:{minute:02d}:" for hour in range(24) for minute in range(60)])


@cache
def _moments() -> npt.NDArray[np.void]:
    return _table([f"{second:02d}.{milli:03d}Z" for second in range(60) for milli in range(1000)])


def _table(words: list[str]) -> npt.NDArray[np.void]:
    """``words`` of one length."""
    return np.frombuffer("".join(words).encode(), np.dtype(f"V{len(words[0])}"))


def _known(numbers: pl.Series) -> npt.NDArray[np.bool_] | None:
    return numbers.is_not_null().to_numpy() if numbers.null_count() else None


def _series(
    letters: Letters, ends: npt.NDArray[np.signedinteger[Any]], known: npt.NDArray[np.bool_] | None
) -> pl.Series:
    """Texts that stand one behind the other."""
    bounds = pa.py_buffer(np.concatenate(([0], ends)).astype(np.int64))
    bits = None if known is None else pa.py_buffer(np.packbits(known, bitorder="little"))
    array = pa.LargeStringArray.from_buffers(len(ends), bounds, pa.py_buffer(letters), bits)
    return cast("pl.Series", pl.from_arrow(array))
