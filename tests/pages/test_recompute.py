"""Set a price, recompute, take back: from the page's buttons over the collector and the fold to every figure."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import redis
import test_costs
from flask import Flask
from flask.testing import FlaskClient
from test_costs import (  # noqa: F401
    CALL,
    STATE,
    app,
    arithmetic,
    called,
    price,
    raw,
    refresh,
    rows,
    spending,
    told,
    visitor,
)

from helix_dash.auth.users import create_user
from helix_dash.context import open_log
from helix_dash.embedded import EmbeddedStore
from helix_dash.errors import BadQuery
from helix_dash.log.fold import Fold
from helix_dash.log.query import RequestLog
from helix_dash.log.retention import Retention
from helix_dash.metrics.budget_standing import standings
from helix_dash.metrics.budgets import Budget
from helix_dash.metrics.prices import Price, PriceTable, prices, set_price
from helix_dash.metrics.repricing import computed, rules, unpriced
from helix_dash.model import EVERYTHING, Filter, Period, Scope
from helix_dash.orders import book
from helix_dash.orders.book import Order, find, orders
from helix_dash.orders.kinds import RECOMPUTE, TAKE_BACK
from helix_dash.orders.performer import Performer
from helix_dash.orders.recompute import LASTING, recompute_orders
from helix_dash.pages.costs import recompute
from helix_dash.pages.overview import view as overview
from helix_dash.pages.users import view as users
from helix_dash.settings import Settings
from request_records import KEYS, a_request, recorded
from webapp import PASSWORD, people, settings_for, store, web_store  # noqa: F401 - fixtures

pytestmark = pytest.mark.usefixtures("one_shard")


opened: list[RequestLog] = []
"""The logs of the apps of a test: it reads what is new when it wants to."""


@pytest.fixture(autouse=True)
def followed(monkeypatch: pytest.MonkeyPatch) -> None:
    def noted(settings: Settings) -> RequestLog:
        opened.append(open_log(settings))
        return opened[-1]

    opened.clear()
    monkeypatch.setattr(test_costs, "open_log", noted)


def asked(client: FlaskClient, button: str = "ask", model: str = "ours") -> Any:
    """The question before something is done."""
    return called(client, f"{recompute.CONFIRM}.is_open", {f"{recompute.FORM}-{button}.n_clicks": 1, "hx-costs-price-model.value": model})  # fmt: skip


def ordered(client: FlaskClient, *, back: bool = False, model: str = "ours") -> Any:
    values = {f"{recompute.SURE}.n_clicks": 1, f"{recompute.ASKED}.data": {"back": back, "model": model}}
    return called(client, f"{recompute.ORDER}.data", values)


def until(claim: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not claim():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def carried_out(url: str, store: redis.Redis) -> Order:  # noqa: F811
    """The newest order, once the collector's leader and the fold have done it."""
    store.delete(KEYS.lease)
    fold = Fold(url, retention=Retention(90))
    performer = Performer(store, recompute_orders(url, 1), LASTING)

    def is_over() -> bool:
        performer.step()
        fold.step()
        return orders(store, LASTING)[0].over

    until(is_over)
    fold.close()
    return orders(store, LASTING)[0]


def shown(client: FlaskClient, card: str = "cost_usd") -> str:
    """A card of the page over the log as the store has it now."""
    for log in opened:
        log.mirror.sync()
    return raw(spending(client), card)


def given_costs(app: Flask, people: redis.Redis, url: str) -> FlaskClient:  # noqa: F811
    """An editor who has set two dollars per million and recomputed: four requests of two dollars each."""
    client = visitor(app, "editor")
    assert price(client).status_code == 200
    assert ordered(client).status_code == 200
    assert carried_out(url, people).state == "done"
    until(lambda: shown(client) == "23")
    return client


