"""What the collector verifies of our own record, as evidence for the Security page."""

from __future__ import annotations

import redis

from helix_dash.auth import audit
from helix_dash.collector import Duty
from helix_dash.samples.sources import CHAIN, CONTROLS
from helix_dash.samples.writer import SampleWriter
from helix_dash.settings import Settings
from helix_dash.sources.polling import Poller, Question, Told
from helix_dash.store import connect

EVERY = 300.0
"""Seconds between two walks along the chain."""


def duties(settings: Settings) -> dict[str, Duty]:
    """The duty that walks the chain of the audit record, by name."""
    store = connect(settings.log_redis_url)
    writer = SampleWriter(settings.log_redis_url)
    asked = [Question(CHAIN, EVERY, lambda: Told(verdict(store)))]
    return {CONTROLS: Poller(CONTROLS, asked, store, writer).run}


def verdict(store: redis.Redis) -> dict[str, str | int]:
    """What :func:`helix_dash.auth.audit.verify` finds.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    found = audit.verify(store)
    return {"fault": found.fault, "entries": found.entries, "number": found.number, "digest": found.digest}
