"""A client of the FakeAI server's HTTP endpoints. The collector uses it; pages never do.

Time-outs are short, since the server can freeze; only reads are repeated, and only when the connection broke or
a proxy answered in its place, for a time-out or a 500 of this server comes again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any, Protocol
from urllib.parse import quote

import httpx
import stamina

from helix_dash.errors import SourceError
from helix_dash.sources.fakeai.answers import Unreadable
from helix_dash.sources.fakeai.endpoints import FORBIDDEN, Endpoint

CONNECT_TIMEOUT, READ_TIMEOUT = 2.0, 3.0
LONGEST = 6.0
"""Seconds for a whole answer: a server that sends a byte now and then is in time with each of them."""
MOST_BYTES = 8 * 2**20
"""Of one answer: its size grows with what its users send."""

_ATTEMPTS = 3
_AGAIN = frozenset({502, 503, 504})


class Client(Protocol):
    """Whoever answers the questions of :mod:`~helix_dash.sources.fakeai.endpoints`: a server, or the mock."""

    mock: bool

    def ask(self, endpoint: Endpoint, key: str = "") -> Any:
        """The answer, read by the endpoint's own reader.

        Raises:
            SourceError: there is none; ``reason`` tells why.
        """
        ...

    def close(self) -> None:
        """Let go of the connections."""
        ...


class FakeAIClient:
    """A client of one server.

    Args:
        base_url: its address, without a path.
        token: sent as a bearer token to endpoints that need one; the others count whoever asks as anonymous.
        transport: takes the place of the network, in tests.
        clock: tells seconds, for the kept answers.
    """

    mock = False

    def __init__(
        self,
        base_url: str,
        token: str = "",
        *,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._token, self._clock = token, clock
        self._kept: dict[tuple[str, str], tuple[float, Any]] = {}
        self._http = httpx.Client(
            base_url=base_url,
            timeout=httpx.Timeout(READ_TIMEOUT, connect=CONNECT_TIMEOUT),
            follow_redirects=False,  # a redirect could lead to an endpoint that freezes the server
            transport=transport,
            trust_env=False,
        )

    def ask(self, endpoint: Endpoint, key: str = "") -> Any:
        """See :meth:`Client.ask`. An answer younger than ``endpoint.every`` is given again.

        Raises:
            SourceError: ``unreachable``, ``timeout``, ``unauthorized``, ``throttled``, ``status`` (any other
                error), ``refused`` (200 with an error inside), or ``unreadable``.
            ValueError: the path is one that freezes the server.
        """
        name = (endpoint.name, key)
        kept = self._kept.get(name)
        # A little early is not too early: whoever asks each ten seconds wants a new answer each time.
        if kept and self._clock() - kept[0] < endpoint.every * 0.9:
            return kept[1]
        body = self._fetched(endpoint, endpoint.path.format(key=quote(key, safe="")))
        try:
            answer = endpoint.read(body)
        except (KeyError, TypeError, AttributeError) as error:
            raise Unreadable(f"The answer of {endpoint.path} is not as it should be ({error!r}).") from error
        self._kept[name] = self._clock(), answer
        return answer

    def close(self) -> None:
        """See :meth:`Client.close`."""
        self._http.close()

    def _fetched(self, endpoint: Endpoint, path: str) -> Any:
        if path.rstrip("/") in FORBIDDEN:
            raise ValueError(f"{path} freezes the server and is never asked.")
        headers = {"Authorization": f"Bearer {self._token}"} if endpoint.signed and self._token else {}
        text = self._read(path, headers)
        if not endpoint.json:
            return text
        try:
            body = json.loads(text)
        except ValueError as error:
            raise Unreadable(f"{endpoint.path} did not answer JSON.") from error
        if isinstance(body, dict) and isinstance(body.get("error"), str):
            raise SourceError("refused", f"{endpoint.path} answered with an error.", 200)
        return body

    def _read(self, path: str, headers: dict[str, str]) -> str:
        try:
            for attempt in stamina.retry_context(
                on=_comes_again,
                attempts=_ATTEMPTS,
                wait_initial=0.1,
                wait_max=1.0,
                wait_jitter=0.2,
                timeout=None,
            ):
                with attempt:
                    return self._once(path, headers)
        except httpx.TimeoutException as error:
            raise SourceError("timeout", "The server does not answer in time; it may be frozen.") from error
        except httpx.HTTPError as error:
            # The class says enough: the text of an error may hold the address, and the path a key.
            raise SourceError(
                "unreachable", f"The server cannot be reached ({type(error).__name__})."
            ) from error
        raise AssertionError("retry_context ended without an attempt")

    def _once(self, path: str, headers: dict[str, str]) -> str:
        end = time.monotonic() + LONGEST
        with self._http.stream("GET", path, headers=headers) as response:
            found = bytearray()
            for part in response.iter_bytes():
                found += part
                if time.monotonic() > end:
                    raise httpx.ReadTimeout("The answer takes too long.")
                if len(found) > MOST_BYTES:
                    raise Unreadable("An answer is longer than eight megabytes.")
        if response.status_code != 200:
            raise _refusal(response.status_code)
        return found.decode("utf-8", "replace")


def _refusal(status: int) -> SourceError:
    """One form for the server's three forms of error: the status tells all that is needed."""
    if status in (401, 403):
        return SourceError("unauthorized", f"The server refused the token (HTTP {status}).", status)
    if status == 429:
        return SourceError(
            "throttled", "The server's own rate limit refused the question (HTTP 429).", status
        )
    return SourceError("status", f"The server answered with HTTP {status}.", status)


def _comes_again(error: Exception) -> bool:
    """Whether asking again at once may help."""
    if isinstance(error, httpx.TimeoutException):
        return False
    return isinstance(error, httpx.TransportError) or (
        isinstance(error, SourceError) and error.status in _AGAIN
    )
