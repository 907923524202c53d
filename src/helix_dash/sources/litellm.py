"""The LiteLLM hook: each call that LiteLLM makes becomes one record of the log.

In a program::

    import litellm
    from helix_dash.sources.litellm import HelixLogger

    litellm.callbacks = [HelixLogger()]

and in the proxy's configuration ``callbacks: ["helix_hook.hook"]``, see examples/litellm_proxy.

It never raises into a request and never waits for anything: a record goes into a buffer in memory, from where
the recorder's thread takes it. No text of prompts or answers leaves the process, see :mod:`prompt_hash`.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from threading import Lock
from typing import Any

from helix_dash import money, settings
from helix_dash.log.recorder import Recorder
from helix_dash.log.schema import RequestRecord
from helix_dash.model import Status
from helix_dash.sources.litellm_delivery import wait_until_delivered
from helix_dash.sources.litellm_payload import failure_of, mapping
from helix_dash.sources.litellm_record import SOURCE, Gateway, record_from

try:
    from litellm.integrations.custom_logger import CustomLogger
except ImportError:  # read without LiteLLM, by documentation or tests: there is nothing to be called by then
    CustomLogger = object

__all__ = ["HelixLogger", "record_from"]

_log = logging.getLogger("helix_dash.litellm")

_GUARDRAIL, _FAILURE, _SUCCESS = 1, 2, 3
"""How much an event knows about its call; a later one that knows more is recorded too, and wins in the log."""


class HelixLogger(CustomLogger):  # type: ignore[misc]
    """Records what LiteLLM reports.

    Args:
        redis_url: the log's store; ``None`` takes LOG_REDIS_URL or REDIS_URL of the environment.
        recorder: record through this one instead.

    Raises:
        SettingError: a setting in the environment cannot be used.
    """

    def __init__(self, redis_url: str | None = None, recorder: Recorder | None = None) -> None:
        super().__init__()
        self._recorder = recorder or Recorder(redis_url)
        # Without a shared key each start has its own: repeats are found within one gateway then.
        self._hash_key = settings.load(os.environ).prompt_hash_key.encode() or secrets.token_bytes(32)
        self._calls = RecentCalls()
        self._warned = float("-inf")

    async def async_log_success_event(
        self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        await _load_prices_for(kwargs)
        self._take(kwargs, response_obj, start_time, end_time, _SUCCESS)

    async def async_log_failure_event(
        self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        self._take(kwargs, response_obj, start_time, end_time, _FAILURE)

    def log_success_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        self._take(kwargs, response_obj, start_time, end_time, _SUCCESS)

    def log_failure_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        self._take(kwargs, response_obj, start_time, end_time, _FAILURE)

    async def async_post_call_failure_hook(
        self,
        request_data: Any,
        original_exception: BaseException,
        user_api_key_dict: Any,
        traceback_str: str | None = None,  # noqa: ARG002 - LiteLLM passes it by name
    ) -> None:
        """The proxy's hook for refusals that fire no failure event, such as a guardrail's block."""
        try:
            kwargs, begun = failure_of(mapping(request_data), original_exception, user_api_key_dict)
        except Exception:
            self._warn("a refused request could not be read")
            kwargs, begun = {"exception": original_exception}, None
        self._take(kwargs, None, begun, datetime.now(), _GUARDRAIL)  # noqa: DTZ005 - local, like LiteLLM's own

    def flush(self, timeout: float = 5.0) -> int:
        """Wait until everything LiteLLM has reported is in the store; the number still unwritten.

        LiteLLM reports later than it answers: a synchronous call from a thread pool, an asynchronous one from
        a queue that needs the event loop. Both are waited for as far as that is possible. Called inside a
        running loop, this blocks that loop, so it covers the events the loop has delivered already; there
        ``await asyncio.to_thread(logger.flush)`` covers the queue too.
        """
        deadline = time.monotonic() + timeout
        wait_until_delivered(deadline)
        return self._recorder.flush(max(0.0, deadline - time.monotonic()))

    def _take(self, kwargs: Any, response_obj: Any, start: Any, end: Any, knows: int) -> None:
        """Record one event; whatever goes wrong stays here."""
        try:
            record = record_from(mapping(kwargs), response_obj, start, end, gateway(self._hash_key))
        except Exception:
            self._warn("an event could not be read and is recorded without details")
            record = RequestRecord(
                time=datetime.now(UTC),
                status=Status.SUCCESS if knows == _SUCCESS else Status.ERROR,
                source=SOURCE,
            )
        if record is not None and self._calls.is_news(record.call_id, knows):
            self._recorder.record(record)

    def _warn(self, what: str) -> None:
        if time.monotonic() - self._warned > 60:
            self._warned = time.monotonic()
            # The class alone: an exception's text may quote the request.
            _log.warning("%s: %s", what, getattr(sys.exc_info()[0], "__name__", ""))


class RecentCalls:
    """What has been recorded of the last calls, so that two hooks of one call make one record.

    The log merges doubles too, but each would first be seen for a moment.
    """

    def __init__(self, size: int = 10_000) -> None:
        self._size = size
        self._begin()

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._lock = Lock()
        self._known: dict[str, int] = {}

    def is_news(self, call_id: str | None, knows: int) -> bool:
        """Whether an event that ``knows`` this much about the call tells more than those before it."""
        if call_id is None:
            return True
        if self._pid != os.getpid():  # forked: the lock may be held by a thread that does not exist here
            self._begin()
        with self._lock:
            if self._known.get(call_id, 0) >= knows:
                return False
            self._known[call_id] = knows
            if len(self._known) > self._size:
                del self._known[next(iter(self._known))]
            return True


def gateway(hash_key: bytes) -> Gateway:
    """What this process knows of its LiteLLM, as it is configured now."""
    cache = getattr(sys.modules.get("litellm"), "cache", None)
    if cache is None:
        return Gateway(hash_key)
    calls = getattr(cache, "supported_call_types", None)
    return Gateway(
        hash_key,
        cache_type=str(getattr(cache, "type", "") or "unknown"),
        cached_calls=frozenset(map(str, calls)) if isinstance(calls, list) else None,
        cache_opt_in=str(getattr(cache, "mode", "")).endswith("default_off"),
        lookup_model=str(getattr(getattr(cache, "cache", None), "embedding_model", "") or ""),
    )


async def _load_prices_for(kwargs: Mapping[str, Any]) -> None:
    """Read the price table beside the event loop, once, when an event without LiteLLM's payload needs it."""
    if not mapping(kwargs).get("standard_logging_object") and "genai_prices" not in sys.modules:
        await asyncio.to_thread(money.load)
