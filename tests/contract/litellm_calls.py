"""Calls of the real LiteLLM, without a network, recorded by the hook; test_litellm.py runs this beside itself.

    python litellm_calls.py <redis url>

runs each scenario that it reads from its input, a name a line, and answers each with a line of JSON: how many
records were left unwritten, and the ledger, which is what the caller himself knows of each call.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Coroutine
from typing import Any
from unittest import mock

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # LiteLLM reads it when imported, and else asks GitHub

import litellm

from helix_dash.sources.litellm import HelixLogger
from helix_dash.sources.litellm_delivery import wait_until_delivered

HELLO = [{"role": "user", "content": "hello"}]
STREAM: dict[str, Any] = {"stream": True, "stream_options": {"include_usage": True}}
Ledger = list[dict[str, Any]]


def key(user: str) -> dict[str, Any]:
    """What a proxy would attach to a call of ``user``."""
    return {
        "user_api_key_user_id": user,
        "user_api_key_team_id": f"team of {user}",
        "user_api_key_org_id": "org-1",
        "tags": ["env:test", "User-Agent: x"],
    }


def paid(answer: Any, model: str, user: str, **more: Any) -> dict[str, Any]:
    """The entry of a call that was answered and is billed."""
    usage = answer.usage
    return {
        "model": model,
        "user": user,
        "status": "success",
        "input": usage.prompt_tokens,
        "output": usage.completion_tokens,
        "cost": litellm.completion_cost(answer, model=model),
        **more,
    }


def nothing(model: str, user: str, status: str, **more: Any) -> dict[str, Any]:
    """The entry of a call that used and cost nothing."""
    return {"model": model, "user": user, "status": status, **more}


def synchronous(ledger: Ledger) -> None:
    for user in ("ada", "ben"):
        answer = litellm.completion(
            model="openai/gpt-4o", messages=HELLO, mock_response="hi " * 20, metadata=key(user)
        )
        ledger.append(paid(answer, "gpt-4o", user))
        answer = litellm.embedding(
            model="text-embedding-3-small", input=["a", "b", "c"], mock_response=[0.1] * 8, metadata=key(user)
        )
        ledger.append(paid(answer, "text-embedding-3-small", user, dimensions=8))
    answer = litellm.completion(model="openai/my-own", messages=HELLO, mock_response="hi", user="eve")
    ledger.append(
        {
            "model": "my-own",
            "user": "eve",
            "status": "success",
            "input": answer.usage.prompt_tokens,
            "output": answer.usage.completion_tokens,
            "priced": False,
        }
    )
    answer = litellm.completion(
        model="openai/my-free",
        messages=HELLO,
        mock_response="hi",
        user="eve",
        input_cost_per_token=0,
        output_cost_per_token=0,
    )
    ledger.append({**paid(answer, "my-free", "eve"), "cost": 0.0})
    stream = litellm.completion(
        model="gpt-4o-mini", messages=HELLO, mock_response="one two three", metadata=key("ada"), **STREAM
    )
    answer = litellm.ModelResponse(model="gpt-4o-mini", usage=list(stream)[-1].usage)
    ledger.append(paid(answer, "gpt-4o-mini", "ada", stream=True))


def failing(ledger: Ledger) -> None:
    def fails(model: str, response: Any, status: str, code: int) -> None:
        with contextlib.suppress(Exception):
            litellm.completion(model=model, messages=HELLO, mock_response=response, metadata=key("ada"))
        ledger.append(nothing(model, "ada", status, code=code))

    fails("gpt-4o", "litellm.RateLimitError", "throttled", 429)
    fails("gpt-4o", "litellm.InternalServerError", "error", 500)
    fails("gpt-4o", "litellm.ContextWindowExceededError", "error", 400)
    fails("no-such-model", "hi", "error", 400)


async def asynchronous(ledger: Ledger) -> None:
    for user in ("ada", "ben", "eve"):
        answer = await litellm.acompletion(
            model="gpt-4o", messages=HELLO, mock_response="hi", metadata=key(user)
        )
        ledger.append(paid(answer, "gpt-4o", user))
    stream = await litellm.acompletion(
        model="gpt-4o", messages=HELLO, mock_response="one two three", metadata=key("ada"), **STREAM
    )
    answer = litellm.ModelResponse(model="gpt-4o", usage=[chunk async for chunk in stream][-1].usage)
    ledger.append(paid(answer, "gpt-4o", "ada", stream=True))
    answer = await litellm.aembedding(
        model="text-embedding-3-large", input="a", mock_response=[0.5] * 16, metadata=key("ben")
    )
    ledger.append(paid(answer, "text-embedding-3-large", "ben", dimensions=16))
    for response, status, code in (
        ("litellm.RateLimitError", "throttled", 429),
        (Exception("x"), "error", 500),
    ):
        with contextlib.suppress(Exception):
            await litellm.acompletion(
                model="gpt-4o", messages=HELLO, mock_response=response, metadata=key("ben")
            )
        ledger.append(nothing("gpt-4o", "ben", status, code=code))
    with contextlib.suppress(Exception):
        # LiteLLM reports a time-out twice, by its synchronous and by its asynchronous failure event.
        await litellm.acompletion(
            model="gpt-4o",
            messages=HELLO,
            mock_response="hi",
            mock_timeout=True,
            timeout=0.05,
            metadata=key("eve"),
        )
    ledger.append(nothing("gpt-4o", "eve", "error", code=408))


def caching(ledger: Ledger) -> None:
    litellm.cache = litellm.Cache(type="local")
    for number in range(3):
        answer = litellm.completion(
            model="gpt-4o", messages=HELLO, mock_response="hi " * 9, metadata=key("ada")
        )
        time.sleep(0.2)  # LiteLLM stores the answer in the background
        entry = paid(answer, "gpt-4o", "ada", cache="exact" if number else "miss")
        if number:
            entry |= {"input": 0, "output": 0, "cost": 0.0, "avoided": entry["cost"]}
        ledger.append(entry)


async def caching_asynchronously(ledger: Ledger) -> None:
    litellm.cache = litellm.Cache(type="local")
    for number in range(3):
        answer = await litellm.acompletion(
            model="gpt-4o", messages=HELLO, mock_response="hi " * 9, metadata=key("ada")
        )
        await asyncio.sleep(0.2)
        entry = paid(answer, "gpt-4o", "ada", cache="exact" if number else "miss")
        if number:
            entry |= {"input": 0, "output": 0, "cost": 0.0, "avoided": entry["cost"]}
        ledger.append(entry)


def without_payload(ledger: Ledger) -> None:
    """What LiteLLM does when it cannot build its payload of an event."""
    from litellm.litellm_core_utils import litellm_logging

    with mock.patch.object(litellm_logging, "get_standard_logging_object_payload", return_value=None):
        synchronous(ledger)
        wait_until_delivered(time.monotonic() + 30)


async def routed(ledger: Ledger) -> None:
    """A router with a deployment nobody priced, one priced at zero, and one priced by its owner."""
    own = {"input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6}
    free = {"input_cost_per_token": 0, "output_cost_per_token": 0}
    router = litellm.Router(
        model_list=[
            {
                "model_name": name,
                "litellm_params": {
                    "model": f"openai/{name}",
                    "api_key": "x",
                    "mock_response": "hi",
                    **prices,
                },
            }
            for name, prices in (("house", {}), ("gift", free), ("owned", own))
        ]
    )
    for name in ("house", "gift", "owned"):
        answer = await router.acompletion(model=name, messages=HELLO, metadata=key("ada"))
        entry = {"model": name, "user": "ada", "status": "success", "input": 10, "output": 20}
        cost = answer.usage.prompt_tokens * 1e-6 + answer.usage.completion_tokens * 2e-6
        ledger.append(
            entry | {"house": {"priced": False}, "gift": {"cost": 0.0}, "owned": {"cost": cost}}[name]
        )


async def few(ledger: Ledger) -> None:
    """Three calls, after which LiteLLM got no time to report them."""
    for user in ("ada", "ben", "eve"):
        answer = await litellm.acompletion(
            model="gpt-4o", messages=HELLO, mock_response="hi", metadata=key(user)
        )
        ledger.append(paid(answer, "gpt-4o", user))
    await asyncio.sleep(0)


async def from_inside(hook: HelixLogger, ledger: Ledger) -> int:
    """Flush where the loop runs, after it had time to deliver."""
    await asynchronous(ledger)
    await asyncio.sleep(2)
    return hook.flush(timeout=30)


async def from_a_thread(hook: HelixLogger, calls: Coroutine[Any, Any, None]) -> int:
    """Flush beside the loop, at once."""
    await calls
    return await asyncio.to_thread(hook.flush, 30)


def in_a_loop_that_ends(calls: Coroutine[Any, Any, None]) -> None:
    """Leaves events in LiteLLM's queue, whose loop is gone."""
    loop = asyncio.new_event_loop()
    loop.run_until_complete(calls)
    loop.close()


def main(url: str) -> None:
    hook = HelixLogger(redis_url=url)
    litellm.callbacks = [hook]
    run: dict[str, Callable[[Ledger], Any]] = {
        "synchronous": synchronous,
        "failing": failing,
        "inside": lambda ledger: asyncio.run(from_inside(hook, ledger)),
        "asynchronous": lambda ledger: asyncio.run(from_a_thread(hook, asynchronous(ledger))),
        "routed": lambda ledger: asyncio.run(from_a_thread(hook, routed(ledger))),
        "ended": lambda ledger: in_a_loop_that_ends(few(ledger)),
        "caching": caching,
        "caching_asynchronously": lambda ledger: asyncio.run(caching_asynchronously(ledger)),
        "without_payload": without_payload,
    }
    for scenario in sys.stdin:
        litellm.cache, ledger = None, Ledger()
        left = run[scenario.strip()](ledger)
        left = hook.flush(timeout=30) if left is None else left
        print(json.dumps({"left": left, "ledger": ledger}), file=sys.__stdout__, flush=True)


if __name__ == "__main__":
    with contextlib.redirect_stdout(sys.stderr):  # LiteLLM prints hints
        main(sys.argv[1])
