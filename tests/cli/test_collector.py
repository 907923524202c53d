"""The collector's process: duties side by side."""

from __future__ import annotations

import logging
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