def test_every_figure_everywhere_includes_what_was_recomputed(
    app: Flask, people: redis.Redis, web_store: EmbeddedStore  # noqa: F811
) -> None:  # fmt: skip
    """Issue E, Costs: fifteen recorded dollars and four requests of a million tokens at two dollars each."""
    client = given_costs(app, people, web_store.url)
    found = spending(client)
    assert [raw(found, name) for name in ("cost_usd", "unpriced_requests", "avoided_cost_usd")] == ["23", "0", "0.25"]  # fmt: skip
    assert rows(found, "costs-table")["ours"][0] == "$8.00"
    first = refresh(client, overview.FILL, dim="model")
    assert (raw(first, "cost_usd"), raw(first, "unpriced_requests")) == ("23", "0")
    told_users = called(client, f"{users.PEOPLE}.data", {"hx-tick.data": {"n": 1}, "hx-filter.data": STATE, f"{users.ROOT}.data-page-state": "loading", "hx-users-order.value": "cost"})  # fmt: skip
    listed = told_users.json["response"][users.PEOPLE]["data"]["parts"]["hx-users-all-rows"]["data"]["rows"]
    assert "$18.00" in {one["name"]: [cell if isinstance(cell, str) else cell["text"] for cell in one["cells"]] for one in listed}["ada"]  # fmt: skip
    assert Decimal(str(client.get("/api/v1/summary?from=now-24h").json["cost_usd"])) == 23
    assert arithmetic(client)["hx-costs-unpriced"]["data-state"] == "empty"


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu", "America/St_Johns"])
def test_parts_still_equal_the_whole_in_any_zone(
    app: Flask, people: redis.Redis, web_store: EmbeddedStore, zone: str  # noqa: F811
) -> None:  # fmt: skip
    """Issue E, 2."""
    client = given_costs(app, people, web_store.url)
    found = spending(client, state=STATE | {"zone": zone})
    heat = found["hx-costs-heat-data"]["data"]["data"][0]["z"]
    assert sum(cell or 0 for line in heat for cell in line) == pytest.approx(23)


def test_each_request_says_where_its_cost_comes_from(
    app: Flask, people: redis.Redis, web_store: EmbeddedStore  # noqa: F811
) -> None:  # fmt: skip
    client = given_costs(app, people, web_store.url)
    day = datetime.now(UTC).date().isoformat()
    answer = client.get("/api/v1/requests?from=now-24h&model=ours").json
    (told_of,) = {(one["cost_usd"], one["priced"], one["cost_source"], one["cost_rates"]) for one in answer["rows"]}  # fmt: skip
    assert told_of == (2, True, f"set by editor on {day}, recomputed {day}", "uncached 2;cached 2;cache_write 2;visible 3;reasoning 3")  # fmt: skip


def test_the_receipt_and_the_audit_record_say_what_was_done(
    app: Flask, people: redis.Redis, web_store: EmbeddedStore  # noqa: F811
) -> None:  # fmt: skip
    client = given_costs(app, people, web_store.url)
    (one,) = orders(people, [RECOMPUTE])
    receipt = one.receipt
    assert (receipt["requests"], receipt["cost"], receipt["left"], receipt["expired"]) == (4, "8", 0, 0)
    assert receipt["first"] == receipt["last"]
    ((what, who, state, words),) = rows(arithmetic(client), "costs-ordered").values()
    assert (what, who, state) == ("Recompute ours", "editor", "done")
    assert words.startswith("4 requests got a cost, $8, of ")
    assert [(action, thing) for action, thing, _ in told(people)[-2:]] == [("price changed", "ours"), ("costs recomputed", "ours")]  # fmt: skip


def test_budgets_count_what_was_recomputed(
    app: Flask, people: redis.Redis, web_store: EmbeddedStore, tmp_path: Path  # noqa: F811
) -> None:  # fmt: skip
    given_costs(app, people, web_store.url)
    log = open_log(settings_for(web_store.url, tmp_path / "reader"))
    log.mirror.sync()
    (budget,) = standings(log, [Budget("model", "ours", "10", "days", 2, "2026-01-01")], datetime.now(UTC), UTC)  # fmt: skip
    assert budget.spent == 8


def test_the_difference_to_the_gateways_counters_is_explained_by_what_was_recomputed(
    app: Flask, people: redis.Redis, web_store: EmbeddedStore  # noqa: F811
) -> None:  # fmt: skip
    """X15: a gateway that counted what it knew, and nothing else."""
    client = given_costs(app, people, web_store.url)
    day = (datetime.now(UTC) - timedelta(minutes=20)).date().isoformat()
    people.zadd("helix:spend:total", {day: 15.0})
    people.zadd("helix:spend:user:ada", {day: 10.0})
    test_costs.asked(people, web_store.url)
    found = spending(client)
    line = rows(found, "costs-days")[day]
    assert line[:3] == ["$15.00", "$23.00", "−$8.00"]
    assert line[3] == "$8 of the log was computed here afterwards, which the gateway did not count."
    assert "$8 of the log" in rows(found, "costs-owners")["ada"][3]


def test_what_was_taken_back_is_unpriced_again(
    app: Flask, people: redis.Redis, web_store: EmbeddedStore  # noqa: F811
) -> None:  # fmt: skip
    client = given_costs(app, people, web_store.url)
    assert "4 kept requests of ours carry a cost that was computed here, $8 in all" in asked(client, "back").text  # fmt: skip
    assert ordered(client, back=True).status_code == 200
    done = carried_out(web_store.url, people)
    assert (done.kind, done.receipt["requests"], done.receipt["cost"]) == (TAKE_BACK, 4, "8")
    until(lambda: shown(client) == "15")
    assert raw(spending(client), "unpriced_requests") == "4"
    assert told(people)[-1][:2] == ("computed costs taken back", "ours")


