"""The Security page over a real store and log: figures, workflow, who may do what, and that no value ever shows."""

# ruff: noqa: F811 - fixtures of another module are used by their names

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient

from helix_dash.app import create_app
from helix_dash.auth import controls
from helix_dash.auth.audit import entries
from helix_dash.auth.users import create_user
from helix_dash.context import open_log
from helix_dash.embedded import EmbeddedStore
from helix_dash.log.fold import Fold
from helix_dash.log.retention import Retention
from helix_dash.metrics.incident_states import KEY, handled, state_of
from helix_dash.orders import book
from helix_dash.orders.performer import Performer
from helix_dash.pages.security import callbacks, listing, view
from helix_dash.redaction.rules import Rules, rules, set_rules
from helix_dash.samples import answers
from helix_dash.samples.answers import Answer
from helix_dash.samples.writer import SampleWriter
from helix_dash.sources.gateway import traces
from helix_dash.sources.gateway.questions import SOURCE, questions
from helix_dash.sources.polling import Poller
from helix_dash.ui import shell
from helix_dash.ui.packed import unpack
from redaction_texts import CANARIES
from request_records import a_request, recorded
from webapp import PASSWORD, body_of, people, settings_for, sign_in, store, web_store  # noqa: F401

CALL = "/_dash-update-component"
UTC_ZONE = ZoneInfo("UTC")
STATE = {
    "from": "now-24h", "to": "now", "where": {}, "without": {}, "zone": None, "compare": False, "charts": {}, "grid": None,
}  # fmt: skip
ERA = datetime(1970, 1, 1, tzinfo=UTC)


def us(moment: datetime) -> int:
    return (moment - ERA) // timedelta(microseconds=1)


@pytest.fixture
def at() -> datetime:
    return (datetime.now(UTC) - timedelta(hours=2)).replace(microsecond=0)


@pytest.fixture
def app(web_store: EmbeddedStore, people: redis.Redis, tmp_path: Path, at: datetime) -> Iterator[Flask]:
    """The real page over twelve requests: eight looked at, two masked, one blocked, one only flagged."""
    ran = {
        "guardrail": "success",
        "guardrail_name": "pii-mask",
        "guardrail_mode": "pre_call",
        "guardrail_ms": 20.0,
    }
    found = ran | {"pii": {"EMAIL_ADDRESS": 2, "PERSON": 1}, "team": "support"}
    recorded(
        web_store.url,
        *(a_request(time=at + timedelta(seconds=n)) for n in range(4)),
        *(a_request(time=at + timedelta(seconds=10 + n), **ran) for n in range(4)),
        a_request(time=at + timedelta(seconds=20), **found),
        a_request(time=at + timedelta(seconds=21), **found | {"team": "search", "prompt_hash": "p" * 32}),
        a_request(time=at + timedelta(seconds=22), status="blocked", cost_usd=None, **ran | {"guardrail": "intervened", "guardrail_name": "secrets", "pii": {"US_SSN": 1}, "guardrail_ms": 40.0}),
        a_request(time=at + timedelta(seconds=23), **found | {"guardrail": "flagged", "guardrail_mode": "post_call"}),
    )  # fmt: skip
    Fold(web_store.url, retention=Retention(90)).step()
    app = create_app(settings_for(web_store.url, tmp_path), open_log=open_log)
    with app.test_request_context():
        yield app


def visitor(app: Flask, role: str) -> FlaskClient:
    client = app.test_client()
    assert sign_in(client, role).status_code == 303
    return client


def called(client: FlaskClient, output: str, values: dict[str, Any]) -> Any:
    return client.post(CALL, json=body_of(client.get("/_dash-dependencies").json, output, values))


