"""Signs of life, durations, log lines and what browsers report: counted in memory, kept in a real store."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Iterator

import msgspec
import pytest
import redis

from helix_dash.embedded import EmbeddedStore
from helix_dash.metrics import trust
from helix_dash.samples.answers import Answer
from helix_dash.store import SPENT, connect
from helix_dash.vitals import services, visits
from helix_dash.vitals.histogram import OTHERS, Histograms, by_name, quantiles
from helix_dash.vitals.keys import BEATS, LINES, VISIT
from helix_dash.vitals.lines import KEPT, MOST_WAITING, LineHandler, LineTail
from helix_dash.vitals.masking import masked, template
from helix_dash.vitals.merged import Merged
from helix_dash.vitals.pulse import LEASE, Beat, Pulse, Report, beats
from helix_dash.vitals.visits import LONGEST_BODY, PER_MINUTE, NoVisit, Visits

NOW = 1_795_305_600 * 10**6
SECOND = 10**6


@pytest.fixture
def store(store_url: str) -> redis.Redis:
    return connect(store_url)


# --- durations -----------------------------------------------------------------------------------------------


def test_percentiles_lie_within_the_stretch_that_holds_them() -> None:
    told = Histograms()
    for milliseconds in range(1, 101):
        told.add("a", milliseconds)
    counts = by_name(told.counters("call"), "call")["a"]
    p50, p95 = quantiles(counts, (50, 95))
    assert 30 < (p50 or 0) <= 70
    assert 70 < (p95 or 0) <= 100


@pytest.mark.parametrize("odd", [math.nan, math.inf, -1.0])
def test_what_is_no_length_of_time_is_not_counted(odd: float) -> None:
    told = Histograms()
    told.add("a", odd)
    assert told.counters("call") == {}


def test_names_beyond_the_most_are_counted_together() -> None:
    told = Histograms(most=2)
    for name in "abcd":
        told.add(name, 5)
    assert set(by_name(told.counters("call"), "call")) == {"a", "b", OTHERS}


def test_without_counts_no_percentile_is_known() -> None:
    assert quantiles({}, (50,)) == [None]


def test_a_process_that_begins_again_takes_nothing_away() -> None:
    """Counters of single processes end with them; their sum only grows."""
    merged = Merged()

    def one(process: int, count: float) -> Beat:
        return Beat("web", "h", process, NOW + process, NOW, NOW, counters={"n": count})

    assert merged.add([one(1, 100)]) == {}  # what was counted before anybody looked may be counted already
    assert merged.add([one(1, 105)]) == {"n": 5}
    assert merged.add([one(2, 3)]) == {"n": 8}
    assert merged.add([one(2, 3), one(1, 107)]) == {"n": 115}


# --- signs of life -------------------------------------------------------------------------------------------


def test_a_beat_says_what_the_process_spent(store: redis.Redis, store_url: str) -> None:
    """X8: what we cost the store is counted where commands are sent."""
    pulse = Pulse(store_url, "web", lambda: Report({"call:x|5": 2.0}, {"mirror_age": 1.5}))
    pulse.beat()
    ((found,), rejected) = beats(store)
    assert rejected == 0
    assert (found.counters["call:x|5"], found.gauges["mirror_age"]) == (2, 1.5)
    assert found.counters["store_commands"] >= 1
    assert found.gauges["memory"] > 0


def test_commands_and_round_trips_are_counted(store: redis.Redis) -> None:
    store.ping()
    commands, trips = SPENT.commands, SPENT.trips
    pipe = store.pipeline(transaction=False)
    for number in range(5):
        pipe.get(f"k{number}")
    pipe.execute()
    store.get("k")
    assert (SPENT.commands - commands, SPENT.trips - trips) == (6, 2)


def test_who_stops_on_purpose_is_gone_and_not_down(store: redis.Redis, store_url: str) -> None:
    pulse = Pulse(store_url, "collector")
    pulse.start()
    _until(lambda: bool(beats(store)[0]))
    pulse.stop()
    assert beats(store)[0] == []


def test_who_falls_silent_is_down_when_its_lease_has_passed() -> None:
    beat = Beat("collector", "h", 1, NOW - 60 * SECOND, NOW, NOW)
    alive = services.of_processes([beat], NOW + int((LEASE - 1) * SECOND))
    dead = services.of_processes([beat], NOW + int((LEASE + 1) * SECOND))
    assert [one.state for one in alive] == ["up"]
    assert [(one.state, one.since) for one in dead] == [("down", NOW)]


def test_a_worker_that_died_beside_others_is_worth_a_word_until_another_takes_its_place() -> None:
    living = Beat("web", "h", 1, NOW - 900 * SECOND, NOW, NOW)
    dead = Beat("web", "h", 2, NOW - 900 * SECOND, NOW - 60 * SECOND, NOW)
    assert services.of_processes([living, dead], NOW)[0].state == "degraded"
    heir = Beat("web", "h", 3, NOW - 50 * SECOND, NOW, NOW)
    assert services.of_processes([living, dead, heir], NOW)[0].state == "up"


def test_an_old_copy_of_the_log_is_told() -> None:
    beat = Beat("web", "h", 1, NOW, NOW, NOW, gauges={"mirror_age": 45.0})
    copy = next(one for one in services.of_processes([beat], NOW) if one.key.startswith("mirror"))
    assert (copy.state, copy.since) == ("degraded", NOW - 45 * SECOND)


def test_hosts_are_told_apart_when_there_are_several() -> None:
    two = [Beat("collector", host, 1, NOW, NOW, NOW) for host in ("a", "b")]
    assert [one.title for one in services.of_processes(two, NOW)] == ["Collector on a", "Collector on b"]


def test_what_is_no_beat_is_left_out_and_counted(store: redis.Redis, store_url: str) -> None:
    Pulse(store_url, "web").beat()
    store.hset(BEATS, mapping={"x": b"\xc1", "y": b"", "z": msgspec.msgpack.encode({"kind": 3})})
    found, rejected = beats(store)
    assert (len(found), rejected) == (1, 3)


# --- services ------------------------------------------------------------------------------------------------

WELL = Answer(NOW, NOW, {}, took_ms=3.0)


def test_an_answering_server_is_up_and_a_silent_one_down_since_it_failed() -> None:
    failing = Answer(
        NOW, NOW - 90 * SECOND, error="It is away.", reason="unreachable", failing_since=NOW - 60 * SECOND
    )
    up, down = (services.of_answer("k", "T", one, 10, NOW) for one in (WELL, failing))
    assert (up.state, down.state, down.since, down.message) == (
        "up",
        "down",
        NOW - 60 * SECOND,
        "It is away.",
    )


def test_a_server_that_nobody_asks_is_not_known_to_be_up() -> None:
    assert services.of_answer("k", "T", WELL, 10, NOW + 120 * SECOND).state == "unknown"


def test_a_server_that_answers_some_questions_is_degraded() -> None:
    failing = Answer(NOW, error="No.", reason="status", failing_since=NOW)
    found = services.of_several("k", "T", {"a": WELL, "b": failing}, 10, NOW)
    assert (found.state, found.message) == ("degraded", "No answer about: b.")


def test_since_when_is_carried_on_while_the_state_stays() -> None:
    first = services.carried([services.Service("k", "T", "up")], {}, NOW)
    again = services.carried([services.Service("k", "T", "up")], {"k": first[0]}, NOW + 50)
    gone = services.carried([services.Service("k", "T", "down")], {"k": again[0]}, NOW + 90)
    assert [one[0].since for one in (first, again, gone)] == [NOW, NOW, NOW + 90]


@pytest.mark.parametrize(
    ("silent", "state"), [(1, "up"), (trust.OLD + 1, "degraded"), (trust.VERY_OLD + 1, "down")]
)
def test_the_log_is_late_where_the_trust_bar_says_so(silent: float, state: str) -> None:
    found = services.of_log(NOW - int(silent * SECOND), NOW, 0.5, 3, NOW)
    assert [one.state for one in found] == ["up", state]


def test_a_slow_way_into_the_log_is_told() -> None:
    assert services.of_log(NOW, NOW, trust.SLOW + 1, 3, NOW)[1].state == "degraded"


def test_a_gateway_that_records_nothing_is_not_called_down() -> None:
    """Nobody may have asked it."""
    assert services.of_log(NOW, NOW - 1000 * SECOND, None, 0, NOW)[0].state == "unknown"


# --- log lines -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "redis://user:hunter22@host/0",
        "Authorization: Bearer abcdef1234567",
        "token sk-live-abcdefgh12345",
        "password=hunter22",
        'api_key: "hunter22secret"',
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
        "somebody@example.com",
        "4111 1111 1111 1111",
        "a" * 31 + "b1",
    ],
)
def test_secrets_are_masked(text: str) -> None:
    """Lessons 39: neither secrets nor people in what is shown of a log."""
    shown = masked(text)
    assert "***" in shown
    assert not any(part in shown for part in ("hunter22", "abcdef1234567", "abcdefgh", "example.com", "1111"))


def test_masking_a_hostile_text_takes_no_time() -> None:
    """T50: every repetition is bounded."""
    for text in ("a" * 100_000, "a@" * 50_000, "://" * 30_000, "1 " * 50_000, "password=" * 10_000):
        assert len(masked(text)) <= 4000


def test_messages_of_one_kind_have_one_template() -> None:
    assert template("took 12.5 s for 'a b'") == template("took 3 s for 'c'")


@pytest.fixture
def handler(store_url: str) -> Iterator[tuple[LineHandler, logging.Logger]]:
    one = LineHandler(store_url, "web")
    logger = logging.getLogger("helix_dash.test_of_lines")
    logger.setLevel(logging.INFO)
    logger.addHandler(one)
    yield one, logger
    logger.removeHandler(one)
    one.close()


def test_lines_arrive_masked_with_what_they_have_in_common(
    handler: tuple[LineHandler, logging.Logger], store: redis.Redis
) -> None:
    """H6.4, H15."""
    one, logger = handler
    logger.warning("%s is away: %s", "redis://u:hunter22@h", "timeout")
    try:
        raise ValueError("password=hunter22")
    except ValueError:
        logger.exception("It broke")
    assert one.flush_lines() == 2
    newest, oldest = LineTail(store).lines()
    assert (oldest.level, oldest.like, oldest.source) == ("WARNING", "%s is away: %s", "web")
    assert newest.error == "ValueError: password=***"
    assert "hunter22" not in repr((newest, oldest))


def test_logging_never_raises_and_never_waits(
    handler: tuple[LineHandler, logging.Logger], store_server: EmbeddedStore
) -> None:
    one, logger = handler
    store_server.kill()
    one.emit(logging.LogRecord("x", logging.INFO, "f", 1, "%d", ("no number",), None))
    assert one.lost == 1
    for number in range(MOST_WAITING + 50):
        logger.info("line %s", number)
    assert one.flush_lines() == 0
    assert one.lost == 51
    store_server.start()
    assert one.flush_lines() == MOST_WAITING


def test_the_stream_is_bounded(handler: tuple[LineHandler, logging.Logger], store: redis.Redis) -> None:
    one, logger = handler
    for _ in range(14):
        for number in range(MOST_WAITING):
            logger.info("line %s", number)
        one.flush_lines()
    assert int(store.xlen(LINES)) < KEPT + 500


def test_a_reader_asks_only_for_what_is_new(
    handler: tuple[LineHandler, logging.Logger], store: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("helix_dash.vitals.lines.EVERY", 0.0)
    one, logger = handler
    tail = LineTail(store)
    for number in range(3):
        logger.info("number %s", number)
        one.flush_lines()
        assert tail.lines()[0].message == f"number {number}"
    assert store.info("commandstats")["cmdstat_xrange"]["calls"] == 2


def test_what_is_no_line_is_left_out_and_counted(store: redis.Redis) -> None:
    for value in (b"{}", b"\xff", b"[1]"):
        store.xadd(LINES, {"l": value})
    store.xadd(LINES, {"other": b"x"})
    tail = LineTail(store)
    assert (list(tail.lines()), tail.rejected) == ([], 4)


# --- browsers ------------------------------------------------------------------------------------------------

VISIT_BODY = {
    "page": "/system", "render": [5.0, 8.0], "trip": [30.0], "long": [], "ready": {"first_paint": 300.0}, "memory": 2e7,
    "loaded": [["assets/fill.js", "script", 10, 20, 900]],
}  # fmt: skip


def test_what_a_browser_reports_is_added_up_and_kept_with_the_beat(
    store: redis.Redis, store_url: str
) -> None:
    """F13."""
    taken = Visits()
    taken.take(visits.read(msgspec.json.encode(VISIT_BODY), NOW))
    counters, gauges, packed = taken.told()
    assert by_name(counters, "browser")["render /system"] == {5: 1, 10: 1}
    assert gauges == {"browser_memory": 2e7}
    Pulse(store_url, "web", lambda: Report(visit=packed)).beat()
    kept = visits.decoded(store.get(VISIT))
    assert kept is not None
    assert (kept.page, kept.loaded[0].name) == ("/system", "assets/fill.js")
    assert taken.told()[2] is None  # only a new one goes again


@pytest.mark.parametrize(
    "change",
    [
        {"page": "javascript:x"},
        {"page": "/" + "a" * 60},
        {"render": "x"},
        {"loaded": [["a", "script"]]},
        {"ready": [1]},
    ],
)
def test_a_report_of_another_shape_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(NoVisit):
        visits.read(msgspec.json.encode(VISIT_BODY | change), NOW)


def test_numbers_and_names_of_a_report_are_bounded() -> None:
    body = VISIT_BODY | {
        "render": [-1, 1e9, 4.0], "memory": 1e30, "ready": {"first_paint": -3, "evil": 1},
        "loaded": [["<img src=x>", "script", 1, 2, 3], ["ok.js", "evil", 1, 2, 3], ["ok.js", "script", 5, 1, 3], ["ok.js", "script", 1, 5, 3]],
    }  # fmt: skip
    found = visits.read(msgspec.json.encode(body), NOW)
    assert (found.render, found.memory, found.ready, len(found.loaded)) == ([4.0], None, {}, 1)


def test_a_report_is_of_bounded_length() -> None:
    with pytest.raises(NoVisit):
        visits.read(b" " * (LONGEST_BODY + 1), NOW)


def test_one_asker_may_report_so_often_a_minute() -> None:
    taken = Visits()
    assert [taken.room("a") for _ in range(PER_MINUTE + 1)] == [True] * PER_MINUTE + [False]
    assert taken.room("b")


def test_durations_may_be_added_from_many_threads() -> None:
    told = Histograms()
    threads = [threading.Thread(target=lambda: [told.add("a", 1) for _ in range(1000)]) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sum(by_name(told.counters("x"), "x")["a"].values()) == 4000


def _until(true: Callable[[], bool], patience: float = 30.0) -> None:
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if true():
            return
        time.sleep(0.02)
    raise AssertionError("it never came true")
