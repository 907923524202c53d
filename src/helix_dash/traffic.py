"""Simulated gateway traffic into a store: a history first, where the log is empty, then live requests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from helix_dash.errors import StoreUnavailable
from helix_dash.log.keys import LogKeys
from helix_dash.log.recorder import Recorder
from helix_dash.options import History
from helix_dash.settings import Settings
from helix_dash.sources.simulator import Traffic, run_live, write_history
from helix_dash.stopping import Stop
from helix_dash.store import connect, reaching

Say = Callable[[str], None]
"""Tells a person one line."""

_REPORT_EVERY = 2.0
_LAST_WORDS = 10.0


def run(
    settings: Settings,
    *,
    seed: int,
    rate: float,
    history: History | None,
    seconds: float | None,
    stop: Stop,
    say: Say,
) -> int:
    """Writes ``history`` where the log is empty, then ``rate`` requests per second until told to end.

    Args:
        settings: where to, and the reporting zone whose days and nights the traffic follows.
        seed: the same seed makes the same people, models and rhythm.
        rate: live requests per second; 0 writes none.
        history: the past to make up; ``None`` writes none.
        seconds: how long to write live requests; ``None`` until ``stop``.
        stop: ends it early.
        say: is told the progress.

    Returns:
        How many live and past requests the store acknowledged.

    Raises:
        StoreUnavailable: the store does not answer, or some requests could not be written.
    """
    with connect(settings.log_redis_url) as client, reaching():
        client.ping()  # now, and not after the recorder's patience
    recorder = _StoppableRecorder(settings.log_redis_url)
    recorder.stop = stop
    world = Traffic(seed, settings.zone)
    try:
        if history:
            _write_past(settings, recorder, world, history, say)
        if rate > 0 and not stop.is_set():
            say(f"traffic: {rate:g} simulated requests per second")
            with _ending_after(seconds, stop):
                run_live(recorder, rate, stop, traffic=world)
    except _Stopped:
        say(f"history: interrupted after {recorder.written:,} requests")
    finally:
        unwritten = recorder.close(_LAST_WORDS)
    if unwritten:
        raise StoreUnavailable(f"{unwritten:,} simulated requests could not be written.")
    return recorder.written


class _Stopped(Exception):
    """The import of history was asked to end."""


class _StoppableRecorder(Recorder):
    """A recorder whose importer ends at its next look for room once ``stop`` is set."""

    stop: threading.Event

    def wait_for_room(self, timeout: float | None = None) -> bool:
        if self.stop.is_set():
            raise _Stopped
        return super().wait_for_room(timeout)


def log_is_empty(settings: Settings) -> bool:
    """Whether nothing has ever been recorded into the log."""
    return not any(_holds_something(settings.log_redis_url, shard) for shard in range(settings.log_shards))


def _holds_something(url: str, shard: int) -> bool:
    keys = LogKeys(shard)
    with connect(url, tag=keys.tag) as client:
        return bool(client.xlen(keys.stream) or client.exists(keys.manifest))


def _write_past(settings: Settings, recorder: Recorder, world: Traffic, past: History, say: Say) -> None:
    if not log_is_empty(settings):
        say("history: kept, the log is not empty")
        return
    say(f"history: writing {past.requests:,} requests over {past.days} days")
    with _reporting(recorder, past.requests, say):
        write_history(recorder, past.days, past.requests, datetime.now(UTC), traffic=world)
    unwritten = recorder.flush(_LAST_WORDS)
    say(f"history: {past.requests - unwritten:,} requests over {past.days} days written")


@contextmanager
def _reporting(recorder: Recorder, total: int, say: Say) -> Iterator[None]:
    """Tells every few seconds how much of the history the store has."""
    done = threading.Event()

    def report() -> None:
        while not done.wait(_REPORT_EVERY):
            say(f"history: {recorder.written:,} of {total:,} requests")

    thread = threading.Thread(target=report, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


@contextmanager
def _ending_after(seconds: float | None, stop: threading.Event) -> Iterator[None]:
    """Sets ``stop`` when ``seconds`` have passed."""
    timer = threading.Timer(seconds or 0, stop.set)
    timer.daemon = True
    if seconds:
        timer.start()
    try:
        yield
    finally:
        timer.cancel()
