"""Sessions: what a cookie is worth, and for how long."""

from __future__ import annotations

import time
from typing import Any

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer

from helix_dash.auth import session as sessions
from helix_dash.auth.session import check_secret_key
from helix_dash.auth.users import USERS, create_user, disable_user
from helix_dash.embedded import EmbeddedStore
from helix_dash.errors import SettingError
from webapp import PASSWORD, build, settings_for, show_call, sign_in

COOKIE = "helix_session"


def copied(app: Flask, client: FlaskClient) -> FlaskClient:
    """A client with a copy of ``client``'s cookie."""
    cookie = client.get_cookie(COOKIE)
    assert cookie is not None
    thief = app.test_client()
    thief.set_cookie(COOKIE, cookie.value)
    return thief


def reads(client: FlaskClient) -> bool:
    return show_call(client).status_code == 200


@pytest.fixture
def viewer(client: FlaskClient, people: redis.Redis) -> FlaskClient:
    """A client that is signed in as a viewer."""
    assert sign_in(client, "viewer").status_code == 303
    return client


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Moves the sessions' clock."""
    moved = [0.0]
    monkeypatch.setattr(sessions, "_now", lambda: int(time.time() + moved[0]))

    def move(seconds: float) -> None:
        moved[0] += seconds

    return move


def test_a_cookie_cannot_be_read_by_scripts_nor_sent_by_other_sites(
    client: FlaskClient, people: redis.Redis
) -> None:
    """T36."""
    flags = sign_in(client, "viewer").headers["Set-Cookie"]
    assert "HttpOnly" in flags
    assert "SameSite=Lax" in flags


def test_behind_https_the_cookie_is_secure(
    web_store: EmbeddedStore, people: redis.Redis, tmp_path: Any
) -> None:
    """T36."""
    app = build(settings_for(web_store.url, tmp_path, BASE_URL="https://helix.example.com"))
    answer = sign_in(app.test_client(), "viewer")
    assert "Secure" in answer.headers["Set-Cookie"]
    assert "Strict-Transport-Security" in answer.headers


def test_a_sign_in_makes_a_new_session_id(client: FlaskClient, people: redis.Redis) -> None:
    """T26: what was there before the sign-in is worth nothing after it."""
    sign_in(client, "viewer")
    first = client.get_cookie(COOKIE)
    client.get("/logout")
    sign_in(client, "viewer")
    second = client.get_cookie(COOKIE)
    assert first is not None
    assert second is not None
    assert first.value != second.value


def test_a_copied_cookie_is_worth_nothing_after_the_sign_out(app: Flask, viewer: FlaskClient) -> None:
    """T27."""
    thief = copied(app, viewer)
    assert reads(thief)
    viewer.get("/logout")
    assert show_call(thief).status_code == 401


def test_a_sign_out_is_known_to_other_workers_at_once(app: Flask, viewer: FlaskClient, settings: Any) -> None:
    """T27."""
    other_worker = build(settings)
    thief = copied(other_worker, viewer)
    assert reads(thief)
    viewer.get("/logout")
    assert show_call(thief).status_code == 401


def test_signing_out_here_leaves_other_sessions_alone(app: Flask, viewer: FlaskClient) -> None:
    elsewhere = app.test_client()
    sign_in(elsewhere, "viewer")
    viewer.get("/logout")
    assert reads(elsewhere)


def test_a_new_password_ends_sessions(viewer: FlaskClient, people: redis.Redis) -> None:
    """T27."""
    create_user(people, "viewer", "another long password", "viewer", reset=True)
    assert show_call(viewer).status_code == 401


def test_another_role_ends_sessions(viewer: FlaskClient, people: redis.Redis) -> None:
    """T27."""
    create_user(people, "viewer", PASSWORD, "admin", reset=True)
    assert show_call(viewer).status_code == 401


def test_a_disabled_accounts_sessions_end(viewer: FlaskClient, people: redis.Redis) -> None:
    disable_user(people, "viewer")
    assert show_call(viewer).status_code == 401


def test_a_deleted_accounts_sessions_end(viewer: FlaskClient, people: redis.Redis) -> None:
    people.hdel(USERS, "viewer")
    assert show_call(viewer).status_code == 401


def test_a_store_restarted_empty_ends_sessions(viewer: FlaskClient, people: redis.Redis) -> None:
    """Fault 11."""
    people.flushall()
    assert show_call(viewer).status_code == 401


