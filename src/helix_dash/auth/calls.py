"""Callbacks at the door: only calls that an honest page could make reach Dash.

Dash runs any registered callback for anybody and answers a malformed call with a stack trace. So each call is
held against the table of callbacks before Dash sees it: signed in, known output, the outputs, inputs and
states it was registered with, and the permission it was declared with. A callback that nobody declared is
denied.
"""

from __future__ import annotations

import functools
import inspect
import json
import logging
import re
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dash import Dash
from dash.dependencies import Wildcard
from dash.exceptions import PreventUpdate
from flask import Request, g
from werkzeug.exceptions import BadRequest, HTTPException, RequestEntityTooLarge

from helix_dash import context
from helix_dash.context import User
from helix_dash.errors import BadQuery, Forbidden, StoreUnavailable

Function = Callable[..., Any]

MOST_PARTS = 1000
"""Components that one pattern of a call may name."""

_MOST_NUMBER = 2**63
_HALF = re.compile("[\ud800-\udfff]")

_logger = logging.getLogger("helix_dash.calls")


@dataclass(slots=True)
class Calls:
    """The callbacks of one app and the permission each needs.

    Args:
        permissions: callback id, as Dash builds it from the outputs → permission.
        callbacks: Dash's own table, by the same id.
    """

    permissions: dict[str, str] = field(default_factory=dict)
    callbacks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @contextmanager
    def declaring(self, dash: Dash, permission: str) -> Iterator[None]:
        """What is registered on ``dash`` inside the block needs at least ``permission``."""
        before = set(dash.callback_map)
        yield
        self.callbacks = dash.callback_map
        for name in set(dash.callback_map) - before:
            if "callback" in dash.callback_map[name]:  # the others run in the browser alone
                self.permissions[name] = permission

    def check(self, request: Request, asker: User) -> None:
        """Go on only with a call that may be made.

        Raises:
            BadQuery: no page of ours makes such a call.
            Forbidden: the asker may not make it.
            RequestEntityTooLarge: it is larger than any page's.
        """
        body = _body(request)
        output = body.get("output")
        if not isinstance(output, str) or output not in self.callbacks:
            raise BadQuery("output", "There is no such callback.")
        g.helix_call = output
        registered = self.callbacks[output]
        permission = self.permissions.get(output)
        if permission is None:
            raise Forbidden("undeclared")
        if permission not in asker.permissions:
            raise Forbidden(permission)
        _match("outputs", _outputs(body), _expected_outputs(registered))
        _match("inputs", body.get("inputs", []), _expected(registered["inputs"]))
        _match("state", body.get("state", []), _expected(registered["state"]))
        _check_changed(body.get("changedPropIds", []), _expected(registered["inputs"]))


class Malformed(BadQuery):
    """A callback came upon a value of a shape that it cannot use.

    Args:
        error: what it raised.
        place: file and line, for the log.
    """

    def __init__(self, error: Exception, place: str) -> None:
        super().__init__("call", f"What the page sent cannot be used ({type(error).__name__}, {place}).")


_MISSHAPEN = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError)
"""What Python raises when a value is not what the code took it for."""
_OURS = Path(__file__).parents[1]
_WEB = frozenset({"app.py", "query_params.py", "auth", "exports", "pages", "ui"})
"""Where what a browser sent is read. What comes further in has been checked there."""


def permitted(permission: str, function: Function) -> Function:
    """``function``, run only for askers who hold ``permission``; the finer check, within one section.

    What it is called with comes from a browser and may be anything, whatever its page would send. So an error about
    the shape of a value, met where such values are read, is told as the caller's and not as a failure of the
    server; the stack is in the log at level DEBUG. Met further in, it is a fault of this program.
    """

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        context.need(permission)
        try:
            return function(*args, **kwargs)
        except _MISSHAPEN as error:
            place = _place(error)
            if place is None:
                raise
            _logger.debug("a callback could not use what it was sent", exc_info=True)
            raise Malformed(error, place) from error

    call.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]
    return call


