"""The export folder."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import pytest

from helix_dash.errors import ExportError, NotFound
from helix_dash.exports.folder import AT_ONCE_ALL, AT_ONCE_EACH, KEPT, SILENT, Folder, Order, Sidecar, new_id


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    (tmp_path / "exports").mkdir()
    return Folder(tmp_path / "exports")


def order(owner: str = "account:alice") -> Order:
    return Order(
        id=new_id(),
        owner=owner,
        organization=None,
        table="requests",
        columns=("time",),
        start="2026-11-21T00:00:00+00:00",
        end="2026-11-22T00:00:00+00:00",
        conditions=(),
        watermark=1,
        total=1,
        zone="UTC",
        created="2026-11-22T00:00:00+00:00",
    )


def sidecar(placed: Order) -> Sidecar:
    return Sidecar(
        id=placed.id,
        owner=placed.owner,
        organization=None,
        table=placed.table,
        created=placed.created,
        zone=placed.zone,
        range=(placed.start, placed.end),
        filter=(),
        watermark="1970-01-01T00:00:00.000001+00:00",
        columns=placed.columns,
        rows=0,
        totals={},
        bytes=0,
        sha256="0" * 64,
    )


def finished(folder: Folder) -> Order:
    placed = order()
    folder.place(placed)
    folder.part_file(placed.id).write_bytes(b"time\r\n")
    folder.finish(sidecar(placed))
    return placed


def age(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


def test_no_file_in_it_is_anybody_elses_to_read(folder: Folder) -> None:
    placed = finished(folder)
    assert stat.S_IMODE(folder.sidecar_file(placed.id).stat().st_mode) == 0o600


def test_an_order_is_read_back_as_it_was_placed(folder: Folder) -> None:
    placed = order()
    folder.place(placed)
    assert folder.order(placed.id) == placed


def test_a_finished_export_has_its_sidecar_and_no_order(folder: Folder) -> None:
    placed = finished(folder)
    assert folder.sidecar(placed.id).rows == 0
    assert {path.name for path in folder.path.iterdir()} == {f"{placed.id}.csv", f"{placed.id}.json"}


IDS = [
    "", "x", "../../etc/passwd", "..", "/etc/passwd", "%2e%2e%2f", "0" * 31, "0" * 33, "0" * 300, "A" * 32, "g" * 32,
    "0" * 31 + "\n", "0" * 32 + "\n", "0" * 31 + "\x00", "0" * 31 + "/", "０" * 32, "0" * 16 + "/" + "0" * 15,
]  # fmt: skip


@pytest.mark.parametrize("identity", IDS)
def test_only_an_id_of_ours_names_a_file(folder: Folder, identity: str) -> None:
    """T47."""
    with pytest.raises(NotFound):
        folder.sidecar(identity)


@pytest.mark.parametrize("identity", [None, 1, [], {}])
def test_what_a_browser_sends_instead_of_an_id_names_nothing(folder: Folder, identity: object) -> None:
    with pytest.raises(NotFound):
        folder.order(identity)  # type: ignore[arg-type]


def test_an_export_is_gone_after_a_day(folder: Folder) -> None:
    """T46."""
    placed = finished(folder)
    age(folder.sidecar_file(placed.id), KEPT + 1)
    with pytest.raises(NotFound):
        folder.sidecar(placed.id)


def test_the_sweep_removes_what_nobody_fetched_in_time(folder: Folder) -> None:
    placed = finished(folder)
    for path in (folder.table_file(placed.id), folder.sidecar_file(placed.id)):
        age(path, KEPT + 1)
    folder.sweep()
    assert list(folder.path.iterdir()) == []


def test_the_sweep_removes_what_a_lost_job_left(folder: Folder) -> None:
    """Fault 21: never half a file."""
    placed = order()
    folder.place(placed)
    folder.part_file(placed.id).write_bytes(b"half a")
    age(folder.order_file(placed.id), SILENT + 1)
    age(folder.part_file(placed.id), SILENT + 1)
    folder.sweep()
    folder.sweep()
    assert list(folder.path.iterdir()) == []


def test_the_sweep_leaves_a_job_alone_that_gives_signs_of_life(folder: Folder) -> None:
    placed = order()
    folder.place(placed)
    folder.part_file(placed.id).write_bytes(b"half a")
    age(folder.part_file(placed.id), SILENT + 1)
    folder.sweep()
    assert folder.part_file(placed.id).exists()


def test_one_person_has_two_exports_at_once_at_most(folder: Folder) -> None:
    """T15."""
    for _ in range(AT_ONCE_EACH):
        folder.place(order())
    with pytest.raises(ExportError, match="still running"):
        folder.place(order())


def test_all_people_together_have_four_at_most(folder: Folder) -> None:
    """T15."""
    for number in range(AT_ONCE_ALL):
        folder.place(order(owner=f"account:{number}"))
    with pytest.raises(ExportError, match="Too many"):
        folder.place(order(owner="account:late"))


def test_a_lost_job_does_not_count_as_running(folder: Folder) -> None:
    for _ in range(AT_ONCE_EACH):
        placed = order()
        folder.place(placed)
        age(folder.order_file(placed.id), SILENT + 1)
    folder.place(order())


def test_a_folder_that_cannot_be_written_is_said_in_words(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fault 20."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(ExportError, match="No space left on device"):
        folder.place(order())
    assert list(folder.path.iterdir()) == []
