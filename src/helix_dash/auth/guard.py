"""The door: every request below the prefix passes here first, and what is not allowed in writing is refused.

Dash's routes are routes of the Flask server, so a blueprint's own hook would not cover them; this one is the
server's, held to the prefix.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from flask import Flask, Response, g, redirect, request
from werkzeug.exceptions import MethodNotAllowed
from werkzeug.wrappers import Response as BaseResponse

from helix_dash.auth import pages
from helix_dash.auth.calls import Calls
from helix_dash.auth.hosts import Hosts
from helix_dash.auth.policy import permissions
from helix_dash.auth.session import Sessions
from helix_dash.auth.trail import Trail
from helix_dash.auth.users import find_token
from helix_dash.context import Running, User
from helix_dash.errors import Forbidden, HelixError, NotFound, NotSignedIn, StoreUnavailable
from helix_dash.http_errors import error_json, refusal

MAX_BODY = 2**20
"""Bytes a request may carry."""

STATIC = ("assets/", "_dash-component-suites/", "_favicon.ico")
"""What anybody may fetch: the same files for all, none of them data."""
OPEN = ("login", "logout")
"""What answers without a sign-in, and asks for one itself where it must."""
PROBES = ("healthz", "readyz")
"""What a machine asks, by whatever name or address it has for us."""

_API = "api/"
_CALLS = "_dash-update-component"
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_Answer = BaseResponse | None


@dataclass(frozen=True, slots=True)
class Guard:
    """The door of one app.

    Args:
        running: the app.
        sessions: its sessions.
        calls: what is known of its callbacks.
        trail: where refusals are written down.
        hosts: the host names it answers to.
    """

    running: Running
    sessions: Sessions
    calls: Calls
    trail: Trail
    hosts: Hosts

    def install(self, server: Flask) -> None:
        """Stand in front of all routes of ``server`` below the prefix, and behind them for what they refuse."""
        server.before_request(self.admit)
        server.after_request(self.trail.leave)

    def covers(self) -> bool:
        """Whether the present request is this app's: by its path, or by the route it found."""
        rule = request.url_rule.rule if request.url_rule else ""
        return request.path.startswith(self.running.prefix) or rule.startswith(self.running.prefix)

    def admit(self) -> _Answer:
        """Let the request through (``None``), or answer it here."""
        if not self.covers():
            return None
        g.helix_dash = self.running
        g.helix_user = None
        self.trail.arrive()
        name = request.path.removeprefix(self.running.prefix)
        if name in PROBES:
            return self._open(name)
        if not self.hosts.serve(request.host):
            return error_json(400, "unknown_host", "This host name is not served here. See TRUSTED_HOSTS.")
        if name.startswith(STATIC) and not self._is_page():
            return None
        request.max_content_length = MAX_BODY
        if (request.method not in _READS or name == "logout") and self._cross_site():
            return error_json(403, "cross_site", "This request came from another site.")
        if name in OPEN:
            return None
        try:
            g.helix_user = self._asker(name)
            return self._inside(name)
        except HelixError as error:
            return self._refuse(error)

    def _open(self, name: str) -> _Answer:
        """``readyz`` says more to those who are signed in; for the others this is nobody's business."""
        if name == "readyz":
            try:
                g.helix_user = self.sessions.current()
            except StoreUnavailable:
                g.helix_user = None
        return None

    def _asker(self, name: str) -> User | None:
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        if name.startswith(_API) and scheme.lower() == "bearer":
            token = find_token(self.running.store, secret.strip())
            if token is None:
                return None
            return User(token.name, token.role, token.organization, permissions(token.role), "token")
        return self.sessions.current()

    def _inside(self, name: str) -> _Answer:
        """What a signed-in asker gets at ``name``.

        Raises:
            NotSignedIn, Forbidden, NotFound, BadQuery: and so on.
        """
        asker: User | None = g.helix_user
        if asker is None:
            raise NotSignedIn("Please sign in.")
        if "read" not in asker.permissions:
            raise Forbidden("read")
        if isinstance(request.routing_exception, MethodNotAllowed):
            return error_json(405, "method_not_allowed", f"{request.method} is not possible here.")
        if name == _CALLS:
            self.calls.check(request, asker)
        elif self._is_page():
            permission = self.running.pages.get("/" + name)
            if permission is None:
                raise NotFound("There is no such page.")
            if permission not in asker.permissions:
                raise Forbidden(permission)
        elif request.url_rule is None:
            raise NotFound("There is nothing here.")
        return None

    def _is_page(self) -> bool:
        """Whether Dash's index or catch-all would answer: both give its page, whatever the address."""
        rule = request.url_rule.rule if request.url_rule else None
        return rule in (self.running.prefix, self.running.prefix + "<path:path>")

    def _refuse(self, error: HelixError) -> BaseResponse:
        name = request.path.removeprefix(self.running.prefix)
        if not self._is_page() or name.startswith((_API, "exports/", "_dash")):
            return refusal(error)
        if isinstance(error, NotSignedIn):
            return redirect(self.running.path("login") + next_parameter())
        return pages.refused(error)

    def _cross_site(self) -> bool:
        """Whether a browser says that another site's page made this request.

        Programs send none of these headers, and have no cookie that somebody else could ride on.
        """
        if request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site"):
            return True
        origin = request.headers.get("Origin")
        if origin is None:
            return False
        base = urlsplit(self.running.settings.base_url)
        ours = {request.host} | ({base.netloc} if base.netloc else set())
        return urlsplit(origin).netloc not in ours


def next_parameter() -> str:
    """``?next=`` with the present address, for after the sign-in; empty when it is the first page."""
    running: Running = g.helix_dash
    wanted = running.settings.proxy_prefix + request.full_path.rstrip("?")
    if wanted == running.address:
        return ""
    return "?next=" + quote(wanted, safe="/")


def own_page(wanted: str | None, running: Running) -> str:
    """``wanted`` when it is the address of a page of this app, else its first page.

    An address is ours only when it is a plain path of our own table: whatever a browser might read as another
    host or another scheme is not.
    """
    home = running.address
    if not wanted or len(wanted) > 2000 or "\\" in wanted or not wanted.isprintable():
        return home
    try:
        parts = urlsplit(wanted)
    except ValueError:
        return home
    if parts.scheme or parts.netloc or not parts.path.startswith(home):
        return home
    if "/" + parts.path.removeprefix(home) not in running.pages:
        return home
    return parts.path + (f"?{parts.query}" if parts.query else "")


def security_headers(policy: str, running: Running) -> Callable[[Response], Response]:
    """What every answer below the prefix says to the browser.

    Args:
        policy: the content security policy.
        running: the app.
    """
    https = running.settings.base_url.startswith("https://")

    def add(response: Response) -> Response:
        if g.get("helix_dash") is not running:
            return response
        headers = response.headers
        headers.setdefault("Content-Security-Policy", policy)
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Referrer-Policy", "same-origin")
        headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        if https:
            headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        if not request.path.removeprefix(running.prefix).startswith(STATIC):
            headers["Cache-Control"] = "no-store"
        return response

    return add
