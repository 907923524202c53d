"""The door: what passes, what is refused, and how a refusal reads."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient

from helix_dash.auth.guard import MAX_BODY
from helix_dash.embedded import EmbeddedStore
from helix_dash.errors import SettingError
from helix_dash.settings import Settings
from webapp import build, settings_for, show_call, sign_in


@pytest.fixture
def viewer(client: FlaskClient, people: redis.Redis) -> FlaskClient:
    sign_in(client, "viewer")
    return client


def test_a_page_sends_the_anonymous_to_the_sign_in(client: FlaskClient, store: redis.Redis) -> None:
    answer = client.get("/secret?model=gpt-4o")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/login?next=/secret%3Fmodel%3Dgpt-4o")


@pytest.mark.parametrize(
    "path", ["/api/v1/summary", "/api/v1/requests", "/_dash-layout", "/_dash-dependencies", "/exports/x.csv"]
)
def test_data_is_refused_to_the_anonymous_as_json(client: FlaskClient, store: redis.Redis, path: str) -> None:
    """T02."""
    answer = client.get(path)
    assert answer.status_code == 401
    assert answer.json == {"error": {"code": "not_signed_in", "message": "Please sign in."}}


@pytest.mark.parametrize(
    "path", ["/nowhere", "/secret/", "/requests/../secret", "/a/b/c", "/_mcp", "/..%2fsecret"]
)
def test_an_unknown_path_is_404_and_not_the_page_dash_gives_for_everything(
    viewer: FlaskClient, path: str
) -> None:
    answer = viewer.get(path)
    assert answer.status_code == 404
    assert "_dash-config" not in answer.text


def test_a_page_outside_ones_role_is_403_in_words(viewer: FlaskClient) -> None:
    answer = viewer.get("/secret")
    assert answer.status_code == 403
    assert "Your role does not include this page" in answer.text


def test_an_unknown_api_path_is_404_as_json(viewer: FlaskClient) -> None:
    assert viewer.get("/api/v2/summary").json["error"]["code"] == "not_found"


def test_a_method_that_does_not_exist_is_405_as_json(viewer: FlaskClient) -> None:
    answer = viewer.post("/api/v1/summary")
    assert (answer.status_code, answer.json["error"]["code"]) == (405, "method_not_allowed")


@pytest.mark.parametrize(
    "path",
    [
        "/_dash-component-suites/os/x.js",
        "/_dash-component-suites/dash/..%2f..%2fsetup.py",
        "/assets/../app.py",
    ],
)
def test_a_file_that_is_not_ours_is_404_without_a_stack(client: FlaskClient, path: str) -> None:
    """T16."""
    answer = client.get(path)
    assert answer.status_code == 404
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:9999"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://localhost.evil.example"},
    ],
)
def test_a_post_from_another_site_is_refused(viewer: FlaskClient, headers: dict[str, str]) -> None:
    """T18."""
    answer = viewer.post("/_dash-update-component", json={}, headers=headers)
    assert (answer.status_code, answer.json["error"]["code"]) == (403, "cross_site")


def test_a_sign_in_from_another_site_is_refused(client: FlaskClient, people: redis.Redis) -> None:
    """T18."""
    answer = client.post("/login", data={"username": "viewer"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


@pytest.mark.parametrize("headers", [{"Origin": "http://localhost"}, {"Sec-Fetch-Site": "same-origin"}, {}])
def test_a_post_from_our_own_page_passes(viewer: FlaskClient, headers: dict[str, str]) -> None:
    answer = viewer.post("/logout", headers=headers)
    assert answer.status_code == 302


def test_behind_a_proxy_the_address_people_use_is_our_own(
    web_store: EmbeddedStore, people: redis.Redis, tmp_path: Any
) -> None:
    app = build(settings_for(web_store.url, tmp_path, BASE_URL="https://helix.example.com/x"))
    answer = app.test_client().post("/logout", headers={"Origin": "https://helix.example.com"})
    assert answer.status_code == 302


def test_a_body_of_more_than_a_mebibyte_is_413(viewer: FlaskClient) -> None:
    """T09."""
    answer = viewer.post("/_dash-update-component", json={"output": "x" * MAX_BODY})
    assert answer.status_code == 413


@pytest.mark.parametrize("path", ["/", "/login", "/nowhere", "/healthz", "/assets/tokens.css"])
def test_every_answer_carries_the_security_headers(viewer: FlaskClient, path: str) -> None:
    """T19, T68."""
    with viewer.get(path) as answer:
        headers = answer.headers
    assert "frame-ancestors 'self'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


def test_scripts_are_allowed_by_origin_or_hash_only(viewer: FlaskClient) -> None:
    """T41."""
    policy = viewer.get("/").headers["Content-Security-Policy"]
    scripts = next(part for part in policy.split("; ") if part.startswith("script-src"))
    assert "'sha256-" in scripts
    assert "unsafe" not in scripts


@pytest.mark.parametrize("path", ["/", "/login", "/_dash-layout", "/api/v1/nothing"])
def test_nothing_that_depends_on_the_asker_is_kept_by_caches(viewer: FlaskClient, path: str) -> None:
    assert viewer.get(path).headers["Cache-Control"] == "no-store"


def test_static_files_may_be_kept(client: FlaskClient) -> None:
    with client.get("/assets/tokens.css") as answer:
        assert "no-store" not in answer.headers.get("Cache-Control", "")


@pytest.mark.parametrize("path", ["/HELIX", "/helix2/", "/"])
def test_a_prefixed_app_answers_below_its_prefix_only(
    web_store: EmbeddedStore, people: redis.Redis, tmp_path: Any, path: str
) -> None:
    app = build(settings_for(web_store.url, tmp_path, URL_PREFIX="/helix"))
    assert app.test_client().get(path).status_code == 404


def test_a_prefixed_app_stays_below_its_prefix(
    web_store: EmbeddedStore, people: redis.Redis, tmp_path: Any
) -> None:
    client = build(settings_for(web_store.url, tmp_path, URL_PREFIX="/helix")).test_client()
    assert client.get("/helix/secret").headers["Location"] == "/helix/login?next=/helix/secret"
    assert sign_in(client, "viewer", prefix="/helix/").headers["Location"] == "/helix/"
    assert client.get("/helix/").status_code == 200
    assert show_call(client, prefix="/helix/").status_code == 200


def test_current_user_of_flask_login_is_the_asker(app: Flask, people: redis.Redis) -> None:
    from flask_login import current_user

    names: list[str] = []

    @app.after_request
    def note(response: Any) -> Any:
        names.append(getattr(current_user, "name", "nobody"))
        return response

    client = app.test_client()
    sign_in(client, "viewer")
    client.get("/")
    assert names[-1] == "viewer"


def test_no_variable_of_the_environment_opens_a_debugger(
    web_store: EmbeddedStore, people: redis.Redis, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T20."""
    for name in ("FLASK_DEBUG", "DASH_DEBUG", "DASH_UI", "DASH_MCP_ENABLED"):
        monkeypatch.setenv(name, "1")
    app = build(settings_for(web_store.url, tmp_path))
    assert not app.debug
    client = app.test_client()
    sign_in(client, "admin")
    assert client.get("/_mcp").status_code == 404


@pytest.mark.parametrize("name", ["exports", "background"])
def test_what_the_app_writes_is_nobody_elses_to_read(app: Flask, settings: Settings, name: str) -> None:
    """T66: background results are pickles, so nobody else may write there either."""
    assert stat.S_IMODE((settings.data_dir / name).stat().st_mode) == 0o700


def test_a_data_folder_that_cannot_be_used_stops_the_start(web_store: EmbeddedStore, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where a folder should be")
    with pytest.raises(SettingError, match="DATA_DIR"):
        build(settings_for(web_store.url, tmp_path))


@pytest.mark.parametrize(
    "path", ["/assets/", "/_dash-component-suites/", "/_dash-component-suites/dash", "/_favicon.ico/x"]
)
def test_an_address_below_the_static_files_that_is_none_is_no_page(
    client: FlaskClient, people: redis.Redis, path: str
) -> None:
    """T02, T17: Dash's catch-all would answer it with its page, and its versions, to anybody."""
    assert client.get(path).status_code in (302, 401)
    sign_in(client, "viewer")
    assert client.get(path).status_code == 404
