"""``/healthz``: this process lives. ``/readyz``: it can serve figures; if not, why, to those signed in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import orjson
from flask import Blueprint, Response

from helix_dash import context
from helix_dash.errors import HelixError
from helix_dash.store import reaching


def health_routes(name: str) -> Blueprint:
    """Both routes of one app; ``name`` is unique within the server."""
    routes = Blueprint(name, __name__)

    @routes.get("/healthz")
    def healthz() -> Response:
        return _answer(200, {"status": "ok"})

    @routes.get("/readyz")
    def readyz() -> Response:
        reasons = list(_reasons())
        said = {"status": "unavailable" if reasons else "ready"}
        if context.asker() is not None:
            return _answer(503 if reasons else 200, said | {"reasons": reasons})
        return _answer(503 if reasons else 200, said)

    return routes


def _reasons() -> Iterator[str]:
    try:
        with reaching():
            context.running().store.ping()
        health = context.log().health()
    except HelixError as error:
        yield str(error)
        return
    if not health.store_ok:
        yield health.error


def _answer(status: int, body: Mapping[str, object]) -> Response:
    return Response(orjson.dumps(body), status=status, mimetype="application/json")
