"""What any backend of the log offers to the code that reads it."""

from __future__ import annotations

from typing import Protocol

from helix_dash.log.mirror import MirrorState


class View(Protocol):
    """What a process reads the log from: the host's mirror, or another backend that is fed by the same segments.

    Attributes:
        url: the log's store, which tells when there is something new.
        state: the log as of the last successful sync.
        error: why the last sync failed.
    """

    url: str
    state: MirrorState | None
    error: str | None

    def sync(self) -> bool:
        """Bring this process up to date; whether anything readers see has changed."""
