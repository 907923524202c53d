"""How long a recorded request takes to be found by a query: gateway, collector and web worker as they run."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC
from pathlib import Path

import numpy as np

from bench.dataset import this_moment
from bench.ingest import RATE, Folding, Gateway, recent_traffic
from bench.reading import Say, started
from bench.results import Figure, Target
from bench.workers import Worker
from helix_dash.embedded import EmbeddedStore
from helix_dash.log.follow import Follower
from helix_dash.log.mirror import Mirror
from helix_dash.log.query import RequestLog
from helix_dash.model import EVERYTHING, Filter, Period, utc_from_us

LOOK_EVERY = 0.02
LONGEST = 60.0


class Watcher:
    """A web worker that follows the log as production does."""

    def __init__(self, url: str, folder: str) -> None:
        self._log = RequestLog(Mirror(url, Path(folder)), UTC, 1_000)

    def watch(self, count: int) -> list[tuple[float, int]]:
        """Until ``count`` requests are found: when (monotonic) how many were found by a query."""
        follower = Follower(self._log)
        follower.start()
        now = this_moment()
        where = Filter(Period(utc_from_us(now - 3600 * 10**6), utc_from_us(now + 3600 * 10**6)))
        seen: list[tuple[float, int]] = []
        until = time.monotonic() + LONGEST
        while time.monotonic() < until and (not seen or seen[-1][1] < count):
            time.sleep(LOOK_EVERY)
            if self._log.mirror.state is not None:
                found = self._log.count(EVERYTHING, where)
                if not seen or found > seen[-1][1]:
                    seen.append((time.monotonic(), found))
        follower.stop()
        return seen


def figures(folder: Path, seconds: float, rounds: int, say: Say) -> Iterator[Figure]:
    """The 95th percentile over all requests of a round, at 5,000 per second."""
    delays: list[float] = []
    for number in range(rounds):
        say(f"freshness: round {number + 1}, {seconds:g} s at {RATE:,}/s")
        with ExitStack() as ends:
            store = started(ends, EmbeddedStore(folder / f"freshness-{number}"))
            gateway = Worker(Gateway, store.url)
            fold = Worker(Folding, store.url, threads=1)
            watcher = Worker(Watcher, store.url, str(folder / f"freshness-mirror-{number}"))
            for worker in (gateway, fold, watcher):
                ends.callback(worker.stop)
            count = int(seconds * RATE)
            gateway.call("prepare", recent_traffic(count, this_moment(), seed=number))
            watcher.begin("watch", count)
            fold.begin("run", seconds + 5)
            recorded = np.array(gateway.call("paced", seconds))
            seen = watcher.result()
            fold.result()
            delays.append(_p95(recorded, seen))
    yield Figure("freshness.p95", "s", tuple(delays), target=Target("ours", "at most", 1.5))


def _p95(recorded: np.ndarray, seen: list[tuple[float, int]]) -> float:
    """One producer's requests are found in order: the n-th when a query first found n."""
    if not seen or seen[-1][1] < len(recorded):
        raise RuntimeError(f"only {seen[-1][1] if seen else 0} of {len(recorded)} requests were found")
    times, counts = (np.array(column) for column in zip(*seen, strict=True))
    found = times[np.searchsorted(counts, np.arange(1, len(recorded) + 1))]
    delay = np.sort(found - recorded)
    return float(delay[int(np.ceil(0.95 * len(delay))) - 1])
