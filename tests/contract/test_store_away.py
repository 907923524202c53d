# ruff: noqa: F811 - fixtures are imported
"""Every page that reads the store beside the log, opened anew while the store is away."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient

from helix_dash import context
from helix_dash.app import create_app
from helix_dash.by_heart import learn
from helix_dash.context import open_log
from helix_dash.embedded import EmbeddedStore
from helix_dash.log.fold import Fold
from helix_dash.log.retention import Retention
from helix_dash.metrics.budgets import Budget, set_budget
from helix_dash.metrics.incident_states import change
from helix_dash.metrics.limits import Assigned, Limits, assign, table
from helix_dash.model import us_from_utc
from helix_dash.pages.system.queries import TABS
from helix_dash.samples import answers
from helix_dash.samples.answers import Answer
from helix_dash.samples.writer import SampleWriter
from helix_dash.settings import load
from helix_dash.sources import host, system
from helix_dash.sources.gateway import questions as gateway
from helix_dash.sources.polling import Poller
from helix_dash.vitals.pulse import Pulse
from request_records import a_request, recorded
from webapp import body_of, people, settings_for, sign_in, store, web_store  # noqa: F401 - fixtures

CALL = "/_dash-update-component"
STATE = {
    "from": "now-1h", "to": "now", "where": {}, "without": {}, "zone": None, "compare": False, "charts": {}, "grid": None,
}  # fmt: skip
FILLS = {
    "rate limits": ("hx-limits", "hx-limits-fill"),
    "kv cache": ("hx-kv", "hx-kv-fill"),
    "costs": ("hx-costs", "hx-costs-spending"),
    "costs, arithmetic": ("hx-costs", "hx-costs-arithmetic"),
    "cache": ("hx-cache", "hx-cache-totals"),
    "cache, single": ("hx-cache", "hx-cache-single"),
    "security": ("hx-security", "hx-security-fill"),
    "users": ("hx-users", "hx-users-people"),
    "users, kept": ("hx-users", "hx-users-kept"),
    "chat": ("hx-chat", "hx-chat-single"),
    "embeddings": ("hx-embeddings", "hx-embeddings-single"),
    **{f"system, {tab}": ("hx-sys", "hx-sys-fill") for tab in TABS},
}
OF_NOW = {"system_services_up", "system_services_down"}
"""Figures that tell of the store itself, which is down."""


def seeded(url: str, client: redis.Redis) -> None:
    """What operators, collector and processes keep in the store."""
    writer, clock = SampleWriter(url), [0.0]
    now = writer.now()
    assign(client, "key", "k", Assigned(limits=Limits(rpm=10)))
    set_budget(client, Budget("team", "support", "5.00", "month", (80,)))
    change(client, "log:a-1", now - 10**6, "acknowledge", "me", now)
    for at, count in ((now - 90 * 10**6, 100), (now - 75 * 10**6, 300)):
        writer.record("fakeai.kv_cache", at, {"tokens_processed": count, "tokens_reused": count / 2})
        writer.record("fakeai.tiers", at, {"attempted|free": count, "throttled|free": count / 4})
    body = {"block_size": 16, "overlap_weight": 1.0, "load_weight": 0.5}
    answers.keep(client, "fakeai", "kv_cache", Answer(now, now, body))
    answers.keep(client, "fakeai", "tiers", Answer(now, now, {"free": {"keys": 2}}))
    Pulse(url, "collector").beat()
    every = {
        "system": system.questions(load({"REDIS_URL": url}), client, writer.now),
        "host": [host.question((), "here")],
        gateway.SOURCE: gateway.questions(lambda: client, ZoneInfo("UTC")),
    }
    pollers = [Poller(name, asked, client, writer, clock=lambda: clock[0]) for name, asked in every.items()]
    for _ in range(2):
        for one in pollers:
            one.step()
        clock[0] += 400


@pytest.fixture
def app(web_store: EmbeddedStore, people: redis.Redis, tmp_path: Path) -> Iterator[Flask]:
    at = datetime.now(UTC) - timedelta(minutes=20)
    recorded(
        web_store.url,
        *(a_request(time=at + timedelta(seconds=n), key_alias="k", team="support") for n in range(25)),
        a_request(time=at, status="throttled", limiter="provider", cost_usd=None, pii={"EMAIL_ADDRESS": 1}),
    )
    Fold(web_store.url, retention=Retention(90)).step()
    seeded(web_store.url, people)
    logging.getLogger("dash").handlers.clear()
    app = create_app(settings_for(web_store.url, tmp_path, API_URL="mock:"), open_log=open_log)
    with app.test_request_context():
        yield app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    client = app.test_client()
    assert sign_in(client, "editor").status_code == 303
    client.told = client.get("/_dash-dependencies").json  # type: ignore[attr-defined]
    return client


def opened(client: FlaskClient, page: str, **state: Any) -> dict[str, Any]:
    """What a tab that opens ``page`` now is answered."""
    root, fill = FILLS[page]
    values = {
        "hx-tick.data": {"n": 1},
        "hx-filter.data": STATE | state,
        f"{root}.data-page-state": "loading",
        "hx-sys-tab.value": page.partition(", ")[2],
    }
    answer = client.post(CALL, json=body_of(client.told, f"{fill}.data", values))  # type: ignore[attr-defined]
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json["response"][fill]["data"]
    return found


def figures(data: dict[str, Any]) -> dict[str, str]:
    """The cards' figures."""
    return {
        name.removeprefix("hx-kpi-"): part["data-raw"]
        for name, part in data["parts"].items()
        if name.startswith("hx-kpi-") and "data-raw" in part and name.removeprefix("hx-kpi-") not in OF_NOW
    }


