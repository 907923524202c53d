"""What the collector asks a FakeAI server, ready for :class:`~helix_dash.sources.polling.Poller`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from helix_dash.errors import SourceError
from helix_dash.samples.sources import FAKEAI
from helix_dash.sources.fakeai import endpoints, series
from helix_dash.sources.fakeai.client import Client
from helix_dash.sources.fakeai.endpoints import Endpoint
from helix_dash.sources.fakeai.told import KeyLimits
from helix_dash.sources.polling import Numbers, Question, Told

SOURCE = FAKEAI

_NUMBERS: dict[str, Callable[[Any], Numbers]] = {
    endpoints.RATES.name: series.of_rates,
    endpoints.MODELS.name: series.of_models,
    endpoints.KV_CACHE.name: series.of_kv_cache,
    endpoints.TIERS.name: series.of_limits,
}


def questions(
    client: Client, keys: Mapping[str, str], *, rates: bool = True, live: Callable[[], bool] = lambda: False
) -> list[Question]:
    """Everything a server is asked.

    Args:
        client: the server, or the mock.
        keys: name → key: those whose limits are asked for. Only their names are kept.
        rates: whether the rates of the moment are wanted.
        live: whether the WebSocket tells them at present, so that they need not be asked for.
    """
    found = [
        Question(
            endpoint.name,
            endpoint.every,
            _asking(client, endpoint),
            live if endpoint is endpoints.RATES else _never,
        )
        for endpoint in endpoints.ALWAYS
        if rates or endpoint is not endpoints.RATES
    ]
    if keys:
        one = endpoints.KEY_LIMITS
        found.append(Question(one.name, one.every, lambda: _of_keys(client, keys)))
    return found


def _asking(client: Client, endpoint: Endpoint) -> Callable[[], Told]:
    numbers = _NUMBERS.get(endpoint.name)

    def ask() -> Told:
        answer = client.ask(endpoint)
        return Told(answer, numbers(answer) if numbers else None)

    return ask


def _of_keys(client: Client, keys: Mapping[str, str]) -> Told:
    found: dict[str, KeyLimits] = {}
    for name, key in keys.items():
        try:
            found[name] = client.ask(endpoints.KEY_LIMITS, key)
        except SourceError as error:
            if error.status != 404:  # the server has not seen that key yet
                raise
    return Told(found, series.of_limits(found))


def _never() -> bool:
    return False
