"""Figures as plain dictionaries."""

from __future__ import annotations

import json

from helix_dash.ui import charts
from helix_dash.ui.charts import Axis, Layer

HOURS = Axis(
    starts=[0, charts.HOUR, 2 * charts.HOUR], start=0, end=3 * charts.HOUR, unfinished=True, key="a/b"
)
GAP = Layer("p50", [1.0, None, 3.0], "#4369F7")


def test_a_gap_stays_a_gap() -> None:
    trace = charts.lines(HOURS, [GAP], hover="%{y}")["data"][0]
    assert trace["y"] == [1.0, None, 3.0]
    assert trace["connectgaps"] is False


def test_a_point_between_two_gaps_is_drawn_as_a_dot() -> None:
    trace = charts.lines(HOURS, [Layer("p50", [None, 2.0, None], "#4369F7")], hover="%{y}")["data"][0]
    assert trace["marker"]["size"] == [0, 5, 0]


def test_evenly_spaced_times_are_sent_as_two_numbers() -> None:
    trace = charts.bars(HOURS, [GAP])["data"][0]
    assert (trace["x0"], trace["dx"]) == (0, charts.HOUR)
    assert "x" not in trace


def test_uneven_times_are_sent_one_by_one() -> None:
    months = Axis(starts=[0, 31 * charts.DAY, 59 * charts.DAY], start=0, end=90 * charts.DAY)
    trace = charts.bars(months, [GAP])["data"][0]
    assert trace["x"] == [0, 31 * charts.DAY, 59 * charts.DAY]


def test_only_the_bucket_that_still_fills_is_hatched() -> None:
    trace = charts.bars(HOURS, [GAP])["data"][0]
    assert trace["marker"]["pattern"]["shape"] == ["", "", "/"]


def test_a_figure_knows_no_theme() -> None:
    """visual.md 4: transparent, so that the style sheet decides."""
    layout = charts.bars(HOURS, [GAP])["layout"]
    assert layout["paper_bgcolor"] == layout["plot_bgcolor"] == "rgba(0,0,0,0)"
    assert "template" not in layout


def test_a_name_that_looks_like_markup_is_shown_as_text() -> None:
    """T-XSS: model names come from callers."""
    trace = charts.bars(HOURS, [Layer("<b>x</b>", [1, 2, 3], "#000000")])["data"][0]
    assert "<b>" not in trace["hovertemplate"]


def test_a_figure_of_200_buckets_and_five_layers_stays_small() -> None:
    axis = Axis(starts=[index * charts.HOUR for index in range(200)], start=0, end=200 * charts.HOUR)
    layers = [Layer(f"layer {index}", [index * 1.123456789] * 200, "#4369F7") for index in range(5)]
    assert len(json.dumps(charts.bars(axis, layers), separators=(",", ":"))) < 40_000
