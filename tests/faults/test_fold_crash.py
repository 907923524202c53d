"""Whatever dies, and whenever: no record that the store acknowledged is lost, none counts twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
import redis
from cutting_proxy import CuttingProxy

from helix_dash.embedded import EmbeddedStore
from helix_dash.log import recorder as recording
from helix_dash.log.fold import Fold, Step
from helix_dash.log.pending import tell_sent, waiting
from helix_dash.log.recorder import Recorder
from helix_dash.log.retention import Retention
from request_records import KEYS, a_request, folded_rows, manifest, recorded, stats

HERE = Path(__file__).parent


def stopping_fold(url: str, step: str, number: signal.Signals) -> subprocess.Popen[str]:
    command = [sys.executable, str(HERE / "fold_that_stops.py"), url, step, str(int(number))]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def lease_expires(url: str) -> None:
    with redis.Redis.from_url(url) as client:
        client.delete(KEYS.lease)


def folded_to_the_end(url: str) -> None:
    """A healthy fold does all there is to do."""
    lease_expires(url)
    fold = Fold(url, retention=Retention(4000))
    while fold.step() != Step(0, 0, True):
        pass
    fold.close()


def test_kill_9_at_any_step_loses_nothing_and_doubles_nothing(store_url: str) -> None:
    """Fault 12 for the fold: killed after each of its steps in turn, with new records before each."""
    steps = ["read", "decoded", "sealed", "committed", "published"]
    for count, step in enumerate(steps, start=1):
        recorded(store_url, *[a_request(minute, call_id=f"{step}-{minute}") for minute in range(50)])
        lease_expires(store_url)
        with stopping_fold(store_url, step, signal.SIGKILL) as fold:
            assert fold.wait(timeout=60) == -signal.SIGKILL, step
        folded_to_the_end(store_url)
        assert set(Counter(row["call_id"] for row in folded_rows(store_url)).values()) == {1}, step
        assert len(folded_rows(store_url)) == stats(store_url)["folded"] == 50 * count, step
    assert stats(store_url)["dropped"] == stats(store_url)["duplicates"] == 0


def test_kill_9_before_a_merge_commits_leaves_the_segments_as_they_were(store_url: str) -> None:
    for minute in range(7):
        recorded(store_url, a_request(minute))
        folded_to_the_end(store_url)
    recorded(store_url, a_request(7))
    with stopping_fold(store_url, "tidied", signal.SIGKILL) as fold:
        assert fold.wait(timeout=60) == -signal.SIGKILL
    assert len(manifest(store_url)) == 8
    folded_to_the_end(store_url)
    assert len(manifest(store_url)) == 1
    assert len(folded_rows(store_url)) == 8


@pytest.mark.parametrize("step", ["read", "sealed"])
def test_a_leader_that_was_paused_writes_nothing_when_it_wakes(store_url: str, step: str) -> None:
    recorded(store_url, *[a_request(minute) for minute in range(20)])
    with stopping_fold(store_url, step, signal.SIGSTOP) as paused:
        try:
            os.waitpid(paused.pid, os.WUNTRACED)
            folded_to_the_end(store_url)
            before = manifest(store_url)
        finally:
            paused.send_signal(signal.SIGCONT)
        answer, _ = paused.communicate(timeout=60)
    assert answer.strip() == "Step(folded=0, behind=0, leader=False)"
    assert manifest(store_url) == before
    assert [row["seq"] for row in folded_rows(store_url)] == list(range(1, 21))


def test_a_paused_leader_is_fenced_though_nobody_has_moved_the_cursor(store_url: str) -> None:
    """The other fold took over and found nothing to do: still only it may write."""
    recorded(store_url, a_request())
    old = Fold(store_url, retention=Retention(4000), owner="old")
    old.step()
    lease_expires(store_url)
    assert Fold(store_url, retention=Retention(4000), owner="new").step().leader
    lease_expires(store_url)
    recorded(store_url, a_request())
    assert old.step() == Step(0, 0, False)
    assert old.step() == Step(1, 0, True)
    assert len(folded_rows(store_url)) == 2


@pytest.mark.parametrize("burst", [1, 250])
def test_a_recorded_entry_whose_reply_was_cut_counts_once(
    store_server: EmbeddedStore, tmp_path: Path, burst: int
) -> None:
    """Fault 05: redis-py's own retries would count it twice."""
    with CuttingProxy(tmp_path, str(store_server.socket)) as proxy:
        recorder = Recorder(proxy.url)
        recorder.record(a_request())
        assert recorder.flush(timeout=30) == 0
        proxy.cut_after(b"XADD")
        recorder.record_many([a_request(minute) for minute in range(burst)])
        assert recorder.close(timeout=30) == 0
    assert proxy.cuts == 1
    folded_to_the_end(store_server.url)
    assert [row["seq"] for row in sorted(folded_rows(store_server.url), key=lambda row: row["seq"])] == list(
        range(1, burst + 2)
    )
    assert stats(store_server.url)["duplicates"] >= 1
    assert stats(store_server.url)["dropped"] == 0


