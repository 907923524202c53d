"""An export from the button to the file: real store, real fold, a job in a process of its own."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psutil
import pytest
from flask import Flask
from flask.testing import FlaskClient

from helix_dash.app import create_app
from helix_dash.auth.audit import AUDIT, entries
from helix_dash.auth.users import create_user
from helix_dash.context import open_log
from helix_dash.exports.folder import KEPT, Folder
from helix_dash.log.fold import Fold
from helix_dash.log.retention import Retention
from helix_dash.log.schema import SHOWN
from helix_dash.settings import Settings
from helix_dash.store import connect
from request_records import a_request, recorded
from webapp import settings_for, sign_in

PATIENCE = 90.0
NOW = datetime.now(UTC).replace(microsecond=0)
LINK = ("href", "children", "hidden")
PEOPLE = {"analyst": None, "other": None, "acme": "acme", "viewer": None}


@pytest.fixture
def settings(store_url: str, tmp_path: Path) -> Settings:
    return settings_for(store_url, tmp_path)


@pytest.fixture
def app(settings: Settings, store_url: str) -> Flask:
    """The app over 300 requests of the last five hours: of two models, two organizations, one with a formula."""
    records = [
        a_request(
            time=NOW - timedelta(minutes=number),
            model=("gpt-4o", "claude-sonnet-4-5")[number % 2],
            organization=("default", "acme")[number % 3 == 0],
            user="=cmd|' /C calc'!A0" if number == 7 else "ada",
            cost_usd=Decimal("0.000000000001") * (number + 1),
        )
        for number in range(300)
    ]
    recorded(store_url, *records)
    fold = Fold(store_url, retention=Retention(90))
    while fold.step().folded:
        pass
    with connect(store_url) as store:
        for name, organization in PEOPLE.items():
            role = "viewer" if name == "viewer" else "analyst"
            create_user(store, name, "correct horse battery", role, organization)
    return create_app(settings, open_log=open_log)


def person(app: Flask, name: str) -> FlaskClient:
    client = app.test_client()
    assert sign_in(client, name).status_code == 303
    return client


def outputs(*parts: str) -> tuple[str, list[dict[str, str]]]:
    """Dash's id of a callback with several outputs, and the outputs."""
    listed = [dict(zip(("id", "property"), part.split(".", 1), strict=True)) for part in parts]
    return "..".join(["", *["...".join(parts)], ""]), listed


def press(
    client: FlaskClient, state: dict[str, Any], clicks: int = 1, columns: list[str] | None = None
) -> Any:
    """The answer to a click on the button; without ``columns``, of every column."""
    output, listed = outputs("hx-export-order.data", *(f"hx-export-link.{name}" for name in LINK))
    body = {
        "output": output,
        "outputs": listed,
        "inputs": [{"id": "hx-export", "property": "n_clicks", "value": clicks}],
        "state": [
            {"id": "hx-filter", "property": "data", "value": state},
            {"id": "hx-export-columns", "property": "data", "value": columns},
        ],
        "changedPropIds": ["hx-export.n_clicks"],
    }
    return client.post("/_dash-update-component", json=body)


class Work:
    """The background callback of one order, as a page drives it."""

    def __init__(self, client: FlaskClient, order: str) -> None:
        self.client = client
        self.body = {
            "output": "hx-export-result.data",
            "outputs": {"id": "hx-export-result", "property": "data"},
            "inputs": [{"id": "hx-export-order", "property": "data", "value": order}],
            "changedPropIds": ["hx-export-order.data"],
        }
        answer = client.post("/_dash-update-component", json=self.body)
        assert answer.status_code == 200, answer.text
        self.handles = {"cacheKey": answer.json["cacheKey"], "job": answer.json["job"]}
        self.pid = int(self.handles["job"].split("~")[0])

    def look(self) -> Any:
        answer = self.client.post("/_dash-update-component", json=self.body, query_string=self.handles)
        assert answer.status_code == 200, answer.text
        return answer.json

    def result(self) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            answer = self.look()
            if "response" in answer:
                found: dict[str, Any] = answer["response"]["hx-export-result"]["data"]
                return found
            time.sleep(0.1)
        raise AssertionError("the export never ended")


