"""What state each service is in, since when, and by what sign. Pure: beats and answers in, verdicts out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from helix_dash.samples.answers import Answer
from helix_dash.vitals.pulse import LEASE, Beat

State = Literal["up", "degraded", "down", "unknown"]

LEVELS: dict[State, float] = {"up": 0.0, "degraded": 1.0, "down": 2.0}
"""How a state is kept as a number; what is unknown is not kept."""

OLD_MIRROR, DEAD_MIRROR = 30.0, 300.0
"""Seconds since a worker's copy of the log was last brought up to date, from which it is degraded and down."""
LATE, LOST, SLOW = 30.0, 300.0, 15.0
"""Seconds since the fold's last sign of life from which the log is degraded and down, and of lag from which it is
degraded: where the trust bar turns amber and red."""
QUIET = 900.0
"""Seconds without a request after which it is not known whether the gateway is up."""
RECENT = 600 * 10**6
"""Microseconds for which a worker that ended without a word, beside others that live, is worth a word."""


class Service(msgspec.Struct, frozen=True):
    """One service.

    Args:
        key: tells it from all others: ``collector@host``, ``store`` …
        title: its name for people.
        state: ``unknown`` when nothing that could tell has told lately.
        since: since when it is in this state, as far as anybody saw, microseconds since the epoch.
        checked: the last sign, microseconds since the epoch.
        message: why, or what it last said, in a sentence or less.
    """

    key: str
    title: str
    state: State
    since: int | None = None
    checked: int | None = None
    message: str = ""


def of_processes(beats: Sequence[Beat], now: int) -> list[Service]:
    """Collectors, web workers and copies of the log by host, as their own signs of life tell at ``now``."""
    hosts = sorted({(beat.kind, beat.host) for beat in beats})
    several = len({host for _, host in hosts}) > 1
    found = []
    for kind, host in hosts:
        here = [beat for beat in beats if (beat.kind, beat.host) == (kind, host)]
        where = f" on {host}" if several else ""
        noun = "Collector" if kind == "collector" else "Web workers"
        found.append(_processes(f"{kind}@{host}", noun + where, here, now))
        copies = [beat for beat in here if beat.alive(now) and "mirror_age" in beat.gauges]
        if copies:
            found.append(_mirror(f"mirror@{host}", "Copy of the log" + where, copies))
    return found


def of_log(
    heartbeat: int | None, newest: int | None, lag: float | None, behind: int, now: int
) -> list[Service]:
    """The gateway by its last request, and the way of requests into the log.

    Args:
        heartbeat: the fold's last sign of life, microseconds since the epoch like all times here.
        newest: when the newest request came.
        lag: seconds that requests take to arrive.
        behind: how many wait.
        now: this moment.
    """
    gateway = Service("gateway", "Gateway", "unknown", message="No request has been recorded yet.")
    if newest is not None:
        gateway = Service("gateway", "Gateway", "up", None, newest, "It records requests.")
        if now - newest > QUIET * 1e6:
            words = "No request since: nobody asks, or it does not record."
            gateway = Service("gateway", "Gateway", "unknown", newest, newest, words)
    if heartbeat is None:
        return [
            gateway,
            Service("ingest", "Request log", "unknown", message="No collector has folded it yet."),
        ]
    silent = (now - heartbeat) / 1e6
    state: State = "down" if silent > LOST else "degraded" if silent > LATE or (lag or 0) > SLOW else "up"
    words = "Requests arrive as they are recorded." if state == "up" else f"{behind:,} requests wait."
    since = heartbeat if silent > LATE else None
    return [gateway, Service("ingest", "Request log", state, since, heartbeat, words)]


def _processes(key: str, title: str, beats: Sequence[Beat], now: int) -> Service:
    living = [beat for beat in beats if beat.alive(now)]
    last = max(beat.at for beat in beats)
    if not living:
        return Service(key, title, "down", last, last, f"No sign of life for more than {LEASE:.0f} s.")
    newest = max(beat.started for beat in living)
    lost = [beat for beat in beats if not beat.alive(now) and now - beat.at < RECENT and beat.at > newest]
    count = f"{len(living)} running."
    if lost:
        since = max(beat.at for beat in lost)
        return Service(key, title, "degraded", since, last, f"{count[:-1]}, {len(lost)} silent.")
    ailing = [beat for beat in living if beat.trouble]
    if ailing:
        since = min(beat.since for beat in ailing)
        return Service(key, title, "degraded", since, last, ailing[0].trouble)
    return Service(key, title, "up", min(beat.started for beat in living), last, count)


def _mirror(key: str, title: str, beats: Sequence[Beat]) -> Service:
    age = max(beat.gauges["mirror_age"] for beat in beats)
    checked = max(beat.at for beat in beats)
    synced = checked - int(age * 1e6)
    if age < OLD_MIRROR:
        rows = max(beat.gauges.get("mirror_rows", 0.0) for beat in beats)
        return Service(key, title, "up", None, checked, f"{rows:,.0f} requests readable.")
    state: State = "down" if age > DEAD_MIRROR else "degraded"
    return Service(key, title, state, synced, checked, "It has not been brought up to date since.")


def of_answer(key: str, title: str, answer: Answer | None, every: float, now: int, says: str = "") -> Service:
    """A server as its last answer tells; ``says`` is what an answering one is described by."""
    if answer is None:
        return Service(key, title, "unknown", message="It has not been asked yet.")
    if now - answer.asked > max(60.0, 3 * every) * 1e6:
        return Service(key, title, "unknown", answer.asked, answer.answered, "Nobody has asked it lately.")
    if not answer.ok:
        return Service(key, title, "down", answer.failing_since, answer.answered, answer.error)
    took = ""
    if answer.took_ms is not None:
        took = (
            f"Answers in {answer.took_ms:,.0f} ms." if answer.took_ms >= 1 else "Answers in less than 1 ms."
        )
    return Service(key, title, "up", None, answer.answered, says or took)


def of_several(key: str, title: str, answers: Mapping[str, Answer], every: float, now: int) -> Service:
    """A server that is asked several questions: down when it answers none, degraded when some fail."""
    states = [of_answer(key, title, answer, every, now) for answer in answers.values()]
    if not states:
        return of_answer(key, title, None, every, now)
    failing = [one for one in states if one.state == "down"]
    up = [one for one in states if one.state == "up"]
    if failing and up:
        names = ", ".join(sorted(name for name, answer in answers.items() if not answer.ok))
        since = min((one.since for one in failing if one.since is not None), default=None)
        checked = max(one.checked or 0 for one in up)
        return Service(key, title, "degraded", since, checked, f"No answer about: {names}.")
    return max(failing or up or states, key=lambda one: one.checked or 0)


def carried(services: Iterable[Service], before: Mapping[str, Service], now: int) -> list[Service]:
    """``services``, each since when it was first seen in its state: what is not known of itself is carried on."""
    found = []
    for one in services:
        past = before.get(one.key)
        since = past.since if past is not None and past.state == one.state else one.since
        found.append(msgspec.structs.replace(one, since=since if since is not None else now))
    return found


def read(body: Mapping[str, Any]) -> list[Service]:
    """The services in an answer's body; what is none is left out."""
    found = []
    every = body.get("services")
    for one in every if isinstance(every, list) else []:
        try:
            found.append(msgspec.convert(one, Service))
        except msgspec.ValidationError:
            continue
    return found
