"""Looks at everything a dashboard needs and says what to do about what it finds."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import redis

from helix_dash.auth.session import check_secret_key
from helix_dash.auth.users import user_count
from helix_dash.errors import SettingError, StoreUnavailable
from helix_dash.log.keys import LogKeys
from helix_dash.log.pending import waiting
from helix_dash.log.retention import Retention
from helix_dash.log.segment import Segment
from helix_dash.log.source import Source, fewer_shards_than_there_are
from helix_dash.model import utc_from_us
from helix_dash.settings import Settings
from helix_dash.store import APP_TAG, connect, is_cluster, shown_url

OLDEST_VERSION = (6, 2)
"""The first Redis with everything the log uses; every Valkey has it."""
_CLOCK_WARN, _CLOCK_FAIL = 2.0, 300.0
"""Seconds between this clock and the store's; from 5 minutes on, the log calls records skewed."""
_SILENT_FOLD = 30.0
"""Seconds without a heartbeat after which nobody folds; the fold beats every second."""
_DISK_WARN, _DISK_FAIL = 1_000_000_000, 100_000_000
"""Free bytes."""
_LOSSES = ("dropped", "rejected", "lost_rows")


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. ``advice`` says what to do; it is empty when all is well."""

    level: Literal["ok", "warn", "fail"]
    subject: str
    text: str
    advice: str = ""

    def __str__(self) -> str:
        line = f"{self.level:<4}  {self.subject:<11} {self.text}"
        return f"{line} → {self.advice}" if self.advice else line


def examine(settings: Settings) -> Iterator[Finding]:
    """All findings, one after the other.

    Raises:
        StoreUnavailable: the log's store does not answer; what needs no store has been told by then.
    """
    yield Finding("ok", "settings", f"all can be read; days begin in {settings.zone_name}")
    yield _secret_key(settings.secret_key)
    yield _folder("DATA_DIR", settings.data_dir)
    yield _folder("CACHE_DIR", settings.cache_dir)
    yield from _store(settings)


def _secret_key(key: str) -> Finding:
    try:
        check_secret_key(key)
    except SettingError:
        state = "is weak" if key else "is not set"
        return Finding(
            "warn",
            "SECRET_KEY",
            f"{state}: `serve` will refuse to start (the demo makes its own)",
            'set it to the output of: python -c "import secrets; print(secrets.token_urlsafe(48))"',
        )
    return Finding("ok", "SECRET_KEY", f"{len(key)} characters")


def _folder(name: str, folder: Path) -> Finding:
    existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    if not os.access(existing, os.W_OK):
        return Finding(
            "fail", name, f"{existing} may not be written", f"let this user write there, or set {name}"
        )
    free = shutil.disk_usage(existing).free
    text = f"{free / 1e9:.1f} GB free in {folder}"
    if free < _DISK_FAIL:
        return Finding("fail", name, text, f"free some space, or set {name} to another disk")
    if free < _DISK_WARN:
        return Finding("warn", name, text, "less than 1 GB: free some space soon")
    return Finding("ok", name, text)


def _store(settings: Settings) -> Iterator[Finding]:
    """Each server that has keys of ours, then the log and the accounts, wherever they are."""
    url, examined = settings.log_redis_url, set()
    tags = (
        [APP_TAG, *(LogKeys(shard).tag for shard in range(settings.log_shards))]
        if is_cluster(url)
        else [APP_TAG]
    )
    for tag in tags:
        with connect(url, tag=tag) as client:
            try:
                before = time.time()
                seconds, micros = client.time()
                after = time.time()
                info = client.info()
            except redis.RedisError as error:
                raise StoreUnavailable(
                    f"The store at {shown_url(url)} does not answer ({error}) → start it, or set REDIS_URL."
                ) from error
            if info.get("run_id") in examined:
                continue
            examined.add(info.get("run_id"))
            node = f" (its node on port {info.get('tcp_port')})" if is_cluster(url) else ""
            yield Finding(
                "ok", "store", f"{shown_url(url)}{node} answers in {(after - before) * 1000:.1f} ms"
            )
            yield _version(info)
            yield _role(info)
            yield _eviction(info, settings)
            yield _persistence(info, _config(client, "save"))
            yield _clock(seconds + micros / 1e6 - (before + after) / 2)
    yield from _log(settings, seconds + micros / 1e6)
    with connect(url) as client:
        yield _accounts(client)


def _config(client: redis.Redis, name: str) -> str | None:
    """A value of the store's configuration; ``None`` where it may not be asked, as with many hosted stores."""
    try:
        return str(client.config_get(name).get(name, ""))
    except redis.ResponseError:
        return None


def _version(info: dict[str, Any]) -> Finding:
    name = "Valkey" if "valkey_version" in info else "Redis"
    text = str(info.get("valkey_version") or info.get("redis_version", "0.0"))
    compatible = str(info.get("redis_version", "0.0"))
    if tuple(int(part) for part in compatible.split(".")[:2]) >= OLDEST_VERSION:
        return Finding("ok", "version", f"{name} {text}")
    return Finding("fail", "version", f"{name} {text} is too old", "use Redis 6.2 or later, or any Valkey")


def _role(info: dict[str, Any]) -> Finding:
    if info.get("role", "master") == "master":
        return Finding("ok", "role", "takes writes")
    return Finding("fail", "role", "a replica: it takes no writes", "point LOG_REDIS_URL at the primary")


