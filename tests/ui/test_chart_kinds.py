"""Charts that are not over time: what is drawn, and the same as a table."""

from __future__ import annotations

import json

import pytest

from helix_dash.ui import charts, charts_ranked, charts_spread
from helix_dash.ui.charts import (
    COUNT,
    ERROR,
    OTHERS,
    PALETTE,
    SECONDS,
    SUCCESS,
    THROTTLED,
    USD,
    Band,
    Figure,
    Layer,
)
from helix_dash.ui.charts_ranked import Bar, Use
from helix_dash.ui.gallery_charts import charts_gallery
from helix_dash.ui.treemap import treemap

GALLERY = charts_gallery()
PLOTS = {name: figure for name, (_, _, figure) in GALLERY.items() if figure["kind"] == "plot"}


@pytest.mark.parametrize("figure", PLOTS.values(), ids=PLOTS)
def test_every_kind_has_a_table_with_a_unit_per_column(figure: Figure) -> None:
    """X10: every chart as a table."""
    table = figure["table"]
    assert table["rows"]
    assert {len(row) for row in table["rows"]} == {len(table["head"])}
    assert len(table["units"]) == len(table["head"]) - 1


@pytest.mark.parametrize("figure", [figure for _, _, figure in GALLERY.values()], ids=GALLERY)
def test_every_kind_says_something_knows_no_theme_and_is_small(figure: Figure) -> None:
    """visual.md 4; X10."""
    text = json.dumps(figure, separators=(",", ":"))
    assert figure["says"].endswith(".")
    assert '"template"' not in text
    assert len(text) < 8_000


def test_ranked_bars_are_in_order_and_tell_value_and_share() -> None:
    figure = charts_ranked.ranked_bars(
        [Bar("b", 1, where=("model", "b")), Bar("a", 3, "#123456")], COUNT, noun="Model"
    )
    trace = figure["data"][0]
    assert (trace["y"], trace["x"], trace["text"]) == (["a", "b"], [3, 1], ["3  75.0%", "1  25.0%"])
    assert trace["marker"]["color"] == ["#123456", PALETTE[0]]
    assert trace["meta"]["wheres"] == [None, ["model", "b"]]
    assert figure["table"]["rows"] == [["a", 3, 75.0], ["b", 1, 25.0]]


def test_a_long_name_is_cut_in_the_chart_and_whole_in_the_table() -> None:
    name = "a-model-with-a-name-that-is-far-too-long"
    figure = charts_ranked.ranked_bars([Bar(name, 1)], COUNT, noun="Model")
    assert figure["data"][0]["y"][0].endswith("…")
    assert figure["data"][0]["customdata"] == [name]
    assert figure["table"]["rows"][0][0] == name


def test_a_name_that_looks_like_markup_is_shown_as_text() -> None:
    """T-XSS: names come from callers."""
    figure = charts_ranked.ranked_bars([Bar("<b>x</b>", 1)], COUNT, noun="Model")
    assert figure["data"][0]["y"] == ["&lt;b&gt;x&lt;/b&gt;"]


def test_a_ring_is_a_choice_of_the_same_figures() -> None:
    ring = charts_ranked.pie([Bar("a", 3), Bar("b", 1)], USD, noun="Model")
    bars = charts_ranked.ranked_bars([Bar("a", 3), Bar("b", 1)], USD, noun="Model")
    assert (ring["data"][0]["type"], ring["table"]) == ("pie", bars["table"])


def test_stacked_shares_are_of_each_group() -> None:
    figure = charts_ranked.stacked_shares(
        ["a", "b"], [("hit", [1, 0], SUCCESS), ("miss", [3, 0], ERROR)], COUNT, noun="Model"
    )
    assert [trace["x"] for trace in figure["data"]] == [[25.0, None], [75.0, None]]


def test_a_waterfall_stands_on_the_level_before() -> None:
    """pages.md 8: cost-change waterfall."""
    figure = charts_ranked.waterfall(("May", 10.0), [("more", 5.0), ("less", -8.0)], "June", USD)
    trace = figure["data"][0]
    assert (trace["base"], trace["y"]) == ([0.0, 10.0, 7.0, 0.0], [10.0, 5.0, 8.0, 7.0])
    assert trace["marker"]["color"] == [OTHERS, ERROR, SUCCESS, OTHERS]
    assert trace["text"] == ["$10.00", "+$5.00", "−$8.00", "$7.00"]


