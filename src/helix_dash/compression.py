"""What goes over the wire: answers packed with Brotli or gzip, static files packed once and kept by browsers.

Static files (ours and those of Dash's component suites) are packed as well as is worth it, once per process, and
kept in memory: a bit more than a megabyte. Pages and figures are packed quickly, at each answer. Files whose
address names their contents are ``immutable``: a browser does not ask for them again.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable
from functools import partial

import brotli
from flask import Blueprint, Flask, Response, g, request, session

from helix_dash import assets
from helix_dash.context import Running

STATIC = (assets.PATH, "_dash-component-suites/")
"""Where static files are served, below the prefix."""
WORTHWHILE = 1024
"""Bytes from which packing saves a packet."""
PACKABLE = frozenset(
    {
        "application/javascript",
        "application/json",
        "image/svg+xml",
        "text/css",
        "text/html",
        "text/javascript",
    }
)
YEAR, WEEK = 31_536_000, 604_800

_ONCE: dict[str, Callable[[bytes], bytes]] = {
    "br": lambda data: brotli.compress(data, quality=9),
    "gzip": lambda data: gzip.compress(data, 9, mtime=0),
}
_EACH_TIME: dict[str, Callable[[bytes], bytes]] = {
    "br": lambda data: brotli.compress(data, quality=4),
    "gzip": lambda data: gzip.compress(data, 5, mtime=0),
}
ENCODINGS = tuple(_ONCE)
"""What we offer, the best first."""


def bundle_routes(name: str) -> Blueprint:
    """The bundles of :mod:`helix_dash.assets`, among the files they are made of."""
    routes = Blueprint(name, __name__)
    for bundle in assets.BUNDLES:
        routes.add_url_rule(f"/{assets.PATH}{bundle}", bundle.replace(".", "-"), partial(_bundle, bundle))
    return routes


def _bundle(bundle: str) -> Response:
    kind = "text/css" if bundle.endswith(".css") else "text/javascript"
    response = Response(assets.contents(bundle), mimetype=kind)
    response.set_etag(assets.version(bundle))
    response.make_conditional(request)
    return response


class Packing:
    """Packs the answers of one app."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._kept: dict[tuple[str, str], tuple[str, bytes]] = {}

    def prepare(self, server: Flask, addresses: Iterable[str]) -> None:
        """Pack the static files at ``addresses`` for every encoding, by asking ``server`` for them."""
        client = server.test_client(use_cookies=False)
        for address in addresses:
            for encoding in ENCODINGS:
                client.get(address, headers={"Accept-Encoding": encoding}).close()

    def pack(self, response: Response) -> Response:
        """``response`` as the client asked to have it; for ``Flask.after_request``."""
        if g.get("helix_dash") is not self._running:
            return response
        name = request.path.removeprefix(self._running.prefix)
        if not name.startswith(STATIC):
            return self._dynamic(response)
        # A static file is the same for everybody, so no cookie may keep a browser from using the one it has. That
        # flask-login looks into the session, to no end here, would say otherwise.
        session.accessed = False
        response.vary.add("Accept-Encoding")
        if response.status_code in (200, 304):
            response.headers["Cache-Control"] = _lifetime(name, response)
        if response.status_code == 200 and response.mimetype in PACKABLE:
            self._static(name, response)
        return response

    def _static(self, name: str, response: Response) -> None:
        if not response.get_etag()[0]:
            response.add_etag()
        tag = response.get_etag()[0] or ""
        encoding = request.accept_encodings.best_match(ENCODINGS)
        if encoding is None:
            return
        kept = self._kept.get((name, encoding))
        if kept is None or kept[0] != tag:
            response.direct_passthrough = False
            packed = _ONCE[encoding](response.get_data())
            kept = self._kept[name, encoding] = (tag, packed)
        response.close()  # the file itself is not sent
        response.direct_passthrough = False
        response.set_data(kept[1])
        response.headers.pop("Accept-Ranges", None)
        response.headers["Content-Encoding"] = encoding
        # one tag per encoding: a cache may hold both
        response.set_etag(f"{tag}-{encoding}")
        response.make_conditional(request)

    def _dynamic(self, response: Response) -> Response:
        if response.mimetype not in PACKABLE or response.is_streamed or response.status_code in (204, 304):
            return response
        response.vary.add("Accept-Encoding")
        encoding = request.accept_encodings.best_match(ENCODINGS)
        if encoding is None or "Content-Encoding" in response.headers:
            return response
        data = response.get_data()
        if len(data) >= WORTHWHILE:
            response.set_data(_EACH_TIME[encoding](data))
            response.headers["Content-Encoding"] = encoding
        return response


def _lifetime(name: str, response: Response) -> str:
    """How long a browser may use a static file without asking."""
    if name.startswith(assets.PATH):
        own = name.removeprefix(assets.PATH)
        if request.args.get("v") and request.args["v"] == assets.version(own):
            return f"public, max-age={YEAR}, immutable"
        # fonts are named by a style sheet, without a version; what they are called changes when they do
        return f"public, max-age={WEEK}" if own.startswith("fonts/") else "no-cache"
    # Dash names version and time in the addresses it gives a year
    return f"public, max-age={YEAR}, immutable" if response.cache_control.max_age == YEAR else "no-cache"
