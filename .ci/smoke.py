"""A short proof that the product runs with this Python: the demo starts, somebody signs in, the figures are there."""

from __future__ import annotations

import http.cookiejar
import json
import os
import platform
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

REQUESTS, PATIENCE = 500, 300


def main() -> int:
    """0 when everything answered and ended as it should."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    password = secrets.token_urlsafe(12)
    with tempfile.TemporaryDirectory() as folder:
        environ = {**os.environ, "DATA_DIR": folder, "HELIX_ADMIN_PASSWORD": password, "WEB_WORKERS": "1"}
        environ.pop("REDIS_URL", None)
        options = ["--port", str(port), "--rate", "0", "--history", f"1:{REQUESTS}"]
        command = [sys.executable, "-m", "helix_dash", "demo", *options]
        demo = subprocess.Popen(command, env=environ)  # noqa: S603 - no shell reads it
        try:
            counted = figures(f"http://127.0.0.1:{port}", password, demo)
        finally:
            demo.send_signal(signal.SIGTERM)
            ended = demo.wait(PATIENCE)
    print(f"Python {platform.python_version()}: {counted} requests in the summary, ended with {ended}")
    return 0 if counted == REQUESTS and ended == 0 else 1


def figures(url: str, password: str, demo: subprocess.Popen[bytes]) -> int | None:
    """The number of requests that the summary gives to somebody who signed in, once all are there."""
    cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
    browser = urllib.request.build_opener(cookies)
    form = urllib.parse.urlencode({"username": "admin", "password": password}).encode()
    deadline, counted = time.monotonic() + PATIENCE, None
    while counted != REQUESTS and time.monotonic() < deadline and demo.poll() is None:
        try:
            if not list(cookies.cookiejar):
                browser.open(url + "/login", form, timeout=30).read()
            with browser.open(url + "/api/v1/summary?from=now-2d", timeout=30) as answer:
                counted = json.load(answer)["requests"]
        except (OSError, urllib.error.HTTPError):  # not up yet
            pass
        time.sleep(0.5)
    return counted


if __name__ == "__main__":
    sys.exit(main())
