# ruff: noqa: F811 - fixtures are imported, and asked for by their names
"""The users and usage pages over a real store and log: what they show, who may change groups, what a refresh costs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient

from helix_dash.app import create_app
from helix_dash.auth.audit import entries
from helix_dash.auth.users import create_user
from helix_dash.context import open_log
from helix_dash.embedded import EmbeddedStore
from helix_dash.log.fold import Fold
from helix_dash.log.retention import Retention
from helix_dash.metrics.budgets import Budget, set_budget
from helix_dash.metrics.people import Standing, Standings
from helix_dash.metrics.user_groups import KEY, groups, save
from helix_dash.model import EVERYTHING, Scope
from helix_dash.pages.usage import callbacks as usage_wire
from helix_dash.pages.usage import view as usage_view
from helix_dash.pages.users import callbacks as wire
from helix_dash.pages.users import figures, view
from helix_dash.pages.users import rows as rows_of_page
from helix_dash.samples import answers
from helix_dash.samples.answers import Answer
from helix_dash.samples.writer import SampleWriter
from helix_dash.sources.gateway.questions import questions
from helix_dash.sources.polling import Poller
from request_records import a_request, recorded
from webapp import PASSWORD, body_of, people, settings_for, sign_in, store, web_store  # noqa: F401 - fixtures

CALL = "/_dash-update-component"
STATE = {
    "from": "now-24h", "to": "now", "where": {}, "without": {}, "zone": None, "compare": False, "charts": {}, "grid": None,
}  # fmt: skip
DONE = "hx-groups-done.children"


@pytest.fixture
def app(web_store: EmbeddedStore, people: redis.Redis, tmp_path: Path) -> Iterator[Flask]:
    """40 users of two teams and organizations; u00 asks 40 times, u01 39 times …, an hour ago."""
    at = datetime.now(UTC) - timedelta(hours=1)
    calls = [
        a_request(
            time=at + timedelta(seconds=number), user=f"u{who:02}", team="red" if who % 2 else "green",
            organization="acme" if who < 10 else "globex", key_alias=f"k{who}", cost_usd=Decimal("0.5"),
        )
        for who in range(40)
        for number in range(40 - who)
    ]  # fmt: skip
    recorded(web_store.url, *calls)
    Fold(web_store.url, retention=Retention(90)).step()
    app = create_app(settings_for(web_store.url, tmp_path), open_log=open_log)
    with app.test_request_context():
        yield app


@pytest.fixture
def empty(web_store: EmbeddedStore, people: redis.Redis, tmp_path: Path) -> Iterator[Flask]:
    """The pages over a store that has no log of ours."""
    app = create_app(settings_for(web_store.url, tmp_path), open_log=open_log)
    with app.test_request_context():
        yield app


def visitor(app: Flask, name: str) -> FlaskClient:
    client = app.test_client()
    assert sign_in(client, name).status_code == 303
    return client


def called(client: FlaskClient, output: str, values: dict[str, Any]) -> Any:
    return client.post(CALL, json=body_of(client.get("/_dash-dependencies").json, output, values))


def refresh(client: FlaskClient, fill: str, root: str, **values: Any) -> dict[str, Any]:
    """What a refresh gives to which place: id → property → value."""
    state = STATE | values.pop("state", {})
    given = {"hx-tick.data": {"n": 1}, "hx-filter.data": state, f"{root}.data-page-state": "loading"} | values
    answer = called(client, f"{fill}.data", given)
    assert answer.status_code == 200, answer.text
    parts: dict[str, Any] = answer.json["response"][fill]["data"]["parts"]
    return parts


def everybody(client: FlaskClient, **values: Any) -> dict[str, Any]:
    return refresh(client, view.PEOPLE, view.ROOT, **({"hx-users-order.value": "cost"} | values))


def kept(client: FlaskClient, **values: Any) -> dict[str, Any]:
    return refresh(client, view.KEPT, view.ROOT, **values)


def usage(client: FlaskClient, mine: str = "false", **where: list[str]) -> dict[str, Any]:
    given = {"hx-usage.data-mine": mine, "state": {"where": where}}
    return refresh(client, usage_view.FILL, usage_view.ROOT, **given)


def raw(parts: dict[str, Any], name: str) -> str:
    return str(parts[f"hx-kpi-{name}"]["data-raw"])


def rows(parts: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return list(parts[f"hx-{name}-rows"]["data"]["rows"])


def names(parts: dict[str, Any], name: str) -> list[str]:
    return [one["name"] for one in rows(parts, name)]


def counters(store: redis.Redis, **changes: Any) -> None:
    """What the collector keeps of a gateway that counted two users, seeded as H8 says."""
    now = int(datetime.now(UTC).timestamp() * 1e6)
    told = {"top": {"u00": [30.0, 25.0], "user:with:colons": [5.0, 4.0]}, "others": 3, "left_out": {"a day of spending cannot be read": 2}}  # fmt: skip
    answers.keep(store, "gateway", "survey", Answer(now, now, {"users": told | changes}))


# --- what is shown -------------------------------------------------------------------------------------------


def test_the_cards_equal_what_was_recorded(app: Flask) -> None:
    """H5.3: everybody is there on the log's first day, so nobody is new."""
    client = visitor(app, "viewer")
    found = everybody(client)
    assert [raw(found, name) for name in ("users_weekly", "users_monthly", "users_new", "users_teams")] == ["40", "40", "0", "2"]  # fmt: skip
    assert found["hx-kpi-users_stickiness-chip"]["children"] == "needs 30 whole days"
    other = kept(client)
    assert [raw(other, name) for name in ("users_keys_active", "users_keys_unused", "users_keys_expiring")] == ["40", "0", ""]  # fmt: skip
    assert other["hx-kpi-users_keys_expiring-chip"]["children"] == "no expiry is recorded"


