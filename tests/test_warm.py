"""What workers make ready in the background, and what they must not do before a fork."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

from flask import Flask

from helix_dash import warm
from webapp import SECRET_KEY


def test_tasks_are_done_in_order_and_a_failure_stops_none() -> None:
    server, done = Flask("warm"), []
    warm.later(server, "first", lambda: done.append(1))
    warm.later(server, "broken", lambda: 1 / 0)
    warm.later(server, "last", lambda: done.append(2))
    warm.begin(server).join(30)
    assert done == [1, 2]


def test_a_server_without_an_app_of_ours_has_nothing_to_make_ready() -> None:
    warm.begin(Flask("bare")).join(30)


def test_prices_are_there_before_anybody_opens_a_request_and_no_thread_before_the_fork(
    tmp_path: Path,
) -> None:
    """The first inspector took a second; and polars hangs in a forked child of a process that used it."""
    program = textwrap.dedent("""
        import os, sys, threading
        from helix_dash.app import create_app
        from helix_dash.settings import load
        server = create_app(load(os.environ))
        assert threading.active_count() == 1, threading.enumerate()
        assert "genai_prices" not in sys.modules
        child = os.fork()
        if child == 0:
            from helix_dash import warm
            warm.begin(server).join(120)
            os._exit(0 if "genai_prices" in sys.modules else 1)
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    """)
    environ = {
        "PATH": "",
        "PYTHONPATH": ":".join(path for path in sys.path if path),
        "REDIS_URL": f"unix://{tmp_path}/none.sock",
        "SECRET_KEY": SECRET_KEY,
        "DATA_DIR": str(tmp_path / "data"),
        "CACHE_DIR": str(tmp_path / "cache"),
        "POLARS_MAX_THREADS": "2",
    }
    done = subprocess.run(
        [sys.executable, "-c", program], env=environ, timeout=180, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
