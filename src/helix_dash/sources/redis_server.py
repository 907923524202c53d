"""What a Redis or Valkey server tells of itself: memory, work, latency, clients, persistence, replication, slow log.

All of it in one round trip. What a server does not know, or does not let us ask, is left out and named.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import redis

from helix_dash.errors import SourceError
from helix_dash.sources import redis_commands as commands
from helix_dash.sources.polling import Numbers, Told

SLOWEST = 32
"""Entries of the slow log that are read."""
MOST_COMMANDS = 25
"""Commands that are counted apart, those with the most processor time."""

_QUESTIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("info", ("INFO",)),
    ("commands", ("INFO", "commandstats")),
    ("latency", ("LATENCY", "HISTOGRAM")),
    ("spikes", ("LATENCY", "LATEST")),
    ("slow", ("SLOWLOG", "GET", str(SLOWEST))),
    ("threshold", ("CONFIG", "GET", "slowlog-log-slower-than")),
    ("keys", ("DBSIZE",)),
)

_COUNTERS: dict[str, str] = {
    "total_commands_processed": "commands",
    "keyspace_hits": "hits",
    "keyspace_misses": "misses",
    "evicted_keys": "evicted",
    "expired_keys": "expired",
    "rejected_connections": "refused_clients",
    "total_net_input_bytes": "net_in",
    "total_net_output_bytes": "net_out",
    "total_error_replies": "errors",
}
"""Theirs → ours."""

_GAUGES: dict[str, str] = {
    "used_memory": "memory",
    "used_memory_rss": "memory_rss",
    "used_memory_peak": "memory_peak",
    "maxmemory": "memory_limit",
    "mem_fragmentation_ratio": "fragmentation",
    "connected_clients": "clients",
    "blocked_clients": "blocked",
    "maxclients": "clients_limit",
    "connected_slaves": "replicas",
    "instantaneous_ops_per_sec": "ops_now",
    "rdb_changes_since_last_save": "unsaved",
}

_FACTS = (
    "redis_version", "valkey_version", "role", "maxmemory_policy", "uptime_in_seconds", "aof_enabled",
    "aof_last_write_status", "aof_last_bgrewrite_status", "rdb_last_save_time", "rdb_last_bgsave_status", "loading",
    "master_link_status", "run_id",
)  # fmt: skip
"""What is told as it is."""

_TITLES = {"latency": "latency histograms", "slow": "the slow log", "commands": "work by command", "keys": "how many keys there are", "spikes": "latency spikes", "threshold": "from when on a command is slow"}  # fmt: skip


@dataclass(slots=True)
class Asked:
    """The raw answers to all questions; ``missing`` names what was refused."""

    answers: dict[str, Any] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)


def server(store: redis.Redis) -> Told:
    """What ``store`` tells now, in one round trip.

    Raises:
        SourceError: it did not answer, or told nothing of itself.
    """
    began = time.perf_counter()
    asked = _ask(store)
    took = (time.perf_counter() - began) * 1000
    info = asked.answers.get("info")
    if not isinstance(info, dict):
        raise SourceError("refused", "The store does not let us ask how it does (INFO).")
    numbers = _numbers(info, asked.answers.get("commands"))
    numbers.counters.update(_latency(asked.answers.get("latency")))
    gauges = (
        numbers.gauges | _replication(info) | _keys(info, asked.answers.get("keys")) | {"answer_ms": took}
    )
    limit = gauges.get("memory_limit")
    body = {
        "used": gauges.get("memory", 0.0) / limit if limit else None,
        "facts": {name: _fact(info[name]) for name in _FACTS if name in info},
        "slow": _slow(asked.answers.get("slow")),
        "slower_than_us": _threshold(asked.answers.get("threshold")),
        "spikes": _spikes(asked.answers.get("spikes")),
        "missing": [_TITLES[name] for name in asked.missing if name in _TITLES],
    }
    return Told(body, Numbers(numbers.counters, gauges))


def _ask(store: redis.Redis) -> Asked:
    pipe: Any = store.pipeline(transaction=False)
    for _, words in _QUESTIONS:
        pipe.execute_command(*words)
    try:
        answers = pipe.execute(raise_on_error=False)
    except (redis.ConnectionError, redis.TimeoutError) as error:
        reason = "timeout" if isinstance(error, redis.TimeoutError) else "unreachable"
        raise SourceError(reason, f"The store did not answer ({type(error).__name__}).") from error
    except redis.RedisError as error:
        raise SourceError("refused", f"The store refused the question ({type(error).__name__}).") from error
    asked = Asked()
    for (name, _), answer in zip(_QUESTIONS, answers, strict=True):
        if isinstance(answer, Exception):
            asked.missing.append(name)
        else:
            asked.answers[name] = answer
    return asked


def _numbers(info: Mapping[str, Any], stats: Any) -> Numbers:
    counters = {
        ours: value for theirs, ours in _COUNTERS.items() if (value := _number(info.get(theirs))) is not None
    }
    gauges = {
        ours: value for theirs, ours in _GAUGES.items() if (value := _number(info.get(theirs))) is not None
    }
    if gauges.get("memory_limit") == 0:
        del gauges["memory_limit"]  # 0 is "no limit", not a limit of nothing
    processor = [_number(info.get(name)) for name in ("used_cpu_sys", "used_cpu_user")]
    if all(value is not None for value in processor):
        counters["cpu"] = sum(value or 0.0 for value in processor)
    work = []
    for name, told in (stats or {}).items() if isinstance(stats, dict) else ():
        if name.startswith("cmdstat_") and isinstance(told, dict):
            calls, micros = _number(told.get("calls")), _number(told.get("usec"))
            if calls is not None and micros is not None:
                work.append((micros, calls, _command(name.removeprefix("cmdstat_"))))
    for micros, calls, name in sorted(work, reverse=True)[:MOST_COMMANDS]:
        counters |= {f"calls|{name}": calls, f"usec|{name}": micros}
    return Numbers(counters, gauges)


def _latency(answer: Any) -> dict[str, float]:
    """Calls by upper bound (µs), all commands together: percentiles of several commands could not be added.

    The server tells each command's counts added up, and only where they grow; here they are counts again.
    """
    counts: dict[float, float] = {}
    for _, told in _pairs(answer):
        buckets = next((value for key, value in _pairs(told) if _text(key) == "histogram_usec"), None)
        before = 0.0
        for bound, reached in _pairs(buckets):
            upper, total = _number(bound), _number(reached)
            if upper is not None and total is not None:
                counts[upper] = counts.get(upper, 0.0) + max(0.0, total - before)
                before = total
    return {f"latency|{upper:.0f}": count for upper, count in counts.items()}


def _pairs(answer: Any) -> list[tuple[Any, Any]]:
    """A map, which older protocols send as a list of keys and values."""
    if isinstance(answer, dict):
        return list(answer.items())
    if isinstance(answer, list | tuple) and len(answer) % 2 == 0:
        return list(zip(answer[::2], answer[1::2], strict=True))
    return []


def _replication(info: Mapping[str, Any]) -> dict[str, float]:
    """Seconds and bytes that the furthest replica lies behind, or this one behind its primary."""
    found: dict[str, float] = {}
    offset = _number(info.get("master_repl_offset"))
    replicas = [value for name, value in info.items() if name.startswith("slave") and isinstance(value, dict)]
    lags = [lag for one in replicas if (lag := _number(one.get("lag"))) is not None]
    offsets = [there for one in replicas if (there := _number(one.get("offset"))) is not None]
    if lags:
        found["replica_lag_s"] = max(lags)
    if offset is not None and offsets:
        found["replica_behind"] = max(0.0, offset - min(offsets))
    since = _number(info.get("master_last_io_seconds_ago"))
    if since is not None and since >= 0:
        found["replica_lag_s"] = since
    return found


def _keys(info: Mapping[str, Any], size: Any) -> dict[str, float]:
    databases = [value for name, value in info.items() if name.startswith("db") and isinstance(value, dict)]
    found = {
        "keys": sum(_number(one.get("keys")) or 0.0 for one in databases),
        "keys_expiring": sum(_number(one.get("expires")) or 0.0 for one in databases),
    }
    count = _number(size)
    return found | ({"keys_here": count} if count is not None else {})


def _slow(answer: Any) -> list[dict[str, Any]]:
    """The slow log's entries, newest first, their arguments masked."""
    found = []
    for entry in answer if isinstance(answer, list) else []:
        told = _slow_entry(entry)
        if told is not None:
            found.append(told)
    return found