def _place(error: Exception) -> str | None:
    """Where our own code met ``error``, as file and line; ``None`` when that is not where a browser's values are
    read. Sections of other distributions are such a place too."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        file = Path(frame.filename)
        if file.is_relative_to(_OURS):
            own = file != Path(__file__) and file.relative_to(_OURS).parts[0] not in _WEB
            return None if own else f"{file.name}:{frame.lineno}"
    return None


def on_error(error: Exception) -> Any:
    """What becomes of an error that a callback let out.

    Ours become the statuses of the API. Without a store the page keeps what it shows: nothing is updated.
    All others are faults of this program and stay what they are: logged, and a 500.
    """
    if isinstance(error, StoreUnavailable):
        raise PreventUpdate from error
    raise error


def _body(request: Request) -> Mapping[str, Any]:
    try:
        body = request.get_json()
    except RequestEntityTooLarge:
        raise
    except (HTTPException, RecursionError) as error:
        reason = "JSON is expected." if isinstance(error, BadRequest) else "This is not a call of a page."
        raise BadQuery("body", reason) from error
    if not isinstance(body, dict):
        raise BadQuery("body", "A call is a JSON object.")
    if not _sound(body):
        raise BadQuery("body", "This is not what a browser would send.")
    return body


def _sound(body: object) -> bool:
    """Whether every text is one and every number fits: an answer that repeats one that is not cannot be written."""
    left = [body]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            left += [*value.keys(), *value.values()]
        elif isinstance(value, list):
            left += value
        elif (isinstance(value, int) and abs(value) >= _MOST_NUMBER) or (
            isinstance(value, str) and _HALF.search(value)
        ):
            return False
    return True


_Part = tuple[object, str]
"""A component's id (text, or the mapping of a pattern) and its property."""


def _expected(parts: list[Mapping[str, Any]]) -> list[_Part]:
    return [(_identity(part["id"]), str(part["property"])) for part in parts]


def _expected_outputs(registered: Mapping[str, Any]) -> list[_Part]:
    output = registered["output"]
    if registered.get("no_output"):
        return []
    outputs = output if isinstance(output, list | tuple) else [output]
    return [(one.component_id, one.component_property) for one in outputs]


def _outputs(body: Mapping[str, Any]) -> list[Any]:
    outputs = body.get("outputs")
    if outputs is None:
        return []
    return outputs if isinstance(outputs, list) else [outputs]


def _identity(text: Any) -> object:
    return json.loads(text) if isinstance(text, str) and text.startswith("{") else text


def _match(field_name: str, given: Any, expected: list[_Part]) -> None:
    """Each part given stands where the registration has it, with the same id and property.

    A part whose registered id is a pattern is a list of components, or one, with the pattern's keys.
    """
    fault = BadQuery(field_name, f"The {field_name} are not those of the callback.")
    if not isinstance(given, list) or len(given) != len(expected):
        raise fault
    for part, (identity, prop) in zip(given, expected, strict=True):
        group = part if isinstance(part, list) else [part]
        if isinstance(part, list) and (not isinstance(identity, dict) or len(part) > MOST_PARTS):
            raise fault
        for one in group:
            if not isinstance(one, dict) or not _same(one, identity, prop):
                raise fault


def _same(one: Mapping[str, Any], identity: object, prop: str) -> bool:
    name = one.get("property")
    if not isinstance(name, str) or name.split("@")[0] != prop.split("@")[0]:
        return False
    given = one.get("id")
    if not isinstance(identity, dict):
        return given == identity
    if not isinstance(given, dict) or given.keys() != identity.keys():
        return False
    return all(_fits(given[key], wanted) for key, wanted in identity.items())


def _fits(value: Any, wanted: Any) -> bool:
    """Whether ``value`` may stand in the place of a pattern that asks for ``wanted``."""
    if not isinstance(value, str | int | float):
        return False
    wildcard = isinstance(wanted, list | Wildcard)  # ["ALL"] where Dash has made it a text
    return wildcard or value == wanted


def _check_changed(changed: Any, inputs: list[_Part]) -> None:
    """What a page says has changed is among what it sends: callbacks tell by it which button was pressed."""
    fault = BadQuery("changedPropIds", "changedPropIds must name inputs of the callback.")
    if not isinstance(changed, list) or len(changed) > MOST_PARTS:
        raise fault
    for name in changed:
        if not isinstance(name, str):
            raise fault
        identity, _, prop = name.rpartition(".")
        if name != "." and not any(_is(identity, prop, part) for part in inputs):
            raise fault


def _is(identity: str, prop: str, part: _Part) -> bool:
    try:
        return _same({"id": _identity(identity), "property": prop}, *part)
    except (ValueError, RecursionError):
        return False
