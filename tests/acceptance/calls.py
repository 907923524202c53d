"""200 real LiteLLM calls against the log in REDIS_URL; prints the ledger of them as JSON.

Run as a program of its own, as a gateway would be: LiteLLM takes seconds to import and keeps global state.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections import Counter
from decimal import Decimal
from typing import Any

import litellm
from litellm.caching.caching import Cache

from helix_dash.sources.litellm import HelixLogger

MODELS = ("gpt-4o", "gpt-4o-mini", "claude-sonnet-4-5", "a-model-nobody-prices")
USERS = ("alice", "bob", "=cmd|' /C calc'!A0")


class Ledger:
    """What was called, by LiteLLM's own answers, not by our hook's."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def add(
        self,
        model: str,
        user: str,
        status: str,
        usage: Any = None,
        cost: Decimal | None = None,
        cache: str = "",
    ) -> None:
        self.rows.append(
            {
                "model": model,
                "user": user,
                "status": status,
                "input_tokens": usage.prompt_tokens if usage else 0,
                "output_tokens": getattr(usage, "completion_tokens", 0) or 0 if usage else 0,
                "cost_usd": None if cost is None else str(cost),
                "cache": cache,
            }
        )


def price(model: str, answer: Any) -> Decimal | None:
    """What LiteLLM's own price table says of ``answer``; ``None`` for a model it does not know."""
    if model not in litellm.model_cost:
        return None
    return Decimal(str(litellm.completion_cost(completion_response=answer, model=model)))


async def one(ledger: Ledger, number: int) -> None:
    model, user = MODELS[number % 4], USERS[number % 3]
    asked = {
        "model": model if model != MODELS[3] else "openai/" + model,
        "messages": [{"role": "user", "content": f"question {number} of the ledger"}],
        "mock_response": "an answer of some words " * (number % 7 + 1),
        "metadata": {
            "user_api_key_user_id": user,
            "user_api_key_team_id": f"team-{number % 5}",
            "tags": ["ledger"],
        },
    }
    kind = number % 10
    if kind == 7:
        with contextlib.suppress(Exception):
            await litellm.acompletion(**{**asked, "mock_response": "litellm.InternalServerError"})
        ledger.add(model, user, "error")
    elif kind == 8:
        with contextlib.suppress(Exception):
            await litellm.acompletion(**{**asked, "mock_response": "litellm.RateLimitError"})
        ledger.add(model, user, "throttled")
    elif kind in (3, 6):
        streamed = await litellm.acompletion(**asked, stream=True, stream_options={"include_usage": True})
        usage = [chunk.usage async for chunk in streamed if getattr(chunk, "usage", None)][-1]
        answer = litellm.ModelResponse(model=model, usage=usage)
        ledger.add(model, user, "success", usage, price(model, answer))
    elif kind == 9:
        answer = await litellm.aembedding(
            model="text-embedding-3-small",
            input=[f"text {number}"],
            mock_response=[0.1] * 8,
            metadata=asked["metadata"],
        )
        ledger.add(
            "text-embedding-3-small", user, "success", answer.usage, price("text-embedding-3-small", answer)
        )
    elif kind == 5:
        question = f"the cached question about {model}"
        answer = await litellm.acompletion(**{**asked, "messages": [{"role": "user", "content": question}]})
        await asyncio.sleep(0.1)  # LiteLLM stores the answer after it returned it
        if answer._hidden_params.get("cache_hit"):
            ledger.add(model, user, "success", None, Decimal(0), "exact")
        else:
            ledger.add(model, user, "success", answer.usage, price(model, answer))
    else:
        answer = await litellm.acompletion(**asked)
        ledger.add(model, user, "success", answer.usage, price(model, answer))


async def main() -> Ledger:
    ledger = Ledger()
    litellm.cache = Cache(type="local")
    hook = HelixLogger()
    litellm.callbacks = [hook]
    for number in range(200):
        await one(ledger, number)
    await asyncio.sleep(1)  # LiteLLM delivers its events after the call returned
    unwritten = hook.flush(timeout=30)
    if unwritten:
        sys.exit(f"{unwritten} events were not written")
    return ledger


if __name__ == "__main__":
    finished = asyncio.run(main())
    print(
        "LEDGER "
        + json.dumps({"rows": finished.rows, "statuses": Counter(row["status"] for row in finished.rows)})
    )
