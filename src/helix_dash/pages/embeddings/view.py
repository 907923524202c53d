"""How the embeddings page looks: the skeleton, and the new values of its parts for given figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dash import Output, html
from dash.development.base_component import Component

from helix_dash.metrics.calls import EMBEDDINGS
from helix_dash.metrics.embedding import Embedded
from helix_dash.metrics.projection import LOOKED_AT, NEEDED, RANK, Projection
from helix_dash.model import utc_from_us
from helix_dash.pages.embeddings import figures
from helix_dash.pages.embeddings.queries import Single, Usage
from helix_dash.ui import fill, kpi, panel, rows, server_panel, singly, table
from helix_dash.ui import format as fmt
from helix_dash.ui.charts import Figure
from helix_dash.ui.formulas import formulas
from helix_dash.ui.look import Look, fill_cards, fill_chart, nothing
from helix_dash.ui.panel import Updates
from helix_dash.ui.states import Message

ROOT, TOTALS, SINGLE = "hx-embeddings", "hx-embeddings-totals", "hx-embeddings-single"
SORTS, NOUN = 12, "embeddings"

CARDS = (("requests", "Requests"), ("input_tokens", "Tokens"), ("cost_usd", "Cost"), ("latency_ms_p95", "Latency p95"))  # fmt: skip
STRIP = (
    ("inputs", "Inputs embedded"),
    ("inputs_per_request", "Inputs per request"),
    ("usd_per_million_tokens", "Cost per 1M tokens"),
    ("duplicate_share", "Duplicate inputs"),
)
COLUMNS = (
    table.Field("dimensions", "Dimensions", unknown="not recorded"),
    table.Field("requests", "Requests", bar=True),
    table.Field("inputs", "Inputs", unknown="no batch size is recorded"),
    table.Field("tokens", "Tokens"),
    table.Field("latency", "Latency p95", unknown="no latency is recorded"),
    table.Field("cost", "Cost", unknown="no known price"),
    table.Field("price", "$/1M tokens", unknown="no known price"),
)
AGAIN = (
    table.Field("model", "Model"),
    table.Field("requests", "Times"),
    table.Field("wasted", "Wasted", unknown="no known price"),
    table.Field("last", "Last"),
)
FIELDS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "Latency": lambda row: fmt.short(row["latency_ms"], "ms"),
    "Inputs": lambda row: fmt.short(row["batch_size"], "count"),
    "Dimensions": lambda row: fmt.short(row["embedding_dimensions"], "count"),
    "Tokens": lambda row: fmt.short(row["input_tokens"], "count"),
    "Cost": lambda row: fmt.short(row["cost_usd"], "usd"),
}

OVER_TIME = tuple(figures.OVER_TIME)
SINGLE_CHARTS = ("emb-models", "emb-dimensions", "emb-batches", "emb-latency")
CHARTS = (*OVER_TIME, "emb-cost", *SINGLE_CHARTS)
TOTALS_PANELS = (*OVER_TIME, "emb-cost")
SINGLE_PANELS = (*SINGLE_CHARTS, "emb-sorts", "emb-again", "emb-recent", "emb-server")

_KINDS: dict[str, tuple[str, ...]] = {"endpoint": EMBEDDINGS}
_ANSWERED = _KINDS | {"status": ("success",)}


NOT_TOLD = "The encoding format of vectors (float or base64) is not recorded: gateways do not tell it, so nothing is drawn of it."
FORMULAS = (
    ("Inputs embedded", "Sum of the batch sizes of successful requests; one request can hold many inputs."),
    ("Inputs per request", "inputs ÷ successful requests whose batch size is recorded."),
    ("Cost per 1M tokens", "cost of priced successful requests ÷ their input tokens × 1,000,000."),
    ("Duplicate inputs", "Successful requests whose whole input, by its keyed hash and model, was embedded before in this period ÷ successful requests whose hash is known."),
    ("Wasted", "What the repeats of an input cost; its dearest request counts as the first one."),
    ("Latency by batch size", "p50 and p95, nearest rank, of successful requests with so many inputs."),
    ("Projected month", f"Cost of the month so far + for each remaining day the mean of its weekday over the last {LOOKED_AT} days; of today, what is missing to that mean. Needs {NEEDED} completed days; growth is not assumed."),
    ("P10 to P90", f"The projected month less and plus {RANK} × s × √n: s is the standard deviation of completed days about the mean of their weekday, n the days that remain."),
)  # fmt: skip


def layout() -> Component:
    """The page without data."""
    return html.Div(
        id=ROOT,
        className="hx-stack",
        **{"data-page-state": "loading"},
        children=[
            fill.store(TOTALS),
            fill.store(SINGLE),
            html.Div([kpi.card(name, label) for name, label in CARDS], className="hx-kpis"),
            html.Div(
                [kpi.card(name, label, small=True) for name, label in STRIP],
                className="hx-card hx-strip hx-strip--four",
            ),
            html.Div(_panels(), className="hx-grid"),
            html.P(NOT_TOLD, className="hx-faint"),
            formulas(FORMULAS),
        ],
    )


def _panels() -> list[Component]:
    kinds = (("bar", "Bars"), ("pie", "Ring"))
    sorts = rows.table("emb-sorts", "By model and dimension")
    again = rows.table("emb-again", "Inputs embedded more than once")
    newest = rows.table("emb-recent", "The newest embeddings")
    return [
        panel.chart("emb-requests", "Requests", "Embedding requests over time by outcome", span=7, carries=_KINDS),
        panel.chart("emb-models", "Models", "Requests by model", span=5, carries=_KINDS, views=kinds),
        panel.chart("emb-tokens", "Tokens by model", "Input tokens over time by model", span=6, carries=_KINDS),
        panel.chart("emb-cost", "Cost and projection", "Dollars per day, and what the month's remaining days usually cost", span=6, carries=None),
        panel.chart("emb-batches", "Batch size", "Requests by the number of their inputs", span=4, carries=_ANSWERED),
        panel.chart("emb-latency", "Latency by batch size", "Latency by the number of inputs", span=4, carries=_ANSWERED),
        panel.chart("emb-dimensions", "Dimensions", "Requests by the length of their vectors", span=4, carries=_ANSWERED),
        panel.panel("emb-sorts", "By model and dimension", sorts, span=12, kind="list", height=120),
        panel.panel("emb-again", "Duplicate inputs", again, span=12, kind="list", height=120),
        panel.panel("emb-recent", "Newest embeddings", newest, span=12, kind="list", height=120),
        server_panel.server("emb-server"),
    ]  # fmt: skip


def totals_outputs() -> dict[str, Output]:
    """Every place that :func:`show_totals` may fill."""
    found = {"page.state": Output(ROOT, "data-page-state")}
    for name, _ in CARDS:
        found |= kpi.outputs(name)
    for name in TOTALS_PANELS:
        found |= panel.outputs(name)
    return found


def single_outputs() -> dict[str, Output]:
    """Every place that :func:`show_single` may fill."""
    found: dict[str, Output] = {"page.state": Output(ROOT, "data-page-state")}
    for name, _ in STRIP:
        found |= kpi.outputs(name)
    for name in SINGLE_PANELS:
        found |= panel.outputs(name, figure=name in CHARTS)
    found |= rows.outputs("emb-sorts") | rows.outputs("emb-again")
    return found | rows.outputs("emb-recent") | server_panel.outputs("emb-server")


def show_totals(found: Usage, look: Look) -> Updates:
    """The new values of what totals tell."""
    updates: Updates = {"page.state": "stale" if look.stale else "ready"}
    updates |= fill_cards(found.kpis, look)
    for name, draw in figures.OVER_TIME.items():
        updates |= fill_chart(name, draw(found, look), found.bucket, look)
    return updates | _cost(found.projection, look)


def _cost(told: Projection, look: Look) -> Updates:
    figure = figures.cost(told)
    if figure is None:
        return panel.says("emb-cost", nothing("priced embeddings", look)) | {
            "emb-cost.subtitle": "US dollars per day"
        }
    if told.end is None:
        words = f"A projection needs {NEEDED} full days; there are {told.days}."
    else:
        words = f"{fmt.short(told.so_far, 'usd')} this month so far; by its end {fmt.short(told.low, 'usd')} to {fmt.short(told.high, 'usd')}"
    subtitle = f"US dollars per day, {look.zone_name}, whatever the range · {words}"
    return panel.ready("emb-cost", stale=look.stale, figure=figure, subtitle=subtitle)


def show_single(found: Single, order: tuple[str | None, ...], look: Look, log: str) -> Updates:
    """The new values of what single requests tell.

    Args:
        order: the models' order, for their colours.
        log: the address of the request log under the page's filter.
    """
    updates = fill_cards(found.kpis, look)
    drawn: dict[str, tuple[Figure | None, str]] = {
        "emb-models": (figures.models(found, order), "Requests, and their share"),
        "emb-batches": (figures.batches(found), "Successful requests by inputs"),
        "emb-latency": (figures.latency(found), "Milliseconds by inputs of a request"),
        "emb-dimensions": (figures.dimensions(found.sorts), "Successful requests by length of their vectors"),
    }
    for name, (figure, subtitle) in drawn.items():
        whole = name == "emb-models"
        updates |= singly.fill_chart(name, figure, subtitle, NOUN, found.held, look, all_of_them=whole)
    updates |= singly.fill_recent("emb-recent", found.held, FIELDS, look, log, NOUN)
    updates |= server_panel.fill("emb-server", found.server, found.logged, look)
    return updates | _sorts(found, look) | _again(found, look)


def _sorts(found: Single, look: Look) -> Updates:
    name = "emb-sorts"
    if not found.sorts:
        return panel.says(name, singly.none(NOUN, found.held, look)) | {f"{name}.subtitle": ""}
    top = found.sorts[0].requests or 1
    lines = [
        rows.Line(one.model or "Unknown", _cells(one), ("model", one.model or ""), share=one.requests / top)
        for one in found.sorts[:SORTS]
    ]
    ready = panel.ready(
        name, stale=look.stale, subtitle=f"Successful requests, most first{singly.kept(found.held)}"
    )
    return ready | rows.fill(name, "Model", COLUMNS, lines)


def _cells(one: Embedded) -> dict[str, str]:
    priced = one.cost_usd is not None and one.priced_tokens
    price = float(one.cost_usd or 0) / one.priced_tokens * 1_000_000 if priced else None
    return {
        "dimensions": fmt.UNKNOWN if one.dimensions is None else f"{one.dimensions:,}",
        "requests": fmt.short(one.requests, "count"),
        "inputs": fmt.short(one.inputs, "count"),
        "tokens": fmt.short(one.tokens, "tokens"),
        "latency": fmt.short(one.latency_ms_p95, "ms"),
        "cost": fmt.short(one.cost_usd, "usd"),
        "price": fmt.short(price, "usd"),
    }


def _again(found: Single, look: Look) -> Updates:
    name, again = "emb-again", found.repeats
    if not again.top:
        if again.hashed:
            words = Message("empty", "No input came twice", f"Of {again.hashed:,} whose hash is known.")
        elif found.sorts:
            words = Message("empty", "Nothing to compare", "No input's hash is recorded: gateways need PROMPT_HASH_KEY.")  # fmt: skip
        else:
            words = singly.none(NOUN, found.held, look)
        return panel.says(name, words) | {f"{name}.subtitle": ""}
    lines = [
        rows.Line(
            f"{one.prompt_hash[:12]}…", where=("prompt_hash", one.prompt_hash), cells={
                "model": one.model or "Unknown",
                "requests": f"{one.requests:,}",
                "wasted": fmt.short(one.wasted, "usd"),
                "last": f"{utc_from_us(one.last).astimezone(look.zone):%-d %b, %H:%M}",
            },
        )
        for one in again.top
    ]  # fmt: skip
    subtitle = f"{again.repeated:,} of {again.hashed:,} requests repeated the whole input of an earlier one; wasted {fmt.short(again.wasted, 'usd')}{singly.kept(found.held)}"  # fmt: skip
    ready = panel.ready(name, stale=look.stale, subtitle=subtitle)
    return ready | rows.fill(name, "Hash of the input", AGAIN, lines, texts=("model",))
