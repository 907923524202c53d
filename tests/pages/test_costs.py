"""The costs page over a real store and log: what it shows, who may change budgets and prices, what a refresh costs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

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
from helix_dash.metrics import budgets as kept_budgets
from helix_dash.metrics import prices as kept_prices
from helix_dash.metrics.budgets import Budget, budgets, set_budget
from helix_dash.metrics.prices import Price, prices, set_price
from helix_dash.model import EVERYTHING
from helix_dash.pages.costs import callbacks, view
from helix_dash.samples.writer import SampleWriter
from helix_dash.sources.gateway import questions
from helix_dash.sources.polling import Poller
from request_records import a_request, recorded
from webapp import PASSWORD, body_of, people, settings_for, sign_in, store, web_store  # noqa: F401 - fixtures

CALL = "/_dash-update-component"
STATE = {
    "from": "now-24h", "to": "now", "where": {}, "without": {}, "zone": None, "compare": False, "charts": {}, "grid": None,
}  # fmt: skip
BUDGET, PRICE = "hx-costs-budget", "hx-costs-price"


@pytest.fixture
def app(web_store: EmbeddedStore, people: redis.Redis, tmp_path: Path) -> Flask:  # noqa: F811
    """The real pages over ten dollars of ada, five of ben, and four requests of a model without a price."""
    at = datetime.now(UTC) - timedelta(minutes=20)
    ada = [a_request(time=at, user="ada", team="search", cost_usd=Decimal("1.0")) for _ in range(10)]
    ben = [a_request(time=at, user="ben", tags=("x", "y"), model="gpt-4o-mini", cost_usd=Decimal("0.5")) for _ in range(10)]  # fmt: skip
    free = [a_request(time=at, model="ours", cost_usd=None, priced=False, uncached_tokens=1_000_000, visible_tokens=0) for _ in range(4)]  # fmt: skip
    hit = [a_request(time=at, cache="exact", cost_usd=Decimal(0), avoided_cost_usd=Decimal("0.25"), uncached_tokens=0, visible_tokens=0)]  # fmt: skip
    recorded(web_store.url, *ada, *ben, *free, *hit)
    Fold(web_store.url, retention=Retention(90)).step()
    return create_app(settings_for(web_store.url, tmp_path), open_log=open_log)


def visitor(app: Flask, role: str) -> FlaskClient:
    client = app.test_client()
    assert sign_in(client, role).status_code == 303
    return client


def called(client: FlaskClient, output: str, values: dict[str, Any]) -> Any:
    """The answer to the callback that fills ``output``."""
    return client.post(CALL, json=body_of(client.get("/_dash-dependencies").json, output, values))


def refresh(client: FlaskClient, fill: str, state: dict[str, Any] = STATE, dim: str = "model") -> dict[str, Any]:  # fmt: skip
    """What a refresh gives to which place: id → property → value."""
    values = {"hx-tick.data": {"n": 1}, "hx-filter.data": state, "hx-costs.data-page-state": "loading", f"{view.TAB}.value": dim}  # fmt: skip
    answer = called(client, f"{fill}.data", values)
    assert answer.status_code == 200, answer.text
    parts: dict[str, Any] = answer.json["response"][fill]["data"]["parts"]
    return parts


def spending(client: FlaskClient, **given: Any) -> dict[str, Any]:
    return refresh(client, view.SPENDING, **given)


def arithmetic(client: FlaskClient, **given: Any) -> dict[str, Any]:
    return refresh(client, view.ARITHMETIC, **given)


def raw(parts: dict[str, Any], name: str) -> str:
    return str(parts[f"hx-kpi-{name}"]["data-raw"])


def rows(parts: dict[str, Any], name: str) -> dict[str, list[str]]:
    """Name of a line → its texts."""
    told = parts[f"hx-{name}-rows"]["data"]["rows"]
    return {one["name"]: [cell if isinstance(cell, str) else cell["text"] for cell in one["cells"]] for one in told}  # fmt: skip


def budget(client: FlaskClient, button: str = "save", **fields: Any) -> Any:
    given = {"kind": "team", "name": "search", "limit": "20", "window": "month"} | fields
    return deed(client, BUDGET, button, given)


def price(client: FlaskClient, button: str = "save", **fields: Any) -> Any:
    given = {"model": "ours", "since": "2026-01-01", "scope": "all", "uncached": "2", "visible": "3"} | fields
    return deed(client, PRICE, button, given)


def deed(client: FlaskClient, form: str, button: str, given: dict[str, Any]) -> Any:
    dependencies = client.get("/_dash-dependencies").json
    clicked = f"{form}-{button}"
    output = next(one["output"] for one in dependencies if any(part["id"] == clicked for part in one["inputs"]) and f"{form}-done" in one["output"])  # fmt: skip
    first = output.strip(".").split("...")[0]
    values = {f"{clicked}.n_clicks": 1} | {f"{form}-{name}.value": value for name, value in given.items()}
    return called(client, first, values)


def told(store: redis.Redis) -> list[tuple[str, str, str]]:  # noqa: F811
    return [(one.event.action, one.event.object, one.event.result) for one in entries(store)]


# --- what is shown ----------------------------------------------------------------------------------------------


def test_the_cards_equal_what_was_recorded(app: Flask) -> None:
    """F5.1, H2: unpriced is no 0 dollars, and a hit's avoided cost is apart."""
    found = spending(visitor(app, "viewer"))
    cards = {name: raw(found, name) for name in ("cost_usd", "avoided_cost_usd", "unpriced_requests", "cost_usd_per_request")}  # fmt: skip
    assert cards == {"cost_usd": "15", "avoided_cost_usd": "0.25", "unpriced_requests": "4", "cost_usd_per_request": "0.6"}  # fmt: skip
    assert float(raw(found, "costs_per_million")) == pytest.approx(15 / 2400 * 1_000_000)


