"""Budgets, prices and the steps of a change as pure arithmetic, and their tables in a real store."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from helix_dash import money
from helix_dash.errors import BadQuery
from helix_dash.metrics import budgets as kept_budgets
from helix_dash.metrics import prices as kept_prices
from helix_dash.metrics.budget_standing import standing
from helix_dash.metrics.budgets import Budget, budgets, remove_budget, set_budget, thresholds_from, window
from helix_dash.metrics.cost_change import STEPS, Group, decomposed
from helix_dash.metrics.prices import Price, PriceTable, prices, remove_price, set_price
from helix_dash.model import EVERYTHING, Scope
from helix_dash.store import connect

MONTH = Budget("global", "", "100", "month")
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def store(store_url: str) -> redis.Redis:
    return connect(store_url)


# --- windows and standing -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("budget", "first", "following"),
    [
        (Budget("global", "", "1", "day"), date(2026, 11, 22), date(2026, 11, 23)),
        (Budget("global", "", "1", "week"), date(2026, 11, 16), date(2026, 11, 23)),
        (Budget("global", "", "1", "month"), date(2026, 11, 1), date(2026, 12, 1)),
        (Budget("global", "", "1", "days", 10, "2026-11-05"), date(2026, 11, 15), date(2026, 11, 25)),
        (Budget("global", "", "1", "days", 10, "2026-12-01"), date(2026, 11, 21), date(2026, 12, 1)),
    ],
)
def test_windows_follow_the_calendar(budget: Budget, first: date, following: date) -> None:
    assert window(budget, date(2026, 11, 22)) == (first, following)


@given(st.dates(date(2024, 1, 1), date(2027, 1, 1)), st.sampled_from(["day", "week", "month", "days"]))
def test_windows_follow_each_other_without_a_gap(day: date, kind: str) -> None:
    budget = Budget("global", "", "1", kind, 17, "2025-02-28")
    first, following = window(budget, day)
    assert first <= day < following
    assert window(budget, first) == window(budget, following - timedelta(days=1)) == (first, following)
    assert window(budget, following)[0] == following


def days(cost: float, count: int = 40, today: float = 0.0) -> list[tuple[date, float]]:
    return [(NOW.date() - timedelta(days=back), cost if back else today) for back in range(count, -1, -1)]


def test_the_next_reset_is_midnight_in_the_reporting_zone_also_where_the_clock_changes() -> None:
    """litellm#34896: rendered by the function that performs it."""
    zone = ZoneInfo("America/New_York")
    found = standing(MONTH, (), datetime(2026, 11, 1, 4, 30, tzinfo=UTC), zone)
    assert (found.start, found.resets) == (datetime(2026, 11, 1, tzinfo=zone), datetime(2026, 12, 1, tzinfo=zone))  # fmt: skip
    assert (found.resets - found.start.astimezone(UTC)) == timedelta(days=30, hours=1)


@pytest.mark.parametrize(
    ("daily", "crossed", "over"), [(1.0, None, False), (2.5, 50, False), (4.0, 80, False), (4.75, 95, False), (5.0, 100, True)]
)  # fmt: skip
def test_the_highest_threshold_that_was_reached_is_told(
    daily: float, crossed: int | None, over: bool
) -> None:
    """litellm#1612: several thresholds; 20 days of November have passed."""
    found = standing(MONTH, days(daily), NOW, UTC)
    assert (found.crossed, found.over) == (crossed, over)
    assert found.spent == Decimal(str(daily)) * 20


def test_the_runway_ends_on_the_day_the_projection_reaches_the_limit() -> None:
    """X7: 80 of 100 dollars are gone, 4 come each day, today's included."""
    found = standing(MONTH, days(4.0), NOW, UTC)
    assert found.runs_out == date(2026, 11, 25)
    assert found.at_risk
    assert standing(MONTH, days(2.0), NOW, UTC).runs_out is None


