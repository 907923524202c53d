"""Money out of the log: what was paid by class, why it changed, what the unpriced would have cost, budgets' days."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from reading import DAY, HOUR, NOW, log_of, over, row

from helix_dash.log.query import RequestLog
from helix_dash.log.schema import PICO
from helix_dash.metrics.budget_standing import exact, standings
from helix_dash.metrics.budgets import Budget
from helix_dash.metrics.cost_change import cost_change
from helix_dash.metrics.price_split import paid, shadows, split
from helix_dash.metrics.prices import Price, PriceTable
from helix_dash.metrics.repricing import unpriced
from helix_dash.model import EVERYTHING, Filter, Period, Scope, utc_from_us
from helix_dash.money import CLASSES

ZONES: list[tzinfo] = [UTC, ZoneInfo("Asia/Kathmandu"), ZoneInfo("America/St_Johns")]
WEEK = over(NOW - 7 * DAY, NOW)
PRESENT = utc_from_us(NOW)
TOKENS = [f"{name}_tokens" for name in CLASSES]


def _rows() -> list[dict[str, Any]]:
    draw = random.Random(7)
    found = []
    for _ in range(1500):
        model = draw.choice(["gpt-4o", "gpt-4o-mini", "claude-sonnet-4-5", "house-model", None])
        status = draw.choices(["success", "error", "cancelled"], [9, 1, 0.5])[0]
        cache = draw.choice(["exact", "semantic", "miss", "bypass", None])
        hit = cache in ("exact", "semantic")
        tokens = dict.fromkeys(TOKENS, 0) | {} if hit or status == "error" else {name: draw.randrange(3000) for name in TOKENS}  # fmt: skip
        priced = model != "house-model" and model is not None and status != "error"
        cost = 0 if hit else draw.randrange(10**10) if priced else None
        found.append(
            row(
                NOW - draw.randrange(14 * DAY), model=model, status=status, cache=cache, priced=priced if tokens else None,
                provider=draw.choice(["openai", None]), team=draw.choice(["search", "support", None]), user=draw.choice("abc"),
                key_alias=draw.choice(["k1", "k2"]), endpoint=draw.choice(["chat", "embeddings"]), tags=draw.choice(["blue", "blue;red", "bluer", None]),
                cost_usd=cost, retries=draw.choice([None, 0, 0, 2]), **tokens,
            )
        )  # fmt: skip
    return found


ROWS = _rows()


def recorded(rows: list[dict[str, Any]]) -> Decimal:
    return Decimal(sum(one["cost_usd"] or 0 for one in rows if one["priced"] is not False)) / PICO


def during(start: int, end: int) -> list[dict[str, Any]]:
    return [one for one in ROWS if start <= one["time"] < end]


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RequestLog]:
    return log_of(tmp_path_factory.mktemp("log"), ROWS[:700], ROWS[700:], points=1000)


@pytest.mark.parametrize("zone", ZONES, ids=str)
def test_classes_and_the_rest_add_up_to_what_was_recorded(log: RequestLog, zone: tzinfo) -> None:
    """Issue E, 2: in any zone; what a cache answered costs nothing and is not among what was bought."""
    bought = paid(log.in_zone(zone), EVERYTHING, WEEK, PriceTable(), zone)
    found = split(bought)
    mine = [one for one in during(NOW - 7 * DAY, NOW) if one["cache"] not in ("exact", "semantic")]
    assert found.recorded == recorded(mine)
    assert sum(found.classes.values()) + found.other == found.recorded
    assert sum(one.requests for one in bought) == sum(one["cost_usd"] is not None and one["priced"] is not False for one in mine)  # fmt: skip


def test_each_class_is_its_amount_times_its_price(log: RequestLog) -> None:
    """F5.2; a cached token is billed as a cached one and never twice (litellm#6215)."""
    bought = paid(log, EVERYTHING, WEEK, PriceTable(), UTC)
    mine = [one for one in during(NOW - 7 * DAY, NOW) if one["model"] == "gpt-4o" and one["provider"] == "openai" and one["cache"] not in ("exact", "semantic") and one["cost_usd"] is not None]  # fmt: skip
    found = next(one for one in bought if (one.model, one.provider) == ("gpt-4o", "openai"))
    assert found.tokens == {name: sum(one[f"{name}_tokens"] for one in mine) for name in CLASSES}
    assert found.classes["cached"] == found.tokens["cached"] * Decimal("1.25") / 1_000_000
    assert found.classes["uncached"] == found.tokens["uncached"] * Decimal("2.5") / 1_000_000


def test_another_models_prices_are_put_on_the_same_tokens(log: RequestLog) -> None:
    """X12"""
    bought = paid(log, EVERYTHING, WEEK, PriceTable(), UTC)
    cheap = Price("house-model", "2026-01-01", uncached="1", visible="2")
    (found,) = shadows(bought, ["house-model", "unheard-of"], PriceTable((cheap,)), PRESENT, UTC)
    chats = [one for one in bought if one.chat]
    tokens = {name: sum(one.tokens[name] for one in chats) for name in CLASSES}
    whole = tokens["uncached"] + tokens["cached"] + tokens["cache_write"] + 2 * (tokens["visible"] + tokens["reasoning"])  # fmt: skip
    assert found.cost == Decimal(whole) / 1_000_000
    assert found.saving == sum(one.recorded for one in chats) - found.cost


def test_the_change_of_cost_is_the_logs_own_to_the_last_digit(log: RequestLog) -> None:
    """X13"""
    found = cost_change(log, EVERYTHING, WEEK)
    assert found.before == Fraction(recorded(during(NOW - 14 * DAY, NOW - 7 * DAY)))
    assert found.after == Fraction(recorded(during(NOW - 7 * DAY, NOW)))
    assert sum(amount for _, amount in found.steps) == found.after - found.before
    assert sum(amount for _, amount in found.models) == found.after - found.before
    free = [one for one in during(NOW - 7 * DAY, NOW) if one["status"] == "success" and one["priced"] is False and sum(one[name] for name in TOKENS)]  # fmt: skip
    assert found.left_out[1] == len(free)


# --- the overlay of unpriced requests ---------------------------------------------------------------------------


def test_the_unpriced_are_those_the_log_counts_as_unpriced(log: RequestLog) -> None:
    """Unpriced is success, tokens and no price (bifrost#1248)."""
    found = unpriced(log, EVERYTHING, WEEK, PriceTable(), UTC)
    counted = log.totals(EVERYTHING, WEEK, ["unpriced_requests"])["unpriced_requests"]
    assert sum(one.requests for one in found) == counted
    assert {one.model for one in found} == {"house-model", None}
    assert {one.cost for one in found} == {None}


def test_a_price_that_is_set_prices_the_unpriced_from_its_day_on_exactly(log: RequestLog) -> None:
    """F5.6, issue E: set a price and recompute; the log stays as it is."""
    before = log.totals(EVERYTHING, WEEK, ["cost_usd", "unpriced_requests"])
    zone = ZONES[1]
    since = utc_from_us(NOW - 3 * DAY).astimezone(zone).date()
    own = Price("house-model", since.isoformat(), uncached="0.123456", visible="7.000001")
    found = unpriced(log, EVERYTHING, WEEK, PriceTable((own,)), zone)
    whole = Decimal(0)
    priced = 0
    for one in during(NOW - 7 * DAY, NOW):
        mine = (
            one["model"] == "house-model" and one["status"] == "success" and sum(one[name] for name in TOKENS)
        )
        if mine and utc_from_us(one["time"]).astimezone(zone).date() >= since:
            priced += 1
            plain = one["uncached_tokens"] + one["cached_tokens"] + one["cache_write_tokens"]
            answer = one["visible_tokens"] + one["reasoning_tokens"]
            whole += (Decimal("0.123456") * plain + Decimal("7.000001") * answer) / 1_000_000
    told = [one for one in found if one.model == "house-model"]
    assert sum(one.priced for one in told) == priced > 0
    assert sum((one.cost or Decimal(0)) for one in told) == whole
    assert log.totals(EVERYTHING, WEEK, ["cost_usd", "unpriced_requests"]) == before


def test_a_price_for_one_team_is_for_no_other(log: RequestLog) -> None:
    """Helicone#5172"""
    own = Price("house-model", "2026-01-01", uncached="1", visible="1", scope="team", name="search")
    found = unpriced(log, EVERYTHING, WEEK, PriceTable((own,)), UTC)
    mine = [one for one in during(NOW - 7 * DAY, NOW) if one["model"] == "house-model" and one["team"] == "search" and one["status"] == "success" and sum(one[name] for name in TOKENS)]  # fmt: skip
    assert sum(one.priced for one in found) == len(mine) > 0


# --- budgets ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("zone", ZONES, ids=str)
@pytest.mark.parametrize(
    ("kind", "name", "column"),
    [("global", "", ""), ("team", "search", "team"), ("user", "a", "user"), ("key", "k1", "key_alias"), ("model", "gpt-4o", "model"), ("tag", "blue", "tags")],
)  # fmt: skip
def test_a_budgets_spending_is_that_of_its_window_in_the_reporting_zone(
    log: RequestLog, zone: tzinfo, kind: str, name: str, column: str
) -> None:
    """F5.5, litellm#34896: every owner has the same evaluator, and windows are of the zone's calendar."""
    now = PRESENT - timedelta(hours=5)
    (found,) = standings(log.in_zone(zone), [Budget(kind, name, "10", "week")], now, zone)
    today = now.astimezone(zone)
    monday = (today - timedelta(days=today.weekday())).date()
    assert found.start == datetime(monday.year, monday.month, monday.day, tzinfo=zone)
    assert found.resets - found.start == timedelta(days=7)
    mine = [
        one
        for one in ROWS
        if found.start <= utc_from_us(one["time"]) < now
        and (not column or name in (one[column] or "").split(";"))
    ]
    assert found.spent == recorded(mine) > 0
    assert not found.incomplete


def test_days_before_the_log_began_are_not_nothing(tmp_path: Path) -> None:
    young = log_of(tmp_path, [row(NOW - HOUR, cost_usd=PICO, priced=True, team="t")])
    (found,) = standings(young, [Budget("team", "t", "10", "month")], PRESENT - timedelta(seconds=1), UTC)
    assert (found.spent, found.incomplete) == (Decimal(1), True)


def test_an_organizations_budget_counts_only_its_own_requests(tmp_path: Path) -> None:
    rows = [row(NOW - HOUR, cost_usd=PICO, priced=True, organization=name) for name in ("a", "b", "b")]
    found = standings(log_of(tmp_path, rows), [Budget("global", "", "10", "day", organization=name) for name in ("a", "b")], PRESENT - timedelta(seconds=1), UTC)  # fmt: skip
    assert {one.budget.organization: one.spent for one in found} == {"a": Decimal(1), "b": Decimal(2)}


def test_dollars_of_the_log_are_found_again_to_the_last_digit() -> None:
    draw = random.Random(3)
    pico = [draw.randrange(4 * 10**15) for _ in range(200)]
    assert exact([one / PICO for one in pico]) == Decimal(sum(pico)).scaleb(-12)


def test_what_a_scope_may_not_see_is_in_no_sum(tmp_path: Path) -> None:
    rows = [row(NOW - HOUR, cost_usd=PICO, priced=True, model="gpt-4o", uncached_tokens=1, organization=name) for name in ("a", "b")]  # fmt: skip
    log = log_of(tmp_path, rows)
    only = Scope("a")
    assert split(paid(log, only, WEEK, PriceTable(), UTC)).recorded == 1
    assert cost_change(log, only, WEEK).after == 1


def test_where_requests_have_expired_totals_still_tell_what_was_spent(tmp_path: Path) -> None:
    rows = [row(NOW - 2 * DAY, cost_usd=PICO, priced=True, model="gpt-4o")]
    log = log_of(tmp_path, expired=[rows])
    (found,) = standings(log, [Budget("model", "gpt-4o", "10", "month")], PRESENT - timedelta(seconds=1), UTC)
    assert found.spent == 1
    assert paid(log, EVERYTHING, WEEK, PriceTable(), UTC) == ()


def test_a_period_of_a_minute_has_its_day(tmp_path: Path) -> None:
    minute = Filter(Period(utc_from_us(NOW - HOUR), utc_from_us(NOW - HOUR + 60 * 10**6)))
    log = log_of(tmp_path, [row(NOW - HOUR, model="x", uncached_tokens=5)])
    (found,) = unpriced(log, EVERYTHING, minute, PriceTable((Price("x", date(2026, 11, 1).isoformat(), uncached="1"),)), UTC)  # fmt: skip
    assert (found.requests, found.cost) == (1, Decimal(5) / 1_000_000)