def test_a_projection_says_what_it_lacks(app: Flask) -> None:
    """F5.6, H2.1"""
    found = spending(visitor(app, "viewer"))
    assert raw(found, "costs_month_end") == ""
    assert found["hx-kpi-costs_month_end-chip"]["children"] == "needs 14 days, there are 0"
    assert "needs 14 days" in found["hx-costs-month-subtitle"]["children"]


@pytest.mark.parametrize(
    ("dim", "names"),
    [
        ("model", ["gpt-4o", "gpt-4o-mini", "ours"]),
        ("user", ["ada", "ben"]),
        ("team", ["search", "No team"]),
        ("tag", ["No tags", "x;y"]),
        ("endpoint", ["chat"]),
        ("provider", ["Unknown provider"]),
        ("key", ["No key"]),
    ],
)
def test_spending_is_split_by_whatever_is_chosen_and_adds_up(app: Flask, dim: str, names: list[str]) -> None:
    """F5.2, F5.3, F5.4, H2.3, H2.4"""
    found = spending(visitor(app, "viewer"), dim=dim)
    table = rows(found, "costs-table")
    assert list(table) == names
    known = [float(cells[0].removeprefix("$")) for cells in table.values() if cells[0] != "—"]
    assert sum(known) == 15


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu", "America/St_Johns"])
def test_the_parts_of_every_split_equal_the_whole_in_any_zone(app: Flask, zone: str) -> None:
    """Issue E, 2."""
    found = spending(visitor(app, "viewer"), state=STATE | {"zone": zone})
    assert raw(found, "cost_usd") == "15"
    heat = found["hx-costs-heat-data"]["data"]["data"][0]["z"]
    assert sum(cell or 0 for line in heat for cell in line) == pytest.approx(15)


def test_a_wrong_dimension_is_no_column(app: Flask) -> None:
    found = spending(visitor(app, "viewer"), dim="trace_id")
    assert next(iter(rows(found, "costs-table"))) == "gpt-4o"


def test_unpriced_requests_wait_for_a_price_that_is_theirs(app: Flask, people: redis.Redis) -> None:  # noqa: F811
    """What they would cost is shown; until it is recomputed the log's sums stay."""
    client = visitor(app, "viewer")
    before = rows(arithmetic(client), "costs-unpriced")["ours"]
    assert (before[1], before[4], before[5]) == ("4", "—", "set a price")
    set_price(people, Price("ours", "2026-01-01", uncached="1.5"))
    after = rows(arithmetic(client), "costs-unpriced")["ours"]
    assert (after[4], after[5]) == ("$6", "set by an operator, since 2026-01-01")
    assert raw(spending(client), "cost_usd") == "15"


