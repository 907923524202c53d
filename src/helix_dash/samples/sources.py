"""The names that sources and their questions have in the store, for who writes and for who reads.

A page reads answers and series by these names and so need not load the clients that ask for them.
"""

from __future__ import annotations

FAKEAI = "fakeai"
"""A FakeAI server: its answers are kept under it, its series under ``fakeai.<question>``."""

STREAM = "stream"
"""FakeAI's WebSocket, as a question: whether it is live."""

KV_CACHE, MODELS, TIERS, KEY_LIMITS, ABUSE = "kv_cache", "models", "tiers", "key_limits", "abuse"
"""Questions to FakeAI."""

FAKEAI_EVERY = 8.0
"""Seconds between two of its answers about its KV cache, its models and its tiers."""

KV = "kv"
"""Servers with a KV cache: the series of the server ``vllm-1`` is ``kv.vllm-1``."""

KV_EVERY = 8.0
"""Seconds between two of their answers: less than a frame, so that none is left out by being a moment late."""

HOST = "host"
"""Hosts that run a collector: the series of the host ``web-1`` is ``host.web-1``."""

HOST_EVERY = 8.0
"""Seconds between two samples of a host: less than a frame, so that none is left out by being a moment late."""

SYSTEM = "system"
"""Stores, services and this product itself: what one collector asks for all."""

STORE, GATEWAY_STORE, KEYSPACE, GATEWAY_KEYSPACE, SERVICES, CALLS, BROWSERS, SPENT_BY_US, LITELLM = (
    "store", "gateway_store", "keyspace", "gateway_keyspace", "services", "calls", "browsers", "spent", "litellm",
)  # fmt: skip
"""Questions of :data:`SYSTEM`."""

OF_SYSTEM = (STORE, GATEWAY_STORE, SERVICES, CALLS, BROWSERS, SPENT_BY_US)
"""Those of them whose numbers are kept as series that pages show."""

STORE_EVERY, KEYSPACE_EVERY, SERVICES_EVERY, OWN_EVERY = 8.0, 60.0, 5.0, 8.0
"""Seconds between two answers: of stores, of the sample of keys, about services, about this product itself."""

GATEWAY = "gateway"
"""A Helix gateway's own keys: its answers are kept under it, its series under ``gateway.<question>``."""

COUNTERS, SPEND, INCIDENTS, SETTINGS, SURVEY, ENTRIES = (
    "counters", "spend", "incidents", "settings", "survey", "entries",
)  # fmt: skip
"""Questions to the gateway's keys."""

GATEWAY_EVERY = 60.0
"""Seconds between two walks over the gateway's keys, which is the slowest of its answers."""

CACHE_EVICT, CACHE_PROBE, CACHE_SETTING = "cache-evict", "cache-probe", "cache-setting"
"""Kinds of orders about the gateway's cache."""

GATEWAY_SETTINGS: dict[str, tuple[str, str, float, float]] = {
    "threshold": ("helix:adaptive:thresholds", "current_threshold", 0.5, 0.999),
    "exact": ("helix:ttl:default", "exact", 60, 365 * 86_400),
    "semantic": ("helix:ttl:default", "semantic", 60, 365 * 86_400),
}
"""Settings of the gateway's cache that may be changed: key, field, lowest and highest value (similarity, seconds)."""

CONTROLS, CHAIN = "controls", "audit_chain"
"""What the collector verifies of our own record: whether the chain of the audit record is whole."""
