"""What the collector samples: hosts and their control groups, stores, their keys and slow commands, a proxy's life."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import redis

from helix_dash.errors import SourceError
from helix_dash.samples.answers import Answer, answers, keep
from helix_dash.samples.reader import SampleReader
from helix_dash.samples.writer import SampleWriter
from helix_dash.settings import load
from helix_dash.sources import host, keyspace, redis_commands, redis_server, system
from helix_dash.sources.cgroup import Group, group
from helix_dash.sources.keyspace import Sampler
from helix_dash.sources.liveliness import Liveliness
from helix_dash.sources.polling import Poller, Question, Told
from helix_dash.store import connect
from helix_dash.vitals.pulse import Beat, Pulse, Report
from helix_dash.vitals.services import read


@pytest.fixture
def store(store_url: str) -> redis.Redis:
    return connect(store_url)


# --- hosts ---------------------------------------------------------------------------------------------------


def files(root: Path, told: dict[str, str]) -> None:
    for name, text in told.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_the_tightest_limit_of_a_control_group_counts(tmp_path: Path) -> None:
    """H6.1: version 2, a limit of the service inside a looser one of its slice."""
    root = tmp_path / "cg"
    files(root, {
        "cgroup.controllers": "cpu memory", "memory.max": "max", "slice/memory.max": "4000", "slice/one/memory.max": "1000",
        "slice/one/memory.current": "700", "slice/one/memory.stat": "anon 500\ninactive_file 200\n", "slice/cpu.max": "150000 100000",
        "slice/one/cpu.max": "max 100000", "slice/cpu.stat": "usage_usec 2500000\n",
    })  # fmt: skip
    files(tmp_path, {"own": "0::/slice/one\n"})
    assert group(root, tmp_path / "own") == Group(1000, 500, 1.5, 2.5)


def test_the_first_version_of_control_groups_is_read_too(tmp_path: Path) -> None:
    root = tmp_path / "cg"
    files(root, {
        "memory/a/memory.limit_in_bytes": "2000", "memory/a/memory.usage_in_bytes": "900", "memory/a/memory.stat": "total_inactive_file 100\n",
        "memory/memory.limit_in_bytes": "9223372036854771712", "cpu/cpu.cfs_quota_us": "-1", "cpu/a/cpu.cfs_quota_us": "50000",
        "cpu/a/cpu.cfs_period_us": "100000", "cpuacct/a/cpuacct.usage": "3000000000",
    })  # fmt: skip
    files(tmp_path, {"own": "4:memory:/a\n1:cpu,cpuacct:/a\n"})
    assert group(root, tmp_path / "own") == Group(2000, 800, 0.5, 3)


@pytest.mark.parametrize("text", ["", "nonsense", "4:memory:/../../etc\n0::/x"])
def test_without_limits_nothing_is_known_of_them(tmp_path: Path, text: str) -> None:
    files(tmp_path, {"own": text, "cg/memory/memory.limit_in_bytes": "NaN"})
    assert group(tmp_path / "cg", tmp_path / "own") == Group()


def test_a_host_tells_processor_memory_disks_and_network(tmp_path: Path) -> None:
    """H6.1, H10."""
    told = host.sample((tmp_path,), Group)
    assert told.numbers is not None
    assert {"cpu_busy", "cpu_whole"} <= set(told.numbers.counters)
    gauges = told.numbers.gauges
    assert 0 < gauges["memory_used"] < gauges["memory_total"]
    assert all(0 < gauges[f"disk_used|{disk}"] <= gauges[f"disk_total|{disk}"] for disk in told.body["disks"])


def test_a_container_is_measured_by_its_own_limits() -> None:
    told = host.sample((), lambda: Group(1000, 400, 0.5, 20.0), clock=lambda: 100.0)
    assert told.numbers is not None
    assert (told.numbers.gauges["memory_total"], told.numbers.gauges["memory_used"]) == (1000, 400)
    assert (told.numbers.counters["cpu_busy"], told.numbers.counters["cpu_whole"]) == (20, 50)
    assert told.body["limited"] == ["cpu", "memory"]


def test_every_host_keeps_its_own_answer(store: redis.Redis, store_url: str) -> None:
    """Issue E: every host and container that runs a collector, under one lease each."""
    for name in ("one", "two"):
        poller = Poller(
            "host",
            [Question(name, 10, lambda: Told({}))],
            store,
            SampleWriter(store_url),
            duty=f"host.{name}",
        )
        poller.step()
        poller._sweep()
    assert set(answers(store, "host")) == {"one", "two"}


# --- commands and keys ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ((b"SET", b"helix:spend:user:alice", b"secret"), "set helix:spend:* +1 argument"),
        ((b"GET", b"alice@example.com"), "get (no prefix)"),
        ((b"CONFIG", b"SET", b"requirepass", b"hunter2"), "config set +2 arguments"),
        ((b"AUTH", b"hunter2"), "auth +1 argument"),
        ((b"EVAL", b"return secret", b"0"), "eval (a script) +1 argument"),
        ((b"HSET", b"helixdash:{0}:rows:0123abcd", b"a", b"b"), "hset helixdash:{0}:rows:* +2 arguments"),
        ((b"GET", b"\xff\xfe"), "get (binary)"),
        ((), "unknown"),
    ],
)
def test_a_slow_command_is_told_without_what_it_carried(words: tuple[bytes, ...], shown: str) -> None:
    """T45."""
    assert redis_commands.masked(words) == shown


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        (b"helix:exact:9f86d081884c7d65", "helix:exact:*"),
        (b"helix:requests:total", "helix:requests:*"),
        (b"9f86d081:x", "(no prefix)"),
        (b"helixdash:{app}:users", "helixdash:{app}:users"),
        (b"session", "(no prefix)"),
    ],
)
def test_keys_are_told_by_the_beginning_of_their_names(key: bytes, shown: str) -> None:
    assert redis_commands.prefix(key) == shown


def test_a_small_key_space_is_told_exactly(store: redis.Redis) -> None:
    """H6.2: with TTL coverage."""
    for number in range(20):
        store.set(f"helix:exact:{number:016x}", "x" * 100, ex=60 if number < 5 else None)
    store.set("helix:spend:total", "1")
    body = Sampler(lambda: store).ask().body
    assert (body["exact"], body["keys"]) == (True, 21)
    first = body["prefixes"][0]
    assert (first["prefix"], first["keys"], first["expiring"]) == ("helix:exact:*", 20, 0.25)
    assert first["bytes"] >= 2000


def test_a_large_key_space_is_estimated_from_a_bounded_sample(store: redis.Redis) -> None:
    """Issue E, 3: nothing grows with the number of keys."""
    pipe = store.pipeline(transaction=False)
    for number in range(100_000):
        pipe.set(f"helix:{'exact' if number % 4 else 'vector'}:{number:016x}", "x")
    pipe.execute()
    sampler = Sampler(lambda: store)
    before = store.info("stats")["total_commands_processed"]
    body = sampler.ask().body
    spent = store.info("stats")["total_commands_processed"] - before
    assert spent < 3 * keyspace.PAGES * keyspace.COUNT
    keys = {row["prefix"]: row["keys"] for row in body["prefixes"]}
    assert (body["exact"], keys["helix:exact:*"]) == (False, pytest.approx(75_000, rel=0.15))


# --- stores --------------------------------------------------------------------------------------------------


def test_a_store_tells_all_of_itself_in_one_round_trip(store: redis.Redis) -> None:
    """H6.2."""
    store.set("a", "b")
    store.get("a")
    store.get("none")
    before = store.info("commandstats")
    told = redis_server.server(store)
    after = store.info("commandstats")
    assert after["cmdstat_slowlog|get"]["calls"] - before.get("cmdstat_slowlog|get", {}).get("calls", 0) == 1
    assert told.numbers is not None
    counters, gauges = told.numbers.counters, told.numbers.gauges
    assert (counters["hits"], counters["misses"], gauges["keys"]) == (1, 1, 1)
    assert sum(count for name, count in counters.items() if name.startswith("latency|")) > 0
    assert {"memory", "clients", "clients_limit"} <= set(gauges)
    assert told.body["facts"]["role"] == "master"
    assert told.body["missing"] == []


def test_the_latency_histogram_counts_each_command_once(store: redis.Redis) -> None:
    store.config_resetstat()
    for _ in range(40):
        store.get("x")
    told = redis_server.server(store)
    assert told.numbers is not None
    counted = sum(count for name, count in told.numbers.counters.items() if name.startswith("latency|"))
    assert 40 <= counted <= 50


def test_what_may_not_be_asked_is_named(store: redis.Redis, store_url: str) -> None:
    """Fault 14: a hosted store refuses some commands."""
    store.acl_setuser(
        "poor", enabled=True, nopass=True, keys=["*"], commands=["+@all", "-slowlog", "-config", "-latency"]
    )
    poor: Any = connect(store_url)
    poor.connection_pool.connection_kwargs |= {"username": "poor", "password": "x"}
    told = redis_server.server(poor)
    assert told.body["missing"] == [
        "latency histograms",
        "latency spikes",
        "the slow log",
        "from when on a command is slow",
    ]


def test_a_store_that_is_away_is_a_source_that_does_not_answer(tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        redis_server.server(connect(f"unix://{tmp_path}/none.sock"))


@pytest.mark.parametrize("odd", [None, 5, "x", [1], {"a": 1}, [[1, 2]], {"histogram_usec": {"x": "NaN"}}])
def test_answers_of_any_shape_are_survived(odd: object) -> None:
    """Poisoned values: what cannot be read is left out."""
    assert redis_server._slow(odd) == []
    assert redis_server._latency({"get": odd}) == {}
    assert redis_server._spikes(odd) == []
    assert redis_server._threshold(odd) is None


# --- services and our own counts -----------------------------------------------------------------------------


def answering(status: int) -> Liveliness:
    return Liveliness(
        "http://proxy",
        httpx.MockTransport(
            lambda asked: httpx.Response(status if asked.url.path == "/health/liveliness" else 404)
        ),
    )


def test_a_proxy_lives_when_it_answers_200() -> None:
    """H6.3."""
    assert answering(200).ask().body == {"status": 200}
    with pytest.raises(SourceError, match="503"):
        answering(503).ask()


def test_a_proxy_that_cannot_be_reached_says_so_without_its_address() -> None:
    def refuse(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("http://user:hunter2@proxy")

    with pytest.raises(SourceError) as told:
        Liveliness("http://proxy", httpx.MockTransport(refuse)).ask()
    assert (told.value.reason, "hunter2" in str(told.value)) == ("unreachable", False)


def test_services_are_kept_as_series_with_since_when(store: redis.Redis, store_url: str) -> None:
    """H6.3: the state timeline."""
    Pulse(store_url, "collector").beat()
    writer = SampleWriter(store_url)
    settings = load({"REDIS_URL": store_url, "LITELLM_URL": "http://127.0.0.1:1"})
    clock = [0.0]
    poller = Poller(
        "system", system.questions(settings, store, writer.now), store, writer, clock=lambda: clock[0]
    )
    poller.step()
    first = {one.key: one for one in read(answers(store, "system")["services"].body)}
    clock[0] += 10
    poller.step()
    found = {one.key: one for one in read(answers(store, "system")["services"].body)}
    assert (found["store"].state, found["litellm"].state) == ("up", "down")
    collector = next(key for key in found if key.startswith("collector@"))
    assert found[collector].since == first[collector].since
    now = writer.now()
    frames = SampleReader(store).read("system.services", now - 60 * 10**6, now + 10**6, now)
    assert (frames.latest("state|LiteLLM"), frames.latest("state|Collector")) == (2, 0)


@pytest.mark.parametrize(
    ("policy", "limit", "state", "words"),
    [
        ("noeviction", 0, "up", "primary"),
        ("noeviction", 200_000_000, "up", "primary"),
        ("noeviction", 1_000, "degraded", "of its memory limit is used"),
        ("allkeys-lru", 200_000_000, "degraded", "may evict the log"),
    ],
)
def test_a_store_that_answers_and_cannot_do_its_work_is_degraded(
    store: redis.Redis, store_url: str, policy: str, limit: int, state: str, words: str
) -> None:
    """Faults 9 and 10: a full store, and one that may evict."""
    store.config_set("maxmemory-policy", policy)
    store.config_set("maxmemory", limit)
    told = redis_server.server(store)
    store.config_set("maxmemory", 0)
    writer = SampleWriter(store_url)
    at = writer.now()
    keep(store, "system", "store", Answer(at, at, told.body))
    found = system.Services(load({"REDIS_URL": store_url}), store, writer.now).ask().body["services"]
    one = next(one for one in found if one.key == "store")
    assert (one.state, words in one.message) == (state, True)


def test_after_a_pause_of_all_collectors_nothing_is_carried_on(store: redis.Redis, store_url: str) -> None:
    """Nobody knows what happened meanwhile."""
    writer = SampleWriter(store_url)
    settings = load({"REDIS_URL": store_url})
    past = {"services": [{"key": "store", "title": "Store", "state": "up", "since": 5}]}
    redis_answered = Answer(writer.now(), writer.now(), {})
    keep(store, "system", "store", redis_answered)

    def since(ago: int) -> int | None:
        keep(store, "system", "services", Answer(writer.now() - ago, writer.now() - ago, past))
        told = system.Services(settings, store, writer.now).ask().body["services"]
        return next(one.since for one in told if one.key == "store")

    assert since(10 * 10**6) == 5
    assert since(100 * 10**6) != 5


def test_callback_times_of_all_workers_are_added_up_once(
    store: redis.Redis, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F13: one command per worker and tick, whatever the number of requests."""
    monkeypatch.setattr(system, "_FRESH", -1.0)
    writer = SampleWriter(store_url)
    counts = {"a": 10.0, "b": 100.0}
    workers = {
        name: Pulse(store_url, "web", lambda name=name: Report({"call:overview-fill|20": counts[name]}))
        for name in counts
    }
    clock = [0.0]
    poller = Poller(
        "system",
        system.questions(load({"REDIS_URL": store_url}), store, writer.now),
        store,
        writer,
        clock=lambda: clock[0],
    )
    for _ in range(2):
        for worker in workers.values():
            worker.beat()
        poller.step()
        counts = {name: count + 5 for name, count in counts.items()}
        clock[0] += 20
    now = writer.now()
    frames = SampleReader(store).read("system.calls", now - 60 * 10**6, now + 10**6, now)
    assert frames.total("overview-fill|20") == 10


def test_a_service_of_a_former_version_is_left_out() -> None:
    assert read({"services": [{"key": 3}, msgspec.to_builtins(Beat("a", "b", 1, 1, 1, 1)), None]}) == []
