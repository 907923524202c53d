"""Whether a LiteLLM proxy lives, asked at the one address that needs no key and touches no provider."""

from __future__ import annotations

import httpx

from helix_dash.errors import SourceError
from helix_dash.sources.polling import Numbers, Told

PATH = "/health/liveliness"
"""LiteLLM's own spelling."""
TIMEOUT = 3.0


class Liveliness:
    """Asks one proxy.

    Args:
        base_url: its address.
        transport: takes the place of the network, in tests.
    """

    def __init__(self, base_url: str, transport: httpx.BaseTransport | None = None) -> None:
        self._address = base_url.rstrip("/") + PATH
        self._http = httpx.Client(
            timeout=TIMEOUT, follow_redirects=False, transport=transport, trust_env=False
        )

    def ask(self) -> Told:
        """That it answered, and how fast.

        Raises:
            SourceError: it did not, or not with 200.
        """
        try:
            with self._http.stream("GET", self._address) as answer:  # what it says is of no interest
                status = answer.status_code
        except httpx.TimeoutException as error:
            raise SourceError("timeout", "The proxy does not answer in time.") from error
        except httpx.HTTPError as error:
            raise SourceError(
                "unreachable", f"The proxy cannot be reached ({type(error).__name__})."
            ) from error
        if status != 200:
            raise SourceError("status", f"The proxy answered with HTTP {status}.", status)
        return Told({"status": status}, Numbers())
