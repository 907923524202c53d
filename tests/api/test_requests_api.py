"""``/api/v1/requests``: parameters, paging, scope, refusals."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import redis
from flask.testing import FlaskClient
from handmade_log import HandmadeLog

from helix_dash.auth.users import create_token, create_user
from helix_dash.embedded import EmbeddedStore
from helix_dash.log.schema import SHOWN
from helix_dash.model import Condition, Scope, Sort
from webapp import build, sign_in

PATH = "/api/v1/requests"


@pytest.fixture
def log() -> HandmadeLog:
    return HandmadeLog()


@pytest.fixture
def reader(settings: Any, log: HandmadeLog, people: redis.Redis) -> FlaskClient:
    """A program with a viewer's token."""
    client = build(settings, log).test_client()
    token = create_token(people, "reader", "viewer", None)
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return client


def test_rows_carry_the_columns_of_the_schema_and_nothing_else(reader: FlaskClient) -> None:
    """X20."""
    rows = reader.get(PATH).json["rows"]
    assert list(rows[0]) == [column.name for column in SHOWN]


def test_without_parameters_the_last_day_newest_first_a_hundred_rows(
    reader: FlaskClient, log: HandmadeLog
) -> None:
    reader.get(PATH)
    scope, where, sort, part, _ = log.asked[0]
    assert scope == Scope(None)
    assert where.period.length == timedelta(days=1)
    assert (sort, part.offset, part.limit) == (Sort("time", True), 0, 100)


def test_parameters_become_the_filter(reader: FlaskClient, log: HandmadeLog) -> None:
    reader.get(PATH + "?model=a&model=b&status=error&sort=cost_usd&limit=7")
    _, where, sort, part, _ = log.asked[0]
    assert where.conditions == (Condition("model", "in", ("a", "b")), Condition("status", "in", ("error",)))
    assert (sort, part.limit) == (Sort("cost_usd", False), 7)


def test_exclusions_and_a_zone_are_parameters_too(reader: FlaskClient, log: HandmadeLog) -> None:
    reader.get(PATH + "?model!=a&stream=true&from=2026-01-05T00:00&zone=Europe/Berlin")
    where = log.asked[0][1]
    assert where.conditions == (Condition("stream", "in", ("true",)), Condition("model", "not_in", ("a",)))
    assert where.period.start.isoformat() == "2026-01-04T23:00:00+00:00"


def test_a_zone_that_is_none_is_refused_by_its_name(reader: FlaskClient) -> None:
    answer = reader.get(PATH + "?zone=../../etc/passwd")
    assert (answer.status_code, answer.json["error"]["field"]) == (400, "zone")


def test_the_total_is_that_of_the_filter_and_not_of_the_page(reader: FlaskClient) -> None:
    answer = reader.get(PATH + "?limit=2").json
    assert (len(answer["rows"]), answer["total"]) == (2, 5)


def test_the_cursor_leads_through_all_rows_once(reader: FlaskClient) -> None:
    seen, cursor = [], None
    for _ in range(10):
        answer = reader.get(PATH, query_string={"limit": 2} | ({"cursor": cursor} if cursor else {})).json
        seen += [row["seq"] for row in answer["rows"]]
        cursor = answer["next"]
        if cursor is None:
            break
    assert seen == [1, 2, 3, 4, 5]


def test_the_last_page_has_no_next(reader: FlaskClient) -> None:
    assert reader.get(PATH + "?limit=5").json["next"] is None


def test_a_cursor_pins_period_and_watermark(reader: FlaskClient, log: HandmadeLog) -> None:
    """Requests that arrive between two pages move neither."""
    log.arrived = 3
    first = reader.get(PATH + "?limit=2&from=now-1h").json
    second = reader.get(PATH, query_string={"limit": 2, "from": "now-1h", "cursor": first["next"]}).json
    assert log.asked[0][1].period == log.asked[1][1].period
    assert log.asked[1][4] == 1000
    assert second["total"] == 5


def test_a_cursor_remembers_filter_and_order(reader: FlaskClient, log: HandmadeLog) -> None:
    cursor = reader.get(PATH + "?limit=2&model=a&sort=cost_usd").json["next"]
    reader.get(PATH, query_string={"cursor": cursor})
    assert log.asked[1][1].conditions == log.asked[0][1].conditions
    assert log.asked[1][2] == log.asked[0][2]


