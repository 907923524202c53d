"""The names of the keys that samples live under. This module owns them; docs/redis.md tells their types."""

from __future__ import annotations

from dataclasses import dataclass

from helix_dash.log.keys import APP

SECOND = 1_000_000
"""Microseconds."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """One grain in which a series is kept.

    Args:
        step: length of a frame, microseconds.
        kept: how far back it goes, microseconds.
    """

    step: int
    kept: int

    @property
    def name(self) -> str:
        """``10s``, ``60s`` …"""
        return f"{self.step // SECOND}s"


RESOLUTIONS: tuple[Resolution, ...] = (
    Resolution(10 * SECOND, 6 * 3600 * SECOND),
    Resolution(60 * SECOND, 2 * 86_400 * SECOND),
    Resolution(900 * SECOND, 35 * 86_400 * SECOND),
    Resolution(6 * 3600 * SECOND, 400 * 86_400 * SECOND),
)
"""From fine to coarse; each holds fewer than 3,400 frames."""


def frames_key(source: str, resolution: Resolution) -> str:
    """hash: number of the frame since the epoch → MessagePack of a :class:`~helix_dash.samples.frame.Frame`."""
    return f"{APP}samples:{source}:{resolution.name}"


def last_key(source: str) -> str:
    """string: MessagePack of the last sample's time and counters, from which the next increase is counted."""
    return f"{APP}samples:{source}:last"


def answers_key(source: str) -> str:
    """hash: name of a question → MessagePack of an :class:`~helix_dash.samples.answers.Answer`."""
    return f"{APP}answers:{source}"


def lease_key(duty: str) -> str:
    """string, expires: which collector performs ``duty`` now."""
    return f"{APP}lease:{duty}"