def test_each_model_shows_its_prices_and_what_they_say(app: Flask) -> None:
    found = rows(arithmetic(visitor(app, "viewer")), "costs-prices")["gpt-4o"]
    assert (found[1], found[2], found[3]) == ("10", "$2.50", "$1.25")
    assert found[7].startswith("genai-prices")
    amounts = arithmetic(visitor(app, "viewer"))["hx-costs-amounts-rows"]["data"]["rows"]
    first = next(one for one in amounts if one["name"] == "gpt-4o")
    assert first["cells"][:4] == ["Uncached input", "1,000", "$2.50", "$0.0025"]


def test_the_change_is_told_step_by_step(app: Flask) -> None:
    """X13: nothing was spent the day before, so all of it is volume."""
    steps = rows(arithmetic(visitor(app, "viewer")), "costs-steps")
    assert (steps["Volume"][0], steps["All together"][0], steps["Price"][0]) == ("+$15.00", "+$15.00", "$0")


def test_budgets_are_told_with_share_state_and_reset(app: Flask, people: redis.Redis) -> None:  # noqa: F811
    """F5.5, X7"""
    set_budget(people, Budget("team", "search", "12", "month"))
    found = spending(visitor(app, "viewer"))
    (line,) = found["hx-costs-budgets-rows"]["data"]["rows"]
    told = [cell if isinstance(cell, str) else cell["text"] for cell in line["cells"]]
    assert line["name"] == "team search"
    assert "83.3%" in told
    assert {"text": "Past 80%", "tone": "warn"} in line["cells"]
    assert "needs 14 days, there are 0" in told
    assert told[-1].endswith("00:00")
    assert (raw(found, "costs_at_risk"), found["hx-kpi-costs_at_risk-note"]["children"]) == ("1", "of 1")


# --- the gateway's own counters ---------------------------------------------------------------------------------


def asked(store: redis.Redis, url: str) -> None:  # noqa: F811
    """The collector's duty, once."""
    Poller(questions.SOURCE, questions.questions(lambda: store, UTC), store, SampleWriter(url)).step()


def test_the_gateways_counters_stand_beside_the_log_with_what_explains_the_difference(
    app: Flask, people: redis.Redis, web_store: EmbeddedStore  # noqa: F811
) -> None:  # fmt: skip
    """X15, H8: also a member that is no date, and an amount that is none."""
    today = (datetime.now(UTC) - timedelta(minutes=20)).date().isoformat()
    people.zadd("helix:spend:total", {today: 17.5, "placeholder": 0})
    people.zadd("helix:spend:user:ada", {today: 10})
    people.zadd("helix:spend:model:gpt-4o", {today: 12})
    asked(people, web_store.url)
    found = spending(visitor(app, "viewer"))
    day = rows(found, "costs-days")[today]
    assert day[:3] == ["$17.50", "$15.00", "+$2.50"]
    assert "no known cost" in day[3]
    owners = rows(found, "costs-owners")
    assert owners["ada"][2:] == ["0", "they agree"]
    assert owners["gpt-4o"][2] == "+$2.00"
    assert "1 records rejected: a member of spending is no date" in found["hx-costs-days-subtitle"]["children"]  # fmt: skip


def test_a_seeded_redis_without_a_log_of_ours_is_told(
    web_store: EmbeddedStore, people: redis.Redis, tmp_path: Path  # noqa: F811
) -> None:  # fmt: skip
    """Issue E, 1, H8: the gateway's sums are there, and the log is said to have nothing."""
    people.zadd("helix:spend:total", {datetime.now(UTC).date().isoformat(): 17.5})
    asked(people, web_store.url)
    found = spending(visitor(create_app(settings_for(web_store.url, tmp_path), open_log=open_log), "viewer"))
    (day,) = [cells for name, cells in rows(found, "costs-days").items() if cells[0] != "—"]
    assert day[:3] == ["$17.50", "—", "—"]
    assert raw(found, "cost_usd") == ""
    assert found["hx-costs-spend"]["data-state"] == "empty"


