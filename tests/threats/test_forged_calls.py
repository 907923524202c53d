"""Hand-made callbacks, generated from the table of callbacks: T03 to T13. T01 and T02 are in test_every_route.py,
the shapes of a body in auth/test_calls.py."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from dash import ALL, Dash, Input, Output, State, html
from flask import Flask, g
from flask.testing import FlaskClient
from whole import CALL, bodies, heard, signed_in

from helix_dash.auth.audit import entries
from helix_dash.auth.calls import MOST_PARTS, Calls
from helix_dash.auth.guard import MAX_BODY
from helix_dash.auth.policy import LEAST_ROLE, permissions
from helix_dash.context import User
from helix_dash.embedded import EmbeddedStore
from helix_dash.errors import BadQuery
from helix_dash.pages import SECTIONS
from helix_dash.store import connect
from test_every_route import NEEDS, dash_of
from webapp import ROLES, sign_in

HARMLESS = {200, 204, 400, 403}

WRONG: list[Any] = [
    None, True, -1, 1e308, "", "x", "9" * 6000, "\ud800", "\x00", [], [[[]]], [None], {}, {"from": 1}, {"where": []},
    {"grid": {"filterModel": {"model": []}}}, {"grid": {"sortModel": [[]]}}, {"startRow": "x"}, {"startRow": -5, "endRow": 10**12},
    {"startRow": {}, "endRow": []}, {"n": "x"}, {"id": "../../etc/passwd"}, {"role": "admin"}, {"__class__": {"__init__": {}}},
]  # fmt: skip


def test_every_call_beyond_ones_role_is_403_and_on_record_and_nothing_ran(
    app: Flask, viewer: FlaskClient, web_store: EmbeddedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T03; issue B, shown 2."""
    forbidden = [name for name in bodies(app) if "hx-export" in name]
    assert forbidden
    for name in forbidden:
        monkeypatch.setitem(
            dash_of(app).callback_map[name], "callback", lambda *_, **__: pytest.fail("it was entered")
        )
        assert viewer.post(CALL, json=bodies(app)[name]).status_code == 403
    with connect(web_store.url) as store:
        refused = {entry.event.object for entry in entries(store) if entry.event.action == "refused"}
    assert {name[:300] for name in forbidden} <= refused


def test_a_role_said_by_the_browser_opens_nothing(app: Flask, viewer: FlaskClient) -> None:
    """T04: in every state, every input, and in the query."""
    claim = {"role": "admin", "organization": None, "permissions": list(LEAST_ROLE)}
    for name, body in bodies(app).items():
        forged = copy.deepcopy(body)
        for part in (*forged["inputs"], *forged["state"]):
            part["value"] = claim
        status = viewer.post(CALL, json=forged, query_string={"role": "admin"}).status_code
        assert (status == 403) is any(part in name for part in NEEDS), name


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    "path", [*(section.path for section in SECTIONS), "/admin/../x", "//x", "/%2e%2e/secret"]
)
def test_a_page_comes_through_the_routing_call_only_to_those_who_may_see_it(
    app: Flask, role: str, path: str
) -> None:
    """T05."""
    (name,) = [name for name in bodies(app) if "hx-page.children" in name]
    body = copy.deepcopy(bodies(app)[name])
    for part in body["inputs"]:
        part["value"] = path if part["property"] == "pathname" else part["value"]
    answer = signed_in(app, role).post(CALL, json=body)
    section = next((section for section in SECTIONS if section.path == path), None)
    if section is None or section.permission not in permissions(role):
        assert "Not found" in answer.text or "Not allowed" in answer.text
    else:
        assert answer.status_code == 200
        assert "Not allowed" not in answer.text


@pytest.mark.parametrize(
    "changed", ["hx-delete.n_clicks", "hx-url.search.x", '{"index":1,"type":"revoke"}.n_clicks', "x", ""]
)
def test_a_trigger_that_is_no_input_of_the_callback_is_400(
    app: Flask, admin: FlaskClient, changed: str
) -> None:
    """T06."""
    for name, body in bodies(app).items():
        assert admin.post(CALL, json={**body, "changedPropIds": [changed]}).status_code == 400, name


def test_every_real_trigger_passes(app: Flask, admin: FlaskClient) -> None:
    """T06: else the test above would prove nothing."""
    for name, body in bodies(app).items():
        for part in body["inputs"]:
            given = {**body, "changedPropIds": [f"{part['id']}.{part['property']}"]}
            assert admin.post(CALL, json=given).status_code != 403, name