def test_use_of_a_limit_turns_amber_and_red_and_never_leaves_its_track() -> None:
    """F3.3: progress bars of use."""
    entries = [Use("low", 79, 100), Use("near", 80, 100), Use("over", 130, 100), Use("free", 5, None)]
    track, used = charts_ranked.uses(entries, COUNT, noun="Key")["data"]
    assert used["y"] == ["over", "near", "low", "free"]
    assert used["x"] == [100.0, 80.0, 79.0, 0.0]
    assert used["marker"]["color"] == [ERROR, THROTTLED, PALETTE[0], PALETTE[0]]
    assert track["text"][0] == "130 of 100  130.0%"
    assert (track["x"][3], track["text"][3]) == (0, "5, no limit")


def test_a_histogram_draws_bars_of_equal_width_and_its_marks_between_them() -> None:
    figure = charts_spread.histogram(
        [0, 100, 200, 400], [1, 2, 4], COUNT, noun="Requests", marks=[(300, "p95"), (9999, "beyond")]
    )
    assert figure["data"][0]["x"] == [0.5, 1.5, 2.5]
    assert [shape["x0"] for shape in figure["layout"]["shapes"]] == [2.5, 3.0]
    assert figure["table"]["rows"][2] == ["200 to 400", 4, 57.1]


def test_a_heat_map_leaves_the_unknown_empty() -> None:
    figure = charts_spread.heat_map(["Mon", "Tue"], ["00:00"], [[None], [3]], COUNT, noun="Day")
    assert (figure["data"][0]["z"], figure["data"][0]["text"]) == ([[None], [3]], [["—"], ["3"]])
    assert figure["says"] == "Most 3: Tue, 00:00."


def test_the_colours_of_a_heat_map_are_left_to_the_theme() -> None:
    trace = charts_spread.heat_map(["a"], ["b"], [[1]], COUNT, noun="Day")["data"][0]
    assert "colorscale" not in trace
    assert trace["meta"]["scale"] == "sequential"


def test_a_quantile_curve_tells_its_medians() -> None:
    figure = charts_spread.quantile_curve([("all", [1.0, 2.0, None], PALETTE[0])], [0, 50, 100], SECONDS)
    assert figure["says"] == "all: half below 2 s."
    assert figure["table"]["rows"][2] == ["100%", None]


def test_points_tell_both_figures() -> None:
    figure = charts_spread.scatter([("x", 2.0, 3.0)], ("Inputs", COUNT), ("Cost", USD), noun="Request")
    assert figure["data"][0]["text"] == ["x: 2, $3.00"]


def test_a_fan_is_a_shade_behind_the_lines_over_time() -> None:
    axis = charts.Axis([0, charts.DAY], 0, 2 * charts.DAY)
    figure = charts.rates(
        axis, [Layer("Spent", [1.0, 2.0], PALETTE[0])], USD, band=Band("P10 to P90", [None, 1.0], [None, 3.0])
    )
    assert figure["band"] == {
        "name": "P10 to P90",
        "colour": PALETTE[0],
        "low": [None, 1.0],
        "high": [None, 3.0],
    }
    assert figure["types"] == ["line"]


def test_an_empty_chart_of_each_kind_is_no_failure() -> None:
    empty = [
        charts_ranked.ranked_bars([], COUNT, noun="Model"),
        charts_ranked.uses([], COUNT, noun="Key"),
        charts_spread.histogram([], [], COUNT, noun="Requests"),
        charts_spread.heat_map([], [], [], COUNT, noun="Day"),
        charts_spread.quantile_curve([], [], SECONDS),
        charts_spread.scatter([], ("a", COUNT), ("b", COUNT), noun="Request"),
    ]
    assert all(figure["says"] for figure in empty)


def test_what_has_no_bar_of_its_own_comes_last_whatever_its_size() -> None:
    bars = [Bar("a", 5), Bar("7 others", 90, rest=True), Bar("b", 8)]
    figure = charts_ranked.ranked_bars(bars, charts.COUNT, noun="Model")
    assert [row[0] for row in figure["table"]["rows"]] == ["b", "a", "7 others"]


def test_the_ink_on_a_tile_can_be_read() -> None:
    """visual.md 2: at least 4.5 to 1, whatever the theme."""
    bars = [Bar(str(index), 10.0 - index, colour) for index, colour in enumerate((*PALETTE, OTHERS))]
    inks = treemap(bars, COUNT, noun="Model")["data"][0]["insidetextfont"]["color"]
    assert inks == ["#FFFFFF", "#14171F", "#FFFFFF", "#14171F", *["#FFFFFF"] * 3, "#14171F", "#14171F"]
