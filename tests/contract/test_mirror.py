"""The host's mirror on a real store: shared by processes, made again when damaged, private, readable without the store."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from helix_dash.embedded import EmbeddedStore
from helix_dash.errors import SettingError, StoreUnavailable
from helix_dash.log import durable, mapped, space
from helix_dash.log.follow import Follower
from helix_dash.log.mirror import Mirror
from helix_dash.log.query import RequestLog
from helix_dash.model import EVERYTHING, Condition, Filter, Period, Slice, Sort
from request_records import KEYS, NOON, SHARDS, Folds, a_request, client_of, manifest, recorded, rows_key

MARCH = Filter(Period(NOON - timedelta(days=9), NOON + timedelta(days=9)))
RETENTION = 10_000


def log_at(url: str, folder: Path) -> RequestLog:
    return RequestLog(Mirror(url, folder, shards=SHARDS), ZoneInfo("UTC"), 1000)


def rows(log: RequestLog, where: Filter = MARCH) -> list[dict[str, object]]:
    return log.page(EVERYTHING, where, Sort("time", descending=False), Slice(0, 1000)).rows


def files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.arrow"))


def folded(url: str, *records: object) -> None:
    recorded(url, *records)  # type: ignore[arg-type]
    fold = Folds(url, retention_days=RETENTION)
    assert fold.step().folded == len(records)
    fold.close()


def soon(claim: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if claim():
            return True
        time.sleep(0.02)
    return False


def test_a_folded_record_is_readable_with_all_it_carried(store_url: str, tmp_path: Path) -> None:
    folded(store_url, a_request(1, call_id="chatcmpl-1", tags=("b", "a"), pii={"EMAIL": 2}, stream=True))
    (found,) = rows(log_at(store_url, tmp_path / "cache"))
    assert found["time"] == "2026-03-10T12:01:00.000Z"
    assert (found["call_id"], found["tags"], found["pii"]) == ("chatcmpl-1", "a;b", "EMAIL:2")
    assert (found["cost_usd"], found["latency_ms"], found["stream"]) == (0.001, 250.0, True)
    assert found["input_tokens"] == 100
    assert found["retries"] is None


def test_nothing_is_fetched_while_the_version_stays(store_url: str, tmp_path: Path) -> None:
    folded(store_url, a_request())
    mirror = Mirror(store_url, tmp_path / "cache", shards=SHARDS)
    assert mirror.sync()
    before = mirror.state
    assert before is not None
    assert not mirror.sync()
    assert mirror.state is not None
    assert mirror.state.generation == before.generation


def test_new_segments_are_added_and_merged_ones_leave_the_folder(store_url: str, tmp_path: Path) -> None:
    log = log_at(store_url, tmp_path / "cache")
    fold = Folds(store_url, retention_days=RETENTION)
    for minute in range(12):
        recorded(store_url, a_request(minute))
        fold.step()
        log.mirror.sync()
        assert len(rows(log)) == minute + 1
    assert {path.stem for path in files(tmp_path)} == set(manifest(store_url))


def test_two_processes_share_one_set_of_files(store_url: str, tmp_path: Path) -> None:
    """The second process maps what the first one made, and reads the same."""
    folded(store_url, *[a_request(n, user=f"user-{n}") for n in range(50)])
    first = log_at(store_url, tmp_path / "cache")
    assert len(rows(first)) == 50
    made = {path: path.stat().st_ino for path in files(tmp_path)}
    script = (
        "import sys; from pathlib import Path; from zoneinfo import ZoneInfo\n"
        "from helix_dash.log.mirror import Mirror; from helix_dash.log.query import RequestLog\n"
        "from helix_dash.model import EVERYTHING\n"
        "log = RequestLog(Mirror(sys.argv[1], Path(sys.argv[2]), shards=int(sys.argv[3])), ZoneInfo('UTC'), 1000)\n"
        "print(','.join(log.values(EVERYTHING, 'user')))"
    )
    second = subprocess.run(
        [sys.executable, "-c", script, store_url, str(tmp_path / "cache"), str(SHARDS)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert second.stdout.strip().split(",") == sorted(f"user-{n}" for n in range(50))
    assert {path: path.stat().st_ino for path in files(tmp_path)} == made


def test_processes_that_start_together_agree(store_url: str, tmp_path: Path) -> None:
    """F: four processes make the mirror at once; each file is made once and every code means the same."""
    fold = Folds(store_url, retention_days=RETENTION)
    for part in range(5):
        recorded(store_url, *[a_request(n, model=f"model-{part}-{n}") for n in range(20)])
        fold.step()
    script = (
        "import sys; from pathlib import Path; from zoneinfo import ZoneInfo\n"
        "from helix_dash.log.mirror import Mirror; from helix_dash.log.query import RequestLog\n"
        "from helix_dash.model import *; from datetime import *\n"
        "log = RequestLog(Mirror(sys.argv[1], Path(sys.argv[2]), shards=int(sys.argv[3])), ZoneInfo('UTC'), 1000)\n"
        "where = Filter(Period(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)))\n"
        "print(log.series(EVERYTHING, where, ['model'], None, ['requests', 'total_tokens']))"
    )
    arguments = [sys.executable, "-c", script, store_url, str(tmp_path / "cache"), str(SHARDS)]
    readers = [subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    answers = {reader.communicate(timeout=120)[0].split("as_of")[0] for reader in readers}
    assert [reader.returncode for reader in readers] == [0] * 4
    assert len(answers) == 1
    assert answers.pop().count("model-") == 100


@pytest.mark.parametrize("size", [0, 7, 1000])
def test_a_truncated_mirror_file_is_made_again(store_url: str, tmp_path: Path, size: int) -> None:
    """F: a host that lost power."""
    folded(store_url, *[a_request(n) for n in range(30)])
    assert len(rows(log_at(store_url, tmp_path / "cache"))) == 30
    (file,) = files(tmp_path)
    file.write_bytes(file.read_bytes()[:size])
    assert len(rows(log_at(store_url, tmp_path / "cache"))) == 30


def test_a_lost_or_damaged_vocabulary_makes_the_mirror_again(store_url: str, tmp_path: Path) -> None:
    folded(store_url, *[a_request(n, user=f"user-{n}") for n in range(30)])
    before = rows(log_at(store_url, tmp_path / "cache"))
    (vocabulary,) = tmp_path.rglob("vocabulary")
    for content in (b"", b"nonsense\n", vocabulary.read_bytes()[:300]):
        vocabulary.write_bytes(content)
        assert rows(log_at(store_url, tmp_path / "cache")) == before


def test_a_vocabulary_cut_short_under_a_running_process_is_noticed(store_url: str, tmp_path: Path) -> None:
    log = log_at(store_url, tmp_path / "cache")
    folded(store_url, *[a_request(n, user=f"user-{n}") for n in range(30)])
    assert len(rows(log)) == 30
    (vocabulary,) = tmp_path.rglob("vocabulary")
    vocabulary.write_bytes(vocabulary.read_bytes()[:200])
    folded(store_url, a_request(40, user="late"))
    log.mirror.sync()
    assert [row["user"] for row in rows(log)] == [*(f"user-{n}" for n in range(30)), "late"]


def test_a_segment_whose_rows_are_gone_from_the_store_is_counted_as_lost(
    store_url: str, tmp_path: Path
) -> None:
    """F: a guest in a store that evicts."""
    folded(store_url, a_request(1), a_request(2))
    (name,) = manifest(store_url)
    folded(store_url, a_request(3))
    client, key = rows_key(store_url, name)
    with client:
        client.delete(key)
    log = log_at(store_url, tmp_path / "cache")
    assert len(rows(log)) == 1
    assert log.health().lost_rows == 2


def test_a_blob_that_was_tampered_with_is_not_read(store_url: str, tmp_path: Path) -> None:
    folded(store_url, a_request(1))
    (name,) = manifest(store_url)
    client, key = rows_key(store_url, name)
    with client:
        client.append(key, b"x")
    log = log_at(store_url, tmp_path / "cache")
    assert rows(log) == []
    assert log.health().lost_rows == 1


def test_without_the_store_the_last_answer_stays_readable_with_its_age(
    store_server: EmbeddedStore, tmp_path: Path
) -> None:
    """F: store stopped under an open page, and back again."""
    folded(store_server.url, a_request(1))
    log = log_at(store_server.url, tmp_path / "cache")
    before = rows(log)
    store_server.stop()
    with pytest.raises(StoreUnavailable):
        log.mirror.sync()
    assert rows(log) == before
    health = log.health()
    assert (health.store_ok, health.age is not None and health.age >= 0) == (False, True)
    assert "did not answer" in health.error
    store_server.start()
    log.mirror.sync()
    assert log.health().store_ok


def test_a_log_never_read_says_so_instead_of_zero(store_server: EmbeddedStore, tmp_path: Path) -> None:
    store_server.stop()
    log = log_at(store_server.url, tmp_path / "cache")
    with pytest.raises(StoreUnavailable):
        rows(log)
    assert not log.health().store_ok


def test_an_empty_store_is_an_empty_log(store_url: str, tmp_path: Path) -> None:
    log = log_at(store_url, tmp_path / "cache")
    assert rows(log) == []
    assert log.health().store_ok
    assert log.series(EVERYTHING, MARCH, [], None, ["requests"]).values["requests"] == [[None]]


def test_a_store_that_was_emptied_takes_its_rows_along(store_url: str, tmp_path: Path) -> None:
    folded(store_url, a_request(1))
    log = log_at(store_url, tmp_path / "cache")
    assert len(rows(log)) == 1
    for shard in range(SHARDS):
        with client_of(store_url, shard) as client:
            client.flushdb()
    log.mirror.sync()
    assert rows(log) == []
    assert files(tmp_path) == []


def test_a_store_that_lost_its_last_commit_is_read_again_though_it_counts_to_the_same_number(
    store_url: str, tmp_path: Path
) -> None:
    """Fault 07: after a failover the new primary need not know what the old one committed last."""
    log = log_at(store_url, tmp_path / "cache")
    fold = Folds(store_url, retention_days=RETENTION)
    recorded(store_url, a_request(1, user="kept"), shard=0)
    fold.step()
    with client_of(store_url) as client:
        replicated = {key: client.dump(key) for key in client.keys("helixdash:{0}:*")}
        recorded(store_url, a_request(2, user="lost"), shard=0)
        fold.step()
        assert {row["user"] for row in rows(log)} == {"kept", "lost"}
        before = client.get(KEYS.version)
        client.delete(*client.keys("helixdash:{0}:*"))
        for key, value in replicated.items():
            client.restore(key, 0, value)
        client.delete(KEYS.lease)
    recorded(store_url, a_request(3, user="new"), shard=0)
    following = Folds(store_url, retention_days=RETENTION)
    with client_of(store_url) as client:
        client.decr(KEYS.version)  # taking over counts as well: make the numbers meet
        following.step()
        assert client.get(KEYS.version) == before
    log.mirror.sync()
    assert {row["user"] for row in rows(log)} == {"kept", "new"}


def test_the_mirror_is_readable_by_its_owner_only(store_url: str, tmp_path: Path) -> None:
    """T: another user of the host looks for other people's prompts and keys."""
    folded(store_url, a_request(1))
    rows(log_at(store_url, tmp_path / "cache"))
    folders = {path.parent for path in files(tmp_path)}
    assert {folder.stat().st_mode & 0o777 for folder in folders} == {0o700}


