"""The stages of an export beside each other: the next batch is read, and the last one hashed and written, meanwhile."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import IO, Self, TypeVar

Item = TypeVar("Item")

_WAITING = 4
"""Pieces of text that may wait to be written; each is a few MB."""


def one_ahead(items: Iterator[Item]) -> Iterator[Item]:
    """``items``, each made while the one before it is used, in a thread of its own."""
    with ThreadPoolExecutor(1, "helix-dash-export-read") as reading:
        coming = reading.submit(_next, items)
        while (item := coming.result()) is not None:
            coming = reading.submit(_next, items)
            yield item


def _next(items: Iterator[Item]) -> Item | None:
    return next(items, None)


class Sealed:
    """A file whose size and SHA-256 are taken while it is written, in a thread of its own.

    Bytes may wait; :meth:`finish` returns when all are written. An error of the file is raised by a later call.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self.size = 0
        self._file, self._digest = file, hashlib.sha256()
        self._waiting: list[Future[None]] = []
        self._writing = ThreadPoolExecutor(1, "helix-dash-export-write")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._writing.shutdown(cancel_futures=True)

    @property
    def sha256(self) -> str:
        """In hexadecimal, of all that is written."""
        return self._digest.hexdigest()

    def write(self, content: bytes) -> int:
        """Take ``content`` to be written; how many bytes it has."""
        if len(self._waiting) >= _WAITING:
            self._waiting.pop(0).result()
        self._waiting.append(self._writing.submit(self._write, content))
        return len(content)

    def finish(self) -> None:
        """Wait until all is written.

        Raises:
            OSError: the disk is full, or worse.
        """
        while self._waiting:
            self._waiting.pop(0).result()

    def flush(self) -> None:
        """Nothing: whoever writes lines calls it after each batch."""

    def _write(self, content: bytes) -> None:
        self._digest.update(content)
        self._file.write(content)
        self.size += len(content)
