"""Prices: exclusive token classes in, exact dollars out, and no price is never 0."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal

from helix_dash import money

AT = datetime(2026, 11, 1, tzinfo=UTC)


def test_cached_tokens_are_billed_once_and_at_their_own_price():
    """Lesson 14: 600 × $2.50/M + 400 × $1.25/M + 500 × $10/M."""
    assert money.price("gpt-4o", "openai", uncached=600, cached=400, visible=500, at=AT) == Decimal("0.007")


def test_cache_writes_have_a_price_of_their_own():
    """500 × $3/M + 300 × $0.30/M + 200 × $3.75/M + 500 × $15/M."""
    paid = money.price(
        "claude-sonnet-4-5", "anthropic", uncached=500, cached=300, cache_write=200, visible=500, at=AT
    )
    assert paid == Decimal("0.00984")


def test_reasoning_is_billed_as_output():
    both = money.price("gpt-5.2", "openai", uncached=10, visible=20, reasoning=30, at=AT)
    assert both == money.price("gpt-5.2", "openai", uncached=10, visible=50, at=AT)


def test_a_single_token_is_exact():
    assert money.price("text-embedding-3-small", "openai", uncached=1, at=AT) == Decimal("0.00000002")


def test_nothing_used_costs_nothing():
    assert money.price("gpt-4o", "openai", at=AT) == 0


def test_an_unknown_model_has_no_price():
    """Lesson 16: unpriced is not free."""
    assert money.price("my-own-model", "openai", uncached=1000) is None


def test_a_known_model_of_an_unknown_provider_has_no_price():
    assert money.price("gpt-4o", "somewhere-else", uncached=1000) is None


def test_without_a_provider_the_one_known_for_the_model_is_taken():
    assert money.price("gpt-4o", uncached=1000, at=AT) == Decimal("0.0025")


def test_the_price_is_that_of_the_day():
    """DeepSeek's nights were cheaper in early 2025."""
    night = money.price("deepseek-chat", "deepseek", uncached=1000, at=datetime(2025, 3, 1, 20, tzinfo=UTC))
    day = money.price("deepseek-chat", "deepseek", uncached=1000, at=datetime(2025, 3, 1, 8, tzinfo=UTC))
    assert night is not None
    assert day is not None
    assert night < day


def test_the_source_names_its_version():
    name, version = money.source().split()
    assert name == "genai-prices"
    assert version[0].isdigit()


def test_without_the_price_table_nothing_is_priced_and_nothing_fails():
    """A gateway that only records need not install genai-prices."""
    code = (
        "import sys; sys.modules['genai_prices'] = None\n"
        "from helix_dash import money\n"
        "print(money.load(), money.price('gpt-4o', 'openai', uncached=1000))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "None"]


def test_importing_money_does_not_read_the_price_table():
    code = "import sys, helix_dash.money; print('genai_prices' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
