"""The loader: what it promises when it, the store or ClickHouse fails."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from reading import DAY, HOUR, NOW, over, row, table
from sealed import KEYS, Loaded, Sealed

from helix_dash.errors import StoreUnavailable
from helix_dash.log.clickhouse import loader as loading
from helix_dash.log.clickhouse import note as notes
from helix_dash.log.clickhouse.database import Database
from helix_dash.log.clickhouse.loader import Loader
from helix_dash.log.clickhouse.tables import ROWS
from helix_dash.log.clickhouse.view import LoadedView
from helix_dash.log.repricing import Job, Rule, repriced
from helix_dash.model import EVERYTHING, Condition, Scope, Slice, Sort

EVER = over(NOW - 30 * DAY, NOW + HOUR)
STOPS = Path(__file__).with_name("loader_that_stops.py")


@pytest.fixture
def sealed(store_url: str) -> Sealed:
    return Sealed(store_url)


@pytest.fixture
def loaded(store_url: str, new_database: Callable[[], Database]) -> Loaded:
    return Loaded(store_url, new_database())


def held(database: Database) -> int:
    """Rows that lie in the table, whether they count or not."""
    return int(database.ask(f"SELECT count() AS n FROM {ROWS}")["n"][0].as_py())


def rows(count: int, **known: Any) -> list[dict[str, Any]]:
    return [row(NOW - HOUR - number, **known) for number in range(count)]


@pytest.mark.parametrize("stop_at", ["inserted", "noted"])
def test_a_loader_killed_at_any_step_leaves_every_row_exactly_once(
    sealed: Sealed, store_url: str, tmp_path: Path, stop_at: str
) -> None:
    """C: exactly once, whether the loader dies before or after its note."""
    pytest.importorskip(
        "chdb", reason="requirements/clickhouse.lock is not installed; make test-all installs it"
    )

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(STOPS), store_url, str(tmp_path / "engine"), *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)

    written = [rows(40, cost_usd=10**18), rows(25)]
    sealed.hold(written)
    assert run(stop_at).returncode == -9
    sealed.add(more := rows(10, cost_usd=1))
    assert run(stop_at).returncode == -9
    sealed.client.delete(KEYS.loading)  # what its end would do, ten seconds later
    found = json.loads(run().stdout)
    every = [f"{line['producer']}-{line['seq']}" for line in [*written[0], *written[1], *more]]
    assert sorted(found["rows"]) == sorted(every)
    assert found["total"] == 75
    assert found["cost"] == "40000000.000000000010"
    assert found["held"] == 75  # and nothing of the dead is left


def test_merging_segments_changes_nothing_that_is_read(sealed: Sealed, loaded: Loaded) -> None:
    parts = [rows(5), rows(7)]
    sealed.hold(())
    segments = [sealed.add(part) for part in parts]
    before = loaded.log().page(EVERYTHING, EVER, Sort(), Slice())
    sealed.add([*parts[0], *parts[1]])
    sealed.remove(*segments)
    after = loaded.log().page(EVERYTHING, EVER, Sort(), Slice())
    assert after == before
    assert after.total == 12
    assert held(loaded.database) == 24  # the parts stay for a while, for readers still in them


def test_rows_that_count_no_more_are_deleted_when_nobody_can_be_in_them(
    sealed: Sealed, loaded: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "SWEEP", 0)
    sealed.hold(())
    segment = sealed.add(rows(5))
    loaded.log()
    sealed.remove(segment)
    sealed.add(rows(3))
    loaded.log()
    assert held(loaded.database) == 8
    monkeypatch.setattr(loading, "GRACE", 0)
    loaded.log()
    assert held(loaded.database) == 3


def test_an_export_whose_rows_were_swept_fails_instead_of_being_short(
    sealed: Sealed, loaded: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("helix_dash.log.clickhouse.log.BATCH", 2)
    sealed.hold([rows(9)])
    frames = loaded.log().batches(EVERYTHING, EVER, ["time"])
    next(frames)
    loaded.database.do(f"TRUNCATE TABLE {ROWS}")
    with pytest.raises(StoreUnavailable, match="reorganised"):
        list(frames)


def test_an_insert_that_was_sent_twice_does_not_count_twice(
    sealed: Sealed, loaded: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reply was lost and something on the way tried again."""
    sealed.hold([rows(6)])
    insert = loaded.database.insert

    def twice(name: str, table: Any) -> None:
        for _ in range(2 if name == ROWS else 1):
            insert(name, table)

    monkeypatch.setattr(loaded.database, "insert", twice)
    with pytest.raises(StoreUnavailable, match="12 of 6 rows"):
        loaded.loader.step()
    monkeypatch.setattr(loaded.database, "insert", insert)
    assert loaded.log().count(EVERYTHING, EVER) == 6
    assert held(loaded.database) == 6


def test_rows_that_the_store_has_lost_are_counted_as_lost(sealed: Sealed, loaded: Loaded) -> None:
    sealed.hold([rows(4)])
    segment = sealed.add(rows(3))
    sealed.client.delete(KEYS.rows(segment.id))
    log = loaded.log()
    assert log.count(EVERYTHING, EVER) == 4
    assert log.health().lost_rows == 3


