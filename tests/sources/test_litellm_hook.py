"""The hook itself: one record a call, and nothing of ours ever reaches the request.

LiteLLM is hidden here, so the hook's base class is a plain object; tests/contract runs it with the real one.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import logging
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from helix_dash.log.schema import RequestRecord
from helix_dash.model import CacheOutcome, Status

CALL = {
    "status": "success",
    "model": "gpt-4o",
    "startTime": 1.8e9,
    "endTime": 1.8e9 + 1,
    "response_cost": 0.1,
}


class Notebook:
    """A recorder that keeps what it is given."""

    def __init__(self) -> None:
        self.records: list[RequestRecord] = []

    def record(self, record: RequestRecord) -> bool:
        self.records.append(record)
        return True

    def flush(self, timeout: float) -> int:
        return 0


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """``helix_dash.sources.litellm`` as imported where there is no LiteLLM."""
    monkeypatch.setitem(sys.modules, "litellm", None)
    monkeypatch.setitem(sys.modules, "litellm.integrations.custom_logger", None)
    monkeypatch.delitem(sys.modules, "helix_dash.sources.litellm", raising=False)
    yield importlib.import_module("helix_dash.sources.litellm")
    sys.modules.pop("helix_dash.sources.litellm", None)


@pytest.fixture
def notebook() -> Notebook:
    return Notebook()


@pytest.fixture
def hook(module: ModuleType, notebook: Notebook) -> Any:
    return module.HelixLogger(recorder=notebook)


def event(call_id: str = "c-1", **changes: Any) -> dict[str, Any]:
    """The keyword arguments of one callback."""
    kwargs = {"standard_logging_object": {**CALL, "litellm_call_id": call_id, **changes}}
    return {"kwargs": kwargs, "response_obj": None, "start_time": None, "end_time": None}


def refusal(call_id: str = "c-1") -> dict[str, Any]:
    """The keyword arguments of the proxy's failure hook."""
    request = {"litellm_call_id": call_id, "model": "gpt-4o"}
    return {
        "request_data": request,
        "original_exception": ValueError("no"),
        "user_api_key_dict": SimpleNamespace(),
    }


def test_a_call_becomes_one_record(hook: Any, notebook: Notebook):
    asyncio.run(hook.async_log_success_event(**event()))
    assert [record.call_id for record in notebook.records] == ["c-1"]


def test_a_call_that_two_hooks_report_is_one_record(hook: Any, notebook: Notebook):
    """A time-out fires the synchronous and the asynchronous failure event."""
    hook.log_failure_event(**event(status="failure"))
    asyncio.run(hook.async_log_failure_event(**event(status="failure")))
    assert len(notebook.records) == 1


def test_a_failure_that_is_reported_again_by_the_proxy_is_one_record(hook: Any, notebook: Notebook):
    """Trap b."""
    asyncio.run(hook.async_log_failure_event(**event(status="failure")))
    asyncio.run(hook.async_post_call_failure_hook(**refusal()))
    assert len(notebook.records) == 1


def test_a_refusal_that_fires_no_event_is_recorded(hook: Any, notebook: Notebook):
    asyncio.run(hook.async_post_call_failure_hook(**refusal()))
    assert [record.status for record in notebook.records] == [Status.ERROR]


def test_a_success_after_a_failed_attempt_is_recorded_too(hook: Any, notebook: Notebook):
    """The proxy's retries share one call id; in the log the richer record wins."""
    hook.log_failure_event(**event(status="failure"))
    hook.log_success_event(**event())
    assert [record.status for record in notebook.records] == [Status.ERROR, Status.SUCCESS]


def test_calls_without_an_id_are_never_taken_for_the_same(hook: Any, notebook: Notebook):
    for _ in range(2):
        hook.log_success_event(**event(call_id=""))
    assert len(notebook.records) == 2


def test_the_memory_of_calls_is_bounded(module: ModuleType):
    calls = module.RecentCalls(size=10)
    for number in range(1000):
        assert calls.is_news(str(number), 1)
    assert len(calls._known) == 10


