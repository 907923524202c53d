"""Charts over time as plain dictionaries."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from helix_dash.model import Period
from helix_dash.ui import charts
from helix_dash.ui.charts import COUNT, PERCENT, SECONDS, USD, Axis, Headline, Layer
from helix_dash.ui.packed import unpack

HOURS = Axis(
    starts=[0, charts.HOUR, 2 * charts.HOUR], start=0, end=3 * charts.HOUR, unfinished=True, key="a/b"
)
GAP = Layer("p50", [1.0, None, 3.0], "#4369F7")


def test_a_chart_over_time_is_what_is_drawn_and_nothing_of_how() -> None:
    """visual.md 4: figures know no theme and no template."""
    layer = Layer("Success", [1, None, 3], "#347F68", ("status", "success"))
    assert charts.amounts(HOURS, [layer], headline=Headline("4")) == {
        "kind": "time",
        "time": {"start": 0, "end": 3 * charts.HOUR, "key": "a/b", "offsets": [[0, 0]], "open": True, "x0": 0, "dx": charts.HOUR, "n": 3},
        "unit": {"tick": "~s"},
        "series": [{"name": "Success", "colour": "#347F68", "y": [1, None, 3], "where": ["status", "success"]}],
        "headline": ["4", ""],
        "as": "bar",
        "types": ["bar", "line", "area"],
        "adds": True,
        "says": "Total 4; peak 3 at 02:00; 1 gap; the last one is still filling.",
    }  # fmt: skip


def test_a_gap_stays_a_gap() -> None:
    assert charts.rates(HOURS, [GAP], SECONDS)["series"][0]["y"] == [1.0, None, 3.0]


def test_uneven_times_are_sent_one_by_one() -> None:
    months = Axis(starts=[0, 31 * charts.DAY, 59 * charts.DAY], start=0, end=90 * charts.DAY)
    assert charts.amounts(months, [GAP])["time"]["x"] == [0, 31 * charts.DAY, 59 * charts.DAY]


def test_several_lines_are_not_offered_as_bars() -> None:
    assert charts.rates(HOURS, [GAP, GAP], SECONDS)["types"] == ["line"]
    assert charts.rates(HOURS, [GAP], SECONDS)["types"] == ["line", "area", "bar"]


def test_the_period_before_is_named_and_stands_bucket_by_bucket() -> None:
    """pages.md 0: compare with the previous period."""
    axis = Axis(**{**_fields(HOURS), "past": "Previous 3 hours"})
    assert charts.amounts(axis, [GAP], before=[4, None, 6])["past"] == {
        "name": "Previous 3 hours",
        "y": [4, None, 6],
    }


def test_of_several_lines_the_leading_one_is_compared_and_all_are_in_the_table() -> None:
    lines = [Layer(name, [1.0, 2.0, 3.0], "#4369F7", before=[2.0, 2.0, 2.0]) for name in ("p50", "p95")]
    figure = charts.rates(HOURS, lines, SECONDS, lead="p95")
    assert figure["lead"] == "p95"
    assert [one["before"] for one in figure["series"]] == [[2.0, 2.0, 2.0], [2.0, 2.0, 2.0]]


def test_without_anything_before_nothing_is_compared() -> None:
    assert "past" not in charts.amounts(HOURS, [GAP], before=[None, None, None])


def test_others_say_how_many_they_are() -> None:
    """pages.md 0: "top N, +k more"."""
    rest = Layer("Others", [1, 2, 3], charts.OTHERS, apart=6)
    assert charts.amounts(HOURS, [rest])["series"][0]["apart"] == 6


def test_times_are_those_of_the_zones_wall_clock_and_keep_its_offsets() -> None:
    """F16: the clock goes back an hour in the middle of the range."""
    zone = ZoneInfo("Europe/Berlin")
    period = Period(datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 26, 23, tzinfo=UTC))
    days = [round(datetime(2026, 10, day, hour, tzinfo=UTC).timestamp() * 1000) for day, hour in ((24, 22), (25, 23))]  # fmt: skip
    axis = charts.time_axis(days, period, zone)
    assert [datetime.fromtimestamp(start / 1000, UTC).strftime("%d %H:%M") for start in axis.starts] == [
        "25 00:00",
        "26 00:00",
    ]
    assert axis.offsets == ((0, 120), (1, 60))


def test_a_figure_of_200_buckets_and_nine_layers_stays_small() -> None:
    axis = Axis(starts=[index * charts.HOUR for index in range(200)], start=0, end=200 * charts.HOUR)
    layers = [
        Layer(f"layer {index}", [index * at * 1.123456789 for at in range(200)], "#4369F7")
        for index in range(9)
    ]
    assert len(json.dumps(charts.amounts(axis, layers), separators=(",", ":"))) < 12_000


def test_a_long_line_is_sent_packed_and_comes_out_as_it_went_in() -> None:
    values = [None, *(index / 8 for index in range(40))]
    packed = charts.rates(_hours(41), [Layer("a", values, "#4369F7")], SECONDS)["series"][0]["y"]
    assert packed["t"] == "f4"
    assert unpack(packed) == values


def test_a_unit_is_written_the_same_in_words() -> None:
    assert [COUNT.words(13870), USD.words(0.041234), PERCENT.words(98.07), SECONDS.words(12.3456)] == [
        "13,870",
        "$0.04123",
        "98.1%",
        "12.35 s",
    ]


def _hours(count: int) -> Axis:
    return Axis(starts=[index * charts.HOUR for index in range(count)], start=0, end=count * charts.HOUR)


def _fields(axis: Axis) -> dict[str, object]:
    return {name: getattr(axis, name) for name in Axis.__dataclass_fields__}
