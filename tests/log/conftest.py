"""Fixtures of the log's tests: ClickHouse's engine, embedded in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

from helix_dash.log.clickhouse.database import Database


@pytest.fixture(scope="session")
def new_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Database]]:
    """Makes empty databases. The client is the one that speaks to a server, over the engine instead of HTTP."""
    pytest.importorskip(
        "chdb", reason="requirements/clickhouse.lock is not installed; make test-all installs it"
    )
    import clickhouse_connect

    path = str(tmp_path_factory.mktemp("clickhouse"))
    root: Any = clickhouse_connect.get_client(interface="chdb", path=path)
    numbers, made = count(), []

    def make() -> Database:
        name = f"log{next(numbers)}"
        root.command(f"CREATE DATABASE {name}")
        made.append(
            Database(lambda: clickhouse_connect.get_client(interface="chdb", path=path, database=name))
        )
        return made[-1]

    yield make
    for database in made:
        database.close()
    root.close()