def forged(app: Flask) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every callback with every wrong value in each of its places, one at a time."""
    for name, body in bodies(app).items():
        if name == "hx-export-result.data":
            continue  # it would start a process for each; what an order's id may be: exports/test_folder.py
        for kind in ("inputs", "state"):
            for place in range(len(body[kind])):
                for value in WRONG:
                    changed = copy.deepcopy(body)
                    changed[kind][place]["value"] = value
                    yield name, changed


def test_no_value_in_any_place_of_any_callback_makes_the_server_fail(app: Flask, admin: FlaskClient) -> None:
    """T07; issue B, shown 2: no 500, no stack, at most a line each."""
    tried = 0
    with heard() as log:
        for name, body in forged(app):
            before = len(log.lines)
            answer = admin.post(CALL, data=json.dumps(body), content_type="application/json")
            tried += 1
            assert answer.status_code in HARMLESS, (name, body, log.lines[before:])
            assert len(log.lines) - before <= 1, (name, body, log.lines[before:])
    assert log.stacks == []
    assert tried > 500


def test_a_forged_call_is_one_line_of_log_that_names_who_and_what(viewer: FlaskClient) -> None:
    """T08, T62."""
    with heard() as log:
        answer = viewer.post(
            CALL, json={"output": "x\r\n[CRITICAL] fake\x1b[31m"}, headers={"User-Agent": "a\tb"}
        )
    assert answer.status_code == 400
    (line,) = log.lines
    told = json.loads(line)
    assert (told["refused"], told["who"], told["object"]) == (400, "account:viewer", CALL)
    assert told["request"] == answer.headers["X-Request-ID"]
    assert len(line) < 2000


@pytest.mark.parametrize("length", [MAX_BODY + 1, 12 * 2**20])
def test_a_huge_body_is_413_without_being_read(viewer: FlaskClient, length: int) -> None:
    """T09."""
    with heard() as log:
        answer = viewer.post(CALL, data=b"[" * length, content_type="application/json")
    assert answer.status_code == 413
    assert len(log.lines) == 1


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_a_deeply_nested_body_is_400(viewer: FlaskClient, opening: str) -> None:
    """T10."""
    with heard() as log:
        answer = viewer.post(CALL, data=opening * 100_000, content_type="application/json")
    assert answer.status_code == 400
    assert log.stacks == []


def test_deep_nesting_in_a_value_is_harmless(app: Flask, admin: FlaskClient) -> None:
    """T10."""
    deep: Any = "x"
    for _ in range(300):
        deep = {"where": [deep]}
    for name, body in bodies(app).items():
        if name == "hx-export-result.data":
            continue
        changed = copy.deepcopy(body)
        for part in (*changed["inputs"], *changed["state"]):
            part["value"] = deep
        assert admin.post(CALL, json=changed).status_code in HARMLESS, name


# --- patterns -----------------------------------------------------------------------------------------------


@pytest.fixture
def pattern(app: Flask) -> Callable[..., None]:
    """Holds calls against a callback with a pattern: ``{"type": "revoke", "index": ALL}``."""
    dash, table = Dash("patterns", server=Flask("patterns")), Calls()
    dash.layout = html.Div(id="done")
    with table.declaring(dash, "read"):

        @dash.callback(Output("done", "children"), Input({"type": "revoke", "index": ALL}, "n_clicks"))
        def revoke(_clicks: Any) -> None:
            pytest.fail("it was entered")

        dash._setup_server()
    asker = User("viewer", "viewer", None, permissions("viewer"))

    def check(parts: Any, changed: Any = ()) -> None:
        body = {
            "output": "done.children",
            "outputs": {"id": "done", "property": "children"},
            "inputs": parts,
            "changedPropIds": list(changed),
        }
        with dash.server.test_request_context(json=body):
            from flask import request

            table.check(request, asker)
            assert g.helix_call == "done.children"

    return check


def part(**identity: Any) -> dict[str, Any]:
    return {"id": identity, "property": "n_clicks", "value": 1}


def test_the_calls_of_an_honest_page_with_patterns_pass(pattern: Any) -> None:
    pattern([[part(type="revoke", index=n) for n in range(3)]], ['{"index":1,"type":"revoke"}.n_clicks'])
    pattern([[]])


@pytest.mark.parametrize(
    "parts",
    [
        [[part(type="delete", index=1)]],
        [[part(type="revoke")]],
        [[part(type="revoke", index=1, more=2)]],
        [[part(type="revoke", index={"a": 1})]],
        [[part(type="revoke", index=["ALL"])]],
        [[{"id": "revoke", "property": "n_clicks"}]],
        [[part(type="revoke", index=n) for n in range(MOST_PARTS + 1)]],
    ],
    ids=["another type", "less", "more", "an object", "a wildcard", "a text", "a flood"],
)
def test_an_id_that_the_pattern_does_not_fit_is_400(pattern: Any, parts: Any) -> None:
    """T09, T11. Whether an object that fits may be touched is asked of the store, within the asker's scope."""
    with pytest.raises(BadQuery):
        pattern(parts)


