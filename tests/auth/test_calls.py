"""Callbacks at the door."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
import redis
from dash import Input, Output, html
from flask import abort
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from helix_dash.context import asker
from helix_dash.errors import BadQuery, NotFound, StoreUnavailable
from helix_dash.model import us_from_utc
from helix_dash.ui.section import Section
from helix_dash.ui.wiring import Callbacks
from webapp import SECTION, build, call, entered, show_call, sign_in

PATH = "/_dash-update-component"
GOOD = {
    "output": "figure.children",
    "outputs": {"id": "figure", "property": "children"},
    "inputs": [{"id": "tick", "property": "data", "value": 1}],
    "state": [{"id": "session", "property": "data", "value": None}],
    "changedPropIds": ["tick.data"],
}


@pytest.fixture
def viewer(client: FlaskClient, people: redis.Redis) -> FlaskClient:
    sign_in(client, "viewer")
    return client


def test_the_anonymous_never_enter_a_callback(client: FlaskClient, store: redis.Redis) -> None:
    """T01."""
    answer = show_call(client)
    assert answer.status_code == 401
    assert "the data" not in answer.text
    assert entered == []


def test_who_is_signed_in_gets_the_data(viewer: FlaskClient) -> None:
    assert "the data" in show_call(viewer).text


def test_a_call_beyond_ones_role_is_403_and_not_run(viewer: FlaskClient) -> None:
    """T03."""
    answer = call(viewer, "purged.children", inputs=[("purge.n_clicks", 1)])
    assert (answer.status_code, answer.json["error"]["code"]) == (403, "forbidden")
    assert entered == []


def test_a_role_in_the_state_a_browser_sends_changes_nothing(viewer: FlaskClient) -> None:
    """T04."""
    body = {**GOOD, "state": [{"id": "session", "property": "data", "value": {"role": "admin"}}]}
    assert viewer.post(PATH, json=body).status_code == 200
    assert call(viewer, "purged.children", inputs=[("purge.n_clicks", {"role": "admin"})]).status_code == 403


def test_an_editor_may_what_a_viewer_may_not(client: FlaskClient, people: redis.Redis) -> None:
    sign_in(client, "editor")
    assert "purged" in call(client, "purged.children", inputs=[("purge.n_clicks", 1)]).text


MALFORMED: list[Any] = [
    [],
    None,
    1,
    "text",
    {},
    {**GOOD, "output": "nothing.children"},
    {**GOOD, "output": ["figure.children"]},
    {**GOOD, "output": None},
    {**GOOD, "outputs": {"id": "purged", "property": "children"}},
    {**GOOD, "outputs": {"id": "figure", "property": "figure"}},
    {**GOOD, "outputs": [{"id": "figure", "property": "children"}] * 2},
    {**GOOD, "outputs": None},
    {**GOOD, "inputs": []},
    {**GOOD, "inputs": None},
    {**GOOD, "inputs": {"id": "tick"}},
    {**GOOD, "inputs": [[{"id": "tick", "property": "data"}]]},
    {**GOOD, "inputs": GOOD["inputs"] * 2},
    {**GOOD, "inputs": [{"id": "other", "property": "data"}]},
    {**GOOD, "inputs": [{"id": "tick", "property": "other"}]},
    {**GOOD, "inputs": [{"id": {"type": "x"}, "property": "data"}]},
    {**GOOD, "inputs": [1]},
    {**GOOD, "state": [1]},
    {**GOOD, "state": []},
    {**GOOD, "changedPropIds": 1},
    {**GOOD, "changedPropIds": [1]},
    {**GOOD, "changedPropIds": {"tick.data": 1}},
]


@pytest.mark.parametrize("body", MALFORMED, ids=lambda body: json.dumps(body)[:60])
def test_a_call_no_page_makes_is_400_without_a_stack(viewer: FlaskClient, body: Any) -> None:
    """T08, T12."""
    answer = viewer.post(PATH, json=body)
    assert answer.status_code == 400
    assert "Traceback" not in answer.text
    assert entered == []


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff\xfe", b'{"a":' * 100_000], ids=["empty", "cut", "binary", "deep"]
)
def test_a_body_that_is_no_json_is_400(viewer: FlaskClient, body: bytes) -> None:
    """T10."""
    answer = viewer.post(PATH, data=body, content_type="application/json")
    assert answer.status_code == 400


def test_a_form_is_not_a_call(viewer: FlaskClient) -> None:
    """T18."""
    assert viewer.post(PATH, data=json.dumps(GOOD), content_type="text/plain").status_code == 400


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


@hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.dictionaries(st.sampled_from([*GOOD]), JSON, max_size=5))
def test_no_body_makes_the_server_fail(viewer: FlaskClient, change: dict[str, Any]) -> None:
    """T07, T08."""
    answer = viewer.post(PATH, data=json.dumps({**GOOD, **change}), content_type="application/json")
    assert answer.status_code in (200, 204, 400, 403)


def failing(error: Exception) -> Section:
    """A page whose only callback lets ``error`` out."""
    on = Callbacks()

    @on(Output("figure", "children"), Input("tick", "data"))
    def fail(_tick: Any) -> Any:
        if isinstance(error, NotImplementedError):
            abort(409)
        raise error

    return Section("first", "First", "table", "Monitor", "/", lambda: html.Div(id="figure"), on)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (StoreUnavailable("gone"), 204),
        (BadQuery("from", "no time"), 400),
        (NotFound("no such"), 404),
        (NotImplementedError(), 409),
    ],
)
def test_an_error_of_ours_in_a_callback_has_its_own_status(
    settings: Any, people: redis.Redis, error: Exception, status: int
) -> None:
    """Fault 02: without a store nothing is updated and the page keeps what it shows."""
    client = build(settings, sections=(failing(error),)).test_client()
    sign_in(client, "viewer")
    assert call(client, "figure.children", inputs=[("tick.data", 1)]).status_code == status


def test_a_fault_in_a_callback_is_a_500_that_tells_nothing(settings: Any, people: redis.Redis) -> None:
    client = build(settings, sections=(failing(RuntimeError("the password is hunter2")),)).test_client()
    sign_in(client, "viewer")
    answer = call(client, "figure.children", inputs=[("tick.data", 1)])
    assert answer.status_code == 500
    assert "hunter2" not in answer.text


def test_a_callback_that_nobody_declared_is_denied(settings: Any, people: redis.Redis) -> None:
    """T03: registered on Dash by the side door."""
    seen: list[Any] = []

    class Sly(Callbacks):
        def attach(self, app: Any, guard: Any) -> None:
            seen.append(app)

    section = Section("first", "First", "table", "Monitor", "/", lambda: html.Div(id="x"), Sly())
    client = build(settings, sections=(section,)).test_client()

    @seen[0].callback(Output("x", "children"), Input("x", "n_clicks"))
    def undeclared(_clicks: Any) -> str:
        return "the data"

    sign_in(client, "admin")
    answer = call(client, "x.children", inputs=[("x.n_clicks", 1)])
    assert answer.status_code == 403
    assert "the data" not in answer.text


def test_a_callback_that_runs_in_the_browser_cannot_be_called(settings: Any, people: redis.Redis) -> None:
    on = Callbacks()
    on.in_browser("hx.parse", Output("x", "children"), Input("x", "n_clicks"))
    section = Section("first", "First", "table", "Monitor", "/", lambda: html.Div(id="x"), on)
    client = build(settings, sections=(section,)).test_client()
    sign_in(client, "admin")
    assert call(client, "x.children", inputs=[("x.n_clicks", 1)]).status_code == 403


def test_a_section_gives_its_permission_to_its_callbacks(settings: Any, people: redis.Redis) -> None:
    on = Callbacks()

    @on(Output("figure", "children"), Input("tick", "data"))
    def who(_tick: Any) -> str:
        found = asker()
        return found.name if found else "nobody"

    section = Section(
        "audit", "Audit", "table", "Operate", "/audit", lambda: html.Div(id="figure"), on, "audit:read"
    )
    app = build(settings, sections=(SECTION_WITHOUT_CALLBACKS, section))
    answers = {}
    for name in ("editor", "admin"):
        client = app.test_client()
        sign_in(client, name)
        answers[name] = call(client, "figure.children", inputs=[("tick.data", 1)]).status_code
    assert answers == {"editor": 403, "admin": 200}


SECTION_WITHOUT_CALLBACKS = Section(
    SECTION.key, SECTION.title, SECTION.icon, SECTION.group, "/", SECTION.layout, Callbacks()
)


def answer_of(settings: Any, fail: Any) -> Any:
    """What a page's only callback answers, when it does ``fail``."""
    on = Callbacks()

    @on(Output("figure", "children"), Input("tick", "data"))
    def callback(tick: Any) -> Any:
        return fail(tick)

    section = Section("first", "First", "table", "Monitor", "/", lambda: html.Div(id="figure"), on)
    client = build(settings, sections=(section,)).test_client()
    sign_in(client, "viewer")
    return call(client, "figure.children", inputs=[("tick.data", 1)])


