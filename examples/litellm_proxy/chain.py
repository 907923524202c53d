"""FakeAI <- LiteLLM proxy <- client, with Helix Dash beside it: starts all of it, sends known traffic through it,
and compares what was sent with what the dashboard's API says.

    ./run                 # then look at the dashboard; Ctrl-C stops everything
    ./run --once --calls 30   # compare and stop: exit code 0 when every figure agrees
"""

from __future__ import annotations

import argparse
import os
import re
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx

from helix_dash import tether

HERE = Path(__file__).parent
PATIENCE = 180.0
NESTED = {"FAKEAI_RATE_LIMITS__ENABLED": "true", "FAKEAI_RATE_LIMITS__RPM_OVERRIDE": "100000"}


def main() -> int:
    """Runs the chain; 1 when a figure differs."""
    wishes = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    wishes.add_argument("--calls", type=int, default=30, help="how many calls to send (default 30)")
    wishes.add_argument("--once", action="store_true", help="stop after the comparison")
    wishes.add_argument("--port", type=int, default=0, help="the dashboard's port; a free one when not given")
    asked = wishes.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="helix-chain-")))
        fakeai, proxy, web = free_port(), free_port(), asked.port or free_port()
        master, password = "sk-" + secrets.token_hex(24), secrets.token_urlsafe(12)
        dashboard = {
            "API_URL": f"http://127.0.0.1:{fakeai}",
            "HELIX_ADMIN_PASSWORD": password,
            "DATA_DIR": str(folder / "data"),
        }
        say("FakeAI …")
        stack.enter_context(
            running(
                folder / "fakeai.log", python("-m", "uvicorn", "fakeai_app:app", "--port", fakeai), NESTED
            )
        )
        wait_for(lambda: httpx.get(f"http://127.0.0.1:{fakeai}/health").json()["ready"])
        say("Helix Dash …")
        shown = folder / "dashboard.log"
        command = python("-m", "helix_dash", "demo", "--port", web, "--rate", "0", "--history", "0")
        stack.enter_context(running(shown, command, dashboard))
        store = wait_for(lambda: re.search(r"^store: (\S+)$", shown.read_text(), re.M))[1]
        say("LiteLLM …")
        environ = {
            "FAKEAI_URL": f"http://127.0.0.1:{fakeai}/v1",
            "LITELLM_MASTER_KEY": master,
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # it would ask the network for prices
            "LOG_REDIS_URL": store,
        }
        litellm = str(Path(sys.executable).with_name("litellm"))
        command = [
            litellm,
            "--config",
            "chain.yaml",
            "--host",
            "127.0.0.1",
            "--port",
            str(proxy),
            "--telemetry",
            "False",
        ]
        stack.enter_context(running(folder / "litellm.log", command, environ))
        wait_for(lambda: httpx.get(f"http://127.0.0.1:{proxy}/health/liveliness").status_code == 200)
        say(f"{asked.calls} calls …")
        sent = traffic(f"http://127.0.0.1:{proxy}/v1", master, asked.calls)
        found = wait_for(lambda: settled(f"http://127.0.0.1:{web}", password, sent["requests"]))
        differ = compare(sent, found)
        if asked.once or differ:
            return int(differ)
        print(
            f"web: http://127.0.0.1:{web}\nuser: admin\npassword: {password}\nCtrl-C stops everything.",
            flush=True,
        )
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            return 130


def traffic(proxy: str, key: str, calls: int) -> dict[str, int]:
    """Sends ``calls`` calls of three kinds; what was used, as the server told the client."""
    sent = {"requests": 0, "input_tokens": 0, "output_tokens": 0}
    with httpx.Client(base_url=proxy, headers={"Authorization": f"Bearer {key}"}, timeout=60) as client:
        for index in range(calls):
            body: dict[str, Any] = {
                "model": ("gpt-4o", "gpt-4o-mini")[index % 2],
                "messages": [{"role": "user", "content": f"Question number {index} of the chain."}],
                "max_tokens": 10 + index,
            }
            path = "/chat/completions"
            if index % 3 == 2:
                path, body = (
                    "/embeddings",
                    {"model": "text-embedding-3-small", "input": [f"text {index}", "another"]},
                )
            elif index % 3 == 1:
                body |= {"stream": True, "stream_options": {"include_usage": True}}
            usage = used(client, path, body)
            sent["requests"] += 1
            sent["input_tokens"] += usage["prompt_tokens"]
            sent["output_tokens"] += usage.get("completion_tokens") or 0
    return sent


def used(client: httpx.Client, path: str, body: dict[str, Any]) -> dict[str, int]:
    """The usage that one call's answer tells."""
    if not body.get("stream"):
        return client.post(path, json=body).raise_for_status().json()["usage"]
    usage: dict[str, int] = {}
    with client.stream("POST", path, json=body) as answer:
        for line in answer.iter_lines():
            if line.startswith("data: {"):
                usage = httpx.Response(200, content=line[6:]).json().get("usage") or usage
    return usage


def settled(web: str, password: str, requests: int) -> dict[str, Any] | None:
    """The dashboard's summary of the last hour, once all requests are in it."""
    with httpx.Client(base_url=web, headers={"Origin": web}, timeout=10) as client:
        client.post("/login", data={"username": "admin", "password": password})
        found: dict[str, Any] = client.get("/api/v1/summary", params={"from": "now-1h"}).json()
    return found if (found.get("requests") or 0) >= requests else None


def compare(sent: dict[str, int], found: dict[str, Any]) -> bool:
    """Prints both sides; whether they differ."""
    print(f"{'':16}{'sent':>12}{'dashboard':>12}")
    for name, count in sent.items():
        print(f"{name:16}{count:>12,}{found[name]:>12,}{'' if found[name] == count else '   differs'}")
    print(f"{'cost_usd':16}{'':>12}{found['cost_usd']:>12}", flush=True)
    return any(found[name] != count for name, count in sent.items())


def wait_for(asked: Callable[[], Any]) -> Any:
    """The first answer that is true.

    Raises:
        SystemExit: none came in time.
    """
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            if answer := asked():
                return answer
        except (httpx.HTTPError, ValueError, KeyError):
            pass
        time.sleep(0.3)
    raise SystemExit("A part of the chain did not answer in three minutes.")


@contextmanager
def running(log: Path, command: list[str], environ: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """``command`` for as long as the block; its output in ``log``."""
    with log.open("wb") as output:
        process = tether.start(command, environ=os.environ | environ, folder=HERE, output=output)
    try:
        yield process
    finally:
        tether.stop(process, 15)


def python(*arguments: object) -> list[str]:
    return [sys.executable, *map(str, arguments)]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def say(words: str) -> None:
    print(words, flush=True)


if __name__ == "__main__":
    sys.exit(main())
