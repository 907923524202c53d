"""The rate limits and KV cache pages over a real store and log: who may change limits, what a refresh costs."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient

from helix_dash.app import create_app
from helix_dash.auth.audit import entries
from helix_dash.context import open_log
from helix_dash.embedded import EmbeddedStore
from helix_dash.log.fold import Fold
from helix_dash.log.retention import Retention
from helix_dash.metrics.limits import KEY, Assigned, Limits, assign, set_default, table
from helix_dash.pages import SECTIONS
from helix_dash.pages.kv_cache import callbacks as kv
from helix_dash.pages.kv_cache import view
from helix_dash.pages.rate_limits import callbacks as limits
from helix_dash.pages.rate_limits import trial
from helix_dash.samples import answers
from helix_dash.samples.answers import Answer
from helix_dash.samples.writer import SampleWriter
from request_records import a_request, recorded
from webapp import body_of, people, settings_for, sign_in, store, web_store  # noqa: F401 - fixtures

CALL = "/_dash-update-component"
STATE = {
    "from": "now-24h", "to": "now", "where": {}, "without": {}, "zone": None, "compare": False, "charts": {}, "grid": None,
}  # fmt: skip
SAVE = "hx-limits-done.children"
BODY = {"block_size": 16, "overlap_weight": 1.0, "load_weight": 0.5}


@pytest.fixture
def app(web_store: EmbeddedStore, people: redis.Redis, tmp_path: Path) -> Iterator[Flask]:  # noqa: F811
    """The real pages over 30 requests of one key in one minute, five of them throttled by the provider."""
    at = datetime.now(UTC) - timedelta(minutes=20)
    at = at.replace(second=5, microsecond=0)
    calm = [a_request(time=at + timedelta(seconds=n), key_alias="k") for n in range(25)]
    refused = [
        a_request(time=at + timedelta(seconds=30), key_alias="k", status="throttled", limiter="provider", cost_usd=None)
        for _ in range(5)
    ]  # fmt: skip
    recorded(web_store.url, *calm, *refused)
    Fold(web_store.url, retention=Retention(90)).step()
    environ = {"API_URL": "mock:", "KV_METRICS_URLS": "vllm-1=http://127.0.0.1:1/metrics"}
    app = create_app(settings_for(web_store.url, tmp_path, **environ), open_log=open_log)
    with app.test_request_context():
        yield app


def visitor(app: Flask, role: str) -> FlaskClient:
    client = app.test_client()
    assert sign_in(client, role).status_code == 303
    return client


def called(client: FlaskClient, output: str, values: dict[str, Any]) -> Any:
    """The answer to the callback that fills ``output``."""
    body = body_of(client.get("/_dash-dependencies").json, output, values)
    return client.post(CALL, json=body)


def refresh(client: FlaskClient, page: str) -> dict[str, Any]:
    """What a refresh of ``page`` gives to which place: id → property → value."""
    fill, root = f"hx-{page}-fill", f"hx-{page}"
    answer = called(client, f"{fill}.data", {"hx-tick.data": {"n": 1}, "hx-filter.data": STATE, f"{root}.data-page-state": "loading"})  # fmt: skip
    assert answer.status_code == 200, answer.text
    parts: dict[str, Any] = answer.json["response"][fill]["data"]["parts"]
    return parts


def raw(parts: dict[str, Any], name: str) -> str:
    return str(parts[f"hx-kpi-{name}"]["data-raw"])


def row(parts: dict[str, Any], table: str) -> dict[str, Any]:
    """The first row of a table."""
    found: dict[str, Any] = parts[f"hx-{table}-rows"]["data"]["rows"][0]
    return found


def words(parts: dict[str, Any], table: str) -> list[str]:
    """What the cells of the first row say."""
    return [cell if isinstance(cell, str) else cell.get("text", "") for cell in row(parts, table)["cells"]]


def save(client: FlaskClient, **fields: Any) -> Any:
    given = {"kind": "key", "name": "k", "tier": "own limits", "rpm": 5} | fields
    values = {f"hx-limits-{name}.value": value for name, value in given.items()}
    return called(client, SAVE, {"hx-limits-save.n_clicks": 1} | values)


def remove(client: FlaskClient, kind: str, name: str) -> Any:
    dependencies = client.get("/_dash-dependencies").json
    output = next(one["output"] for one in dependencies if any(part["id"] == "hx-limits-sure" for part in one["inputs"]) and "done" in one["output"])  # fmt: skip
    first = output.strip(".").split("...")[0]
    values = {"hx-limits-sure.n_clicks": 1, "hx-limits-kind.value": kind, "hx-limits-name.value": name}
    return called(client, first, values)


def told(store: redis.Redis) -> list[tuple[str, str, str]]:  # noqa: F811
    return [(one.event.action, one.event.object, one.event.result) for one in entries(store)][-3:]


# --- what is shown -------------------------------------------------------------------------------------------


def test_the_cards_equal_what_was_recorded(app: Flask, people: redis.Redis) -> None:  # noqa: F811
    """F3.4, X3: five refused by the provider, none by us; 25 were let through where 10 may be."""
    assign(people, "key", "k", Assigned(limits=Limits(rpm=10, rpd=100)))
    found = refresh(visitor(app, "viewer"), "limits")
    assert (raw(found, "throttled"), raw(found, "throttled_provider"), raw(found, "throttled_ours")) == ("5", "5", "0")  # fmt: skip
    assert (raw(found, "limits_highest"), raw(found, "limits_near"), raw(found, "limits_breached_minutes")) == ("0.25", "0", "1")  # fmt: skip


def test_each_key_has_a_bar_for_each_of_its_limits(app: Flask, people: redis.Redis) -> None:  # noqa: F811
    """F3.1, F3.3"""
    assign(people, "key", "k", Assigned(limits=Limits(rpd=100)))
    found = refresh(visitor(app, "viewer"), "limits")
    per_day = {"text": "25 / 100", "meter": "25.0%", "tone": "good"}
    assert row(found, "limits-uses")["cells"][3] | {"why": ""} == per_day | {"why": ""}
    assert words(found, "limits-uses")[2] == "no limit"


def test_without_a_limit_the_page_says_how_to_give_one(app: Flask) -> None:
    found = refresh(visitor(app, "viewer"), "limits")
    assert found["hx-limits-uses"]["data-state"] == "empty"
    assert "table below" in found["hx-limits-uses-text"]["children"]


def test_a_breach_leads_to_its_minute_in_the_log(app: Flask) -> None:
    """F3.7"""
    found = refresh(visitor(app, "viewer"), "limits")
    assert "key_alias=k" in row(found, "limits-latest")["cells"][4]["href"]
    assert words(found, "limits-latest")[0] == "Provider"


def test_consumers_and_tiers_are_ranked_by_what_they_asked_for(app: Flask, people: redis.Redis) -> None:  # noqa: F811
    """F3.6, F3.8, F3.9: 30 requests in one minute are beyond the tier free."""
    set_default(people, "free")
    found = refresh(visitor(app, "viewer"), "limits")
    consumer = words(found, "limits-consumers")
    assert (consumer[0], consumer[-1]) == ("30", "up to tier-1")
    assert words(found, "limits-tiers")[4:] == ["1", "100%"]
    assert [row(found, f"limits-{name}")["name"] for name in ("consumers", "tiers")] == ["k", "free"]


def test_fakeais_own_count_stands_beside_ours_with_the_difference(
    app: Flask, people: redis.Redis, web_store: EmbeddedStore  # noqa: F811
) -> None:  # fmt: skip
    """F3.2"""
    writer = SampleWriter(web_store.url)
    now = writer.now()
    for at, count in ((now - 30_000_000, 0), (now - 15_000_000, 40)):
        writer.record("fakeai.tiers", at, {"attempted|free": count, "throttled|free": count / 4})
    tier = {"free": {"keys": 2}}
    answers.keep(people, "fakeai", "tiers", Answer(now, now, tier, mock=True))
    found = refresh(visitor(app, "viewer"), "limits")
    assert words(found, "limits-server") == ["40", "30", "+10"]
    assert found["hx-limits-fakeai-mock"]["children"] == "Mock"


def test_a_source_that_fails_keeps_its_figures_with_age_and_reason(
    app: Flask, people: redis.Redis, web_store: EmbeddedStore  # noqa: F811
) -> None:  # fmt: skip
    """Issue D, 2."""
    writer = SampleWriter(web_store.url)
    now = writer.now()
    for at, count in ((now - 90_000_000, 100), (now - 75_000_000, 300)):
        writer.record("fakeai.kv_cache", at, {"tokens_processed": count, "tokens_reused": count / 2, "hits": 1, "misses": 0})  # fmt: skip
    answers.keep(people, "fakeai", "kv_cache", Answer(now - 75_000_000, now - 75_000_000, BODY))
    answers.keep(people, "fakeai", "kv_cache", Answer(now, error="It is frozen.", reason="timeout"))
    found = refresh(visitor(app, "viewer"), "kv")
    assert (raw(found, "kv_hit_rate"), raw(found, "kv_reused_tokens")) == ("0.5", "100")
    assert found["hx-kv-hits"]["data-state"] == "stale"
    words = found["hx-kv-failing"]["children"]
    assert "does not answer in time" in words
    assert "75 s old" in words


def test_a_page_without_any_server_says_how_to_name_one(
    web_store: EmbeddedStore, people: redis.Redis, tmp_path: Path  # noqa: F811
) -> None:  # fmt: skip
    app = create_app(settings_for(web_store.url, tmp_path), open_log=open_log)
    client = visitor(app, "viewer")
    found = refresh(client, "kv")
    assert found["hx-kv"]["data-source"] == "no"
    assert {found[f"hx-{name}"]["data-state"] for name in view.PANELS} == {"empty"}
    assert refresh(client, "limits")["hx-limits-server"]["data-state"] == "empty"
    page = called(client, "hx-page.children", {"hx-url.pathname": "/kv-cache"}).text
    assert "KV_METRICS_URLS" in page


# --- changing limits -----------------------------------------------------------------------------------------


def test_an_editor_changes_a_limit_and_it_is_on_record(app: Flask, people: redis.Redis) -> None:  # noqa: F811
    answer = save(visitor(app, "editor"))
    assert "RPM 5" in answer.text
    assert table(people).keys == {"k": Assigned(limits=Limits(rpm=5))}
    assert told(people)[-1] == ("limits changed", "key k", "done")


@pytest.mark.parametrize("role", ["viewer", "analyst"])
def test_a_call_made_by_hand_changes_nothing_and_is_on_record(
    app: Flask, people: redis.Redis, role: str  # noqa: F811
) -> None:  # fmt: skip
    """403, and the audit record has the refusal."""
    client = visitor(app, role)
    assert [save(client).status_code, remove(client, "key", "k").status_code] == [403, 403]
    assert not people.exists(KEY)
    assert [(action, result) for action, _, result in told(people)[-2:]] == [("refused", "refused")] * 2


def test_a_viewers_page_has_no_form(app: Flask) -> None:
    client = visitor(app, "viewer")
    page = called(client, "hx-page.children", {"hx-url.pathname": "/rate-limits"}).text
    assert "Needs the editor role" in page
    assert "hx-limits-save" not in page


def test_what_cannot_be_is_told_in_words_and_not_on_record(app: Flask, people: redis.Redis) -> None:  # noqa: F811
    answer = save(visitor(app, "editor"), rpm=0)
    assert "RPM must be at least 1" in answer.text
    assert not people.exists(KEY)
    assert "limits changed" not in [action for action, _, _ in told(people)]


def test_what_cannot_be_recorded_is_not_done(
    app: Flask, people: redis.Redis, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:  # fmt: skip
    from helix_dash.auth import audit
    from helix_dash.errors import StoreUnavailable

    client = visitor(app, "editor")

    def refuses(*_: Any, **__: Any) -> None:
        raise StoreUnavailable("The store did not answer.")

    monkeypatch.setattr(audit, "append", refuses)
    assert "Nothing was changed" in save(client).text
    assert not people.exists(KEY)


def test_limits_that_are_removed_are_gone_and_on_record(app: Flask, people: redis.Redis) -> None:  # noqa: F811
    assign(people, "key", "k", Assigned(tier="free"))
    remove(visitor(app, "editor"), "key", "k")
    assert table(people).keys == {}
    assert told(people)[-1][:2] == ("limits changed", "key k")


def test_a_tier_that_somebody_has_stays(app: Flask, people: redis.Redis) -> None:  # noqa: F811
    client = visitor(app, "editor")
    save(client, kind="tier", name="gold", tier="", rpm=7)
    set_default(people, "gold")
    assert "cannot be removed" in remove(client, "tier", "gold").text
    assert "gold" in table(people).tiers


# --- what if -------------------------------------------------------------------------------------------------


def test_a_viewer_tries_other_limits_out(app: Flask) -> None:
    """X14: 30 requests in a minute, of which 10 a minute would be let through."""
    values = {"hx-limits-try-run.n_clicks": 1, "hx-filter.data": STATE, "hx-limits-try-kind.value": "key", "hx-limits-try-name.value": "k", "hx-limits-try-rpm.value": 10}  # fmt: skip
    answer = called(visitor(app, "viewer"), f"{trial.FILL}.data", values)
    found = answer.json["response"][trial.FILL]["data"]["parts"]
    assert (raw(found, "trial_refused"), raw(found, "trial_keys")) == ("20", "1")
    assert words(found, "limits-trial")[0] == "20"


# --- what it costs -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("page", "most"), [("limits", 4), ("kv", 6)])
def test_a_refresh_asks_the_store_a_bounded_number_of_questions(
    app: Flask, people: redis.Redis, page: str, most: int, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:  # fmt: skip
    """Issue D, 4: whatever the range; the session's own commands stand apart."""
    sent: list[str] = []
    client = visitor(app, "viewer")
    refresh(client, page)  # opens the log
    execute = redis.Redis.execute_command

    def counting(self: redis.Redis, *given: Any, **options: Any) -> Any:
        sent.append(str(given[0]) + " " + str(given[1] if len(given) > 1 else ""))
        return execute(self, *given, **options)

    monkeypatch.setattr(redis.Redis, "execute_command", counting)
    refresh(client, page)
    ours = [one for one in sent if any(word in one for word in (":limits", ":answers:", ":samples:"))]
    assert 0 < len(ours) <= most


