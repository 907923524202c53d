"""Series of samples in a real store: exact sums, gaps, bounded reads, two writers."""

from __future__ import annotations

import math

import pytest
import redis

from helix_dash.errors import StoreUnavailable
from helix_dash.samples import answers
from helix_dash.samples.answers import Answer
from helix_dash.samples.keys import RESOLUTIONS, frames_key
from helix_dash.samples.reader import SampleReader, resolution_for
from helix_dash.samples.writer import FOLDED, MOST_NAMES, SampleWriter
from helix_dash.store import connect

SECOND = 1_000_000
MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86_400 * SECOND
T = 1_795_305_600 * SECOND  # 2026-11-22 00:00 UTC


@pytest.fixture
def store(store_url: str) -> redis.Redis:
    return connect(store_url)


@pytest.fixture
def writer(store_url: str) -> SampleWriter:
    return SampleWriter(store_url)


def test_the_parts_of_a_counter_sum_to_its_growth(store: redis.Redis, writer: SampleWriter) -> None:
    for index in range(30):
        writer.record("s", T + index * 10 * SECOND, {"hits": index * index})
    found = SampleReader(store).read("s", T, T + 5 * MINUTE, T + 5 * MINUTE)
    assert (found.step, found.total("hits")) == (10 * SECOND, 29 * 29)


def test_every_grain_tells_the_same_sum(store: redis.Redis, writer: SampleWriter) -> None:
    for index in range(200):
        writer.record("s", T + index * 10 * SECOND, {"hits": index * 3})
    reader, now = SampleReader(store), T + 2000 * SECOND
    totals = {
        most: reader.read("s", T, T + 40 * MINUTE, now, most).total("hits") for most in (1000, 100, 10, 2)
    }
    assert set(totals.values()) == {199 * 3}


def test_a_frame_in_which_nobody_looked_is_a_gap_not_a_zero(store: redis.Redis, writer: SampleWriter) -> None:
    for second in (0, 10, 20, 60, 70):
        writer.record("s", T + second * SECOND, {"hits": second})
    found = SampleReader(store).read("s", T, T + 80 * SECOND, T + 80 * SECOND)
    assert found.grown("hits") == [None, 10, 10, None, None, None, 40, 10]


def test_a_rate_after_a_pause_runs_over_the_whole_pause(store: redis.Redis, writer: SampleWriter) -> None:
    writer.record("s", T, {"hits": 0})
    writer.record("s", T + HOUR, {"hits": 3600})
    found = SampleReader(store).read("s", T + HOUR, T + HOUR + 10 * SECOND, T + HOUR + 10 * SECOND)
    assert found.rate("hits") == [1.0]


def test_a_sample_not_younger_than_the_last_changes_nothing(store: redis.Redis, writer: SampleWriter) -> None:
    writer.record("s", T, {"hits": 0})
    assert writer.record("s", T + 10 * SECOND, {"hits": 5})
    assert not writer.record("s", T + 10 * SECOND, {"hits": 9})
    assert not writer.record("s", T + 5 * SECOND, {"hits": 9})
    assert SampleReader(store).read("s", T, T + MINUTE, T + MINUTE).total("hits") == 5


def test_two_collectors_do_not_count_the_same_growth_twice(store_url: str, store: redis.Redis) -> None:
    one, other = SampleWriter(store_url), SampleWriter(store_url)
    for index in range(20):
        (one if index % 2 else other).record("s", T + index * SECOND, {"hits": index})
        (other if index % 2 else one).record("s", T + index * SECOND, {"hits": index})
    assert SampleReader(store).read("s", T, T + MINUTE, T + MINUTE).total("hits") == 19


def test_what_is_not_finite_is_left_out(store: redis.Redis, writer: SampleWriter) -> None:
    writer.record("s", T, {"hits": 1, "bad": math.nan}, {"usage": math.inf, "queue": 2})
    found = SampleReader(store).read("s", T, T + SECOND, T + SECOND)
    assert found.names() == ["queue"]


def test_too_many_numbers_are_counted_not_kept(store: redis.Redis, writer: SampleWriter) -> None:
    writer.record("s", T, {}, {f"g{index:04}": 1.0 for index in range(MOST_NAMES + 7)})
    found = SampleReader(store).read("s", T, T + SECOND, T + SECOND)
    assert (found.latest(FOLDED), len(found.names())) == (7, MOST_NAMES + 1)


def test_a_read_is_one_command_whatever_the_period(store: redis.Redis, writer: SampleWriter) -> None:
    writer.record("s", T, {"hits": 1})
    reader = SampleReader(store)
    for period in (HOUR, DAY, 30 * DAY, 400 * DAY):
        before = store.info("commandstats").get("cmdstat_hmget", {}).get("calls", 0)  # type: ignore[union-attr]
        found = reader.read("s", T - period, T, T)
        after = store.info("commandstats")["cmdstat_hmget"]["calls"]  # type: ignore[index]
        assert after - before == 1
        assert len(found.starts) <= 400


@pytest.mark.parametrize(
    ("back", "step"),
    [(HOUR, 10 * SECOND), (6 * HOUR, MINUTE), (2 * DAY, 900 * SECOND), (30 * DAY, 6 * HOUR), (300 * DAY, 6 * HOUR)],
)  # fmt: skip
def test_the_grain_fits_the_screen_and_reaches_back_far_enough(back: int, step: int) -> None:
    assert resolution_for(T - back, T, T, 400).step == step


def test_frames_that_outlived_their_time_are_swept(store: redis.Redis, writer: SampleWriter) -> None:
    writer.record("s", T, {"hits": 1})
    writer.record("s", T + 40 * DAY, {"hits": 2})
    writer.sweep("s", T + 40 * DAY)
    left = {resolution.name: store.hlen(frames_key("s", resolution)) for resolution in RESOLUTIONS}
    assert left == {"10s": 1, "60s": 1, "900s": 1, "21600s": 2}


def test_a_failing_source_keeps_what_it_said_before_with_the_reason(store: redis.Redis) -> None:
    answers.keep(store, "f", "kv", Answer(T, T, {"hits": 1}, took_ms=2.0))
    answers.keep(store, "f", "kv", Answer(T + 1, error="HTTP 500.", reason="status"))
    answers.keep(store, "f", "kv", Answer(T + 2, error="HTTP 500.", reason="status"))
    found = answers.answers(store, "f")["kv"]
    assert (found.ok, found.body, found.answered, found.failing_since) == (False, {"hits": 1}, T, T + 1)


def test_a_source_that_answers_again_is_well_again(store: redis.Redis) -> None:
    answers.keep(store, "f", "kv", Answer(T, error="no", reason="timeout"))
    answers.keep(store, "f", "kv", Answer(T + 1, T + 1, {"hits": 2}))
    found = answers.answers(store, "f")["kv"]
    assert (found.ok, found.error, found.failing_since) == (True, "", None)


def test_without_a_store_reading_says_so() -> None:
    with pytest.raises(StoreUnavailable):
        SampleReader(connect("redis://127.0.0.1:1/0")).read("s", T, T + SECOND, T)