@pytest.mark.parametrize("where", [0, 5, 40, -30, -2])
def test_a_changed_cookie_is_nobodys(app: Flask, viewer: FlaskClient, where: int) -> None:
    """T28."""
    cookie = viewer.get_cookie(COOKIE)
    assert cookie is not None
    letters = list(cookie.value)
    letters[where] = "A" if letters[where] != "A" else "B"
    thief = app.test_client()
    thief.set_cookie(COOKIE, "".join(letters))
    assert show_call(thief).status_code == 401


@pytest.mark.parametrize(
    "content",
    [
        {"helix_dash:/": {"name": "viewer", "role": "admin"}},
        {"helix_dash:/": []},
        {"helix_dash:/": None},
        {"_user_id": "admin"},
        {},
    ],
)
def test_a_signed_cookie_of_another_shape_is_nobodys(
    app: Flask, client: FlaskClient, people: redis.Redis, content: Any
) -> None:
    with client.session_transaction() as session:
        session.update(content)
    assert show_call(client).status_code == 401


def test_a_cookie_signed_with_another_key_is_nobodys(
    app: Flask, people: redis.Redis, client: FlaskClient
) -> None:
    """T28."""
    forged = URLSafeTimedSerializer("another key", salt="cookie-session").dumps({"helix_dash:/": {}})
    client.set_cookie(COOKIE, str(forged))
    assert show_call(client).status_code == 401


def test_the_role_is_the_stores_and_not_the_cookies_alone(client: FlaskClient, people: redis.Redis) -> None:
    """T28: a role in a cookie counts only together with the epoch it was given with."""
    sign_in(client, "viewer")
    with client.session_transaction() as session:
        session["helix_dash:/"] = {**session["helix_dash:/"], "role": "admin", "epoch": "0"}
    assert client.get("/secret").status_code == 302


def test_half_an_hour_without_a_request_ends_a_session(viewer: FlaskClient, clock: Any) -> None:
    """T28."""
    clock(sessions.IDLE + 1)
    assert show_call(viewer).status_code == 401


def test_a_page_that_stays_open_keeps_its_session(viewer: FlaskClient, clock: Any) -> None:
    for _ in range(4):
        clock(sessions.IDLE / 2)
        assert reads(viewer)


def test_half_a_day_ends_a_session_in_any_case(viewer: FlaskClient, clock: Any) -> None:
    """T28."""
    for _ in range(25):
        clock(sessions.LIFETIME / 24)
        answer = show_call(viewer)
    assert answer.status_code == 401


def test_without_the_store_reading_goes_on_for_a_while(
    viewer: FlaskClient, web_store: EmbeddedStore, clock: Any
) -> None:
    """Fault 33: the last confirmed state serves; then the answer is 503, never 401."""
    web_store.stop()
    clock(sessions.GRACE - 60)
    assert reads(viewer)
    clock(120)
    answer = show_call(viewer)
    assert answer.status_code == 503
    assert answer.json["error"]["code"] == "store_unavailable"
    assert viewer.get("/").status_code == 503


def test_after_an_outage_the_session_goes_on(
    viewer: FlaskClient, web_store: EmbeddedStore, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fault 33."""
    web_store.stop()
    assert reads(viewer)
    clock(sessions.GRACE + 1)
    web_store.start()
    monkeypatch.setattr(sessions, "_PAUSE", 0)
    assert reads(viewer)


def test_a_store_that_failed_is_not_asked_again_by_every_request(
    viewer: FlaskClient, web_store: EmbeddedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fault 02: else every request would wait for the time-outs."""
    web_store.stop()
    reads(viewer)
    monkeypatch.setattr(redis.client.Pipeline, "execute", lambda *_: pytest.fail("the store was asked"))
    monkeypatch.setattr(sessions, "_PAUSE", 3600)
    assert reads(viewer)


def test_without_the_store_a_sign_out_says_that_copies_may_live(
    viewer: FlaskClient, web_store: EmbeddedStore
) -> None:
    web_store.stop()
    assert viewer.get("/logout").status_code == 503
    assert show_call(viewer).status_code == 401


@pytest.mark.parametrize(
    "key", ["", "short", "a" * 64, "changeme" * 8, "SECRET-0123456789abcdefghijklmnopqrst", "abababab" * 8]
)
def test_a_missing_or_weak_key_stops_the_start(key: str) -> None:
    """T21."""
    with pytest.raises(SettingError, match="SECRET_KEY"):
        check_secret_key(key)


def test_the_refusal_of_a_key_says_how_to_make_one_and_not_the_key() -> None:
    with pytest.raises(SettingError, match="token_urlsafe") as refusal:
        check_secret_key("changeme-9f8e7d6c5b4a")
    assert "changeme" not in str(refusal.value)
