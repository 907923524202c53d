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

FAKEAI_EVERY = 15.0
"""Seconds between two of its answers about its KV cache, its models and its tiers."""

KV = "kv"
"""Servers with a KV cache: the series of the server ``vllm-1`` is ``kv.vllm-1``."""

KV_EVERY = 10.0
"""Seconds between two of their answers."""