def test_a_spent_budget_has_run_out() -> None:
    assert standing(MONTH, days(9.0), NOW, UTC).runs_out == NOW.date()


def test_pace_is_what_is_spent_by_what_has_passed() -> None:
    found = standing(MONTH, days(1.0), NOW, UTC)
    assert found.pace == pytest.approx(0.20 / (20.5 / 30))


def test_a_budget_without_known_days_is_not_at_nothing() -> None:
    found = standing(MONTH, [], NOW, UTC)
    assert (found.spent, found.share, found.crossed, found.pace, found.at_risk) == (None, None, None, None, False)  # fmt: skip


def test_with_three_days_nothing_is_projected_and_it_says_so() -> None:
    found = standing(MONTH, days(1.0, 4), NOW, UTC)
    assert found.projection.end is None
    assert found.lacks == "needs 14 days, there are 3"


# --- the tables ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "planet"}, "kind"),
        ({"kind": "team"}, "name"),
        ({"name": "x"}, "name"),
        ({"limit": "0"}, "limit"),
        ({"limit": "nan"}, "limit"),
        ({"limit": "1e99"}, "limit"),
        ({"limit": "0.0000001"}, "limit"),
        ({"limit": "ten"}, "limit"),
        ({"window": "year"}, "window"),
        ({"window": "days"}, "days"),
        ({"window": "days", "days": 7, "since": "soon"}, "since"),
        ({"thresholds": (80, 50)}, "thresholds"),
        ({"thresholds": ()}, "thresholds"),
    ],
)
def test_a_budget_that_cannot_be_is_refused(store: redis.Redis, changes: dict[str, Any], field: str) -> None:
    given_fields: dict[str, Any] = {"kind": "global", "name": "", "limit": "1", "window": "month"} | changes
    with pytest.raises(BadQuery) as refused:
        set_budget(store, Budget(**given_fields))
    assert refused.value.field == field
    assert not store.exists(kept_budgets.KEY)


def test_a_budget_is_kept_replaced_and_removed(store: redis.Redis) -> None:
    set_budget(store, MONTH)
    set_budget(store, Budget("global", "", "250.50", "month", thresholds=(90,)))
    (found,) = budgets(store, EVERYTHING)
    assert (found.dollars, found.thresholds) == (Decimal("250.50"), (90,))
    remove_budget(store, MONTH)
    assert budgets(store, EVERYTHING) == []
    with pytest.raises(BadQuery):
        remove_budget(store, MONTH)


def test_who_sees_one_organization_sees_only_its_budgets_and_prices(store: redis.Redis) -> None:
    for organization in (None, "a", "b"):
        set_budget(store, Budget("global", "", "1", "day", organization=organization))
        set_price(store, Price("m", "2026-01-01", uncached="1", organization=organization))
    assert [one.organization for one in budgets(store, Scope("a"))] == ["a"]
    assert {one.organization for one in prices(store, Scope("a")).prices} == {None, "a"}
    assert len(budgets(store, EVERYTHING)) == len(prices(store, EVERYTHING).prices) == 3


def test_entries_that_cannot_be_read_count_as_not_there(store: redis.Redis) -> None:
    """Issue E, 4."""
    set_budget(store, MONTH)
    set_price(store, Price("m", "2026-01-01", uncached="1"))
    for poison in (
        b"\xff\xfe",
        b"[]",
        b'{"kind":"global","name":"","limit":"NaN","window":"month"}',
        b"null",
    ):
        store.hset(kept_budgets.KEY, poison, poison)
        store.hset(kept_prices.KEY, poison, poison)
    assert budgets(store, EVERYTHING) == [MONTH]
    assert [one.model for one in prices(store, EVERYTHING).prices] == ["m"]


