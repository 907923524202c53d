"""Everything the real app answers, held against one list: what is not listed as open is closed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from dash import Dash
from flask import Flask
from flask.testing import FlaskClient

from helix_dash.app import create_app
from helix_dash.auth.policy import LEAST_ROLE, permissions
from helix_dash.context import open_log
from helix_dash.embedded import EmbeddedStore
from helix_dash.log.fold import Fold
from helix_dash.log.retention import Retention
from helix_dash.pages import SECTIONS
from request_records import a_request, recorded
from webapp import ROLES, people, settings_for, sign_in, store, web_store  # noqa: F401 - fixtures

CANARY = "canary-model-7f3a"

OPEN = {
    "/login",
    "/logout",
    "/healthz",
    "/readyz",
    "/assets/<path:filename>",
    "/assets/helix.css",
    "/assets/helix.js",
    "/_dash-component-suites/<string:package_name>/<path:fingerprinted_path>",
    "/_favicon.ico",
}
"""What answers the anonymous. A new route is closed until it stands here."""

NEEDS = {
    "hx-export": "export:create",
    "hx-limits-done": "limits:write",
    "hx-groups-done": "groups:write",
    "hx-costs-budget-done": "budget:write",
    "hx-security-file": "export:create",
    "hx-costs-price-done": "prices:write",
    "hx-costs-recompute-": "prices:write",
    "hx-cache-done": "cache:write",
    "hx-cache-told": "cache:write",
    "hx-incident-done": "incidents:write",
    "hx-incident-radius.children.": "incidents:write",
    "hx-incident-radius.children@": "incidents:purge",
    "hx-incident-receipt": "incidents:write",
    "hx-incident-revealed": "pii:read",
    "hx-masking-done": "redaction:write",
}
"""Part of a callback's outputs → the permission it needs; all others read."""

CLOSED = {
    "/",
    "/<path:path>",
    "/_dash-layout",
    "/_dash-dependencies",
    "/_dash-update-component",
    "/_reload-hash",
    "/api/v1/summary",
    "/api/v1/trust",
    "/api/v1/requests",
    "/api/v1/values",
    "/api/v1/views",
    "/api/v1/visits",
    "/api/v1/views/<identity>",
    "/exports/<identity>.csv",
    "/exports/<identity>.json",
}

INSTEAD = {"path:path": "requests", "identity": "0" * 32, "filename": "tokens.css"}


@pytest.fixture
def app(web_store: EmbeddedStore, people: redis.Redis, tmp_path: Path) -> Flask:  # noqa: F811
    """The app with its real pages, and a canary in its log."""
    recorded(web_store.url, a_request(time=datetime.now(UTC) - timedelta(minutes=5), model=CANARY))
    Fold(web_store.url, retention=Retention(90)).step()
    return create_app(settings_for(web_store.url, tmp_path), open_log=open_log)


@pytest.fixture
def anonymous(app: Flask) -> FlaskClient:
    return app.test_client()


def dash_of(app: Flask) -> Dash:
    """The Dash app that lives in ``app``."""
    layout = app.view_functions["/_dash-layout"]
    return layout.__self__  # type: ignore[attr-defined, no-any-return]


def address(rule: str) -> str:
    return re.sub(r"<(?:string:package_name)>", "dash", re.sub(
        r"<([^>]+)>", lambda found: INSTEAD.get(found[1], INSTEAD.get(found[1].split(":")[-1], "dash")), rule
    ))  # fmt: skip


def test_every_route_is_listed_as_open_or_closed(app: Flask) -> None:
    """T02."""
    assert {rule.rule for rule in app.url_map.iter_rules()} == OPEN | CLOSED


