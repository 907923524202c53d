"""Option values that need reading."""

from __future__ import annotations

import pytest

from helix_dash.errors import SettingError
from helix_dash.options import History, parse_duration, parse_history


def test_a_history_is_days_and_requests() -> None:
    assert parse_history("30:200000") == History(30, 200_000)


def test_a_history_of_0_is_none() -> None:
    assert parse_history("0") is None


@pytest.mark.parametrize("text", ["", "30", "0:10", "401:10", "30:0", "-1:10", "30:1e5", "30:10:1"])
def test_any_other_history_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(SettingError, match="Example: --history 30:200000"):
        parse_history(text)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("10m", 600), ("2h", 7200), ("0", None)]
)
def test_a_duration_is_a_number_and_a_unit(text: str, seconds: float | None) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "long", "-5", "1.5", "1d"])
def test_any_other_duration_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(SettingError, match="Example: --for 10m"):
        parse_duration(text)
