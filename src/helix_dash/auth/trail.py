"""What a request leaves behind: entries of the audit record, and one line of log for each refusal.

Taking data out and changing things need their entry: without a store they are refused. A refusal needs none:
its line is written in any case, its entry when the store answers and nobody floods the record.
"""

from __future__ import annotations

import json
import logging
import secrets
import threading
import time
from dataclasses import dataclass, field
from typing import cast

import redis
from flask import Response, g, request

from helix_dash.auth import audit
from helix_dash.auth.audit import Event
from helix_dash.context import asker
from helix_dash.errors import StoreUnavailable

PER_SOURCE = 60
"""Refusals of one asker that a worker puts on record in a minute; the others are only in the server's log."""
IN_ALL = 600
_MINUTE = 60.0
_PAUSE = 1.0
"""Seconds before a store that failed is asked again for a refusal."""
_LONGEST = 300

_logger = logging.getLogger("helix_dash.refusals")


@dataclass(slots=True)
class Trail:
    """The trail of one app.

    Args:
        store: where the record is; its time-outs are what a refusal waits at most.
    """

    store: redis.Redis
    _since: float = field(default=float("-inf"))
    _noted: dict[str, int] = field(default_factory=dict)
    _failed_at: float = field(default=float("-inf"))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def record(self, event: Event) -> None:
        """Put ``event`` on record.

        Raises:
            StoreUnavailable: it is not on record, so it must not happen.
        """
        audit.append(self.store, event)

    def note(self, event: Event) -> None:
        """Put a refusal on record, if that can be done at once."""
        source = event.who if event.who != "anonymous" else event.address
        if not self._room(source):
            return
        try:
            self.record(event)
        except StoreUnavailable as error:
            with self._lock:
                self._failed_at = time.monotonic()
            _logger.warning("%s", _line({"audit": "not written", "because": str(error)}))

    def _room(self, source: str) -> bool:
        now = time.monotonic()
        with self._lock:
            if now - self._failed_at < _PAUSE:
                return False
            if now - self._since > _MINUTE:
                self._since, self._noted = now, {}
            noted = self._noted.get(source, 0) + 1
            room = noted <= PER_SOURCE and sum(self._noted.values()) < IN_ALL
            if room:
                self._noted[source] = noted
            return room

    def arrive(self) -> None:
        """Give the present request its id."""
        g.helix_trail = self
        g.helix_request = secrets.token_hex(8)

    def leave(self, response: Response) -> Response:
        """Write down what the present request was refused; its answer carries its id."""
        if g.get("helix_trail") is not self:
            return response
        response.headers["X-Request-ID"] = g.helix_request
        if 400 <= response.status_code < 500:
            code, message = g.get("helix_refusal") or (response.status.partition(" ")[2].lower(), "")
            _logger.warning("%s", _line(_refused(response.status_code, code, message)))
            if response.status_code == 403:
                self.note(event("refused", _aim(), "refused", message))
        return response


def event(action: str, what: str = "", result: str = "done", detail: str = "", who: str = "") -> Event:
    """The event that the present request is; ``who`` when it is not yet, or no more, the asker."""
    return Event(
        who=who or _who(),
        action=action,
        object=what,
        result=result,
        detail=detail,
        request=g.helix_request,
        address=request.remote_addr or "",
    )


def record(action: str, what: str = "", detail: str = "", who: str = "") -> None:
    """Put on record what the present request is about to do.

    Raises:
        StoreUnavailable: it is not on record, so it must not be done.
    """
    _present().record(event(action, what, "done", detail, who))


def note(action: str, what: str = "", detail: str = "") -> None:
    """Put on record, if that can be done at once, what the present request was refused."""
    _present().note(event(action, what, "refused", detail))


def revealed(what: str, detail: str = "") -> None:
    """The asker is about to be shown ``what`` that is hidden from others: which one, never what it says.

    Raises:
        StoreUnavailable: it is not on record, so it must not be shown.
    """
    record("revealed", what, detail)


def _present() -> Trail:
    return cast("Trail", g.helix_trail)


def _who() -> str:
    found = asker()
    return found.key if found else "anonymous"


def _aim() -> str:
    """What the request was for: a callback by its outputs, all else by its path."""
    return str(g.get("helix_call") or request.path)


def _refused(status: int, code: str, message: str) -> dict[str, object]:
    return {
        "refused": status,
        "code": code,
        "message": message,
        "who": _who(),
        "address": request.remote_addr or "",
        "method": request.method,
        "object": _aim(),
        "request": g.helix_request,
    }


def _line(parts: dict[str, object]) -> str:
    """One line whatever the parts hold: JSON in ASCII, each part of bounded length."""
    return json.dumps(
        {name: value[:_LONGEST] if isinstance(value, str) else value for name, value in parts.items()}
    )
