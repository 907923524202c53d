"""The door from outside: files, debuggers, keys, cookies, cross-site requests: T16 to T29, T36. Most of them are in
tests/auth, at the part they are about; here is what takes the whole app."""

from __future__ import annotations

import json
import random
import threading
from pathlib import Path

import psutil
import pytest
from flask import Flask
from flask.testing import FlaskClient
from whole import heard, signed_in

from helix_dash.auth import passwords
from helix_dash.embedded import EmbeddedStore
from helix_dash.errors import SettingError
from webapp import PASSWORD, build, settings_for, sign_in

PIECES = [
    "..", ".", "%2e%2e", "..%2f", "%2f", "%5c", "\\", "//", "os", "x.js", "dash", "dash_renderer", "etc", "passwd", "plotly",
    "%00", "\x00", "%0d%0a", "~", ";", "?", "#", "a" * 300, "é", "%ff", "%c0%ae", "app.py", ".git", ".env", "settings.py", "'", '"', "<",
]  # fmt: skip
ROOTS = ["/_dash-component-suites/", "/assets/", "/", "/exports/", "/api/", "/_dash-", "/_favicon.ico/"]


def paths(count: int) -> list[str]:
    """``count`` addresses that nobody would ask for in good faith; the same ones in every run."""
    chosen = random.Random(16)
    return [
        chosen.choice(ROOTS) + "/".join(chosen.choices(PIECES, k=chosen.randint(1, 4))) for _ in range(count)
    ]


@pytest.mark.parametrize("role", ["", "admin"])
def test_no_path_makes_the_server_fail_or_fill_its_log(app: Flask, role: str) -> None:
    """T16: at most one short line each, and no stack."""
    client = signed_in(app, role) if role else app.test_client()
    with heard() as log:
        for path in paths(500):
            before = len(log.lines)
            with client.get(path) as answer:
                assert answer.status_code in (200, 302, 400, 401, 404, 405), path
                assert answer.status_code != 200 or (role and answer.request.path == "/"), path
            assert len(log.lines) - before <= 1, (path, log.lines[before:])
    assert log.stacks == []
    assert max(map(len, log.lines)) < 2000


def test_every_refusal_is_one_line_of_json(app: Flask) -> None:
    """T16, T62."""
    client = app.test_client()
    with heard() as log:
        client.get("/api/v1/summary")
        client.get("/assets/none.css")
        client.post("/login", data={"username": "x\ny", "password": "wrong password!"})
        client.post("/login", data={}, headers={"Origin": "https://evil.example"})
    assert [json.loads(line)["refused"] for line in log.lines] == [401, 404, 401, 403]
    assert all("wrong password!" not in line for line in log.lines)


def test_a_link_from_another_site_signs_nobody_out(viewer: FlaskClient) -> None:
    """T18."""
    assert viewer.get("/logout", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert viewer.get("/").status_code == 200


@pytest.mark.parametrize(
    "name",
    [
        "secret",
        "dev",
        "changeme",
        "you-will-never-guess",
        "CHANGE_ME_TO_A_COMPLEX_RANDOM_SECRET",
        "thisismysecretkey",
        "a" * 40,
        "0123456789" * 4,
    ],
)
def test_a_key_that_others_have_published_stops_the_start(
    web_store: EmbeddedStore, tmp_path: Path, name: str
) -> None:
    """T21."""
    with pytest.raises(SettingError, match="SECRET_KEY"):
        build(settings_for(web_store.url, tmp_path, SECRET_KEY=name))


def test_many_sign_ins_at_once_hash_two_at_a_time_and_stay_small(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T25: 40 at once; each hash takes 19 MiB."""
    at_once, most, lock = 0, 0, threading.Lock()
    real = passwords._hasher.verify

    class Counting:
        hash = staticmethod(passwords._hasher.hash)

        @staticmethod
        def verify(stored: str, password: bytes) -> bool:
            nonlocal at_once, most
            with lock:
                at_once += 1
                most = max(most, at_once)
            try:
                return real(stored, password)
            finally:
                with lock:
                    at_once -= 1

    monkeypatch.setattr(passwords, "_hasher", Counting)
    before = psutil.Process().memory_info().rss
    threads = [
        threading.Thread(
            target=lambda n=n: app.test_client().post(
                "/login",
                data={"username": f"name{n}", "password": "wrong password!"},
                environ_overrides={"REMOTE_ADDR": f"192.0.2.{n}"},
            )
        )
        for n in range(40)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 <= most <= 2
    assert psutil.Process().memory_info().rss - before < 100 * 2**20


def test_a_cookie_set_before_the_sign_in_is_worth_nothing_after_it(app: Flask, viewer: FlaskClient) -> None:
    """T26: a session that somebody planted is replaced, not adopted."""
    planted = viewer.get_cookie("helix_session")
    assert planted is not None
    victim = app.test_client()
    victim.set_cookie("helix_session", planted.value)
    victim.post("/login", data={"username": "admin", "password": PASSWORD})
    assert json.loads(victim.get("/readyz").text)  # still answers
    now = victim.get_cookie("helix_session")
    assert now is not None
    assert now.value != planted.value
    assert viewer.get("/_dash-layout").text.count("admin") == 0


def test_names_and_passwords_of_other_products_open_nothing(app: Flask) -> None:
    """T22."""
    for name in ("admin", "root", "helix", "demo", "viewer"):
        answer = sign_in(app.test_client(), name, f"{name}12345678")
        assert answer.status_code in (401, 429)
