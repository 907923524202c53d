"""The hook under the real LiteLLM and a real Valkey: what was called equals what is in the log's stream."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import redis

from helix_dash.embedded import EmbeddedStore
from helix_dash.log.keys import LogKeys
from helix_dash.log.schema import PICO, WIRE

CALLS = Path(__file__).with_name("litellm_calls.py")
Run = Callable[[str], tuple[list[dict[str, Any]], list[dict[str, Any]]]]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStore]:
    server = EmbeddedStore(tmp_path_factory.mktemp("litellm") / "store")
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def run(store: EmbeddedStore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Runs a scenario; gives the ledger and the new records. One process for all: LiteLLM starts slowly."""
    errors = tmp_path_factory.mktemp("calls") / "stderr"
    seen = 0

    def scenario(name: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        nonlocal seen
        child.stdin.write(name + "\n")
        child.stdin.flush()
        line = child.stdout.readline()
        assert line, errors.read_text()
        answer = json.loads(line)
        assert answer["left"] == 0
        records = written(store.url)[seen:]
        seen += len(records)
        return answer["ledger"], records

    with (
        errors.open("w") as log,
        subprocess.Popen(
            [sys.executable, str(CALLS), store.url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={**os.environ, "PROMPT_HASH_KEY": "shared"},
        ) as child,
    ):
        assert child.stdin
        assert child.stdout
        yield scenario
        child.stdin.close()
        try:
            child.wait(timeout=60)
        finally:
            child.kill()


def written(url: str) -> list[dict[str, Any]]:
    """All records in the stream, by column name, in the order they were recorded."""
    with redis.Redis.from_url(url) as client:
        entries = client.xrange(LogKeys().stream)
    batches = [msgspec.msgpack.decode(fields[b"e"])[3] for _, fields in entries]
    names = [column.name for column in WIRE]
    return [dict(zip(names, row, strict=True)) for batch in batches for row in batch]


def as_told(record: dict[str, Any], like: dict[str, Any]) -> dict[str, Any]:
    """What ``record`` says about the facts that the ledger's entry ``like`` names."""

    def total(*names: str) -> int:
        return sum(record[name] or 0 for name in names)

    def dollars(name: str) -> float | None:
        return None if record[name] is None else record[name] / PICO

    facts = {
        "model": record["model"],
        "user": record["user"],
        "status": record["status"],
        "code": record["http_code"],
        "input": total("uncached_tokens", "cached_tokens", "cache_write_tokens"),
        "output": total("visible_tokens", "reasoning_tokens"),
        "cost": dollars("cost_usd"),
        "avoided": dollars("avoided_cost_usd"),
        "priced": record["priced"],
        "stream": record["stream"],
        "cache": record["cache"],
        "dimensions": record["embedding_dimensions"],
    }
    return {name: facts[name] for name in like}


def assert_the_log_is_the_ledger(ledger: list[dict[str, Any]], records: list[dict[str, Any]]) -> None:
    """Each call once, with the same tokens and the same cost to 10⁻⁹ dollars, in whatever order."""
    assert len(records) == len(ledger)
    left = list(records)
    for entry in ledger:
        wanted = {
            name: pytest.approx(value, abs=1e-9) if isinstance(value, float) else value
            for name, value in entry.items()
        }
        match = next((record for record in left if as_told(record, entry) == wanted), None)
        assert match is not None, (entry, [as_told(record, entry) for record in left])
        left.remove(match)


@pytest.mark.parametrize(
    "scenario",
    [
        "synchronous",
        "failing",
        "asynchronous",
        "inside",
        "ended",
        "routed",
        "caching",
        "caching_asynchronously",
        "without_payload",
    ],
)
def test_what_was_called_is_what_is_recorded(run: Run, scenario: str):
    """A 2: chat, streams, embeddings, errors, rate limits, cache hits, prices, in either style of calling."""
    assert_the_log_is_the_ledger(*run(scenario))


def test_records_say_who_called(run: Run):
    _, records = run("synchronous")
    ada = next(record for record in records if record["user"] == "ada" and record["endpoint"] == "chat")
    told = (ada["team"], ada["organization"], ada["tags"], ada["source"])
    assert told == ("team of ada", "org-1", "env:test", "litellm")


def test_streams_have_a_time_to_the_first_token_and_others_have_none(run: Run):
    _, records = run("asynchronous")
    timed = {record["stream"] for record in records if record["ttft_ms"] is not None}
    assert timed == {True}


def test_equal_prompts_have_equal_hashes_and_the_text_is_nowhere(run: Run, store: EmbeddedStore):
    _, records = run("caching")
    assert len({record["prompt_hash"] for record in records}) == 1
    with redis.Redis.from_url(store.url) as client:
        assert all(b"hello" not in fields[b"e"] for _, fields in client.xrange(LogKeys().stream))


@pytest.mark.parametrize("scenario", ["caching", "caching_asynchronously"])
def test_hits_of_one_entry_tell_its_key_and_the_miss_tells_none(run: Run, scenario: str):
    """X5, as LiteLLM is; should a miss tell its key one day, more entries can be traced."""
    _, records = run(scenario)
    keys = {
        outcome: {one["cache_key"] for one in records if one["cache"] == outcome}
        for outcome in ("exact", "miss")
    }
    (key,) = keys["exact"]
    assert len(key) == 16
    assert keys["miss"] == {None}