def test_what_stops_a_change_leaves_the_table_alone(store: redis.Redis) -> None:
    def no() -> None:
        raise RuntimeError("not on record")

    with pytest.raises(RuntimeError):
        set_budget(store, MONTH, no)
    with pytest.raises(RuntimeError):
        set_price(store, Price("m", "2026-01-01", uncached="1"), no)
    assert not store.exists(kept_budgets.KEY, kept_prices.KEY)


def test_thresholds_are_read_as_people_write_them() -> None:
    assert thresholds_from("80%, 50 100") == (50, 80, 100)
    assert thresholds_from("") == (50, 80, 95, 100)
    with pytest.raises(BadQuery):
        thresholds_from("half")


# --- prices -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"model": ""}, "model"),
        ({"since": "yesterday"}, "since"),
        ({"uncached": "-1"}, "price"),
        ({"uncached": "inf"}, "price"),
        ({"uncached": "0.0000001"}, "price"),
        ({"uncached": None}, "uncached"),
        ({"scope": "galaxy"}, "scope"),
        ({"scope": "team"}, "name"),
    ],
)
def test_a_price_that_cannot_be_is_refused(store: redis.Redis, changes: dict[str, Any], field: str) -> None:
    given_fields: dict[str, Any] = {"model": "m", "since": "2026-01-01", "uncached": "1"} | changes
    with pytest.raises(BadQuery) as refused:
        set_price(store, Price(**given_fields))
    assert refused.value.field == field
    assert not store.exists(kept_prices.KEY)


def test_a_price_is_removed_by_model_owner_and_date(store: redis.Redis) -> None:
    set_price(store, Price("m", "2026-01-01", uncached="1"))
    with pytest.raises(BadQuery):
        remove_price(store, Price("m", "2026-01-02", uncached="1"))
    remove_price(store, Price("m", "2026-01-01"))
    assert prices(store, EVERYTHING).prices == ()


def test_the_narrower_owner_counts_then_the_later_date() -> None:
    table = PriceTable(
        (
            Price("m", "2026-01-01", uncached="1"),
            Price("m", "2026-03-01", uncached="2"),
            Price("m", "2026-02-01", uncached="3", scope="provider", name="p"),
            Price("m", "2026-02-01", uncached="4", scope="key", name="k"),
        )
    )

    def at(day: date, **row: str) -> str | None:
        found = table.set_for({"model": "m"} | row, day)
        return found.uncached if found else None

    assert at(date(2025, 12, 31)) is None
    assert at(date(2026, 2, 1)) == "1"
    assert at(date(2026, 3, 1)) == "2"
    assert at(date(2026, 3, 1), provider="p") == "3"
    assert at(date(2026, 3, 1), provider="p", key_alias="k") == "4"


def test_what_an_operator_set_counts_before_the_table() -> None:
    table = PriceTable((Price("gpt-4o", "2026-02-01", uncached="9", visible="9"),))
    before, after = (table.of({"model": "gpt-4o"}, day) for day in (date(2026, 1, 31), date(2026, 2, 1)))
    assert before is not None
    assert after is not None
    assert (before.rates.uncached, before.operator) == (Decimal("2.5"), False)
    assert (after.rates.uncached, after.operator) == (Decimal(9), True)
    assert PriceTable().of({"model": "nobody-has-heard-of-it"}, date(2026, 1, 1)) is None


@pytest.mark.parametrize("model", ["gpt-4o", "claude-sonnet-4-5", "o3"])
def test_prices_per_class_give_the_tables_own_price_of_a_request(model: str) -> None:
    rates = money.rates(model)
    tokens = {"uncached": 900, "cached": 70, "cache_write": 0, "visible": 300, "reasoning": 20}
    assert rates is not None
    assert rates.cost(tokens) == money.price(model, **tokens)  # type: ignore[arg-type]


def test_a_class_without_a_price_makes_the_cost_unknown_and_not_less() -> None:
    rates = money.Rates(uncached=Decimal(1))
    assert rates.cost({"uncached": 5, "visible": 0}) == Decimal("0.000005")
    assert rates.cost({"uncached": 5, "visible": 1}) is None
    assert rates.cost({"cached": 1_000_000}) == 1