def test_an_event_that_cannot_be_read_is_still_counted(
    hook: Any, notebook: Notebook, monkeypatch: pytest.MonkeyPatch, module: ModuleType
):
    """Lesson 17: a request that was answered and is not in the log makes every total wrong."""

    def broken(*_: Any) -> None:
        raise RuntimeError("secret prompt")

    monkeypatch.setattr(module, "record_from", broken)
    hook.log_success_event(**event())
    hook.log_failure_event(**event())
    assert [record.status for record in notebook.records] == [Status.SUCCESS, Status.ERROR]


def test_the_warning_about_an_unreadable_event_quotes_nothing(
    hook: Any, monkeypatch: pytest.MonkeyPatch, module: ModuleType, caplog: pytest.LogCaptureFixture
):
    def broken(*_: Any) -> None:
        raise RuntimeError("536-90-4399")

    monkeypatch.setattr(module, "record_from", broken)
    with caplog.at_level(logging.WARNING):
        hook.log_success_event(**event())
    assert "RuntimeError" in caplog.text
    assert "536-90-4399" not in caplog.text


@pytest.mark.parametrize("nonsense", [None, 7, "text", [], {"standard_logging_object": 3}])
def test_nonsense_from_outside_never_raises(hook: Any, notebook: Notebook, nonsense: Any):
    hook.log_success_event(kwargs=nonsense, response_obj=nonsense, start_time=nonsense, end_time=nonsense)
    asyncio.run(
        hook.async_post_call_failure_hook(
            request_data=nonsense, original_exception=ValueError(), user_api_key_dict=nonsense
        )
    )
    assert len(notebook.records) == 2


def test_the_methods_take_litellms_names(hook: Any):
    """Trap a: LiteLLM calls them by keyword."""
    names = {"kwargs", "response_obj", "start_time", "end_time"}
    methods = ("log_success_event", "log_failure_event", "async_log_success_event", "async_log_failure_event")
    assert [set(inspect.signature(getattr(hook, name)).parameters) for name in methods] == [names] * 4


def test_a_shared_key_gives_two_gateways_the_same_hash(module: ModuleType, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PROMPT_HASH_KEY", "shared")
    hashes = set()
    for _ in range(2):
        notebook = Notebook()
        module.HelixLogger(recorder=notebook).log_success_event(
            **event(messages=[{"role": "user", "content": "hi"}])
        )
        hashes.add(notebook.records[0].prompt_hash)
    assert len(hashes) == 1
    assert None not in hashes


def test_without_a_shared_key_each_start_has_its_own(module: ModuleType, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("PROMPT_HASH_KEY", raising=False)
    keys = {module.HelixLogger(recorder=Notebook())._hash_key for _ in range(2)}
    assert len(keys) == 2


def test_the_kind_of_hit_comes_from_litellms_configuration(
    hook: Any, notebook: Notebook, monkeypatch: pytest.MonkeyPatch
):
    cache = SimpleNamespace(type="redis-semantic", supported_call_types=None, mode="default_on", cache=None)
    monkeypatch.setitem(sys.modules, "litellm", SimpleNamespace(cache=cache))
    hook.log_success_event(**event(cache_hit=True, saved_cache_cost=0.1))
    assert notebook.records[0].cache is CacheOutcome.SEMANTIC


def _record_in_child(hook: Any, notebook: Notebook, answers: Any) -> None:
    hook.log_success_event(**event("c-2"))
    answers.put([record.call_id for record in notebook.records])


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Python warns of forks beside threads: this is one
def test_a_forked_gateway_is_not_stopped_by_a_lock_of_its_parent(hook: Any, notebook: Notebook):
    """T: gunicorn forks while a thread of the parent is inside the hook."""
    fork = multiprocessing.get_context("fork")
    answers = fork.Queue()
    with hook._calls._lock:
        child = fork.Process(target=_record_in_child, args=(hook, notebook, answers))
        child.start()
    assert answers.get(timeout=60) == ["c-2"]
    child.join(timeout=60)


def test_importing_the_hook_needs_no_dashboard():
    """It lives in other people's gateways: redis and msgspec, nothing heavier."""
    heavy = "dash flask plotly polars pyarrow pandas numpy genai_prices"
    code = (
        "import sys; sys.modules['litellm'] = None\n"
        "import helix_dash.sources.litellm\n"
        f"print([name for name in '{heavy}'.split() if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
    )
    assert done.stdout.strip() == "[]"
