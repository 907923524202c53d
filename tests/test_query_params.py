"""The reader of URL parameters, page state and grid filters."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helix_dash.errors import BadQuery
from helix_dash.model import Condition, Period, Sort
from helix_dash.query_params import (
    PAGE_ONLY,
    asked_zone,
    compares,
    from_state,
    grid_conditions,
    grid_sort,
    parse_query,
    parse_sort,
    parse_time,
)
from helix_dash.zones import Zone, names, parse_zone

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def query(*args: tuple[str, str], **given: Any) -> Any:
    return parse_query(args, UTC, NOW, **given)


def fault(*args: tuple[str, str]) -> str:
    with pytest.raises(BadQuery) as refusal:
        query(*args)
    return refusal.value.field


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", NOW),
        ("now-30s", NOW - timedelta(seconds=30)),
        ("now-15m", NOW - timedelta(minutes=15)),
        ("now-1h", NOW - timedelta(hours=1)),
        ("now-7d", NOW - timedelta(days=7)),
        ("now-2w", NOW - timedelta(weeks=2)),
        ("2026-11-22T01:02:03.456Z", datetime(2026, 11, 22, 1, 2, 3, 456000, tzinfo=UTC)),
        ("2026-11-22T01:02:03+01:00", datetime(2026, 11, 22, 0, 2, 3, tzinfo=UTC)),
        ("2026-11-22T01:02:03 01:00", datetime(2026, 11, 22, 0, 2, 3, tzinfo=UTC)),
        ("2026-11-22T01:02:03 0100", datetime(2026, 11, 22, 0, 2, 3, tzinfo=UTC)),
    ],
)
def test_a_time_with_a_zone_or_relative_to_now_is_that_instant(text: str, expected: datetime) -> None:
    assert parse_time(text, BERLIN, NOW) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-22", datetime(2026, 11, 21, 23, tzinfo=UTC)),
        ("2026-11-22 00:00:00", datetime(2026, 11, 21, 23, tzinfo=UTC)),
        ("2026-07-01T12:00", datetime(2026, 7, 1, 10, tzinfo=UTC)),
    ],
)
def test_a_time_without_a_zone_is_meant_in_the_reporting_zone(text: str, expected: datetime) -> None:
    assert parse_time(text, BERLIN, NOW) == expected


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "now+1h", "now-", "now-h", "now-1y", "now-1.5h", "now-99999999d", "now-999999w", "1795309323",
     "2026-13-01", "2026-11-22T25:00", "0001-01-01T00:00+14:00", "9999-12-31T23:59-14:00", "NOW", " now", "now\n"],
)  # fmt: skip
def test_a_time_that_is_none_is_refused_by_its_parameter(text: str) -> None:
    assert fault(("to", text)) == "to"


def test_without_parameters_the_last_day_is_meant() -> None:
    assert query().period == Period(NOW - timedelta(days=1), NOW)


@pytest.mark.parametrize("start", ["now", "now-1h"])
def test_a_period_that_is_empty_or_backwards_is_refused(start: str) -> None:
    assert fault(("from", start), ("to", "now-1h")) == "from"


def test_a_repeated_parameter_means_or_and_different_ones_mean_and() -> None:
    where = query(("model", "b"), ("status", "error"), ("model", "a"))
    assert where.conditions == (Condition("model", "in", ("a", "b")), Condition("status", "in", ("error",)))


def test_the_order_of_parameters_makes_no_other_filter() -> None:
    """A filter is a cache key."""
    assert query(("user", "x"), ("model", "b"), ("model", "a")) == query(
        ("model", "a"), ("model", "b"), ("user", "x")
    )


@pytest.mark.parametrize(
    "name", ["model", "status", "user", "team", "endpoint", "provider", "call_id", "source"]
)
def test_word_and_text_columns_are_parameters(name: str) -> None:
    value = "success" if name == "status" else "x"
    assert query((name, value)).conditions == (Condition(name, "in", (value,)),)


@pytest.mark.parametrize(
    "name", ["nothing", "cost_usd", "time", "seq", "producer", "__class__", "From", "", "limit"]
)
def test_an_unknown_parameter_is_refused_by_its_name(name: str) -> None:
    assert fault((name, "1")) == name


def test_a_value_the_column_cannot_hold_is_refused_with_those_it_can() -> None:
    with pytest.raises(BadQuery, match="success, error, throttled, blocked, cancelled"):
        query(("status", "failed"))


def test_an_empty_value_means_unknown() -> None:
    assert query(("team", "")).conditions == (Condition("team", "blank"),)


def test_a_mark_behind_the_name_excludes_every_value_given() -> None:
    where = query(("model!", "b"), ("model!", "a"), ("user", "ada"))
    assert where.conditions == (Condition("user", "in", ("ada",)), Condition("model", "not_in", ("a", "b")))


def test_unknown_is_excluded_beside_values() -> None:
    where = query(("team!", "x"), ("team!", ""))
    assert where.conditions == (Condition("team", "not_in", ("x",)), Condition("team", "not_blank"))


@pytest.mark.parametrize(
    "args",
    [
        ("nothing!", "x"),
        ("!", "x"),
        ("model!!", "x"),
        ("from!", "now"),
        ("status!", "odd"),
        ("cost_usd!", "1"),
    ],
)
def test_an_exclusion_that_cannot_be_is_refused_by_its_name(args: tuple[str, str]) -> None:
    assert fault(args) == args[0]


@pytest.mark.parametrize("name", ["stream", "stream!"])
def test_a_flag_is_true_or_false(name: str) -> None:
    op = "not_in" if name.endswith("!") else "in"
    assert query((name, "true")).conditions == (Condition("stream", op, ("true",)),)
    assert fault((name, "yes")) == name


def test_a_zone_of_the_address_replaces_the_reporting_zone() -> None:
    asked = query(("from", "2026-11-21T00:00"), ("zone", "Europe/Berlin"))
    assert asked.period.start == datetime(2026, 11, 20, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    "zone", ["Europe/Nowhere", "../../etc/passwd", "/etc/localtime", "localtime", "", "utc\0"]
)
def test_a_zone_that_is_none_is_refused(zone: str) -> None:
    """T07: a name is looked up, never a path."""
    assert fault(("zone", zone)) == "zone"


def test_every_zone_offered_can_be_used() -> None:
    assert "Europe/Berlin" in names()
    assert all(parse_zone(name).info for name in names())


def test_unknown_or_a_value_cannot_be_asked_in_one() -> None:
    assert fault(("team", ""), ("team", "x")) == "team"


@pytest.mark.parametrize("name", ["from", "to"])
def test_a_time_is_given_once(name: str) -> None:
    assert fault((name, "now-2h"), (name, "now-1h")) == name


def test_a_page_tolerates_what_says_how_to_show_it() -> None:
    assert query(("theme", "dark"), ("refresh", "off"), also=PAGE_ONLY) == query()


def test_the_api_does_not() -> None:
    assert fault(("theme", "dark")) == "theme"


def test_a_thousand_values_are_too_many() -> None:
    assert fault(*(("model", str(number)) for number in range(1000))) == "model"


@pytest.mark.parametrize(
    ("text", "sort"), [("time", Sort("time", False)), ("-cost_usd", Sort("cost_usd", True))]
)
def test_a_minus_sorts_the_largest_first(text: str, sort: Sort) -> None:
    assert parse_sort(text) == sort


@pytest.mark.parametrize("text", ["", "-", "--time", "nothing", "time,model", "-time desc"])
def test_an_order_by_an_unknown_column_is_refused(text: str) -> None:
    with pytest.raises(BadQuery):
        parse_sort(text)


def test_a_pages_state_is_the_same_filter_as_its_address() -> None:
    state = {"from": "now-1h", "to": "now", "where": {"model": ["b", "a"], "status": ["error"]}}
    asked = query(("from", "now-1h"), ("to", "now"), ("model", "a"), ("model", "b"), ("status", "error"))
    assert from_state(state, UTC, NOW) == (asked, Sort())


def test_a_pages_state_carries_exclusions_and_zone() -> None:
    state = {"from": "2026-11-21T00:00", "where": {}, "without": {"model": ["a"]}, "zone": "Europe/Berlin"}
    asked = query(("from", "2026-11-21T00:00"), ("model!", "a"), ("zone", "Europe/Berlin"))
    assert from_state(state, UTC, NOW)[0] == asked


def test_a_page_without_a_zone_is_in_the_reporting_zone() -> None:
    reporting = Zone(BERLIN, "Europe/Berlin")
    assert asked_zone({"zone": None}, reporting) == reporting
    assert asked_zone({"zone": "UTC"}, reporting).name == "UTC"


@pytest.mark.parametrize(
    ("state", "expected"),
    [(None, False), ({}, False), ({"compare": "yes"}, False), ({"compare": True}, True)],
)
def test_a_page_compares_when_it_is_asked_to(state: Any, expected: bool) -> None:
    assert compares(state) is expected


@pytest.mark.parametrize("state", [None, {}, {"where": {}, "grid": None}, {"where": {"model": []}}])
def test_an_empty_state_is_the_default(state: Any) -> None:
    assert from_state(state, UTC, NOW) == (query(), Sort())


@pytest.mark.parametrize(
    "state",
    [
        [1],
        "text",
        {"from": 1},
        {"to": ["now"]},
        {"where": [1]},
        {"where": {"model": [1]}},
        {"where": {"model": [["a"]]}},
        {"where": {"nothing": ["a"]}},
        {"where": {"cost_usd": ["a"]}},
        {"without": [1]},
        {"without": {"model": [1]}},
        {"without": {"nothing": ["a"]}},
        {"zone": 1},
        {"zone": ["UTC"]},
        {"zone": "Nowhere"},
        {"grid": 1},
        {"grid": {"filterModel": 1}},
        {"grid": {"filterModel": {"nothing": {}}}},
        {"grid": {"filterModel": {"model": 1}}},
        {"grid": {"filterModel": {"model": {"type": "regex", "filter": "^(a+)+$"}}}},
        {"grid": {"filterModel": {"model": {"type": "equals", "filter": None}}}},
        {"grid": {"filterModel": {"model": {"type": "equals", "filter": {"a": 1}}}}},
        {"grid": {"filterModel": {"time": {"type": "lessThan", "dateFrom": "soon"}}}},
        {"grid": {"filterModel": {"model": {"operator": "OR", "conditions": [{}, {}]}}}},
        {"grid": {"sortModel": 1}},
        {"grid": {"sortModel": [1]}},
        {"grid": {"sortModel": [{"colId": "__class__", "sort": "asc"}]}},
    ],
)
def test_a_state_no_page_makes_is_refused(state: Any) -> None:
    """T07, T52: it comes from a browser."""
    with pytest.raises(BadQuery):
        from_state(state, UTC, NOW)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["from", "to", "where", "without", "zone", "grid", "filterModel", "sortModel", "model", "type", "filter", "conditions"]),
        inner,
        max_size=4,
    ),
    max_leaves=10,
)  # fmt: skip


@given(JSON)
def test_no_state_makes_the_reader_fail_otherwise(state: Any) -> None:
    """T07."""
    with contextlib.suppress(BadQuery):
        from_state(state, UTC, NOW)


@pytest.mark.parametrize(
    ("column", "test", "condition"),
    [
        ("model", {"type": "contains", "filter": "gpt"}, Condition("model", "contains", ("gpt",))),
        ("model", {"type": "notContains", "filter": "x"}, Condition("model", "not_contains", ("x",))),
        ("model", {"type": "equals", "filter": "a"}, Condition("model", "in", ("a",))),
        ("model", {"type": "notEqual", "filter": "a"}, Condition("model", "not_in", ("a",))),
        ("model", {"type": "startsWith", "filter": "a"}, Condition("model", "starts", ("a",))),
        ("model", {"type": "endsWith", "filter": "a"}, Condition("model", "ends", ("a",))),
        ("model", {"type": "blank"}, Condition("model", "blank")),
        ("model", {"type": "notBlank"}, Condition("model", "not_blank")),
        ("latency_ms", {"type": "lessThan", "filter": 5}, Condition("latency_ms", "lt", ("5",))),
        (
            "latency_ms",
            {"type": "greaterThanOrEqual", "filter": 0.5},
            Condition("latency_ms", "gte", ("0.5",)),
        ),
        (
            "cost_usd",
            {"type": "inRange", "filter": 0.001, "filterTo": 2},
            Condition("cost_usd", "between", ("0.001", "2")),
        ),
        (
            "time",
            {"type": "greaterThan", "dateFrom": "2026-11-22 00:00:00", "dateTo": None},
            Condition("time", "gt", ("2026-11-21T23:00:00+00:00",)),
        ),
    ],
)
def test_each_kind_of_grid_test_is_a_condition(
    column: str, test: dict[str, Any], condition: Condition
) -> None:
    assert grid_conditions({column: test}, BERLIN, NOW) == (condition,)


def test_two_tests_of_one_column_hold_together() -> None:
    both = {"operator": "AND", "conditions": [{"type": "contains", "filter": "a"}, {"type": "blank"}]}
    assert grid_conditions({"model": both}, UTC, NOW) == (
        Condition("model", "contains", ("a",)),
        Condition("model", "blank"),
    )


def test_a_grid_without_order_shows_the_newest_first() -> None:
    assert grid_sort([]) == Sort("time", descending=True)


def test_a_grid_sorts_by_its_first_column() -> None:
    model = [{"colId": "cost_usd", "sort": "asc"}, {"colId": "model", "sort": "desc"}]
    assert grid_sort(model) == Sort("cost_usd", descending=False)