def test_a_folder_that_is_a_link_is_refused(store_url: str, tmp_path: Path) -> None:
    """T: somebody prepared /tmp/helix-dash-cache to point elsewhere."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "cache").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SettingError, match="CACHE_DIR"):
        log_at(store_url, tmp_path / "cache").mirror.sync()


def test_without_space_the_newest_rows_stay_and_older_ones_are_answered_from_their_totals(
    store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F: the cache folder is full."""
    folded(store_url, *[a_request(n) for n in range(20)])
    folded(store_url, *[a_request(60 + n) for n in range(5)])
    real, made = durable.publish, []

    def full_after_one(path: Path, content: bytes) -> None:
        if made:
            raise OSError(28, "No space left on device")
        made.append(path)
        real(path, content)

    monkeypatch.setattr(mapped, "publish", full_after_one)
    log = log_at(store_url, tmp_path / "cache")
    assert len(rows(log)) == 5
    assert log.health().without_space == 20
    assert log.series(EVERYTHING, MARCH, [], None, ["requests", "total_tokens"]).values == {
        "requests": [[25]],
        "total_tokens": [[25 * 120]],
    }
    by_user = Filter(MARCH.period, (Condition("user", "in", ("ada",)),))
    found = log.series(EVERYTHING, by_user, [], None, ["requests"])
    assert (found.values["requests"], found.expired) == ([[None]], True)