def test_a_note_of_an_earlier_look_does_not_hold(sealed: Sealed, loaded: Loaded) -> None:
    """A loader that was paused between looking and noting wakes up after another one took over."""
    sealed.hold([rows(4)])
    loaded.log()
    old = notes.newest(loaded.database)
    assert old is not None
    sealed.add(rows(2))
    loaded.log()
    notes.write(loaded.database, msgspec.structs.replace(old, writer="somebody else"))
    fresh = LoadedView(loaded.url, loaded.database)
    fresh.sync()
    assert len(fresh.state.loads) == 2  # type: ignore[union-attr]
    assert loaded.log().count(EVERYTHING, EVER) == 6


def test_only_the_loader_that_leads_loads(sealed: Sealed, loaded: Loaded) -> None:
    sealed.hold([rows(4)])
    sealed.client.set(KEYS.loading, "another one")
    assert loaded.loader.step()
    sealed.client.delete(KEYS.loading)
    assert loaded.log().count(EVERYTHING, EVER) == 4


def test_a_loader_goes_on_from_what_another_one_noted(sealed: Sealed, loaded: Loaded) -> None:
    sealed.hold([rows(4)])
    loaded.log()
    sealed.client.delete(KEYS.loading)
    Loader(loaded.url, loaded.database).step()
    assert held(loaded.database) == 4


def test_a_long_first_loading_survives_its_loader(
    sealed: Sealed, loaded: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is ready is noted from time to time, and counts only when all is there."""
    monkeypatch.setattr(loading, "PATIENCE", -1)
    sealed.hold([rows(4), rows(5)])
    assert not loaded.loader.step()
    with pytest.raises(StoreUnavailable, match="no log yet"):
        loaded.view.sync()
    sealed.client.delete(KEYS.loading)
    successor = Loader(loaded.url, loaded.database)
    while not successor.step():
        pass
    loaded.view.sync()
    assert held(loaded.database) == 9


def test_readers_keep_the_last_state_while_clickhouse_is_away(
    sealed: Sealed, loaded: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed.hold([rows(4)])
    log = loaded.log()
    log.count(EVERYTHING, EVER)

    def away(*_: object) -> None:
        raise StoreUnavailable("ClickHouse did not answer (OperationalError).")

    monkeypatch.setattr(loaded.database, "ask", away)
    with pytest.raises(StoreUnavailable):
        loaded.view.sync()
    assert log.health().rows == 4
    assert not log.health().store_ok
    assert log.count(EVERYTHING, EVER) == 4  # kept


NASTY = [
    "it's",
    'say "hi"',
    "back\\slash",
    "100%",
    "under_score",
    "{v0:String}",
    "'; DROP TABLE helixdash_rows; --",
]


@pytest.mark.parametrize("text", NASTY)
@pytest.mark.parametrize(
    ("column", "op"), [("user", "in"), ("user", "contains"), ("call_id", "contains"), ("call_id", "ends")]
)
def test_no_character_of_a_value_is_special(
    sealed: Sealed, loaded: Loaded, text: str, column: str, op: Any
) -> None:
    """T: injection through filter values; patterns match only themselves."""
    sealed.hold([[row(user=word, call_id=word) for word in NASTY]])
    log = loaded.log()
    found = log.page(EVERYTHING, over(NOW - DAY, NOW, Condition(column, op, (text,))), Sort(), Slice())
    assert [line["user"] for line in found.rows] == [text]
    assert log.count(Scope(text), EVER) == 0
    assert held(loaded.database) == len(NASTY)


def test_control_characters_of_a_value_reach_nothing(sealed: Sealed, loaded: Loaded) -> None:
    sealed.hold([rows(2, user="plain", call_id="plain")])
    log = loaded.log()
    for text in ("\x00", "a\tb", "line\nbreak", "\\N", "\\t", "NULL"):
        for column in ("user", "call_id"):
            assert log.count(EVERYTHING, over(NOW - DAY, NOW, Condition(column, "in", (text,)))) == 0
            assert log.count(EVERYTHING, over(NOW - DAY, NOW, Condition(column, "contains", (text,)))) == 0


def test_a_server_that_is_not_there_is_told_in_a_sentence() -> None:
    pytest.importorskip("clickhouse_connect")
    view = LoadedView("redis://127.0.0.1:1", Database.at("http://helix:secret@127.0.0.1:1/helix"))
    with pytest.raises(StoreUnavailable, match="ClickHouse did not answer") as told:
        view.sync()
    assert "secret" not in str(told.value)
    assert view.error == str(told.value)


def test_a_segment_whose_costs_were_computed_afterwards_takes_the_place_of_the_old_one(
    sealed: Sealed, loaded: Loaded
) -> None:
    """The rows with their costs count, the rows without them no more."""
    given = rows(30, model="ours", uncached_tokens=10, priced=False)
    old = sealed.add(given)
    everything = ["requests", "cost_usd", "unpriced_requests"]
    sealed.client.set(KEYS.coverage, json.dumps([[NOW - DAY, NOW]]))
    before = loaded.log().totals(EVERYTHING, EVER, everything)
    job = Job("j", 2**60, "2026-11-22", (Rule(0, "ours", {"uncached": "1"}, "set by ada on 2026-11-22"),))
    sealed.add(list(repriced(table(given), job).rows.to_pylist()))
    sealed.remove(old)
    after = loaded.log().totals(EVERYTHING, EVER, everything)
    assert (before["requests"], before["unpriced_requests"]) == (30, 30)
    assert (after["requests"], after["unpriced_requests"]) == (30, 0)
    assert after["cost_usd"] == Decimal("0.0003")
