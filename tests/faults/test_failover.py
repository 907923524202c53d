"""Fault 07: the primary is killed and the sentinels name another one. `make test-sentinel` runs it.

Replication is asynchronous: what the old primary acknowledged in its last moment and had not passed on is gone,
whoever records it. What was passed on must be there, once.
"""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from test_ledger import NOW, UTC

from helix_dash.errors import StoreUnavailable
from helix_dash.log.fold import Fold
from helix_dash.log.follow import Follower
from helix_dash.log.mirror import Mirror
from helix_dash.log.query import RequestLog
from helix_dash.log.recorder import Recorder
from helix_dash.log.retention import Retention
from request_records import a_request, folded_rows, stats
from several_servers import Watched, until

pytestmark = pytest.mark.skipif(
    os.environ.get("HELIX_TEST_STORE") != "sentinel", reason="needs three sentinels: make test-sentinel"
)

BEFORE, DURING, AFTER = 2_000, 3_000, 500


def record(recorder: Recorder, name: str, count: int, pause: float = 0.0) -> None:
    for number in range(count):
        assert recorder.record(a_request(time=NOW, call_id=f"{name}-{number}"))
        if pause:
            time.sleep(pause)


def test_a_failover_doubles_nothing_and_loses_nothing_that_was_replicated(
    store_server: Watched, tmp_path: Path
) -> None:
    """Fault 07: kill -9 of the primary while records come and are folded."""
    recorder = Recorder(store_server.url, buffer=100_000)
    stop = threading.Event()
    folding = threading.Thread(target=Fold(store_server.url, retention=Retention(90)).run, args=(stop,))
    log = RequestLog(Mirror(store_server.url, tmp_path / "cache"), UTC, 1000)
    follower = Follower(log)
    folding.start()
    follower.start()
    try:
        record(recorder, "before", BEFORE)
        assert recorder.flush(timeout=30) == 0
        until(store_server.replicated, "the replica to have everything")

        writing = threading.Thread(target=record, args=(recorder, "during", DURING, 0.001))
        writing.start()
        until(lambda: recorder.written > BEFORE + 200, "records to flow")
        store_server.primary().kill()
        killed, acknowledged = time.monotonic(), recorder.written
        until(lambda: recorder.written > acknowledged + 100, "the new primary to take records")
        resumed = time.monotonic() - killed
        writing.join()
        record(recorder, "after", AFTER)
        assert recorder.close(timeout=60) == 0
        until(lambda: everything_is_read(log), "everything to be folded and read")
        fresh = time.monotonic() - killed
    finally:
        stop.set()
        folding.join(timeout=30)
        follower.stop()
    found = Counter(row["call_id"] for row in folded_rows(store_server.url))
    lost = recorder.written - len(found)
    print(
        f"acknowledged {recorder.written}, lost with the old primary {lost}, doubled {sum(found.values()) - len(found)}; "
        f"writing again after {resumed:.1f} s, everything readable after {fresh:.1f} s"
    )
    assert recorder.written == BEFORE + DURING + AFTER
    assert set(found.values()) == {1}
    assert sum(name.startswith("before-") for name in found) == BEFORE
    assert sum(name.startswith("after-") for name in found) == AFTER
    assert stats(store_server.url)["dropped"] == lost
    assert log.health().rows == len(found)


def everything_is_read(log: RequestLog) -> bool:
    try:
        log.mirror.sync()
    except StoreUnavailable:
        return False
    return log.health().behind == 0
