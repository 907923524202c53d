"""A gateway that is not there: keeps ``helix:*`` keys as a real one's hooks would, for the demo's simulated traffic.

Everything it writes is made up, and says so where it is text. It writes only where ``SIMULATE_GATEWAY`` allows it;
pages mark what they read of it as simulated. Its keys, their forms and their quirks are those of
:mod:`helix_dash.sources.gateway.contract`; entries also say who wrote them (``user_id``), as a gateway must that
wants to evict by owner.
"""

from __future__ import annotations

import hashlib
import json
import logging
import random
import struct
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, tzinfo
from typing import Any

import redis

from helix_dash.errors import StoreUnavailable
from helix_dash.log.schema import RequestRecord
from helix_dash.model import CacheOutcome, Status
from helix_dash.sources.gateway.contract import (
    ALERTS,
    EXACT,
    HITS,
    INCIDENTS,
    REQUESTS,
    SPEND,
    SPEND_MODEL,
    SPEND_USER,
    THRESHOLDS,
    TTL,
    VECTOR,
)
from helix_dash.sources.simulator_request import entry_name
from helix_dash.store import everywhere, reaching

_log = logging.getLogger("helix_dash.simulated_gateway")

SETTINGS: dict[str, dict[str, float]] = {
    THRESHOLDS: {
        "semantic_base": 0.85,
        "semantic_min": 0.70,
        "semantic_max": 0.95,
        "performance_window": 300,
        "hit_rate_target": 80,
        "current_threshold": 0.85,
    },
    ALERTS: {"spend_daily": 100.0, "latency_p99": 2000, "cache_hit_rate": 50, "pii_incidents_hourly": 10},
    TTL: {"exact": 86_400, "semantic": 86_400, "hybrid": 86_400, "metadata": 86_400},
}
"""The gateway's own settings, put there once; what somebody changes later stays."""

DAY = ENTRY_SECONDS = 86_400
MOST_ENTRIES = 6_000
DIMENSIONS = 384
_LATENCY = "helix:latency:p99"
_MOST_INCIDENTS = 1_000
_TOGETHER, _PAUSE = 500, 0.5
_FAKE = {
    "EMAIL_ADDRESS": "jane.doe@example.com",
    "PHONE_NUMBER": "+1 555 0100",
    "PERSON": "Jane Doe",
    "CREDIT_CARD": "4111 1111 1111 1111",
    "IBAN_CODE": "GB00 TEST 0000 0000 00",
    "US_SSN": "000-00-0000",
    "IP_ADDRESS": "192.0.2.1",
}
"""Values that belong to nobody: reserved for examples, or impossible."""

Command = tuple[str | bytes | float, ...]


