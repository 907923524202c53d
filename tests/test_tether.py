"""Children that end with their parent."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import psutil

from helix_dash import tether


def _gone(pid: int) -> bool:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False


def test_a_stopped_child_gets_the_chance_to_tidy_up() -> None:
    code = (
        "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(7));"
        "print('ready', flush=True); time.sleep(600)"
    )
    read, write = os.pipe()
    with os.fdopen(read, "rb") as said, os.fdopen(write, "wb") as output:
        child = tether.start([sys.executable, "-c", code], output=output)
        said.readline()
        assert tether.stop(child, timeout=30) == 7


def test_a_child_that_does_not_end_is_killed() -> None:
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(600)"
    read, write = os.pipe()
    with os.fdopen(read, "rb") as said, os.fdopen(write, "wb") as output:
        child = tether.start([sys.executable, "-c", code], output=output)
        said.readline()
        assert tether.stop(child, timeout=0.2) == -9


def test_where_the_kernel_cannot_help_a_guard_ends_the_child_with_its_parent() -> None:
    child = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
    guard = (
        "import os, sys; from helix_dash import tether;"
        f"tether.guard(os.getppid(), [sys.executable, '-c', {child!r}])"
    )
    parent_code = (
        "import subprocess, sys, time;"
        f"subprocess.Popen([sys.executable, '-c', {guard!r}], start_new_session=True); time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", parent_code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    assert _gone(pid)
    parent.stdout.close()


def test_the_guard_passes_a_stop_on_and_hands_the_exit_code_back() -> None:
    assert tether.guard(os.getppid(), [sys.executable, "-c", "raise SystemExit(3)"]) == 3
