"""Child processes that end with the process that started them, however that one dies.

``kill -9`` gives a parent no time to stop anything: the children of a demo would live on, holding its port
and its data folder. Linux can tell the kernel to end a child with its parent; elsewhere a small guard process
stays between the two and watches. This file runs as a script too (``python tether.py <parent> <command …>``),
so it imports nothing but the standard library.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import IO

_PR_SET_PDEATHSIG = 1
_LOOK_EVERY = 0.2


def start(
    command: Sequence[str],
    *,
    environ: Mapping[str, str] | None = None,
    folder: Path | None = None,
    output: IO[bytes] | None = None,
    keep: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """``command`` as a child in a session of its own, which gets SIGTERM when this process is gone.

    Call it from the main thread: to Linux, the parent is the thread that started the child. The session of
    its own keeps a terminal's Ctrl-C away from the child, so that its parent can stop children in order.

    Args:
        command: an absolute program path and its arguments.
        environ: its environment; this process's own when ``None``.
        folder: where it runs; here when ``None``.
        output: where its standard output and error go; this process's own when ``None``.
        keep: file descriptors it inherits.
    """
    wrapped = [sys.executable, "-I", "-S", __file__, str(os.getpid()), *command]
    return subprocess.Popen(  # noqa: S603 - the command is ours, no shell reads it
        wrapped,
        env=None if environ is None else dict(environ),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=None if output is None else subprocess.STDOUT,
        pass_fds=tuple(keep),
        start_new_session=True,
    )


def stop(child: subprocess.Popen[bytes], timeout: float) -> int:
    """Asks ``child`` to end and waits ``timeout`` seconds; then its whole group is killed. Its exit code."""
    child.terminate()
    try:
        return child.wait(timeout)
    except subprocess.TimeoutExpired:
        return kill(child)


def kill(child: subprocess.Popen[bytes]) -> int:
    """Ends ``child`` and all of its group at once, without a chance to tidy up. Its exit code."""
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        child.poll()
    return child.wait()


def main(arguments: Sequence[str]) -> int:
    """``<parent's pid> <command …>``: becomes the command, or guards it where the kernel cannot."""
    parent, command = int(arguments[0]), list(arguments[1:])
    if sys.platform != "linux":
        return guard(parent, command)
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() == parent:  # else it died before the kernel was told
        os.execv(command[0], command)  # noqa: S606 - no shell is wanted
    return 1


def guard(parent: int, command: Sequence[str]) -> int:
    """Runs ``command`` and passes SIGTERM on to it, from outside or because ``parent`` is gone. Its exit code."""
    child = subprocess.Popen(command, close_fds=False)  # noqa: S603 - it must inherit what we inherited

    def pass_on(_number: int, _frame: FrameType | None) -> None:
        child.terminate()

    signal.signal(signal.SIGTERM, pass_on)
    while child.poll() is None:
        if os.getppid() != parent:
            child.terminate()
            return child.wait()
        time.sleep(_LOOK_EVERY)
    return child.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
