"""What one refresh of each page costs the server, over a gateway as large as operators know them.

The gateway's store holds 100,000 exact entries, 20,000 vectors, 50,000 incidents and what 5,000 users spent; the log a
day of 100,000 requests with 400 keys. Pages are asked in this process as a browser would ask them, each in a new second,
so that nothing comes from the cache of results.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from flask.testing import FlaskClient

from bench.dataset import DAY, Traffic
from bench.results import Figure
from bench.stores import Log
from helix_dash.app import create_app
from helix_dash.auth.users import create_user
from helix_dash.context import open_log
from helix_dash.embedded import EmbeddedStore
from helix_dash.pages import all_sections
from helix_dash.samples.writer import SampleWriter
from helix_dash.settings import load
from helix_dash.sources.gateway.questions import SOURCE, questions
from helix_dash.sources.polling import Poller
from helix_dash.store import SPENT, connect
from helix_dash.ui import shell

REQUESTS, EXACT, VECTORS, INCIDENTS, SPENDERS = 100_000, 100_000, 20_000, 50_000, 5_000
FLOOR = "overview"
_PASSWORD = "a-password-for-the-benchmark"  # noqa: S105 - of an account in a store that is thrown away
_STATE: dict[str, Any] = {
    "from": "now-24h", "to": "now", "where": {}, "without": {}, "zone": None, "compare": False, "charts": {}, "grid": None,
}  # fmt: skip
_PART = 5_000


@dataclass(frozen=True, slots=True)
class Refresh:
    """One refresh: milliseconds of the server, commands sent to the store, and round trips to it."""

    ms: float
    commands: int
    trips: int


def figures(
    folder: Path, now: int, rounds: int, say: Callable[[str], None], scale: float = 1.0
) -> Iterator[Figure]:
    """Each page's refresh beside the overview's.

    Args:
        now: the present, microseconds since the epoch.
        scale: a part of the scene, for a quick look.
    """
    store = EmbeddedStore(folder / "pages-store")
    store.start()
    try:
        traffic = Traffic(round(REQUESTS * scale), now, DAY)
        Log(store, folder / "pages-parquet", traffic).fill(None, None)
        _gateway(store.url, scale)
        client = _signed_in(store.url, folder)
        pages = {key: calls for key, calls in _refreshes(client).items() if calls}
        say(f"pages: {', '.join(pages)}")
        runs: dict[str, list[Refresh]] = {key: [] for key in pages}
        for number in range(rounds + 1):
            for key, bodies in pages.items():
                one = _refresh(client, bodies)
                if number:  # the first opens the log and fills what is kept
                    runs[key].append(one)
    finally:
        store.stop()
    floor = runs[FLOOR]
    for key, all_of_it in runs.items():
        yield Figure(f"page.{key}", "ms", tuple(one.ms for one in all_of_it), tuple(one.ms for one in floor), "costs")  # fmt: skip
        for unit in ("commands", "trips"):
            told, least = (tuple(float(getattr(one, unit)) for one in part) for part in (all_of_it, floor))
            yield Figure(f"page.{key}.{unit}", unit, told, least, "costs")


def _gateway(url: str, scale: float) -> None:
    """The gateway's keys, and one round of the collector's questions about them."""
    client: Any = connect(url)
    born, today = round(time.time()) - 3_600, datetime.now(UTC)
    counts = [round(count * scale) for count in (EXACT, VECTORS, INCIDENTS, SPENDERS)]
    with client.pipeline(transaction=False) as pipe:
        for number in range(max(counts)):
            entry = {
                "model": f"m{number % 12}",
                "created_at": born,
                "user_id": f"user-{number % SPENDERS:04d}",
            }
            if number < counts[0]:
                pipe.hset(f"helix:exact:{number:064x}", mapping=entry)
            if number < counts[1]:
                pipe.hset(f"helix:vector:{number:064x}", mapping=entry | {"vector": bytes(1536)})
            if number < counts[2]:
                at = (today - timedelta(seconds=number)).isoformat()
                pipe.rpush("helix:pii:incidents", json.dumps({"user_id": entry["user_id"], "entity_type": "US_SSN", "timestamp": at}))  # fmt: skip
            if number < counts[3]:
                pipe.zadd(f"helix:spend:user:user-{number:04d}", {today.date().isoformat(): 1.5})
            if number % _PART == _PART - 1:
                pipe.execute()
        pipe.execute()
    Poller(SOURCE, questions(lambda: client, UTC), client, SampleWriter(url)).step()


def _signed_in(url: str, folder: Path) -> FlaskClient:
    """A client of the app, as an administrator."""
    create_user(connect(url), "bench", _PASSWORD, "admin")
    given = {"REDIS_URL": url, "SECRET_KEY": secrets.token_urlsafe(48), "DATA_DIR": str(folder / "data"), "CACHE_DIR": str(folder / "pages-cache")}  # fmt: skip
    client = create_app(load(given), open_log=open_log).test_client()
    answer = client.post("/login", data={"username": "bench", "password": _PASSWORD})
    if answer.status_code != 303:
        raise RuntimeError(f"signing in was answered {answer.status_code}")
    return client


def _refreshes(client: FlaskClient) -> dict[str, list[dict[str, Any]]]:
    """What an open page sends at each tick, by the page's key."""
    dependencies = cast("list[dict[str, Any]]", client.get("/_dash-dependencies").json)
    tick, state = shell.INPUTS["tick"].component_id, shell.INPUTS["state"].component_id
    found: dict[str, list[dict[str, Any]]] = {}
    for section in all_sections(show_gallery=False):
        ticking = [one for one in section.callbacks.recorded if tick in str(one.options.get("inputs"))]
        places = {_first(one.options.get("output") or one.arguments) for one in ticking}
        mine = [one for one in dependencies if places & set(one["output"].strip(".").split("..."))]
        found[section.key] = [_body(one, {f"{tick}.data": {"n": 1}, f"{state}.data": _STATE}) for one in mine]
    return found


def _first(outputs: Any) -> str:
    """The first place that a callback fills, as the browser names it."""
    while isinstance(outputs, dict | list | tuple):
        outputs = next(iter(outputs.values() if isinstance(outputs, dict) else outputs))
    return f"{outputs.component_id}.{outputs.component_property}"


def _body(call: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """What a browser sends for ``call``, as far as a page without a person knows it."""
    several = call["output"].startswith("..")
    names = [name.rpartition(".") for name in call["output"].strip(".").split("...")]
    places = [{"id": name, "property": part} for name, _, part in names]
    parts = {
        kind: [{**part, "value": values.get(f"{part['id']}.{part['property']}")} for part in call[kind]]
        for kind in ("inputs", "state")
    }
    outputs = places if several else places[0]
    return {"output": call["output"], "outputs": outputs, **parts, "changedPropIds": list(values)[:1]}


def _refresh(client: FlaskClient, bodies: list[dict[str, Any]]) -> Refresh:
    time.sleep(1.01 - time.time() % 1)
    before, began = (SPENT.commands, SPENT.trips), time.perf_counter()
    for body in bodies:
        answer = client.post("/_dash-update-component", json=body)
        if answer.status_code != 200:
            raise RuntimeError(f"{body['output']} was answered {answer.status_code}")
    took = time.perf_counter() - began
    return Refresh(took * 1000, SPENT.commands - before[0], SPENT.trips - before[1])