@pytest.mark.parametrize("poison", [b"\xff\x00", b"{", b"NaN", b"1e999"])
def test_poisoned_values_leave_the_page_standing(
    app: Flask, people: redis.Redis, web_store: EmbeddedStore, poison: bytes  # noqa: F811
) -> None:  # fmt: skip
    """Issue E, 4."""
    people.set("helix:spend:total", poison)
    people.hset(kept_budgets.KEY, poison, poison)
    people.hset(kept_prices.KEY, poison, poison)
    asked(people, web_store.url)
    client = visitor(app, "viewer")
    assert raw(spending(client), "cost_usd") == "15"
    assert arithmetic(client)["hx-costs-own"]["data-state"] == "empty"


# --- changing -----------------------------------------------------------------------------------------------------


def test_an_editor_makes_and_removes_a_budget_and_it_is_on_record(app: Flask, people: redis.Redis) -> None:  # noqa: F811
    client = visitor(app, "editor")
    assert "$20 per month" in budget(client).text
    assert budgets(people, EVERYTHING) == [Budget("team", "search", "20", "month")]
    assert budget(client, "sure").status_code == 200
    assert budgets(people, EVERYTHING) == []
    assert told(people)[-2:] == [("budget changed", "team search", "done")] * 2


def test_who_sees_all_organizations_changes_and_removes_the_budget_of_one(
    app: Flask, people: redis.Redis  # noqa: F811
) -> None:  # fmt: skip
    """F5.4: everybody's of the same name stays as it is, and the record says whose it was."""
    set_budget(people, Budget("team", "search", "7", "month"))
    set_budget(people, Budget("team", "search", "9", "month", organization="north"))
    client = visitor(app, "editor")
    assert "$20 per month" in budget(client, whose="north").text
    assert {one.organization: one.limit for one in budgets(people, EVERYTHING)} == {None: "7", "north": "20"}
    assert budget(client, "sure", whose="north").status_code == 200
    assert [one.organization for one in budgets(people, EVERYTHING)] == [None]
    assert list(entries(people))[-1].event.detail.startswith("north: ")


def test_who_sees_one_organization_changes_only_its_own_whatever_is_named(
    app: Flask, people: redis.Redis  # noqa: F811
) -> None:  # fmt: skip
    """T: a call made by hand names another organization."""
    create_user(people, "nora", PASSWORD, "editor", organization="south")
    set_budget(people, Budget("team", "search", "9", "month", organization="north"))
    client = visitor(app, "nora")
    budget(client, whose="north")
    budget(client, "sure", whose="north")
    assert [(one.organization, one.limit) for one in budgets(people, EVERYTHING)] == [("north", "9")]


def test_the_budgets_file_has_what_was_spent_in_all_its_digits(app: Flask, people: redis.Redis) -> None:  # noqa: F811
    set_budget(people, Budget("global", "", "1000", "month"))
    found = spending(visitor(app, "viewer"))
    (line,) = found["hx-costs-budgets-rows"]["data"]["rows"]
    assert Decimal(line["cells"][0]["raw"]) <= 15
    assert "of $1,000" in line["note"]


def test_who_sees_all_organizations_sets_and_removes_the_price_of_one(
    app: Flask, people: redis.Redis  # noqa: F811
) -> None:  # fmt: skip
    """Everybody's price of the same model and day stays as it is; somebody of one organization names only its own."""
    create_user(people, "nora", PASSWORD, "editor", organization="south")
    set_price(people, Price("ours", "2026-01-01", uncached="1"))
    client = visitor(app, "editor")
    price(client, whose="north")
    price(visitor(app, "nora"), "sure", whose="north")
    assert {one.organization: one.uncached for one in prices(people, EVERYTHING).prices} == {
        None: "1",
        "north": "2",
    }
    assert price(client, "sure", whose="north").status_code == 200
    assert [one.organization for one in prices(people, EVERYTHING).prices] == [None]
    assert list(entries(people))[-1].event.detail.startswith("everybody of north, ")


def test_an_editor_sets_a_price_and_what_it_priced_is_told_and_on_record(
    app: Flask, people: redis.Redis  # noqa: F811
) -> None:  # fmt: skip
    client = visitor(app, "editor")
    assert "4 kept requests of ours would cost $8" in price(client).text
    assert [one.uncached for one in prices(people, EVERYTHING).prices] == ["2"]
    assert [(one.by, bool(one.on)) for one in prices(people, EVERYTHING).prices] == [("editor", True)]
    assert told(people)[-1] == ("price changed", "ours", "done")
    assert price(client, "sure").status_code == 200
    assert prices(people, EVERYTHING).prices == ()


