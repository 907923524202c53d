"""The overview: what it asks, and what it shows for given figures."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from made_up_log import MadeUpLog

from helix_dash.log.query import RequestLog, Series
from helix_dash.metrics.ranks import Ranked
from helix_dash.model import EVERYTHING, Condition, Filter, Kpi, Period
from helix_dash.pages.overview import callbacks, queries, view
from helix_dash.ui.charts import OTHERS, PALETTE
from helix_dash.ui.colours import entity_colours, fixed_colour
from helix_dash.ui.look import Look, failing

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
WHERE = Filter(Period(NOW - timedelta(hours=2), NOW))
MODELS: list[tuple[str | None, float | int | None]] = [(f"model-{index}", 20 - index) for index in range(12)]
KPI = Kpi("requests_per_minute", "", 1, "count")
LOOK = Look(where=WHERE, zone=UTC, zone_name="UTC")


def _found(**changes: Any) -> queries.Overview:
    starts = (0, 3_600_000)
    timeline = Series(starts, ((),), {name: [[4, None]] for name in queries.TIMELINE})
    costs = Series(starts, (("gpt-4o",),), {"cost_usd": [[1.5, None]]})
    found = queries.Overview(
        kpis=(Kpi("requests", "Requests", 4, "count", 2), Kpi("errors", "Errors", 2, "count", 1, "down")),
        bucket="hour",
        timeline=timeline,
        costs=costs,
        others=(),
        palette_order=("gpt-4o",),
        errors=(Ranked("Timeout", {"requests": 2}),),
        ranking=(Ranked(None, dict.fromkeys(queries.RANKED, 4)),),
        groups=1,
    )
    return replace(found, **changes)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> MadeUpLog:
    monkeypatch.setattr(queries, "kpis", lambda *_: ())
    monkeypatch.setattr(queries, "requests_per_minute", lambda *_: KPI)
    return MadeUpLog({"model": MODELS, "error_class": [("Timeout", 3), (None, 1)], "user": [("ada", 0)]})


def _ask(log: MadeUpLog, dim: str = "model") -> queries.Overview:
    return queries.overview(cast("RequestLog", log), EVERYTHING, WHERE, dim=dim, rows=3, now=NOW)


def test_the_models_beyond_the_largest_are_summed_as_others(asked: MadeUpLog) -> None:
    """H2.3: cost by model."""
    found = _ask(asked)
    assert len(found.costs.groups) == queries.TOP_MODELS
    assert found.others[0] == sum(figure or 0 for _, figure in MODELS[queries.TOP_MODELS :])


def test_errors_are_asked_for_failed_requests_only(asked: MadeUpLog) -> None:
    _ask(asked)
    (where,) = [where for where, dims, _, _ in asked.asked if dims == ("error_class",)]
    assert where.conditions[-1] == Condition("status", "in", ("error", "throttled", "blocked"))


def test_the_ranking_is_cut_and_says_how_many_there_were(asked: MadeUpLog) -> None:
    found = _ask(asked)
    assert (len(found.ranking), found.groups) == (3, 12)


def test_groups_without_requests_are_not_ranked(asked: MadeUpLog) -> None:
    assert _ask(asked, "user").ranking == ()


def test_a_refresh_asks_a_bounded_number_of_questions_whatever_the_range(asked: MadeUpLog) -> None:
    """Lessons 3 and 4."""
    _ask(asked)
    assert len(asked.asked) <= 6


def test_every_part_that_is_shown_is_a_declared_output() -> None:
    assert set(view.show(_found(), "model", LOOK)) <= set(callbacks.PLACES)


def test_every_output_stands_on_the_page() -> None:
    parts = [*view.layout()._traverse(), view.layout()]
    ids = {getattr(part, "id", None) for part in parts}
    assert {output.component_id for output in view.outputs().values()} <= ids


def test_every_card_of_the_summary_is_on_the_page() -> None:
    """interface.md, Pages; H1.1."""
    names = {
        part.to_plotly_json()["props"].get("data-kpi")
        for part in view.layout()._traverse()
        if hasattr(part, "to_plotly_json")
    }
    assert {name for name, _ in (*view.CARDS, *view.STRIP)} <= names


def test_a_gap_in_the_log_is_a_gap_in_the_chart() -> None:
    series = view.show(_found(), "model", LOOK)["volume.figure"]["series"][0]
    assert series["y"] == [4, None]


def test_a_chart_says_its_unit_interval_and_zone() -> None:
    """Lesson 23."""
    updates = view.show(_found(), "model", LOOK)
    assert updates["volume.subtitle"] == "Requests per hour, UTC"
    assert updates["cost.subtitle"] == "US dollars per hour, UTC"


def test_percentiles_from_histograms_are_marked() -> None:
    rough = _found(timeline=replace(_found().timeline, approximate=True))
    assert view.show(rough, "model", LOOK)["latency.subtitle"].startswith("~")


def test_a_mark_filters_by_what_it_stands_for() -> None:
    """Lesson 34: every mark is clickable."""
    updates = view.show(_found(), "model", LOOK)
    assert updates["volume.figure"]["series"][0]["where"] == ["status", "success"]
    assert updates["cost.figure"]["series"][0]["where"] == ["model", "gpt-4o"]
    assert (updates["errors.0.filter"], updates["errors.0.value"]) == ("error_class", "Timeout")


def test_an_unknown_name_filters_by_unknown() -> None:
    updates = view.show(_found(), "model", LOOK)
    assert (updates["ranking.0.name"], updates["ranking.0.filter"], updates["ranking.0.value"]) == (
        "Unknown",
        "model",
        "",
    )


def test_shares_of_errors_are_of_all_errors() -> None:
    assert view.show(_found(), "model", LOOK)["errors.0.share"] == "100%"


def _nothing() -> queries.Overview:
    empty = Series((0, 3_600_000), ((),), {name: [[0, 0]] for name in queries.TIMELINE})
    costs = Series((0, 3_600_000), (), {"cost_usd": []})
    return _found(timeline=empty, costs=costs, errors=(), ranking=(), groups=0)


def test_nothing_in_the_period_is_told_in_words() -> None:
    updates = view.show(_nothing(), "model", LOOK)
    assert (updates["volume.state"], updates["volume.title"]) == ("empty", "No requests in these 2 hours")


def test_nothing_because_of_a_filter_offers_to_clear_it() -> None:
    filtered = Filter(WHERE.period, (Condition("model", "in", ("gpt-4o",)),))
    updates = view.show(_nothing(), "model", replace(LOOK, where=filtered))
    assert updates["volume.action"] == "Clear filters"


def test_an_empty_log_tells_how_data_get_here() -> None:
    updates = view.show(_nothing(), "model", replace(LOOK, virgin=True))
    assert "gateway" in updates["volume.text"]


def test_no_errors_is_good_news_and_not_missing_data() -> None:
    updates = view.show(_found(errors=()), "model", LOOK)
    assert updates["errors.title"] == "No errors"


def test_old_figures_stay_and_are_marked() -> None:
    """Issue A, 6: data stays with its age."""
    updates = view.show(_found(), "model", replace(LOOK, stale=True))
    assert updates["volume.state"] == "stale"
    assert updates["volume.figure"]["series"]


FAILED = failing(view.ROOT, callbacks.PLACES, (*view.CARDS, *view.STRIP), view.PANELS)


def test_a_failed_refresh_leaves_the_figures_alone() -> None:
    parts = FAILED(RuntimeError(), "ab12", shown="ready")["parts"]
    assert set(parts) == {view.ROOT} | {f"hx-{name}" for name in view.PANELS}
    assert {tuple(part) for part in parts.values()} == {("data-page-state",), ("data-state",)}


def test_a_failed_first_load_shows_dashes_and_no_zero() -> None:
    parts = FAILED(RuntimeError(), "ab12", shown="loading")["parts"]
    assert {parts[f"hx-kpi-{name}"]["children"] for name, _ in (*view.CARDS, *view.STRIP)} == {"—"}
    assert parts["hx-volume"]["data-state"] == "error"


def test_a_models_colour_does_not_depend_on_the_filter() -> None:
    """visual.md 4: fixed by its rank over the last 30 days."""
    order = [name for name, _ in MODELS]
    assert entity_colours(["model-3"], order)["model-3"] == PALETTE[3]
    assert entity_colours(["model-3", "model-0"], order)["model-3"] == PALETTE[3]


def test_a_model_has_one_colour_in_the_table_and_in_the_chart() -> None:
    """pages.md 0: one colour per entity on all pages."""
    found = _found(ranking=(Ranked("gpt-4o", dict.fromkeys(queries.RANKED, 4)),))
    updates = view.show(found, "model", LOOK)
    assert updates["ranking.0.row"]["--mark"] == updates["cost.figure"]["series"][0]["colour"] == PALETTE[0]


def test_in_a_table_a_model_beyond_the_palette_is_grey() -> None:
    """It would wear the colour of one of the eight largest."""
    order = [f"m{index}" for index in range(12)]
    assert [fixed_colour(name, order) for name in ("m7", "m8", "new")] == [PALETTE[7], OTHERS, OTHERS]


def test_a_row_tells_how_it_changed_against_the_period_before() -> None:
    """pages.md 1: trend %."""
    updates = view.show(_found(before={None: 2}), "model", LOOK)
    assert updates["ranking.0.trend"] == "+100%"
    assert view.show(_found(), "model", LOOK)["ranking.0.trend.why"] == "no requests in the period before"


def test_without_output_there_is_no_speed_and_the_cell_says_so() -> None:
    row = Ranked("embed", {**dict.fromkeys(queries.RANKED, 4), "output_tokens_per_second": None})
    updates = view.show(_found(ranking=(row,)), "model", LOOK)
    assert updates["ranking.0.output_tokens_per_second"] == "—"
    assert updates["ranking.0.output_tokens_per_second.why"] == "no output tokens"


def test_with_comparison_each_chart_has_the_period_before() -> None:
    """pages.md 0: compare with previous period."""
    now = _found()
    updates = view.show(replace(now, past=now.timeline), "model", LOOK)
    assert updates["volume.figure"]["past"] == {"name": "Previous 2 hours", "y": [4, None]}
    assert updates["cost.figure"]["past"]["y"] == [4, None]
    assert updates["latency.figure"]["series"][2]["before"] == [0.004, None]
    assert updates["cache.figure"]["past"] == {"name": "Previous 2 hours"}


def test_models_beyond_the_palette_take_a_colour_nobody_else_in_view_has() -> None:
    order = [f"m{index}" for index in range(12)]
    colours = entity_colours(["m0", "m1", "m10", "m11"], order)
    assert len(set(colours.values())) == 4


def test_with_every_colour_taken_a_model_is_grey() -> None:
    order = [f"m{index}" for index in range(9)]
    assert entity_colours(order, order)["m8"] == OTHERS
