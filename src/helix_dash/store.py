"""The connection to Redis or Valkey, with the time-outs this product can live with.

redis-py's defaults retry ten times and wait five seconds each; a page of six reads would hang for minutes,
and an increment whose reply was lost would be counted twice. So: short time-outs, one retry for reads, none
for writes that are not idempotent.

On Redis Cluster every key of ours carries a tag, and one client talks only to the node that serves its tag. It
is an ordinary client for one node: transactions, WATCH, TIME and INFO mean there what they mean anywhere.
"""

from __future__ import annotations

import functools
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast
from urllib.parse import SplitResult, unquote, urlsplit

import redis
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode, RedisCluster
from redis.connection import ConnectionPool, SSLConnection, parse_url
from redis.exceptions import MovedError, RedisClusterException
from redis.retry import Retry
from redis.sentinel import Sentinel

from helix_dash.errors import StoreUnavailable

CONNECT_TIMEOUT = 0.5
READ_TIMEOUT = 2.0

APP_TAG = "app"
"""The tag of all our keys that belong to no shard of the log."""


class Spent:
    """What this process has asked of stores since it began: commands, the round trips they took, and how long the last
    of these took."""

    def __init__(self) -> None:
        self.commands = self.trips = 0
        self._times: deque[tuple[float, float]] = deque(maxlen=1000)
        self._lock = threading.Lock()

    def add(self, commands: int) -> None:
        """Count one round trip of so many commands."""
        with self._lock:
            self.commands += commands
            self.trips += 1

    def took(self, seconds: float) -> None:
        """The answer to a round trip came, or did not come, after so long."""
        with self._lock:
            self._times.append((time.monotonic(), seconds))

    def times(self, since: float) -> list[float]:
        """Seconds that the last answers after ``since`` took, by the monotonic clock."""
        with self._lock:
            return [seconds for at, seconds in self._times if at >= since]


SPENT = Spent()
"""Counted where commands are sent, so that nothing of ours is left out; on a cluster, not those of :func:`everywhere`."""

_CLUSTER = {"redis+cluster": "redis", "rediss+cluster": "rediss"}
_SENTINEL = {"sentinel": "redis", "sentinels": "rediss"}
_PORT, _SENTINEL_PORT = 6379, 26379


def connect(url: str, *, tag: str = APP_TAG, retries: int = 1, timeout: float = READ_TIMEOUT) -> redis.Redis:
    """A client for ``url``, answering bytes; it connects at the first command, not here.

    Args:
        url: ``redis://``, ``rediss://`` (TLS) or ``unix://`` for one server;
            ``redis+cluster://host:port,host:port`` (``rediss+cluster://`` with TLS) for a cluster, of which some
            nodes are named; ``sentinel://host:port,host:port/service/db`` (``sentinels://`` with TLS) for the
            primary that these sentinels name. ``user:password@`` may stand before the first host.
        tag: on a cluster, the hash tag of all keys this client will ever touch; elsewhere it says nothing.
        retries: how often one command may be sent again after a broken connection: 1 for reads and for
            writes that may safely happen twice, 0 for all others.
        timeout: seconds one answer may take.

    Raises:
        ValueError: ``url`` is none of these. :mod:`helix_dash.settings` has looked before, and says so better.
    """
    options: dict[str, Any] = {
        "socket_connect_timeout": CONNECT_TIMEOUT,
        "socket_timeout": timeout,
        "retry": Retry(NoBackoff(), retries),
        "health_check_interval": 15,
    }
    parts = urlsplit(url)
    if parts.scheme in _CLUSTER:
        return _counted(redis.Redis.from_pool(_cluster_pool(parts, tag, options)))
    if parts.scheme in _SENTINEL:
        return _counted(_primary(parts, options))
    return _counted(redis.Redis.from_url(url, **options))


def _counted(client: redis.Redis) -> redis.Redis:
    """``client``, whose connections count in :data:`SPENT` what they send."""
    pool: Any = client.connection_pool
    pool.connection_class = _counting(pool.connection_class)
    return client


@functools.cache
def _counting(kind: Any) -> Any:
    class Counting(kind):  # type: ignore[misc]  # redis-py's connections have no types
        asked: float | None = None

        def send_command(self, *args: Any, **options: Any) -> Any:
            SPENT.add(1)
            self.asked = time.monotonic()
            return super().send_command(*args, **options)

        def pack_commands(self, commands: Any) -> Any:
            every = list(commands)
            SPENT.add(len(every))
            self.asked = time.monotonic()
            return super().pack_commands(every)

        def read_response(self, *args: Any, **options: Any) -> Any:
            try:
                return super().read_response(*args, **options)
            finally:
                if (
                    self.asked is not None
                ):  # the first answer of a round trip; messages that nobody asked for are none
                    SPENT.took(time.monotonic() - self.asked)
                    self.asked = None

    return Counting


def is_cluster(url: str) -> bool:
    """Whether keys of different tags may live on different servers."""
    return urlsplit(url).scheme in _CLUSTER


