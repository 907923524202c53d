"""The connection to Redis or Valkey, with the time-outs this product can live with.

redis-py's defaults retry ten times and wait five seconds each; a page of six reads would hang for minutes,
and an increment whose reply was lost would be counted twice. So: short time-outs, one retry for reads, none
for writes that are not idempotent.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from helix_dash.errors import StoreUnavailable

CONNECT_TIMEOUT = 0.5
READ_TIMEOUT = 2.0


def connect(url: str, *, retries: int = 1, timeout: float = READ_TIMEOUT) -> redis.Redis:
    """A client for ``url``, answering bytes; it connects at the first command, not here.

    Args:
        url: ``redis://``, ``rediss://`` or ``unix://``.
        retries: how often one command may be sent again after a broken connection: 1 for reads and for
            writes that may safely happen twice, 0 for all others.
        timeout: seconds one answer may take.
    """
    return redis.Redis.from_url(
        url,
        socket_connect_timeout=CONNECT_TIMEOUT,
        socket_timeout=timeout,
        retry=Retry(NoBackoff(), retries),
        health_check_interval=15,
    )


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
    except redis.RedisError as error:
        # The class says enough; the text could hold an address with a password.
        raise StoreUnavailable(f"The store did not answer ({type(error).__name__}).") from error