# --- the steps of a change ----------------------------------------------------------------------------------

GROUP = st.builds(
    lambda requests, share, tokens, cost: Group(requests, requests * share // 4, tokens if requests * share // 4 else (0,) * 5, cost),
    st.integers(1, 10**6), st.integers(0, 4), st.tuples(*[st.integers(0, 10**9)] * 5), st.integers(0, 10**15),
)  # fmt: skip
SIDE = st.dictionaries(st.tuples(st.sampled_from(["a", "b", "c", None]), st.booleans()), GROUP, max_size=8)
WEIGHTS = (Fraction(1), Fraction(1, 10), Fraction(5, 4), Fraction(4), Fraction(4))


@given(SIDE, SIDE)
def test_the_steps_add_up_to_the_difference_whatever_the_numbers(before: Any, after: Any) -> None:
    """X13"""
    found = decomposed(before, after, lambda _: WEIGHTS)
    assert found.before == Fraction(sum(one.cost for one in before.values()), 10**12)
    assert found.after == Fraction(sum(one.cost for one in after.values()), 10**12)
    assert sum(amount for _, amount in found.steps) == found.after - found.before
    assert sum(amount for _, amount in found.models) == found.after - found.before


def one(requests: int = 100, paid: int = 100, tokens: int = 1000, cost: int = 10**12) -> Group:
    return Group(requests, paid, (tokens, 0, 0, 0, 0), cost)


@pytest.mark.parametrize(
    ("step", "before", "after"),
    [
        ("volume", {("a", False): one()}, {("a", False): one(200, 200, 2000, 2 * 10**12)}),
        ("cache", {("a", False): one()}, {("a", False): one(100, 50, 500, 5 * 10**11)}),
        ("tokens", {("a", False): one()}, {("a", False): one(tokens=3000, cost=3 * 10**12)}),
        ("price", {("a", False): one()}, {("a", False): one(cost=4 * 10**12)}),
        ("volume", {}, {("a", False): one()}),
        ("volume", {("a", False): one()}, {}),
        (
            "mix",
            {("a", False): one(50, 50, 500), ("b", False): one(50, 50, 500, 10**10)},
            {("a", False): one(25, 25, 250, 5 * 10**11), ("b", False): one(75, 75, 750, 15 * 10**9)},
        ),
        (
            "retries",
            {("a", False): one(90, 90, 900), ("a", True): one(10, 10, 400, 10**12)},
            {("a", False): one(80, 80, 800, 8 * 10**12 // 9), ("a", True): one(20, 20, 800, 2 * 10**12)},
        ),
        ("mix", {("a", False): one()}, {("b", False): one(cost=7 * 10**12)}),
    ],
)  # fmt: skip
def test_each_cause_is_called_by_its_name(step: str, before: Any, after: Any) -> None:
    found = decomposed(before, after)
    moved = {name for name, amount in found.steps if abs(amount) > Fraction(1, 10**9)}
    assert moved == {step}


def test_another_share_of_cached_tokens_is_no_change_of_the_price() -> None:
    plain = Group(10, 10, (1000, 0, 0, 0, 0), 1000 * 10**6)
    cached = Group(10, 10, (500, 500, 0, 0, 0), 550 * 10**6)
    found = decomposed({("a", False): plain}, {("a", False): cached}, lambda _: WEIGHTS)
    assert {name for name, amount in found.steps if amount} == {"classes"}


def test_very_many_models_are_taken_together() -> None:
    side = {(f"m{number}", False): one(cost=number + 1) for number in range(300)}
    found = decomposed(side, {key: one(cost=7) for key in side})
    assert len(found.models) == 41
    assert sum(amount for _, amount in found.steps) == found.after - found.before
    assert [name for name, _ in found.steps] == [name for name, _ in STEPS]