@pytest.mark.parametrize("order", ["cost", "requests", "tokens"])
def test_the_top_users_and_all_others_are_the_whole(app: Flask, order: str) -> None:
    """H5.1: ten bars, and one for the thirty others: 820 requests in all."""
    figure = everybody(visitor(app, "viewer"))["hx-users-top-data"]["data"]
    trace = figure["views"][order]["data"][0]
    assert trace["y"][0] == "u00"
    assert trace["y"][-1] == "30 others"
    assert sum(trace["x"]) == pytest.approx({"cost": 410, "requests": 820, "tokens": 820 * 120}[order])


def test_the_table_of_users_turns_its_pages(app: Flask) -> None:
    """F12, issue E: of any number of users one page is sent."""
    client = visitor(app, "viewer")
    first = everybody(client, **{"hx-users-all-page.data": 0})
    assert names(first, "users-all")[:2] == ["u00", "u01"]
    assert first["hx-users-all-part"]["children"] == "1–25 of 40"
    assert (first["hx-users-all-less"]["disabled"], first["hx-users-all-more"]["disabled"]) == (True, False)
    last = everybody(client, **{"hx-users-all-page.data": 99})
    assert names(last, "users-all") == [f"u{who}" for who in range(25, 40)]
    assert last["hx-users-all-more"]["disabled"] is True


@pytest.mark.parametrize("page", [None, -1, "1", True, 10**9])
def test_a_page_made_by_hand_is_one_that_exists(app: Flask, page: Any) -> None:
    assert len(names(everybody(visitor(app, "viewer"), **{"hx-users-all-page.data": page}), "users-all")) in (
        15,
        25,
    )


def test_a_user_leads_to_their_page(app: Flask) -> None:
    row = rows(everybody(visitor(app, "viewer"), state={"where": {"model": ["gpt-4o"]}}), "users-all")[0]
    address = urlsplit(row["href"])
    assert address.path == "/usage"
    assert parse_qs(address.query) == {
        "from": ["now-24h"],
        "to": ["now"],
        "model": ["gpt-4o"],
        "user": ["u00"],
    }


