"""The wheel, installed into an empty environment away from the checkout, serves all that the checkout serves."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from served import PATIENCE, ROOT

from helix_dash.auth.users import create_user
from helix_dash.store import connect
from webapp import PASSWORD, SECRET_KEY

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

ASSETS = sorted(
    path.relative_to(ROOT / "assets").as_posix() for path in (ROOT / "assets").rglob("*") if path.is_file()
)


def _run(*command: str | Path, cwd: Path) -> str:
    environ = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=environ, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _uv() -> str | None:
    return shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ``bin`` folder of an environment that has the wheel and what it needs, and nothing else."""
    folder = tmp_path_factory.mktemp("away")
    _run(sys.executable, "-m", "venv", folder / "venv", cwd=folder)
    binaries, uv, lock = folder / "venv" / "bin", _uv(), ROOT / "requirements" / "run.lock"
    if uv:
        install = [uv, "pip", "install", "--quiet", "--python", binaries / "python"]
        _run(uv, "build", "--quiet", "--wheel", "--out-dir", folder, ROOT, cwd=folder)
    else:
        install = [binaries / "pip", "install", "--quiet"]
        _run(binaries / "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT, cwd=folder)
    _run(*install, "--require-hashes", "-r", lock, cwd=folder)
    _run(*install, "--no-deps", next(folder.glob("helix_dash-*.whl")), cwd=folder)
    return binaries


@pytest.fixture
def url(environment: Path, store_url: str, tmp_path: Path) -> Iterator[str]:
    """The address of ``helix-dash serve`` as that environment has it."""
    with connect(store_url) as store:
        create_user(store, "admin", PASSWORD, "admin")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "REDIS_URL": store_url,
        "SECRET_KEY": SECRET_KEY,
        "DATA_DIR": str(tmp_path / "data"),
        "CACHE_DIR": str(tmp_path / "cache"),
        "WEB_WORKERS": "1",
    }
    with (tmp_path / "web.log").open("wb") as log:
        process = subprocess.Popen(
            [environment / "helix-dash", "serve", "--port", str(port)],
            cwd=tmp_path,
            env=environ,
            stdout=log,
            stderr=log,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        _until_it_answers(address, process)
        yield address
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _until_it_answers(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        assert process.poll() is None
        try:
            requests.get(address + "/healthz", timeout=30)
            return
        except requests.ConnectionError:
            time.sleep(0.1)
    raise AssertionError("it did not come up")


def test_the_program_and_its_configuration_come_from_the_environment(environment: Path) -> None:
    """C6."""
    told = _run(
        environment / "python",
        "-c",
        "import helix_dash.serving as s; print(s.__file__); print(s._configuration())",
        cwd=environment,
    )
    for line in told.splitlines():
        assert Path(line).is_relative_to(environment.parent)
        assert Path(line).exists()


def test_every_asset_is_served_as_it_is_in_the_checkout(url: str) -> None:
    served = {name: requests.get(f"{url}/assets/{name}", timeout=60).content for name in ASSETS}
    assert len(ASSETS) > 5
    assert [name for name in ASSETS if served[name] != (ROOT / "assets" / name).read_bytes()] == []


def test_the_pages_load_all_that_they_name(url: str) -> None:
    session = requests.Session()
    session.post(url + "/login", data={"username": "admin", "password": PASSWORD}, timeout=60)
    page = session.get(url + "/", timeout=60)
    assert page.status_code == 200
    named = re.findall(r'(?:src|href)="(/[^"]+)"', page.text)
    assert len(named) > 10
    assert {session.get(url + name, timeout=60).status_code for name in named} == {200}
    assert session.get(url + "/_dash-layout", timeout=60).status_code == 200