def states(data: dict[str, Any]) -> dict[str, str]:
    """How each panel stands, a figure that is old as one that is not."""
    return {
        name: part["data-state"].replace("stale", "ready")
        for name, part in data["parts"].items()
        if "data-state" in part
    }


@pytest.fixture
def gone(web_store: EmbeddedStore) -> Iterator[EmbeddedStore]:
    """The store, to be stopped; it runs again afterwards."""
    yield web_store
    if web_store.pid is None:
        web_store.start()


@pytest.mark.parametrize("page", FILLS)
def test_a_page_opened_while_the_store_is_away_shows_what_was_known_and_as_of_when(
    client: FlaskClient, page: str, gone: EmbeddedStore
) -> None:
    """Lesson 12, issue A 6: figures with their age, none made up, none lost."""
    before, began = opened(client, page), time.time()
    gone.kill()
    away = opened(client, page)
    assert set(states(before).values()) & {"ready", "empty"}
    assert states(away) == states(before)
    assert figures(away) == figures(before)
    assert "recalled" not in before
    if not page.startswith("system"):  # that page has a banner of its own
        assert began - 60 < away["recalled"] / 1000 <= began


@pytest.mark.parametrize("page", FILLS)
@pytest.mark.parametrize("period", ["now-24h", "now-7d", "now-30d"])
def test_a_page_that_nobody_had_open_shows_what_its_worker_knows_by_heart(
    app: Flask, client: FlaskClient, page: str, period: str, gone: EmbeddedStore
) -> None:
    with app.test_request_context("/"):
        app.preprocess_request()
        running = context.running()
    running.log().mirror.sync()
    learn(running, us_from_utc(datetime.now(UTC)))
    gone.kill()
    away = opened(client, page, **{"from": period})
    broken = {name for name, state in states(away).items() if state == "error"}
    assert broken <= {"hx-chat-server", "hx-emb-server"}  # FakeAI was never asked for its models
    assert any(figures(away).values()) or page not in ("rate limits", "costs", "users")


@pytest.mark.parametrize("page", ["rate limits", "kv cache", "cache", "security", "system, hosts"])
def test_what_was_never_read_is_unknown_and_says_so(
    client: FlaskClient, page: str, gone: EmbeddedStore
) -> None:
    opened(client, "costs")  # opens the log
    gone.kill()
    away = opened(client, page)
    said = {str(part.get("children", "")) for part in away["parts"].values()}
    assert set(states(away).values()) == {"error"}
    assert set(figures(away).values()) <= {""}
    if not page.startswith("system"):
        assert any("Unknown since the store is away" in one for one in said)


def test_a_change_while_the_store_is_away_fails_in_words_and_is_not_made_later(
    client: FlaskClient, people: redis.Redis, gone: EmbeddedStore
) -> None:
    opened(client, "rate limits")
    known = table(people)
    gone.stop()
    given = {"kind": "key", "name": "k", "tier": "own limits", "rpm": 77}
    values = {"hx-limits-save.n_clicks": 1} | {f"hx-limits-{name}.value": one for name, one in given.items()}
    body = body_of(client.told, "hx-limits-done.children", values)  # type: ignore[attr-defined]
    answer = client.post(CALL, json=body)
    assert "Nothing was changed" in answer.text
    gone.start()
    assert table(people) == known
