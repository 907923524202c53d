"""Fixtures that many tests share: a real Valkey of their own.

With HELIX_TEST_STORE=cluster or =sentinel the same tests run on a store of several servers: see `make test-cluster`
and `make test-sentinel`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from helix_dash.embedded import EmbeddedStore
from several_servers import Cluster, Watched

# How long an example takes says how busy the machine is.
settings.register_profile("whatever the time", deadline=None)
settings.load_profile("whatever the time")

STORE = os.environ.get("HELIX_TEST_STORE", "")


@pytest.fixture(scope="session")
def several_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster | Watched]:
    """The store of several servers that HELIX_TEST_STORE names."""
    kinds: dict[str, type[Cluster | Watched]] = {"cluster": Cluster, "sentinel": Watched}
    servers = kinds[STORE](tmp_path_factory.mktemp("servers"))
    servers.start()
    yield servers
    servers.close()


@pytest.fixture
def store_server(
    tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[EmbeddedStore | Cluster | Watched]:
    """A fresh running store: ``.url``, ``.stop()``, ``.start()`` (same data, same address), ``.kill()``."""
    if STORE:
        servers = request.getfixturevalue("several_servers")
        servers.empty()
        yield servers
        return
    server = EmbeddedStore(tmp_path / "store")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def one_shard(monkeypatch: pytest.MonkeyPatch) -> None:
    """One fold does it all, also where the log of other tests has many shards."""
    monkeypatch.setenv("LOG_SHARDS", "1")


@pytest.fixture
def store_url(store_server: EmbeddedStore) -> str:
    """The address of a fresh running store."""
    return store_server.url