class SimulatedGateway:
    """Takes the simulated requests one after the other and keeps the keys; loses some when the store is away.

    Args:
        url: the gateway's store.
        zone: whose dates its days of spending carry.
        clock: seconds since the epoch.
    """

    def __init__(self, url: str, zone: tzinfo, *, clock: Callable[[], float] = time.time) -> None:
        self._url, self._zone, self._clock = url, zone, clock
        self._client: redis.Redis | None = None
        self._counts: dict[str, int] = {}
        self._spent: dict[tuple[str, str], float] = {}
        self._commands: list[Command] = []
        self._taken, self._slowest, self._sent = 0, 0.0, 0.0
        self._entries: OrderedDict[str, float] = OrderedDict()

    def take(self, record: RequestRecord) -> None:
        """Count one request, and do with the cache what it did."""
        self._count(REQUESTS)
        self._slowest = max(self._slowest, (record.latency_ms or 0) / 1000)
        self._spend(record)
        if record.cache in (CacheOutcome.EXACT, CacheOutcome.SEMANTIC):
            self._count(HITS)
            begun = record.time.timestamp() - (record.cache_age_ms or 0) / 1000
            self._entry(record, record.cache is CacheOutcome.SEMANTIC, begun, record.cache_owner, hits=1)
        elif record.cache is CacheOutcome.MISS and record.status is Status.SUCCESS:
            # Near misses were looked up by meaning: who has the semantic cache on writes there.
            semantic = record.similarity is not None
            self._entry(record, semantic, record.time.timestamp(), record.user, hits=0)
        if record.pii:
            # A history goes back day by day; the list has the newest at its head and loses what is at its end.
            side = "RPUSH" if record.time.timestamp() < self._clock() - DAY else "LPUSH"
            self._commands += [(side, INCIDENTS, *_incidents(record, self._zone))]
            self._commands += [("LTRIM", INCIDENTS, "0", str(_MOST_INCIDENTS - 1))]
        self._taken += 1
        if self._taken >= _TOGETHER or self._clock() - self._sent >= _PAUSE:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        commands, self._commands = self._commands, []
        commands += [("INCRBY", key, str(count)) for key, count in self._counts.items()]
        commands += [("ZINCRBY", key, f"{usd:.12f}", day) for (key, day), usd in self._spent.items()]
        self._counts, self._spent, self._taken, self._sent = {}, {}, 0, self._clock()
        try:
            with reaching():
                first = self._client is None
                self._client = self._client or everywhere(self._url, retries=0)
                known: list[Command] = [("GET", _LATENCY)]
                found = self._send(self._client, (self._first() if first else []) + commands + known)
                if self._slowest > _seconds(found[-1]):
                    self._client.set(_LATENCY, repr(round(self._slowest, 6)))
        except StoreUnavailable as error:
            # A real gateway's hook would not stop for it either.
            _log.warning("Simulated keys of the gateway were lost: %s", error)

    @staticmethod
    def _send(client: Any, commands: list[Command]) -> list[object]:
        with client.pipeline(transaction=False) as pipe:
            for command in commands:
                pipe.execute_command(*command)
            return list(pipe.execute())

    @staticmethod
    def _first() -> list[Command]:
        return [
            ("HSETNX", key, name, str(value))
            for key, fields in SETTINGS.items()
            for name, value in fields.items()
        ]

    def _count(self, key: str) -> None:
        self._counts[key] = self._counts.get(key, 0) + 1

    def _spend(self, record: RequestRecord) -> None:
        if not record.cost_usd:
            return
        day = record.time.astimezone(self._zone).date().isoformat()
        for key in (SPEND, f"{SPEND_USER}{record.user or 'anonymous'}", f"{SPEND_MODEL}{record.model}"):
            self._spent[key, day] = self._spent.get((key, day), 0.0) + float(record.cost_usd)

    def _entry(
        self, record: RequestRecord, semantic: bool, begun: float, owner: str | None, *, hits: int
    ) -> None:
        """Write the entry that answered, or that the answer made; one that would have expired is left out."""
        end = begun + ENTRY_SECONDS
        if not record.prompt_hash or end <= self._clock():
            return
        name = entry_name(record)
        words = _preview(record) if record.pii else f"Simulated prompt {name[:12]}"
        common: Command = ("model", record.model or "", "created_at", f"{begun:.3f}", "user_id", owner or "")
        known = record.avoided_cost_usd if hits else record.cost_usd
        cost = "" if known is None else f"{known:f}"  # of a model without a price nobody knows it
        if semantic:
            key = VECTOR + name
            answer = json.dumps({"response": f"Simulated answer {name[12:24]}"})
            own: Command = ("prompt", words, "response_json", answer, "vector", _vector(name), "cost", cost)
            own += ("latency", f"{(record.latency_ms or 0) / 1000:.3f}", "expires_at", f"{end:.3f}")
            own += ("last_accessed", f"{record.time.timestamp():.3f}", "cache_level", "semantic")
        else:
            key = EXACT + name
            own = ("response", f"Simulated answer {name[12:24]}", "cost_usd", cost)
        self._commands += [("HSET", key, *common, *own), ("HINCRBY", key, "hit_count", str(hits))]
        self._commands += [("EXPIREAT", key, str(int(end)))]
        self._keep(key, end)

    def _keep(self, key: str, end: float) -> None:
        """No more than so many: the one that was written longest ago goes, as in a cache of a fixed size."""
        self._entries.pop(key, None)
        self._entries[key] = end
        if len(self._entries) > MOST_ENTRIES:
            oldest, _ = self._entries.popitem(last=False)
            self._commands += [("UNLINK", oldest)]


def _vector(name: str) -> bytes:
    """A unit vector that stands for nothing; the same for the same entry."""
    draw = random.Random(name)  # noqa: S311 - nothing here is a secret
    parts = [draw.gauss(0, 1) for _ in range(DIMENSIONS)]
    length = sum(part * part for part in parts) ** 0.5
    return struct.pack(f"<{DIMENSIONS}f", *(part / length for part in parts))


def _seconds(value: object) -> float:
    return float(value) if isinstance(value, bytes | str) else 0.0


def _preview(record: RequestRecord) -> str:
    """What somebody wrote in whose prompt personal data was found."""
    found = " and ".join(_FAKE.get(entity, "something private") for entity in sorted(record.pii))
    return f"(simulated) Please write to {found} about the order, and thank them."


def _incidents(record: RequestRecord, zone: tzinfo) -> list[str]:
    """What the hooks write: some forget the types and store the very text, some name a type each, some all at once."""
    user, local = record.user or "anonymous", record.time.astimezone(zone).replace(tzinfo=None)
    form = hashlib.sha256((record.call_id or "").encode()).digest()[0] % 5
    if form < 2:
        preview = _preview(record)[:100] + "..."
        body = {"user_id": user, "timestamp": local.isoformat(), "action": "redacted"}
        return [json.dumps(body | {"content_preview": preview})]
    if form < 4:
        moment = record.time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return [
            json.dumps({"user_id": user, "entity_type": entity, "timestamp": moment})
            for entity, count in sorted(record.pii.items())
            for _ in range(count)
        ]
    entities = [entity for entity, count in sorted(record.pii.items()) for _ in range(count)]
    return [json.dumps({"user": user, "entities": entities, "ts": record.time.timestamp()})]