def test_on_a_full_host_the_newest_requests_push_out_the_oldest(
    store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F: the folder fills up while it is in use; every process of the host lets go of the old files."""
    if SHARDS > 1:
        pytest.skip("counts the files of one shard")
    for hour in range(4):
        folded(store_url, *[a_request(60 * hour + n) for n in range(10)])
    here, there = log_at(store_url, tmp_path / "cache"), log_at(store_url, tmp_path / "cache")
    assert (len(rows(here)), len(rows(there))) == (40, 40)
    real = durable.publish

    def full(path: Path, content: bytes) -> None:
        if len(files(tmp_path)) >= 4:
            raise OSError(28, "No space left on device")
        real(path, content)

    monkeypatch.setattr(mapped, "publish", full)
    folded(store_url, *[a_request(600 + n) for n in range(5)])
    for log in (here, there, here):
        log.mirror.sync()
    newest = Filter(Period(NOON + timedelta(hours=10), NOON + timedelta(hours=11)))
    for log in (here, there):
        found = log.series(EVERYTHING, MARCH, [], None, ["requests"])
        assert found.values == {"requests": [[45]]}
        assert len(rows(log, newest)) == 5
        assert log.health().without_space == 10


def test_a_full_host_is_not_tried_again_with_each_sync(
    store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F: each try costs the reading of a whole segment."""
    folded(store_url, *[a_request(n) for n in range(20)])
    tries: list[Path] = []

    def full(path: Path, content: bytes) -> None:
        tries.append(path)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(mapped, "publish", full)
    log = log_at(store_url, tmp_path / "cache")
    log.mirror.sync()
    before = len(tries)
    folded(store_url, a_request(-600))
    log.mirror.sync()
    assert len(tries) == before
    monkeypatch.undo()
    monkeypatch.setattr(space.time, "time", lambda: time.monotonic() + 10**10)  # later than any wait
    folded(store_url, a_request(1000))
    log.mirror.sync()
    assert log.health().without_space == 0


def test_what_a_dead_process_left_half_written_is_swept(store_url: str, tmp_path: Path) -> None:
    folded(store_url, a_request(1))
    log = log_at(store_url, tmp_path / "cache")
    rows(log)
    left = files(tmp_path)[0].with_name("abc.arrow.1234.part")
    left.write_bytes(b"half")
    folded(store_url, a_request(2))
    log.mirror.sync()
    assert not left.exists()


def test_what_is_mapped_stays_readable_when_its_file_is_gone(store_url: str, tmp_path: Path) -> None:
    folded(store_url, *[a_request(n) for n in range(40)])
    log = log_at(store_url, tmp_path / "cache")
    log.mirror.sync()
    for path in files(tmp_path):
        path.unlink()
    assert len(rows(log)) == 40


def test_a_follower_sees_a_new_record_without_being_asked(store_url: str, tmp_path: Path) -> None:
    log = log_at(store_url, tmp_path / "cache")
    follower = Follower(log)
    follower.start()
    try:
        folded(store_url, a_request(1))
        assert soon(lambda: log.health().rows == 1)
    finally:
        follower.stop()


def test_a_follower_survives_an_outage_of_the_store(store_server: EmbeddedStore, tmp_path: Path) -> None:
    log = log_at(store_server.url, tmp_path / "cache")
    folded(store_server.url, a_request(1))
    follower = Follower(log)
    follower.start()
    try:
        assert soon(lambda: log.health().rows == 1)
        store_server.stop()
        assert soon(lambda: not log.health().store_ok)
        store_server.start()
        assert soon(lambda: log.health().store_ok)
        folded(store_server.url, a_request(2))
        assert soon(lambda: log.health().rows == 2)
    finally:
        follower.stop()


def test_a_record_read_now_is_complete_up_to_the_folds_last_sign_of_life(
    store_url: str, tmp_path: Path
) -> None:
    log = log_at(store_url, tmp_path / "cache")
    folded(store_url, a_request(1))
    fold = Folds(store_url, retention_days=RETENTION)
    now = datetime.now(UTC)
    assert soon(lambda: _reaches(log, fold, now))


def _reaches(log: RequestLog, fold: Folds, instant: datetime) -> bool:
    fold.step()
    log.mirror.sync()
    as_of = log.health().as_of
    return as_of is not None and as_of > instant.timestamp() * 10**6


def test_the_lock_of_a_process_that_died_is_free(store_url: str, tmp_path: Path) -> None:
    folded(store_url, a_request(1))
    log_at(store_url, tmp_path / "cache").mirror.sync()
    (lock,) = tmp_path.rglob("lock")
    script = "import fcntl, os, sys; f = open(sys.argv[1]); fcntl.flock(f, fcntl.LOCK_EX); os._exit(9)"
    subprocess.run([sys.executable, "-c", script, str(lock)], check=False, timeout=60)
    for path in files(tmp_path):
        path.unlink()
    assert len(rows(log_at(store_url, tmp_path / "cache"))) == 1
    assert os.path.exists(lock)
