"""Waiting for the events that LiteLLM has accepted but not yet handed to its callbacks.

How LiteLLM 1.106 delivers: a synchronous call is reported from a thread pool; an asynchronous one by a
coroutine that waits in a queue, which a task of the event loop works off; failures at once. What is used of
it here is not public, so where a name is missing nothing is waited for.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from typing import Any

_log = logging.getLogger("helix_dash.litellm")
_PAUSE = 0.005


def wait_until_delivered(deadline: float) -> None:
    """Return when LiteLLM has reported all it accepted, or at ``deadline`` (of the monotonic clock)."""
    try:
        _wait_for_pool(deadline)
        _wait_for_queue(deadline)
    except Exception as error:  # somebody else's inside: what waits here is still recorded a little later
        _log.debug("LiteLLM's own queues could not be waited for: %r", error)


def _wait_for_pool(deadline: float) -> None:
    """Until the thread pool for synchronous calls is idle."""
    module = sys.modules.get("litellm.litellm_core_utils.thread_pool_executor")
    pool = getattr(module, "executor", None)
    free, size = getattr(pool, "_pending_slots", None), getattr(pool, "_max_pending_tasks", None)
    while isinstance(size, int) and getattr(free, "_value", size) < size and time.monotonic() < deadline:
        time.sleep(_PAUSE)


def _wait_for_queue(deadline: float) -> None:
    """Until the queue of asynchronous calls is worked off, unless it waits for the very loop we block."""
    module = sys.modules.get("litellm.litellm_core_utils.logging_worker")
    worker = getattr(module, "GLOBAL_LOGGING_WORKER", None)
    loop = getattr(worker, "_bound_loop", None)
    if worker is None or loop is None or _running_here() is not None:
        return
    left = max(0.0, deadline - time.monotonic())
    if loop.is_running():  # in another thread: let it finish there
        asyncio.run_coroutine_threadsafe(_drain(worker, left), loop).result(left)
    elif loop.is_closed():  # its program is over, its last events may still wait
        asyncio.run(_drain(worker, left))


async def _drain(worker: Any, seconds: float) -> None:
    await asyncio.sleep(0)  # calls that have just ended put their event into the queue in their next step
    await asyncio.wait_for(worker.flush(), seconds)


def _running_here() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
