"""The app with its real pages over a real log, and hand-made calls of everything that is registered in it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from helix_dash.app import create_app
from helix_dash.auth.users import create_user
from helix_dash.context import open_log
from helix_dash.embedded import EmbeddedStore
from helix_dash.log.fold import Fold
from helix_dash.log.retention import Retention
from helix_dash.store import connect
from request_records import a_request, recorded
from test_every_route import calls
from webapp import PASSWORD, ROLES, settings_for, sign_in

CALL = "/_dash-update-component"
RECORDS = 20


def whole_app(store: EmbeddedStore, folder: Path, **environ: str) -> Flask:
    """One account per role, and some requests of this hour."""
    with connect(store.url) as client:
        client.flushall()
        for role in ROLES:
            create_user(client, role, PASSWORD, role)
    now = datetime.now(UTC)
    recorded(store.url, *(a_request(time=now - timedelta(minutes=n + 1)) for n in range(RECORDS)))
    Fold(store.url, retention=Retention(90)).step()
    return create_app(settings_for(store.url, folder, **environ), open_log=open_log)


def signed_in(app: Flask, role: str) -> FlaskClient:
    """A browser of somebody with ``role``."""
    client = app.test_client()
    assert sign_in(client, role).status_code == 303
    return client


def bodies(app: Flask) -> dict[str, dict[str, Any]]:
    """A well-formed call of every callback, by its output."""
    return dict(calls(app))


class Lines(logging.Handler):
    """What the server's log would hold."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines += self.format(record).splitlines()

    @property
    def stacks(self) -> list[str]:
        return [line for line in self.lines if "Traceback" in line]


@contextmanager
def heard() -> Iterator[Lines]:
    """Listens to everything the process logs at level INFO or above."""
    lines = Lines()
    root = logging.getLogger()
    root.addHandler(lines)
    try:
        yield lines
    finally:
        root.removeHandler(lines)
