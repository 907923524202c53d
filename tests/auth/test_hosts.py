"""TRUSTED_HOSTS, PROXY_HOPS, FRAME_ANCESTORS, SECRET_KEY_FALLBACKS: each does what it says."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
import redis
from flask import Flask

from helix_dash.auth.hosts import hosts_of
from helix_dash.auth.throttle import PER_ACCOUNT_AND_ADDRESS
from helix_dash.embedded import EmbeddedStore
from helix_dash.errors import SettingError
from helix_dash.settings import load
from webapp import PASSWORD, SECRET_KEY, build, settings_for, show_call, sign_in

OLD_KEY = "0ld-Kq8s-9dfLmq2Pz7wXv4Bn6Tr1Yc5Gh3Ea"


def served(host: str, **environ: str) -> bool:
    return hosts_of(load(environ), embedded=False).serve(host)


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8050", "127.0.0.1:8050", "[::1]:8050", "LOCALHOST", "localhost."]
)
def test_loopback_always_works(host: str) -> None:
    assert served(host)
    assert served(host, HOST="0.0.0.0", BASE_URL="https://helix.example.com", TRUSTED_HOSTS="a.example")


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "192.0.2.7",
        "",
        "[",
        "a b",
        "user@",
    ],
)
def test_another_name_does_not(host: str) -> None:
    """T30."""
    assert not served(host)


def test_the_address_it_listens_on_works() -> None:
    assert served("192.0.2.7:8050", HOST="192.0.2.7")
    assert not served("192.0.2.8:8050", HOST="192.0.2.7")


def test_the_host_of_base_url_works() -> None:
    assert served("helix.example.com", BASE_URL="https://helix.example.com/x")
    assert served("helix.example.com:8443", BASE_URL="https://helix.example.com:8443")


def test_a_server_on_all_addresses_answers_to_them_and_to_the_machines_name() -> None:
    assert served("192.0.2.7:8050", HOST="0.0.0.0")
    assert served("[2001:db8::1]:8050", HOST="::")
    assert served(socket.gethostname(), HOST="0.0.0.0")
    assert not served("evil.example", HOST="0.0.0.0")


def test_a_server_that_was_told_its_name_answers_to_no_bare_address() -> None:
    assert not served("192.0.2.7", HOST="0.0.0.0", BASE_URL="https://helix.example.com")


@pytest.mark.parametrize(
    ("given", "host", "fits"),
    [
        ("a.example,b.example", "b.example:99", True),
        ("a.example", "x.a.example", False),
        (".a.example", "x.a.example", True),
        ("*.a.example", "x.a.example", True),
        (".a.example", "xa.example", False),
        ("[2001:db8::1]", "[2001:db8::1]:8050", True),
        ("*", "anything.example", True),
    ],
)
def test_trusted_hosts_adds_names(given: str, host: str, fits: bool) -> None:
    assert served(host, TRUSTED_HOSTS=given) is fits


@pytest.mark.parametrize(
    "value", ["https://a.example", "a.example:80", "a b", "a/b", "a.example;", "a..b", "'"]
)
def test_a_host_name_that_is_none_stops_the_start(value: str) -> None:
    with pytest.raises(SettingError, match="TRUSTED_HOSTS"):
        load({"TRUSTED_HOSTS": value})


def test_an_embedded_app_leaves_it_to_its_host_unless_told() -> None:
    assert hosts_of(load({}), embedded=True).serve("anything.example")
    assert not hosts_of(load({"TRUSTED_HOSTS": "a.example"}), embedded=True).serve("anything.example")


@pytest.mark.parametrize("path", ["/", "/login", "/api/v1/summary", "/_dash-layout", "/assets/tokens.css"])
def test_a_request_for_an_unknown_host_is_400(app: Flask, store: redis.Redis, path: str) -> None:
    """T30."""
    answer = app.test_client().get(path, headers={"Host": "evil.example"})
    assert (answer.status_code, answer.json["error"]["code"]) == (400, "unknown_host")
    assert "evil" not in answer.text


@pytest.mark.parametrize("host", ["", "a b", "evil.example/x", "\x7f", "[::1", "x" * 5000])
def test_a_host_that_is_no_name_is_400(app: Flask, store: redis.Redis, host: str) -> None:
    assert app.test_client().get("/", environ_overrides={"HTTP_HOST": host}).status_code == 400


def test_a_probe_may_ask_by_any_address(app: Flask, store: redis.Redis) -> None:
    assert app.test_client().get("/healthz", headers={"Host": "10.1.2.3:8050"}).status_code == 200


def test_a_trusted_host_is_served(web_store: EmbeddedStore, people: redis.Redis, tmp_path: Path) -> None:
    app = build(settings_for(web_store.url, tmp_path, TRUSTED_HOSTS="helix.internal"))
    assert app.test_client().get("/login", headers={"Host": "helix.internal"}).status_code == 200


# --- PROXY_HOPS ---------------------------------------------------------------------------------------------


def failed_from(app: Flask, forwarded: str) -> int:
    answer = app.test_client().post(
        "/login",
        data={"username": "viewer", "password": "wrong password!"},
        headers={"X-Forwarded-For": forwarded},
    )
    return answer.status_code


def test_behind_one_proxy_its_word_about_the_address_counts(
    web_store: EmbeddedStore, people: redis.Redis, tmp_path: Path
) -> None:
    """T23: what the client itself wrote stands to the left of it, and is not believed."""
    app = build(settings_for(web_store.url, tmp_path, PROXY_HOPS="1"))
    for turn in range(PER_ACCOUNT_AND_ADDRESS.attempts):
        assert failed_from(app, f"10.0.0.{turn}, 192.0.2.1") == 401
    assert failed_from(app, "10.0.0.99, 192.0.2.1") == 429
    assert failed_from(app, "192.0.2.2") == 401


def test_behind_a_proxy_the_host_and_scheme_it_names_count(
    web_store: EmbeddedStore, people: redis.Redis, tmp_path: Path
) -> None:
    app = build(settings_for(web_store.url, tmp_path, PROXY_HOPS="1", TRUSTED_HOSTS="helix.example.com"))
    said = {"Host": "upstream", "X-Forwarded-Host": "helix.example.com", "X-Forwarded-Proto": "https"}
    assert app.test_client().get("/login", headers=said).status_code == 200
    evil = said | {"X-Forwarded-Host": "evil.example"}
    assert app.test_client().get("/login", headers=evil).status_code == 400


def test_without_a_proxy_such_headers_say_nothing(app: Flask, store: redis.Redis) -> None:
    said = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
    assert app.test_client().get("/login", headers=said).status_code == 200


# --- FRAME_ANCESTORS ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "policy"),
    [
        ("", "'self'"),
        ("none", "'none'"),
        ("'self' https://portal.example.com", "'self' https://portal.example.com"),
        ("self,https://*.example.com:8443", "'self' https://*.example.com:8443"),
    ],
)
def test_who_may_frame_the_pages_is_told_to_browsers(
    web_store: EmbeddedStore, people: redis.Redis, tmp_path: Path, given: str, policy: str
) -> None:
    """T19."""
    app = build(settings_for(web_store.url, tmp_path, FRAME_ANCESTORS=given))
    told = app.test_client().get("/login").headers["Content-Security-Policy"]
    assert told.endswith(f"frame-ancestors {policy}")


@pytest.mark.parametrize(
    "value", ["self; script-src *", "javascript:", "none self", "https://a/b", "a\nb c;"]
)
def test_what_is_no_origin_stops_the_start(value: str) -> None:
    """T19, T41: nothing in it may begin another directive."""
    with pytest.raises(SettingError, match="FRAME_ANCESTORS"):
        load({"FRAME_ANCESTORS": value})


# --- SECRET_KEY_FALLBACKS -----------------------------------------------------------------------------------


def moved(cookie: Any, app: Flask) -> Any:
    client = app.test_client()
    client.set_cookie(cookie.key, cookie.value)
    return client


def test_a_session_of_the_old_key_goes_on_while_that_is_a_fallback(
    web_store: EmbeddedStore, people: redis.Redis, tmp_path: Path
) -> None:
    """T28."""
    old = build(settings_for(web_store.url, tmp_path, SECRET_KEY=OLD_KEY)).test_client()
    sign_in(old, "viewer")
    cookie = old.get_cookie("helix_session")
    rotated = build(settings_for(web_store.url, tmp_path, SECRET_KEY_FALLBACKS=OLD_KEY))
    assert show_call(moved(cookie, rotated)).status_code == 200
    forgotten = build(settings_for(web_store.url, tmp_path))
    assert show_call(moved(cookie, forgotten)).status_code == 401


def test_a_weak_fallback_stops_the_start(web_store: EmbeddedStore, tmp_path: Path) -> None:
    """T21: a key that still opens must be as good as the new one."""
    with pytest.raises(SettingError, match="SECRET_KEY"):
        build(settings_for(web_store.url, tmp_path, SECRET_KEY_FALLBACKS=f"{SECRET_KEY},changeme"))


# --- the cookie's name --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({"BASE_URL": "https://a.example"}, "__Host-helix_session"),
        ({"BASE_URL": "https://a.example", "URL_PREFIX": "/helix"}, "__Secure-helix_session"),
        ({}, "helix_session"),
    ],
)
def test_behind_https_the_cookie_is_bound_to_this_host(
    web_store: EmbeddedStore, people: redis.Redis, tmp_path: Path, environ: dict[str, str], name: str
) -> None:
    """T36."""
    app = build(settings_for(web_store.url, tmp_path, **environ))
    prefix = environ.get("URL_PREFIX", "") + "/"
    answer = app.test_client().post(
        f"{prefix}login",
        data={"username": "viewer", "password": PASSWORD},
        base_url="https://localhost" if environ else None,
    )
    assert answer.headers["Set-Cookie"].startswith(name + "=")
