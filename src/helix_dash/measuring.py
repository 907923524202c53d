"""What a web worker measures of itself: how long its answers take, and what browsers tell of theirs.

Everything is counted in memory; once every few seconds it goes to the store with the worker's sign of life, in one
command however many people look.
"""

from __future__ import annotations

import atexit
import threading
import time

from flask import Flask, Response, g, request

from helix_dash.context import Running
from helix_dash.vitals.histogram import Histograms
from helix_dash.vitals.lines import listen
from helix_dash.vitals.pulse import Pulse, Report
from helix_dash.vitals.visits import Visits

_CALLS = "_dash-update-component"


class Measuring:
    """The measures of one app in one process.

    Args:
        running: the app.
    """

    def __init__(self, running: Running) -> None:
        self.visits = Visits()
        self._running = running
        self._calls = Histograms()
        self._failed = 0
        self._lock = threading.Lock()

    def install(self, server: Flask) -> None:
        """Measure what ``server`` answers below the app's prefix. First of all hooks, so that all others count too."""
        server.before_request(self._arrive)
        server.after_request(self._leave)

    def _arrive(self) -> None:
        g.helix_began = time.perf_counter()

    def _leave(self, response: Response) -> Response:
        if g.get("helix_dash") is not self._running or "helix_began" not in g:
            return response
        took = time.perf_counter() - g.helix_began
        self._running.pace.answered(took)
        name = self._name()
        if name:
            self._calls.add(name, took * 1000)
        if response.status_code >= 500:
            with self._lock:
                self._failed += 1
        return response

    def _name(self) -> str:
        """What was asked for, out of a bounded set: a callback by its first output, all else by its route."""
        call = g.get("helix_call")
        if call:
            first = str(call).strip(".").split("...")[0]
            return first.rpartition(".")[0].removeprefix("hx-")[:60]
        rule = request.url_rule.rule if request.url_rule else ""
        below = rule.removeprefix(self._running.prefix).strip("/")
        if below.startswith(("api/", "exports/")):
            return f"{request.method} {below}"
        return "" if below.startswith("_") or "assets" in below else "document"

    def tell(self) -> Report:
        """What goes with the next sign of life."""
        counters, gauges, visit = self.visits.told()
        counters |= self._calls.counters("call")
        counters["calls_failed"] = float(self._failed)
        health = self._running.log().health()
        if health.age is not None:
            gauges |= {"mirror_age": health.age, "mirror_rows": float(health.rows)}
        return Report(counters, gauges, health.error, visit)

    def begin(self) -> None:
        """Give signs of life from now on; in the process that serves, never before a fork."""
        settings = self._running.settings
        listen(settings.log_redis_url, "web")
        pulse = Pulse(settings.log_redis_url, "web", self.tell)
        pulse.start()
        atexit.register(pulse.stop)