def test_the_anonymous_get_nothing_from_a_closed_route(app: Flask, anonymous: FlaskClient) -> None:
    """T02: neither an answer nor a body with anything in it."""
    for rule in app.url_map.iter_rules():
        if rule.rule not in CLOSED:
            continue
        for method in sorted(rule.methods or ()):
            answer = anonymous.open(address(rule.rule), method=method, json={} if method == "POST" else None)
            assert answer.status_code in (302, 401), (method, rule.rule)
            assert len(answer.data) < 400
            for leak in (CANARY, "hx-", "_dash-config", "gpt", "viewer"):
                assert leak not in answer.text, (method, rule.rule)


def test_no_method_on_any_path_gives_the_anonymous_more(app: Flask, anonymous: FlaskClient) -> None:
    for rule in app.url_map.iter_rules():
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE"):
            with anonymous.open(address(rule.rule), method=method) as answer:
                assert answer.status_code < 500, (method, rule.rule)
                assert CANARY.encode() not in answer.data


def calls(app: Flask) -> Iterator[tuple[str, dict[str, Any]]]:
    """A well-formed call of every callback of the server."""
    for name, registered in dash_of(app).callback_map.items():
        if "callback" not in registered:
            continue
        output = registered["output"]
        several = isinstance(output, list | tuple)
        listed = [
            {"id": one.component_id, "property": one.component_property}
            for one in (output if several else [output])
        ]
        yield (
            name,
            {
                "output": name,
                "outputs": listed if several else listed[0],
                "inputs": [{**part, "value": None} for part in registered["inputs"]],
                "state": [{**part, "value": None} for part in registered["state"]],
                "changedPropIds": [f"{part['id']}.{part['property']}" for part in registered["inputs"]][:1],
            },
        )


def test_there_are_callbacks_to_try(app: Flask) -> None:
    assert len(list(calls(app))) >= 5


def test_the_anonymous_enter_no_callback(
    app: Flask, anonymous: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T01."""
    for registered in dash_of(app).callback_map.values():
        if "callback" in registered:
            monkeypatch.setitem(registered, "callback", lambda *_, **__: pytest.fail("it was entered"))
    for name, body in calls(app):
        answer = anonymous.post("/_dash-update-component", json=body)
        assert answer.status_code == 401, name
        assert answer.json["error"]["code"] == "not_signed_in"


def test_every_callback_needs_a_permission_of_the_policy(app: Flask, anonymous: FlaskClient) -> None:
    """T03: one that nobody declared would answer 403 to an administrator."""
    sign_in(anonymous, "admin")
    for name, body in calls(app):
        answer = anonymous.post("/_dash-update-component", json=body)
        assert answer.status_code not in (401, 403), (name, answer.text[:300])


@pytest.mark.parametrize("role", ROLES)
def test_each_role_enters_exactly_the_callbacks_of_its_permissions(app: Flask, role: str) -> None:
    """T03."""
    client = app.test_client()
    sign_in(client, role)
    for name, body in calls(app):
        status = client.post("/_dash-update-component", json=body).status_code
        needed = next((needs for part, needs in NEEDS.items() if part in name), "read")
        allowed = needed in permissions(role)
        assert (status != 403) is allowed, name


@pytest.mark.parametrize("role", ROLES)
def test_each_role_sees_exactly_the_pages_of_its_permissions(app: Flask, role: str) -> None:
    """T05."""
    client = app.test_client()
    sign_in(client, role)
    for section in SECTIONS:
        expected = 200 if section.permission in permissions(role) else 403
        assert client.get(section.path).status_code == expected


def test_every_page_names_a_permission_of_the_policy() -> None:
    assert {section.permission for section in SECTIONS} <= set(LEAST_ROLE)


def test_a_page_carries_no_data_before_its_callbacks_ran(app: Flask) -> None:
    client = app.test_client()
    sign_in(client, "admin")
    for section in SECTIONS:
        assert CANARY not in client.get(section.path).text
    assert CANARY not in client.get("/_dash-layout").text


def test_the_canary_is_there_for_those_who_may_read_it(app: Flask) -> None:
    """Else the tests above would prove nothing."""
    client = app.test_client()
    sign_in(client, "viewer")
    assert CANARY in client.get("/api/v1/requests").text
