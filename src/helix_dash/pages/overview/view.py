"""How the overview looks: the skeleton, and the new values of its parts for given figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from dash import Output, dcc, html
from dash.development.base_component import Component

from helix_dash.log.query import Number, Series
from helix_dash.model import Filter, Period, us_from_utc
from helix_dash.pages.overview.queries import TOP_ERRORS, Overview, Ranked
from helix_dash.ui import charts, controls, kpi, panel, table
from helix_dash.ui import format as fmt
from helix_dash.ui.charts import PALETTE, Axis, Figure, Layer
from helix_dash.ui.panel import Updates
from helix_dash.ui.states import Message, empty, waiting

ROOT, TAB, STATUS = "hx-overview", "hx-ranking-by", "hx-overview-status"
RANK_ROWS = 25
"""The most rows the ranking can have; DEFAULT_PAGE_SIZE says how many it has."""

CARDS: tuple[tuple[str, str], ...] = (
    ("requests", "Requests"),
    ("success_rate", "Success rate"),
    ("latency_ms_p95", "Latency p95"),
    ("cost_usd", "Cost"),
)
STRIP: tuple[tuple[str, str], ...] = (
    ("errors", "Errors"),
    ("ttft_ms_p95", "Time to first token p95"),
    ("total_tokens", "Tokens"),
    ("cache_hit_rate", "Cache hit rate"),
    ("input_tokens", "Input tokens"),
    ("output_tokens", "Output tokens"),
    ("avoided_cost_usd", "Saved by the cache"),
    ("unpriced_requests", "Unpriced requests"),
)
DIMENSIONS: tuple[tuple[str, str], ...] = (
    ("model", "Models"),
    ("user", "Users"),
    ("team", "Teams"),
    ("key_alias", "Keys"),
)
SINGULAR = {"model": "Model", "user": "User", "team": "Team", "key_alias": "Key"}
FIELDS = (
    table.Field("requests", "Requests", bar=True),
    table.Field("success_rate", "Success"),
    table.Field("total_tokens", "Tokens"),
    table.Field("cost_usd", "Cost"),
    table.Field("latency_ms_p95", "Latency p95"),
    table.Field("output_tokens_per_second", "Output tokens/s"),
)
UNITS = {"requests": "count", "success_rate": "ratio", "total_tokens": "count", "cost_usd": "usd", "latency_ms_p95": "ms", "output_tokens_per_second": "count"}  # fmt: skip

EACH = {
    "minute": "minute", "5minutes": "5 minutes", "quarter": "15 minutes", "hour": "hour", "6hours": "6 hours",
    "day": "day", "week": "week", "month": "month",
}  # fmt: skip

CHARTS = ("volume", "latency", "tokens", "cost", "cache")
PANELS = (*CHARTS, "errors", "ranking")


def layout() -> Component:
    """The page without data."""
    return html.Div(
        id=ROOT,
        className="hx-stack",
        **{"data-page-state": "loading"},
        children=[
            dcc.Store(id=STATUS),
            html.Div([kpi.card(name, label) for name, label in CARDS], className="hx-kpis"),
            html.Div(
                [kpi.card(name, label, small=True) for name, label in STRIP], className="hx-card hx-strip"
            ),
            html.Div(
                className="hx-grid",
                children=[
                    panel.chart("volume", "Requests", "Requests over time by outcome", span=8),
                    panel.panel("errors", "Errors", table.bars("errors", TOP_ERRORS), span=4, kind="list"),
                    panel.chart("latency", "Latency", "Latency percentiles over time", span=6),
                    panel.chart("tokens", "Tokens", "Tokens over time by class", span=6),
                    panel.chart("cost", "Cost by model", "Cost over time by model", span=8),
                    panel.chart("cache", "Cache hit rate", "Cache hit rate over time", span=4),
                    panel.panel(
                        "ranking",
                        "Who and what",
                        table.table("ranking", "Ranking by requests", "Model", FIELDS, RANK_ROWS),
                        span=12,
                        kind="list",
                        height=120,
                        tools=controls.tabs(TAB, DIMENSIONS, "Rank by"),
                    ),
                ],
            ),
        ],
    )


def outputs() -> dict[str, Output]:
    """Every place that :func:`show` may fill."""
    found = {"page.state": Output(ROOT, "data-page-state")}
    for name, _ in (*CARDS, *STRIP):
        found |= kpi.outputs(name)
    for name in PANELS:
        found |= panel.outputs(name, figure=name in CHARTS)
    return found | table.outputs("ranking", FIELDS, RANK_ROWS) | table.bar_outputs("errors", TOP_ERRORS)


@dataclass(frozen=True, slots=True)
class Look:
    """What the figures are shown under.

    Args:
        where: the filter.
        zone: the reporting zone.
        zone_name: its name.
        stale: whether the figures are old.
        virgin: whether nothing was ever recorded.
        chart: how counts over time are drawn, ``bar`` or ``line``.
        key: changes with the range.
    """

    where: Filter
    zone: tzinfo
    zone_name: str
    stale: bool = False
    virgin: bool = False
    chart: str = "bar"
    key: str = ""

    @property
    def period(self) -> Period:
        return self.where.period


def show(found: Overview, dim: str, look: Look) -> Updates:
    """The new values of all parts for ``found``."""
    length = fmt.length(look.period)
    during = f"{fmt.moment(look.period.start, look.zone)} – {fmt.moment(look.period.end, look.zone)} {look.zone_name}"
    updates: Updates = {"page.state": "stale" if look.stale else "ready"}
    shown = {name for name, _ in (*CARDS, *STRIP)}
    for figure in found.kpis:
        if figure.name in shown:
            updates |= kpi.fill(figure, before=f"previous {length}", during=during)
    for name, draw in CHART_BUILDERS.items():
        updates |= _chart(name, draw(found, look), found, look)
    updates |= _errors(found, look)
    return updates | _ranking(found, dim, look)


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A chart: its unit in words, its figure, and its noun when there is nothing in it."""

    unit: str
    noun: str
    figure: Figure | None


