"""A back office with pages and a sign-in of its own, and the dashboard inside it: twice, for two departments."""

from __future__ import annotations

import os
from collections.abc import Mapping
from hmac import compare_digest

from flask import Flask, redirect, request, session
from werkzeug.wrappers import Response

from helix_dash.blueprint import helix_blueprint
from helix_dash.settings import Settings, load


def create_host(settings: Settings, staff: Mapping[str, str]) -> Flask:
    """The host, for ``staff`` (name → password). ``settings`` are the dashboard's.

    Its ``SECRET_KEY`` signs the host's session as well: the two share one cookie, each has its own part of it.
    """
    host = Flask("back_office")
    host.secret_key = settings.secret_key

    @host.get("/")
    def home() -> str | Response:
        if "staff" not in session:
            return redirect("/sign-in")
        return f"Hello {session['staff']}. <a href='/helix/'>LLM gateway</a>"

    @host.route("/sign-in", methods=["GET", "POST"])
    def sign_in() -> str | Response:
        name, password = request.form.get("name", ""), request.form.get("password", "")
        if name in staff and compare_digest(staff[name].encode(), password.encode()):
            session["staff"] = name
            return redirect("/")
        return "<form method='post'><input name='name'><input name='password' type='password'><button>Sign in</button></form>"

    @host.errorhandler(404)
    def missing(_error: Exception) -> tuple[str, int]:
        return "The back office has no such page.", 404

    host.register_blueprint(helix_blueprint(settings), url_prefix="/helix")
    host.register_blueprint(helix_blueprint(settings), url_prefix="/helix2")
    return host


if os.environ.get("SECRET_KEY"):  # under gunicorn; the tests call create_host
    app = create_host(load(os.environ), {"mia": os.environ["BACK_OFFICE_PASSWORD"]})
