"""How a refusal looks over HTTP: one JSON form, one place that maps the tree of errors to statuses."""

from __future__ import annotations

import orjson
from flask import Response, g

from helix_dash.errors import BadQuery, Forbidden, HelixError, NotFound, NotSignedIn, StoreError


def error_json(status: int, code: str, message: str, field: str | None = None) -> Response:
    """``{"error": {"code", "message", "field"}}`` with ``status``; ``field`` only where one is at fault."""
    g.helix_refusal = (code, message)  # for the log's line about it
    error = {"code": code, "message": message} | ({"field": field} if field else {})
    return Response(orjson.dumps({"error": error}), status=status, mimetype="application/json")


def refusal(error: HelixError) -> Response:
    """What the API and callbacks answer when ``error`` was raised."""
    message = str(error)
    match error:
        case NotSignedIn():
            return error_json(401, "not_signed_in", message)
        case Forbidden():
            return error_json(403, "forbidden", message)
        case NotFound():
            return error_json(404, "not_found", message)
        case BadQuery():
            return error_json(400, "bad_query", message, error.field)
        case StoreError():
            return error_json(503, "store_unavailable", message)
        case _:
            return error_json(400, "refused", message)