def _chart(name: str, drawn: _Drawn, found: Overview, look: Look) -> Updates:
    mark = "~ " if found.timeline.approximate and name == "latency" else ""
    subtitle = f"{mark}{drawn.unit} per {EACH[found.bucket]}, {look.zone_name}"
    if drawn.figure is None:
        return panel.says(name, _nothing(drawn.noun, look)) | {
            f"{name}.subtitle": subtitle,
            f"{name}.figure": charts.nothing(),
        }
    return panel.ready(name, stale=look.stale, figure=drawn.figure, subtitle=subtitle)


def _nothing(noun: str, look: Look) -> Message:
    if look.virgin:
        return waiting(noun)
    return empty(noun, filtered=bool(look.where.conditions), period=fmt.these(look.period))


def _axis(series: Series, look: Look) -> Axis:
    def wall(microseconds: int) -> int:
        return fmt.wall_ms(microseconds // 1000, look.zone)

    return Axis(
        starts=[fmt.wall_ms(start, look.zone) for start in series.starts],
        start=wall(us_from_utc(look.period.start)),
        end=wall(us_from_utc(look.period.end)),
        unfinished=series.unfinished,
        key=look.key,
    )


def _layers(series: Series, parts: Sequence[tuple[str, str, str, tuple[str, str] | None]]) -> list[Layer]:
    layers = [Layer(words, series.values[name][0], colour, where) for name, words, colour, where in parts]
    return [layer for layer in layers if any(value for value in layer.values)]


def _volume(found: Overview, look: Look) -> _Drawn:
    layers = _layers(
        found.timeline,
        [
            ("success", "Success", charts.SUCCESS, ("status", "success")),
            ("error", "Error", charts.ERROR, ("status", "error")),
            ("throttled", "Throttled", charts.THROTTLED, ("status", "throttled")),
            ("blocked", "Blocked", charts.BLOCKED, ("status", "blocked")),
            ("cancelled", "Cancelled", charts.OTHERS, ("status", "cancelled")),
        ],
    )
    return _Drawn(
        "Requests",
        "requests",
        charts.counts(look.chart, _axis(found.timeline, look), layers) if layers else None,
    )


def _latency(found: Overview, look: Look) -> _Drawn:
    layers = _layers(
        found.timeline,
        [
            ("latency_ms_p99", "p99", PALETTE[6], None),
            ("latency_ms_p95", "p95", PALETTE[4], None),
            ("latency_ms_p50", "p50", PALETTE[0], None),
        ],
    )
    layers = [Layer(one.name, [_seconds(value) for value in one.values], one.colour) for one in layers]
    figure = charts.lines(_axis(found.timeline, look), layers, hover="%{y:,.3~f} s", tick="~g", suffix=" s")
    return _Drawn("Seconds", "answers", figure if layers else None)


def _seconds(milliseconds: Number) -> Number:
    return None if milliseconds is None else milliseconds / 1000


def _tokens(found: Overview, look: Look) -> _Drawn:
    layers = _layers(
        found.timeline,
        [
            ("uncached_tokens", "Input", PALETTE[0], None),
            ("cached_tokens", "Cached input", PALETTE[7], None),
            ("cache_write_tokens", "Cache write", PALETTE[5], None),
            ("visible_tokens", "Output", PALETTE[1], None),
            ("reasoning_tokens", "Reasoning", PALETTE[3], None),
        ],
    )
    figure = charts.counts(look.chart, _axis(found.timeline, look), layers)
    return _Drawn("Tokens", "tokens", figure if layers else None)


def _cost(found: Overview, look: Look) -> _Drawn:
    models = [group[0] for group in found.costs.groups]
    colours = model_colours(models, found.palette_order)
    layers = [
        Layer(model or "Unknown model", line, colours[model], ("model", model or ""))
        for model, line in zip(models, found.costs.values["cost_usd"], strict=True)
        if any(line)
    ]
    if any(found.others):
        layers.append(Layer("Others", found.others, charts.OTHERS))
    axis = _axis(found.costs, look)
    figure = charts.counts(look.chart, axis, layers, hover="$%{y:,.4~f}", tick=",.3~f", prefix="$")
    return _Drawn("US dollars", "priced requests", figure if layers else None)


def _cache(found: Overview, look: Look) -> _Drawn:
    rates = [None if rate is None else rate * 100 for rate in found.timeline.values["cache_hit_rate"][0]]
    layers = [Layer("Hit rate", rates, PALETTE[2])] if any(rate is not None for rate in rates) else []
    figure = charts.lines(_axis(found.timeline, look), layers, hover="%{y:.1f}%", tick="~g", suffix="%")
    return _Drawn("Hits of eligible requests", "cache lookups", figure if layers else None)


CHART_BUILDERS: dict[str, Callable[[Overview, Look], _Drawn]] = {
    "volume": _volume,
    "latency": _latency,
    "tokens": _tokens,
    "cost": _cost,
    "cache": _cache,
}


def model_colours(models: Sequence[str | None], order: Sequence[str | None]) -> dict[str | None, str]:
    """A colour per model: its place in ``order`` decides, so it is the same whatever is filtered.

    A model beyond the palette takes the first colour that no other model in view has.
    """
    fixed = {model: PALETTE[index] for index, model in enumerate(order[: len(PALETTE)])}
    colours = {model: fixed[model] for model in models if model in fixed}
    free = [colour for colour in PALETTE if colour not in colours.values()]
    late = [model for model in models if model not in fixed]
    return colours | {
        model: free[index % len(free)] if free else charts.OTHERS for index, model in enumerate(late)
    }


def _errors(found: Overview, look: Look) -> Updates:
    failed = next((one.value for one in found.kpis if one.name == "errors"), None)
    if not found.errors:
        if any(found.timeline.values["requests"][0]):
            words = Message("empty", "No errors", f"Every request of {fmt.these(look.period)} went well.")
        else:
            words = _nothing("requests", look)
        return panel.says("errors", words) | {"errors.subtitle": "By class"}
    top = found.errors[0].figures["requests"] or 1
    rows = [
        table.Row(
            one.name or "Unknown class",
            ("error_class", one.name or ""),
            {
                "count": fmt.short(one.figures["requests"], "count"),
                "share": fmt.share(one.figures["requests"], failed),
            },
            share=(one.figures["requests"] or 0) / top,
        )
        for one in found.errors
    ]
    ready = panel.ready("errors", stale=look.stale, subtitle="By class, requests and share of all errors")
    return ready | table.fill("errors", rows, TOP_ERRORS)


def _ranking(found: Overview, dim: str, look: Look) -> Updates:
    head = {"ranking.head": SINGULAR[dim]}
    noun = dict(DIMENSIONS)[dim].lower()
    if not found.ranking:
        return (
            head
            | panel.says("ranking", _nothing("requests", look))
            | table.fill("ranking", [], RANK_ROWS)
            | {"ranking.subtitle": ""}
        )
    top = found.ranking[0].figures["requests"] or 1
    rows = [_rank_row(dim, one, top) for one in found.ranking]
    more = (
        f"Top {len(rows)} of {found.groups:,} {noun}"
        if found.groups > len(rows)
        else f"All {len(rows)} {noun}"
    )
    subtitle = f"{more} by requests in {fmt.these(look.period)}"
    return (
        head
        | panel.ready("ranking", stale=look.stale, subtitle=subtitle)
        | table.fill("ranking", rows, RANK_ROWS)
    )


def _rank_row(dim: str, one: Ranked, top: float) -> table.Row:
    cells = {name: fmt.short(one.figures[name], unit) for name, unit in UNITS.items()}
    return table.Row(
        one.name or "Unknown", (dim, one.name or ""), cells, share=(one.figures["requests"] or 0) / top
    )