def ordered(client: FlaskClient, state: dict[str, Any]) -> str:
    answer = press(client, state)
    assert answer.status_code == 200, answer.text
    order: str = answer.json["response"]["hx-export-order"]["data"]
    return order


def exported(client: FlaskClient, state: dict[str, Any]) -> str:
    """The id of a finished export."""
    result = Work(client, ordered(client, state)).result()
    assert result["state"] == "done", result
    identity: str = result["id"]
    return identity


def table(client: FlaskClient, identity: str) -> list[dict[str, str]]:
    with client.get(f"/exports/{identity}.csv") as answer:
        assert answer.status_code == 200
        return list(csv.DictReader(io.StringIO(answer.data.decode(), newline=""), strict=True))


ALL = {"from": "now-24h", "to": "now", "where": {}}


@pytest.fixture
def analyst(app: Flask) -> FlaskClient:
    return person(app, "analyst")


def test_the_export_holds_every_row_of_the_filter_once_oldest_first(analyst: FlaskClient) -> None:
    """C8."""
    rows = table(analyst, exported(analyst, {**ALL, "where": {"model": ["gpt-4o"]}}))
    assert len(rows) == 150
    assert len({(row["producer"], row["seq"]) for row in rows}) == 150
    assert {row["model"] for row in rows} == {"gpt-4o"}
    times = [row["time"] for row in rows]
    assert times == sorted(times)


def test_the_grids_own_filter_counts_too(analyst: FlaskClient) -> None:
    grid = {"filterModel": {"latency_ms": {"type": "greaterThan", "filter": 1000}}}
    assert table(analyst, exported(analyst, {**ALL, "grid": grid})) == []


def test_without_a_choice_the_columns_are_all_in_the_schemas_order(analyst: FlaskClient) -> None:
    rows = table(analyst, exported(analyst, ALL))
    assert list(rows[0]) == [column.name for column in SHOWN]


def test_the_columns_are_those_of_the_screen_in_its_order(analyst: FlaskClient) -> None:
    """C8, pages.md 2: exactly what is shown; the sidecar's totals are of all of it all the same."""
    shown = ["time", "model", "latency_ms", "user"]
    answer = press(analyst, ALL, columns=shown).json["response"]
    identity = Work(analyst, answer["hx-export-order"]["data"]).result()["id"]
    assert list(table(analyst, identity)[0]) == shown
    with analyst.get(f"/exports/{identity}.json") as about:
        assert json.loads(about.data)["totals"]["total_tokens"] == 300 * 120


def test_columns_that_are_none_are_refused_in_words(analyst: FlaskClient) -> None:
    """T07, T52."""
    answer = press(analyst, ALL, columns=["time", "__class__"]).json["response"]
    assert "There is no column" in answer["hx-export-link"]["children"]


def test_what_is_excluded_is_not_in_the_file(analyst: FlaskClient) -> None:
    rows = table(analyst, exported(analyst, {**ALL, "without": {"model": ["gpt-4o"]}}))
    assert {row["model"] for row in rows} == {"claude-sonnet-4-5"}
    assert len(rows) == 150


def test_a_range_is_meant_in_the_zone_of_the_view(analyst: FlaskClient) -> None:
    """And the sidecar says which it was; the times in the file are UTC."""
    zone = ZoneInfo("Pacific/Auckland")
    local = (NOW - timedelta(minutes=10)).astimezone(zone).replace(tzinfo=None).isoformat()
    identity = exported(analyst, {**ALL, "from": local, "zone": "Pacific/Auckland"})
    assert len(table(analyst, identity)) == 11
    with analyst.get(f"/exports/{identity}.json") as about:
        assert json.loads(about.data)["zone"] == "Pacific/Auckland"


def test_money_is_exact_to_the_pico_dollar(analyst: FlaskClient) -> None:
    rows = table(analyst, exported(analyst, ALL))
    assert sum(Decimal(row["cost_usd"]) for row in rows) == Decimal("0.000000000001") * 45_150


