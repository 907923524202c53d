"""Kinds of calls, as the log's ``endpoint`` tells them apart."""

from __future__ import annotations

from helix_dash.model import Condition, Filter

CHAT = ("chat", "completions", "responses")
"""Calls that generate text: chat completions, text completions, and OpenAI's responses."""

EMBEDDINGS = ("embeddings",)


def calls(where: Filter, kinds: tuple[str, ...]) -> Filter:
    """``where``, and only calls of these ``kinds``."""
    return Filter(where.period, (*where.conditions, Condition("endpoint", "in", kinds)))


def ended(where: Filter, *statuses: str) -> Filter:
    """``where``, and only requests that ended so."""
    return Filter(where.period, (*where.conditions, Condition("status", "in", statuses)))
