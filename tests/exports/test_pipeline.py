"""The stages of an export that run beside each other."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator

import pytest

from helix_dash.exports.pipeline import Sealed, one_ahead


def test_items_come_in_order_and_to_their_end() -> None:
    assert list(one_ahead(iter(range(1, 50)))) == list(range(1, 50))
    assert list(one_ahead(iter(()))) == []


def test_a_failure_of_the_source_reaches_who_asked() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise ValueError("the log is gone")

    items = one_ahead(broken())
    assert next(items) == 1
    with pytest.raises(ValueError, match="the log is gone"):
        list(items)


def test_whoever_stops_early_leaves_no_thread_behind() -> None:
    items = one_ahead(iter(range(1, 10)))
    assert next(items) == 1
    items.close()  # type: ignore[attr-defined]
    assert list(items) == []


def test_what_was_written_is_hashed_and_counted_in_order() -> None:
    file, parts = io.BytesIO(), [bytes([number]) * number for number in range(100)]
    with Sealed(file) as sealed:
        for part in parts:
            assert sealed.write(part) == len(part)
        sealed.finish()
    whole = b"".join(parts)
    assert (file.getvalue(), sealed.size) == (whole, len(whole))
    assert sealed.sha256 == hashlib.sha256(whole).hexdigest()


def test_a_full_disk_is_told_to_who_writes() -> None:
    class Full(io.BytesIO):
        def write(self, _: object) -> int:
            raise OSError(28, "No space left on device")

    with Sealed(Full()) as sealed:
        sealed.write(b"first")
        with pytest.raises(OSError, match="No space"):
            sealed.finish()
