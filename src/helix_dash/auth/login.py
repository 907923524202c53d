"""Signing in and out."""

from __future__ import annotations

from flask import Blueprint, Response, g, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from helix_dash import context
from helix_dash.auth import pages, passwords, throttle, trail
from helix_dash.auth.guard import own_page
from helix_dash.auth.session import Sessions
from helix_dash.auth.users import Account, end_sessions, find_user, user_count
from helix_dash.errors import StoreUnavailable

WRONG = "That name and password do not belong together."
STORE_GONE = "The store does not answer, so nobody can sign in at the moment. Please try again shortly."


def login_routes(name: str, sessions: Sessions) -> Blueprint:
    """``/login`` and ``/logout`` of one app.

    Args:
        name: the blueprint's name, unique within the server.
        sessions: where they begin and end.
    """
    routes = Blueprint(name, __name__)

    @routes.get("/login")
    def ask() -> BaseResponse:
        app = context.running()
        try:
            if sessions.current() is not None:
                return redirect(own_page(request.args.get("next"), app))
            empty = user_count(app.store) == 0
        except StoreUnavailable:
            return form(503, STORE_GONE)
        return form(200, empty=empty)

    @routes.post("/login")
    def sign_in() -> BaseResponse:
        try:
            return attempt(sessions)
        except throttle.TooManyAttempts as error:
            trail.note("sign-in", detail="too many attempts")
            answer = form(429, str(error))
            answer.headers["Retry-After"] = str(error.retry_after)
            return answer
        except StoreUnavailable:
            return form(503, STORE_GONE)

    @routes.route("/logout", methods=["GET", "POST"])
    def sign_out() -> BaseResponse:
        try:
            leave(
                sessions, everywhere=request.method == "POST" and "1" in request.values.getlist("everywhere")
            )
        except StoreUnavailable:
            return form(503, "You are signed out here, but copies of this session may live on. " + STORE_GONE)
        return redirect(context.running().path("login"))

    return routes


def leave(sessions: Sessions, *, everywhere: bool) -> None:
    """Sign out: here, or ``everywhere``, which ends all sessions of the account.

    Raises:
        StoreUnavailable: the cookie is emptied, but copies of it and other sessions may live on.
    """
    app = context.running()
    try:
        asker = sessions.current()
    except StoreUnavailable:
        asker = None
    sessions.end()
    if asker is None:
        return
    if everywhere:
        end_sessions(app.store, asker.name, by=trail.event("sign-out.everywhere", who=asker.key))
    else:
        trail.record("sign-out", asker.key, who=asker.key)


def attempt(sessions: Sessions) -> BaseResponse:
    """One try to sign in, with the name and password of the form.

    Raises:
        TooManyAttempts: there were too many of them.
        StoreUnavailable: nobody can be signed in now.
    """
    name, password = request.form.get("username", "").strip(), request.form.get("password", "")
    if not name or not password:
        return form(400, "Please enter a name and a password.")
    if passwords.too_long(password) or len(name) > 200:
        return form(400, "That is too long for a name or a password.")
    app = context.running()
    address = request.remote_addr or ""
    throttle.count_attempt(app.store, name, address)
    account = find_user(app.store, name)
    usable = account if account is not None and not account.disabled else None
    if not passwords.verified(password, usable.password if usable else None) or usable is None:
        _refused(name, account)
        return form(401, WRONG)
    throttle.forget_attempt(app.store, name, address)
    trail.record("sign-in", f"account:{name}", f"role {usable.role}", who=f"account:{name}")
    sessions.begin(name, usable)
    return redirect(own_page(request.values.get("next"), app), code=303)


def _refused(name: str, account: Account | None) -> None:
    # A name that nobody has may be a password, typed into the wrong field.
    if account is None:
        trail.note("sign-in", "(no such account)", "wrong name")
    else:
        trail.note("sign-in", f"account:{name}", "disabled" if account.disabled else "wrong password")


def form(status: int, message: str = "", *, empty: bool = False) -> Response:
    """The sign-in page; what was typed as the name stays, the password does not."""
    g.helix_refusal = ("sign_in", message)
    return pages.page(
        "login.html",
        status,
        message=message,
        empty=empty,
        name=request.form.get("username", "")[:200],
        next=request.values.get("next", "")[:2000],
    )
