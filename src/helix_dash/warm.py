"""What the first person to ask would otherwise wait for, made ready in a background thread of each web worker.

``begin`` is for a server's hook that runs in the worker, after the fork (``gunicorn.conf.py``): threads would not
survive a fork, and making an app starts none.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from flask import Flask

Task = Callable[[], object]

_PLACE = "helix_dash_warm"
_log = logging.getLogger("helix_dash.warm")


def later(server: Flask, name: str, task: Task) -> None:
    """Have ``task`` done when the workers of ``server`` begin; ``name`` says in the log what it makes ready."""
    server.extensions.setdefault(_PLACE, []).append((name, task))


def begin(server: Flask) -> threading.Thread:
    """Do all that ``server`` has for later, one after the other, in the background."""
    thread = threading.Thread(
        target=_run, args=(list(server.extensions.get(_PLACE, [])),), name="helix-dash-warm", daemon=True
    )
    thread.start()
    return thread


def _run(tasks: list[tuple[str, Task]]) -> None:
    for name, task in tasks:
        began = time.monotonic()
        try:
            task()
        except Exception:
            # whoever needs it will try for himself, and tell the person who asked
            _log.exception("%s could not be made ready", name)
        else:
            _log.debug("%s took %.2f s", name, time.monotonic() - began)