def refresh(client: FlaskClient, **chosen: Any) -> dict[str, Any]:
    """What a refresh gives to which place: id → property → value."""
    values = {"hx-tick.data": {"n": 1}, "hx-filter.data": STATE | chosen.pop("state", {}), f"{view.ROOT}.data-page-state": "loading"}  # fmt: skip
    values |= {
        f"{view.PICK}.value": chosen.get("source", ""),
        f"{listing.STATE}.value": chosen.get("show", "open"),
    }
    values |= {f"{listing.PAGE}.data": chosen.get("page", 0)}
    answer = called(client, f"{view.FILL}.data", values)
    assert answer.status_code == 200, answer.text
    parts: dict[str, Any] = answer.json["response"][view.FILL]["data"]["parts"]
    return parts


def raw(parts: dict[str, Any], name: str) -> str:
    return str(parts[f"hx-kpi-{name}"]["data-raw"])


def lines(parts: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of the table of incidents."""
    found: list[dict[str, Any]] = parts["hx-security-incidents-rows"]["data"]["rows"]
    return found


def texts(line: dict[str, Any]) -> list[str]:
    return [cell if isinstance(cell, str) else cell.get("text", "") for cell in line["cells"]]


def told(store: redis.Redis) -> list[tuple[str, str, str]]:
    return [(one.event.who, one.event.action, one.event.result) for one in entries(store)]


def first_of(client: FlaskClient) -> str:
    """The id of the newest incident."""
    from urllib.parse import parse_qs, urlsplit

    return parse_qs(urlsplit(lines(refresh(client, show="all"))[0]["href"]).query)["incident"][0]


def do(client: FlaskClient, button: str, identity: str, **values: Any) -> Any:
    given = {f"{button}.n_clicks": 1, "hx-incident-wanted.data": identity} | values
    outputs = {
        "hx-incident-trace": "hx-incident-radius.children",
        "hx-incident-reveal": "hx-incident-revealed.children",
    }
    dependencies = client.get("/_dash-dependencies").json
    output = outputs.get(button) or next(
        one["output"].strip(".").split("...")[0]
        for one in dependencies
        if any(part["id"] == button for part in one["inputs"])
        and any(part["id"] == "hx-incident-wanted" for part in one["state"])
    )
    return called(client, output, given)


def gateway_holds(store: redis.Redis, *bodies: dict[str, Any] | str) -> None:
    """Put entries on the gateway's list, and let the collector read it."""
    for body in bodies:
        store.lpush("helix:pii:incidents", body if isinstance(body, str) else json.dumps(body))
    read_gateway(store)


def read_gateway(store: redis.Redis) -> None:
    """What the collector's duty does."""
    writer = SampleWriter("redis://127.0.0.1:1/0")
    writer._client = store
    Poller(SOURCE, questions(lambda: store, UTC_ZONE, lambda: rules(store)), store, writer).step()


# --- what is shown -------------------------------------------------------------------------------------------


def test_the_cards_equal_what_was_recorded(app: Flask) -> None:
    """H4.1: twelve requests, eight of them looked at."""
    found = refresh(visitor(app, "viewer"))
    cards = ("open", "evaluated", "blocked", "incidents", "pass_rate", "added_ms", "guardrails", "top")
    assert [raw(found, f"security_{name}") for name in cards] == [
        "4",
        "8",
        "1",
        "4",
        "0.75",
        "22.5",
        "2",
        "6",
    ]
    assert found["hx-kpi-security_top-note"]["children"] == "EMAIL_ADDRESS"


def test_parts_sum_to_the_whole_in_every_zone(app: Flask) -> None:
    """H4.2"""
    client = visitor(app, "viewer")
    for zone in ("UTC", "Asia/Kolkata", "America/St_Johns"):
        found = refresh(client, state={"zone": zone})
        for name in ("security-over", "security-actions"):
            figure = found[f"hx-{name}-data"]["data"]
            assert sum(sum(filter(None, unpack(one["y"]))) for one in figure["series"]) == 4
        assert raw(found, "security_incidents") == "4"


def test_a_line_names_types_and_never_a_value(app: Flask) -> None:
    """H4.1"""
    found = lines(refresh(visitor(app, "viewer")))
    assert len(found) == 4
    assert texts(found[1])[:4] == ["High", "<US_SSN>", "Blocked", "Open"]
    assert texts(found[0])[:3] == ["High", "<EMAIL_ADDRESS>×2 <PERSON>", "Only logged"]


def test_guardrails_stand_with_their_fail_rate_latency_and_state(app: Flask) -> None:
    """H4: one of one refused is red, none of seven is fine."""
    found = refresh(visitor(app, "viewer"))
    lines = found["hx-security-guardrails-rows"]["data"]["rows"]
    titles = [column.key for column in listing.GUARDRAIL_COLUMNS]
    rows = [[line["name"], *(texts(line)[titles.index(key)] for key in ("requests", "rate", "added", "status"))] for line in lines]  # fmt: skip
    assert rows == [
        ["pii-mask", "7", "0%", "20 ms", "fine"],
        ["secrets", "1", "100%", "40 ms", "refuses much"],
    ]


def test_without_a_log_the_gateways_list_is_shown_and_what_it_cannot_tell_is_said(
    web_store: EmbeddedStore, people: redis.Redis, tmp_path: Path, at: datetime
) -> None:  # fmt: skip
    """H8: a store with the gateway's keys and no log of ours."""
    gateway_holds(
        people,
        {"user_id": "123", "entity_type": "CREDIT_CARD", "timestamp": at.isoformat()},
        {"user_id": "u", "timestamp": at.replace(tzinfo=None).isoformat(), "action": "redacted", "content_preview": "mail jane.canary@example.com..."},
        "placeholder",
        "[1]",
    )  # fmt: skip
    Fold(web_store.url, retention=Retention(90)).step()
    app = create_app(settings_for(web_store.url, tmp_path), open_log=open_log)
    found = refresh(visitor(app, "viewer"))
    assert (raw(found, "security_incidents"), raw(found, "security_added_ms")) == ("2", "")
    assert found["hx-kpi-security_added_ms-chip"]["children"] == "no guardrail says how long it took"
    assert (
        "2 records rejected: an incident is no JSON object (2)" in found["hx-security-rejected"]["children"]
    )
    assert found["hx-security-heat"]["data-state"] == "empty"
    assert {texts(line)[1] for line in lines(found)} == {"<CREDIT_CARD>", "<EMAIL_ADDRESS>"}


def test_people_of_one_organization_do_not_see_the_gateways_list(
    app: Flask, people: redis.Redis, at: datetime
) -> None:
    """T34"""
    gateway_holds(people, {"user_id": "stranger", "entity_type": "US_SSN", "timestamp": at.isoformat()})
    create_user(people, "north", PASSWORD, "admin", "north")
    client = visitor(app, "north")
    found = refresh(client, source="list")
    assert found["hx-security-incidents"]["data-state"] == "forbidden"
    assert "stranger" not in json.dumps(found)
    assert raw(refresh(client, source="log"), "security_incidents") == "0"


# --- compliance ----------------------------------------------------------------------------------------------


def test_the_score_is_the_mean_of_what_has_evidence(app: Flask, people: redis.Redis) -> None:
    """H4.3: three of four incidents hidden; the log is young; the store is a socket of this machine."""
    found = refresh(visitor(app, "viewer"))
    scores = {key: found[f"hx-control-{key}-score"]["children"] for key in ("redaction", "raw", "age", "retention", "audit", "transport")}  # fmt: skip
    assert scores == {
        "redaction": "75",
        "raw": "—",
        "age": "—",
        "retention": "100",
        "audit": "—",
        "transport": "100",
    }
    assert float(raw(found, "security_score")) == pytest.approx((75 + 100 + 100) / 3)


def test_a_control_without_evidence_is_not_assessed_and_so_are_the_lines_that_rest_on_it(app: Flask) -> None:
    """H4.4"""
    from helix_dash.metrics.compliance import REGULATIONS

    found = refresh(visitor(app, "viewer"))
    states = {line.control: found[f"hx-law-{at}"]["children"] for at, line in enumerate(REGULATIONS)}
    assert states["audit"] == states[""] == "not assessed"
    assert (states["redaction"], states["retention"]) == ("partly", "met")


def test_the_audit_record_is_evidence_once_its_chain_was_walked(app: Flask, people: redis.Redis) -> None:
    """H4.3"""
    client = visitor(app, "viewer")
    body = controls.verdict(people)
    now = book.now(people)
    answers.keep(people, "controls", "audit_chain", Answer(now, now, body))
    assert refresh(client)["hx-control-audit-state"]["children"] == "met"
    answers.keep(
        people, "controls", "audit_chain", Answer(now, now, body | {"fault": "Entry 3 was changed."})
    )
    found = refresh(client)
    assert found["hx-control-audit-state"]["children"] == "not met"
    assert "Entry 3" in found["hx-control-audit-evidence"]["children"]


# --- the workflow --------------------------------------------------------------------------------------------


def test_an_incident_is_acknowledged_assigned_and_closed_with_an_entry_for_each(
    app: Flask, people: redis.Redis
) -> None:
    """H4.1, H13"""
    client = visitor(app, "editor")
    identity = first_of(client)
    assert do(client, "hx-incident-acknowledge", identity).status_code == 200
    assert (
        do(client, "hx-incident-assign", identity, **{"hx-incident-assignee.value": "viewer"}).status_code
        == 200
    )
    assert do(client, "hx-incident-resolve", identity).status_code == 200
    done = state_of(people, identity)
    assert done is not None
    assert (done.status, done.assignee, done.by) == ("resolved", "viewer", "editor")
    found = refresh(client)
    assert (raw(found, "security_open"), len(lines(found))) == ("3", 3)
    assert float(raw(found, "security_acknowledged_ms")) > 7_000_000
    assert [one[1] for one in told(people)][-3:] == [
        "incident.acknowledge",
        "incident.assign",
        "incident.resolve",
    ]


def test_what_cannot_be_done_is_refused_in_words_and_nothing_happens(app: Flask, people: redis.Redis) -> None:
    client = visitor(app, "editor")
    identity = first_of(client)
    for button, name, more in (
        ("hx-incident-reopen", identity, {}),
        ("hx-incident-resolve", "log:0000000000000000-7", {}),
        ("hx-incident-resolve", "list:nothing", {}),
        ("hx-incident-assign", identity, {"hx-incident-assignee.value": "nobody-at-all"}),
    ):
        answer = do(client, button, name, **more)
        assert "Nothing was changed" in answer.text
    assert not people.exists(KEY)


@pytest.mark.parametrize(
    ("role", "button"),
    [
        ("viewer", "hx-incident-acknowledge"),
        ("analyst", "hx-incident-resolve"),
        ("viewer", "hx-incident-trace"),
        ("editor", "hx-incident-sure"),
        ("editor", "hx-incident-reveal"),
    ],
)
def test_a_forged_call_of_a_lesser_role_is_refused_on_record_and_nothing_happens(
    app: Flask, people: redis.Redis, role: str, button: str
) -> None:  # fmt: skip
    """T03"""
    client = visitor(app, role)
    identity = first_of(client)
    assert do(client, button, identity).status_code == 403
    assert told(people)[-1] == (f"account:{role}", "refused", "refused")
    assert not people.exists(KEY)
    assert book.orders(people, ["incident.trace", "incident.purge", "incident.reveal"]) == []


def test_an_incident_of_another_organization_cannot_be_handled(app: Flask, people: redis.Redis) -> None:
    """T11"""
    identity = first_of(visitor(app, "viewer"))
    create_user(people, "north", PASSWORD, "admin", "north")
    client = visitor(app, "north")
    assert "not there" in do(client, "hx-incident-resolve", identity).text
    assert not people.exists(KEY)


def test_state_lasts_and_is_read_in_two_commands(app: Flask, people: redis.Redis) -> None:
    client = visitor(app, "editor")
    do(client, "hx-incident-false-positive", first_of(client))
    before = people.info("stats")["total_commands_processed"]  # type: ignore[index]
    assert len(handled(people, 0, 2**53)) == 1
    assert people.info("stats")["total_commands_processed"] - before == 3  # type: ignore[index]


# --- masking -------------------------------------------------------------------------------------------------


def save(client: FlaskClient, **given: Any) -> Any:
    values = {"hx-masking-save.n_clicks": 1, "hx-masking-sensitivity.value": "high", "hx-masking-types.value": ["EMAIL_ADDRESS"], "hx-masking-strict.value": False}  # fmt: skip
    return called(client, "hx-masking-done.children", values | given)


def test_masking_is_changed_by_an_admin_with_an_entry_and_the_collector_follows(
    app: Flask, people: redis.Redis, at: datetime
) -> None:  # fmt: skip
    """H4.5"""
    body = {
        "user_id": "u",
        "timestamp": at.isoformat(),
        "content_preview": "mail jane.canary@example.com please...",
    }
    gateway_holds(people, body)
    assert save(visitor(app, "editor")).status_code == 403
    assert save(visitor(app, "admin")).status_code == 200
    assert rules(people) == Rules("high", ("EMAIL_ADDRESS",), strict=False)
    assert told(people)[-1] == ("account:admin", "redaction changed", "done")
    read_gateway(people)
    kept = answers.some(people, "gateway", "incidents")["incidents"].body["found"][0]
    assert kept["masked"] == "mail <EMAIL_ADDRESS> please"


# --- where a text lies, and its purge ------------------------------------------------------------------------

TEXT = "Please write to jane.canary@example.com about the order"


def seed_cache(store: redis.Redis) -> None:
    store.set("helix:exact:" + "a" * 64, json.dumps({"choices": [{"text": "Dear jane.canary@example.com"}]}))
    store.hset("helix:exact:" + "b" * 64, mapping={"response": "nothing of the kind", "model": "m"})
    store.hset(
        "helix:vector:v1",
        mapping={"prompt": TEXT + " and more", "response_json": "{}", "vector": b"\x00\xff" * 20},
    )
    store.hset("helix:vector:v2", mapping={"prompt": "something else", "response_json": "{}"})
    store.hset("helix:exact:cache", mapping={"f1": json.dumps({"p": TEXT}), "f2": "{}"})
    store.xadd("helix:vector:batch:encode", {"x": "jane.canary@example.com"})
    store.set("helix:spend:note", "jane.canary@example.com")


def perform(store: redis.Redis) -> book.Order:
    Performer(store, traces.performers(lambda: store, UTC_ZONE)).step()
    return book.orders(store, ["incident.trace", "incident.purge", "incident.reveal"])[0]


@pytest.fixture
def spread(app: Flask, people: redis.Redis, at: datetime) -> str:
    """An incident of the gateway's list whose text lies in three cache entries."""
    seed_cache(people)
    gateway_holds(people, {"user_id": "ada", "timestamp": at.isoformat(), "content_preview": TEXT + "..."})
    kept = answers.some(people, "gateway", "incidents")["incidents"].body["found"][0]
    return f"list:{kept['id']}"


def test_the_blast_radius_is_where_the_text_lies(app: Flask, people: redis.Redis, spread: str) -> None:
    """X16"""
    assert do(visitor(app, "editor"), "hx-incident-trace", spread).status_code == 200
    order = perform(people)
    assert order.state == "done", order.said
    assert [order.receipt[name] for name in ("list", "exact", "vectors", "other", "fields")] == [
        1,
        1,
        1,
        0,
        1,
    ]
    assert told(people)[-1] == ("account:editor", "incident.traced", "done")
    assert people.llen("helix:pii:incidents") == 1


def test_a_purge_takes_exactly_that_away_and_leaves_a_receipt(
    app: Flask, people: redis.Redis, spread: str
) -> None:
    """X16"""
    client = visitor(app, "admin")
    answer = do(client, "hx-incident-sure", spread)
    assert answer.status_code == 200
    assert "sealed in immutable segments" in answer.text
    order = perform(people)
    assert order.receipt["removed"] == {"list": 1, "exact": 1, "vectors": 1, "other": 0, "fields": 1}
    left = {key.decode() for key in people.scan_iter("helix:*")}
    assert left == {"helix:exact:" + "b" * 64, "helix:vector:v2", "helix:exact:cache", "helix:vector:batch:encode", "helix:spend:note"}  # fmt: skip
    assert people.hkeys("helix:exact:cache") == [b"f2"]
    assert told(people)[-1] == ("account:admin", "incident.purged", "done")
    shown = called(client, "hx-incident-receipt.children", {"hx-incident-poll.n_intervals": 1, "hx-incident-order.data": {"id": order.id, "of": spread}, "hx-incident-wanted.data": spread})  # fmt: skip
    assert "1 of 1 deleted" in shown.text
    assert "SHA-256" in shown.text


def test_an_incident_of_the_log_is_traced_by_user_and_moment(
    app: Flask, people: redis.Redis, spread: str, at: datetime
) -> None:
    """X16: the log holds no text; the gateway's entry of the same request does."""
    identity = first_of(visitor(app, "viewer"))
    assert identity.startswith("log:")
    do(visitor(app, "editor"), "hx-incident-trace", identity)
    order = perform(people)
    assert (order.receipt["known"], order.receipt["vectors"]) == (False, 0)
    people.delete("helix:pii:incidents")
    moment = at + timedelta(seconds=23)
    gateway_holds(people, {"user_id": "ada", "timestamp": moment.isoformat(), "content_preview": TEXT})
    do(visitor(app, "editor"), "hx-incident-trace", identity)
    assert perform(people).receipt["vectors"] == 1


def test_an_export_that_may_hold_the_row_is_told_and_purged(
    app: Flask, people: redis.Redis, tmp_path: Path, at: datetime
) -> None:
    """X16"""
    from helix_dash.exports.folder import Folder, Sidecar, new_id

    folder = Folder(tmp_path / "data" / "exports")
    folder.path.mkdir(parents=True, exist_ok=True)

    def finished(start: datetime, end: datetime) -> str:
        one = Sidecar(id=new_id(), owner="account:admin", organization=None, table="requests", created="", zone="UTC", range=(start.isoformat(), end.isoformat()), filter=(), watermark="", columns=("time",), rows=1, totals={}, bytes=1, sha256="")  # fmt: skip
        folder.part_file(one.id).write_text("x")
        folder.finish(one)
        return one.id

    holds, other = finished(at - timedelta(hours=1), at + timedelta(hours=1)), finished(at - timedelta(days=9), at - timedelta(days=8))  # fmt: skip
    client = visitor(app, "admin")
    identity = first_of(client)
    assert "1 that may hold the row" in do(client, "hx-incident-trace", identity).text
    assert "1 of 1 deleted" in do(client, "hx-incident-sure", identity).text
    assert not folder.table_file(holds).exists()
    assert folder.table_file(other).exists()


# --- reveal --------------------------------------------------------------------------------------------------


def test_a_text_is_revealed_to_who_may_read_it_after_it_is_on_record_and_kept_nowhere(
    app: Flask, people: redis.Redis, spread: str
) -> None:  # fmt: skip
    """H13, T45"""
    client = visitor(app, "admin")
    stop = threading.Event()
    collector = threading.Thread(
        target=Performer(people, traces.performers(lambda: people, UTC_ZONE)).run, args=(stop,)
    )
    collector.start()
    try:
        answer = do(client, "hx-incident-reveal", spread)
    finally:
        stop.set()
        collector.join()
    assert TEXT in answer.text
    assert told(people)[-1] == ("account:admin", "revealed", "done")
    assert b"canary" not in ours(people)


def test_without_a_collector_a_reveal_says_so(
    app: Flask, people: redis.Redis, spread: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from helix_dash.pages.security import revealing

    monkeypatch.setattr(revealing.asked, "__defaults__", (0.2,))
    answer = do(visitor(app, "admin"), "hx-incident-reveal", spread)
    assert "Is one running?" in answer.text


# --- canaries ------------------------------------------------------------------------------------------------


def ours(store: redis.Redis) -> bytes:
    """Everything that our keys of the store hold."""
    found: list[bytes] = []
    for key in store.scan_iter("helixdash:*"):
        kind = store.type(key)
        found.append(key)
        if kind == b"string":
            found.append(store.get(key) or b"")  # type: ignore[arg-type]
        elif kind == b"hash":
            found += [part for pair in store.hgetall(key).items() for part in pair]  # type: ignore[union-attr]
        elif kind == b"list":
            found += store.lrange(key, 0, -1)  # type: ignore[arg-type]
        elif kind == b"zset":
            found += store.zrange(key, 0, -1)  # type: ignore[arg-type]
        elif kind == b"stream":
            found += [part for _, fields in store.xrange(key) for pair in fields.items() for part in pair]  # type: ignore[union-attr]
    return b"\n".join(found)


@pytest.mark.parametrize("strict", [True, False])
def test_a_planted_value_is_nowhere(
    app: Flask, people: redis.Redis, at: datetime, strict: bool, caplog: pytest.LogCaptureFixture
) -> None:  # fmt: skip
    """H13, T45: not in pages, callback answers, our keys of the store, orders, receipts or logs."""
    set_rules(people, Rules(strict=strict))
    each = [
        {"user_id": f"u{n}", "timestamp": at.isoformat(), field: f"Please note {value} thanks", "action": value, "model": value, "severity": value, "guardrail": value, "entities": [value]}
        for n, value in enumerate(CANARIES)
        for field in ("content_preview", "original", "content")
    ]  # fmt: skip
    seed_cache(people)
    gateway_holds(people, *each)
    client = visitor(app, "editor")
    seen = [
        json.dumps(refresh(client, source="list", show="all", page=page), ensure_ascii=False)
        for page in (0, 1)
    ]
    seen.append(called(client, "hx-page.children", {"hx-url.pathname": "/security"}).text)
    for one in answers.some(people, "gateway", "incidents")["incidents"].body["found"][:6]:
        identity = f"list:{one['id']}"
        seen.append(do(client, "hx-incident-trace", identity).text)
        perform(people)
        values = {
            "hx-incident-wanted.data": identity,
            "hx-security-changed.data": None,
            "hx-filter.data": STATE,
        }
        seen.append(called(client, "hx-incident-details.children", values).text)
    seen += [ours(people).decode("utf-8", "replace"), caplog.text]
    whole = re.sub(r"\\u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), "\n".join(seen))
    for value in CANARIES:
        assert value not in whole
    for part in ("4111", "canary0123", "hunter2", "Canaryvogel", "Canarystra", "jane.canary@"):
        assert part not in whole


# --- scale and poison ----------------------------------------------------------------------------------------


def commands(client: FlaskClient, store: redis.Redis) -> int:
    refresh(client)
    before = store.info("stats")["total_commands_processed"]  # type: ignore[index]
    refresh(client)
    return int(store.info("stats")["total_commands_processed"]) - before - 1  # type: ignore[index]


def test_a_refresh_costs_the_same_with_fifty_thousand_incidents(
    app: Flask, people: redis.Redis, at: datetime
) -> None:
    """H4: counted, on a list that nobody trims; the newest are read whichever end they are at."""
    client = visitor(app, "editor")
    few = commands(client, people)
    with people.pipeline(transaction=False) as pipe:
        for n in range(50_000):
            body = {
                "user_id": f"u{n}",
                "entity_type": "US_SSN",
                "timestamp": (at - timedelta(seconds=50_000 - n)).isoformat(),
            }
            pipe.rpush("helix:pii:incidents", json.dumps(body))
        pipe.execute()
    read_gateway(people)
    for n in range(40):
        do(client, "hx-incident-acknowledge", f"list:{n}")
    found = refresh(client, source="list")
    assert "The newest 1,000 of 50,000 entries" in found["hx-security-rejected"]["children"]
    assert texts(lines(found)[0])[4] == "u49999"
    assert len(lines(found)) == listing.ROWS
    assert commands(client, people) <= few


@pytest.mark.parametrize(
    "poison",
    [
        "placeholder", "{", "[]", "\xff", '{"timestamp": NaN}', '{"timestamp": 1e300}', '{"timestamp": 99999999999999999}',
        '{"entities": {"US_SSN": "NaN"}}', '{"user_id": {"a": 1}, "entities": [[["x"]]]}', '{"severity": 7, "action": []}',
    ],
)  # fmt: skip
def test_a_poisoned_entry_hides_no_other(app: Flask, people: redis.Redis, at: datetime, poison: str) -> None:
    gateway_holds(people, poison, {"user_id": "good", "entity_type": "US_SSN", "timestamp": at.isoformat()})
    found = lines(refresh(visitor(app, "viewer"), source="list"))
    assert [texts(line)[4] for line in found] == ["good"]


@pytest.mark.parametrize("kind", ["set", "string"])
def test_a_list_that_is_none_is_said(app: Flask, people: redis.Redis, kind: str) -> None:
    people.sadd("helix:pii:incidents", "x") if kind == "set" else people.set("helix:pii:incidents", "x")
    read_gateway(people)
    found = refresh(visitor(app, "viewer"), source="list")
    assert "1 record rejected: the list of incidents is no list" in found["hx-security-rejected"]["children"]


def test_the_page_of_a_query_knows_no_dash() -> None:
    code = "import sys, helix_dash.metrics.incident_counts, helix_dash.metrics.guardrails; assert 'dash' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("role", ["viewer", "admin"])
def test_every_part_of_every_callback_stands_on_the_page(app: Flask, role: str) -> None:
    """A part that is missing stops its callback, without a word."""
    page = called(visitor(app, role), "hx-page.children", {"hx-url.pathname": "/security"}).text
    ids = {str(one.component_id) for one in view.outputs().values()}
    wired = [
        *(one.arguments for one in callbacks.on.recorded),
        *(one.arguments for one in callbacks.on.client),
    ]
    ids |= {str(part.component_id) for parts in wired for part in parts}
    inputs = next(one.options["inputs"] for one in callbacks.on.recorded if "inputs" in one.options)
    ids |= {str(part.component_id) for part in inputs.values()}
    ids -= {shell.URL, shell.TICK, shell.FILTER}
    assert [name for name in sorted(ids) if f'"{name}"' not in page] == []


# --- the list as a file ------------------------------------------------------------------------------------------


def exported(client: FlaskClient, **chosen: Any) -> Any:
    values = {"hx-security-export.n_clicks": 1, "hx-filter.data": STATE}
    values |= {f"{view.PICK}.value": "", f"{listing.STATE}.value": chosen.get("show", "all")}
    return called(client, "hx-security-file.data", values)


def test_the_list_of_incidents_is_a_file_as_it_is_shown_and_on_record(
    app: Flask, people: redis.Redis
) -> None:
    """pages.md 9: export; H4.5: no text of anybody in it."""
    client = visitor(app, "analyst")
    answer = exported(client).json["response"]["hx-security-file"]["data"]
    lines = answer["content"].splitlines()
    assert lines[0].startswith('"Time, UTC",Severity')
    assert len(lines) - 1 == int(raw(refresh(client), "security_incidents"))
    assert answer["filename"].startswith("incidents-")
    assert told(people)[-1] == ("account:analyst", "incidents exported", "done")


@pytest.mark.parametrize("show", ["resolved", "acknowledged"])
def test_the_file_holds_the_incidents_that_are_chosen(app: Flask, show: str) -> None:
    data = exported(visitor(app, "analyst"), show=show).json["response"]["hx-security-file"]["data"]
    assert len(data["content"].splitlines()) == 1


def test_who_may_not_export_gets_no_file_of_incidents(app: Flask, people: redis.Redis) -> None:
    """403 for a call made by hand, and it is on record."""
    client = visitor(app, "viewer")
    assert exported(client).status_code == 403
    assert told(people)[-1][1:] == ("refused", "refused")
    page = called(client, "hx-page.children", {"hx-url.pathname": "/security"}).text
    assert "Incidents as CSV: needs the analyst role" in page
