"""The collector's process: duties side by side."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import threading

import pytest

from helix_dash import collector
from helix_dash.stopping import INTERRUPTED, Stop


def _until_stopped(stop: threading.Event) -> None:
    stop.wait(60)


def test_it_ends_when_it_is_asked_to() -> None:
    stop = Stop()
    stop.exit_code = INTERRUPTED
    threading.Timer(0.1, stop.set).start()
    assert collector.run({"fold": _until_stopped}, stop) == INTERRUPTED


def test_a_duty_that_fails_ends_the_process_with_1_so_that_it_is_started_afresh(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(_: threading.Event) -> None:
        raise OSError("no space")

    with caplog.at_level(logging.ERROR):
        assert collector.run({"fold": fail, "other": _until_stopped}, Stop()) == 1
    assert "fold failed" in caplog.text


DEAF = """
import signal
from helix_dash import collector, stopping

def duty(stop):
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    print("begun", flush=True)
    stop.wait(300)

stop = stopping.on_signals()
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
raise SystemExit(collector.run({"duty": duty}, stop))
"""


def test_a_signal_that_does_not_wake_the_main_thread_ends_it_all_the_same() -> None:
    """As one does that comes just before the main thread begins to wait; here another thread gets it."""
    with subprocess.Popen([sys.executable, "-c", DEAF], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        process.send_signal(signal.SIGTERM)
        try:
            assert process.wait(60) == 0
        finally:
            process.kill()
