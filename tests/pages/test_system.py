# ruff: noqa: F811 - fixtures are imported
"""The System health page over a real store and log: what it shows, to whom, and what a refresh costs."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient

from helix_dash.app import create_app
from helix_dash.auth.users import create_user
from helix_dash.context import open_log
from helix_dash.embedded import EmbeddedStore
from helix_dash.log.fold import Fold
from helix_dash.log.retention import Retention
from helix_dash.pages.system import callbacks, queries
from helix_dash.samples.answers import Answer
from helix_dash.samples.keys import RESOLUTIONS, answers_key, frames_key
from helix_dash.samples.writer import SampleWriter
from helix_dash.settings import load
from helix_dash.sources import host, system
from helix_dash.sources.polling import Poller
from helix_dash.store import connect
from helix_dash.vitals.keys import BEATS, LINES
from helix_dash.vitals.lines import Line
from helix_dash.vitals.pulse import Beat, Pulse, Report
from request_records import a_request, recorded
from webapp import PASSWORD, body_of, people, settings_for, sign_in, store, web_store  # noqa: F401 - fixtures

CALL = "/_dash-update-component"
STATE = {
    "from": "now-1h", "to": "now", "where": {}, "without": {}, "zone": None, "compare": False, "charts": {}, "grid": None,
}  # fmt: skip
FILL = "hx-sys-fill.data"


def sampled(url: str, times: int = 2) -> None:
    """What a collector does for this page, so many times over."""
    settings, writer = load({"REDIS_URL": url}), SampleWriter(url)
    client = connect(url)
    clock = [0.0]
    asked = system.questions(settings, client, writer.now)
    pollers = [
        Poller("system", asked, client, writer, clock=lambda: clock[0]),
        Poller("host", [host.question((), "here")], client, writer, duty="host.here", clock=lambda: clock[0]),
    ]
    for _ in range(times):
        for one in pollers:
            one.step()
        clock[0] += 100
        time.sleep(0.01)


@pytest.fixture
def app(web_store: EmbeddedStore, people: redis.Redis, tmp_path: Path) -> Iterator[Flask]:
    at = datetime.now(UTC) - timedelta(minutes=5)
    good = [a_request(time=at, provider="openai", overhead_ms=7.0) for _ in range(9)]
    recorded(web_store.url, *good, a_request(time=at, provider="azure", status="error", cost_usd=None))
    Fold(web_store.url, retention=Retention(days=90)).step()
    Pulse(web_store.url, "collector").beat()
    Pulse(web_store.url, "web", lambda: Report({"call:overview-fill|20": 3.0}, {"mirror_age": 1.0})).beat()
    sampled(web_store.url)
    app = create_app(settings_for(web_store.url, tmp_path), open_log=open_log)
    with app.test_request_context():
        yield app


def visitor(app: Flask, role: str) -> FlaskClient:
    client = app.test_client()
    sign_in(client, role)
    return client


def asked(client: FlaskClient, tab: str = "services", **values: Any) -> Any:
    dependencies = client.get("/_dash-dependencies").get_json()
    given = {
        "hx-filter.data": STATE,
        "hx-sys-tab.value": tab,
        "hx-sys-store.value": "store",
        "hx-sys-level.value": "all",
        "hx-sys-source.value": "all",
        "hx-sys-grouped.value": "no",
        "hx-sys-search-text.data": "",
        "hx-sys.data-page-state": "loading",
    } | values
    return client.post(CALL, json=body_of(dependencies, FILL, given))


def parts(client: FlaskClient, tab: str = "services", **values: Any) -> dict[str, Any]:
    answer = asked(client, tab, **values)
    assert answer.status_code == 200, answer.text
    return answer.get_json()["response"]["hx-sys-fill"]["data"]["parts"]


def names(found: dict[str, Any], table: str) -> list[str]:
    return [row["name"] for row in found[f"hx-{table}-table-rows"]["data"]["rows"]]


def test_every_place_stands_on_the_page(app: Flask) -> None:
    client = visitor(app, "viewer")
    dependencies = client.get("/_dash-dependencies").get_json()
    page = client.post(
        CALL, json=body_of(dependencies, "hx-page.children", {"hx-url.pathname": "/system"})
    ).text
    missing = [one.component_id for one in callbacks.PLACES.values() if f'"{one.component_id}"' not in page]
    assert missing == []


def test_services_are_told_with_their_states(app: Flask) -> None:
    """H6.3."""
    found = parts(visitor(app, "viewer"))
    assert {"Gateway", "Request log", "Store", "Collector", "Web workers", "Copy of the log"} <= set(
        names(found, "sys-services")
    )
    assert found["hx-kpi-system_services_up"]["data-raw"] == "6"
    assert found["hx-sys-states"]["data-state"] == "ready"


def test_host_figures_are_sampled(app: Flask) -> None:
    """H6.1."""
    found = parts(visitor(app, "viewer"), "hosts")
    assert names(found, "sys-hosts") == ["here"]
    assert {found[f"hx-sys-{name}"]["data-state"] for name in ("cpu", "memory", "disk")} == {"ready"}
    assert 0 < float(found["hx-kpi-system_memory"]["data-raw"]) <= 1


def test_a_store_tells_its_memory_work_latency_and_keys(app: Flask) -> None:
    """H6.2."""
    found = parts(visitor(app, "viewer"), "store")
    charts = ("store-memory", "store-work", "store-latency", "keyspace", "facts", "prefixes", "commands")
    assert {name: found[f"hx-sys-{name}"]["data-state"] for name in charts} == dict.fromkeys(charts, "ready")
    assert float(found["hx-kpi-system_store_ms_p99"]["data-raw"]) > 0
    assert any(name.startswith("helixdash:") for name in names(found, "sys-prefixes"))


def test_our_own_answers_are_timed(app: Flask, web_store: EmbeddedStore) -> None:
    """F13, X8: once per tick for all workers; the counts of two beats apart are what happened between them."""
    found = parts(visitor(app, "viewer"), "dashboard")
    assert found["hx-sys-processes"]["data-state"] == "ready"
    assert found["hx-sys-spent"]["data-state"] == "ready"


def test_errors_and_overhead_come_from_the_log(app: Flask) -> None:
    found = parts(visitor(app, "viewer"))
    assert float(found["hx-kpi-system_error_rate"]["data-raw"]) == pytest.approx(0.1)
    assert float(found["hx-kpi-system_overhead_ms_p95"]["data-raw"]) == 7
    series = found["hx-sys-provider-errors-data"]["data"]["series"]
    assert {one["name"] for one in series} == {"openai", "azure"}


def test_the_log_is_read_in_the_askers_scope(app: Flask, people: redis.Redis) -> None:
    create_user(people, "guest", PASSWORD, "viewer", "elsewhere")
    client = app.test_client()
    sign_in(client, "guest")
    assert parts(client)["hx-kpi-system_error_rate"]["data-raw"] == ""


# --- log lines -----------------------------------------------------------------------------------------------


def say(
    store: redis.Redis, message: str, level: str = "WARNING", like: str = "", source: str = "web"
) -> None:
    line = Line(int(time.time() * 1e6), level, source, "h", 1, "helix_dash.x", message, like or message)
    store.xadd(LINES, {"l": msgspec.json.encode(line)})


def test_log_lines_are_filtered_searched_and_grouped(app: Flask, people: redis.Redis) -> None:
    """H6.4, H15."""
    for number in range(3):
        say(people, f"The store is slow ({number})", like="The store is slow (#)")
    say(people, "Something broke", "ERROR", source="collector")
    client = visitor(app, "admin")
    lines = parts(client, "logs")["hx-sys-lines-table-rows"]["data"]["rows"]
    assert len(lines) == 4
    assert lines[0]["cells"][3] == "Something broke"
    errors = parts(client, "logs", **{"hx-sys-level.value": "errors"})
    assert len(names(errors, "sys-lines")) == 1
    searched = parts(client, "logs", **{"hx-sys-search-text.data": "SLOW"})
    assert len(names(searched, "sys-lines")) == 3
    grouped = parts(client, "logs", **{"hx-sys-grouped.value": "yes"})
    assert [row["cells"][2] for row in grouped["hx-sys-lines-table-rows"]["data"]["rows"]] == ["3", "1"]


@pytest.mark.parametrize("role", ["viewer", "analyst", "editor"])
def test_log_lines_are_for_operators(app: Flask, people: redis.Redis, role: str) -> None:
    say(people, "canary-line")
    answer = asked(visitor(app, role), "logs")
    assert "canary-line" not in answer.text
    assert (
        answer.get_json()["response"]["hx-sys-fill"]["data"]["parts"]["hx-sys-lines"]["data-state"]
        == "forbidden"
    )


def test_an_administrator_of_one_organization_sees_no_lines(app: Flask, people: redis.Redis) -> None:
    """They tell of everybody."""
    say(people, "canary-line")
    create_user(people, "theirs", PASSWORD, "admin", "elsewhere")
    client = app.test_client()
    sign_in(client, "theirs")
    assert "canary-line" not in asked(client, "logs").text


def test_what_slow_commands_were_about_is_for_operators(
    app: Flask, people: redis.Redis, web_store: EmbeddedStore
) -> None:
    people.config_set("slowlog-log-slower-than", 0)
    people.set("helix:spend:user:alice-canary", "secret-canary")
    people.config_set("slowlog-log-slower-than", 10_000)
    sampled(web_store.url, 1)
    viewer, admin = (asked(visitor(app, role), "store").text for role in ("viewer", "admin"))
    assert "helix:spend:*" not in viewer
    assert "helix:spend:*" in admin
    assert "canary" not in admin


# --- trouble -------------------------------------------------------------------------------------------------


def test_a_killed_collector_is_down_once_its_lease_has_passed(app: Flask, people: redis.Redis) -> None:
    """Nobody has to notice it first: the lease says so."""
    for name, value in people.hgetall(BEATS).items():
        told = msgspec.msgpack.decode(value)
        told["at"] -= 16 * 10**6
        if told["kind"] == "collector":
            people.hset(BEATS, name, msgspec.msgpack.encode(told))
    found = parts(visitor(app, "viewer"))
    row = next(
        one for one in found["hx-sys-services-table-rows"]["data"]["rows"] if one["name"] == "Collector"
    )
    assert row["cells"][0] == {"text": "Down", "tone": "bad"}


def test_without_its_store_the_page_shows_what_was_known(app: Flask, web_store: EmbeddedStore) -> None:
    client = visitor(app, "viewer")
    first = parts(client)
    web_store.kill()
    time.sleep(2.1)
    later = parts(client)
    assert later["hx-sys"]["data-page-state"] == "stale"
    assert "Showing what was known" in later["hx-sys-old-text"]["children"]
    row = next(one for one in later["hx-sys-services-table-rows"]["data"]["rows"] if one["name"] == "Store")
    assert row["cells"][0] == {"text": "Down", "tone": "bad"}
    assert names(later, "sys-services") == names(first, "sys-services")


def test_poisoned_records_are_counted_and_the_page_stands(app: Flask, people: redis.Redis) -> None:
    people.hset(BEATS, "x", b"\xff\x00not a beat")
    people.hset(answers_key("system"), "odd", b"{}")
    people.delete(answers_key("host"))
    people.set(answers_key("host"), "a text")
    for resolution in RESOLUTIONS:
        key = frames_key("system.store", resolution)
        people.hset(key, mapping=dict.fromkeys(people.hkeys(key), b"\xc1"))
    found = parts(visitor(app, "viewer"), "store")
    assert "records were rejected" in found["hx-sys-old-text"]["children"]
    assert found["hx-sys-store-memory"]["data-state"] == "empty"


def test_absurd_values_in_a_sound_form_are_survived(app: Flask, people: redis.Redis) -> None:
    """Issue E, 4: what has the right shape and makes no sense."""
    absurd = 2**62
    beat = Beat(
        "collector", "odd", 1, absurd, absurd, -absurd, counters={"call:x": 1.0}, gauges={"late_ms": math.nan}
    )
    people.hset(BEATS, "odd", msgspec.msgpack.encode(beat))
    for question, body in (
        ("store", {"facts": 3}),
        ("keyspace", {"keys": "x"}),
        ("services", {"services": 4}),
    ):
        answer = Answer(absurd, absurd, body, took_ms=math.inf)
        people.hset(answers_key("system"), question, msgspec.msgpack.encode(answer))
    people.hset(
        answers_key("host"), "here", msgspec.msgpack.encode(Answer(1, absurd, {"cores": "x", "limited": 3}))
    )
    people.xadd(LINES, {"l": msgspec.json.encode(Line(absurd, "x", "y", "h", 1, "l", "m", "k"))})
    client = visitor(app, "admin")
    for tab in queries.TABS:
        assert parts(client, tab)["hx-sys"]["data-page-state"] == "ready"


def test_a_refresh_costs_two_round_trips_however_much_there_is(
    app: Flask, people: redis.Redis, web_store: EmbeddedStore
) -> None:
    """House rule: reads do not grow with keys or processes, and viewers share them."""
    for number in range(50):
        Pulse(web_store.url, "web").beat()
        people.set(f"helix:exact:{number}", "x")
    client = connect(web_store.url)
    running = visitor(app, "viewer")
    parts(running)
    time.sleep(2.1)
    before = client.info("commandstats")
    parts(running)
    parts(visitor(app, "viewer"))
    after = client.info("commandstats")

    def calls(name: str) -> int:
        return after.get(f"cmdstat_{name}", {}).get("calls", 0) - before.get(f"cmdstat_{name}", {}).get(
            "calls", 0
        )

    assert (calls("hmget"), calls("time")) == (3, 1)  # two viewers: one reading of services, store and host


def test_a_virgin_store_says_what_to_do(
    web_store: EmbeddedStore, people: redis.Redis, tmp_path: Path
) -> None:
    app = create_app(settings_for(web_store.url, tmp_path), open_log=open_log)
    with app.test_request_context():
        client = visitor(app, "viewer")
        for tab in queries.TABS:
            found = parts(client, tab)
            assert found["hx-sys"]["data-page-state"] == "ready"
        assert "helix-dash collect" in str(parts(client, "hosts"))
