"""Numbers as people and programs read them off a page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from helix_dash.model import Kpi, Period, us_from_utc
from helix_dash.ui import format as fmt


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (0, "count", "0"),
        (9_999, "count", "9,999"),
        (184_213, "count", "184.2k"),
        (231_234_567, "tokens", "231.2M"),
        (1_231.23, "usd", "$1,231"),
        (12.3, "usd", "$12.30"),
        (0.0412345, "usd", "$0.0412"),
        (12_340, "count", "12.34k"),
        (9_200_000, "tokens", "9.20M"),
        (0.25, "usd", "$0.250"),
        (0.9873, "ratio", "98.7%"),
        (0.12, "ratio", "12.0%"),
        (0.99996, "ratio", ">99.9%"),
        (0.0001, "ratio", "<0.1%"),
        (1, "ratio", "100%"),
        (0, "ratio", "0%"),
        (642.4, "ms", "642 ms"),
        (4_213.4, "ms", "4.21 s"),
        (7_600, "ms", "7.60 s"),
        (None, "usd", "—"),
        (float("nan"), "ms", "—"),
    ],
)
def test_a_card_shows_at_most_four_significant_digits(value: float | None, unit: str, words: str) -> None:
    assert fmt.short(value, unit) == words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1e-9, "0.000000001"),
        (1.5e21, "1500000000000000000000"),
        (Decimal("1E-12"), "0.000000000001"),
        (0.1 + 0.2, "0.30000000000000004"),
        (1200, "1200"),
        (12.0, "12"),
        (0, "0"),
        (None, ""),
    ],
)
def test_a_raw_value_is_a_plain_decimal_without_an_exponent(value: float | None, text: str) -> None:
    """interface.md, Pages: data-raw."""
    assert fmt.raw(value) == text


def _kpi(value: float | None, before: float | None, unit: str = "count", good: str = "down") -> Kpi:
    return Kpi("x", "X", value, unit, before, good)  # type: ignore[arg-type]


def test_a_change_from_zero_has_no_percentage() -> None:
    assert fmt.change(_kpi(5, 0)) == ""


def test_a_change_against_an_unknown_figure_is_not_told() -> None:
    assert fmt.change(_kpi(5, None)) == ""


def test_a_change_always_carries_its_sign() -> None:
    assert [fmt.change(_kpi(112, 100)), fmt.change(_kpi(88, 100))] == ["+12.0%", "−12.0%"]


def test_a_ratio_changes_in_points() -> None:
    assert fmt.change(_kpi(0.987, 0.991, "ratio")) == "−0.4 pt"


def test_the_direction_of_good_news_belongs_to_the_figure() -> None:
    assert fmt.verdict(_kpi(2, 1, good="down")) == "bad"
    assert fmt.verdict(_kpi(2, 1, good="up")) == "good"
    assert fmt.verdict(_kpi(2, 1, good="none")) == "none"


@pytest.mark.parametrize(
    ("now", "tone"), [(100_499, "none"), (100_501, "good"), (99_501, "none"), (99_499, "bad")]
)
def test_a_change_by_less_than_half_a_percent_is_no_news(now: float, tone: str) -> None:
    assert fmt.verdict(_kpi(now, 100_000, good="up")) == tone


@pytest.mark.parametrize(
    ("now", "before", "tone"), [(0.995, 0.999, "bad"), (0.123, 0.12, "good"), (0.5024, 0.5, "none")]
)
def test_a_ratio_is_measured_by_its_smaller_part(now: float, before: float, tone: str) -> None:
    """Half a point is five times the failures where nearly all went well."""
    assert fmt.verdict(_kpi(now, before, "ratio", "up")) == tone


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (300, "5 minutes"),
        (3600, "hour"),
        (86_400, "24 hours"),
        (7 * 86_400, "7 days"),
        (5_400, "90 minutes"),
    ],
)
def test_a_period_is_told_as_people_say_it(seconds: int, words: str) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    assert fmt.length(Period(start, start + timedelta(seconds=seconds))) == words


def test_an_axis_shows_the_wall_clock_of_the_zone() -> None:
    noon = us_from_utc(datetime(2026, 7, 1, 12, tzinfo=UTC)) // 1000
    assert fmt.wall_ms(noon, ZoneInfo("Europe/Berlin")) - noon == 2 * 3_600_000


def test_a_share_too_small_to_print_is_not_zero() -> None:
    assert fmt.share(1, 10_000) == "<0.1%"
    assert fmt.share(1, 0) == "—"


@pytest.mark.parametrize(
    ("value", "words"), [("2.5", "$2.50"), ("14", "$14.00"), ("0.0375", "$0.0375"), ("1200", "$1,200.00")]
)
def test_a_price_has_cents_and_all_its_digits(value: str, words: str) -> None:
    assert fmt.price(Decimal(value)) == words


def test_one_other_is_not_several() -> None:
    assert (fmt.others(1), fmt.others(1200), fmt.price(None)) == ("1 other", "1,200 others", "—")