def test_who_is_over_their_budget_is_counted_and_marked(app: Flask, people: redis.Redis) -> None:
    """F5.5: u00 spent 20 dollars of 10, u01 19.5 of 100, and of a day's budget of 20."""
    for name, limit, window in (("u00", "10", "month"), ("u01", "100", "month"), ("u01", "20", "day")):
        set_budget(people, Budget("user", name, limit, window))
    found = everybody(visitor(app, "viewer"))
    assert raw(found, "users_over_budget") == "1"
    at = [field.key for field in rows_of_page.USERS].index("budget")
    told = [one["cells"][at] for one in rows(found, "users-all")[:3]]
    assert told[0] == {"text": "200.0% of $10.00", "tone": "bad"}
    assert told[1]["text"] == "97.5% of $20.00"
    assert told[2] == {"text": "—", "why": "no budget"}


def test_teams_are_told_with_their_users(app: Flask) -> None:
    """H5.2"""
    found = everybody(visitor(app, "viewer"))
    assert names(found, "users-teams") == ["green", "red"]
    assert [one["cells"][0] for one in rows(found, "users-teams")] == ["20", "20"]


def test_a_viewer_of_one_organization_sees_only_theirs(app: Flask, people: redis.Redis) -> None:
    """Issue E: users, teams, keys, groups; and nothing of counters that know no organization."""
    create_user(people, "acme-viewer", PASSWORD, "viewer", "acme")
    counters(people)
    save(people, Scope("globex"), "of-globex", ("u20",))
    save(people, Scope("acme"), "ours", ("u01",))
    client = visitor(app, "acme-viewer")
    found, other = everybody(client), kept(client)
    assert raw(found, "users_monthly") == "10"
    assert names(found, "users-all") == [f"u{who:02}" for who in range(10)]
    assert raw(other, "users_keys_active") == "10"
    assert names(other, "users-groups") == ["ours"]
    assert other["hx-users-counted"]["data-state"] == "forbidden"
    assert usage(client, user=["u20"])["hx-usage-volume"]["data-state"] == "empty"
    everything = json.dumps([found, other], ensure_ascii=False)
    assert not any(word in everything for word in ("u20", "of-globex", "with:colons"))


def test_names_are_data_and_no_markup() -> None:
    one = Standing("<b>x</b>", 1, 1, 1.0, 0, 1.0, 0)
    figure = figures.ranking(Standings((one,), one), "user", "User", "#000")
    assert figure is not None
    assert figure["views"]["requests"]["data"][0]["y"][0] == "&lt;b&gt;x&lt;/b&gt;"


# --- the gateway's own counters ------------------------------------------------------------------------------


def test_counters_stand_beside_the_logs_sums_with_the_difference(app: Flask, people: redis.Redis) -> None:
    """H2.4, X15: u00 cost 20 dollars in the log, the gateway counted 25; the other is not in the log."""
    counters(people)
    found = kept(visitor(app, "viewer"))
    texts = [[cell["text"] if isinstance(cell, dict) else cell for cell in one["cells"]] for one in rows(found, "users-counted")]  # fmt: skip
    assert texts == [["$25.00", "$20.00", "+$5.00", "$30.00"], ["$4.00", "—", "—", "$5.00"]]
    under = found["hx-users-counted-subtitle"]["children"]
    assert "3 more users" in under
    assert "2 values rejected: a day of spending cannot be read" in under


def test_without_a_log_the_gateways_counters_tell_the_top_users(empty: Flask, people: redis.Redis) -> None:
    """H8, issue E, 1: what can be told is told, and all else says why not."""
    counters(people)
    client = visitor(empty, "viewer")
    found = everybody(client)
    assert found["hx-users-top-data"]["data"]["views"]["cost"]["data"][0]["y"] == ["u00", "user:with:colons"]
    assert "gateway's own counters" in found["hx-users-top-subtitle"]["children"]
    rest = [name for name in view.PEOPLE_PANELS if name != "users-top"]
    assert {found[f"hx-{name}"]["data-state"] for name in rest} == {"empty"}
    assert found["hx-kpi-users_monthly-chip"]["children"] == "nothing was recorded"
    assert names(kept(client), "users-counted") == ["u00", "user:with:colons"]


