"""The Chat and Embeddings pages: what they show for given figures, and that every part has its place."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from helix_dash.log.query import Series
from helix_dash.metrics.context_windows import EDGES, WindowUse
from helix_dash.metrics.distributions import Histogram, Repeats
from helix_dash.metrics.model_server import Counted, Logged, ModelServer
from helix_dash.metrics.projection import Projection
from helix_dash.metrics.ranks import Parts, Ranked
from helix_dash.metrics.singly import Held
from helix_dash.model import Condition, Filter, Kpi, Period
from helix_dash.pages import chat as chat_page
from helix_dash.pages import embeddings as embeddings_page
from helix_dash.pages.chat import figures, queries, spread, view
from helix_dash.pages.chat.view_single import show_single
from helix_dash.pages.embeddings import queries as emb
from helix_dash.pages.embeddings import view as emb_view
from helix_dash.ui import recent, server_panel
from helix_dash.ui.chart_choices import between
from helix_dash.ui.charts import COUNT
from helix_dash.ui.charts_ranked import Bar
from helix_dash.ui.look import Look
from helix_dash.ui.treemap import squarified, treemap

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
WHERE = Filter(Period(NOW - timedelta(hours=2), NOW))
LOOK = Look(WHERE, UTC, "UTC")
STARTS = (0, 3_600_000)
LOG = "/requests?from=now-2h"


RECENT: dict[str, object] = {"time": NOW.isoformat(), "row_id": "a1-7", "model": "slow", "status": "error", "latency_ms": 5.0, "ttft_ms": None, "input_tokens": 3, "output_tokens": 0, "cost_usd": None}  # fmt: skip


def parts(name: str, measure: str = "requests", line: Any = (4, 2)) -> Parts:
    return Parts(Series(STARTS, ((name,),), {measure: [list(line)]}), (), 0)


def chat(**changes: Any) -> queries.Chat:
    stream = dict.fromkeys(queries.STREAMS, 1)
    found = queries.Chat(
        kpis=(Kpi("requests", "Requests", 40, "count"), Kpi("cost_usd", "Cost", 1.5, "usd")),
        kinds=(Ranked("chat", {"requests": 40}),),
        bucket="hour",
        timeline=Series(STARTS, ((),), {name: [[20, 20]] for name in queries.TIMELINE}),
        past=None,
        failures=parts("Timeout", line=(5, 1)),
        errors=(Ranked("Timeout", {"requests": 6}),),
        finishes=parts("stop"),
        costs=parts("gpt-4o", "cost_usd"),
        streams=(
            Ranked("true", stream | {"requests": 10, "errors": 2, "cancelled": 2}),
            Ranked("false", stream | {"ttft_ms_p50": None, "ttft_ms_p95": None}),
        ),
        palette_order=("gpt-4o",),
    )
    return replace(found, **changes)


def single(**changes: Any) -> spread.Spread:
    counts = [0] * len(spread.TOKENS)
    counts[5] = 7
    heat = [[0] * len(spread.TOKENS) for _ in spread.FIRST_TOKEN_MS]
    heat[3][5] = 7
    model = dict.fromkeys(spread.MODELS, 2.0)
    found = spread.Spread(
        held=Held(7, 7, (RECENT,)),
        kpis=(Kpi("tpot_ms_p50", "", None, "ms", reason="no streamed answers"),),
        models=(
            Ranked("quick", model | {"latency_ms_p95": 10}),
            Ranked("slow", model | {"latency_ms_p95": 900, "cost_usd": 1, "total_tokens": 2000}),
        ),
        before={"slow": 4},
        latency={"slow": (1.0, 2.0, 3.0, 4.0, 5.0)},
        speed={"slow": 30.0},
        tpot={"slow": 12.0},
        curves={"latency_ms": tuple(map(float, spread.CURVE)), "ttft_ms": (None,) * len(spread.CURVE)},
        input_tokens=Histogram(tuple(map(float, spread.TOKENS)), {None: tuple(counts)}, 0, 0),
        output_tokens=Histogram(tuple(map(float, spread.TOKENS)), {None: tuple(counts)}, 0, 0),
        heat=tuple(map(tuple, heat)),
        windows=WindowUse((5, *[0] * (len(EDGES) - 1)), {"gpt-4o": 128_000}, ("house-llama",), 3, (0.01, "gpt-4o")),
        logged={"slow": Logged(7, 3, 90)},
        server=ModelServer(asked=True, answered=1, since=1, models={"slow": Counted(5, 40, 60, 0)}),
    )  # fmt: skip
    return replace(found, **changes)


def show(found: spread.Spread, look: Look = LOOK) -> dict[str, Any]:
    return show_single(found, ("slow",), look, LOG)


@pytest.mark.parametrize(
    ("page", "places"),
    [
        (chat_page, view.totals_outputs() | view.single_outputs()),
        (embeddings_page, emb_view.totals_outputs() | emb_view.single_outputs()),
    ],
)
def test_every_place_of_a_page_stands_on_it(page: Any, places: dict[str, Any]) -> None:
    ids = {getattr(part, "id", None) for part in page.SECTION.layout()._traverse()}
    ids.add(getattr(page.SECTION.layout(), "id", None))
    assert {place.component_id for place in places.values()} <= ids


def test_every_part_that_is_shown_has_a_place() -> None:
    assert set(view.show_totals(chat(), LOOK)) <= set(view.totals_outputs())
    assert set(show(single())) <= set(view.single_outputs())


def test_model_usage_is_bars_first_and_a_ring_or_treemap_by_choice() -> None:
    """F1.2."""
    usage = show(single())["chat-usage.figure"]
    assert (usage["view"], set(usage["views"])) == ("bar", {"bar", "pie", "treemap"})
    assert {view["data"][0]["type"] for view in usage["views"].values()} == {"bar", "pie"}


def test_errors_over_time_are_shares_of_all_requests() -> None:
    """F1.6."""
    figure = view.show_totals(chat(), LOOK)["chat-errors.figure"]
    assert figure["series"][0]["y"] == [25, 5]
    assert figure["headline"][0] == "15.0%"


def test_cost_over_time_is_by_model() -> None:
    """F1.7, F2.5."""
    figure = view.show_totals(chat(), LOOK)["chat-cost.figure"]
    assert [(one["name"], one["y"], one["where"]) for one in figure["series"]] == [
        ("gpt-4o", [4, 2], ["model", "gpt-4o"])
    ]
    assert figure["headline"][0] == "$1.50"


def test_the_slowest_model_is_first() -> None:
    assert [row["name"] for row in show(single())["chat-models.rows"]["rows"]] == ["slow", "quick"]


def test_dollars_per_thousand_tokens_are_of_the_models_own() -> None:
    table = show(single())["chat-models.rows"]
    at = [column["title"] for column in table["columns"]].index("$/1k tokens")
    assert table["rows"][0]["cells"][at] == "$0.500"


def test_an_error_rate_leaves_cancelled_requests_out() -> None:
    table = view.show_totals(chat(), LOOK)["chat-streams.rows"]
    at = [column["title"] for column in table["columns"]].index("Error rate")
    assert table["rows"][0]["cells"][at] == "25.0%"


def test_no_first_token_is_told_not_zero() -> None:
    cells = view.show_totals(chat(), LOOK)["chat-streams.rows"]["rows"][1]["cells"]
    assert {"text": "—", "why": "only streams have a first token"} in cells


def test_a_click_on_a_bar_opens_the_requests_in_it() -> None:
    meta = show(single())["chat-input.figure"]["data"][0]["meta"]
    assert meta["opens"] == [{"input_tokens": [spread.TOKENS[5], spread.TOKENS[6] - 1]}]


def test_a_cell_of_the_heat_map_opens_by_both_of_its_values() -> None:
    meta = show(single())["chat-heat.figure"]["data"][0]["meta"]
    assert meta["across"] == [{"input_tokens": [spread.TOKENS[5], spread.TOKENS[6] - 1]}]
    assert meta["upward"] == [{"ttft_ms": [200, 300]}]


def test_a_recent_request_leads_to_itself_in_the_log() -> None:
    """F1.9, F2.4."""
    assert show(single())["chat-recent.rows"]["rows"][0]["href"] == f"{LOG}&request=a1-7"


def test_the_address_of_the_log_keeps_the_pages_filter() -> None:
    state = {
        "from": "now-7d",
        "where": {"model": ["a b"]},
        "without": {"user": ["eve"]},
        "zone": "Europe/Berlin",
    }
    address = recent.address("/requests", state, endpoint=("chat", "responses"))
    assert address == "/requests?from=now-7d&to=now&zone=Europe%2FBerlin&model=a+b&user%21=eve&endpoint=chat&endpoint=responses"  # fmt: skip


def test_expired_requests_are_told_where_a_chart_needs_them() -> None:
    part = show(single(held=Held(20, 7)))["chat-input.subtitle"]
    assert part.endswith("of the 7 requests that are still kept singly")


def test_without_single_requests_words_stand_in_place_of_their_charts() -> None:
    nothing = Histogram((0.0,), {}, 0, 0)
    updates = show(single(held=Held(20, 0), input_tokens=nothing))
    assert (updates["chat-input.state"], updates["chat-input.title"]) == (
        "empty",
        "Single requests have expired",
    )


def test_models_without_a_known_window_are_named() -> None:
    assert "unknown of house-llama" in show(single())["chat-window.subtitle"]


def test_a_filter_that_finds_nothing_offers_to_clear_it() -> None:
    filtered = replace(LOOK, where=Filter(WHERE.period, (Condition("model", "in", ("x",)),)))
    updates = show(single(models=(), held=Held(0, 0)), filtered)
    assert updates["chat-models.action"] == "Clear filters"


def test_old_figures_are_marked() -> None:
    assert show(single(), replace(LOOK, stale=True))["chat-models.state"] == "stale"


def test_the_servers_count_is_compared_with_what_it_can_see() -> None:
    """Issue D: streams are invisible to the server."""
    cells = show(single())["chat-server-models.rows"]["rows"][0]["cells"]
    assert cells == ["7", "3", "5", "+2", "90", "100"]


def test_a_silent_server_leaves_the_figures_with_its_reason() -> None:
    server = replace(single().server, trouble="It cannot be reached.")
    updates = show(single(server=server))
    assert updates["chat-server.state"] == "stale"
    assert "It cannot be reached." in updates["chat-server.subtitle"]


def test_a_mock_is_called_a_mock() -> None:
    updates = server_panel.fill("chat-server", ModelServer(asked=True, mock=True), {}, LOOK)
    assert updates["chat-server.mock"] == "mock"


def test_without_a_server_the_panel_says_how_to_have_one() -> None:
    updates = server_panel.fill("chat-server", ModelServer(), {}, LOOK)
    assert "API_URL" in updates["chat-server.text"]


def test_a_projection_that_lacks_days_says_how_many() -> None:
    """F2.7; visual.md 5."""
    told = Projection(3, 1.0, None, None, None, 0.0, ((date(2026, 11, 22), 1.0),), ())
    words = emb_view._cost(told, LOOK)["emb-cost.subtitle"]
    assert words.endswith("A projection needs 14 full days; there are 3.")


def test_inputs_that_never_came_twice_are_good_news() -> None:
    found = emb.Single(
        Held(5, 5), (), (), (), Histogram((1.0,), {}, 0, 0), (), Repeats((), 0, 0, 5, None), {}, ModelServer()
    )
    assert emb_view._again(found, LOOK)["emb-again.title"] == "No input came twice"


def test_a_treemaps_areas_are_its_values() -> None:
    values = [6.0, 6.0, 4.0, 3.0, 2.0, 2.0, 1.0]
    places = squarified(values, 6, 4)
    assert [wide * high for _, _, wide, high in places] == pytest.approx(values)
    assert all(left >= -1e-9 and below >= -1e-9 and left + wide <= 6 + 1e-9 and below + high <= 4 + 1e-9 for left, below, wide, high in places)  # fmt: skip


def test_rectangles_of_a_treemap_do_not_overlap() -> None:
    places = squarified([5.0, 3.0, 3.0, 2.0, 1.0, 0.5], 2, 1)
    for index, (left, below, wide, high) in enumerate(places):
        for other_left, other_below, other_wide, other_high in places[index + 1 :]:
            apart = left + wide <= other_left + 1e-9 or other_left + other_wide <= left + 1e-9
            assert apart or below + high <= other_below + 1e-9 or other_below + other_high <= below + 1e-9


def test_a_model_name_is_no_markup_in_a_treemap() -> None:
    figure = treemap([Bar("<b>bold</b>", 3)], COUNT, noun="Model")
    assert "&lt;b&gt;" in figure["data"][0]["text"][0]


def test_stretches_meet_without_overlap() -> None:
    assert between("batch_size", [1, 2, 4]) == [
        {"batch_size": [1, 1]},
        {"batch_size": [2, 3]},
        {"batch_size": [4]},
    ]


def test_percentiles_of_a_model_are_views_of_one_chart() -> None:
    """F1.5; LF tabs 50/75/90/95/99."""
    found = figures.latency(single(), ())
    assert found is not None
    assert (found["view"], sorted(found["views"])) == ("p95", ["p50", "p75", "p90", "p95", "p99"])
