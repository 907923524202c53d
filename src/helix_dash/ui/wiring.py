"""The wire between pages and an app: callbacks are recorded here and attached to each app that is built.

Dash's own ``@callback`` is process-wide, so a second app in the process would lose its callbacks to the
first. A :class:`Callbacks` object works in the manner of a Flask blueprint instead.
"""

from __future__ import annotations

import functools
import inspect
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from dash import ClientsideFunction, Dash
from dash.exceptions import PreventUpdate
from werkzeug.exceptions import HTTPException

from helix_dash.errors import AuthError, HelixError

log = logging.getLogger("helix_dash.pages")

Function = Callable[..., Any]
Failed = Callable[..., Any]
"""What a callback answers when it failed: ``failed(error, reference, *args, **kwargs)`` → its outputs.

``reference`` is the id under which the error was logged; the rest is what the callback was called with.
"""


class Guard(Protocol):
    """Puts the permission check around a callback: ``guard("read", function)``."""

    def __call__(self, permission: str, function: Function) -> Function: ...


@dataclass(frozen=True, slots=True)
class _Recorded:
    function: Function
    arguments: tuple[Any, ...]
    options: dict[str, Any]
    permission: str
    failed: Failed | None


@dataclass(frozen=True, slots=True)
class _Client:
    source: str
    arguments: tuple[Any, ...]
    options: dict[str, Any]


@dataclass(slots=True)
class Callbacks:
    """The callbacks of one section, recorded once and attached to any number of apps."""

    recorded: list[_Recorded] = field(default_factory=list)
    client: list[_Client] = field(default_factory=list)

    def __call__(
        self, *arguments: Any, permission: str = "read", failed: Failed | None = None, **options: Any
    ) -> Callable[[Function], Function]:
        """Record the decorated function; it stays a plain function that tests can call.

        Args:
            arguments: Dash's ``Output``, ``Input`` and ``State``.
            permission: what the asker must hold; checked on the server at every call.
            failed: turns an exception into outputs, so that one panel shows an error and the page lives on.
                Without it Dash answers HTTP 500.
            options: passed to ``Dash.callback`` (``output``, ``inputs``, ``prevent_initial_call`` …).
        """

        def record(function: Function) -> Function:
            self.recorded.append(_Recorded(function, arguments, options, permission, failed))
            return function

        return record

    def in_browser(self, source: str, *arguments: Any, **options: Any) -> None:
        """Record a callback that runs in the browser: ``source`` is ``"namespace.function"`` of an asset.

        Without an output, its inputs are all that Dash tells it by: no two may have the same.
        """
        self.client.append(_Client(source, arguments, options))

    def attach(self, app: Dash, guard: Guard) -> None:
        """Register everything on ``app``, each server function behind ``guard``."""
        for item in self.recorded:
            function = guard(item.permission, item.function)
            if item.failed is not None:
                function = _shielded(function, item.failed, item.function)
            app.callback(*item.arguments, **item.options)(function)
        for source in self.client:
            namespace, _, name = source.source.partition(".")
            app.clientside_callback(ClientsideFunction(namespace, name), *source.arguments, **source.options)


def _shielded(function: Function, failed: Failed, original: Function) -> Function:
    @functools.wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except (HTTPException, PreventUpdate, AuthError):
            raise
        except Exception as error:
            reference = secrets.token_hex(4)
            # what we raise on purpose is told in words; a traceback is for what nobody foresaw
            foreseen = isinstance(error, HelixError)
            log.warning(
                "%s failed, reference %s: %s", original.__qualname__, reference, error, exc_info=not foreseen
            )
            return failed(error, reference, *args, **kwargs)

    # Dash reads the signature to match keyword arguments; a guard may have hidden the original's.
    call.__signature__ = inspect.signature(original)  # type: ignore[attr-defined]
    return call