def test_a_store_seeded_as_the_gateway_writes_tells_its_users_whatever_else_lies_there(
    empty: Flask, people: redis.Redis, web_store: EmbeddedStore
) -> None:
    """H8, issue E, 1 and 4: through the collector's own reading, with poison among the keys."""
    today = datetime.now(UTC).date()
    for who, dollars in (("alice", 12.5), ("team:bob", 3.25), ("None", 0.5)):
        people.zadd(f"helix:spend:user:{who}", {today.isoformat(): dollars, (today - timedelta(days=90)).isoformat(): 1})  # fmt: skip
    people.zadd("helix:spend:user:alice", {"placeholder": 5, "2026-99-99": 7, b"\xff": 1})
    people.set("helix:spend:user:mallory", "not a sorted set")
    people.zadd(b"helix:spend:user:\xff\xfe", {today.isoformat(): 1})
    people.set("helix:requests:total", "many")
    people.lpush("helix:pii:incidents", "placeholder")
    Poller("gateway", questions(lambda: people, UTC), people, SampleWriter(web_store.url)).step()
    client = visitor(empty, "viewer")
    bars = everybody(client)["hx-users-top-data"]["data"]["views"]["cost"]["data"][0]
    assert dict(zip(bars["y"], bars["x"], strict=True)) == {"alice": 12.5, "team:bob": 3.25, "None": 0.5}
    found = kept(client)
    assert [one["cells"][3] for one in rows(found, "users-counted")] == ["$13.50", "$4.25", "$1.50"]
    assert "4 values rejected" in found["hx-users-counted-subtitle"]["children"]


@pytest.mark.parametrize(
    "top", [None, [], {"a": None}, {"a": [1]}, {"a": ["x", 1]}, {"a": [-1, -1]}, {"a": [True, 1]}]
)
def test_poisoned_counters_leave_the_page_standing(app: Flask, people: redis.Redis, top: Any) -> None:
    """Issue E, 4"""
    counters(people, top=top, others="many", left_out=None)
    assert kept(visitor(app, "viewer"))["hx-users-counted"]["data-state"] == "empty"


def test_an_empty_store_is_told_in_words(empty: Flask) -> None:
    client = visitor(empty, "viewer")
    found, other = everybody(client), kept(client)
    assert {found[f"hx-{name}"]["data-state"] for name in view.PEOPLE_PANELS} == {"empty"}
    assert {other[f"hx-{name}"]["data-state"] for name in view.KEPT_PANELS} == {"empty"}
    assert {usage(client)[f"hx-{name}"]["data-state"] for name in usage_view.PANELS} == {"empty"}


# --- one user, one team, mine --------------------------------------------------------------------------------


def test_a_users_page_is_about_them_alone(app: Flask) -> None:
    """H5.1"""
    found = usage(visitor(app, "viewer"), user=["u00"])
    assert found["hx-usage-who"]["children"] == "u00"
    assert (raw(found, "requests"), raw(found, "cost_usd"), raw(found, "success_rate")) == ("40", "20", "1")
    assert names(found, "usage-keys") == ["k0"]
    assert names(found, "usage-others") == ["green"]
    assert "user=u00" in rows(found, "usage-recent")[0]["href"]


def test_a_teams_page_names_its_users_and_sums_to_the_whole(app: Flask) -> None:
    """H5.2: green has 40 + 38 + … + 2 requests; ten users are told, the other ten in one line."""
    found = usage(visitor(app, "viewer"), team=["green"])
    assert found["hx-usage-who"]["children"] == "Team green"
    assert found["hx-usage-others-heading"]["children"] == "Users"
    told = rows(found, "usage-others")
    assert told[-1]["name"] == "10 others"
    assert sum(int(one["cells"][0]) for one in told) == int(raw(found, "requests")) == 420


