"""Tables whose cells are meters, tags, links and trends: what the browser is told to draw."""

from __future__ import annotations

import json
from typing import Any

import pytest

from helix_dash.ui import rich_table
from helix_dash.ui.rich_table import Cell, Column, Line, Link, Meter, Tag, Trend

COLUMNS = (Column("used", "Used", "meter", "Of the limit"), Column("count", "Count"))


def drawn(*lines: Line, size: int = 5) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = rich_table.fill("t", COLUMNS, lines, size)["t.rows"]["rows"]
    return rows


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        (Meter(0.25, "1 / 4", "why"), {"text": "1 / 4", "meter": "25.0%", "tone": "good", "why": "why"}),
        (Meter(None, "no limit"), {"text": "no limit", "meter": "0.0%", "tone": "none", "why": ""}),
        (Tag("own", "info"), {"text": "own", "tone": "info"}),
        (Link("Requests", "/requests?a=1"), {"text": "Requests", "href": "/requests?a=1"}),
        (Trend(()), {"trend": ""}),
        ("12", "12"),
    ],
)
def test_each_kind_of_cell_is_told_as_what_it_is(cell: Cell, told: object) -> None:
    assert drawn(Line("a", {"used": cell}))[0]["cells"][0] == told


@pytest.mark.parametrize(("share", "width", "tone"), [(0.8, "80.0%", "good"), (0.81, "81.0%", "warn"), (1.5, "100.0%", "bad")])  # fmt: skip
def test_a_meter_warns_near_its_limit_and_never_leaves_its_bar(share: float, width: str, tone: str) -> None:
    told = drawn(Line("a", {"used": Meter(share, "")}))[0]["cells"][0]
    assert (told["meter"], told["tone"]) == (width, tone)


def test_a_share_of_a_whole_never_alarms() -> None:
    assert Meter(1.0, "100%", of_limit=False).tone == "good"


def test_a_cell_that_a_line_lacks_is_unknown() -> None:
    assert drawn(Line("a"))[0]["cells"] == ["—", "—"]


def test_no_more_rows_than_asked_for_are_sent() -> None:
    assert len(drawn(*[Line(str(number)) for number in range(9)], size=5)) == 5


def test_what_heads_the_columns_is_in_the_page_and_not_in_a_refresh() -> None:
    region = rich_table.table("t", "Uses", "Key", COLUMNS).children
    shape = json.loads(region.to_plotly_json()["props"]["data-shape"])
    assert [column["title"] for column in shape["columns"]] == ["Used", "Count"]
    assert shape["columns"][0]["help"] == "Of the limit"
