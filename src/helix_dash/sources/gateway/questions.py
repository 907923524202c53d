"""What the collector asks a Helix gateway's Redis, ready for :class:`~helix_dash.sources.polling.Poller`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, tzinfo
from typing import Any

import redis

from helix_dash.errors import SourceError, StoreUnavailable
from helix_dash.redaction.masking import Engine
from helix_dash.redaction.recognizers import find
from helix_dash.redaction.rules import USUAL, Rules
from helix_dash.samples.sources import (
    COUNTERS,
    ENTRIES,
    GATEWAY,
    GATEWAY_EVERY,
    INCIDENTS,
    SETTINGS,
    SPEND,
    SURVEY,
)
from helix_dash.sources.gateway import contract
from helix_dash.sources.gateway.entries import described
from helix_dash.sources.gateway.incidents import incidents
from helix_dash.sources.gateway.search_index import find_index, listed
from helix_dash.sources.gateway.survey import Met, survey
from helix_dash.sources.polling import Numbers, Question, Told
from helix_dash.store import reaching

SOURCE = GATEWAY
"""The source's name: its answers are kept under it, its series under ``gateway.<question>``."""

LISTED = 60
"""Entries of each level that are told one by one."""


def questions(
    open_store: Callable[[], redis.Redis],
    zone: tzinfo,
    masking: Callable[[], Rules] = lambda: USUAL,
    engine: Engine = find,
) -> list[Question]:
    """Everything the gateway's keys are asked for.

    Args:
        open_store: gives a client of the gateway's own store; on a cluster that needs one of its nodes.
        zone: the reporting zone: what day it is, and what a time without a zone is meant in.
        masking: how texts are masked, as people set it last.
        engine: what recognises personal data in them.
    """
    met = Met()  # entries that the last walk met, so that they need no walk of their own
    return [
        Question(COUNTERS, 10, _asking(open_store, _counters)),
        Question(SPEND, 30, _asking(open_store, _spend)),
        Question(
            INCIDENTS, 30, _asking(open_store, lambda store: Told(incidents(store, zone, masking(), engine)))
        ),
        Question(SETTINGS, 60, _asking(open_store, lambda store: Told(contract.thresholds(store)))),
        Question(SURVEY, GATEWAY_EVERY, _asking(open_store, lambda store: _survey(store, zone, met))),
        Question(ENTRIES, GATEWAY_EVERY, _asking(open_store, lambda store: _entries(store, zone, met))),
    ]


def _asking(open_store: Callable[[], redis.Redis], ask: Callable[[redis.Redis], Told]) -> Callable[[], Told]:
    def asked() -> Told:
        try:
            return ask(open_store())
        except StoreUnavailable as error:
            # The gateway's store may be another one than ours: its silence is one source's, not ours.
            raise SourceError("unreachable", "The gateway's store did not answer.") from error

    return asked


def _counters(store: redis.Redis) -> Told:
    found = contract.counters(store)
    counted = {"requests": found.requests, "hits": found.hits}
    known: dict[str, float] = {name: value for name, value in counted.items() if value is not None}
    return Told(found, Numbers(known))


def _spend(store: redis.Redis) -> Told:
    found = contract.spend(store)
    return Told(found, Numbers({"usd": sum(found.days.values())} if found.days else {}))


def _survey(store: redis.Redis, zone: tzinfo, met: Met) -> Told:
    found = survey(store, datetime.now(zone).date(), met)
    counted = {name: getattr(found.entries, name) for name in ("exact", "semantic", "other")}
    return Told(found, Numbers(gauges=counted))


def _entries(store: redis.Redis, zone: tzinfo, met: Met) -> Told:
    """Some entries one by one, the largest, the index over vectors, and how many keys the store threw out."""
    index = find_index(store)
    vectors = listed(store, index, LISTED) if index.name else []
    keys = {"semantic": vectors} if vectors else {}
    for key in met.sample:
        level = contract.level_of(key)
        if level and not (level == "semantic" and vectors) and len(keys.setdefault(level, [])) < LISTED:
            keys[level].append(key)
    now = round(datetime.now(zone).timestamp() * 1_000_000)
    some = [key for part in keys.values() for key in part]
    told = described(store, list(dict.fromkeys(some + met.largest)), zone, now)
    by_key = {entry.key: entry for entry in told.found}
    body = {
        "index": index,
        "found": [by_key[key] for key in some if key in by_key],
        "largest": [by_key[key] for key in met.largest if key in by_key],
        "measured": met.measured,
        "left_out": told.left_out,
    }
    return Told(body, Numbers(_thrown_out(store)))


def _thrown_out(store: Any) -> dict[str, float]:
    """Keys that the whole store evicted for want of memory, and that expired, since it started."""
    with reaching():
        told = store.info("stats")
    nodes = list(told.values()) if "evicted_keys" not in told else [told]
    return {
        name: float(sum(int(node.get(f"{name}_keys", 0)) for node in nodes if isinstance(node, dict)))
        for name in ("evicted", "expired")
    }