def test_the_file_agrees_with_the_api_on_every_cell(analyst: FlaskClient) -> None:
    api = analyst.get("/api/v1/requests?limit=1000&sort=time").json
    rows = table(analyst, exported(analyst, ALL))
    assert api["total"] == len(rows) == 300
    by_seq = {row["seq"]: row for row in rows}
    for shown in api["rows"]:
        row = by_seq[str(shown["seq"])]
        for name in ("time", "model", "organization", "status", "producer"):
            assert row[name] == shown[name]
        for name in ("latency_ms", "cost_usd", "input_tokens", "total_tokens"):
            assert float(row[name]) == shown[name]


def test_a_formula_in_a_name_is_only_text_in_the_file(analyst: FlaskClient) -> None:
    """T42."""
    users = {row["user"] for row in table(analyst, exported(analyst, ALL))}
    assert users == {"ada", "'=cmd|' /C calc'!A0"}


def test_the_sidecar_says_what_is_in_the_file(analyst: FlaskClient) -> None:
    identity = exported(analyst, {**ALL, "where": {"model": ["gpt-4o"]}})
    with analyst.get(f"/exports/{identity}.csv") as file, analyst.get(f"/exports/{identity}.json") as about:
        content, sidecar = file.data, json.loads(about.data)
    assert sidecar["sha256"] == hashlib.sha256(content).hexdigest()
    assert sidecar["bytes"] == len(content)
    assert sidecar["rows"] == 150
    assert sidecar["filter"] == [["model", "in", ["gpt-4o"]]]
    assert sidecar["zone"] == "UTC"
    assert Decimal(sidecar["totals"]["cost_usd"]) == Decimal("0.000000000001") * sum(range(1, 300, 2))
    assert sidecar["totals"]["total_tokens"] == 150 * 120


def test_what_arrives_after_the_click_is_not_in_the_file(
    analyst: FlaskClient, store_url: str, settings: Settings
) -> None:
    order = ordered(analyst, ALL)
    recorded(store_url, a_request(time=NOW, user="late"))
    Fold(store_url, retention=Retention(90)).step()
    rows = table(analyst, Work(analyst, order).result()["id"])
    assert len(rows) == 300
    assert "late" not in {row["user"] for row in rows}


def test_the_download_has_a_name_a_type_and_no_other_meaning(analyst: FlaskClient) -> None:
    """T48."""
    with analyst.get(f"/exports/{exported(analyst, ALL)}.csv") as answer:
        headers = answer.headers
    assert headers["Content-Type"] == "text/csv; charset=utf-8"
    assert headers["Content-Disposition"].startswith("attachment; filename=helix-requests-20")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"


def test_nobody_but_its_owner_gets_an_export(app: Flask, analyst: FlaskClient) -> None:
    """T34, T46: a stranger's answer is that of an export that was never made."""
    identity = exported(analyst, ALL)
    for name in ("other", "acme"):
        answer = person(app, name).get(f"/exports/{identity}.csv")
        never = person(app, name).get("/exports/" + "0" * 32 + ".csv")
        assert (answer.status_code, answer.data) == (never.status_code, never.data)
        assert answer.status_code == 404
    assert person(app, "viewer").get(f"/exports/{identity}.csv").status_code == 403
    assert app.test_client().get(f"/exports/{identity}.csv").status_code == 401


def test_an_export_holds_only_the_owners_organization(app: Flask) -> None:
    rows = table(client := person(app, "acme"), exported(client, ALL))
    assert len(rows) == 100
    assert {row["organization"] for row in rows} == {"acme"}


def test_an_owner_who_is_moved_to_one_organization_loses_wider_exports(
    app: Flask, analyst: FlaskClient, store_url: str
) -> None:
    """T46."""
    identity = exported(analyst, ALL)
    with connect(store_url) as store:
        create_user(store, "analyst", "correct horse battery", "analyst", "acme", reset=True)
    assert person(app, "analyst").get(f"/exports/{identity}.csv").status_code == 404


def test_an_export_is_gone_after_a_day(analyst: FlaskClient, settings: Settings) -> None:
    """T46."""
    import os

    identity = exported(analyst, ALL)
    path = Folder(settings.export_dir).sidecar_file(identity)
    os.utime(path, (time.time() - KEPT - 1,) * 2)
    assert analyst.get(f"/exports/{identity}.csv").status_code == 404