def everywhere(url: str, *, retries: int = 1) -> redis.Redis:
    """A client for keys without a tag of ours. On a cluster it finds the node of each key, and connects here.

    Raises:
        StoreUnavailable: no named node of a cluster answers.
    """
    if not is_cluster(url):
        return connect(url, retries=retries)
    parts = urlsplit(url)
    options: dict[str, Any] = {
        "retry": Retry(NoBackoff(), retries),
        "socket_connect_timeout": CONNECT_TIMEOUT,
        "socket_timeout": READ_TIMEOUT,
        "ssl": _CLUSTER[parts.scheme] == "rediss",
    }
    node: Any = ClusterNode
    try:
        client: Any = RedisCluster(
            startup_nodes=[node(*address) for address in _hosts(parts, _PORT)],
            **options,
            **_credentials(parts),
        )
    except (redis.RedisError, RedisClusterException) as error:
        raise StoreUnavailable(f"The cluster did not answer ({type(error).__name__}).") from error
    return cast("redis.Redis", client)


def shown_url(url: str) -> str:
    """``url`` without its password, for people and logs."""
    head, at, tail = url.rpartition("@")
    if not at:
        return url
    scheme, _, _ = head.partition("://")
    return f"{scheme}://***@{tail}"


@contextmanager
def reaching() -> Iterator[None]:
    """Inside it, whatever redis-py raises becomes our own error.

    Raises:
        StoreUnavailable: the store refused, did not answer in time, or would not do what was asked.
    """
    try:
        yield
    except (redis.RedisError, RedisClusterException) as error:
        # The class says enough; the text could hold an address with a password.
        raise StoreUnavailable(f"The store did not answer ({type(error).__name__}).") from error


def _hosts(parts: SplitResult, port: int) -> list[tuple[str, int]]:
    """The ``host:port`` pairs of an address that names several."""
    hosts = []
    for name in parts.netloc.rpartition("@")[2].split(","):
        one = urlsplit(f"//{name}")
        if one.hostname:
            hosts.append((one.hostname, one.port or port))
    return hosts


def _credentials(parts: SplitResult) -> dict[str, Any]:
    user, _, password = parts.netloc.rpartition("@")[0].partition(":")
    return {name: unquote(value) for name, value in (("username", user), ("password", password)) if value}


def _primary(parts: SplitResult, options: dict[str, Any]) -> redis.Redis:
    """A client that asks the sentinels for the primary whenever it connects."""
    service, *database = parts.path.strip("/").split("/")
    ssl = {"ssl": True} if _SENTINEL[parts.scheme] == "rediss" else {}
    asking = {name: options[name] for name in ("socket_connect_timeout", "socket_timeout")}
    finder: Any = Sentinel  # redis-py has no types for it
    sentinels = finder(
        _hosts(parts, _SENTINEL_PORT), sentinel_kwargs=asking | ssl | {"retry": Retry(NoBackoff(), 0)}
    )
    found: redis.Redis = sentinels.master_for(
        service, db=int(database[0]) if database else 0, **options, **ssl, **_credentials(parts)
    )
    return found


def _cluster_pool(parts: SplitResult, tag: str, options: dict[str, Any]) -> ConnectionPool:
    """Connections to whichever node of the cluster serves ``tag`` at the moment they are made."""
    scheme, (first, *_) = _CLUSTER[parts.scheme], _hosts(parts, _PORT)
    query = f"?{parts.query}" if parts.query else ""
    parse: Any = parse_url
    one: dict[str, Any] = parse(f"{scheme}://{first[0]}/0{query}") | _credentials(parts) | options
    one.pop("connection_class", None)
    asking = one | {"retry": Retry(NoBackoff(), 0), "ssl": scheme == "rediss"}

    def serving() -> tuple[str, int]:
        trouble: redis.RedisError = redis.ConnectionError("no node of the cluster is named")
        for host, port in _hosts(parts, _PORT):
            try:
                with redis.Redis(**asking | {"host": host, "port": port}) as node:
                    # Any question about the tag will do: a node that does not serve it says who does.
                    node.exists(f"{{{tag}}}")
                return host, port
            except MovedError as moved:
                return moved.host or host, moved.port
            except (redis.ConnectionError, redis.TimeoutError) as error:
                trouble = error
        raise trouble

    kind = _TlsTagConnection if scheme == "rediss" else _TagConnection
    return ConnectionPool(connection_class=kind, serving=serving, **one)


class _TagConnection(redis.Connection):
    """A connection to the node of a cluster that serves one tag.

    Args:
        serving: finds that node's host and port.
    """

    def __init__(self, *, serving: Callable[[], tuple[str, int]], **options: Any) -> None:
        self._serving = serving
        super().__init__(**options)  # type: ignore[no-untyped-call]

    def _connect(self) -> Any:
        self.host, self.port = self._serving()
        return super()._connect()  # type: ignore[no-untyped-call]

    def read_response(self, *args: Any, **options: Any) -> Any:
        try:
            return super().read_response(*args, **options)
        except MovedError as moved:
            # What was sent has not been done. The next connection asks anew who serves the tag.
            self.disconnect()  # type: ignore[no-untyped-call]
            raise redis.ConnectionError("The keys have moved to another node of the cluster.") from moved


class _TlsTagConnection(_TagConnection, SSLConnection):
    """The same with TLS."""
