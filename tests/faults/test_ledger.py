"""The ledger: whatever is killed, cut and restarted, what the store acknowledged is in the log exactly once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cutting_proxy import CuttingProxy

from helix_dash.embedded import EmbeddedStore
from helix_dash.log.mirror import Mirror
from helix_dash.log.query import RequestLog
from helix_dash.log.recorder import Recorder
from helix_dash.log.schema import RequestRecord
from helix_dash.model import EVERYTHING, Filter, Period
from request_records import KEYS, a_request, client_of, stats

NOW = datetime.now(UTC)
ALL = Filter(Period(NOW - timedelta(days=1), NOW + timedelta(seconds=1)))
PATIENCE = 120.0
ROUNDS = 40
"""Portions in which the records come; trouble lies between them."""


def until(claim: Callable[[], bool], what: str) -> float:
    """Wait for ``claim``; the seconds it took."""
    begun = time.monotonic()
    while time.monotonic() - begun < PATIENCE:
        if claim():
            return time.monotonic() - begun
        time.sleep(0.02)
    raise AssertionError(f"waited in vain for {what}")


class Collectors:
    """Two collectors, of which one leads; whoever is killed is followed by a new one."""

    def __init__(self, url: str, store_url: str, folder: Path) -> None:
        self._url, self._folder = store_url, folder
        self._environ = {**os.environ, "REDIS_URL": url, "LOG_REDIS_URL": url, "LOG_SHARDS": "1"}
        self._running: dict[int, subprocess.Popen[bytes]] = {}
        for _ in range(2):
            self._start()

    def _start(self) -> None:
        with (self._folder / "collectors.log").open("ab") as log:
            command = [sys.executable, "-m", "helix_dash", "collect"]
            one = subprocess.Popen(command, env=self._environ, stdout=log, stderr=log)
        self._running[one.pid] = one

    def leader(self) -> int:
        """The process id of the one that holds the lease; 0 when none of them does."""
        with client_of(self._url) as client:
            holder = client.get(KEYS.lease) or b"::"
        pid = int(holder.split(b":")[1] or 0)
        return pid if pid in self._running else 0

    def kill_the_leader(self) -> float:
        """``kill -9``; the seconds until another one has committed."""
        until(lambda: self.leader() > 0, "a leader")
        pid = self.leader()
        self._running[pid].kill()
        self._running.pop(pid).wait(30)
        last = stats(self._url)["heartbeat"]
        self._start()
        return until(lambda: stats(self._url)["heartbeat"] > last, "another fold to take over")

    def stop(self) -> None:
        for one in self._running.values():
            one.send_signal(signal.SIGTERM)
        for one in self._running.values():
            one.wait(60)


def numbered(number: int) -> RequestRecord:
    """A request that is told from all others, and found again in the sums."""
    return a_request(
        time=NOW - timedelta(milliseconds=number), call_id=f"call-{number}", uncached_tokens=number
    )


@contextmanager
def collecting(url: str, store_url: str, folder: Path) -> Iterator[Collectors]:
    collectors = Collectors(url, store_url, folder)
    try:
        yield collectors
    finally:
        collectors.stop()


@pytest.mark.parametrize(
    ("count", "kills", "cuts"),
    [
        pytest.param(5_000, 2, 2, id="5000"),
        pytest.param(50_000, 10, 10, id="50000", marks=[pytest.mark.slow, pytest.mark.timeout(900)]),
    ],
)
def test_nothing_acknowledged_is_lost_or_doubled(
    store_server: EmbeddedStore, tmp_path: Path, count: int, kills: int, cuts: int
) -> None:
    """L8: kill -9 of the leading fold, cut replies to recorder and fold in turn, one kill -9 of the store."""
    folders = [tmp_path / name for name in ("writing", "folding")]
    for folder in folders:
        folder.mkdir()
    takeovers: list[float] = []
    kill_at = {round((number + 0.5) * ROUNDS / kills) for number in range(kills)}
    cut_at = [round((number + 0.25) * ROUNDS / cuts) for number in range(cuts)]
    with (
        CuttingProxy(folders[0], str(store_server.socket)) as writing,
        CuttingProxy(folders[1], str(store_server.socket)) as folding,
        collecting(folding.url, store_server.url, tmp_path) as collectors,
    ):
        recorders = [Recorder(writing.url, shard=0, buffer=count) for _ in range(2)]
        for turn in range(ROUNDS):
            cuts_before = writing.cuts + folding.cuts
            if turn in cut_at and cut_at.index(turn) % 2 == 0:
                writing.cut_after(b"XADD")
            elif turn in cut_at:
                folding.cut_after(b"EXEC")
            for number in range(turn * count // ROUNDS, (turn + 1) * count // ROUNDS):
                assert recorders[number % 2].record(numbered(number))
            if turn in cut_at:
                until(lambda before=cuts_before: writing.cuts + folding.cuts > before, "a reply to be cut")
            if turn == ROUNDS // 2:
                store_server.kill()
                store_server.start()
            if turn in kill_at:
                takeovers.append(collectors.kill_the_leader())
        assert [recorder.close(timeout=PATIENCE) for recorder in recorders] == [0, 0]
        assert sum(recorder.written for recorder in recorders) == count
        log = RequestLog(Mirror(store_server.url, tmp_path / "cache"), UTC, 1000)
        until(lambda: log.mirror.sync() and log.health().behind == 0, "everything to be folded")
    batches = log.batches(EVERYTHING, ALL, ["call_id"])
    found = Counter(word for frame in batches for word in frame["call_id"].to_list())
    told = stats(store_server.url)
    print(
        f"cuts {writing.cuts} + {folding.cuts}, duplicates recognised {told['duplicates']}, takeovers",
        takeovers,
    )
    assert writing.cuts + folding.cuts >= cuts
    assert (count - len(found), sum(found.values()) - len(found)) == (0, 0)  # lost, doubled
    assert log.totals(EVERYTHING, ALL, ["requests", "uncached_tokens"]) == {
        "requests": count,
        "uncached_tokens": count * (count - 1) // 2,
    }
    assert (told["folded"], told["dropped"], told["rejected"]) == (count, 0, 0)
