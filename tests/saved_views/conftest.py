"""A web app over a real store, with accounts of every role and of two organizations."""

from __future__ import annotations

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient

from helix_dash.auth.users import create_user
from webapp import PASSWORD, app, people, settings, sign_in, store, web_store  # noqa: F401 - fixtures


class Client(FlaskClient):
    """A signed-in browser."""

    def views(self) -> list[dict[str, object]]:
        """The views it is shown."""
        found: list[dict[str, object]] = self.get("/api/v1/views").json["views"]
        return found

    def names(self) -> list[str]:
        return [str(view["name"]) for view in self.views()]

    def save(self, name: str = "Errors", **given: object) -> dict[str, object]:
        """The view it saved."""
        answer = self.post(
            "/api/v1/views", json={"name": name, "path": "/", "search": "?status=error", **given}
        )
        assert answer.status_code == 201, answer.text
        saved: dict[str, object] = answer.json
        return saved


@pytest.fixture
def signed_in(app: Flask, people: redis.Redis) -> object:  # noqa: F811
    """``signed_in(name)``: a browser of that account; ``ann``, ``ed`` and ``bob`` are made for the purpose."""
    create_user(people, "ann", PASSWORD, "viewer", "acme")
    create_user(people, "ed", PASSWORD, "editor", "acme")
    create_user(people, "bob", PASSWORD, "editor", "umbrella")
    app.test_client_class = Client

    def as_(name: str) -> FlaskClient:
        client = app.test_client()
        assert sign_in(client, name).status_code == 303
        return client

    return as_
