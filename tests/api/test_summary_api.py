"""``/api/v1/summary``: every name, from real records."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import redis
from flask.testing import FlaskClient

from helix_dash.api.routes import SUMMARY
from helix_dash.app import create_app
from helix_dash.auth.users import create_token
from helix_dash.context import open_log
from helix_dash.embedded import EmbeddedStore
from helix_dash.log.fold import Fold
from helix_dash.log.retention import Retention
from helix_dash.model import Status
from request_records import KEYS, a_request, recorded
from webapp import settings_for

PATH = "/api/v1/summary"
NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def reader(web_store: EmbeddedStore, store: redis.Redis, tmp_path: Path) -> FlaskClient:
    """A program that may read everything; three requests of two organizations are in the log."""
    recorded(
        web_store.url,
        a_request(time=NOW - timedelta(minutes=1), cost_usd=Decimal("0.000000000123")),
        a_request(time=NOW - timedelta(minutes=2), organization="acme", latency_ms=750.0),
        a_request(time=NOW - timedelta(minutes=3), status=Status.THROTTLED, cost_usd=None, priced=None),
    )
    fold = Fold(web_store.url, retention=Retention(90))
    deadline = time.monotonic() + 60
    while not (b"[[" in (store.get(KEYS.coverage) or b"") and store.hget(KEYS.stats, "heartbeat")):
        assert time.monotonic() < deadline
        fold.step()
        time.sleep(0.05)
    client = create_app(settings_for(web_store.url, tmp_path), open_log=open_log).test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {create_token(store, 'reader', 'viewer', None)}"
    return client


def test_it_answers_every_name_and_no_other(reader: FlaskClient) -> None:
    assert set(reader.get(PATH).json) == set(SUMMARY)


def test_the_figures_are_those_of_the_records(reader: FlaskClient) -> None:
    answer = reader.get(PATH).json
    assert answer["requests"] == 3
    assert answer["errors"] == 1
    assert answer["success_rate"] == pytest.approx(2 / 3)
    assert answer["latency_ms_p99"] == 750.0
    assert answer["total_tokens"] == 360


def test_money_is_a_number_exact_to_a_nano_dollar(reader: FlaskClient) -> None:
    assert abs(Decimal(str(reader.get(PATH).json["cost_usd"])) - Decimal("0.001000000123")) < Decimal("1e-9")


def test_a_filter_narrows_the_figures(reader: FlaskClient) -> None:
    assert reader.get(PATH + "?status=throttled").json["requests"] == 1


def test_what_cannot_be_known_is_null(reader: FlaskClient) -> None:
    answer = reader.get(PATH + "?status=throttled").json
    assert answer["latency_ms_p50"] is None
    assert answer["cache_hit_rate"] is None


def test_as_of_is_an_instant_of_the_last_minute(reader: FlaskClient) -> None:
    as_of = datetime.fromisoformat(reader.get(PATH).json["as_of"])
    assert abs(datetime.now(UTC) - as_of) < timedelta(minutes=10)


def test_a_token_of_one_organization_sums_only_that(reader: FlaskClient, store: redis.Redis) -> None:
    token = create_token(store, "acme", "viewer", "acme")
    answer = reader.get(PATH, headers={"Authorization": f"Bearer {token}"}).json
    assert answer["requests"] == 1


@pytest.mark.parametrize(
    ("query", "field"), [("limit=1", "limit"), ("cursor=x", "cursor"), ("from=x", "from")]
)
def test_a_parameter_of_another_route_is_refused(reader: FlaskClient, query: str, field: str) -> None:
    answer = reader.get(f"{PATH}?{query}")
    assert (answer.status_code, answer.json["error"]["field"]) == (400, field)