@pytest.mark.parametrize(
    "fail",
    [lambda tick: tick["n"], lambda tick: tick.strip(), lambda tick: [][tick], lambda tick: int("x" * tick)],
)
def test_a_value_of_a_shape_that_a_page_cannot_use_is_400_without_a_stack(
    settings: Any, people: redis.Redis, caplog: pytest.LogCaptureFixture, fail: Any
) -> None:
    """T07."""
    answer = answer_of(settings, fail)
    assert (answer.status_code, answer.json["error"]["code"]) == (400, "bad_query")
    assert not any(record.exc_info for record in caplog.records)


def test_the_same_error_further_in_is_our_own_fault_and_keeps_its_stack(
    settings: Any, people: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    """Else a bug of the log would be told as a mistake of the browser."""
    answer = answer_of(settings, lambda _tick: us_from_utc(datetime(2026, 1, 1)))  # noqa: DTZ001 - that is the bug
    assert answer.status_code == 500
    assert any(record.exc_info for record in caplog.records)


@pytest.mark.parametrize("value", ['"\\ud800"', str(2**63), '{"\\udfff": 1}'])
def test_what_could_not_be_repeated_in_an_answer_is_400(viewer: FlaskClient, value: str) -> None:
    """T07, T58."""
    body = json.dumps(GOOD).replace('"value": 1', f'"value": {value}')
    assert viewer.post(PATH, data=body, content_type="application/json").status_code == 400
