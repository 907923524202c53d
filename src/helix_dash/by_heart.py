"""What pages open with, read by each web worker once a minute: so that a page nobody has looked at lately shows what was
known, too, when the store goes away.

It asks through the functions that pages ask through, and with the ranges they offer from a day up, so that the memory of
:mod:`helix_dash.recall` has their questions: about eighty small commands, 13 ms, and 0.5 MB of memory where two servers
and a gateway are asked, whatever is recorded.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from helix_dash.context import Running
from helix_dash.errors import StoreError
from helix_dash.metrics import budgets, incident_states, kv_sources, limits, prices, system, user_groups
from helix_dash.metrics.cache_gateway import gateway_cache
from helix_dash.metrics.model_server import model_server
from helix_dash.metrics.server_limits import server_limits
from helix_dash.model import EVERYTHING, Period, us_from_utc, utc_from_us
from helix_dash.orders import book
from helix_dash.redaction.rules import rules
from helix_dash.samples import sources as names
from helix_dash.samples.answers import answers
from helix_dash.samples.reader import SampleReader

EVERY = 60.0
"""Seconds between two readings."""
DAYS = (30, 7, 1)
"""Lengths of the ranges that are read, in days."""

_DAY = 86_400 * 10**6
_log = logging.getLogger("helix_dash.by_heart")


def learn(running: Running, now: int) -> None:
    """Read it once.

    Args:
        now: microseconds since the epoch.

    Raises:
        StoreError: the store does not answer.
    """
    store, settings = running.reading, running.settings
    for table in (budgets.budgets, prices.prices, user_groups.groups):
        table(store, EVERYTHING)
    limits.table(store)
    rules(store)
    book.orders(store, ())
    answers(store, names.CONTROLS)
    incident_states.handled(store, now - max(DAYS) * _DAY, now)
    servers = [name for name, _url in settings.kv_metrics_urls]
    found, _ = kv_sources.sources(store, fakeai=bool(settings.api_url), servers=servers)
    for days in DAYS:
        period = Period(utc_from_us(now - days * _DAY), utc_from_us(now))
        gateway_cache(store, period, now)
        server_limits(store, now - days * _DAY, now, now)
        model_server(store, "chat", period, now)
        for source, span in ((one, span) for one in found for span in (period, period.previous())):
            kv_sources.read(store, source, us_from_utc(span.start), us_from_utc(span.end), now)
        _learn_system(running, now - days * _DAY, now)


def _learn_system(running: Running, start: int, now: int) -> None:
    """Signs of life, hosts, stores and this product itself."""
    hosts = system.last_vitals(running.known, running.store).value.hosts
    wanted = [f"{names.SYSTEM}.{name}" for name in names.OF_SYSTEM] + [
        f"{names.HOST}.{host}" for host in hosts
    ]
    SampleReader(running.reading).several(wanted, start, now, now, system.MAX_FRAMES)


class ByHeart:
    """Learns again and again, in a thread of this process.

    Args:
        running: the app.
        clock: epoch seconds.
    """

    def __init__(self, running: Running, clock: Callable[[], float] = time.time) -> None:
        self._running, self._clock = running, clock

    def begin(self) -> None:
        """Begin; in the process that serves, never before a fork."""
        threading.Thread(target=self._run, name="helix-dash-by-heart", daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                learn(self._running, round(self._clock() * 10**6))
            except StoreError as error:
                _log.debug("Nothing new is known by heart: %s", error)
            except Exception:
                # One answer that nobody foresaw must not make all of them old.
                _log.exception("What pages open with could not be read")
            time.sleep(EVERY)
