"""Callbacks are recorded once and attached to any number of apps, each behind its guard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from dash import Dash, Input, Output, html
from werkzeug.exceptions import Forbidden as HttpForbidden

from helix_dash.errors import StoreUnavailable
from helix_dash.ui.wiring import Callbacks


def _app() -> Dash:
    app = Dash(__name__, update_title="")
    app.layout = html.Div([html.Div(id="a"), html.Div(id="b")])
    return app


def _open(_permission: str, function: Callable[..., Any]) -> Callable[..., Any]:
    return function


def _called(app: Dash) -> Any:
    ((_, entry),) = app.callback_map.items()
    return entry["callback"].__wrapped__


def test_one_section_serves_two_apps_of_one_process() -> None:
    on = Callbacks()
    on(Output("a", "children"), Input("b", "n_clicks"))(lambda clicks: clicks)
    first, second = _app(), _app()
    on.attach(first, _open)
    on.attach(second, _open)
    assert set(first.callback_map) == set(second.callback_map) == {"a.children"}


def test_every_server_callback_passes_the_guard_with_its_permission() -> None:
    seen: list[str] = []

    def guard(permission: str, function: Callable[..., Any]) -> Callable[..., Any]:
        seen.append(permission)
        return function

    on = Callbacks()
    on(Output("a", "children"), Input("b", "n_clicks"), permission="cache:write")(lambda clicks: clicks)
    on.attach(_app(), guard)
    assert seen == ["cache:write"]


def test_a_decorated_function_stays_a_plain_function() -> None:
    on = Callbacks()

    @on(Output("a", "children"), Input("b", "n_clicks"))
    def double(clicks: int) -> int:
        return clicks * 2

    assert double(4) == 8


def _failing(error: Exception) -> Any:
    on = Callbacks()

    def raises(_clicks: int) -> str:
        raise error

    on(Output("a", "children"), Input("b", "n_clicks"), failed=lambda error, reference, *_: f"{type(error).__name__} {len(reference)}")(raises)  # fmt: skip
    app = _app()
    on.attach(app, _open)
    return _called(app)


def test_a_failure_becomes_the_panels_error_state() -> None:
    assert _failing(StoreUnavailable("gone"))(1) == "StoreUnavailable 8"


def test_a_refusal_is_not_swallowed_by_the_error_state() -> None:
    """dash.md 3: with an error handler a 403 must not become an empty 200."""
    with pytest.raises(HttpForbidden):
        _failing(HttpForbidden())(1)
