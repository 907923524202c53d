"""The web app as it is really served: gunicorn with its configuration file, on a free port of this machine."""

from __future__ import annotations

import os
import socket
import sys
import time
from pathlib import Path

import psutil
import requests

from helix_dash import tether
from webapp import PASSWORD, SECRET_KEY

PATIENCE = 120.0
ROOT = Path(__file__).parents[2]


class Served:
    """gunicorn on a free port of this machine."""

    def __init__(self, store_url: str, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.home = folder / "home"
        self.home.mkdir()
        self.log = (folder / "gunicorn.log").open("wb")
        environ = {
            **os.environ,
            "REDIS_URL": store_url,
            "SECRET_KEY": SECRET_KEY,
            "DATA_DIR": str(folder / "data"),
            "CACHE_DIR": str(folder / "cache"),
            "HOME": str(self.home),
            "XDG_RUNTIME_DIR": str(self.home),
            "PORT": str(self.port),
            "WEB_WORKERS": "2",
        }
        command = [sys.executable, "-m", "gunicorn", "helix_dash.wsgi:app"]
        self.process = tether.start(command, environ=environ, folder=ROOT, output=self.log)

    def workers(self) -> list[psutil.Process]:
        return [child for child in psutil.Process(self.process.pid).children() if self._works(child)]

    @staticmethod
    def _works(child: psutil.Process) -> bool:
        try:
            return "resource_tracker" not in str(child.cmdline())
        except psutil.Error:  # it has ended
            return False

    def wait(self) -> None:
        """Until both workers are there and one answers."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            assert self.process.poll() is None, (Path(self.log.name)).read_text()
            try:
                if requests.get(self.url + "/healthz", timeout=5).ok and len(self.workers()) == 2:
                    return
            except requests.RequestException:
                pass
            time.sleep(0.1)
        raise AssertionError("gunicorn did not come up")

    def stop(self) -> None:
        if self.process.poll() is None:
            tether.stop(self.process, 30)
        self.log.close()

    def signed_in(self, name: str = "admin") -> requests.Session:
        session = requests.Session()
        answer = session.post(
            self.url + "/login",
            data={"username": name, "password": PASSWORD},
            allow_redirects=False,
            timeout=30,
        )
        assert answer.status_code == 303
        return session
