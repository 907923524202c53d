"""How the dashboard spares the store and itself: the rule, and what feeds it."""

from __future__ import annotations

import time

import pytest

from helix_dash.embedded import EmbeddedStore
from helix_dash.metrics import pace
from helix_dash.metrics.pace import MOST, SHARE, SLOW_MS, WINDOW, Load, Pace, after, trouble
from helix_dash.store import SPENT, Spent, connect

WELL = Load(busy=0.1, store_ms=2.0)
SLOW = Load(busy=0.1, store_ms=SLOW_MS + 1)
BUSY = Load(busy=SHARE + 0.01, store_ms=2.0)


@pytest.mark.parametrize("load", [SLOW, BUSY])
def test_pages_wait_twice_as_long_at_each_look_up_to_a_bound(load: Load) -> None:
    """X8."""
    factors = [1]
    for _ in range(6):
        factors.append(after(factors[-1], load))
    assert factors == [1, 2, 4, 8, 16, MOST, MOST]


def test_when_all_is_well_they_go_back_step_by_step() -> None:
    assert [after(factor, WELL) for factor in (16, 8, 4, 2, 1)] == [8, 4, 2, 1, 1]


@pytest.mark.parametrize("load", [Load(SHARE * 0.7, 2.0), Load(0.1, SLOW_MS * 0.7)])
def test_they_do_not_go_back_to_what_would_be_too_much_again(load: Load) -> None:
    assert trouble(load) == ""
    assert [after(factor, load) for factor in (1, 2, 8)] == [1, 2, 8]


def test_a_store_that_was_hardly_asked_is_not_judged() -> None:
    assert after(1, Load(0.1, None)) == 1
    assert after(2, Load(0.1, None)) == 1


def test_the_reason_names_what_is_slow_with_its_figure() -> None:
    assert "101 ms" in trouble(SLOW)
    assert "76%" in trouble(BUSY)
    assert trouble(WELL) == ""


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def spent(monkeypatch: pytest.MonkeyPatch) -> Spent:
    found = Spent()
    monkeypatch.setattr(pace, "SPENT", found)
    return found


def test_a_worker_looks_once_in_a_window(spent: Spent) -> None:
    clock = Clock()
    one = Pace(clock)
    one.answered(WINDOW)
    assert one.now() == (1, "")
    clock.now += WINDOW
    assert one.now()[0] == 2
    assert one.now()[0] == 2
    clock.now += WINDOW
    factor, why = one.now()
    assert (factor, why) == (1, "")


def test_while_it_goes_back_the_reason_stays(spent: Spent) -> None:
    clock = Clock()
    one = Pace(clock)
    for _ in range(2):
        one.answered(WINDOW)
        clock.now += WINDOW
        one.now()
    clock.now += WINDOW
    factor, why = one.now()
    assert factor == 2
    assert "busy" in why


def test_slow_answers_of_the_store_count_those_of_the_window(spent: Spent) -> None:
    began = time.monotonic()
    clock = Clock()
    clock.now = began
    one = Pace(clock)
    for number in range(40):
        spent.took(0.5 if number >= 36 else 0.001)
    clock.now += WINDOW
    factor, why = one.now()
    assert factor == 2
    assert "500 ms" in why
    clock.now += WINDOW
    assert one.now()[0] == 1  # it was hardly asked since


def test_each_round_trip_is_timed_once(store_server: EmbeddedStore) -> None:
    with connect(store_server.url) as client:
        client.ping()
        began = time.monotonic()
        client.get("{app}a")
        pipe = client.pipeline(transaction=False)
        for number in range(10):
            pipe.get(f"{{app}}{number}")
        pipe.execute()
        times = SPENT.times(began)
    assert 2 <= len(times) < 10  # threads of other tests may ask, too
    assert all(0 < one < 60 for one in times)
