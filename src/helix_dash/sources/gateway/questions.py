"""What the collector asks a Helix gateway's Redis, ready for :class:`~helix_dash.sources.polling.Poller`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, tzinfo

import redis

from helix_dash.errors import SourceError, StoreUnavailable
from helix_dash.sources.gateway import contract
from helix_dash.sources.gateway.incidents import incidents
from helix_dash.sources.polling import Numbers, Question, Told

SOURCE = "gateway"
"""The source's name: its answers are kept under it, its series under ``gateway.<question>``."""


def questions(open_store: Callable[[], redis.Redis], zone: tzinfo) -> list[Question]:
    """Everything the gateway's keys are asked for.

    Args:
        open_store: gives a client of the gateway's own store; on a cluster that needs one of its nodes.
        zone: the reporting zone: what day it is, and what a time without a zone is meant in.
    """
    return [
        Question("counters", 10, _asking(open_store, _counters)),
        Question("spend", 30, _asking(open_store, _spend)),
        Question("incidents", 30, _asking(open_store, lambda store: Told(incidents(store, zone)))),
        Question("settings", 60, _asking(open_store, lambda store: Told(contract.thresholds(store)))),
        Question("survey", 60, _asking(open_store, lambda store: _survey(store, zone))),
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


def _survey(store: redis.Redis, zone: tzinfo) -> Told:
    found = contract.survey(store, datetime.now(zone).date())
    counted = {name: getattr(found.entries, name) for name in ("exact", "semantic", "other")}
    return Told(found, Numbers(gauges=counted))
