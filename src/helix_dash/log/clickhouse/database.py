"""The connection to ClickHouse: a question with bound values in, an Arrow table out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow as pa

from helix_dash.errors import SettingError, StoreUnavailable

CONNECT_TIMEOUT = 2
READ_TIMEOUT = 60
"""Seconds one question may take."""


PIECE = 50_000
"""Characters of a list that travel as one value: a server takes no field of an address or form over 128 kB."""


class Bound:
    """Values on their way into a question. They travel beside its text and never become part of it."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def __call__(self, value: Any, kind: str) -> str:
        """What stands for ``value`` in the text; ``kind`` is its ClickHouse type."""
        if isinstance(value, list) and len(parts := _pieces(value)) > 1:
            return f"arrayConcat({', '.join(self(part, kind) for part in parts)})"
        name = f"v{len(self.values)}"
        self.values[name] = value
        return f"{{{name}:{kind}}}"


class Database:
    """One database. It is reached at the first question, not here.

    Every method raises :class:`StoreUnavailable` when ClickHouse does not answer, or refuses.

    Args:
        connect: makes a client of clickhouse-connect.
    """

    def __init__(self, connect: Callable[[], Any]) -> None:
        self._connect = connect
        self._client: Any = None
        self._connecting = threading.Lock()

    @classmethod
    def at(cls, url: str) -> Database:
        """The database at ``http://user:password@host:8123/database``, or https."""
        return cls(lambda: _client(url))

    def ask(self, question: str, bound: Bound | None = None) -> pa.Table:
        """The answer to ``question``: words as strings, numbers as Arrow has them."""
        with self._reaching() as client:
            answer: pa.Table = client.query_arrow(
                question, parameters=bound and bound.values, use_strings=True
            )
            return answer

    def do(self, command: str, bound: Bound | None = None) -> None:
        """Perform ``command``, which answers nothing."""
        with self._reaching() as client:
            client.command(command, parameters=bound and bound.values)

    def insert(self, name: str, rows: pa.Table) -> None:
        """Append ``rows`` to the table ``name``. After an error it is not known whether they are there."""
        with self._reaching() as client:
            client.insert_arrow(name, rows)

    def close(self) -> None:
        """Give the connection back."""
        with self._connecting:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    @contextmanager
    def _reaching(self) -> Iterator[Any]:
        with self._connecting:
            if self._client is None:
                self._client = self._connect()
        from clickhouse_connect.driver.exceptions import ClickHouseError

        try:
            yield self._client
        except (ClickHouseError, OSError) as error:
            raise _unavailable(error) from error


def _pieces(values: list[Any]) -> list[list[Any]]:
    """``values`` cut into lists of moderate length as text."""
    pieces: list[list[Any]] = [[]]
    size = 0
    for value in values:
        length = len(str(value).encode()) + 4
        if size + length > PIECE and pieces[-1]:
            pieces.append([])
            size = 0
        pieces[-1].append(value)
        size += length
    return pieces


def _client(url: str) -> Any:
    try:
        import clickhouse_connect
    except ModuleNotFoundError as error:
        raise SettingError(
            "LOG_BACKEND=clickhouse needs a package that is not installed: pip install 'helix-dash[clickhouse]'"
        ) from error
    from clickhouse_connect.driver.exceptions import ClickHouseError

    try:
        # No session: ClickHouse answers one question at a time in each, and web threads share this client.
        return clickhouse_connect.get_client(
            dsn=url,
            connect_timeout=CONNECT_TIMEOUT,
            send_receive_timeout=READ_TIMEOUT,
            autogenerate_session_id=False,
        )
    except (ClickHouseError, OSError) as error:
        raise _unavailable(error) from error


def _unavailable(error: Exception) -> StoreUnavailable:
    # The number of the error says enough; the text could hold an address with a password, or values.
    code = getattr(error, "code", None)
    told = f"error {code}" if code else type(error).__name__
    return StoreUnavailable(f"ClickHouse did not answer ({told}).")
