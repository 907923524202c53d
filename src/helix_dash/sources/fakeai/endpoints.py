"""The questions a FakeAI server is asked: where, how often, and how its answer is read.

Two of its endpoints are never asked: they take a lock twice on the server's only event loop, and it never
answers anybody again (version 0.3.2). ``/metrics/prometheus``, ``/metrics/rate-limits`` and
``/metrics/rate-limits/throttle-analytics`` fail whenever there is something to tell, so they are not asked either.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from helix_dash.samples import sources
from helix_dash.sources.fakeai import answers

FORBIDDEN = frozenset({"/metrics/by-model", "/metrics/ranking"})
"""Paths that freeze the whole server."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One question.

    Args:
        name: its name in the store and on pages.
        path: where it is asked; ``{key}`` stands for the key it is about.
        read: makes of the body what it means.
        every: seconds between two questions, and the time for which a client keeps the answer.
        json: whether the body is JSON; else it is text.
        signed: whether it needs the token.
    """

    name: str
    path: str
    read: Callable[[Any], Any]
    every: float
    json: bool = True
    signed: bool = False


HEALTH = Endpoint("health", "/health", answers.health_of, 10)
RATES = Endpoint("rates", "/metrics", answers.rates_of, 10)
MODELS = Endpoint(
    sources.MODELS, "/metrics/by-model/prometheus", answers.models_of, sources.FAKEAI_EVERY, json=False
)
# It walks its whole tree on the event loop: nearly a second after 500 long prompts.
KV_CACHE = Endpoint(sources.KV_CACHE, "/kv-cache/metrics", answers.kv_cache_of, sources.FAKEAI_EVERY)
TIERS = Endpoint(sources.TIERS, "/metrics/rate-limits/tier", answers.tiers_of, sources.FAKEAI_EVERY)
KEY_LIMITS = Endpoint(sources.KEY_LIMITS, "/metrics/rate-limits/key/{key}", answers.key_limits_of, 30)
ABUSE = Endpoint(sources.ABUSE, "/metrics/rate-limits/abuse-patterns", answers.abuse_of, 30)
SPENDING = Endpoint("spending", "/metrics/costs", answers.spending_of, 30)
MODEL_FACTS = Endpoint("model_facts", "/v1/models", answers.model_facts_of, 600, signed=True)

ALWAYS = (HEALTH, RATES, MODELS, KV_CACHE, TIERS, ABUSE, SPENDING, MODEL_FACTS)
"""Asked of every server; :data:`KEY_LIMITS` for each key that is watched."""