def test_the_question_says_what_would_be_done(app: Flask, people: redis.Redis) -> None:  # noqa: F811
    client = visitor(app, "editor")
    nothing = asked(client).json["response"]
    assert nothing[recompute.SURE]["disabled"] is True
    set_price(people, Price("ours", "2026-01-01", uncached="2"))
    answer = asked(client, model="")
    assert "4 kept requests of all models would cost $8." in answer.text
    assert "budgets" in answer.text
    assert answer.json["response"][recompute.SURE]["disabled"] is False


def test_progress_is_told_until_the_end(app: Flask, people: redis.Redis, web_store: EmbeddedStore) -> None:  # noqa: F811
    client = visitor(app, "editor")
    price(client)
    identity = ordered(client).json["response"][recompute.ORDER]["data"]
    watch = {f"{recompute.POLL}.n_intervals": 1, f"{recompute.ORDER}.data": identity}
    output = f"{recompute.CHANGES}.data"
    assert "Waits for the collector" in called(client, output, watch).text
    Performer(people, recompute_orders(web_store.url, 1), LASTING).step()
    assert "Waits for the log's fold" in called(client, output, watch).text
    carried_out(web_store.url, people)
    assert "4 requests got a cost, $8" in called(client, output, watch).text


@pytest.mark.parametrize("role", ["viewer", "analyst"])
def test_a_call_made_by_hand_recomputes_nothing_and_is_on_record(
    app: Flask, people: redis.Redis, role: str  # noqa: F811
) -> None:  # fmt: skip
    """403, and the audit record has the refusal."""
    set_price(people, Price("ours", "2026-01-01", uncached="2"))
    client = visitor(app, role)
    watch = called(client, f"{recompute.CHANGES}.data", {f"{recompute.POLL}.n_intervals": 1})
    answers = [asked(client), asked(client, "back"), ordered(client), ordered(client, back=True), watch]
    assert [one.status_code for one in answers] == [403] * 5
    assert orders(people, LASTING) == []
    assert [(action, result) for action, _, result in told(people)[-5:]] == [("refused", "refused")] * 5


def test_an_editor_of_one_organization_recomputes_only_its_own(
    app: Flask, people: redis.Redis, web_store: EmbeddedStore  # noqa: F811
) -> None:  # fmt: skip
    create_user(people, "acme", PASSWORD, "editor", "acme")
    recorded(web_store.url, a_request(time=datetime.now(UTC) - timedelta(minutes=5), model="ours", organization="acme", cost_usd=None, priced=False, uncached_tokens=10**6, visible_tokens=0))  # fmt: skip
    people.delete(KEYS.lease)
    Fold(web_store.url, retention=Retention(90)).step()
    client, other = visitor(app, "acme"), visitor(app, "editor")
    assert shown(client, "unpriced_requests") == "1"
    price(client)
    ordered(client, model="")
    assert carried_out(web_store.url, people).receipt["requests"] == 1
    until(lambda: shown(client) == "2")
    assert shown(other, "unpriced_requests") == "4"
    ordered(other, back=True, model="")
    carried_out(web_store.url, people)
    assert len(rows(arithmetic(client), "costs-ordered")) == 1


@pytest.mark.parametrize("asked_for", [None, "x", {"back": 1, "model": "no such"}, {"model": "\x00"}])
def test_an_order_that_makes_no_sense_is_refused_in_words(
    app: Flask, people: redis.Redis, asked_for: Any  # noqa: F811
) -> None:  # fmt: skip
    client = visitor(app, "editor")
    answer = called(client, f"{recompute.ORDER}.data", {f"{recompute.SURE}.n_clicks": 1, f"{recompute.ASKED}.data": asked_for})  # fmt: skip
    assert answer.status_code in (200, 204)
    assert orders(people, LASTING) == []


