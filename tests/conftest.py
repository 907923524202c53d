"""Fixtures that many tests share: a real Valkey of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from helix_dash.embedded import EmbeddedStore


@pytest.fixture
def store_server(tmp_path: Path) -> Iterator[EmbeddedStore]:
    """A fresh running store: ``.url``, ``.stop()``, ``.start()`` (same data, same address), ``.kill()``."""
    server = EmbeddedStore(tmp_path / "store")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def store_url(store_server: EmbeddedStore) -> str:
    """The address of a fresh running store."""
    return store_server.url
