"""The export folder: which files are whose, which are still being written, which may go.

For the export ``<id>`` (32 hexadecimal digits) there are, one after the other:

- ``<id>.order.json``: what was asked, by whom; touched every second while somebody works on it
- ``<id>.csv.part``: what is written so far
- ``<id>.csv`` and ``<id>.json``: the finished table and what is in it, readable by its owner for a day
"""

from __future__ import annotations

import os
import re
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from helix_dash.errors import ExportError, NotFound

KEPT = 24 * 3600
"""Seconds a finished export waits for its owner."""
SILENT = 30
"""Seconds without a sign of life after which the work on an export counts as lost."""
AT_ONCE_EACH = 2
AT_ONCE_ALL = 4

_Kind = TypeVar("_Kind")
_ID = re.compile(r"[0-9a-f]{32}")


class Order(msgspec.Struct, frozen=True):
    """What was asked. Times are ISO 8601 UTC; ``watermark`` is the ingest time, in microseconds, up to which
    the log was read when it was asked; ``total`` is the number of rows there were."""

    id: str
    owner: str
    organization: str | None
    table: str
    columns: tuple[str, ...]
    start: str
    end: str
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...]
    watermark: int
    total: int
    zone: str
    created: str


class Sidecar(msgspec.Struct, frozen=True, kw_only=True):
    """What a finished export holds; kept beside it and handed out with it."""

    id: str
    owner: str
    organization: str | None
    table: str
    created: str
    zone: str
    range: tuple[str, str]
    filter: tuple[tuple[str, str, tuple[str, ...]], ...]
    watermark: str
    columns: tuple[str, ...]
    rows: int
    totals: dict[str, str | int | None]
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Folder:
    """The folder at ``path``, which is there and for this user's eyes only."""

    path: Path

    def order_file(self, identity: str) -> Path:
        return self.path / f"{_checked(identity)}.order.json"

    def part_file(self, identity: str) -> Path:
        return self.path / f"{_checked(identity)}.csv.part"

    def table_file(self, identity: str) -> Path:
        return self.path / f"{_checked(identity)}.csv"

    def sidecar_file(self, identity: str) -> Path:
        return self.path / f"{_checked(identity)}.json"

    def place(self, order: Order) -> None:
        """Write ``order`` down for the job.

        Raises:
            ExportError: too much is being exported already, or there is no space.
        """
        self.sweep()
        running = self.running()
        if len(running) >= AT_ONCE_ALL:
            raise ExportError("Too many exports are running. Please try again in a moment.")
        if sum(other.owner == order.owner for other in running) >= AT_ONCE_EACH:
            raise ExportError(f"{AT_ONCE_EACH} exports of yours are still running.")
        self._write(self.order_file(order.id), msgspec.json.encode(order))

    def order(self, identity: str) -> Order:
        """The order ``identity``.

        Raises:
            NotFound: there is none (any more).
        """
        return _read(self.order_file(identity), Order)

    def sidecar(self, identity: str) -> Sidecar:
        """What the finished export ``identity`` holds.

        Raises:
            NotFound: there is none (any more).
        """
        path = self.sidecar_file(identity)
        sidecar = _read(path, Sidecar)
        if _age(path) > KEPT or not self.table_file(identity).exists():
            raise NotFound("There is no such export.")
        return sidecar

    def finish(self, sidecar: Sidecar) -> None:
        """The table is complete: put it, whole, where its owner finds it."""
        part, table = self.part_file(sidecar.id), self.table_file(sidecar.id)
        os.replace(part, table)
        self._write(self.sidecar_file(sidecar.id), msgspec.json.format(msgspec.json.encode(sidecar)))
        self.order_file(sidecar.id).unlink(missing_ok=True)

    def drop(self, identity: str) -> None:
        """Give up the work on ``identity``; who still works on it stops at its next sign of life."""
        self.order_file(identity).unlink(missing_ok=True)
        self.part_file(identity).unlink(missing_ok=True)

    def running(self) -> list[Order]:
        """The orders somebody works on, or is about to."""
        found = []
        for path in self.path.glob("*.order.json"):
            try:
                if _age(path) <= SILENT:
                    found.append(_read(path, Order))
            except (NotFound, FileNotFoundError):
                continue  # it was finished or dropped while we looked
        return found

    def sweep(self) -> None:
        """Remove what lost jobs left half written, and what nobody fetched in time."""
        for path in self.path.iterdir():
            try:
                old = _age(path)
                unfinished = path.name.endswith((".order.json", ".csv.part", ".new"))
                if (unfinished and self._abandoned(path)) or old > KEPT:
                    path.unlink()
            except FileNotFoundError:
                continue  # another worker sweeps too

    def _abandoned(self, path: Path) -> bool:
        order = self.path / (path.name.split(".")[0] + ".order.json")
        return _age(order if order.exists() else path) > SILENT

    def _write(self, path: Path, content: bytes) -> None:
        new = path.with_name(f"{path.name}.{secrets.token_hex(4)}.new")
        try:
            with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(content)
            os.replace(new, path)
        except OSError as error:
            new.unlink(missing_ok=True)
            raise ExportError(f"The export folder cannot be written: {error.strerror}.") from error


def new_id() -> str:
    """An id that nobody can guess."""
    return secrets.token_hex(16)


def _checked(identity: str) -> str:
    if not isinstance(identity, str) or not _ID.fullmatch(identity):
        raise NotFound("There is no such export.")
    return identity


def _age(path: Path) -> float:
    return time.time() - path.stat().st_mtime


def _read(path: Path, kind: type[_Kind]) -> _Kind:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.DecodeError) as error:
        raise NotFound("There is no such export.") from error