def test_a_commit_whose_reply_was_cut_counts_once(store_server: EmbeddedStore, tmp_path: Path) -> None:
    """Fault 05 for the fold."""
    with CuttingProxy(tmp_path, str(store_server.socket)) as proxy:
        fold = Fold(proxy.url, retention=Retention(4000))
        assert fold.step().leader
        recorded(store_server.url, *[a_request(minute) for minute in range(30)])
        proxy.cut_after(b"EXEC")
        assert fold.step() == Step(0, 0, False)
        assert proxy.cuts == 1
        assert len(folded_rows(store_server.url)) == 30
        while fold.step() != Step(0, 0, True):
            pass
    assert len(folded_rows(store_server.url)) == stats(store_server.url)["folded"] == 30


def test_a_store_that_stops_delays_records_and_loses_none_that_fit_the_buffer(
    store_server: EmbeddedStore,
) -> None:
    """Fault 02: beyond the buffer the newest are dropped, and the fold learns exactly how many."""
    recorder = Recorder(store_server.url, buffer=10)
    recorder.record(a_request())
    assert recorder.flush(timeout=30) == 0
    store_server.stop()
    assert recorder.record_many([a_request(minute) for minute in range(25)]) == 10
    assert recorder.flush(timeout=0.2) == 10
    store_server.start()
    assert recorder.close(timeout=30) == 0
    folded_to_the_end(store_server.url)
    assert (stats(store_server.url)["folded"], stats(store_server.url)["dropped"]) == (11, 15)
    assert recorder.dropped == 15


def test_a_running_fold_survives_an_outage_of_the_store(store_server: EmbeddedStore) -> None:
    """Fault 02, fault 04: no restart needed."""
    stop = threading.Event()
    thread = threading.Thread(target=Fold(store_server.url, retention=Retention(4000)).run, args=(stop,))
    thread.start()
    try:
        store_server.kill()
        store_server.start()
        recorded(store_server.url, a_request())
        deadline = time.monotonic() + 60
        while stats(store_server.url)["folded"] == 0 and time.monotonic() < deadline:
            time.sleep(0.05)
    finally:
        stop.set()
        thread.join(timeout=30)
    assert stats(store_server.url)["folded"] == 1
    assert not thread.is_alive()


def test_what_the_store_acknowledged_survives_its_kill_9(store_server: EmbeddedStore) -> None:
    """Fault 12: with the append-only file."""
    recorded(store_server.url, *[a_request(minute) for minute in range(20)])
    Fold(store_server.url, retention=Retention(4000)).step()
    recorded(store_server.url, *[a_request(minute) for minute in range(20)])
    store_server.kill()
    store_server.start()
    folded_to_the_end(store_server.url)
    assert len(folded_rows(store_server.url)) == 40