def test_a_groups_page_is_about_its_members(app: Flask) -> None:
    """H5.5"""
    found = usage(visitor(app, "viewer"), user=["u38", "u39"])
    assert (found["hx-usage-who"]["children"], raw(found, "requests")) == ("2 users", "3")


def test_my_usage_is_that_of_the_user_of_my_name(app: Flask, people: redis.Redis) -> None:
    create_user(people, "u39@corp.example", PASSWORD, "viewer")
    found = usage(visitor(app, "u39@corp.example"), mine="true")
    assert (found["hx-usage-who"]["children"], raw(found, "requests")) == ("u39", "1")
    assert "part before the @" in found["hx-usage-facts"]["children"]


def test_who_is_not_in_the_log_is_told_so_and_sees_nobody_elses(app: Flask) -> None:
    found = usage(visitor(app, "viewer"), mine="true")
    states = [found[f"hx-{name}"]["data-state"] for name in usage_view.PANELS]
    assert (states[0], set(states[1:])) == ("empty", {"away"})
    assert "no user of your account's name" in found["hx-usage-volume-text"]["children"]
    assert raw(found, "requests") == ""


# --- groups --------------------------------------------------------------------------------------------------


def make(client: FlaskClient, **fields: Any) -> Any:
    given = {"name": "Search", "members": "u01\nu00"} | fields
    return called(client, DONE, {"hx-groups-save.n_clicks": 1} | {f"hx-groups-{name}.value": value for name, value in given.items()})  # fmt: skip


def press(client: FlaskClient, button: str, **values: Any) -> Any:
    dependencies = client.get("/_dash-dependencies").json
    output = next(one["output"] for one in dependencies if "hx-groups-done" in one["output"] and any(part["id"] == button for part in one["inputs"]))  # fmt: skip
    first = output.strip(".").split("...")[0]
    return called(client, first, {f"{button}.n_clicks": 1} | {name.replace("__", "."): value for name, value in values.items()})  # fmt: skip


def told(store: redis.Redis) -> list[tuple[str, str, str]]:
    return [(one.event.action, one.event.object, one.event.result) for one in entries(store)]


def test_an_editor_makes_a_group_and_it_is_on_record(app: Flask, people: redis.Redis) -> None:
    """H5.5"""
    client = visitor(app, "editor")
    assert "The group Search has 2 members" in make(client).text
    assert [one.members for one in groups(people, EVERYTHING)] == [("u00", "u01")]
    assert told(people)[-1] == ("group made", "group Search", "done")
    (row,) = rows(kept(client), "users-groups")
    assert row["cells"] == ["2", "2", "79", "$39.50"]
    assert parse_qs(urlsplit(row["href"]).query)["user"] == ["u00", "u01"]


def test_a_group_that_is_deleted_can_be_brought_back(app: Flask, people: redis.Redis) -> None:
    client = visitor(app, "editor")
    make(client)
    gone = press(client, "hx-groups-sure", **{"hx-groups-name__value": "Search"})
    assert groups(people, EVERYTHING) == []
    data = gone.json["response"]["hx-groups-gone"]["data"]
    press(client, "hx-groups-undo", **{"hx-groups-gone__data": data})
    assert [(one.name, one.members) for one in groups(people, EVERYTHING)] == [("Search", ("u00", "u01"))]
    assert [action for action, _, _ in told(people)[-3:]] == ["group made", "group deleted", "group restored"]


@pytest.mark.parametrize("role", ["viewer", "analyst"])
def test_a_call_made_by_hand_changes_nothing_and_is_on_record(
    app: Flask, people: redis.Redis, role: str
) -> None:
    """403, and the audit record has the refusal."""
    client = visitor(app, role)
    calls = [make(client), press(client, "hx-groups-sure", **{"hx-groups-name__value": "Search"}), press(client, "hx-groups-undo", **{"hx-groups-gone__data": {"name": "x", "members": ["y"]}})]  # fmt: skip
    assert [one.status_code for one in calls] == [403, 403, 403]
    assert not people.exists(KEY)
    assert [(action, result) for action, _, result in told(people)[-3:]] == [("refused", "refused")] * 3


