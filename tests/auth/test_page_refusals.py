"""A page refused within the app: its answer is 200 with words, and it is on record like any other refusal."""

from __future__ import annotations

import redis
from flask.testing import FlaskClient

from helix_dash.auth import audit
from webapp import body_of, sign_in


def _open(client: FlaskClient, path: str) -> str:
    dependencies = client.get("/_dash-dependencies").json
    body = body_of(dependencies, "hx-page.children", {"hx-url.pathname": path})
    return client.post("/_dash-update-component", json=body).text


def _refusals(store: redis.Redis) -> list[tuple[str, str, str]]:
    return [(one.event.who, one.event.object, one.event.detail) for one in audit.entries(store) if one.event.action == "refused"]  # fmt: skip


def test_a_page_that_is_refused_within_the_app_is_on_record(client: FlaskClient, people: redis.Redis) -> None:
    """T04, T50."""
    sign_in(client, "viewer")
    assert "Needs the permission pii:read" in _open(client, "/secret")
    assert _refusals(people) == [("account:viewer", "/secret", "Needs the permission pii:read.")]


def test_a_page_that_is_shown_is_not(client: FlaskClient, people: redis.Redis) -> None:
    sign_in(client, "admin")
    assert "incidents" in _open(client, "/secret")
    assert _refusals(people) == []
