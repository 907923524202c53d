"""The web app inside somebody's Flask server."""

from __future__ import annotations

from typing import Any

import pytest
import redis
from flask import Flask, session
from flask.testing import FlaskClient
from flask_login import LoginManager

from helix_dash.blueprint import helix_blueprint
from helix_dash.errors import SettingError
from helix_dash.pages import SECTIONS
from webapp import people, settings, sign_in, store, web_store  # noqa: F401 - fixtures


def host() -> Flask:
    """A Flask app with pages, a session and an error page of its own."""
    app = Flask("host")
    app.secret_key = "the host's own key, which is long enough"

    @app.get("/")
    def home() -> str:
        session["visits"] = session.get("visits", 0) + 1
        return f"the host's page, visit {session['visits']}"

    @app.errorhandler(404)
    def missing(_error: Exception) -> tuple[str, int]:
        return "the host's 404", 404

    @app.post("/hook")
    def hook() -> str:
        return "hooked"

    return app


def plain(answer: Any) -> str:
    """The answer's text, slashes as slashes: Dash escapes them in its JSON."""
    return answer.text.replace("\\u002f", "/")


@pytest.fixture
def client(settings: Any, people: redis.Redis) -> FlaskClient:  # noqa: F811
    """A browser of a host with two mounts."""
    app = host()
    app.register_blueprint(helix_blueprint(settings), url_prefix="/helix")
    app.register_blueprint(helix_blueprint(settings), url_prefix="/tools/helix2")
    return app.test_client()


MOUNTS = ("/helix/", "/tools/helix2/")


@pytest.mark.parametrize("prefix", MOUNTS)
def test_each_mount_sends_to_its_own_sign_in(client: FlaskClient, prefix: str) -> None:
    assert client.get(prefix + "requests").headers["Location"].startswith(prefix + "login")


@pytest.mark.parametrize("prefix", MOUNTS)
def test_each_mount_serves_its_pages_after_the_sign_in(client: FlaskClient, prefix: str) -> None:
    sign_in(client, "viewer", prefix=prefix)
    for section in SECTIONS:
        answer = client.get(prefix + section.path.lstrip("/"))
        assert answer.status_code == 200
        assert f'"requests_pathname_prefix":"{prefix}"' in plain(answer)


def test_the_links_of_each_mount_stay_in_it(client: FlaskClient) -> None:
    """Dash's own registry would rewrite those of the first."""
    for prefix in MOUNTS:
        sign_in(client, "viewer", prefix=prefix)
    for prefix, other in (MOUNTS, MOUNTS[::-1]):
        layout = plain(client.get(prefix + "_dash-layout"))
        assert prefix + "requests" in layout
        assert other not in layout


@pytest.mark.parametrize("prefix", MOUNTS)
def test_each_mount_answers_its_callbacks(client: FlaskClient, prefix: str) -> None:
    """A process-wide registry would leave the second without any."""
    sign_in(client, "viewer", prefix=prefix)
    body = {
        "output": "..hx-page.children...hx-title.children..",
        "outputs": [{"id": "hx-page", "property": "children"}, {"id": "hx-title", "property": "children"}],
        "inputs": [{"id": "hx-url", "property": "pathname", "value": prefix + "requests"}],
        "changedPropIds": ["hx-url.pathname"],
    }
    answer = client.post(prefix + "_dash-update-component", json=body)
    assert answer.status_code == 200
    assert answer.json["response"]["hx-title"]["children"] == "Requests"


def test_a_sign_in_to_one_mount_is_none_to_the_other(client: FlaskClient) -> None:
    sign_in(client, "viewer", prefix="/helix/")
    assert client.get("/helix/").status_code == 200
    assert client.get("/tools/helix2/").status_code == 302


def test_both_mounts_may_be_signed_in_to_at_once(client: FlaskClient) -> None:
    sign_in(client, "viewer", prefix="/helix/")
    sign_in(client, "admin", prefix="/tools/helix2/")
    assert client.get("/helix/").status_code == client.get("/tools/helix2/").status_code == 200


def test_the_hosts_pages_are_not_ours_to_guard(client: FlaskClient) -> None:
    """T37."""
    answer = client.get("/")
    assert (answer.status_code, answer.text) == (200, "the host's page, visit 1")
    assert "Content-Security-Policy" not in answer.headers
    assert client.post("/hook", headers={"Sec-Fetch-Site": "cross-site"}).text == "hooked"


def test_the_hosts_error_page_is_its_own(client: FlaskClient) -> None:
    assert client.get("/nowhere").text == "the host's 404"


def test_a_path_that_only_begins_like_the_prefix_is_the_hosts(client: FlaskClient) -> None:
    assert client.get("/helixx").text == "the host's 404"


def test_the_hosts_session_survives_a_sign_in_and_a_sign_out(client: FlaskClient) -> None:
    """T37."""
    client.get("/")
    sign_in(client, "viewer", prefix="/helix/")
    client.get("/helix/logout")
    assert client.get("/").text == "the host's page, visit 2"


def test_the_hosts_own_way_of_signing_in_stays(settings: Any, people: redis.Redis) -> None:  # noqa: F811
    app = host()
    manager = LoginManager(app)
    app.register_blueprint(helix_blueprint(settings), url_prefix="/helix")
    assert app.login_manager is manager  # type: ignore[attr-defined]
    client = app.test_client()
    sign_in(client, "viewer", prefix="/helix/")
    assert client.get("/helix/").status_code == 200


def test_a_host_may_go_on_adding_routes(settings: Any, people: redis.Redis) -> None:  # noqa: F811
    app = host()
    app.register_blueprint(helix_blueprint(settings), url_prefix="/helix")
    app.add_url_rule("/later", view_func=lambda: "later")
    assert app.test_client().get("/later").text == "later"


def test_a_mount_without_a_prefix_is_refused(settings: Any) -> None:  # noqa: F811
    """T37: its guard would close the host's pages."""
    with pytest.raises(SettingError, match="url_prefix"):
        host().register_blueprint(helix_blueprint(settings))


def test_a_host_without_a_key_is_refused(settings: Any) -> None:  # noqa: F811
    with pytest.raises(SettingError, match="secret_key"):
        Flask("host").register_blueprint(helix_blueprint(settings), url_prefix="/helix")
