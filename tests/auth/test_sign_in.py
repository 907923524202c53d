"""The sign-in page, the throttle, and where one lands."""

from __future__ import annotations

import re
import time
from statistics import median

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient

from helix_dash.auth import login, passwords
from helix_dash.auth.throttle import PER_ACCOUNT_AND_ADDRESS, PER_ADDRESS
from helix_dash.auth.users import create_user, disable_user
from helix_dash.embedded import EmbeddedStore
from webapp import PASSWORD, sign_in


def test_the_right_password_signs_in(client: FlaskClient, people: redis.Redis) -> None:
    answer = sign_in(client, "viewer")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert client.get("/").status_code == 200


def test_a_wrong_password_does_not(client: FlaskClient, people: redis.Redis) -> None:
    assert sign_in(client, "viewer", "wrong password!").status_code == 401
    assert client.get("/").status_code == 302


def test_a_wrong_name_and_a_wrong_password_read_the_same(client: FlaskClient, people: redis.Redis) -> None:
    """T24."""
    name, word = sign_in(client, "nobody", "x" * 20), sign_in(client, "viewer", "x" * 20)
    assert name.status_code == word.status_code
    assert name.text.replace("nobody", "viewer") == word.text


@pytest.mark.slow
def test_no_name_takes_more_work_than_another(app: Flask, people: redis.Redis) -> None:
    """T24: measured in processor time, which other programs of the machine do not add to."""
    for number in range(8):
        create_user(people, f"known-{number}", PASSWORD, "viewer", None)
    work: dict[str, list[float]] = {"known": [], "nobody": []}
    for turn in range(40):  # as many as the throttle lets through in a minute
        for kind, spent in work.items():
            begun = time.process_time()
            answer = app.test_client().post(
                "/login",
                data={"username": f"{kind}-{turn % 8}", "password": "not the password"},
                environ_overrides={"REMOTE_ADDR": f"10.0.{turn}.{len(kind)}"},
            )
            spent.append(time.process_time() - begun)
            assert answer.status_code == 401
    known, nobody = (median(spent[5:]) for spent in work.values())
    assert abs(known - nobody) < 0.2 * known
    assert known > 0.01  # a hash was computed at all


def test_a_disabled_account_cannot_sign_in(client: FlaskClient, people: redis.Redis) -> None:
    disable_user(people, "viewer")
    assert sign_in(client, "viewer").status_code == 401


@pytest.mark.parametrize(("name", "password"), [("", "x"), ("viewer", ""), ("", "")])
def test_an_incomplete_form_is_refused_in_words(
    client: FlaskClient, people: redis.Redis, name: str, password: str
) -> None:
    answer = sign_in(client, name, password)
    assert answer.status_code == 400
    assert "Please enter" in answer.text


