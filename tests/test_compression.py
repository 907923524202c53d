"""What goes over the wire: packed, named by its contents, kept by browsers; and never wrong for it."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import brotli
import pytest
from flask import Flask
from flask.testing import FlaskClient

from helix_dash import assets, warm
from helix_dash.app import CHUNKS
from webapp import build, client, people, settings, sign_in, store, web_store  # noqa: F401 - fixtures

UNPACK = {"br": brotli.decompress, "gzip": gzip.decompress}
SHEET = "/assets/components.css"


@pytest.fixture
def app(settings: Any) -> Flask:  # noqa: F811
    return build(settings)


@pytest.fixture
def browser(app: Flask) -> Iterator[FlaskClient]:
    with app.test_client() as browser:
        yield browser


def take(browser: FlaskClient, path: str, encoding: str = "gzip, deflate, br", **headers: str) -> Any:
    with browser.get(path, headers={"Accept-Encoding": encoding, **headers}) as answer:
        answer.get_data()  # kept, and the file behind it closed
        return answer


@pytest.mark.parametrize("encoding", ["br", "gzip"])
def test_a_static_file_comes_packed_as_it_was_asked_for(browser: FlaskClient, encoding: str) -> None:
    answer = take(browser, SHEET, encoding)
    whole = (assets.folder() / "components.css").read_bytes()
    assert answer.headers["Content-Encoding"] == encoding
    assert UNPACK[encoding](answer.data) == whole
    assert int(answer.headers["Content-Length"]) == len(answer.data) < len(whole) / 2
    assert "Accept-Encoding" in answer.headers["Vary"]


@pytest.mark.parametrize("encoding", ["", "identity", "br;q=0, gzip;q=0"])
def test_who_does_not_unpack_gets_the_file(browser: FlaskClient, encoding: str) -> None:
    answer = take(browser, SHEET, encoding)
    assert "Content-Encoding" not in answer.headers
    assert answer.data == (assets.folder() / "components.css").read_bytes()


def test_a_second_asker_gets_the_same_bytes(browser: FlaskClient) -> None:
    assert take(browser, SHEET).data == take(browser, SHEET).data


def test_each_form_has_its_own_tag_and_is_not_sent_twice(browser: FlaskClient) -> None:
    tags = {
        encoding: take(browser, SHEET, encoding).headers["ETag"] for encoding in ("br", "gzip", "identity")
    }
    assert len(set(tags.values())) == 3
    for encoding, tag in tags.items():
        again = take(browser, SHEET, encoding, **{"If-None-Match": tag})
        assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
        assert "Accept-Encoding" in again.headers["Vary"]


def test_a_changed_file_is_packed_anew(
    browser: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app_folder = browser.application.blueprints["_dash_assets"]
    sheet = tmp_path / "own.css"
    monkeypatch.setattr(app_folder, "static_folder", str(tmp_path), raising=False)
    sheet.write_text("a { color: red }" * 200)
    assert b"red" in brotli.decompress(take(browser, "/assets/own.css").data)
    sheet.write_text("a { color: blue }" * 200)
    assert b"blue" in brotli.decompress(take(browser, "/assets/own.css").data)


def test_a_file_named_by_its_contents_is_kept_for_ever(browser: FlaskClient) -> None:
    named = take(browser, assets.address("/", "tokens.css"))
    assert named.headers["Cache-Control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("query", ["", "?v=", "?v=000000000000", "?m=1"])
def test_a_file_that_is_not_is_asked_for_again(browser: FlaskClient, query: str) -> None:
    """A version that is not this one's may be a newer server's."""
    assert take(browser, f"/assets/tokens.css{query}").headers["Cache-Control"] == "no-cache"


def test_a_version_follows_the_contents_and_not_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assets, "folder", lambda: tmp_path)
    sheet = tmp_path / "own.css"
    sheet.write_text("one")
    first = assets.version("own.css")
    sheet.touch()
    assert assets.version("own.css") == first
    sheet.write_text("another")
    assert assets.version("own.css") != first
    assert assets.version("missing.css") == ""


def test_no_cookie_keeps_a_browser_from_its_copy(browser: FlaskClient, people: Any) -> None:  # noqa: F811
    sign_in(browser, "viewer")
    answer = take(browser, SHEET)
    assert "Cookie" not in answer.headers["Vary"]
    assert "Set-Cookie" not in answer.headers


def test_every_asset_of_the_document_is_named_by_its_contents(
    browser: FlaskClient,
    people: Any,  # noqa: F811
) -> None:
    sign_in(browser, "viewer")
    document = browser.get("/").get_data(as_text=True)
    named = re.findall(r'"/assets/([^"]+)"', document)
    assert {name.partition("?")[0] for name in named} >= {"theme.js", "tokens.css", "plotly-cartesian.min.js"}
    assert [
        name for name in named if name != assets.address("", name.partition("?")[0]).removeprefix("assets/")
    ] == []


def test_the_sign_in_page_names_them_so_too(browser: FlaskClient) -> None:
    document = browser.get("/login").get_data(as_text=True)
    named = re.findall(r'"/(assets/[^"]+)"', document)
    assert len(named) > 4
    assert all("?v=" in name and take(browser, "/" + name).status_code == 200 for name in named)


@pytest.mark.parametrize("path", ["/login", "/api/v1/requests?limit=1000", "/_dash-layout"])
def test_pages_and_figures_come_packed_and_are_kept_by_nobody(
    browser: FlaskClient,
    people: Any,  # noqa: F811
    path: str,
) -> None:
    sign_in(browser, "viewer")
    plain, packed = take(browser, path, "identity"), take(browser, path)
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert packed.headers["Cache-Control"] == "no-store"
    if len(plain.data) < 1024:
        assert "Content-Encoding" not in packed.headers
    else:
        assert packed.headers["Content-Encoding"] == "br"
        assert brotli.decompress(packed.data) == plain.data


def test_a_head_tells_what_a_get_sends(browser: FlaskClient) -> None:
    headers = {"Accept-Encoding": "br"}
    told, sent = browser.head(SHEET, headers=headers), browser.get(SHEET, headers=headers)
    assert (told.data, told.headers["Content-Length"]) == (b"", sent.headers["Content-Length"])


def test_another_page_of_the_host_is_left_alone(app: Flask) -> None:
    app.add_url_rule("/outside", "outside", lambda: "x" * 5000)
    host = Flask("host")
    host.secret_key = "x"
    host.add_url_rule("/assets/own.css", "own", lambda: "y" * 5000)
    answer = host.test_client().get("/assets/own.css", headers={"Accept-Encoding": "br"})
    assert "Content-Encoding" not in answer.headers


def test_what_every_page_loads_is_packed_before_anybody_asks(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    warm.begin(app).join(120)

    def packs_again(*_: Any) -> bytes:
        raise AssertionError("it was not packed before")

    monkeypatch.setattr("helix_dash.compression._ONCE", {"br": packs_again, "gzip": packs_again})
    browser = app.test_client()
    for path in (SHEET, assets.address("/", "plotly-cartesian.min.js"), *(f"/_dash-component-suites/{name}" for name in CHUNKS)):  # fmt: skip
        assert take(browser, path).status_code == 200
