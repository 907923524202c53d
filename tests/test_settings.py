"""Every setting of the two dashboards before this one does something here; the old names are understood."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from flask.testing import FlaskClient

from helix_dash import context
from helix_dash import settings as settings_module
from helix_dash.app import create_app
from helix_dash.errors import SettingError
from helix_dash.log.fold import Fold
from helix_dash.log.retention import Retention
from helix_dash.settings import load
from helix_dash.ui.packed import unpack
from request_records import a_request, recorded
from webapp import body_of, people, settings_for, sign_in, store, web_store  # noqa: F401 - fixtures

Open = Callable[..., FlaskClient]


@pytest.fixture
def opened(web_store: Any, people: redis.Redis, tmp_path: Path) -> Open:  # noqa: F811
    """A signed-in browser of an app with the given settings."""

    def client(**environ: str) -> FlaskClient:
        app = create_app(settings_for(web_store.url, tmp_path, **environ), open_log=context.open_log)
        browser = app.test_client()
        sign_in(browser, "analyst")
        return browser

    return client


def _layout(client: FlaskClient) -> str:
    return client.get("/_dash-layout").text.replace("\\u002f", "/")


def _overview(client: FlaskClient, url: str, since: str = "now-1h") -> dict[str, Any]:
    """What the overview shows of thirty models within the last half hour."""
    now = datetime.now(UTC)
    recorded(url, *(a_request(time=now - timedelta(minutes=n), model=f"model-{n:02}") for n in range(30)))
    Fold(url, retention=Retention(90)).step()
    body = body_of(
        client.get("/_dash-dependencies").json,
        "hx-overview-fill.data",
        {
            "hx-tick.data": {"n": 1},
            "hx-filter.data": {"from": since, "to": None, "where": {}, "grid": None},
            "hx-ranking-by.value": "model",
            "hx-overview.data-page-state": "loading",
        },
    )
    answer = client.post("/_dash-update-component", json=body)
    assert answer.status_code == 200
    shown: dict[str, Any] = answer.json["response"]["hx-overview-fill"]["data"]["parts"]
    return shown


def _rows(shown: dict[str, Any]) -> int:
    names = [name for name in shown if name.startswith("hx-ranking-") and name.endswith("-row")]
    return sum(shown[name]["style"].get("display") != "none" for name in names)


def _bars(shown: dict[str, Any]) -> int:
    return len(unpack(shown["hx-volume-data"]["data"]["series"][0]["y"]))


def test_redis_url_is_the_store_that_is_read(opened: Open, web_store: Any) -> None:  # noqa: F811
    """H7."""
    assert _rows(_overview(opened(), web_store.url)) == 10


@pytest.mark.parametrize("environ", [{"REFRESH_INTERVAL": "7"}, {"AUTO_REFRESH_INTERVAL": "7000"}])
def test_the_refresh_interval_is_that_of_an_open_page(opened: Open, environ: dict[str, str]) -> None:
    """H7, F14."""
    assert '"interval":7000' in _layout(opened(**environ))


def test_the_refresh_interval_in_seconds_wins_over_that_in_milliseconds(opened: Open) -> None:
    """H7."""
    assert '"interval":9000' in _layout(opened(REFRESH_INTERVAL="9", AUTO_REFRESH_INTERVAL="7000"))


@pytest.mark.parametrize("path", ["/", "/login"])
def test_the_theme_is_that_of_the_first_look(opened: Open, path: str) -> None:
    """H7, F10."""
    client = opened(THEME="dark")
    if path == "/login":
        client.get("/logout")
    assert 'data-look="dark"' in client.get(path).text


def test_without_exports_there_is_nothing_to_call_and_no_button(opened: Open) -> None:
    """H7."""
    found = {
        "hx-export-order.data" in opened(ENABLE_EXPORTS=flag).get("/_dash-dependencies").text for flag in "01"
    }
    assert found == {False, True}


def test_a_chart_has_no_more_points_than_allowed(opened: Open, web_store: Any) -> None:  # noqa: F811
    """H7."""
    assert 10 < _bars(_overview(opened(MAX_DATA_POINTS="150"), web_store.url, "now-3h")) <= 150


def test_three_hours_are_shown_by_the_minute_where_that_is_allowed(opened: Open, web_store: Any) -> None:  # noqa: F811
    """H7: so that the test above tests something."""
    assert _bars(_overview(opened(), web_store.url, "now-3h")) > 150


def test_the_old_offset_sets_the_reporting_zone(opened: Open) -> None:
    """H7."""
    assert '"zone":"UTC+02:00"' in _layout(opened(TIMEZONE_OFFSET="2"))


def test_a_zone_wins_over_an_offset(opened: Open) -> None:
    """H7."""
    assert '"zone":"Europe/Berlin"' in _layout(opened(TIMEZONE="Europe/Berlin", TIMEZONE_OFFSET="9"))


@pytest.mark.parametrize("rows", [3, 20])
def test_the_page_size_is_the_length_of_a_ranking(opened: Open, web_store: Any, rows: int) -> None:  # noqa: F811
    """F14."""
    assert _rows(_overview(opened(DEFAULT_PAGE_SIZE=str(rows)), web_store.url)) == rows


@pytest.mark.parametrize(("chosen", "drawn"), [("bar", "bar"), ("line", "line"), ("pie", "bar")])
def test_the_chart_type_is_how_counts_are_drawn(
    opened: Open,
    web_store: Any,  # noqa: F811
    chosen: str,
    drawn: str,
) -> None:
    """F14."""
    shown = _overview(opened(DEFAULT_CHART_TYPE=chosen), web_store.url)
    kinds = {name: shown[f"hx-{name}-data"]["data"]["as"] for name in ("volume", "tokens", "cost")}
    assert set(kinds.values()) == {drawn}


@pytest.mark.parametrize("path", ["/", "/login"])
@pytest.mark.parametrize(("flag", "motion"), [("1", "on"), ("0", "off")])
def test_animations_can_be_switched_off(opened: Open, path: str, flag: str, motion: str) -> None:
    """F14."""
    client = opened(ENABLE_ANIMATIONS=flag)
    if path == "/login":
        client.get("/logout")
    assert f'data-motion="{motion}"' in client.get(path).text


@pytest.mark.parametrize(
    ("old", "value", "field", "read"),
    [
        ("VITE_AUTO_REFRESH_INTERVAL", "30000", "refresh_interval", 30.0),
        ("VITE_DEFAULT_PAGE_SIZE", "20", "page_size", 20),
        ("VITE_DEFAULT_CHART_TYPE", "pie", "chart_type", "pie"),
        ("VITE_ENABLE_ANIMATIONS", "false", "animations", False),
    ],
)
def test_an_old_name_is_understood_and_noted_in_one_line(
    old: str, value: str, field: str, read: object, caplog: pytest.LogCaptureFixture
) -> None:
    """F14."""
    settings_module._note_old_name.cache_clear()
    with caplog.at_level(logging.WARNING):
        assert getattr(load({old: value}), field) == read
        load({old: value})
    assert caplog.messages == [f"{old} is an old name: please set {old.removeprefix('VITE_')}."]


def test_the_present_name_wins_over_the_old_one() -> None:
    """F14."""
    assert load({"VITE_DEFAULT_PAGE_SIZE": "20", "DEFAULT_PAGE_SIZE": "5"}).page_size == 5


def test_a_bad_value_under_an_old_name_names_that_name() -> None:
    with pytest.raises(SettingError, match="VITE_DEFAULT_PAGE_SIZE='many'"):
        load({"VITE_DEFAULT_PAGE_SIZE": "many"})


@pytest.mark.parametrize("text", ["apps/ai", "/apps/ai", "/apps/ai/"])
def test_what_a_proxy_takes_away_may_be_written_in_any_way(text: str) -> None:
    assert load({"PROXY_PREFIX": text}).proxy_prefix == "/apps/ai"


def test_the_gallery_is_a_page_only_when_it_was_asked_for(opened: Open) -> None:
    found = {flag: opened(SHOW_GALLERY=flag).get("/gallery").status_code for flag in "01"}
    assert found == {"0": 404, "1": 200}


def test_without_a_folder_for_temporary_files_the_mirror_lies_in_shared_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A container whose file system is read-only."""

    def nowhere() -> str:
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr("tempfile.gettempdir", nowhere)
    assert load({}).cache_dir.parent == Path("/dev/shm")
