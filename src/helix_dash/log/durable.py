"""Files that appear whole or not at all, in folders that nobody else can touch."""

from __future__ import annotations

import fcntl
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from helix_dash.errors import SettingError, StoreUnavailable


def publish(path: Path, content: bytes) -> None:
    """Make ``content`` the file at ``path``, durably. Whoever has an older file open or mapped keeps that one.

    Raises:
        OSError: no space (found before anything is written), or the folder cannot be written.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("wb") as file:
            reserve(file, len(content))
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def reserve(file: IO[bytes], size: int) -> None:
    """Claim space for ``size`` bytes from where ``file`` stands, where the system can: a full disk is an error
    now, and not a signal later to whoever has the file mapped."""
    if size and hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file.fileno(), file.tell(), size)


def private_folder(parent: Path, folder: Path, setting: str = "CACHE_DIR") -> None:
    """Make ``folder`` below ``parent``, which ``setting`` names; readable by this user only.

    Raises:
        SettingError: one of them belongs to somebody else, who could put false figures there.
    """
    chain = [parent, *(path for path in reversed((folder, *folder.parents)) if parent in path.parents)]
    try:
        parent.parent.mkdir(parents=True, exist_ok=True)
        for path in chain:
            path.mkdir(mode=0o700, exist_ok=True)
            found = path.lstat()
            trusted = {os.getuid()} | ({0} if path == parent else set())
            if not stat.S_ISDIR(found.st_mode) or found.st_uid not in trusted:
                raise SettingError(
                    f"{setting}={str(parent)!r} belongs to another user. Example: {setting}=/srv/helix-dash"
                )
            if path != parent and stat.S_IMODE(found.st_mode) != 0o700:
                path.chmod(0o700)
    except OSError as error:
        raise SettingError(
            f"{setting}={str(parent)!r} cannot be written ({error.strerror}). Example: {setting}=/srv/helix-dash"
        ) from error


@contextmanager
def locked(path: Path, patience: float) -> Iterator[None]:
    """Hold the lock of the file ``path``; the system gives it back when its holder dies.

    Raises:
        StoreUnavailable: another process has held it for ``patience`` seconds.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        until = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise StoreUnavailable(
                        "Another process of this host has been reading the log in for too long."
                    ) from None
                time.sleep(0.02)
        yield
    finally:
        os.close(handle)
