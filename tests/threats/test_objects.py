"""Objects of another organization, asked for by the very names they have there: T11, T34."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from whole import CALL

from helix_dash.app import create_app
from helix_dash.auth.users import create_user
from helix_dash.context import open_log
from helix_dash.embedded import EmbeddedStore
from helix_dash.log.fold import Fold
from helix_dash.log.retention import Retention
from helix_dash.store import connect
from request_records import a_request, recorded
from webapp import PASSWORD, body_of, settings_for, sign_in

SECRET_MODEL = "secret-model-of-globex"
CALL_ID = "54e48669-adb9-4d01-8000-0000000009ab"
STATE = {"from": "now-30d", "to": None, "where": {}, "grid": None}


@pytest.fixture
def app(web_store: EmbeddedStore, tmp_path: Path) -> Flask:
    """One request of acme and one of globex, and a person of each."""
    with connect(web_store.url) as store:
        store.flushall()
        for name in ("acme", "globex"):
            create_user(store, name, PASSWORD, "analyst", name)
    now = datetime.now(UTC) - timedelta(minutes=5)
    recorded(
        web_store.url,
        a_request(time=now, organization="acme", user="ada"),
        a_request(time=now, organization="globex", user="gil", model=SECRET_MODEL, call_id=CALL_ID),
    )
    Fold(web_store.url, retention=Retention(90)).step()
    return create_app(settings_for(web_store.url, tmp_path), open_log=open_log)


@pytest.fixture
def acme(app: Flask) -> FlaskClient:
    return person(app, "acme")


@pytest.fixture
def row_id(app: Flask) -> str:
    """What globex's request is called."""
    (row,) = person(app, "globex").get("/api/v1/requests?from=now-30d").json["rows"]
    assert row["model"] == SECRET_MODEL
    return f"{row['producer']}-{row['seq']}"


def person(app: Flask, name: str) -> FlaskClient:
    client = app.test_client()
    assert sign_in(client, name).status_code == 303
    return client


def asked(client: FlaskClient, output: str, values: dict[str, Any]) -> str:
    """What a callback answers, as text."""
    body = body_of(client.get("/_dash-dependencies").json, output, values)
    answer = client.post(CALL, json=body)
    assert answer.status_code in (200, 204), answer.text
    return str(answer.text)


def test_a_request_of_others_opens_for_them_and_is_not_there_for_us(
    app: Flask, acme: FlaskClient, row_id: str
) -> None:
    """T11, T34: the inspector, by the request's own name; with their own it is there."""
    values = {"hx-inspector-wanted.data": row_id, "hx-filter.data": STATE}
    assert SECRET_MODEL in asked(person(app, "globex"), "hx-details.children", values)
    told = asked(acme, "hx-details.children", values)
    assert SECRET_MODEL not in told
    assert "not in the log" in told


@pytest.mark.parametrize("text", [CALL_ID, SECRET_MODEL, "gil", "secret"])
def test_the_search_finds_nothing_of_others(acme: FlaskClient, text: str) -> None:
    """T11, T34: by id, by word, by a part of a word."""
    told = asked(acme, "hx-search-offers.children", {"hx-search-text.data": text})
    assert "Nothing is called" in told
    assert SECRET_MODEL not in told.replace(text, "")


def test_the_search_tells_of_a_request_of_others_as_of_one_that_never_was(
    acme: FlaskClient, row_id: str
) -> None:
    """T34: no difference but the name itself."""
    never = "0123456789abcdef-7"
    answers = [
        asked(acme, "hx-search-offers.children", {"hx-search-text.data": name}).replace(name, "")
        for name in (row_id, never)
    ]
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    "query", [f"call_id={CALL_ID}", f"model={SECRET_MODEL}", "organization=globex", "user=gil"]
)
def test_the_api_has_none_of_it(acme: FlaskClient, query: str) -> None:
    """T34: an empty answer, as for anything that is not there."""
    answer = acme.get(f"/api/v1/requests?from=now-30d&{query}")
    assert (answer.status_code, answer.json["total"]) == (200, 0)


def test_a_grid_that_asks_for_everything_gets_ones_own(acme: FlaskClient) -> None:
    """T11: a block of rows with a forged filter and watermark."""
    told = asked(
        acme,
        "hx-requests.getRowsResponse",
        {
            "hx-requests.getRowsRequest": {
                "startRow": 0,
                "endRow": 100,
                "filterModel": {"organization": {"filterType": "text", "type": "notBlank"}},
                "sortModel": [],
            },
            "hx-filter.data": STATE,
            "hx-grid-mark.data": 2**62,
            "hx-grid.data-state": "ready",
        },
    )
    assert "ada" in told
    assert SECRET_MODEL not in told
