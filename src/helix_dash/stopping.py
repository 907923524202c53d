"""How a long-running command learns that it should end."""

from __future__ import annotations

import signal
import threading
from types import FrameType

INTERRUPTED = 130
"""The exit code after Ctrl-C."""


class Stop(threading.Event):
    """Set when the process should end; ``exit_code`` says how that looks to whoever started it."""

    exit_code = 0


def on_signals() -> Stop:
    """A :class:`Stop` that SIGTERM, SIGHUP and Ctrl-C set from now on. Call it from the main thread."""
    stop = Stop()

    def end(number: int, _frame: FrameType | None) -> None:
        stop.exit_code = INTERRUPTED if number == signal.SIGINT else 0
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)
    return stop
