"""``/api/v1/…``: the figures of the cards and the rows of the grid, for programs. Names: docs/api.md."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException

from helix_dash import context
from helix_dash.api import cursor as cursors
from helix_dash.errors import BadQuery, HelixError, StoreUnavailable
from helix_dash.http_errors import error_json, refusal
from helix_dash.log.query import RequestLog
from helix_dash.log.schema import SHOWN
from helix_dash.metrics import trust
from helix_dash.metrics.summary import summary
from helix_dash.model import Filter, Period, Slice, us_from_utc, utc_from_us
from helix_dash.query_params import PAGE_ONLY, parse_query, parse_sort
from helix_dash.ui.trust import told

DEFAULT_LIMIT = 100
MOST = 1000
MOST_VALUES = 200

SUMMARY = (
    "requests",
    "errors",
    "success_rate",
    "input_tokens",
    "cached_tokens",
    "output_tokens",
    "reasoning_tokens",
    "total_tokens",
    "cost_usd",
    "avoided_cost_usd",
    "unpriced_requests",
    "cache_hits_exact",
    "cache_hits_semantic",
    "cache_hit_rate",
    "latency_ms_p50",
    "latency_ms_p95",
    "latency_ms_p99",
    "ttft_ms_p50",
    "ttft_ms_p95",
    "as_of",
    "dropped",
    "simulated_share",
)
"""What ``/api/v1/summary`` answers, in this order."""

_COLUMNS = tuple(column.name for column in SHOWN)
_PAGING = frozenset({"limit", "cursor"})
_logger = logging.getLogger("helix_dash.api")


def api_routes(name: str) -> Blueprint:
    """The API of one app; ``name`` is unique within the server."""
    routes = Blueprint(name, __name__)

    @routes.get("/api/v1/summary")
    def show_summary() -> Response:
        where = parse_query(request.args.items(multi=True), context.settings().zone, _now())
        found = summary(_fresh_log(), context.scope(), where)
        return _json({column: getattr(found, column) for column in SUMMARY})

    @routes.get("/api/v1/requests")
    def list_requests() -> Response:
        return _json(_listing(list(request.args.items(multi=True))))

    @routes.get("/api/v1/trust")
    def show_trust() -> Response:
        # Unlike figures, this is worth most when the store is away; and a page asks with its own address, which
        # may be one that cannot be read: how fresh the log is does not depend on it.
        zone, now = context.settings().reporting, _now()
        where = None
        try:
            asked = context.zone({"zone": request.args.get("zone")})
            where = parse_query(request.args.items(multi=True), zone.info, now, also=PAGE_ONLY)
        except BadQuery:
            asked = zone
        facts = trust.facts(context.log(), context.scope(), where, us_from_utc(now))
        pace, why = context.running().pace.now()
        return _json(told(replace(facts, pace=pace, why_slow=why), asked, zone))

    @routes.get("/api/v1/values")
    def list_values() -> Response:
        single = _once(list(request.args.items(multi=True)), ("column", "contains"))
        found = context.log().values(
            context.scope(), single.get("column", ""), single.get("contains", ""), MOST_VALUES + 1
        )
        return _json({"values": found[:MOST_VALUES], "more": len(found) > MOST_VALUES})

    @routes.errorhandler(HelixError)
    def refuse(error: HelixError) -> Response:
        return refusal(error)

    @routes.errorhandler(Exception)
    def fail(error: Exception) -> Response:
        if isinstance(error, HTTPException):
            return error_json(error.code or 500, "refused", error.name)
        reference = secrets.token_hex(4)
        _logger.exception("%s failed, reference %s", request.path, reference)
        return error_json(500, "internal", f"This failed; the reference in our log is {reference}.")

    return routes


def _listing(args: list[tuple[str, str]]) -> dict[str, Any]:
    single = _once(args, ("limit", "cursor", "sort"))
    limit = _limit(single.get("limit"))
    asked = tuple((name, value) for name, value in args if name not in _PAGING)
    if "cursor" in single:
        start = cursors.read(single["cursor"])
        if asked and asked != start.query:
            raise BadQuery("cursor", "This cursor belongs to another query.")
        asked = start.query
    else:
        start = None
    zone, now = context.settings().zone, _now()
    where = parse_query(asked, zone, now, also={"sort"})
    if start:
        where = where.during(Period(utc_from_us(start.start), utc_from_us(start.end)))
    sort = parse_sort(dict(asked).get("sort", "-time"))
    part = Slice(start.offset if start else 0, limit)
    page = _fresh_log().page(context.scope(), where, sort, part, watermark=start.watermark if start else None)
    return {
        "rows": [{name: row[name] for name in _COLUMNS} for row in page.rows],
        "total": page.total,
        "next": _next(where, part, page.total, page.watermark, asked),
    }


def _next(
    where: Filter, part: Slice, total: int, watermark: int, asked: tuple[tuple[str, str], ...]
) -> str | None:
    offset = part.offset + part.limit
    if offset >= total:
        return None
    period = where.period
    return cursors.Cursor(offset, us_from_utc(period.start), us_from_utc(period.end), watermark, asked).text()


def _once(args: list[tuple[str, str]], names: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in args:
        if name in names:
            if name in found:
                raise BadQuery(name, f"{name} may be given once.")
            found[name] = value
    return found


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_LIMIT
    if not (text.isascii() and text.isdigit() and len(text) <= 6 and 1 <= int(text) <= MOST):
        raise BadQuery("limit", f"limit must be from 1 to {MOST}.")
    return int(text)


def _fresh_log() -> RequestLog:
    """The log, when it is known to be up to date: a program cannot see a banner that says "stale".

    Raises:
        StoreUnavailable: the store does not answer.
    """
    log = context.log()
    if not log.health().store_ok:
        raise StoreUnavailable("The store does not answer; figures would be out of date.")
    return log


def _json(body: Mapping[str, Any]) -> Response:
    return Response(orjson.dumps(body, default=_plain), mimetype="application/json")


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _now() -> datetime:
    return datetime.now(UTC)
