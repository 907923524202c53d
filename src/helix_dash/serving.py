"""The web server's side of the command line: its listening socket and gunicorn's command."""

from __future__ import annotations

import errno
import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from helix_dash.errors import SettingError

_BACKLOG = 512


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on ``host`` and ``port`` already.

    It is bound here and handed to gunicorn, so that a taken port is one line at once and not five retries of
    another program's log.

    Raises:
        SettingError: the port is taken or not allowed, or the address is not one of this machine.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise SettingError(f"HOST={host!r} is not an address. Example: HOST=127.0.0.1, or --host.") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise SettingError(_refusal(host, port, error)) from error
    return listener


def _refusal(host: str, port: int, error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            reason = f"Port {port} on {host} is taken: set PORT or --port to a free one."
        case errno.EACCES:
            reason = f"Port {port} may not be opened by this user: set PORT or --port to one above 1023."
        case errno.EADDRNOTAVAIL:
            reason = f"HOST={host!r} is not an address of this machine: set HOST or --host."
        case _:
            reason = f"{host}:{port} cannot be listened on ({error.strerror}): set HOST and PORT."
    return reason


def gunicorn_command(listener: socket.socket) -> list[str]:
    """The command that serves the app on ``listener``; the caller lets the child inherit its descriptor."""
    return [
        sys.executable,
        "-m",
        "gunicorn",
        "--config",
        str(_configuration()),
        "--bind",
        f"fd://{listener.fileno()}",
        "helix_dash.wsgi:app",
    ]


def web_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """``environ`` for web processes: two threads for polars, which reads this when it is imported."""
    return {"POLARS_MAX_THREADS": "2", **environ}


def serve(listener: socket.socket, environ: Mapping[str, str]) -> None:
    """Becomes gunicorn on ``listener``; does not return."""
    listener.set_inheritable(True)
    command = gunicorn_command(listener)
    os.execve(command[0], command, web_environ(environ))  # noqa: S606 - no shell is wanted


def _configuration() -> Path:
    """gunicorn.conf.py: beside this file in an installed package, at the top of a checkout."""
    here = Path(__file__).parent
    packaged = here / "gunicorn.conf.py"
    return packaged if packaged.exists() else here.parents[1] / "gunicorn.conf.py"
