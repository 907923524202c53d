"""What a request costs: exclusive classes of tokens in, exact US dollars out.

The prices are those of genai-prices: one table inside that package, dated, read without a network. A model
that is not in it has no price, and no price is never 0: unpriced is not free.

Input tokens are given here in three classes that do not overlap. genai-prices (like LiteLLM and OpenAI)
counts cached tokens inside its input tokens; that difference is settled here and nowhere else.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version


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


def source() -> str:
    """Where the prices come from, for people: ``genai-prices 0.2.3``; empty when there is no table."""
    try:
        return f"genai-prices {version('genai-prices')}"
    except PackageNotFoundError:
        return ""