@pytest.mark.parametrize("callbacks", [limits, kv])
def test_a_refresh_is_one_call_of_the_server(callbacks: Any) -> None:
    """Issue D, 4: at most two."""
    ticking = [one for one in callbacks.on.recorded if "hx-tick" in str(one.options.get("inputs", ""))]
    assert len(ticking) == 1


def test_a_web_worker_has_no_client_of_other_servers() -> None:
    """Issue D, 4: pages read the store; only the collector asks."""
    code = (
        "import sys, helix_dash.app, helix_dash.pages; "
        "print([name for name in sys.modules if name in ('httpx', 'websockets', 'helix_dash.sources.fakeai.client', 'helix_dash.sources.kv_metrics')])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


# --- the parts -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("path", "places"), [("/rate-limits", limits.PLACES), ("/kv-cache", kv.PLACES)])
def test_every_place_stands_on_the_page(app: Flask, path: str, places: dict[str, Any]) -> None:
    page = called(visitor(app, "editor"), "hx-page.children", {"hx-url.pathname": path}).text
    assert [one.component_id for one in places.values() if f'"{one.component_id}"' not in page] == []


@pytest.mark.parametrize(
    "untold",
    [
        {"kv-cost", "kv-load"},
        {"kv-load", "kv-preemptions"},
        {"kv-usage", "kv-ttft", "kv-itl", "kv-preemptions"},
    ],
)
def test_panels_of_what_a_server_tells_fill_their_rows(untold: set[str]) -> None:
    """visual.md: no hole in the grid, whatever is missing."""
    shown = [name for name in view.ORDER if name not in untold]
    styles = view.whole_rows(shown)
    used = 0
    for name in shown:
        used += styles[f"{name}.style"].get("--span", view.SPANS[name])
        assert used <= 12
        used %= 12
    assert used == 0


@pytest.mark.parametrize("path", [section.path for section in SECTIONS])
def test_no_two_parts_of_a_page_have_the_same_name(app: Flask, path: str) -> None:
    """What is filled by its id would go to the last of them."""
    page = called(visitor(app, "editor"), "hx-page.children", {"hx-url.pathname": path}).text
    ids = re.findall(r'"id": ?"([^"]+)"', page)
    assert ids
    assert [name for name in set(ids) if ids.count(name) > 1] == []
