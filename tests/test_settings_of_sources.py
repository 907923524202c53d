"""The settings that speak of the FakeAI server, and the table of all settings that the two dashboards before had."""

from __future__ import annotations

import ast
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helix_dash import collector
from helix_dash import settings as settings_module
from helix_dash.settings import TABLE, load
from helix_dash.sources.fakeai.questions import SOURCE
from helix_dash.sources.fakeai.stream import DUTY, Stream

SERVER = {"API_URL": "http://127.0.0.1:9"}

PROVEN = {
    "API_URL": "test_the_server_that_is_named_is_asked_and_no_other",
    "WS_URL": "test_the_websocket_is_the_one_that_is_named_else_the_servers_own",
    "ENABLE_WEBSOCKETS": "test_without_websockets_nobody_listens",
    "ENABLE_STREAMING_METRICS": "test_without_streaming_metrics_nobody_follows_the_rates_of_the_moment",
    "DEBUG_WEBSOCKETS": "test_each_change_of_the_connection_is_logged_on_demand",
    "AUTO_REFRESH_INTERVAL": "test_the_refresh_interval_is_that_of_an_open_page",
    "DEFAULT_PAGE_SIZE": "test_the_page_size_is_the_length_of_a_ranking",
    "DEFAULT_CHART_TYPE": "test_the_chart_type_is_how_counts_are_drawn",
    "ENABLE_ANIMATIONS": "test_animations_can_be_switched_off",
    "REDIS_URL": "test_redis_url_is_the_store_that_is_read",
    "REFRESH_INTERVAL": "test_the_refresh_interval_in_seconds_wins_over_that_in_milliseconds",
    "THEME": "test_the_theme_is_that_of_the_first_look",
    "ENABLE_EXPORTS": "test_without_exports_there_is_nothing_to_call_and_no_button",
    "MAX_DATA_POINTS": "test_a_chart_has_no_more_points_than_allowed",
    "TIMEZONE_OFFSET": "test_the_old_offset_sets_the_reporting_zone",
}
"""Setting of F14 or H7 → the test that sees what it does. ``ENABLE_ALERTS`` comes with alerts."""


def duties(**environ: str) -> dict[str, Any]:
    """What a collector with these settings does; nothing of it is begun."""
    return dict(collector._asking(load({"REDIS_URL": "redis://127.0.0.1:9/0"} | environ)))


def listener(**environ: str) -> Stream:
    found: Stream = duties(**SERVER, **environ)[DUTY].__self__
    return found


def asked(**environ: str) -> set[str]:
    """The names of what the server is asked for."""
    poller = duties(**SERVER, **environ)[SOURCE].__self__
    return {question.name for question in poller.questions}


def test_the_server_that_is_named_is_asked_and_no_other() -> None:
    """F14: API_URL."""
    assert SOURCE not in duties()
    assert SOURCE in duties(**SERVER)


def test_the_websocket_is_the_one_that_is_named_else_the_servers_own() -> None:
    """F14: WS_URL."""
    assert listener().url == "ws://127.0.0.1:9/metrics/stream"
    assert listener(WS_URL="wss://live.example.com/x").url == "wss://live.example.com/x/metrics/stream"


def test_without_websockets_nobody_listens() -> None:
    """F14: ENABLE_WEBSOCKETS; the rates are polled all the same."""
    assert DUTY in duties(**SERVER)
    assert DUTY not in duties(**SERVER, ENABLE_WEBSOCKETS="0")
    assert asked(ENABLE_WEBSOCKETS="0") == asked()


def test_without_streaming_metrics_nobody_follows_the_rates_of_the_moment() -> None:
    """F14: ENABLE_STREAMING_METRICS."""
    assert DUTY not in duties(**SERVER, ENABLE_STREAMING_METRICS="0")
    assert asked(ENABLE_STREAMING_METRICS="0") < asked()


def test_each_change_of_the_connection_is_logged_on_demand() -> None:
    """F14: DEBUG_WEBSOCKETS."""
    assert [listener(DEBUG_WEBSOCKETS=flag).verbose for flag in "01"] == [False, True]


@pytest.mark.parametrize(
    ("old", "value", "field", "read"),
    [
        ("VITE_API_URL", "http://127.0.0.1:8000", "api_url", "http://127.0.0.1:8000"),
        ("VITE_WS_URL", "ws://127.0.0.1:8000", "ws_url", "ws://127.0.0.1:8000"),
        ("VITE_ENABLE_WEBSOCKETS", "false", "websockets", False),
        ("VITE_ENABLE_STREAMING_METRICS", "false", "streaming_metrics", False),
        ("VITE_DEBUG_WEBSOCKETS", "true", "debug_websockets", True),
    ],
)
def test_an_old_name_of_theirs_is_understood_and_noted(
    old: str, value: str, field: str, read: object, caplog: pytest.LogCaptureFixture
) -> None:
    """F14."""
    settings_module._note_old_name.cache_clear()
    with caplog.at_level(logging.WARNING):
        assert getattr(load({old: value}), field) == read
    assert caplog.messages == [f"{old} is an old name: please set {old.removeprefix('VITE_')}."]


def _tests() -> Iterator[str]:
    for name in ("test_settings.py", Path(__file__).name):
        for node in ast.parse(Path(__file__).with_name(name).read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef):
                yield node.name


@pytest.mark.parametrize("setting", PROVEN)
def test_each_setting_of_the_old_dashboards_has_its_proof(setting: str) -> None:
    """F14, H7."""
    assert setting in {row.name for row in TABLE}
    assert PROVEN[setting] in set(_tests())


def test_every_old_name_belongs_to_a_setting_that_is_proven() -> None:
    """F14: the names with VITE_ are those of the FakeAI dashboard."""
    assert {row.name for row in TABLE if row.old.startswith("VITE_")} <= set(PROVEN)