@pytest.mark.parametrize("role", ["viewer", "analyst"])
def test_a_call_made_by_hand_changes_nothing_and_is_on_record(
    app: Flask, people: redis.Redis, role: str  # noqa: F811
) -> None:  # fmt: skip
    """403, and the audit record has the refusal."""
    set_budget(people, Budget("global", "", "1", "month"))
    set_price(people, Price("ours", "2026-01-01", uncached="2"))
    client = visitor(app, role)
    answers = [budget(client), budget(client, "sure", kind="global", name=""), price(client), price(client, "sure")]  # fmt: skip
    assert [one.status_code for one in answers] == [403] * 4
    assert len(budgets(people, EVERYTHING)) == len(prices(people, EVERYTHING).prices) == 1
    assert [(action, result) for action, _, result in told(people)[-4:]] == [("refused", "refused")] * 4


def test_a_viewers_page_has_no_form(app: Flask) -> None:
    page = called(visitor(app, "viewer"), "hx-page.children", {"hx-url.pathname": "/costs"}).text
    assert "Needs the editor role" in page
    assert f"{BUDGET}-save" not in page
    assert f"{PRICE}-save" not in page


@pytest.mark.parametrize("fields", [{"limit": "-1"}, {"window": "days", "days": "0"}, {"name": ""}, {"steps": "x"}])  # fmt: skip
def test_what_cannot_be_is_told_in_words_and_not_on_record(
    app: Flask, people: redis.Redis, fields: dict[str, str]  # noqa: F811
) -> None:  # fmt: skip
    answer = budget(visitor(app, "editor"), **fields)
    assert answer.json["response"][f"{BUDGET}-done"]["data-tone"] == "bad"
    assert not people.exists(kept_budgets.KEY)
    assert "budget changed" not in [action for action, _, _ in told(people)]


def test_what_cannot_be_recorded_is_not_done(
    app: Flask, people: redis.Redis, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:  # fmt: skip
    from helix_dash.auth import audit
    from helix_dash.errors import StoreUnavailable

    client = visitor(app, "editor")

    def refuses(*_: Any, **__: Any) -> None:
        raise StoreUnavailable("The store did not answer.")

    monkeypatch.setattr(audit, "append", refuses)
    assert "Nothing was changed" in budget(client).text
    assert "Nothing was changed" in price(client).text
    assert not people.exists(kept_budgets.KEY, kept_prices.KEY)


# --- what it costs ------------------------------------------------------------------------------------------------


def test_a_refresh_asks_the_store_a_bounded_number_of_questions(
    app: Flask, people: redis.Redis, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:  # fmt: skip
    """Issue E, 3: whatever there is; the session's own commands stand apart."""
    for number in range(300):
        set_budget(people, Budget("user", f"u{number}", "5", "month"))
    sent: list[str] = []
    client = visitor(app, "viewer")
    spending(client)
    execute = redis.Redis.execute_command

    def counting(self: redis.Redis, *given: Any, **options: Any) -> Any:
        sent.append(str(given[0]) + " " + str(given[1] if len(given) > 1 else ""))
        return execute(self, *given, **options)

    monkeypatch.setattr(redis.Redis, "execute_command", counting)
    found = spending(client)
    arithmetic(client)
    ours = [one for one in sent if any(word in one for word in (":budgets", ":prices", ":answers:", ":samples:", "helix:"))]  # fmt: skip
    assert sorted(one.split(":")[-1] for one in ours) == ["budgets", "gateway", "prices"]
    assert "the first 15 of 300" in found["hx-costs-budgets-subtitle"]["children"]


def test_a_refresh_is_two_calls_of_the_server() -> None:
    ticking = [one for one in callbacks.on.recorded if "hx-tick" in str(one.options.get("inputs", ""))]
    assert len(ticking) == 2


@pytest.mark.parametrize("places", [callbacks.SPENDING, callbacks.ARITHMETIC])
def test_every_place_stands_on_the_page(app: Flask, places: dict[str, Any]) -> None:
    page = called(visitor(app, "editor"), "hx-page.children", {"hx-url.pathname": "/costs"}).text
    assert [one.component_id for one in places.values() if f'"{one.component_id}"' not in page] == []
