"""Calls of LiteLLM to a real FakeAI server (its address is the argument); prints the ledger of them as JSON."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from typing import Any

import litellm

from helix_dash.samples.answers import answers
from helix_dash.sources.litellm import HelixLogger
from helix_dash.store import connect

CHATS, EMBEDDINGS = 24, 12
TEXTS = (["one text"], ["two", "texts"], ["one text"], ["three", "other", "texts"])


def paid(kind: str, model: str, answer: Any, **more: Any) -> dict[str, Any]:
    """A line of the ledger by the server's own usage, at LiteLLM's own price."""
    usage = answer.usage
    details = getattr(usage, "prompt_tokens_details", None)
    return {
        "kind": kind,
        "model": model,
        "status": "success",
        "input": usage.prompt_tokens,
        "cached": getattr(details, "cached_tokens", 0) or 0,
        "output": getattr(usage, "completion_tokens", 0) or 0,
        "cost": float(litellm.completion_cost(completion_response=answer, model=model)),
        **more,
    }


async def chat(server: dict[str, Any], number: int) -> dict[str, Any]:
    model = ("gpt-4o", "gpt-4o-mini")[number % 2]
    asked = {"model": "openai/" + model, "messages": [{"role": "user", "content": f"question {number}"}], "max_tokens": 12 + number, **server}  # fmt: skip
    if number % 6 == 5:
        with contextlib.suppress(Exception):
            await litellm.acompletion(**asked, mock_response="litellm.RateLimitError")
        return {"kind": "chat", "model": model, "status": "throttled", "input": 0, "cached": 0, "output": 0, "cost": 0.0, "stream": False}  # fmt: skip
    if number % 3:
        answer = await litellm.acompletion(**asked)
        return paid("chat", model, answer, stream=False)
    parts = await litellm.acompletion(**asked, stream=True, stream_options={"include_usage": True})
    usage = [part.usage async for part in parts if getattr(part, "usage", None)][-1]
    return paid("chat", model, litellm.ModelResponse(model=model, usage=usage), stream=True)


async def main(url: str) -> list[dict[str, Any]]:
    while not answers(connect(os.environ["REDIS_URL"]), "fakeai").get("kv_cache"):
        await asyncio.sleep(0.2)  # until the collector has read the server's counters before the first call
    hook = HelixLogger()
    litellm.callbacks = [hook]
    server = {"api_base": url + "/v1", "api_key": "no-key-is-needed"}
    ledger = [await chat(server, number) for number in range(CHATS)]
    for number in range(EMBEDDINGS):
        texts, model = TEXTS[number % len(TEXTS)], "text-embedding-3-small"
        answer = await litellm.aembedding(model="openai/" + model, input=texts, **server)
        ledger.append(paid("embeddings", model, answer, inputs=texts))
    await asyncio.sleep(1)  # LiteLLM delivers its events after the call returned
    unwritten = hook.flush(timeout=30)
    if unwritten:
        sys.exit(f"{unwritten} events were not written")
    return ledger


if __name__ == "__main__":
    print("LEDGER " + json.dumps({"rows": asyncio.run(main(sys.argv[1]))}))
