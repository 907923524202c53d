"""Simulated gateway traffic, for demonstrations and tests: the same seed, the same traffic.

It goes through the recorder like any other, and each record says ``source="simulated"``. Volume follows days
and weeks of the given zone. On every second day a team's script runs into its rate limits for a quarter of an
hour, and on the days between one provider is slow for an hour.
"""

from __future__ import annotations

import random
import secrets
import threading
import time as clock
from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import accumulate

from helix_dash.errors import StoreUnavailable
from helix_dash.log.recorder import Recorder
from helix_dash.log.schema import RequestRecord
from helix_dash.model import Period, us_from_utc, utc_from_us
from helix_dash.sources.simulator_request import CALM, Mood, draw_request
from helix_dash.sources.simulator_world import World

_SLOT = 5 * 60 * 10**6
"""Microseconds of one step of the rhythm."""

_HOURS = (3, 2, 2, 2, 2, 3, 6, 14, 34, 62, 80, 88, 74, 78, 92, 96, 88, 66, 42, 28, 20, 14, 9, 5)
"""Volume at the beginning of each hour of a working day, relative."""
_WEEKDAYS = (0.95, 1.05, 1.1, 1.05, 0.9, 0.3, 0.25)
_STORMY_TEAMS = ("research", "platform", "analytics")
_SLOW_PROVIDERS = ("anthropic", "openai", "vertex_ai")
_PATIENCE = 60.0


