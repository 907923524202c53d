"""``/healthz`` and ``/readyz``."""

from __future__ import annotations

from typing import Any

import pytest
import redis
from flask.testing import FlaskClient
from handmade_log import HandmadeLog

from helix_dash.embedded import EmbeddedStore
from webapp import build, sign_in


@pytest.fixture
def log() -> HandmadeLog:
    return HandmadeLog()


@pytest.fixture
def client(settings: Any, log: HandmadeLog, people: redis.Redis) -> FlaskClient:
    return build(settings, log).test_client()


def test_a_living_process_says_so_to_anybody(client: FlaskClient) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})


def test_it_lives_without_a_store_too(client: FlaskClient, web_store: EmbeddedStore) -> None:
    """Fault 01."""
    web_store.stop()
    assert client.get("/healthz").status_code == 200


def test_a_process_that_can_serve_figures_is_ready(client: FlaskClient) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json) == (200, {"status": "ready"})


def test_without_a_store_it_is_not_ready_and_tells_the_anonymous_no_more(
    client: FlaskClient, web_store: EmbeddedStore
) -> None:
    """Fault 01."""
    web_store.stop()
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json) == (503, {"status": "unavailable"})


def test_those_signed_in_are_told_why(client: FlaskClient, web_store: EmbeddedStore) -> None:
    sign_in(client, "viewer")
    assert client.get("/readyz").json == {"status": "ready", "reasons": []}
    web_store.stop()
    assert "The store did not answer" in client.get("/readyz").json["reasons"][0]


def test_a_log_that_was_never_read_is_a_reason(client: FlaskClient, log: HandmadeLog) -> None:
    log.store_ok = False
    sign_in(client, "viewer")
    assert client.get("/readyz").json["reasons"] == ["The log has not been read yet."]