def test_an_editor_of_one_organization_cannot_delete_anothers_group(app: Flask, people: redis.Redis) -> None:
    create_user(people, "acme-editor", PASSWORD, "editor", "acme")
    save(people, EVERYTHING, "Search", ("u20",))
    answer = press(visitor(app, "acme-editor"), "hx-groups-sure", **{"hx-groups-name__value": "Search"})
    assert "There is no group of that name" in answer.text
    assert len(groups(people, EVERYTHING)) == 1


def test_what_cannot_be_recorded_is_not_done(
    app: Flask, people: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    from helix_dash.auth import audit
    from helix_dash.errors import StoreUnavailable

    client = visitor(app, "editor")

    def refuses(*_: Any, **__: Any) -> None:
        raise StoreUnavailable("The store did not answer.")

    monkeypatch.setattr(audit, "append", refuses)
    assert "Nothing was changed" in make(client).text
    assert not people.exists(KEY)


def test_what_cannot_be_is_told_in_words(app: Flask, people: redis.Redis) -> None:
    assert "at least one member" in make(visitor(app, "editor"), members=" ").text
    assert not people.exists(KEY)


def test_a_viewers_page_has_no_form(app: Flask) -> None:
    page = called(visitor(app, "viewer"), "hx-page.children", {"hx-url.pathname": "/users"}).text
    assert "Needs the editor role" in page
    assert "hx-groups-save" not in page


# --- what it costs -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("page", "most"), [("people", 1), ("kept", 3), ("usage", 1)])
def test_a_refresh_asks_the_store_a_bounded_number_of_questions(
    app: Flask, people: redis.Redis, page: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """Issue E, 3: whatever the range, and however many users, keys and groups there are."""
    counters(people, top={f"u{n}": [1.0, 1.0] for n in range(1000)})
    for n in range(50):
        save(people, EVERYTHING, f"g{n}", (f"u{n}",))
    client = visitor(app, "viewer")
    asks = {"people": everybody, "kept": kept, "usage": lambda one: usage(one, user=["u00"])}[page]
    asks(client)  # opens the log
    sent: list[str] = []
    execute = redis.Redis.execute_command

    def counting(self: redis.Redis, *given: Any, **options: Any) -> Any:
        sent.append(str(given[0]) + " " + str(given[1] if len(given) > 1 else ""))
        return execute(self, *given, **options)

    monkeypatch.setattr(redis.Redis, "execute_command", counting)
    asks(client)
    ours = [
        one
        for one in sent
        if any(word in one for word in (":limits", ":answers:", ":user-groups", ":budgets", "helix:"))
    ]
    assert len(ours) == most


@pytest.mark.parametrize(("callbacks", "most"), [(wire, 2), (usage_wire, 1)])
def test_a_refresh_is_at_most_two_calls_of_the_server(callbacks: Any, most: int) -> None:
    ticking = [one for one in callbacks.on.recorded if "hx-tick" in str(one.options.get("inputs", ""))]
    assert len(ticking) == most


@pytest.mark.parametrize(
    ("path", "places"),
    [("/users", wire.PEOPLE | wire.KEPT), ("/usage", usage_wire.PLACES), ("/my-usage", usage_wire.PLACES)],
)
def test_every_place_stands_on_the_page(app: Flask, path: str, places: dict[str, Any]) -> None:
    page = called(visitor(app, "editor"), "hx-page.children", {"hx-url.pathname": path}).text
    assert [one.component_id for one in places.values() if f'"{one.component_id}"' not in page] == []


def test_one_users_page_is_not_in_the_menu(app: Flask) -> None:
    layout = visitor(app, "viewer").get("/_dash-layout").json
    page = json.dumps(layout)
    assert "/my-usage" in page
    assert not re.search(r"[^-]/usage", page)
