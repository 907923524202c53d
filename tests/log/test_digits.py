"""Columns of numbers and times as texts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from helix_dash.log.digits import decimals, times

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _decimal(value: int, places: int) -> str:
    whole, part = divmod(value, 10**places)
    return f"{whole}.{part:0{places}d}".rstrip("0").rstrip(".")


@settings(deadline=None)
@given(
    st.lists(st.none() | st.integers(0, 10**18 - 1) | st.integers(0, 5000), max_size=20),
    st.sampled_from([3, 6, 12]),
)
def test_a_decimal_is_exact_and_as_short_as_it_can_be(values: list[int | None], places: int) -> None:
    made = decimals(pl.Series(values, dtype=pl.Int64), places).to_list()
    assert made == [None if value is None else _decimal(value, places) for value in values]


@settings(deadline=None)
@given(st.lists(st.none() | st.integers(1_262_304_000_000_000, 253_402_300_799_999_999), max_size=20))
def test_a_time_is_told_to_the_millisecond_for_any_day(values: list[int | None]) -> None:
    def told(value: int) -> str:
        moment = _EPOCH + timedelta(microseconds=value)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    made = times(pl.Series(values, dtype=pl.Int64)).to_list()
    assert made == [None if value is None else told(value) for value in values]
