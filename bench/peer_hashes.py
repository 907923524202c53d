"""The usual Redis way: a hash per request, an index by time, and rollups counted up with HINCRBY.

The hashes of the last 24 hours stand for all of them: no question that this way can answer reads older ones.
"""

from __future__ import annotations

from itertools import islice
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bench.questions import HOUR, PAGE, TWO_MODELS, Asked
from helix_dash.log.schema import PICO
from helix_dash.store import connect

TIMES = "requests:by_time"
_AT_ONCE = 1_000
QUESTIONS = ("selective_page", "newest", "by_hour_and_model", "totals")
_COUNTED = ("requests", "errors", "input", "output", "cost_usd")


class Hashes:
    """One web worker over the hashes and rollups in the store at ``url``."""

    def __init__(self, url: str, asked: Asked) -> None:
        self._client: Any = connect(url, timeout=60)
        self._asked = asked

    def ask(self, question: str) -> Any:
        """The answer, from the index and its hashes, or from the rollups."""
        if question == "selective_page":
            return self._selective()
        if question == "newest":
            names = self._client.zrange(TIMES, 0, PAGE - 1, desc=True)
            return self._asked.rows, self._hashes(names)
        hours = range(self._asked.month[0] // HOUR, self._asked.now // HOUR + 1)
        with self._client.pipeline(transaction=False) as pipe:
            for hour in hours:
                pipe.hgetall(f"rollup:{hour}")
            found = dict(zip(hours, pipe.execute(), strict=True))
        return _totals(found) if question == "totals" else _by_model(found)

    def digest(self, question: str, answer: Any) -> Any:
        """The answer in the form that all engines share."""
        if question == "selective_page":
            return answer[0], [int(row[b"latency_ms"]) for row in answer[1]]
        if question == "newest":
            return answer[0], [int(row[b"time"]) // 1000 for row in answer[1]]
        return answer

    def _selective(self) -> tuple[int, list[Any]]:
        start, end = self._asked.day
        names = self._client.zrange(TIMES, f"{start}", f"({end}", byscore=True)
        wanted = {model.encode() for model in TWO_MODELS}
        found: list[tuple[int, bytes]] = []
        for low in range(0, len(names), _AT_ONCE):
            part = names[low : low + _AT_ONCE]
            with self._client.pipeline(transaction=False) as pipe:
                for name in part:
                    pipe.hmget(name, "model", "status", "latency_ms")
                for name, (model, status, latency) in zip(part, pipe.execute(), strict=True):
                    if status == b"error" and model in wanted:
                        found.append((int(latency), name))
        found.sort(reverse=True)
        return len(found), self._hashes([name for _, name in found[:PAGE]])

    def _hashes(self, names: list[bytes]) -> list[Any]:
        with self._client.pipeline(transaction=False) as pipe:
            for name in names:
                pipe.hgetall(name)
            found: list[Any] = pipe.execute()
        return found


def _by_model(hours: dict[int, dict[bytes, bytes]]) -> list[Any]:
    return sorted(
        (model, hour * HOUR // 1000, int(count), int(fields[f"{model}:cost_usd".encode()]) / PICO)
        for hour, fields in hours.items()
        for name, count in fields.items()
        if name.endswith(b":requests")
        for model in [name.decode().removesuffix(":requests")]
    )


def _totals(hours: dict[int, dict[bytes, bytes]]) -> list[Any]:
    sums = dict.fromkeys(_COUNTED, 0)
    for fields in hours.values():
        for name, value in fields.items():
            sums[name.decode().rpartition(":")[2]] += int(value)
    return [*(sums[name] for name in _COUNTED[:4]), sums["cost_usd"] / PICO]


def hash_of(row: dict[str, Any]) -> dict[str, Any]:
    """One request as the fields of a hash: what is known, flags as 0 and 1."""
    return {
        name: int(value) if isinstance(value, bool) else value
        for name, value in row.items()
        if value is not None
    }


def rollups(table: pa.Table) -> dict[str, dict[str, int]]:
    """What the rollups of the rows of ``table`` hold: hour → ``<model>:<figure>`` → sum."""
    failed = pc.is_in(table["status"].cast(pa.string()), pa.array(["error", "throttled", "blocked"]))
    tokens = {
        "input": ("uncached_tokens", "cached_tokens", "cache_write_tokens"),
        "output": ("visible_tokens", "reasoning_tokens"),
    }
    figures = {
        "requests": np.ones(table.num_rows, np.int64),
        "errors": failed.to_numpy().astype(np.int64),
        **{name: sum(table[part].to_numpy() for part in parts) for name, parts in tokens.items()},
        "cost_usd": table["cost_usd"].to_numpy(),
    }
    rows = pa.table(
        {"hour": table["time"].to_numpy() // HOUR, "model": table["model"].cast(pa.string()), **figures}
    )
    sums = rows.group_by(["hour", "model"]).aggregate([(name, "sum") for name in figures])
    found: dict[str, dict[str, int]] = {}
    for row in sums.to_pylist():
        fields = found.setdefault(f"rollup:{row['hour']}", {})
        fields |= {f"{row['model']}:{name}": row[f"{name}_sum"] for name in figures}
    return found


def load(url: str, table: pa.Table, asked: Asked) -> None:
    """Add the rows of ``table``: their rollups, and the hashes of those of the last day."""
    client: Any = connect(url, timeout=60)
    with client.pipeline(transaction=False) as pipe:
        for name, fields in rollups(table).items():
            for field, value in fields.items():
                pipe.hincrby(name, field, value)
        pipe.execute()
    fresh = table.filter(pc.greater_equal(table["time"], asked.day[0]))
    rows = iter(fresh.to_pylist())
    while part := list(islice(rows, _AT_ONCE)):
        with client.pipeline(transaction=False) as pipe:
            for row in part:
                name = f"request:{row['call_id']}"
                pipe.hset(name, mapping=hash_of(row))
                pipe.zadd(TIMES, {name: row["time"]})
            pipe.execute()