class Traffic:
    """A stream of requests that follows from its seed.

    Args:
        seed: decides people, favourites and every single request.
        zone: whose days and nights the volume follows.
    """

    def __init__(self, seed: int = 0, zone: tzinfo = UTC) -> None:
        self.seed = seed
        self._zone = zone
        self._world = World(seed)
        self._draw = random.Random()  # noqa: S311 - nothing here is a secret
        self._slot = -1
        self._mood = CALM

    def request(self, number: int, time: datetime, run: int) -> RequestRecord:
        """The ``number``-th request, ended at ``time``.

        Args:
            number: which of the seed's requests; all but its time and ids depends on it and the moment's mood.
            time: when it ends.
            run: 64 bits that tell this run's call ids from those of other runs, which would else be doubles.
        """
        draw = self._draw
        draw.seed((self.seed << 48) + number)
        mood = self.mood(us_from_utc(time))
        if mood.storm_team and draw.random() < 0.6:
            person = self._world.teams[mood.storm_team][0]
        else:
            person = draw.choices(self._world.people, cum_weights=self._world.cumulative)[0]
        record = draw_request(draw, self._world, person, mood, time)
        call = f"{run:016x}{number:016x}"
        record.call_id = f"{call[:8]}-{call[8:12]}-{call[12:16]}-{call[16:20]}-{call[20:]}"
        record.trace_id = call[::-1]
        return record

    def between(self, start: datetime, end: datetime, count: int) -> Iterator[RequestRecord]:
        """Exactly ``count`` requests with times in [start, end), in order of time."""
        run, moments = self._drawn(start, end, count)
        for number, moment in enumerate(moments):
            yield self.request(number, utc_from_us(moment), run)

    def days_back(
        self, start: datetime, end: datetime, count: int
    ) -> Iterator[tuple[Period, Iterator[RequestRecord]]]:
        """The same requests by stretches of 24 hours back from ``end``, each stretch in order of time."""
        run, moments = self._drawn(start, end, count)
        last = end
        while last > start:
            first = max(start, last - timedelta(days=1))
            numbers = range(*(bisect_left(moments, us_from_utc(edge)) for edge in (first, last)))
            yield (
                Period(first, last),
                (self.request(number, utc_from_us(moments[number]), run) for number in numbers),
            )
            last = first

    def _drawn(self, start: datetime, end: datetime, count: int) -> tuple[int, list[int]]:
        """The run of the requests of a period, and their times in microseconds."""
        draw = random.Random(f"{self.seed} {us_from_utc(start)} {us_from_utc(end)} {count}")  # noqa: S311
        run = draw.getrandbits(64)
        return run, self._moments(draw, us_from_utc(start), us_from_utc(end), count)

    def _moments(self, draw: random.Random, start: int, end: int, count: int) -> list[int]:
        """``count`` sorted times in [start, end), in microseconds, denser where more is going on."""
        slots = range(start, end, _SLOT)
        weights = list(accumulate(self.volume(slot) * (min(slot + _SLOT, end) - slot) for slot in slots))
        chosen = draw.choices(slots, cum_weights=weights, k=count)
        return sorted(slot + int(draw.random() * (min(slot + _SLOT, end) - slot)) for slot in chosen)

    def volume(self, moment: int) -> float:
        """How much is going on at ``moment`` (microseconds), relative."""
        local = utc_from_us(moment).astimezone(self._zone)
        share = (local.minute * 60 + local.second) / 3600
        hours = _HOURS[local.hour] * (1 - share) + _HOURS[(local.hour + 1) % 24] * share
        storm = 2.5 if self.mood(moment).storm_team else 1.0
        return hours * _WEEKDAYS[local.weekday()] * storm

    def mood(self, moment: int) -> Mood:
        """What is unusual at ``moment`` (microseconds)."""
        if moment // _SLOT != self._slot:
            self._slot = moment // _SLOT
            self._mood = self._mood_of(utc_from_us(self._slot * _SLOT).astimezone(self._zone))
        return self._mood

    def _mood_of(self, local: datetime) -> Mood:
        day = local.date().toordinal() + self.seed
        # Working hours, and a minute that no two days share in an obvious way.
        begin = 9 * 60 + day * 7919 % (8 * 60)
        into = local.hour * 60 + local.minute - begin
        if day % 2 == 0 and 0 <= into < 15:
            return Mood(storm_team=_STORMY_TEAMS[day // 2 % len(_STORMY_TEAMS)])
        if day % 2 == 1 and 0 <= into < 60:
            return Mood(slow_provider=_SLOW_PROVIDERS[day // 2 % len(_SLOW_PROVIDERS)])
        return CALM


def write_history(
    recorder: Recorder,
    days: int,
    count: int,
    now: datetime,
    *,
    traffic: Traffic | None = None,
    after: int = 0,
) -> int:
    """Record ``count`` requests of the ``days`` before ``now``, the last 24 hours first, and vouch for each day: what
    people look at first is right first.

    Args:
        after: pass over so many of them: the store has them from a call that was interrupted.

    Returns:
        How many the recorder took: all others.

    Raises:
        StoreUnavailable: the store took nothing for a minute.
    """
    traffic = traffic or Traffic()
    start = now - timedelta(days=days)
    number = taken = 0
    for day, records in traffic.days_back(start, now, count):
        for record in records:
            if number % 500 == 0 and not recorder.wait_for_room(_PATIENCE):
                raise StoreUnavailable(
                    f"The store takes no records; {taken:,} of {count:,} were handed over."
                )
            if number >= after:
                taken += recorder.record(record)
            number += 1
        recorder.vouch(day)
    return taken


def run_live(
    recorder: Recorder, rate: float, stop: threading.Event, *, traffic: Traffic | None = None
) -> int:
    """Record about ``rate`` requests per second, as they happen, until ``stop``; how many the recorder took."""
    traffic = traffic or Traffic()
    draw = random.Random(f"{traffic.seed} live")  # noqa: S311
    run = secrets.randbits(64)
    number = taken = 0
    due = clock.monotonic() + draw.expovariate(rate)
    while not stop.wait(min(max(due - clock.monotonic(), 0.02), 1.0)):
        due = max(due, clock.monotonic() - 2)  # after a standstill the missed requests are not made up
        while due <= clock.monotonic():
            taken += recorder.record(traffic.request(number, datetime.now(UTC), run))
            number += 1
            due += draw.expovariate(rate)
    return taken
