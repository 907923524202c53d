"""The inspector's pure parts: the timeline, the arithmetic of a cost, what each tab says."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from helix_dash.log.schema import SHOWN
from helix_dash.pages.requests import cost, details, timeline
from helix_dash.zones import Zone

UTC = Zone(ZoneInfo("UTC"), "UTC")
ROW: dict[str, Any] = {column.name: None for column in SHOWN} | {
    "row_id": "00000000000000aa-7",
    "time": "2026-07-01T12:00:00.123Z",
    "status": "success",
    "model": "small-1",
    "provider": "acme",
    "latency_ms": 1000.0,
    "ttft_ms": 300.0,
    "overhead_ms": 20.0,
    "stream": True,
    "uncached_tokens": 1000,
    "cached_tokens": 500,
    "cache_write_tokens": None,
    "visible_tokens": 71,
    "reasoning_tokens": 0,
    "output_tokens": 71,
    "tpot_ms": 10.0,
    "tokens_per_second": 101.429,
    "cost_usd": 0.00145,
}
RATES = {"uncached": 1, "cached": Decimal("0.1"), "cache_write": 2, "visible": 5, "reasoning": 5}
"""Dollars per million tokens."""


def price(model: str, provider: str | None = None, *, at: Any = None, **tokens: int) -> Decimal | None:
    if model != "small-1":
        return None
    return sum((Decimal(RATES[name]) * count / 1_000_000 for name, count in tokens.items()), Decimal(0))


def bill(**changes: Any) -> cost.Bill:
    return cost.bill(ROW | changes, price)


def text(component: Any) -> str:
    children = getattr(component, "children", component)
    if isinstance(children, str):
        return children
    items = children if isinstance(children, list | tuple) else [children]
    return " ".join(text(child) for child in items if child is not None)


def test_the_parts_of_a_timeline_add_up_to_the_latency() -> None:
    found = timeline.timeline(ROW)
    assert [(part.key, part.ms) for part in found.parts] == [
        ("overhead", 20.0),
        ("wait", 280.0),
        ("decode", 700.0),
    ]
    assert found.notes == ()


@pytest.mark.parametrize(
    ("changes", "keys", "said"),
    [
        ({"ttft_ms": None, "stream": False}, ["overhead", "wait"], "Not streamed"),
        ({"ttft_ms": None, "stream": None}, ["overhead", "wait"], "not recorded"),
        ({"overhead_ms": None}, ["wait", "decode"], "did not report its own share"),
        ({"overhead_ms": 400.0}, ["wait", "decode"], "do not fit"),
        ({"ttft_ms": 2000.0}, ["overhead", "wait"], "longer than the latency"),
        ({"latency_ms": None}, [], "latency was not recorded"),
    ],
)
def test_a_part_that_is_not_known_says_why(changes: dict[str, Any], keys: list[str], said: str) -> None:
    found = timeline.timeline(ROW | changes)
    assert [part.key for part in found.parts] == keys
    assert said in " ".join(found.notes)
    assert sum(part.ms for part in found.parts) == (found.total or 0)


def test_speed_is_told_per_token_after_the_first() -> None:
    assert timeline.speed(ROW) == "101 output tokens/s, 10 ms per token after the first"


@pytest.mark.parametrize(
    ("rate", "each", "said"),
    [(None, None, ""), (2.5, None, "2.5 output tokens/s")],
    ids=["none", "one token"],
)
def test_no_speed_is_made_up(rate: float | None, each: float | None, said: str) -> None:
    assert timeline.speed(ROW | {"tokens_per_second": rate, "tpot_ms": each}) == said


def test_each_class_of_tokens_is_price_times_amount() -> None:
    lines = {line.column: line for line in bill().lines}
    assert lines["cached_tokens"].per_million == Decimal("0.1")
    assert lines["cached_tokens"].cost == Decimal("0.00005")
    assert lines["visible_tokens"].cost == Decimal("0.000355")
    assert lines["cache_write_tokens"].amount is None
    assert lines["cache_write_tokens"].cost is None


def test_the_sum_is_that_of_the_classes() -> None:
    found = bill()
    assert found.total == sum(line.cost for line in found.lines if line.cost is not None)
    assert found.total == Decimal("0.001405")
    assert found.other == 0


@pytest.mark.parametrize(
    ("changes", "said", "tone"),
    [
        ({"cost_usd": 0.001405}, "agrees", "good"),
        ({"cost_usd": 0.00145}, "$0.000045 more than this sum", "warn"),
        ({"cost_usd": 0.0014}, "$0.000005 less than this sum", "warn"),
        ({"cost_usd": None}, "unpriced", "warn"),
        ({"model": "house-model"}, "No price is known for house-model", "none"),
        ({"model": None}, "The model is unknown", "none"),
        ({"cache": "exact", "cost_usd": 0.0}, "what it would have cost", "good"),
        (
            dict.fromkeys((f"{name}_tokens" for name in cost.CLASSES), None),
            "No tokens were recorded",
            "none",
        ),
        (dict.fromkeys((f"{name}_tokens" for name in cost.CLASSES), 0), "No tokens were used", "none"),
    ],
)
def test_the_recorded_cost_is_compared_in_a_sentence(changes: dict[str, Any], said: str, tone: str) -> None:
    found = bill(**changes)
    assert said in found.verdict
    assert found.tone == tone


def test_a_cost_that_was_computed_here_is_shown_with_the_price_that_made_it() -> None:
    """F5: price, source and date of a recomputed cost, class by class."""
    source = "set by ada on 2026-11-20, recomputed 2026-11-22"
    found = bill(cost_usd=0.0025, cost_source=source, cost_rates="uncached 2.5;cached 2.5;cache_write 2.5;visible 0;reasoning 0")  # fmt: skip
    lines = {line.column: line for line in found.lines}
    assert lines["uncached_tokens"].per_million == Decimal("2.5")
    assert found.total == sum(Decimal("2.5") * (lines[name].amount or 0) for name in ("uncached_tokens", "cached_tokens", "cache_write_tokens")) / 10**6  # fmt: skip
    assert source in found.verdict
    assert found.tone == "good"


def test_nothing_used_costs_nothing_and_nothing_recorded_stays_unknown() -> None:
    amounts = [f"{name}_tokens" for name in cost.CLASSES]
    assert bill(**dict.fromkeys(amounts, 0)).total == 0
    assert bill(**dict.fromkeys(amounts, None)).total is None


def test_what_no_class_explains_is_a_line_of_its_own() -> None:
    """Some providers price long inputs in steps."""

    def stepped(model: str, provider: str | None = None, *, at: Any = None, **tokens: int) -> Decimal | None:
        plain = price(model, provider, **tokens)
        return plain * 2 if plain and sum(tokens.values()) > 1200 else plain

    found = cost.bill(ROW, stepped)
    assert found.total == Decimal("0.00281")
    assert found.other == Decimal("0.001405")


def test_the_prices_are_those_of_the_requests_date() -> None:
    asked: list[Any] = []

    def noted(model: str, provider: str | None = None, *, at: Any = None, **tokens: int) -> Decimal | None:
        asked.append(at)
        return price(model, provider, **tokens)

    cost.bill(ROW, noted)
    assert {moment.isoformat() for moment in asked} == {"2026-07-01T12:00:00.123000+00:00"}


def test_every_tab_has_a_panel() -> None:
    panels = [child.id for child in details.details(ROW, UTC).children if hasattr(child, "id")]
    assert panels == [f"hx-tabpanel-{key}" for key, _ in details.TABS]


def test_raw_is_every_shown_column_and_nothing_else() -> None:
    """Redacted by construction: the log holds no text of a prompt or an answer."""
    found = json.loads(details.raw(ROW | {"prompt": "secret"}))
    assert list(found) == ["row_id", *(column.name for column in SHOWN)]


def test_what_a_guardrail_found_is_types_and_counts() -> None:
    assert details.entities("EMAIL:2;URL:PATH:1") == [("EMAIL", "2"), ("URL:PATH", "1")]
    assert "EMAIL" in text(details.details(ROW | {"pii": "EMAIL:2"}, UTC))


def test_limits_that_are_not_known_are_not_drawn() -> None:
    words = text(details.details(ROW | {"limit_tokens": 100, "remaining_tokens": None}, UTC))
    assert "The provider sent no limits" in words
    full = text(details.details(ROW | {"limit_tokens": 200, "remaining_tokens": 50}, UTC))
    assert "50 of 200 tokens left (25.0%)" in full


def test_an_answer_from_the_cache_without_tokens_says_where_it_came_from() -> None:
    nothing = dict.fromkeys((f"{name}_tokens" for name in cost.CLASSES), 0)
    found = cost.bill({"model": "gpt-4o", "cache": "exact", "cost_usd": 0.0, **nothing})
    assert "gateway's cache" in found.verdict
    assert found.tone == "good"
