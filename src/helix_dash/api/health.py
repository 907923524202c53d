"""``/healthz``: this process lives. ``/readyz``: it can serve figures; if not, why, to those signed in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import orjson
from flask import Blueprint, Response

from helix_dash import context
from helix_dash.errors import HelixError
from helix_dash.log.retention import Retention
from helix_dash.model import utc_from_us
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
        told: dict[str, object] = {}
        asker = context.asker()
        if asker is not None:
            told["reasons"] = reasons
        if asker is not None and asker.organization is None and not reasons:
            told["log"] = _kept()
        return _answer(503 if reasons else 200, said | told)

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


def _kept() -> dict[str, object]:
    """What the log holds, and when it will next hold less. Of no concern to those who see one organization."""
    health, settings = context.log().health(), context.settings()
    kept = Retention(settings.log_retention_days, settings.log_retention_rows)
    purge = None if health.oldest is None else kept.leaves_at(health.oldest, health.rows)
    return {
        "oldest": None if health.oldest is None else _instant(health.oldest),
        "next_purge": None if purge is None else _instant(purge),
        "bytes": health.bytes,
    }


def _instant(micros: int) -> str:
    return utc_from_us(micros).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _answer(status: int, body: Mapping[str, object]) -> Response:
    return Response(orjson.dumps(body), status=status, mimetype="application/json")
