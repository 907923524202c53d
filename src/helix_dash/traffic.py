"""Simulated gateway traffic into a store: a history first, where the log is empty, then live requests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from helix_dash.errors import StoreUnavailable
from helix_dash.log.keys import LogKeys
from helix_dash.log.recorder import Recorder
from helix_dash.log.schema import RequestRecord
from helix_dash.model import us_from_utc
from helix_dash.options import History
from helix_dash.settings import Settings
from helix_dash.sources import history
from helix_dash.sources.gateway.simulated import SimulatedGateway
from helix_dash.sources.simulator import Traffic, run_live
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
    past: History | None,
    seconds: float | None,
    stop: Stop,
    say: Say,
) -> int:
    """Writes ``past`` where the log is empty, then ``rate`` requests per second until told to end.

    Args:
        settings: where to, and the reporting zone whose days and nights the traffic follows.
        seed: the same seed makes the same people, models and rhythm.
        rate: live requests per second; 0 writes none.
        past: the history to make up; ``None`` writes none.
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
    if settings.simulate_gateway:
        recorder.gateway = SimulatedGateway(settings.redis_url, settings.zone)
    world = Traffic(seed, settings.zone)
    try:
        if past:
            _write_past(settings, recorder, seed, past, say)
        if rate > 0 and not stop.is_set():
            say(f"traffic: {rate:g} simulated requests per second")
            with _ending_after(seconds, stop):
                run_live(recorder, rate, stop, traffic=world)
    except _Stopped:
        say("history: interrupted; the next start goes on with it")
    finally:
        unwritten = recorder.close(_LAST_WORDS)
        if recorder.gateway:
            recorder.gateway.flush()
    if unwritten:
        raise StoreUnavailable(f"{unwritten:,} simulated requests could not be written.")
    return recorder.written


class _Stopped(Exception):
    """The import of history was asked to end."""


class _StoppableRecorder(Recorder):
    """A recorder whose importer ends at its next look for room once ``stop`` is set; tells a simulated gateway."""

    stop: threading.Event
    gateway: SimulatedGateway | None = None

    def record(self, record: RequestRecord) -> bool:
        taken = super().record(record)
        if taken and self.gateway:
            self.gateway.take(record)
        return taken

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


def _write_past(settings: Settings, recorder: Recorder, seed: int, past: History, say: Say) -> None:
    """Writes ``past`` into an empty log; one that an earlier start began, whatever is asked for now, goes on."""
    with connect(settings.log_redis_url) as store, reaching():
        asked = history.unfinished(store)
        after = _arrived(settings.log_redis_url, recorder, asked) if asked else 0
        if after is None:
            say("history: interrupted more than a week ago; what was written is kept, the rest is left out")
            history.finish(store)
            return
        if asked is None:
            if not log_is_empty(settings):
                say("history: kept, the log is not empty")
                return
            end = us_from_utc(datetime.now(UTC))
            asked = history.Import(recorder.producer, seed, past.days, past.requests, end)
            history.begin(store, asked)
        goes_on = f", going on after {after:,}" if after else ""
        say(f"history: writing {asked.requests:,} requests over {asked.days} days{goes_on}")
        with _reporting(recorder, asked.requests, after, say):
            history.go_on(recorder, asked, after, Traffic(asked.seed, settings.zone))
        unwritten = recorder.flush(_LAST_WORDS)
        say(f"history: {asked.requests - unwritten:,} requests over {asked.days} days written")
        if not unwritten:
            history.finish(store)


def _arrived(url: str, recorder: Recorder, asked: history.Import) -> int | None:
    """How much of ``asked`` the log has; ``None`` when that cannot be told any more."""
    recorder.resume(asked.producer, 0)
    keys = recorder.keys
    with connect(url, tag=keys.tag) as shard:
        known = history.arrived(shard, keys, asked.producer)
        return 0 if known is None and not shard.exists(keys.manifest) else known


@contextmanager
def _reporting(recorder: Recorder, total: int, after: int, say: Say) -> Iterator[None]:
    """Tells every few seconds how much of the history the store has."""
    done = threading.Event()

    def report() -> None:
        while not done.wait(_REPORT_EVERY):
            say(f"history: {after + recorder.written:,} of {total:,} requests")

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
