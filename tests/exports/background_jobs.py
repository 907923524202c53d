"""Jobs that the tests of the background manager run in processes of their own."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

SetProgress = Callable[[Any], None]


def say(set_progress: SetProgress, lent: str, text: str) -> dict[str, str]:
    """Answers at once."""
    set_progress(("begun",))
    return {"lent": lent, "text": text}


def sleep(_set_progress: SetProgress, lent: str, name: str) -> str:
    """Writes its process id into the folder it is lent, and lives on."""
    Path(lent, name).write_text(str(os.getpid()))
    time.sleep(600)
    return "woke up"


def polars_sum(_set_progress: SetProgress, _lent: str, count: int) -> int:
    """Uses polars, which hangs in a forked child of a process that has used it."""
    import polars as pl

    return int(pl.Series(range(count)).sort(descending=True).sum())
