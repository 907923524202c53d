"""What a request costs: exclusive classes of tokens in, exact US dollars out.

The prices are those of genai-prices: one table inside that package, dated, read without a network. A model
that is not in it has no price, and no price is never 0: unpriced is not free.

Input tokens are given here in three classes that do not overlap. genai-prices (like LiteLLM and OpenAI)
counts cached tokens inside its input tokens; that difference is settled here and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache, lru_cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

CLASSES = ("uncached", "cached", "cache_write", "visible", "reasoning")
"""The classes of tokens; they do not overlap. The log's columns are named ``<class>_tokens``."""

MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Rates:
    """Dollars per million tokens of each class; ``None`` where there is no price for that class."""

    uncached: Decimal | None = None
    cached: Decimal | None = None
    cache_write: Decimal | None = None
    visible: Decimal | None = None
    reasoning: Decimal | None = None

    def of(self, name: str) -> Decimal | None:
        """The price of one of :data:`CLASSES`. Where a class has none of its own, that of its plain one counts: cached
        input costs like uncached, reasoning like visible output."""
        own: Decimal | None = getattr(self, name)
        if own is not None or name in ("uncached", "visible"):
            return own
        return self.visible if name == "reasoning" else self.uncached

    def cost(self, tokens: dict[str, int]) -> Decimal | None:
        """What so many tokens by class cost, exact; ``None`` when a class that was used has no price."""
        total = Decimal(0)
        for name, amount in tokens.items():
            if not amount:
                continue
            rate = self.of(name)
            if rate is None:
                return None
            total += rate * amount / MILLION
        return total


def load() -> bool:
    """Read the price table into memory, which takes most of a second and 40 MB; ``False`` when there is none.

    :func:`price` does so by itself. Somebody who must not wait calls this in a thread before.
    """
    try:
        import_module("genai_prices")
    except ImportError:  # a gateway that only records need not install it
        return False
    return True


def price(
    model: str,
    provider: str | None = None,
    *,
    uncached: int = 0,
    cached: int = 0,
    cache_write: int = 0,
    visible: int = 0,
    reasoning: int = 0,
    at: datetime | None = None,
) -> Decimal | None:
    """The price of one request in US dollars, exact; ``None`` when no price is known.

    Args:
        model: the model that served, as its provider names it.
        provider: who served it (``openai``, ``anthropic``, ``vertex_ai`` …); without one, the provider that is
            known for such a model.
        uncached: input tokens that no provider cache served.
        cached: input tokens read from the provider's cache.
        cache_write: input tokens written to the provider's cache.
        visible: output tokens the caller sees.
        reasoning: output tokens spent on reasoning.
        at: when the request was made; prices change over time. Now, when not given.
    """
    if not load():
        return None
    table = import_module("genai_prices")
    usage = table.Usage(
        input_tokens=uncached + cached + cache_write,
        cache_read_tokens=cached,
        cache_write_tokens=cache_write,
        output_tokens=visible + reasoning,
        output_reasoning_tokens=reasoning,
    )
    try:
        found = table.calc_price(usage, model, provider_id=provider, genai_request_timestamp=at)
    except (
        LookupError,
        ValueError,
    ):  # not in the table; or a price without the class of tokens that was used
        return None
    return Decimal(found.total_price)


def rates(model: str, provider: str | None = None, at: datetime | None = None) -> Rates | None:
    """What the table asks per million tokens of each class, without steps for long inputs and fees per request.

    Args:
        model: the model that served, as its provider names it.
        provider: who served it; without one, the provider that is known for such a model.
        at: when; prices change over time. Now, when not given.

    Returns:
        ``None`` when the model is not in the table.
    """
    found = _found(model, provider)
    if found is None:
        return None
    # a model has few prices, and many days have the same: each is worked out once
    return _rates(model, provider, _Dated(found.get_prices(at or datetime.now().astimezone()), at))


@dataclass(frozen=True, slots=True)
class _Dated:
    """A price of the table and a time at which it holds; the same price at another time is equal."""

    price: Any
    at: datetime | None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Dated) and other.price is self.price

    def __hash__(self) -> int:
        return id(self.price)


@lru_cache(maxsize=4096)
def _rates(model: str, provider: str | None, dated: _Dated) -> Rates:
    fee = price(model, provider, at=dated.at) or Decimal(0)

    def per_million(name: str) -> Decimal | None:
        # few enough that no step for long inputs is reached
        thousand = price(model, provider, at=dated.at, **{name: 1000})
        return None if thousand is None else (thousand - fee) * 1000

    return Rates(**{name: per_million(name) for name in CLASSES})


@lru_cache(maxsize=4096)
def _found(model: str, provider: str | None) -> Any:
    """The table's entry; ``None`` when there is none."""
    if not load():
        return None
    try:
        snapshot = import_module("genai_prices.data_snapshot").get_snapshot()
        return snapshot.find_provider_model(model, None, provider, None)[1]
    except LookupError:
        return None


@cache
def context_window(model: str) -> int | None:
    """How many tokens ``model`` takes at most, input and output together, as the price table says; ``None`` unknown."""
    if not load():
        return None
    try:
        _, found = (
            import_module("genai_prices.data_snapshot")
            .get_snapshot()
            .find_provider_model(model, None, None, None)
        )
    except LookupError:
        return None
    return None if found.context_window is None else int(found.context_window)


@cache
def source() -> str:
    """Where the prices come from, for people: ``genai-prices 0.2.3``; empty when there is no table."""
    try:
        return f"genai-prices {version('genai-prices')}"
    except PackageNotFoundError:
        return ""