def _slow_entry(entry: Any) -> dict[str, Any] | None:
    if isinstance(entry, dict):  # as redis-py reads it; the command is joined by blanks
        command = entry.get("command", b"")
        words = command.split(b" ") if isinstance(command, bytes) else []
        at, took = _number(entry.get("start_time")), _number(entry.get("duration"))
    elif isinstance(entry, list | tuple) and len(entry) >= 4 and isinstance(entry[3], list):
        words = [word for word in entry[3] if isinstance(word, bytes)]
        at, took = _number(entry[1]), _number(entry[2])
    else:
        return None
    if at is None or took is None:
        return None
    return {"at": int(at), "us": took, "command": commands.name(words), "masked": commands.masked(words)}


def _threshold(answer: Any) -> float | None:
    pairs = {_text(key): value for key, value in _pairs(answer)}
    found = _number(pairs.get("slowlog-log-slower-than"))
    return found if found is not None and found >= 0 else None


def _spikes(answer: Any) -> list[dict[str, Any]]:
    """Events that the server's latency monitor noticed; empty while it is off, as it is by default."""
    found = []
    for entry in answer if isinstance(answer, list) else []:
        if isinstance(entry, list | tuple) and len(entry) >= 4:
            at, last, most = (_number(one) for one in entry[1:4])
            if at is not None and last is not None and most is not None:
                found.append({"event": _command(_text(entry[0])), "at": int(at), "ms": last, "most_ms": most})
    return found


def _command(text: str) -> str:
    return "".join(one for one in text[:40] if one.isalnum() or one in "-_| .")


def _fact(value: Any) -> Any:
    return value if isinstance(value, int | float) else str(value)[:80]


def _text(value: Any) -> str:
    return value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)


def _number(value: Any) -> float | None:
    """A finite number that is not negative; ``None`` for all else. -1 is how Redis writes "not known"."""
    if isinstance(value, bytes):
        value = value.decode("ascii", "replace")
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None
