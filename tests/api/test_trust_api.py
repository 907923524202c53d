"""``/api/v1/trust``: what the trust bar shows, for the page's own address."""

from __future__ import annotations

from typing import Any

import pytest
import redis
from flask.testing import FlaskClient
from handmade_log import HandmadeLog

from helix_dash.metrics import pace
from helix_dash.metrics.trust import RULES
from webapp import ROLES, build, sign_in

PATH = "/api/v1/trust"


@pytest.fixture
def log() -> HandmadeLog:
    return HandmadeLog(count=10)


@pytest.fixture
def viewer(settings: Any, log: HandmadeLog, people: redis.Redis) -> FlaskClient:
    client = build(settings, log).test_client()
    sign_in(client, ROLES[0])
    return client


def test_every_signal_is_there_and_the_zone(viewer: FlaskClient) -> None:
    """X1."""
    keys = [signal["key"] for signal in viewer.get(PATH).json["signals"]]
    assert keys == [*(rule.key for rule in RULES), "zone"]


def test_shares_are_of_the_requests_in_view(viewer: FlaskClient) -> None:
    by_key = {signal["key"]: signal for signal in viewer.get(PATH + "?from=now-1h").json["signals"]}
    assert (by_key["unpriced"]["value"], by_key["unpriced"]["tone"]) == (0.1, "warn")
    assert by_key["simulated"]["value"] == 0


def test_a_page_may_ask_with_its_own_address(viewer: FlaskClient) -> None:
    address = "?from=now-1h&model=gpt-4o&refresh=5&theme=dark&request=p-1&zone=Asia/Tokyo"
    answer = viewer.get(PATH + address)
    assert (answer.status_code, answer.json["zone"]) == (200, "Asia/Tokyo")


@pytest.mark.parametrize("address", ["?colour=red", "?from=yesterday", "?zone=Mars"])
def test_an_address_that_cannot_be_read_leaves_the_shares_unknown(viewer: FlaskClient, address: str) -> None:
    answer = viewer.get(PATH + address)
    assert answer.status_code == 200
    assert {signal["key"]: signal["value"] for signal in answer.json["signals"]}["unpriced"] is None


def test_it_answers_while_the_store_is_away(viewer: FlaskClient, log: HandmadeLog) -> None:
    log.store_ok = False
    answer = viewer.get(PATH)
    assert (answer.status_code, answer.json["tone"]) == (200, "bad")
    assert answer.json["stale"]


def test_a_worker_that_is_busy_asks_pages_to_wait_and_says_why(
    viewer: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """X8: what the door measures reaches the bar, and goes back when it is well."""

    def told() -> tuple[Any, str, str]:
        found = next(one for one in viewer.get(PATH).json["signals"] if one["key"] == "pace")
        return found["value"], found["tone"], found["note"]

    assert told() == (1, "good", "")
    monkeypatch.setattr(pace, "WINDOW", 0.0)
    monkeypatch.setattr(pace, "ENOUGH", 10**9)
    monkeypatch.setattr(pace, "SHARE", 0.0)
    value, tone, why = told()
    assert (value, tone) == (2, "info")
    assert "busy" in why
    assert told()[0] == 4
    monkeypatch.setattr(pace, "SHARE", 1e9)
    assert [told()[0] for _ in range(3)] == [2, 1, 1]


def test_nobody_asks_without_a_sign_in(settings: Any, log: HandmadeLog) -> None:
    assert build(settings, log).test_client().get(PATH).status_code == 401
