"""A real FakeAI 0.3.2 server on a free port of this machine."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import httpx

from helix_dash import tether

EXAMPLE = Path(__file__).parents[2] / "examples" / "litellm_proxy"
PATIENCE = 90.0


class FakeAI:
    """One server: ``start``, ``stop``, ``kill``, and ``freeze`` until ``thaw``.

    Args:
        folder: where its output goes.
        environ: its settings, in the nested names it reads.
    """

    def __init__(self, folder: Path, environ: Mapping[str, str] | None = None) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = folder / "fakeai.log"
        self._environ = dict(environ or {})
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it is ready."""
        command = [
            sys.executable,
            *("-m", "uvicorn", "fakeai_app:app", "--host", "127.0.0.1", "--port", str(self.port)),
            *("--log-level", "warning", "--timeout-graceful-shutdown", "1"),
        ]
        environ = os.environ | self._environ | {"PYTHONPATH": str(EXAMPLE), "PYTHONWARNINGS": "ignore"}
        with self._log.open("ab") as output:
            self._process = tether.start(command, environ=environ, output=output)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                if httpx.get(self.url + "/health", timeout=2).json().get("ready"):
                    return
            except (httpx.HTTPError, ValueError):
                pass
            if self._process.poll() is not None:
                break
            time.sleep(0.1)
        raise AssertionError(f"FakeAI did not start:\n{self._log.read_text()[-2000:]}")

    def run(self) -> None:
        """Start it where it does not run."""
        if self._process is None or self._process.poll() is not None:
            self.start()

    def stop(self) -> None:
        """Stop it."""
        if self._process:
            self.thaw()
            tether.stop(self._process, 5)
            self._process = None

    def freeze(self) -> None:
        """Let it hold its connections and answer nobody."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        if self._process and self._process.poll() is None:
            os.killpg(self._process.pid, number)

    def chat(
        self, prompt: str = "Hello there", *, model: str = "gpt-4o", stream: bool = False, key: str = ""
    ) -> int:
        """One chat completion; its HTTP status."""
        body = {
            "model": model,
            "stream": stream,
            "max_tokens": 12,
            "messages": [{"role": "user", "content": prompt}],
        }
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return self._post("/v1/chat/completions", body, headers)

    def embed(self, *texts: str, model: str = "text-embedding-3-small") -> int:
        """One embedding request; its HTTP status."""
        body = {"model": model, "input": list(texts)}
        return self._post("/v1/embeddings", body, {})

    def _post(self, path: str, body: dict[str, object], headers: dict[str, str]) -> int:
        return httpx.post(self.url + path, json=body, headers=headers, timeout=30).status_code
