"""The duty that asks: one failing question stops no other, and is asked ever more rarely."""

from __future__ import annotations

import threading
import time
from itertools import pairwise

import pytest
import redis

from helix_dash.errors import SourceError
from helix_dash.samples.answers import answers
from helix_dash.samples.reader import SampleReader
from helix_dash.samples.writer import SampleWriter
from helix_dash.sources.fakeai.mock import MockFakeAI
from helix_dash.sources.fakeai.questions import SOURCE, questions
from helix_dash.sources.polling import RAREST, Numbers, Poller, Question, Told
from helix_dash.store import connect


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def store(store_url: str) -> redis.Redis:
    return connect(store_url)


def poller(store_url: str, clock: Clock, *asked: Question) -> Poller:
    return Poller("s", asked, connect(store_url), SampleWriter(store_url), clock=clock)


def failing() -> Told:
    raise SourceError("status", "HTTP 500.", 500)


def test_a_failing_question_stops_no_other(store_url: str, store: redis.Redis) -> None:
    one = poller(
        store_url,
        Clock(),
        Question("bad", 10, failing),
        Question("good", 10, lambda: Told({"n": 1}, Numbers({"n": 1}))),
    )
    one.step()
    found = answers(store, "s")
    assert (found["bad"].reason, found["good"].body) == ("status", {"n": 1})


def test_an_answer_that_nobody_foresaw_stops_nothing(store_url: str, store: redis.Redis) -> None:
    """The fold lives in the same process."""

    def odd() -> Told:
        raise KeyError("a member that was always there")

    poller(store_url, Clock(), Question("odd", 10, odd), Question("good", 10, lambda: Told(1))).step()
    found = answers(store, "s")
    assert (found["odd"].reason, found["good"].body) == ("unreadable", 1)


def test_a_question_is_asked_once_per_interval(store_url: str) -> None:
    clock, asked = Clock(), []
    one = poller(store_url, clock, Question("q", 10, lambda: Told(asked.append(1))))
    for moment in (0, 1, 9, 10, 19, 20):
        clock.now = moment
        one.step()
    assert len(asked) == 3


def test_a_question_that_goes_on_failing_is_asked_ever_more_rarely_but_never_given_up(store_url: str) -> None:
    clock, at = Clock(), []

    def ask() -> Told:
        at.append(clock.now)
        return failing()

    one = poller(store_url, clock, Question("q", 10, ask))
    for moment in range(3000):
        clock.now = moment
        one.step()
    pauses = [later - earlier for earlier, later in pairwise(at)]
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (20, RAREST)


def test_once_it_answers_it_is_asked_as_often_as_before(store_url: str) -> None:
    clock, at, well = Clock(), [], False

    def ask() -> Told:
        at.append(clock.now)
        return Told(1) if well else failing()

    one = poller(store_url, clock, Question("q", 10, ask))
    for moment in range(200):
        well, clock.now = moment > 60, moment
        one.step()
    assert [later - earlier for earlier, later in pairwise(at)][-3:] == [10, 10, 10]


def test_the_mock_through_the_poller_fills_series_that_are_marked(store_url: str, store: redis.Redis) -> None:
    """C2: what a mock said is labelled wherever it goes."""
    moment = [1_795_348_800.0]
    mock, clock = MockFakeAI(moment[0] - 3600, clock=lambda: moment[0]), Clock()
    writer = SampleWriter(store_url)
    one = Poller(SOURCE, questions(mock, {"team-a": "sk-team-a"}), store, writer, mock=True, clock=clock)
    for _ in range(3):
        one.step()
        clock.now += 60
        moment[0] += 60
    found = answers(store, SOURCE)
    assert all(answer.mock for answer in found.values())
    now = writer.now()
    series = SampleReader(store).read("fakeai.kv_cache", now - 60_000_000, now, now)
    assert (series.total("tokens_processed") or 0) > 0
    assert "sk-team-a" not in repr(found)


def test_of_two_collectors_one_asks(store_url: str) -> None:
    asked: list[int] = []
    stop = threading.Event()
    two = [
        Poller(
            "s",
            [Question("q", 0.1, lambda number=number: Told(asked.append(number)))],
            connect(store_url),
            SampleWriter(store_url),
        )
        for number in (1, 2)
    ]
    threads = [threading.Thread(target=one.run, args=(stop,)) for one in two]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 30
    while len(asked) < 5 and time.monotonic() < deadline:
        time.sleep(0.05)
    stop.set()
    for thread in threads:
        thread.join(30)
    assert len(asked) >= 5
    assert len(set(asked)) == 1
