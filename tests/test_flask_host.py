"""examples/flask_host as it stands in the repository."""

from __future__ import annotations

import importlib.util
import runpy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient

from helix_dash import warm
from webapp import people, settings, sign_in, store, web_store  # noqa: F401 - fixtures

FOLDER = Path(__file__).parents[1] / "examples" / "flask_host"
MOUNTS = ("/helix/", "/helix2/")
STAFF = {"mia": "swordfish"}


def _example() -> Any:
    spec = importlib.util.spec_from_file_location("flask_host_example", FOLDER / "host.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def client(settings: Any, people: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:  # noqa: F811
    monkeypatch.delenv("SECRET_KEY", raising=False)
    return _example().create_host(settings, STAFF).test_client()


def _sign_in_to_host(client: FlaskClient) -> None:
    client.post("/sign-in", data={"name": "mia", "password": STAFF["mia"]})


def test_the_hosts_own_sign_in_opens_its_own_pages(client: FlaskClient) -> None:
    """C9."""
    assert client.get("/").headers["Location"] == "/sign-in"
    _sign_in_to_host(client)
    assert client.get("/").text.startswith("Hello mia")


@pytest.mark.parametrize("prefix", MOUNTS)
def test_the_hosts_sign_in_is_none_to_the_dashboard(client: FlaskClient, prefix: str) -> None:
    _sign_in_to_host(client)
    assert client.get(prefix).headers["Location"].startswith(prefix + "login")


@pytest.mark.parametrize("prefix", MOUNTS)
def test_each_mount_opens_for_its_own_accounts(client: FlaskClient, prefix: str) -> None:
    """C9: each with links of its own."""
    sign_in(client, "viewer", prefix=prefix)
    layout = client.get(prefix + "_dash-layout").text.replace("\\u002f", "/")
    assert prefix + "requests" in layout
    assert [other for other in MOUNTS if other != prefix and other in layout] == []


def test_a_sign_in_to_the_dashboard_is_none_to_the_host(client: FlaskClient) -> None:
    sign_in(client, "admin", prefix="/helix/")
    assert client.get("/").headers["Location"] == "/sign-in"


def test_the_hosts_error_page_stays_outside_and_ours_inside(client: FlaskClient) -> None:
    assert client.get("/nowhere").text == "The back office has no such page."
    sign_in(client, "viewer", prefix="/helix/")
    inside = client.get("/helix/nowhere")
    assert inside.status_code == 404
    assert "back office" not in inside.text


def test_the_hosts_answers_carry_none_of_our_headers(client: FlaskClient) -> None:
    ours = client.get("/helix/login").headers
    hosts = client.get("/sign-in").headers
    assert "Content-Security-Policy" in ours
    assert "Content-Security-Policy" not in hosts
    assert "Cache-Control" not in hosts


def test_a_form_of_the_host_may_be_sent_from_another_site(client: FlaskClient) -> None:
    """Our refusal of other sites' requests is ours alone."""
    answer = client.post("/sign-in", data={"name": "x"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 200


def test_its_workers_are_warm_before_anybody_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[Flask] = []
    monkeypatch.setattr(warm, "begin", begun.append)
    host = Flask("host")
    runpy.run_path(str(FOLDER / "gunicorn.conf.py"))["post_worker_init"](SimpleNamespace(wsgi=host))
    assert begun == [host]


def test_the_readme_is_short_and_names_the_mounts() -> None:
    text = (FOLDER / "README.md").read_text("utf-8")
    assert len(text.splitlines()) <= 25
    assert all(f'url_prefix="{prefix.rstrip("/")}"' in text for prefix in MOUNTS)
