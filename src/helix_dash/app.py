"""The web app: the only place where the parts meet."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pandas as pd  # noqa: F401 - see below
from dash import Dash, html
from dash.development.base_component import Component
from dash.exceptions import DependencyException
from diskcache import Cache
from flask import Flask, g
from flask_login import LoginManager
from werkzeug.middleware.proxy_fix import ProxyFix

from helix_dash import assets, context, money, warm
from helix_dash.api.health import health_routes
from helix_dash.api.routes import api_routes
from helix_dash.api.visits import visit_routes
from helix_dash.auth.calls import Calls, on_error, permitted
from helix_dash.auth.guard import Guard, security_headers
from helix_dash.auth.hosts import hosts_of
from helix_dash.auth.login import login_routes
from helix_dash.auth.pages import SHEETS
from helix_dash.auth.session import LIFETIME, Sessions, check_secret_key
from helix_dash.auth.trail import Trail, note
from helix_dash.by_heart import ByHeart
from helix_dash.compression import Packing, bundle_routes
from helix_dash.context import Running
from helix_dash.errors import HelixError, SettingError, StoreUnavailable
from helix_dash.exports import callbacks as export_callbacks
from helix_dash.exports.folder import Folder
from helix_dash.exports.routes import export_routes
from helix_dash.exports.spawned_jobs import SpawnedJobs
from helix_dash.http_errors import error_json, refusal
from helix_dash.log.durable import private_folder
from helix_dash.log.query import RequestLog
from helix_dash.measuring import Measuring
from helix_dash.pages import all_sections
from helix_dash.saved_views.routes import view_routes
from helix_dash.saved_views.store import default as default_view
from helix_dash.settings import Settings
from helix_dash.store import connect
from helix_dash.ui import shell
from helix_dash.ui.section import Section

TITLE = "Helix Dash"
CHUNKS = ("dash/dcc/async-graph.js", "dash_ag_grid/async-community.js")
"""Scripts that others load when a chart or a grid is drawn."""

# pandas is imported above for what would happen otherwise: pyarrow imports it when it makes its first table, in
# the thread that follows the log, and plotly, which writes every layout as JSON, takes what is in sys.modules
# for a whole pandas. A page that was asked for in that moment answered 500.


def create_app(
    settings: Settings,
    *,
    server: Flask | None = None,
    prefix: str | None = None,
    sections: Sequence[Section] | None = None,
    open_log: Callable[[Settings], RequestLog] = context.followed_log,
) -> Flask:
    """The whole web app.

    Args:
        settings: its settings.
        server: somebody's Flask server to live in; without one, a server of our own is made.
        prefix: the path below which it answers; ``URL_PREFIX`` when not given.
        sections: its pages; ours and those of installed distributions when not given.
        open_log: opens the log when it is first read.

    Returns:
        The server.

    Raises:
        SettingError: the key that signs sessions is missing or weak, or ``DATA_DIR`` cannot be used.
    """
    hosts = hosts_of(settings, embedded=server is not None)
    if server is None:
        server = _own_server(settings)
    elif not server.secret_key:
        raise SettingError("The Flask server has no secret_key, so nobody could be signed in.")
    prefix = settings.url_prefix if prefix is None else prefix
    sections = all_sections(show_gallery=settings.show_gallery) if sections is None else sections
    store = connect(settings.log_redis_url)
    running = Running(
        settings, prefix, store, open_log, {section.path: section.permission for section in sections}
    )
    slug = prefix.strip("/").replace("/", ":").replace(".", "-") or "root"
    # Every request waits for their answers, so a store that hangs may not take longer over them.
    sessions = Sessions(connect(settings.log_redis_url, timeout=0.5), f"helix_dash:{prefix}")
    trail = Trail(connect(settings.log_redis_url, retries=0, timeout=0.5))
    calls = Calls()
    measuring = Measuring(running)
    measuring.install(server)
    # Flask asks the first of these last: what it packs is then complete.
    packing = Packing(running)
    server.after_request(packing.pack)
    Guard(running, sessions, calls, trail, hosts).install(server)
    for routes in (
        login_routes(f"helix-sign-in-{slug}", sessions),
        health_routes(f"helix-health-{slug}"),
        api_routes(f"helix-api-{slug}"),
        export_routes(f"helix-exports-{slug}"),
        view_routes(f"helix-views-{slug}"),
        visit_routes(f"helix-visits-{slug}", measuring.visits),
        bundle_routes(f"helix-bundles-{slug}"),
    ):
        server.register_blueprint(routes, url_prefix=prefix.rstrip("/") or None)
    _login_manager(server)
    _error_handlers(server)
    dash = _dash(server, running, sections, calls)
    warm.later(server, "signs of life", measuring.begin)
    warm.later(server, "what is known by heart", ByHeart(running).begin)
    warm.later(server, "prices", money.load)
    warm.later(server, "static files", lambda: packing.prepare(server, _loaded(dash)))
    server.after_request(security_headers(_content_policy(dash, settings.frame_ancestors), running))
    return server


def _own_server(settings: Settings) -> Flask:
    for key in (settings.secret_key, *settings.secret_key_fallbacks):
        check_secret_key(key)
    server = Flask("helix_dash", static_folder=None)
    if settings.proxy_hops:
        hops = settings.proxy_hops
        server.wsgi_app = ProxyFix(server.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    https = settings.base_url.startswith("https://")
    path = settings.proxy_prefix + settings.url_prefix
    # Browsers take a cookie of such a name only over https, and __Host- only from this very host.
    mark = ("__Host-" if path == "/" else "__Secure-") if https else ""
    server.config.update(
        SECRET_KEY=settings.secret_key,
        SECRET_KEY_FALLBACKS=list(settings.secret_key_fallbacks),
        DEBUG=False,  # whatever FLASK_DEBUG says: a debugger on the web is a shell for everybody
        SESSION_COOKIE_NAME=mark + "helix_session",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=https,
        SESSION_COOKIE_PATH=path,
        PERMANENT_SESSION_LIFETIME=LIFETIME,
    )
    return server


def _login_manager(server: Flask) -> None:
    """Let ``flask_login.current_user`` be our asker, unless the host has its own way of signing in."""
    if not hasattr(server, "login_manager"):
        manager = LoginManager(server)
        manager.request_loader(lambda _request: g.get("helix_user"))


def _error_handlers(server: Flask) -> None:
    # All of them are for classes of our own or of Dash: a host's own pages never raise these.
    server.register_error_handler(HelixError, refusal)
    server.register_error_handler(
        DependencyException, lambda _error: error_json(404, "not_found", "There is no such file.")
    )


class _Document(Dash):  # type: ignore[misc]  # Dash has no types
    """Dash, whose document names its assets by their contents."""

    def interpolate_index(self, **parts: Any) -> str:
        return assets.with_versions(super().interpolate_index(**parts), self.config.requests_pathname_prefix)


def _dash(server: Flask, running: Running, sections: Sequence[Section], calls: Calls) -> Dash:
    settings, prefix = running.settings, running.prefix
    private_folder(settings.data_dir, settings.export_dir, "DATA_DIR")
    Folder(settings.export_dir).sweep()
    dash = _Document(
        __name__,
        server=server,
        routes_pathname_prefix=prefix,
        requests_pathname_prefix=running.address,
        assets_folder=str(assets.folder()),
        assets_ignore=".",  # all of them: what the document loads is told below
        index_string=shell.index(running.address, settings.theme, motion=settings.animations),
        title=TITLE,
        update_title="",
        suppress_callback_exceptions=True,
        background_callback_manager=_background(settings),
        on_error=on_error,
        enable_mcp=False,
        add_log_handler=False,
    )
    dash.logger.setLevel(logging.WARNING)
    dash.layout = partial(_layout, sections)
    for name in assets.loaded():
        resource = {"asset_path": name, "filepath": str(assets.folder())}
        (dash.css.append_css if name.endswith(".css") else dash.scripts.append_script)(resource)
    with calls.declaring(dash, "read"):
        shell.callbacks(sections, running.address, context.may, _refused).attach(dash, permitted)
    for section in sections:
        with calls.declaring(dash, section.permission):
            section.callbacks.attach(dash, permitted)
    if settings.enable_exports:
        with calls.declaring(dash, "export:create"):
            export_callbacks.attach(dash, permitted)
    # Dash would do this at the first request, without a lock: of several first requests some would fail. The
    # only callbacks it adds are those that cancel background jobs, and exports are our only ones.
    with calls.declaring(dash, "export:create"), server.test_request_context(prefix):
        g.helix_dash, g.helix_user = running, None
        dash._setup_server()
    return dash


def _loaded(dash: Dash) -> list[str]:
    """The addresses of what every page and the sign-in load, as this server knows them."""
    with dash.server.test_request_context(dash.config.routes_pathname_prefix):
        document = dash._generate_css_dist_html() + dash._generate_scripts_html()
    named = re.findall(
        r'(?:href|src)="([^"]+)"', assets.with_versions(document, dash.config.requests_pathname_prefix)
    )
    base, here = dash.config.requests_pathname_prefix, dash.config.routes_pathname_prefix
    return [here + address.removeprefix(base) for address in named] + [
        *(f"{here}_dash-component-suites/{name}" for name in CHUNKS),
        *(f"{here}{assets.PATH}{name}" for name in SHEETS),
    ]


def _layout(sections: Sequence[Section]) -> Component:
    settings, person = context.settings(), context.asker()
    frame = shell.Frame(
        prefix=context.running().address,
        zone=settings.zone_name,
        theme=settings.theme,
        refresh=settings.refresh_interval,
        person=person.name if person else "",
        role=person.role if person else "",
        may=context.may,
        home=_home(),
    )
    return html.Div([shell.layout(sections, frame), *export_callbacks.stores()])


def _refused(path: str, permission: str) -> None:
    """A page within the app was refused: its answer is 200 with words, so the door does not see it."""
    note("refused", path[:200], f"Needs the permission {permission}.")


def _home() -> tuple[str, str] | None:
    """Path and parameters of the view that opens for the asker; without a store, none."""
    asker = context.asker()
    if asker is None:
        return None
    try:
        view = default_view(context.running().store, asker)
    except StoreUnavailable:
        return None
    return (view.path, view.search) if view else None


def _background(settings: Settings) -> SpawnedJobs:
    folder = settings.data_dir / "background"
    # diskcache reads pickles, so nobody else may write here. Results are ids, read once and deleted.
    private_folder(settings.data_dir, folder, "DATA_DIR")
    cache = Cache(str(folder), size_limit=64 * 2**20)
    return SpawnedJobs(cache, settings, lambda: context.user().key)


def _content_policy(dash: Dash, frame_ancestors: str) -> str:
    """What a page of ours may load: our own files, and the inline scripts Dash writes, known by their hash; and which
    sites may show it in a frame."""
    scripts = " ".join(["'self'", *dash.csp_hashes()])
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src {scripts}",
            "style-src 'self' 'unsafe-inline'",  # Dash and plotly set styles on elements
            "img-src 'self' data: blob:",
            "font-src 'self'",
            "connect-src 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            f"frame-ancestors {frame_ancestors}",
        )
    )
