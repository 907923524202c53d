"""Cards: label, value, change, trend."""

from __future__ import annotations

from helix_dash.model import Kpi
from helix_dash.ui import kpi


def _fill(figure: Kpi) -> dict[str, object]:
    return kpi.fill(figure, before="previous 24 hours", during="then")


def test_a_card_carries_the_figure_for_programs_too() -> None:
    """interface.md, Pages: data-kpi and data-raw."""
    props = kpi.card("cost_usd", "Cost").to_plotly_json()["props"]
    updates = _fill(Kpi("cost_usd", "Cost", 0.000000125, "usd", None))
    assert props["data-kpi"] == "cost_usd"
    assert updates["kpi.cost_usd.raw"] == "0.000000125"


def test_an_unknown_figure_is_a_dash_with_its_reason_and_no_trend() -> None:
    updates = _fill(Kpi("x", "X", None, "usd", 3.0, "down", "every request is unpriced", (1, 2, 3)))
    assert updates["kpi.x.value"] == "—"
    assert updates["kpi.x.raw"] == ""
    assert updates["kpi.x.chip"] == "every request is unpriced"
    assert updates["kpi.x.trend"] == {"visibility": "hidden"}


def test_zero_is_not_unknown() -> None:
    updates = _fill(Kpi("x", "X", 0, "count", 4, "down"))
    assert (updates["kpi.x.value"], updates["kpi.x.raw"], updates["kpi.x.chip"]) == ("0", "0", "−100%")


def test_a_trend_with_a_gap_is_two_lines() -> None:
    """H1.2."""
    style = kpi.trend([1, 2, None, 3, 4])
    assert str(style["--trend"]).count("stroke='%23000'".replace("'", "%27")) == 1
    line = str(style["--trend"]).split("fill=%27none%27")[0].split("d=%27")[-1]
    assert line.count("M") == 2


def test_a_trend_of_one_point_draws_nothing() -> None:
    assert kpi.trend([None, 5, None]) == {"visibility": "hidden"}


def test_every_filled_part_of_a_card_is_an_output() -> None:
    assert set(_fill(Kpi("x", "X", 1, "count", 1))) == set(kpi.outputs("x"))