def test_the_preview_is_what_the_job_does(
    app: Flask, people: redis.Redis, web_store: EmbeddedStore, tmp_path: Path  # noqa: F811
) -> None:  # fmt: skip
    """Prices of many owners and dates: the overlay and the log agree to the last digit."""
    now = datetime.now(UTC)
    for part, since in enumerate([now - timedelta(days=30), now - timedelta(days=1)]):
        for scope, name in (("all", ""), ("team", "search"), ("provider", "here")):
            set_price(people, Price("mixed", since.date().isoformat(), uncached=f"{part + 1}.{len(scope)}", visible=None if scope == "team" else "7.000001", scope=scope, name=name))  # fmt: skip
    calls = [
        a_request(time=now - timedelta(hours=hours), model="mixed", cost_usd=None, priced=flag, team=team, provider=provider, cache=cache, uncached_tokens=17 + hours, visible_tokens=visible)
        for hours in range(1, 60, 7)
        for team in ("search", None)
        for provider in ("here", None)
        for flag, cache, visible in ((False, "miss", 3), (None, "exact", 0), (False, None, 0))
    ]  # fmt: skip
    recorded(web_store.url, *calls)
    people.delete(KEYS.lease)
    Fold(web_store.url, retention=Retention(90)).step()
    log = open_log(settings_for(web_store.url, tmp_path / "reader"))
    log.mirror.sync()
    ever = Filter(Period(now - timedelta(days=90), now))
    found = unpriced(log, EVERYTHING, ever, prices(people, EVERYTHING), UTC)
    ordered(visitor(app, "editor"), model="")
    receipt = carried_out(web_store.url, people).receipt
    assert receipt["requests"] == sum(one.ready for one in found)
    assert Decimal(receipt["cost"]) == sum(one.ready_cost for one in found)
    assert receipt["left"] == sum(one.requests for one in found) - receipt["requests"]
    log.mirror.sync()
    assert computed(log, EVERYTHING, ever) == (receipt["requests"], Decimal(receipt["cost"]))


def test_rules_are_in_the_order_in_which_prices_win() -> None:
    given = [
        Price("m", "2026-01-01", uncached="1"),
        Price("m", "2026-02-01", uncached="2"),
        Price("m", "2026-01-01", uncached="3", organization="acme"),
        Price("m", "2026-01-01", uncached="4", scope="key", name="k"),
        Price("other", "2026-01-01", uncached="5"),
    ]
    found = rules(PriceTable(tuple(given)), {"m"}, UTC)
    assert [one["rates"]["uncached"] for one in found] == ["4", "3", "2", "1"]
    assert found[2]["begins"] == 1_769_904_000_000_000  # 2026-02-01 00:00 UTC


def test_an_order_carries_no_more_prices_than_the_book_can_hold() -> None:
    many = tuple(Price(f"m{n}", "2026-01-01", uncached="1") for n in range(500))
    with pytest.raises(BadQuery, match="one model after the other"):
        rules(PriceTable(many), {one.model for one in many}, UTC)


def test_a_later_order_is_not_undone_by_an_earlier_one_that_comes_back(
    app: Flask, people: redis.Redis, web_store: EmbeddedStore  # noqa: F811
) -> None:  # fmt: skip
    """A watcher died with its order; another one was carried out before the first was found again."""
    client = given_costs(app, people, web_store.url)
    (first,) = orders(people, [RECOMPUTE])
    ordered(client, back=True)
    carried_out(web_store.url, people)
    book.again(people, Order(first.id, first.kind, first.what, first.by, first.asked, state="working"))
    performer = Performer(people, recompute_orders(web_store.url, 1), LASTING)
    while performer.step():
        pass
    found = find(people, first.id)
    assert found is not None
    assert (found.state, "later order" in found.said) == ("failed", True)
    Fold(web_store.url, retention=Retention(90)).step()
    assert shown(client) == "15"


def test_an_order_waits_for_the_one_before_it(
    app: Flask, people: redis.Redis, web_store: EmbeddedStore  # noqa: F811
) -> None:  # fmt: skip
    client = visitor(app, "editor")
    price(client)
    ordered(client)
    ordered(client, back=True)
    performer = Performer(people, recompute_orders(web_store.url, 1), LASTING)
    for _ in range(4):
        performer.step()
    assert {one.kind: one.said for one in orders(people, LASTING)} == {RECOMPUTE: "Waits for the log's fold", TAKE_BACK: "Waits for the recomputation before it"}  # fmt: skip
    carried_out(web_store.url, people)
    until(lambda: shown(client, "unpriced_requests") == "4")


def test_a_scope_sees_only_its_own_costs(
    app: Flask, web_store: EmbeddedStore, people: redis.Redis, tmp_path: Path  # noqa: F811
) -> None:  # fmt: skip
    given_costs(app, people, web_store.url)
    log = open_log(settings_for(web_store.url, tmp_path / "reader"))
    log.mirror.sync()
    now = datetime.now(UTC)
    ever = Filter(Period(now - timedelta(days=2), now))
    assert computed(log, Scope("acme"), ever) == (0, 0)
    assert computed(log, EVERYTHING, ever) == (4, 8)