def test_a_full_store_delays_records_and_loses_none(store_url: str) -> None:
    """Fault 09: out of memory, noeviction."""
    with redis.Redis.from_url(store_url) as client:
        client.config_set("maxmemory", 1)
        recorder = Recorder(store_url)
        recorder.record_many([a_request(minute) for minute in range(300)])
        assert recorder.flush(timeout=0.3) == 300
        client.config_set("maxmemory", 0)
        assert recorder.close(timeout=30) == 0
    folded_to_the_end(store_url)
    assert len(folded_rows(store_url)) == 300


def test_a_store_that_would_evict_the_log_is_not_written_to_unless_allowed(store_url: str) -> None:
    """Fault 10."""
    with redis.Redis.from_url(store_url) as client:
        client.config_set("maxmemory", "100mb")
        client.config_set("maxmemory-policy", "allkeys-lru")
        recorder = Recorder(store_url)
        recorder.record(a_request())
        assert recorder.flush(timeout=0.3) == 1
        assert client.xlen(KEYS.stream) == 0
        allowed = Recorder(store_url, allow_eviction=True)
        allowed.record(a_request())
        assert allowed.close(timeout=30) == 0
        client.config_set("maxmemory-policy", "volatile-lru")
        assert recorder.close(timeout=30) == 0


def test_recording_waits_when_the_fold_is_too_far_behind(store_url: str) -> None:
    with redis.Redis.from_url(store_url) as client:
        for _ in range(6):
            client.xadd(KEYS.stream, {"e": b""})
        recorder = Recorder(store_url, max_pending=5)
        recorder.record(a_request())
        assert recorder.flush(timeout=0.3) == 1
        client.xtrim(KEYS.stream, maxlen=0)
        assert recorder.close(timeout=30) == 0
        assert client.xlen(KEYS.stream) == 1


def test_the_bound_of_what_may_wait_counts_requests_and_not_entries(store_url: str) -> None:
    """LOG_MAX_PENDING: an entry holds up to 100 requests."""
    with redis.Redis.from_url(store_url) as client:
        busy = Recorder(store_url, max_pending=1_000)
        assert busy.record_many(a_request(number) for number in range(250)) == 250
        assert busy.close(timeout=30) == 0
        assert client.xlen(KEYS.stream) < 250
        tell_sent(client, KEYS, busy._producer, 250)  # as its next look at the store would
        assert waiting(client, KEYS) == 250
        late = Recorder(store_url, max_pending=249)
        late.record(a_request())
        assert late.flush(timeout=0.3) == 1
        folded_to_the_end(store_url)
        assert waiting(client, KEYS) == 0
        assert late.close(timeout=30) == 0


def test_a_recorder_tells_how_much_it_has_sent(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """LOG_MAX_PENDING: it is how others know."""
    monkeypatch.setattr(recording, "CHECK_EVERY", 0.0)
    with redis.Redis.from_url(store_url) as client:
        first = Recorder(store_url)
        for number in range(3):
            first.record(a_request(number))
            assert first.flush(timeout=30) == 0
        assert client.hgetall(KEYS.sent) == {f"{first._producer:016x}".encode(): b"2"}
        assert first.close(timeout=30) == 0


def test_each_process_of_a_forking_gateway_is_a_producer_of_its_own(store_url: str) -> None:
    done = subprocess.run([sys.executable, str(HERE / "forking_producer.py"), store_url, "3"], timeout=120)
    assert done.returncode == 0
    folded_to_the_end(store_url)
    counts = Counter(row["user"] for row in folded_rows(store_url))
    assert counts == {"before": 1, "parent": 10, "child0": 10, "child1": 10, "child2": 10}
    assert len({row["producer"] for row in folded_rows(store_url)}) == 4
    assert stats(store_url)["dropped"] == stats(store_url)["duplicates"] == 0
