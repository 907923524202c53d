"""``/api/v1/views``: the saved views of who asks. Names: docs/api.md."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TypeVar
from urllib.parse import parse_qsl

import msgspec
import orjson
from flask import Blueprint, Response, request

from helix_dash import context
from helix_dash.auth import trail
from helix_dash.errors import BadQuery, Forbidden
from helix_dash.query_params import PAGE_ONLY, parse_query
from helix_dash.saved_views import store as views
from helix_dash.saved_views.store import View

LONGEST_SEARCH = 4000
"""Characters of an address's parameters: browsers and proxies take no more for certain either."""
_LONGEST_BODY = 16_384
_MOST_PARAMETERS = 400


class Draft(msgspec.Struct, forbid_unknown_fields=True):
    """What is to be saved."""

    name: str
    path: str
    search: str = ""
    shared: bool = False


class Patch(msgspec.Struct, forbid_unknown_fields=True):
    """What is to be changed; what is not given stays."""

    name: str | None = None
    default: bool | None = None


Body = TypeVar("Body", Draft, Patch)


def view_routes(name: str) -> Blueprint:
    """The saved views of one app; ``name`` is unique within the server."""
    routes = Blueprint(name, __name__)

    @routes.get("/api/v1/views")
    def list_views() -> Response:
        asker = context.user()
        found, chosen = views.visible(context.running().store, asker)
        may_see = {path for path, permission in context.running().pages.items() if context.may(permission)}
        shown = [_shown(view, chosen=chosen) for view in found if view.path in may_see]
        return _json({"views": shown, "may_share": context.may(views.SHARE)})

    @routes.post("/api/v1/views")
    def save_view() -> Response:
        draft = _body(Draft)
        _check_address(draft.path, draft.search)
        view = views.save(
            context.running().store,
            context.user(),
            draft.name,
            draft.path,
            draft.search,
            shared=draft.shared,
            by=trail.event("view.saved"),
        )
        return _json(_shown(view), status=201)

    @routes.patch("/api/v1/views/<identity>")
    def change_view(identity: str) -> Response:
        patch, asker, store = _body(Patch), context.user(), context.running().store
        if patch.name is None and patch.default is None:
            raise BadQuery("body", "There is nothing to change.")
        if patch.name is not None:
            view = views.rename(store, asker, identity, patch.name, by=trail.event("view.renamed"))
        if patch.default is not None:
            by = trail.event("view.chosen")
            view = views.set_default(store, asker, identity, chosen=patch.default, by=by)
        return _json(_shown(view, chosen=view.id if patch.default else ""))

    @routes.delete("/api/v1/views/<identity>")
    def delete_view(identity: str) -> Response:
        views.delete(context.running().store, context.user(), identity, by=trail.event("view.deleted"))
        return Response(status=204)

    return routes


def _shown(view: View, *, chosen: str = "") -> dict[str, str | bool]:
    return {
        "id": view.id,
        "name": view.name,
        "shared": view.shared,
        "default": view.id == chosen,
        "path": view.path,
        "search": view.search,
        "saved": view.saved,
    }


def _body(kind: type[Body]) -> Body:
    """The request's body.

    Raises:
        BadQuery: it is too long, no JSON, or of another shape.
    """
    if (request.content_length or 0) > _LONGEST_BODY:
        raise BadQuery("body", f"A view has at most {_LONGEST_BODY} bytes.")
    try:
        return msgspec.json.decode(request.get_data(), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadQuery("body", "This is not a view.") from error


def _check_address(path: str, search: str) -> None:
    """Go on only with an address that can be opened: of a page they may see, with parameters that are some.

    Raises:
        BadQuery: it cannot.
        Forbidden: the page is not theirs to see.
    """
    permission = context.running().pages.get(path)
    if permission is None:
        raise BadQuery("path", "There is no such page.")
    if not context.may(permission):
        raise Forbidden(permission)
    plain = search.isascii() and search.isprintable() and len(search) <= LONGEST_SEARCH
    if not plain or (search and not search.startswith("?")):
        raise BadQuery("search", f"search is ? and parameters, at most {LONGEST_SEARCH} characters.")
    try:
        args = parse_qsl(search[1:], keep_blank_values=True, max_num_fields=_MOST_PARAMETERS)
    except ValueError as error:
        raise BadQuery("search", "These are too many parameters.") from error
    parse_query(args, context.settings().zone, datetime.now(UTC), also=PAGE_ONLY)


def _json(body: object, status: int = 200) -> Response:
    return Response(orjson.dumps(body), status=status, mimetype="application/json")
