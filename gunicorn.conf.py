"""gunicorn's configuration: gunicorn helix_dash.wsgi:app (it finds this file in the folder it starts in).

It imports nothing of ours: the master process would share polars with the workers it forks, and polars hangs
in a forked child of a process that has used it. For the same reason the app is never preloaded.
"""

import os

from gunicorn.config import make_settings

bind = f"{os.environ.get('HOST') or '127.0.0.1'}:{os.environ.get('PORT') or '8050'}"
workers = int(os.environ.get("WEB_WORKERS") or 2)
threads = int(os.environ.get("WEB_THREADS") or 16)
worker_class = "gthread"
preload_app = False
timeout = 60
graceful_timeout = (
    3  # an export that runs is interrupted and says so; a longer wait would only delay restarts
)
keepalive = 5
accesslog = None
proc_name = "helix-dash"
raw_env = [f"POLARS_MAX_THREADS={os.environ.get('POLARS_MAX_THREADS') or '2'}"]
# The control socket of gunicorn 25 and later lies in the home folder and is of no use here. Older versions
# do not know the setting and would refuse it.
if "control_socket_disable" in make_settings():
    control_socket_disable = True


def when_ready(server):
    """Ctrl-C ends the master with 130, as it ends every command of ours; gunicorn would say 0."""

    def leave(_server):
        raise SystemExit(130)

    def interrupted():
        server.cfg.set("on_exit", leave)
        type(server).handle_int(server)

    server.handle_int = interrupted


def post_worker_init(worker):
    """Answers a first request before the first client asks: what Dash, polars and the templates load, is loaded.

    Then what is needed a little later (prices, packed files), in the background.
    """
    client = worker.wsgi.test_client()
    prefix = "/" + (os.environ.get("URL_PREFIX") or "").strip("/")
    for page in ("/login", "/readyz"):
        client.get(prefix.rstrip("/") + page)
    from helix_dash import warm

    warm.begin(worker.wsgi)
