"""The web app with a clock that a test can put forward: ``gunicorn shifted_clock:app``.

Moved is what measures how long the store has been away: the sessions' clock (grace and idleness), and the clocks by
which the mirror notes the store's last answer and health tells its age. The log's own time is the store's, and stays.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from helix_dash.auth import session
from helix_dash.log import health, mirror

_OFFSET = Path(os.environ["HELIX_TEST_CLOCK"])


class Clock:
    """The module ``time``, so many seconds ahead as the file says."""

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)

    def time(self) -> float:
        return time.time() + float(_OFFSET.read_text())

    def monotonic(self) -> float:
        return time.monotonic() + float(_OFFSET.read_text())


for _module in (session, health, mirror):
    _module.time = Clock()  # type: ignore[attr-defined]

from helix_dash.wsgi import app  # noqa: E402, F401
