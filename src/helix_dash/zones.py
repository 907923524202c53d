"""The zone figures are shown in: where days begin, and how times are written."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import tzinfo
from zoneinfo import ZoneInfo, available_timezones

from helix_dash.errors import BadQuery

COMMON = (
    "Europe/London", "Europe/Lisbon", "Europe/Berlin", "Europe/Paris", "Europe/Madrid", "Europe/Rome",
    "Europe/Stockholm", "Europe/Warsaw", "Europe/Athens", "Europe/Istanbul", "Africa/Lagos", "Africa/Johannesburg",
    "Africa/Nairobi", "Asia/Dubai", "Asia/Karachi", "Asia/Kolkata", "Asia/Dhaka", "Asia/Bangkok", "Asia/Singapore",
    "Asia/Shanghai", "Asia/Tokyo", "Asia/Seoul", "Australia/Perth", "Australia/Sydney", "Pacific/Auckland",
    "America/Sao_Paulo", "America/Halifax", "America/New_York", "America/Chicago", "America/Denver",
    "America/Los_Angeles", "America/Mexico_City", "Pacific/Honolulu",
)  # fmt: skip
"""What a list of zones offers before somebody types; all others can be found by name."""


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone and what it is called: ``Europe/Berlin``, ``UTC``, ``UTC+02:00``."""

    info: tzinfo
    name: str


@functools.cache
def names() -> tuple[str, ...]:
    """Every IANA name this host knows, in order of their letters."""
    return tuple(sorted(name for name in available_timezones() if name not in ("localtime", "Factory")))


@functools.cache
def _known() -> frozenset[str]:
    return frozenset(names())


def parse_zone(name: str) -> Zone:
    """The zone called ``name``.

    Raises:
        BadQuery: there is none; a name is looked up, never used as a path.
    """
    if name not in _known():
        raise BadQuery("zone", "zone must be an IANA name such as Europe/Berlin or UTC.")
    return Zone(ZoneInfo(name), name)
