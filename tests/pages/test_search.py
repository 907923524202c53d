"""The search box, the presets and the small chart of the request log page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from made_up_log import MadeUpLog

from helix_dash.log.schema import BY_NAME
from helix_dash.model import EVERYTHING, Condition, Filter, Period, Scope, us_from_utc
from helix_dash.pages.requests import grid, presets, queries, search
from helix_dash.query_params import conditions, grid_conditions, grid_sort, parse_query

NOW = datetime(2026, 11, 22, tzinfo=UTC)
UUID = "54e48669-adb9-4d01-8000-000000000aeb"


class Words:
    """A log that knows a few words and ids, and remembers what it was asked."""

    def __init__(self, words: Mapping[str, list[str]], ids: Mapping[str, int] | None = None) -> None:
        self.words, self.ids = words, ids or {}
        self.counted: list[Filter] = []

    def values(self, scope: Scope, column: str, contains: str = "", limit: int = 200) -> list[str]:
        return [word for word in self.words.get(column, []) if contains.lower() in word.lower()][:limit]

    def count(self, scope: Scope, where: Filter) -> int:
        self.counted.append(where)
        return self.ids.get(where.conditions[0].column, 0)

    def one(self, scope: Scope, row_id: str) -> dict[str, Any] | None:
        return {"row_id": row_id}


def find(log: Words, text: str) -> list[search.Offer]:
    return search.find(log, EVERYTHING, text)  # type: ignore[arg-type]


def test_an_id_is_looked_for_in_the_whole_log() -> None:
    """pages.md 2: an id ignores the range."""
    log = Words({}, {"trace_id": 3})
    [offer] = find(log, f" {UUID} ")
    assert offer.is_id
    assert offer.address == {"trace_id": UUID, "from": "now-400d", "to": None, "grid": None}
    assert all(where.period.length == timedelta(days=400) for where in log.counted)


def test_the_address_of_an_id_is_one_the_api_reads() -> None:
    [offer] = find(Words({}, {"session_id": 1}), "session-7")
    assert offer.address is not None
    found = parse_query([(name, value) for name, value in offer.address.items() if value], UTC, NOW)
    assert found.conditions[0].values == ("session-7",)


@pytest.mark.parametrize("text", [UUID, UUID.replace("-", "").upper(), "00000000000000aa-7"])
def test_what_has_the_shape_of_an_id_is_certain(text: str) -> None:
    assert search.certain(text)


@pytest.mark.parametrize("text", ["gpt-4o", "deadbeef", "00000000000000aa-0", "' OR 1=1"])
def test_what_has_not_is_not(text: str) -> None:
    assert not search.certain(text)


def test_a_rows_name_opens_the_request() -> None:
    assert find(Words({}), "00000000000000aa-7")[0].address == {"request": "00000000000000aa-7"}


def test_a_text_is_offered_for_each_column_that_contains_it() -> None:
    found = find(Words({"model": ["gpt-4o", "claude"], "key_alias": ["gpt-team"]}), "GPT")
    assert [offer.title for offer in found] == ["Model contains “GPT”", "Key contains “GPT”"]
    assert not any(offer.is_id for offer in found)


def test_a_text_becomes_a_test_of_the_grids_filter() -> None:
    [offer] = find(Words({"user": ["ada"]}), "ad")
    [condition] = grid_conditions(offer.test, UTC, NOW)
    assert (condition.column, condition.op, condition.values) == ("user", "contains", ("ad",))


def test_nothing_typed_asks_nothing() -> None:
    log = Words({"model": ["gpt"]})
    assert find(log, "   ") == []
    assert log.counted == []


def test_nothing_found_is_said() -> None:
    [line] = search.shown([], "zzz")
    assert "“zzz”" in line.children


def test_only_a_certain_id_is_taken_by_itself() -> None:
    sure = search.shown(find(Words({}, {"call_id": 1}), UUID), UUID)
    unsure = search.shown(find(Words({"model": ["gpt"]}), "gpt"), "gpt")
    assert [button.to_plotly_json()["props"]["data-now"] for button in (*sure, *unsure)] == ["true", "false"]


@pytest.mark.parametrize("preset", presets.PRESETS, ids=lambda preset: preset.key)
def test_a_preset_is_made_of_tests_that_the_grid_offers_and_the_log_answers(preset: presets.Preset) -> None:
    """pages.md 2: presets."""
    columns = {column["field"]: column for column in grid.grid(None).columnDefs}
    for name, test in preset.tests.items():
        assert test["type"] in columns[name]["filterParams"]["filterOptions"]
    assert {test.column for test in grid_conditions(preset.tests, UTC, NOW)} == set(preset.tests)
    assert {test.column for test in conditions(preset.where)} == set(preset.where)
    assert preset.tests or preset.where


def test_why_near_misses_cannot_be_told_is_said_and_the_closest_misses_are_offered() -> None:
    """pages.md 2: the schema holds a similarity and no threshold."""
    assert "threshold" not in BY_NAME
    model = json.loads(presets.CLOSEST["grid"])
    assert grid_sort(model["sortModel"]).column == "similarity"
    assert grid_conditions(model["filterModel"], UTC, NOW)[0].op == "not_blank"


def test_every_column_has_a_title_for_its_chip() -> None:
    titles = json.loads(presets.row().to_plotly_json()["props"]["data-titles"])
    assert set(titles) == set(BY_NAME)


class GlancedLog(MadeUpLog):
    """A log that also gives totals and counts."""

    def totals(self, scope: Scope, where: Filter, measures: tuple[str, ...]) -> dict[str, Any]:
        return dict.fromkeys(measures, 4)

    def count(self, scope: Scope, where: Filter) -> int:
        self.counted = where
        return 7


def glance(mark: int | None) -> tuple[queries.Glance, GlancedLog]:
    log = GlancedLog({})
    where = Filter(Period(NOW - timedelta(days=30), NOW))
    return queries.glance(log, EVERYTHING, where, 1000, ("cost_usd",), mark), log  # type: ignore[arg-type]


def test_the_small_chart_asks_once_and_in_few_bars() -> None:
    found, log = glance(None)
    assert found.bucket == "day"
    assert [asked[3] for asked in log.asked] == [queries.OUTCOMES]


def test_what_is_new_is_what_came_in_after_the_rows_were_read() -> None:
    """pages.md 2: the pill counts arrivals, not the difference of two totals: the range moves on meanwhile."""
    found, log = glance(us_from_utc(NOW) + 7)
    assert found.new == 7
    assert log.counted.conditions[-1] == Condition("ingested", "gt", ("2026-11-22T00:00:00.000007+00:00",))


def test_before_any_rows_were_read_nothing_is_new() -> None:
    assert glance(None)[0].new == 0
