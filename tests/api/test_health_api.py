"""``/healthz`` and ``/readyz``."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import redis
from flask.testing import FlaskClient
from handmade_log import HandmadeLog

from helix_dash.auth.users import create_user
from helix_dash.embedded import EmbeddedStore
from helix_dash.model import us_from_utc
from webapp import PASSWORD, build, sign_in


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
    assert client.get("/readyz").json["reasons"] == []
    web_store.stop()
    assert "The store did not answer" in client.get("/readyz").json["reasons"][0]


def test_those_who_see_everything_are_told_what_the_log_holds_and_when_it_next_holds_less(
    client: FlaskClient, log: HandmadeLog
) -> None:
    sign_in(client, "viewer")
    assert client.get("/readyz").json["log"] == {"oldest": None, "next_purge": None, "bytes": 0}
    log.oldest = us_from_utc(datetime(2026, 3, 10, 12, tzinfo=UTC))
    assert client.get("/readyz").json["log"] == {
        "oldest": "2026-03-10T12:00:00.000Z",
        "next_purge": "2026-06-09T00:00:00.000Z",
        "bytes": 0,
    }


def test_those_who_see_one_organization_are_not_told_how_much_the_others_sent(
    client: FlaskClient, people: redis.Redis
) -> None:
    create_user(people, "tenant", PASSWORD, "admin", "acme")
    sign_in(client, "tenant")
    assert client.get("/readyz").json == {"status": "ready", "reasons": []}


def test_a_log_that_was_never_read_is_a_reason(client: FlaskClient, log: HandmadeLog) -> None:
    log.store_ok = False
    sign_in(client, "viewer")
    assert client.get("/readyz").json["reasons"] == ["The log has not been read yet."]
