"""Addresses of stores: what is understood, what is refused, what is shown."""

from __future__ import annotations

import pytest
import redis
from redis.exceptions import MovedError
from redis.sentinel import SentinelConnectionPool

from helix_dash import store
from helix_dash.errors import SettingError
from helix_dash.settings import load


@pytest.mark.parametrize(
    "url",
    [
        "redis://127.0.0.1:6379/0",
        "rediss://user:word@host:6380/1",
        "unix:///run/store.sock",
        "redis+cluster://one:7000,two:7001",
        "rediss+cluster://user:w%40rd@one:7000",
        "sentinel://one,two:26380/helix",
        "sentinels://:word@one:26379,two:26379/helix/2",
    ],
)
def test_every_documented_address_is_understood(url: str) -> None:
    assert load({"REDIS_URL": url}).log_redis_url == url
    with store.connect(url) as client:
        assert isinstance(client, redis.Redis)


@pytest.mark.parametrize(
    "url",
    [
        "http://host",
        "redis+cluster://",
        "redis+cluster://one:7000/1",
        "sentinel://one:26379",
        "sentinel://one/a/b",
    ],
)
def test_an_address_that_cannot_work_stops_the_start(url: str) -> None:
    with pytest.raises(SettingError, match="must"):
        load({"REDIS_URL": url})


def test_a_password_is_neither_shown_nor_lost() -> None:
    url = "redis+cluster://user:w%40rd@one:7000,two:7001"
    assert store.shown_url(url) == "redis+cluster://***@one:7000,two:7001"
    options = store.connect(url).connection_pool.connection_kwargs
    assert (options["username"], options["password"]) == ("user", "w@rd")


def test_behind_sentinels_the_primary_is_asked_for() -> None:
    pool = store.connect("sentinel://:word@one:26379,two/helix/2").connection_pool
    assert isinstance(pool, SentinelConnectionPool)
    assert (pool.service_name, pool.connection_kwargs["db"], pool.connection_kwargs["password"]) == (
        "helix",
        2,
        "word",
    )
    hosts = [sentinel.connection_pool.connection_kwargs for sentinel in pool.sentinel_manager.sentinels]
    assert [(one["host"], one["port"]) for one in hosts] == [("one", 26379), ("two", 26379)]


def test_a_node_that_serves_the_tag_no_more_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """The slot moved while a connection was open: the command was not done, and the next one looks anew."""

    def moved(*_: object, **__: object) -> None:
        raise MovedError("5 127.0.0.1:7001")

    connection = store._TagConnection(serving=lambda: ("127.0.0.1", 7000))
    monkeypatch.setattr(redis.Connection, "read_response", moved)
    with pytest.raises(redis.ConnectionError, match="moved"):
        connection.read_response()
