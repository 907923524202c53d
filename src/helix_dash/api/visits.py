"""``/api/v1/visits``: browsers report how our pages did for them. Names: docs/api.md."""

from __future__ import annotations

from flask import Blueprint, Response, request

from helix_dash import context
from helix_dash.errors import BadQuery
from helix_dash.http_errors import error_json
from helix_dash.ui.format import now_us
from helix_dash.vitals.visits import LONGEST_BODY, PER_MINUTE, NoVisit, Visits, read


def visit_routes(name: str, visits: Visits) -> Blueprint:
    """The route of one app, which adds reports to ``visits``; ``name`` is unique within the server."""
    routes = Blueprint(name, __name__)

    @routes.post("/api/v1/visits")
    def take_visit() -> Response:
        if not visits.room(context.user().key):
            return error_json(429, "too_many", f"At most {PER_MINUTE} reports a minute.")
        if (request.content_length or 0) > LONGEST_BODY:
            raise BadQuery("body", f"A report has at most {LONGEST_BODY} bytes.")
        try:
            visit = read(request.get_data(), now_us())
        except NoVisit as error:
            raise BadQuery("body", "This is not a report of a page.") from error
        if visit.page not in context.running().pages:
            raise BadQuery("page", "There is no such page.")
        visits.take(visit)
        return Response(status=204)

    return routes
