"""Values of command line options that are more than a number or a word."""

from __future__ import annotations

import re
from dataclasses import dataclass

from helix_dash.errors import SettingError


@dataclass(frozen=True, slots=True)
class History:
    """How much past to make up: ``requests`` spread over the last ``days``."""

    days: int
    requests: int


def parse_history(text: str) -> History | None:
    """``30:200000`` is days:requests; ``0`` is none.

    Raises:
        SettingError: neither.
    """
    if text == "0":
        return None
    found = re.fullmatch(r"(\d{1,3}):(\d{1,8})", text)
    if not found or not 1 <= int(found[1]) <= 400 or int(found[2]) < 1:
        raise SettingError(
            f"--history={text!r} must be days:requests, with 1 to 400 days, or 0. Example: --history 30:200000"
        )
    return History(int(found[1]), int(found[2]))


def parse_duration(text: str) -> float | None:
    """Seconds of ``90``, ``90s``, ``10m`` or ``2h``; ``None`` for ``0``, which means until stopped.

    Raises:
        SettingError: none of these.
    """
    found = re.fullmatch(r"(\d{1,6})([smh]?)", text)
    if not found:
        raise SettingError(
            f"--for={text!r} must be a number of seconds, or like 90s, 10m or 2h. Example: --for 10m"
        )
    return int(found[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[found[2]] or None