def test_another_persons_order_makes_nobody_elses_file(app: Flask, analyst: FlaskClient) -> None:
    """T14: Bob starts the work on Alice's order; the file is hers, and stays hers."""
    other = person(app, "other")
    result = Work(other, ordered(analyst, ALL)).result()
    assert other.get(f"/exports/{result['id']}.csv").status_code == 404


def test_a_viewer_may_not_export(app: Flask) -> None:
    """T03."""
    answer = press(person(app, "viewer"), ALL)
    assert (answer.status_code, answer.json["error"]["code"]) == (403, "forbidden")


@pytest.mark.parametrize("order", [None, 1, "", "../../etc/passwd", "0" * 32, ["x"], {"id": "x"}])
def test_an_order_that_was_never_placed_fails_in_words(analyst: FlaskClient, order: Any) -> None:
    """T47."""
    result = Work(analyst, order).result()
    assert result == {"state": "failed", "message": "There is no such export."}


def test_a_filter_that_cannot_be_read_is_said_beside_the_button(analyst: FlaskClient) -> None:
    answer = press(analyst, {"from": "yesterday"})
    assert answer.status_code == 200
    assert "must be an ISO 8601 time" in answer.json["response"]["hx-export-link"]["children"]


def test_a_cancelled_export_leaves_nothing(app: Flask, analyst: FlaskClient, settings: Settings) -> None:
    """The order is taken away first, so that the job stops even where it cannot be killed."""
    order = ordered(analyst, ALL)
    alias = [name for name in _callbacks(analyst) if "hx-export-link.href@" in name]
    output = next(name for name in alias if _inputs(analyst, name) == ["hx-export-cancel"])
    parts = [part.split(".", 1) for part in output.strip(".").split("...")]
    body = {
        "output": output,
        "outputs": [{"id": one, "property": name} for one, name in parts],
        "inputs": [{"id": "hx-export-cancel", "property": "n_clicks", "value": 1}],
        "state": [{"id": "hx-export-order", "property": "data", "value": order}],
        "changedPropIds": ["hx-export-cancel.n_clicks"],
    }
    stranger = person(app, "other").post("/_dash-update-component", json=body)
    assert stranger.status_code == 200
    assert Folder(settings.export_dir).order(order)
    answer = analyst.post("/_dash-update-component", json=body)
    assert "cancelled" in answer.text
    assert list(settings.export_dir.iterdir()) == []
    assert Work(analyst, order).result()["state"] == "failed"


def test_a_killed_job_is_said_on_the_page(analyst: FlaskClient) -> None:
    """Fault 21."""
    work = Work(analyst, ordered(analyst, ALL))
    psutil.Process(work.pid).kill()
    assert work.result()["message"] == "The export was interrupted. Please start it again."


def _callbacks(client: FlaskClient) -> Iterator[str]:
    return (callback["output"] for callback in client.get("/_dash-dependencies").json)


def _inputs(client: FlaskClient, output: str) -> list[str]:
    for callback in client.get("/_dash-dependencies").json:
        if callback["output"] == output:
            return [part["id"] for part in callback["inputs"]]
    return []


def test_an_order_and_a_download_are_on_the_audit_record(analyst: FlaskClient, store_url: str) -> None:
    identity = exported(analyst, ALL)
    table(analyst, identity)
    with connect(store_url) as store:
        events = [entry.event for entry in entries(store)]
    told = [(event.who, event.action, event.object) for event in events if event.action.startswith("export")]
    assert told == [
        ("account:analyst", "export.ordered", identity),
        ("account:analyst", "export.downloaded", identity),
    ]


def test_without_its_entry_nothing_is_exported_or_downloaded(
    analyst: FlaskClient, settings: Settings, store_url: str
) -> None:
    """T64."""
    identity = exported(analyst, ALL)
    with connect(store_url) as store:
        store.delete(AUDIT)
        store.set(AUDIT, "not a stream")
    assert analyst.get(f"/exports/{identity}.csv").status_code == 503
    answer = press(analyst, ALL)
    assert "hx-export-order" not in answer.json["response"]
    assert "did not answer" in answer.text
    assert list(settings.export_dir.glob("*.order.json")) == []