@pytest.mark.parametrize(
    "changed",
    [
        ['{"index":1,"type":"delete"}.n_clicks'],
        ["{.n_clicks"],
        ['{"index":' * 5000 + ".n_clicks"],
        ["x"] * 5000,
    ],
)
def test_a_trigger_that_the_pattern_does_not_fit_is_400(pattern: Any, changed: Any) -> None:
    """T06."""
    with pytest.raises(BadQuery):
        pattern([[part(type="revoke", index=1)]], changed)


# --- outputs and jobs ---------------------------------------------------------------------------------------


def test_an_answer_names_only_the_outputs_that_are_registered(app: Flask, admin: FlaskClient) -> None:
    """T12."""
    for name, body in bodies(app).items():
        answer = admin.post(CALL, json=body)
        if answer.status_code == 200 and "response" in (answer.json or {}):
            outputs = body["outputs"] if isinstance(body["outputs"], list) else [body["outputs"]]
            assert set(answer.json["response"]) <= {json_id(one["id"]) for one in outputs}, name


def json_id(identity: Any) -> str:
    return (
        identity if isinstance(identity, str) else json.dumps(identity, separators=(",", ":"), sort_keys=True)
    )


def test_an_output_in_the_place_of_another_is_400(app: Flask, admin: FlaskClient) -> None:
    """T12."""
    foreign = {"id": "hx-elsewhere", "property": "children"}
    for name, body in bodies(app).items():
        several = isinstance(body["outputs"], list)
        outputs = [foreign, *body["outputs"][1:]] if several else foreign
        assert admin.post(CALL, json={**body, "outputs": outputs}).status_code == 400, name


def test_the_handles_of_a_job_that_nobody_gave_out_touch_nothing(app: Flask, admin: FlaskClient) -> None:
    """T13."""
    victim = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(120)"])
    try:
        for handle in (str(victim.pid), f"{victim.pid}~x~y", "../x", "-1"):
            query = [("job", handle), ("oldJob", handle), ("cancelJob", handle), ("cacheKey", handle)]
            for name, body in bodies(app).items():
                if name != "hx-export-result.data":
                    assert admin.post(CALL, json=body, query_string=query).status_code in HARMLESS
            body = bodies(app)["hx-export-result.data"]
            given = {**body, "inputs": [{**body["inputs"][0], "value": "0" * 32}]}
            admin.post(
                CALL, json=given, query_string=[("cancelJob", handle), ("job", handle), ("cacheKey", "x")]
            )
            assert victim.poll() is None
    finally:
        victim.kill()
        victim.wait()


def test_no_callback_reads_who_asks_from_the_browser() -> None:
    """T04: by the names of what callbacks take; the asker comes from helix_dash.context."""
    from helix_dash.exports import callbacks as exports

    for section in (*(section.callbacks for section in SECTIONS), exports.on):
        for item in section.recorded:
            named = " ".join(_taken([item.arguments, item.options])).lower()
            for word in ("session", "role", "user.data", "organization.data", "permission"):
                assert word not in named.replace("hx-user", ""), item.function.__qualname__


def _taken(parts: Any) -> Iterator[str]:
    """The names of inputs and states, however deep they are grouped; outputs go the other way."""
    if isinstance(parts, Input | State):
        yield str(parts)
    elif isinstance(parts, dict):
        yield from _taken(list(parts.values()))
    elif isinstance(parts, list | tuple):
        for part in parts:
            yield from _taken(part)


def test_signing_in_is_needed_for_these_tests(app: Flask) -> None:
    assert sign_in(app.test_client(), "viewer", "wrong password!").status_code == 401
