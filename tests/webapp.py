"""A web app over a real store and a log made by hand, for the tests of sign-in, API and exports."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import redis
from dash import Input, Output, State, html
from flask import Flask
from flask.testing import FlaskClient

from helix_dash.app import create_app
from helix_dash.auth.users import create_user
from helix_dash.embedded import EmbeddedStore
from helix_dash.settings import Settings, load
from helix_dash.store import connect
from helix_dash.ui.section import Section
from helix_dash.ui.wiring import Callbacks

SECRET_KEY = "kJ8s-9dfLmq2Pz7wXv4Bn6Tr1Yc5Gh3Ea0Ui"
PASSWORD = "correct horse battery"
ROLES = ("viewer", "analyst", "editor", "admin")

entered: list[str] = []
"""Which callbacks of :data:`SECTION` have run."""

_on = Callbacks()


@_on(Output("figure", "children"), Input("tick", "data"), State("session", "data"))
def show(tick: Any, session: Any) -> str:
    entered.append("show")
    return "the data"


@_on(Output("purged", "children"), Input("purge", "n_clicks"), permission="cache:write")
def purge(clicks: Any) -> str:
    entered.append("purge")
    return "purged"


SECTION = Section("first", "First", "table", "Monitor", "/", lambda: html.Div(id="figure"), _on)
SECRET = Section(
    "secret", "Secret", "table", "Operate", "/secret", lambda: html.Div("incidents"), Callbacks(), "pii:read"
)
SECTIONS = (SECTION, SECRET)


def settings_for(url: str, folder: Path, **environ: str) -> Settings:
    """Settings of a web app that keeps everything in ``folder``."""
    given = {
        "REDIS_URL": url,
        "SECRET_KEY": SECRET_KEY,
        "DATA_DIR": str(folder / "data"),
        "CACHE_DIR": str(folder / "cache"),
    }
    return load(given | environ)


def build(settings: Settings, log: Any = None, sections: Sequence[Section] = SECTIONS, **given: Any) -> Flask:
    """The app, reading ``log``."""
    return create_app(settings, sections=sections, open_log=lambda _settings: log, **given)


def sign_in(client: FlaskClient, name: str, password: str = PASSWORD, prefix: str = "/") -> Any:
    """The answer to a try to sign in."""
    return client.post(f"{prefix}login", data={"username": name, "password": password})


def call(client: FlaskClient, output: str, *, inputs: Any = (), state: Any = (), prefix: str = "/") -> Any:
    """The answer to a callback as a page would make it: one output, ids and properties as ``id.property``."""
    identity, _, prop = output.rpartition(".")
    body = {
        "output": output,
        "outputs": {"id": identity, "property": prop},
        "inputs": [_part(*item) for item in inputs],
        "state": [_part(*item) for item in state],
        "changedPropIds": [item[0] for item in inputs],
    }
    return client.post(f"{prefix}_dash-update-component", json=body)


def body_of(
    dependencies: Sequence[Mapping[str, Any]], output: str, values: Mapping[str, Any]
) -> dict[str, Any]:
    """What an open page sends for the callback that fills ``output``, by what it was told of all callbacks.

    Args:
        dependencies: the answer of ``_dash-dependencies``.
        output: one of the callback's outputs, ``id.property``.
        values: the page's values by ``id.property``; the first is the one that has changed.
    """
    found = next(one for one in dependencies if output in one["output"].strip(".").split("..."))
    several = found["output"].startswith("..")
    outputs = [name.rpartition(".") for name in found["output"].strip(".").split("...")]
    places = [{"id": name, "property": prop} for name, _, prop in outputs]
    return {
        "output": found["output"],
        "outputs": places if several else places[0],
        **{
            kind: [{**part, "value": values.get(f"{part['id']}.{part['property']}")} for part in found[kind]]
            for kind in ("inputs", "state")
        },
        "changedPropIds": list(values)[:1],
    }


def _part(name: str, value: Any) -> dict[str, Any]:
    identity, _, prop = name.rpartition(".")
    return {"id": identity, "property": prop, "value": value}


def show_call(client: FlaskClient, **given: Any) -> Any:
    """A call of :func:`show`."""
    return call(client, "figure.children", inputs=[("tick.data", 1)], state=[("session.data", None)], **given)


@pytest.fixture(scope="module")
def web_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStore]:
    """One running store for a module's tests."""
    server = EmbeddedStore(tmp_path_factory.mktemp("store"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def store(web_store: EmbeddedStore) -> Iterator[redis.Redis]:
    """A client of an empty store."""
    if web_store.pid is None:
        web_store.start()
    with connect(web_store.url) as client:
        client.flushall()
        yield client


@pytest.fixture
def people(store: redis.Redis) -> redis.Redis:
    """A store with one account of each role, named like the role."""
    for role in ROLES:
        create_user(store, role, PASSWORD, role)
    return store


@pytest.fixture
def settings(web_store: EmbeddedStore, store: redis.Redis, tmp_path: Path) -> Settings:
    return settings_for(web_store.url, tmp_path)


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """The app with its two test pages and no log."""
    entered.clear()
    logging.getLogger("dash").handlers.clear()
    return build(settings)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()
