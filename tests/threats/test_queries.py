"""Questions meant to hurt: patterns, ranges, page sizes, names: T50 to T52."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from whole import CALL, RECORDS, heard

from helix_dash.ui.packed import unpack

SUMMARY, REQUESTS = "/api/v1/summary", "/api/v1/requests"


def rows(client: FlaskClient, model: Any, sort: Any = None, end: int = 100) -> Any:
    """What the grid is answered to a filter of its own."""
    request = {"startRow": 0, "endRow": end, "filterModel": model, "sortModel": sort or []}
    body = _grid_call(client)
    for part in (*body["inputs"], *body["state"]):
        if part["property"] == "getRowsRequest":
            part["value"] = request
        elif part["id"] == "hx-filter":
            part["value"] = {"from": "now-24h", "to": "now", "where": {}}
        elif part["id"] == "hx-tick":
            part["value"] = {"n": 1}
    return client.post(CALL, json=body)


def _grid_call(client: FlaskClient) -> dict[str, Any]:
    from whole import bodies

    (body,) = [body for name, body in bodies(client.application).items() if "getRowsResponse" in name]
    return body


@pytest.mark.parametrize("text", ["^(a+)+$", "(.*)*x", "[a-", "gpt.4o", "%", "_", "\\", "(?i)gpt"])
@pytest.mark.parametrize("kind", ["contains", "startsWith", "endsWith", "equals"])
def test_a_pattern_is_only_a_text(viewer: FlaskClient, text: str, kind: str) -> None:
    """T50: every model is gpt-4o, and no such text is in it."""
    answer = rows(viewer, {"model": {"type": kind, "filter": text}})
    assert answer.status_code == 200
    assert '"rowCount":0' in answer.text.replace(" ", "")


def test_the_text_that_is_there_is_found(viewer: FlaskClient) -> None:
    """T50: else the test above would prove nothing."""
    answer = rows(viewer, {"model": {"type": "contains", "filter": "pt-4"}})
    assert f'"rowCount":{RECORDS}' in answer.text.replace(" ", "")


RANGES = [
    ("1700-01-01", "2260-01-01"), ("0001-01-01", "9999-12-31"), ("now", "now-1h"), ("9999-12-31T23:59:59-14:00", "now"),
    ("now-999999w", "now"), ("2026-W01", "now"), ("1e9", "now"), ("-1", "now"), ("2026-02-30", "now"), ("now-1h", "2026-11-22T00:00:00[Mars/Olympus]"),
    ("2026-11-22T00:00:00+99:99", "now"), ("\u0662\u0660\u0662\u0666-01-01", "now"),
]  # fmt: skip


@pytest.mark.parametrize(("start", "end"), RANGES)
@pytest.mark.parametrize("path", [SUMMARY, REQUESTS])
def test_no_range_makes_it_fail(viewer: FlaskClient, path: str, start: str, end: str) -> None:
    """T51."""
    with heard() as log:
        answer = viewer.get(f"{path}?{urlencode({'from': start, 'to': end})}")
    assert answer.status_code in (200, 400)
    assert log.stacks == []


@pytest.mark.parametrize(
    ("start", "end"), [("1700-01-01", "2260-01-01"), ("now-10w", "now"), ("now-1s", "now")]
)
def test_a_chart_has_no_more_points_than_the_setting_says(viewer: FlaskClient, start: str, end: str) -> None:
    """T51: a longer range gets wider buckets, never more of them."""
    from whole import bodies

    (body,) = [b for name, b in bodies(viewer.application).items() if "hx-overview-fill.data" in name]
    for part in (*body["inputs"], *body["state"]):
        if part["id"] == "hx-filter":
            part["value"] = {"from": start, "to": end, "where": {}}
        elif part["id"] == "hx-tick":
            part["value"] = {"n": 1}
        elif part["property"] == "value":
            part["value"] = "model"
    answer = viewer.post(CALL, json=body)
    assert answer.status_code == 200
    parts = answer.json["response"]["hx-overview-fill"]["data"]["parts"]
    drawn = [part["data"]["series"] for part in parts.values() if "series" in (part.get("data") or ())]
    assert all(len(unpack(one["y"])) <= 1000 for series in drawn for one in series)
    assert bool(drawn) is (start != "now-1s")  # nothing was recorded within the last second


def _longest(value: Any) -> int:
    if isinstance(value, dict):
        return max((_longest(one) for one in value.values()), default=0)
    if isinstance(value, list):
        return max([len(value), *(_longest(one) for one in value)])
    return 0


@pytest.mark.parametrize("query", [
    "limit=1000000000", "limit=-1", "limit=NaN", "limit=1e3", "limit=0", "limit=\u0661", "sort=__class__", "sort=time;drop", "__class__=x",
    "model=" + "x&model=" * 500, "cursor=x", "from=now&from=now", "query=model%3D%3D'x'", "status=success'%20or%20'1'='1",
])  # fmt: skip
def test_a_parameter_that_is_no_honest_one_is_400(viewer: FlaskClient, query: str) -> None:
    """T52."""
    answer = viewer.get(f"{REQUESTS}?{query}")
    assert answer.status_code == 400
    assert set(answer.json["error"]) == {"code", "message", "field"}


@pytest.mark.parametrize("end", [10**9, -5, 2**70])
def test_a_grid_gets_no_block_larger_than_its_own(viewer: FlaskClient, end: int) -> None:
    """T52."""
    answer = rows(viewer, {}, end=end)
    assert answer.status_code in (200, 400)
    assert _longest(answer.json) <= 1000


NAMES = st.sampled_from(
    ["model", "time", "cost_usd", "__class__", "latency_ms", "x", "producer", "is_stream"]
)
VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10) | st.just({"a": [1]})
TESTS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["contains", "equals", "lessThan", "inRange", "blank", "regex", "__call__"]),
        "filterType": st.sampled_from(["text", "number", "date", "set", "multi"]),
        "filter": VALUES,
        "filterTo": VALUES,
        "dateFrom": VALUES,
        "dateTo": VALUES,
        "operator": st.sampled_from(["AND", "OR", "XOR"]),
    },
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(NAMES, TESTS | VALUES, max_size=3),
    st.lists(
        st.fixed_dictionaries({"colId": NAMES | VALUES, "sort": st.sampled_from(["asc", "desc", "x"])}),
        max_size=2,
    ),
)
def test_no_filter_of_a_grid_makes_it_fail(viewer: FlaskClient, model: Any, sort: Any) -> None:
    """T52."""
    with heard() as log:
        answer = rows(viewer, model, sort)
    assert answer.status_code in (200, 204, 400)
    assert log.stacks == []
