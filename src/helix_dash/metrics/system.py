"""How the whole does: services, hosts, stores and this product's own processes, from what the collector keeps.

Two round trips whatever there is: answers and signs of life, then the series of the period.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import redis

from helix_dash.errors import StoreError
from helix_dash.log.health import LogHealth
from helix_dash.metrics.last_known import Known, LastKnown
from helix_dash.samples import sources as names
from helix_dash.samples.answers import Answer, read
from helix_dash.samples.keys import answers_key
from helix_dash.samples.reader import Frames, SampleReader
from helix_dash.store import reaching
from helix_dash.vitals import services, visits
from helix_dash.vitals.keys import BEATS, VISIT
from helix_dash.vitals.pulse import Beat, decoded
from helix_dash.vitals.services import Service
from helix_dash.vitals.visits import Visit

MOST_HOSTS = 8
_FIRST = ("gateway", "ingest", "store")
MAX_FRAMES = 200
"""More points than this are thinner than a bar can be drawn."""
HOST_KEPT = 86_400.0
"""Seconds for which a host that is no longer sampled is shown."""


@dataclass(frozen=True, slots=True)
class Vitals:
    """What is known at one moment.

    Args:
        now: that moment by the store's clock, microseconds since the epoch.
        beats: the product's own processes.
        hosts: host → its last sample, the one heard from last first.
        answers: what the collector was told about stores, services and this product.
        visit: the last browser's report with what it loaded.
        rejected: entries that could not be read.
    """

    now: int
    beats: tuple[Beat, ...] = ()
    hosts: dict[str, Answer] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    visit: Visit | None = None
    rejected: int = 0

    def body(self, question: str) -> dict[str, Any]:
        """What was last answered to a question of the system's; empty when nothing was."""
        answer = self.answers.get(question)
        return answer.body if answer is not None and isinstance(answer.body, dict) else {}


def vitals(store: redis.Redis) -> Vitals:
    """The newest answers and signs of life, in one round trip of five commands.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    client: Any = store
    pipe = client.pipeline(transaction=False)
    pipe.time()
    pipe.hgetall(BEATS)
    pipe.hgetall(answers_key(names.SYSTEM))
    pipe.hgetall(answers_key(names.HOST))
    pipe.get(VISIT)
    with reaching():
        (seconds, micros), *found = pipe.execute(raise_on_error=False)
    # A key of another type than ours is somebody else's writing: it is left out and counted.
    wrong = sum(1 for one in found if isinstance(one, Exception))
    beats, own, hosts = ({} if isinstance(one, Exception) else one for one in found[:3])
    now = int(seconds) * 10**6 + int(micros)
    known, bad_beats = decoded(beats)
    told, bad_answers = read(own)
    sampled, bad_hosts = read(hosts)
    recent = {name: one for name, one in sampled.items() if now - one.asked < HOST_KEPT * 1e6}
    ordered = sorted(recent.items(), key=lambda item: (-(item[1].answered or 0), item[0]))[:MOST_HOSTS]
    visit = None if isinstance(found[3], Exception) else visits.decoded(found[3])
    return Vitals(now, tuple(known), dict(ordered), told, visit, wrong + bad_beats + bad_answers + bad_hosts)


def last_vitals(known: LastKnown[Any], store: redis.Redis) -> Known[Vitals]:
    """The same, read at most every two seconds for all who ask, and the last ones while the store is away.

    Raises:
        StoreError: it was never read, and the store does not answer.
    """
    found: Known[Vitals] = known.get("vitals", lambda: vitals(store))
    return found


def series(store: redis.Redis, wanted: Sequence[str], start: int, end: int, now: int) -> dict[str, Frames]:
    """The frames of the ``wanted`` series in ``[start, end)``, in one round trip.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    return SampleReader(store).several(wanted, start, end, now, MAX_FRAMES)


def all_services(found: Vitals, log: LogHealth | None, age: float = 0.0, error: str = "") -> list[Service]:
    """Every service there is, the gateway and the log first.

    Args:
        found: what was read last.
        log: the log's health as this process sees it; ``None`` when it is not known.
        age: seconds since ``found`` was read.
        error: why it was not read again; then the store is down, and what it knew of the others is old.
    """
    now = found.now + int(age * 1e6)
    told = services.read(found.body(names.SERVICES))
    live = _of_log(log, now) + (services.of_processes(found.beats, now) if not error else [])
    ours = {one.key: one for one in live}
    answer = found.answers.get(names.SERVICES)
    old = error != "" or answer is None or now - answer.asked > 6 * names.SERVICES_EVERY * 1e6
    result: list[Service] = []
    for one in told:
        if one.key in ours:
            result.append(_newer(one, ours.pop(one.key)))
        elif error and one.key == "store":
            result.append(Service("store", "Store", "down", found.now, found.now, error))
        else:
            result.append(_unsure(one) if old else one)
    result += ours.values()
    if not any(one.key == "store" for one in result):
        down = Service("store", "Store", "down", found.now, found.now, error)
        result.append(
            down if error else Service("store", "Store", "up", None, found.now, "It answers this page.")
        )
    if not any(one.key.startswith("collector@") for one in result):
        result.append(
            Service("collector", "Collector", "unknown", message="None has given a sign of life here.")
        )
    return sorted(result, key=lambda one: _FIRST.index(one.key) if one.key in _FIRST else len(_FIRST))


def _newer(told: Service, seen: Service) -> Service:
    """What a process's own signs say now; since when, as the collector noted it."""
    since = told.since if told.state == seen.state and told.since is not None else seen.since
    return Service(seen.key, seen.title, seen.state, since, seen.checked, seen.message)


def _unsure(one: Service) -> Service:
    return Service(
        one.key,
        one.title,
        "unknown",
        one.checked,
        one.checked,
        "Nobody can tell now; it was " + one.state + ".",
    )


def _of_log(log: LogHealth | None, now: int) -> list[Service]:
    """The gateway by its last request, and the way of requests into the log."""
    if log is None:
        return []
    return services.of_log(log.heartbeat, log.newest, log.lag, log.behind, now)


def chips(known: LastKnown[Any], store: redis.Redis, log: LogHealth | None) -> list[Service]:
    """Every service for a row of chips; never raises, for a store that is away is one of the things they tell."""
    try:
        found = last_vitals(known, store)
    except StoreError as error:
        return [Service("store", "Store", "down", message=str(error))]
    return all_services(found.value, log, found.age, found.error)
