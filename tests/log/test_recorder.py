"""The recorder without a store: it takes, counts and drops, and never hurts its caller."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from helix_dash.log.recorder import ENTRY_ROWS, Recorder
from request_records import a_request


@pytest.fixture
def nowhere(tmp_path: Path) -> str:
    """The address of a store that does not exist."""
    return f"unix://{tmp_path}/none.sock"


@pytest.mark.parametrize(
    "bad", [a_request(uncached_tokens=-1), a_request(time=None), a_request(pii=3), "no record"]
)
def test_an_invalid_record_is_rejected_and_counted_not_raised(nowhere: str, bad: Any) -> None:
    recorder = Recorder(nowhere)
    assert recorder.record(bad) is False
    assert (recorder.rejected, recorder.dropped) == (1, 0)


def test_a_full_buffer_drops_the_newest_and_counts_them(nowhere: str) -> None:
    """Fault 02: the store is away."""
    recorder = Recorder(nowhere, buffer=10)
    assert [recorder.record(a_request()) for _ in range(12)] == [True] * 10 + [False] * 2
    assert recorder.dropped == 2
    assert recorder.flush(timeout=0) == 10


def test_a_closed_recorder_drops(nowhere: str) -> None:
    recorder = Recorder(nowhere)
    assert recorder.close() == 0
    assert recorder.record(a_request()) is False
    assert recorder.dropped == 1


def test_a_producer_that_was_silent_for_a_day_comes_back_as_a_new_one(
    nowhere: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fold forgets producers after a week; a forgotten one must not look like one that dropped records."""
    recorder = Recorder(nowhere)
    first = recorder._producer
    monkeypatch.setattr("helix_dash.log.recorder.SILENCE", -1)
    recorder.record(a_request())
    second = recorder._producer
    recorder.record(a_request())
    assert first != second == recorder._producer


def test_settings_of_the_gateway_itself_do_no_harm(nowhere: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THEME", "solarized")
    monkeypatch.setenv("PORT", "http")
    Recorder(nowhere)


def test_no_thread_runs_before_the_first_record(nowhere: str) -> None:
    assert Recorder(nowhere)._thread is None


def test_a_run_of_records_is_packed_up_to_a_hundred_and_never_over_a_gap(nowhere: str) -> None:
    recorder = Recorder(nowhere)
    items = [(n, [n]) for n in range(1, 151)] + [(0, [5, 6])] + [(n, [n]) for n in (151, 152, 160)]
    entries = [msgspec.msgpack.decode(entry) for entry in recorder._packed(items)]
    assert [(first, len(rows)) for _, _, first, rows in entries] == [
        (1, ENTRY_ROWS),
        (101, 50),
        (0, 2),
        (151, 2),
        (160, 1),
    ]


def test_a_gateway_that_records_loads_neither_polars_nor_pyarrow_nor_dash() -> None:
    program = "import sys, helix_dash.log.recorder; print({'polars', 'pyarrow', 'pandas', 'dash'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
