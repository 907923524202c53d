"""Every failure this package raises on purpose, as one tree.

A caller that wants "anything Helix Dash says no to" catches :class:`HelixError`; the web layer maps each
leaf to one HTTP status and one sentence.
"""

from __future__ import annotations


class HelixError(Exception):
    """Root of the tree. ``str(error)`` is a sentence a person can act on; it never holds a secret."""


class SettingError(HelixError):
    """A setting cannot be used. The text names the setting, its value and an example that works."""


class StoreError(HelixError):
    """Something about the store (Redis or Valkey)."""


class StoreUnavailable(StoreError):
    """The store did not answer in time, or refused the connection: shown as stale data, or HTTP 503."""


class StoreUnsuitable(StoreError):
    """The store answers, but cannot keep a log (evicts keys, is too old, is read-only)."""


class LogError(HelixError):
    """Something about the request log."""


class InvalidRecord(LogError):
    """A request record breaks the schema. ``column`` and ``reason`` say where and why.

    ``reason`` is a short fixed word (``negative``, ``too_long``, ``not_a_number`` …), safe as a counter name.
    """

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(f"{column}: {reason}")
        self.column = column
        self.reason = reason


class FoldFenced(LogError):
    """Another fold has moved the cursor since this one read it; nothing was written."""


class UnknownFormat(LogError):
    """The store holds a segment in a form that this version does not read; nothing is lost, nothing was changed."""


class BadQuery(LogError):
    """A query names an unknown column or operator, or a value that the column cannot hold.

    ``field`` is the parameter at fault, in the API's own names.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class SourceError(HelixError):
    """A server that we ask for figures did not give them. ``reason`` is a short fixed word, safe to show and to
    count: ``unreachable``, ``timeout``, ``throttled``, ``status``, ``unreadable`` …

    ``status`` is the HTTP status it answered with; ``None`` when it did not answer.
    """

    def __init__(self, reason: str, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.status = status


class AuthError(HelixError):
    """Something about who may do what."""


class NotSignedIn(AuthError):
    """Nobody is signed in: HTTP 401 for the API and callbacks, a redirect to the login page elsewhere."""


class Forbidden(AuthError):
    """Signed in, but without the permission: HTTP 403. ``permission`` names the one that is missing."""

    def __init__(self, permission: str) -> None:
        super().__init__(f"Needs the permission {permission}.")
        self.permission = permission


class NotFound(HelixError):
    """Not there, or outside the asker's scope, which must look the same: HTTP 404."""


class ExportError(HelixError):
    """An export could not be written; the text says why (no space, cancelled, worker lost)."""
