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


def test_a_bundle_is_its_files_in_order_and_follows_them(
    browser: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assets, "folder", lambda: tmp_path)
    for name, text in (
        ("b.css", "b {}"),
        ("a.css", "a {}"),
        ("a.min.css", "no"),
        ("a.js", "one"),
        ("theme.js", "no"),
    ):
        (tmp_path / name).write_text(text)
    assert take(browser, "/assets/helix.css", "identity").data == b"a {}\nb {}\n"
    assert b"one" in (first := take(browser, "/assets/helix.js", "identity")).data
    assert b"no" not in first.data
    (tmp_path / "a.js").write_text("another")
    second = take(browser, assets.address("/", "helix.js"), "identity")
    assert b"another" in second.data
    assert first.headers["ETag"] != second.headers["ETag"]
    assert second.headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_the_bundles_hold_each_of_our_files_once() -> None:
    names = [name for bundle in assets.BUNDLES for name in assets.parts(bundle)]
    others = {"theme.js", *(name for name in assets.loaded() if ".min." in name)}
    there = {path.name for path in assets.folder().iterdir() if path.suffix in (".css", ".js")}
    assert sorted(names) == sorted(there - others)
    assert len(others) == 3
    # each on its own: one that fails is told, and the next one runs
    assert assets.contents("helix.js").count(b"reportError(error)") == len(assets.parts("helix.js"))


@pytest.mark.parametrize("bundle", assets.BUNDLES)
@pytest.mark.parametrize("encoding", ["br", "gzip", "identity"])
def test_a_bundle_is_not_sent_twice(browser: FlaskClient, bundle: str, encoding: str) -> None:
    first = take(browser, f"/assets/{bundle}", encoding)
    again = take(browser, f"/assets/{bundle}", encoding, **{"If-None-Match": first.headers["ETag"]})
    assert (first.status_code, again.status_code, again.data) == (200, 304, b"")
    assert UNPACK.get(encoding, bytes)(first.data) == assets.contents(bundle)


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
    assert {name.partition("?")[0] for name in named} == {"favicon.svg", "theme.js", *assets.loaded()}
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
    for path in (SHEET, *(assets.address("/", name) for name in assets.loaded()), *(f"/_dash-component-suites/{name}" for name in CHUNKS)):  # fmt: skip
        assert take(browser, path).status_code == 200