def test_a_cursor_of_another_query_is_refused(reader: FlaskClient) -> None:
    cursor = reader.get(PATH + "?limit=2&model=a").json["next"]
    answer = reader.get(PATH, query_string={"cursor": cursor, "model": "b"})
    assert (answer.status_code, answer.json["error"]["field"]) == (400, "cursor")


def test_a_cursor_gives_nobody_more_than_their_scope(
    reader: FlaskClient, log: HandmadeLog, people: redis.Redis
) -> None:
    """T34."""
    cursor = reader.get(PATH + "?limit=2").json["next"]
    token = create_token(people, "acme", "viewer", "acme")
    reader.get(PATH, query_string={"cursor": cursor}, headers={"Authorization": f"Bearer {token}"})
    assert log.asked[1][0] == Scope("acme")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("nothing=1", "nothing"),
        ("from=yesterday", "from"),
        ("to=", "to"),
        ("from=now&to=now-1h", "from"),
        ("from=now-1h&from=now-2h", "from"),
        ("status=failed", "status"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=-1", "limit"),
        ("limit=1e3", "limit"),
        ("limit=NaN", "limit"),
        ("limit=%EF%BC%91", "limit"),
        ("limit=1000000000", "limit"),
        ("limit=1&limit=2", "limit"),
        ("sort=nothing", "sort"),
        ("sort=__class__", "sort"),
        ("sort=time&sort=model", "sort"),
        ("cursor=x", "cursor"),
        ("cursor=", "cursor"),
        ("theme=dark", "theme"),
    ],
)
def test_a_bad_parameter_is_400_with_its_name(reader: FlaskClient, query: str, field: str) -> None:
    """T52."""
    answer = reader.get(f"{PATH}?{query}")
    assert answer.status_code == 400
    error = answer.json["error"]
    assert set(error) == {"code", "message", "field"}
    assert error["field"] == field


@pytest.mark.parametrize(
    "header", ["Bearer ", "Bearer x", "Bearer helix_" + "A" * 43, "Basic YTpi", "bearer"]
)
def test_a_wrong_token_is_401(reader: FlaskClient, header: str) -> None:
    answer = reader.get(PATH, headers={"Authorization": header})
    assert (answer.status_code, answer.json["error"]["code"]) == (401, "not_signed_in")


def test_a_token_is_nothing_in_the_address(reader: FlaskClient, people: redis.Redis) -> None:
    """T35."""
    token = create_token(people, "other", "viewer", None)
    reader.environ_base.pop("HTTP_AUTHORIZATION")
    assert reader.get(PATH, query_string={"token": token}).status_code == 401


def test_a_token_opens_the_api_and_no_page(reader: FlaskClient) -> None:
    assert reader.get("/").status_code == 302
    assert reader.get("/_dash-layout").status_code == 401


def test_a_token_of_one_organization_reads_only_that(
    reader: FlaskClient, log: HandmadeLog, people: redis.Redis
) -> None:
    token = create_token(people, "acme", "viewer", "acme")
    reader.get(PATH, headers={"Authorization": f"Bearer {token}"})
    assert log.asked[0][0] == Scope("acme")


def test_who_is_signed_in_reads_within_the_accounts_organization(
    settings: Any, log: HandmadeLog, store: redis.Redis
) -> None:
    create_user(store, "alice", "correct horse battery", "viewer", "acme")
    client = build(settings, log).test_client()
    sign_in(client, "alice")
    assert client.get(PATH).status_code == 200
    assert log.asked[0][0] == Scope("acme")


def test_a_log_that_is_behind_the_store_is_503(reader: FlaskClient, log: HandmadeLog) -> None:
    """Fault 02: a program cannot see a banner that says "stale"."""
    log.store_ok = False
    answer = reader.get(PATH)
    assert (answer.status_code, answer.json["error"]["code"]) == (503, "store_unavailable")


def test_a_token_that_cannot_be_looked_up_is_503_and_not_401(
    reader: FlaskClient, web_store: EmbeddedStore
) -> None:
    web_store.stop()
    assert reader.get(PATH).status_code == 503


def test_an_answer_is_never_kept_by_caches(reader: FlaskClient) -> None:
    assert reader.get(PATH).headers["Cache-Control"] == "no-store"


def test_a_fault_of_ours_is_a_500_that_tells_only_a_reference(reader: FlaskClient, log: HandmadeLog) -> None:
    log.page = None  # type: ignore[method-assign, assignment]
    answer = reader.get(PATH)
    assert answer.status_code == 500
    assert "NoneType" not in answer.text
    assert "reference" in answer.json["error"]["message"]