def _eviction(info: dict[str, Any], settings: Settings) -> Finding:
    policy, limit = str(info.get("maxmemory_policy", "unknown")), int(info.get("maxmemory", 0))
    if policy.startswith("allkeys") and limit:
        if settings.allow_eviction:
            return Finding(
                "warn", "eviction", f"{policy}, allowed by ALLOW_EVICTION", "totals may be incomplete"
            )
        return Finding(
            "fail",
            "eviction",
            f"{policy} may evict the log, so recorders refuse to write",
            "set maxmemory-policy noeviction, or give the log a store of its own with LOG_REDIS_URL",
        )
    used = int(info.get("used_memory", 0))
    if limit and used > 0.9 * limit:
        return Finding("warn", "memory", f"{used / limit:.0%} of maxmemory is used", "raise maxmemory")
    return Finding("ok", "eviction", f"{policy}; {used / 1e6:,.0f} MB used")


def _persistence(info: dict[str, Any], save: str | None) -> Finding:
    if info.get("aof_enabled"):
        if info.get("aof_last_write_status", "ok") != "ok":
            return Finding(
                "fail", "persistence", "its append-only file cannot be written", "look at the store's disk"
            )
        return Finding("ok", "persistence", "append-only file")
    if save:
        return Finding(
            "warn",
            "persistence",
            "snapshots only: a crash loses what came since the last one",
            "set appendonly yes",
        )
    if save is None:
        return Finding(
            "warn", "persistence", "no append-only file; snapshots unknown", "ask your store's provider"
        )
    return Finding("warn", "persistence", "none: a restart of the store loses the log", "set appendonly yes")


def _clock(ahead: float) -> Finding:
    text = f"the store's clock is {abs(ahead):.3f} s {'ahead of' if ahead > 0 else 'behind'} this one"
    if abs(ahead) >= _CLOCK_FAIL:
        return Finding(
            "fail", "clock", text, "set both by NTP: from 5 minutes on, records are not counted at once"
        )
    if abs(ahead) >= _CLOCK_WARN:
        return Finding("warn", "clock", text, "set both by NTP")
    return Finding("ok", "clock", text)


def _log(settings: Settings, now: float) -> Iterator[Finding]:
    wrong = fewer_shards_than_there_are(settings.log_redis_url, settings.log_shards)
    if wrong:
        yield Finding("fail", "shards", wrong)
        return
    pulse, segments = Source(settings.log_redis_url, settings.log_shards).listing()
    yield _heartbeat(pulse.stats.get("heartbeat"), now, pulse.behind)
    yield _pending(_waiting(settings), settings.log_max_pending)
    lost = {name: pulse.stats.get(name, 0) for name in _LOSSES}
    text = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in lost.items())
    if any(lost.values()):
        yield Finding("warn", "losses", text, "docs/troubleshooting.md tells what each one means")
    else:
        yield Finding("ok", "losses", text)
    yield _kept(segments, Retention(settings.log_retention_days, settings.log_retention_rows))


def _kept(segments: list[Segment], retention: Retention) -> Finding:
    """What the log holds, and when the next of it leaves."""
    size = sum(segment.bytes + segment.cube_bytes for segment in segments)
    whole = [segment for segment in segments if not segment.expired]
    rows = sum(segment.rows for segment in whole)
    most = f" of at most {retention.rows:,}" if retention.rows else ""
    text = f"{rows:,}{most} requests; {size / 1e6:,.1f} MB in the store"
    if whole:
        oldest = min(segment.min_time for segment in whole)
        text += f"; oldest {_minute(oldest)}, next purge {_minute(retention.leaves_at(oldest, rows))}"
    return Finding("ok", "log", text)


def _minute(micros: int) -> str:
    return f"{utc_from_us(micros):%Y-%m-%d %H:%M} UTC"


def _heartbeat(heartbeat: int | None, now: float, pending: int) -> Finding:
    advice = "start a collector: helix-dash collect"
    if heartbeat is None:
        return Finding("warn", "collector", "none has run on this store yet", advice)
    age = max(0.0, now - heartbeat / 1e6)
    if age <= _SILENT_FOLD:
        return Finding("ok", "collector", f"alive {age:.1f} s ago")
    text = f"silent for {age:,.0f} s"
    return Finding("fail" if pending else "warn", "collector", text, advice)


def _waiting(settings: Settings) -> int:
    """Requests that wait in the fullest shard: each recorder looks at its own."""
    most = 0
    for keys in map(LogKeys, range(settings.log_shards)):
        with connect(settings.log_redis_url, tag=keys.tag) as client:
            most = max(most, waiting(client, keys))
    return most


def _pending(pending: int, most: int) -> Finding:
    text = f"{pending:,} of at most {most:,} requests wait for the collector"
    if pending >= most:
        return Finding(
            "fail", "pending", text, "start a collector, or raise LOG_MAX_PENDING: recorders drop now"
        )
    if pending > most // 2:
        return Finding("warn", "pending", text, "see whether a collector runs")
    return Finding("ok", "pending", text)


def _accounts(client: redis.Redis) -> Finding:
    count = user_count(client)
    if count:
        return Finding("ok", "accounts", f"{count:,}")
    return Finding("warn", "accounts", "none: nobody can sign in", "helix-dash create-admin")