def test_a_huge_password_is_refused_before_it_is_hashed(
    client: FlaskClient, people: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T25."""
    monkeypatch.setattr(passwords, "verified", lambda *_: pytest.fail("it was hashed"))
    assert sign_in(client, "viewer", "x" * 1025).status_code == 400


def test_the_password_is_never_written_back(client: FlaskClient, people: redis.Redis) -> None:
    assert "tell nobody this" not in sign_in(client, "viewer", "tell nobody this").text


def test_a_name_with_markup_is_shown_as_text(client: FlaskClient, people: redis.Redis) -> None:
    text = sign_in(client, '"><script>alert(1)</script>', "x" * 20).text
    assert "<script>alert" not in text


@pytest.mark.parametrize(
    ("name", "password"),
    [
        (name, word)
        for name in ("admin", "root", "helix", "demo")
        for word in ("admin", "password", "helix", "demo")
    ],
)
def test_no_default_account_exists(client: FlaskClient, store: redis.Redis, name: str, password: str) -> None:
    """T22."""
    assert sign_in(client, name, password).status_code in (401, 429)


def test_a_store_without_accounts_says_how_to_make_one(client: FlaskClient, store: redis.Redis) -> None:
    assert "helix-dash create-admin" in client.get("/login").text


def test_the_page_tells_no_version_and_loads_no_bundle(client: FlaskClient, store: redis.Redis) -> None:
    """T17."""
    text = client.get("/login").text
    assert not re.search(r"\d+\.\d+\.\d+|_dash-config|dash_renderer|plotly|Python", text)


def test_everything_the_page_loads_is_there_without_a_sign_in(
    client: FlaskClient, store: redis.Redis
) -> None:
    text = client.get("/login").text
    loaded = re.findall(r'(?:src|href)="(/[^"]+)"', text)
    assert loaded
    for address in loaded:
        with client.get(address) as answer:
            assert answer.status_code == 200, address


def test_the_page_obeys_its_own_content_policy(client: FlaskClient, store: redis.Redis) -> None:
    answer = client.get("/login")
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert not re.search(r"<script>|\son\w+=", answer.text)


def test_the_theme_of_the_settings_is_the_pages(client: FlaskClient, store: redis.Redis) -> None:
    assert 'data-look="auto"' in client.get("/login").text


def test_who_is_signed_in_already_goes_on(client: FlaskClient, people: redis.Redis) -> None:
    sign_in(client, "viewer")
    assert client.get("/login").headers["Location"] == "/"


def test_a_page_is_returned_to_after_the_sign_in(client: FlaskClient, people: redis.Redis) -> None:
    there = client.get("/secret?model=gpt-4o&from=now-1h").headers["Location"]
    answer = client.post(there, data={"username": "admin", "password": PASSWORD})
    assert answer.headers["Location"] == "/secret?model=gpt-4o&from=now-1h"


ELSEWHERE = [
    "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "/%09/evil.example", "/\t/evil.example",
    "https:evil.example", "https://evil.example", "http://evil.example/", "HTTPS://evil.example", "javascript:alert(1)",
    "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x", "//user@evil.example", "https://localhost@evil.example",
    "/\r\nSet-Cookie: a=b", "/%0d%0aSet-Cookie:a=b", "/login", "/logout", "/api/v1/summary", "/_dash-layout",
    "/exports/0.csv", "/nowhere", "/../secret", "/./secret", "/secret/../..//evil.example", "secret", "?x=1",
    "/secret/", "//", "/\\/evil", "/;//evil", "/%2f/evil", "/%5cevil", " //evil.example", "\u2028//evil", "/\x00",
    "http:///evil.example", "/" + "a" * 3000, "[::1]", "//[evil",
]  # fmt: skip


@pytest.mark.parametrize("wanted", ELSEWHERE)
def test_nobody_is_sent_anywhere_but_to_a_page_of_ours(
    client: FlaskClient, people: redis.Redis, wanted: str
) -> None:
    """T29."""
    answer = client.post("/login", data={"username": "admin", "password": PASSWORD, "next": wanted})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")


def test_too_many_failures_close_the_account_for_that_address(
    client: FlaskClient, people: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T23: the passwords after the limit are not even looked at."""
    looked_at: list[str] = []
    monkeypatch.setattr(login.passwords, "verified", lambda word, _: looked_at.append(word) or False)
    answers = [
        sign_in(client, "viewer", f"wrong password {n}") for n in range(PER_ACCOUNT_AND_ADDRESS.attempts + 3)
    ]
    assert [answer.status_code for answer in answers][-3:] == [429] * 3
    assert len(looked_at) == PER_ACCOUNT_AND_ADDRESS.attempts


def test_a_closed_account_says_when_to_try_again(client: FlaskClient, people: redis.Redis) -> None:
    for _ in range(PER_ACCOUNT_AND_ADDRESS.attempts):
        sign_in(client, "viewer", "wrong password!")
    answer = sign_in(client, "viewer")
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= PER_ACCOUNT_AND_ADDRESS.seconds


def test_a_header_about_the_address_is_not_believed(client: FlaskClient, people: redis.Redis) -> None:
    """T23."""
    for turn in range(PER_ACCOUNT_AND_ADDRESS.attempts):
        client.post(
            "/login",
            data={"username": "viewer", "password": "wrong password!"},
            headers={"X-Forwarded-For": f"10.0.0.{turn}"},
        )
    assert sign_in(client, "viewer").status_code == 429


def test_many_names_from_one_address_are_too_many(
    client: FlaskClient, people: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(login.passwords, "verified", lambda *_: False)
    answers = [
        sign_in(client, f"name{n}", "wrong password!").status_code for n in range(PER_ADDRESS.attempts + 1)
    ]
    assert answers[-1] == 429


def test_another_address_may_still_sign_in_to_a_closed_account(app: Flask, people: redis.Redis) -> None:
    """T23: the victim is not locked out."""
    for _ in range(PER_ACCOUNT_AND_ADDRESS.attempts + 1):
        sign_in(app.test_client(), "viewer", "wrong password!")
    answer = app.test_client().post(
        "/login",
        data={"username": "viewer", "password": PASSWORD},
        environ_overrides={"REMOTE_ADDR": "192.0.2.9"},
    )
    assert answer.status_code == 303


def test_who_succeeds_is_not_counted(app: Flask, people: redis.Redis) -> None:
    answers = {
        sign_in(app.test_client(), "viewer").status_code for _ in range(PER_ACCOUNT_AND_ADDRESS.attempts + 2)
    }
    assert answers == {303}


def test_every_counter_of_the_throttle_expires(client: FlaskClient, people: redis.Redis) -> None:
    sign_in(client, "viewer")
    sign_in(client, "viewer", "wrong password!")
    counters = list(people.scan_iter("helixdash:{app}:sign-in:*"))
    assert len(counters) == 3
    assert all(people.ttl(counter) > 0 for counter in counters)


def test_without_the_store_the_page_says_so(
    client: FlaskClient, people: redis.Redis, web_store: EmbeddedStore
) -> None:
    """Fault 01: a refusal in words, never a 500, and never "wrong password"."""
    web_store.stop()
    for answer in (client.get("/login"), sign_in(client, "viewer")):
        assert answer.status_code == 503
        assert "The store does not answer" in answer.text


def test_the_name_may_stand_between_spaces(client: FlaskClient, store: redis.Redis) -> None:
    create_user(store, "alice", PASSWORD, "viewer")
    assert sign_in(client, " alice ").status_code == 303
