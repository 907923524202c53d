"""How the chat page looks: the skeleton, and the new values of its parts for given figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dash import Output, html
from dash.development.base_component import Component

from helix_dash.metrics.calls import CHAT
from helix_dash.metrics.ranks import Ranked
from helix_dash.pages.chat import figures
from helix_dash.pages.chat.queries import Chat
from helix_dash.ui import fill, kpi, panel, rows, server_panel, table
from helix_dash.ui import format as fmt
from helix_dash.ui.formulas import formulas
from helix_dash.ui.look import Look, fill_cards, fill_chart, nothing
from helix_dash.ui.panel import Updates
from helix_dash.ui.states import Message

ROOT, TOTALS, SINGLE, KINDS = "hx-chat", "hx-chat-totals", "hx-chat-single", "hx-chat-kinds"
CLASSES, MODELS = 6, 15

CARDS = (("requests", "Requests"), ("success_rate", "Success rate"), ("latency_ms_p95", "Latency p95"), ("cost_usd", "Cost"))  # fmt: skip
STRIP = (
    ("latency_ms_p50", "Latency p50"),
    ("latency_ms_p99", "Latency p99"),
    ("ttft_ms_p50", "Time to first token p50"),
    ("ttft_ms_p95", "Time to first token p95"),
    ("streaming_share", "Streaming share"),
    ("input_tokens", "Input tokens"),
    ("cached_tokens", "Cached input"),
    ("output_tokens", "Output tokens"),
    ("reasoning_tokens", "Reasoning tokens"),
)
STRIP_SINGLE = (
    ("tpot_ms_p50", "Time per token p50"),
    ("tpot_ms_p95", "Time per token p95"),
    ("tokens_per_second_p50", "Output tokens/s p50"),
)
SHOWN_ORDER = ("latency_ms_p50", "latency_ms_p99", "ttft_ms_p50", "ttft_ms_p95", "tpot_ms_p50", "tpot_ms_p95", "tokens_per_second_p50", "streaming_share", "input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens")  # fmt: skip

STREAMS = (
    table.Field("requests", "Requests", bar=True),
    table.Field(
        "latency_ms_p50", "Latency p50", unknown="no successful requests, or their rows have expired"
    ),
    table.Field(
        "latency_ms_p95", "Latency p95", unknown="no successful requests, or their rows have expired"
    ),
    table.Field("ttft_ms_p50", "First token p50", unknown="only streams have a first token"),
    table.Field("ttft_ms_p95", "First token p95", unknown="only streams have a first token"),
    table.Field("error_rate", "Error rate", unknown="no finished requests"),
    table.Field("output_tokens_per_second", "Output tokens/s", unknown="no output tokens"),
)
COLUMNS = (
    table.Field("requests", "Requests"),
    table.Field("trend", "Change", unknown="no requests in the period before"),
    table.Field("success_rate", "Success", unknown="no finished requests"),
    table.Field("latency_ms_p50", "p50", unknown="no successful requests"),
    table.Field("latency_ms_p90", "p90", unknown="no successful requests"),
    table.Field("latency_ms_p95", "p95 ↓", unknown="no successful requests"),
    table.Field("latency_ms_p99", "p99", unknown="no successful requests"),
    table.Field("ttft_ms_p95", "TTFT p95", unknown="no streamed requests"),
    table.Field("tpot_ms_p95", "TPOT p95", unknown="no streamed requests"),
    table.Field("output_tokens_per_second", "Tokens/s", unknown="no output tokens"),
    table.Field("total_tokens", "Tokens"),
    table.Field("cost_usd", "Cost", unknown="no known price"),
    table.Field("per_thousand", "$/1k tokens", unknown="no known price, or no tokens"),
)
UNITS = {"requests": "count", "success_rate": "ratio", "latency_ms_p50": "ms", "latency_ms_p90": "ms", "latency_ms_p95": "ms", "latency_ms_p99": "ms", "ttft_ms_p50": "ms", "ttft_ms_p95": "ms", "output_tokens_per_second": "count", "total_tokens": "count", "cost_usd": "usd"}  # fmt: skip
FIELDS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "Latency": lambda row: fmt.short(row["latency_ms"], "ms"),
    "TTFT": lambda row: fmt.short(row["ttft_ms"], "ms"),
    "Input tokens": lambda row: fmt.short(row["input_tokens"], "count"),
    "Output tokens": lambda row: fmt.short(row["output_tokens"], "count"),
    "Cost": lambda row: fmt.short(row["cost_usd"], "usd"),
}

OVER_TIME = tuple(figures.OVER_TIME)
SINGLE_CHARTS = ("chat-usage", "chat-latency", "chat-curve", "chat-speed", "chat-input", "chat-output", "chat-heat", "chat-window")  # fmt: skip
CHARTS = (*OVER_TIME, *SINGLE_CHARTS)
TOTALS_PANELS = (*OVER_TIME, "chat-classes", "chat-streams")
SINGLE_PANELS = (*SINGLE_CHARTS, "chat-models", "chat-recent", "chat-server")

_KINDS: dict[str, tuple[str, ...]] = {"endpoint": CHAT}
_ANSWERED = _KINDS | {"status": ("success",)}
_STREAMED = _ANSWERED | {"stream": ("true",)}


FORMULAS = (
    ("Latency", "From the call to the end of the answer, of successful requests. A percentile is the value of nearest rank; where ~ stands before it, it comes from a histogram whose bars differ by at most a few percent."),
    ("Time to first token (TTFT)", "From the call to the first token of the answer, of successful streams."),
    ("Time per output token (TPOT)", "(latency − TTFT) ÷ (output tokens − 1), of successful streams of two tokens and more."),
    ("Output tokens/s p50", "output tokens ÷ (latency − TTFT) of each stream; then the median of these."),
    ("Output tokens/s of a model", "Sum of output tokens ÷ sum of (latency − TTFT) of successful requests; the whole latency where an answer was not streamed."),
    ("Success rate", "successes ÷ (requests − cancelled)."),
    ("Error rate", "(errors + throttled + blocked) ÷ requests; beside streaming, cancelled requests are left out below the line."),
    ("Streaming share", "streamed ÷ (streamed + not streamed); requests of which it is not recorded are in neither."),
    ("Cached input", "Input tokens that the provider read from its prompt cache. Input is uncached + cached + written to the cache; output is visible + reasoning."),
    ("Cost", "Sum of the prices of priced requests; a request without a known price is not free, it is missing. $/1k tokens is cost ÷ all tokens × 1,000."),
    ("Context window", "(input + output tokens) ÷ the window of the model, of answers whose model's window is known."),
)  # fmt: skip


def layout() -> Component:
    """The page without data."""
    labels = dict((*STRIP, *STRIP_SINGLE))
    return html.Div(
        id=ROOT,
        className="hx-stack",
        **{"data-page-state": "loading"},
        children=[
            fill.store(TOTALS),
            fill.store(SINGLE),
            html.P("", id=KINDS, className="hx-faint hx-page-note"),
            html.Div([kpi.card(name, label) for name, label in CARDS], className="hx-kpis"),
            html.Div(
                [kpi.card(name, labels[name], small=True) for name in SHOWN_ORDER],
                className="hx-card hx-strip",
            ),
            _section("Models and tokens", _models()),
            _section("Speed", _speed()),
            _section("Errors and endings", _endings()),
            _section("Sizes", _sizes()),
            _section("Who and which", _tables()),
            formulas(FORMULAS),
        ],
    )


def _section(title: str, panels: list[Component]) -> Component:
    return html.Section(
        [html.H2(title, className="hx-section"), html.Div(panels, className="hx-grid")], className="hx-stack"
    )


def _models() -> list[Component]:
    kinds = (("bar", "Bars"), ("pie", "Ring"), ("treemap", "Treemap"))
    return [
        panel.chart(
            "chat-usage", "Models", "Requests by model", span=5, height=280, carries=_KINDS, views=kinds
        ),
        panel.chart("chat-tokens", "Tokens", "Tokens over time by class", span=7, height=280, carries=_KINDS),
        panel.chart("chat-cost", "Cost by model", "Cost over time by model", span=12, carries=_KINDS),
    ]


def _speed() -> list[Component]:
    percents = (("p50", "p50"), ("p75", "p75"), ("p90", "p90"), ("p95", "p95"), ("p99", "p99"))
    shown = (("response", "Response"), ("first", "First token"))
    return [
        panel.chart("chat-latency", "Latency by model", "Latency by model, one percentile of it", span=6, height=300, carries=_ANSWERED, views=percents),
        panel.chart("chat-curve", "Latency by percentile", "How long which percentage of answers took at most", span=6, height=300, carries=_ANSWERED, views=shown),
        panel.chart("chat-ttft", "Time to first token", "Time to first token over time", span=6, carries=_STREAMED),
        panel.chart("chat-speed", "Output speed by model", "Median output tokens per second by model", span=6, carries=_STREAMED),
        panel.panel("chat-streams", "Streaming and not", rows.table("chat-streams", "Streamed requests beside others"), span=12, kind="list", height=120),
    ]  # fmt: skip


def _endings() -> list[Component]:
    failed = _KINDS | {"status": ("error", "throttled", "blocked")}
    return [
        panel.chart("chat-errors", "Error rate", "Error rate over time by error class", span=8, carries=failed),
        panel.panel("chat-classes", "Errors", table.bars("chat-classes", CLASSES), span=4, kind="list"),
        panel.chart("chat-finish", "Finish reasons", "Answers over time by finish reason", span=12, carries=_ANSWERED),
    ]  # fmt: skip


def _sizes() -> list[Component]:
    return [
        panel.chart("chat-input", "Input size", "Requests by input tokens", span=6, carries=_KINDS),
        panel.chart("chat-output", "Output size", "Answers by output tokens", span=6, carries=_ANSWERED),
        panel.chart("chat-heat", "Input size and first token", "Requests by input tokens and time to first token", span=6, height=280, carries=_STREAMED),
        panel.chart("chat-window", "Context window", "Answers by the share of the context window that they took", span=6, height=280, carries=_ANSWERED),
    ]  # fmt: skip


def _tables() -> list[Component]:
    models = rows.table("chat-models", "Models, slowest first")
    newest = rows.table("chat-recent", "The newest requests")
    return [
        panel.panel("chat-models", "Models in figures", models, span=12, kind="list", height=120),
        panel.panel("chat-recent", "Newest requests", newest, span=12, kind="list", height=120),
        server_panel.server("chat-server"),
    ]


def totals_outputs() -> dict[str, Output]:
    """Every place that :func:`show_totals` may fill."""
    found = {"page.state": Output(ROOT, "data-page-state"), "kinds": Output(KINDS, "children")}
    for name, _ in (*CARDS, *STRIP):
        found |= kpi.outputs(name)
    for name in TOTALS_PANELS:
        found |= panel.outputs(name, figure=name in CHARTS)
    return found | table.bar_outputs("chat-classes", CLASSES) | rows.outputs("chat-streams")


def single_outputs() -> dict[str, Output]:
    """Every place that :func:`show_single` may fill."""
    found: dict[str, Output] = {"page.state": Output(ROOT, "data-page-state")}
    for name, _ in STRIP_SINGLE:
        found |= kpi.outputs(name)
    for name in SINGLE_PANELS:
        found |= panel.outputs(name, figure=name in CHARTS)
    found |= rows.outputs("chat-models") | rows.outputs("chat-recent")
    return found | server_panel.outputs("chat-server")


def show_totals(found: Chat, look: Look) -> Updates:
    """The new values of what totals tell."""
    updates: Updates = {"page.state": "stale" if look.stale else "ready", "kinds": _kinds(found)}
    updates |= fill_cards(found.kpis, look)
    for name, draw in figures.OVER_TIME.items():
        rough = found.timeline.approximate and name == "chat-ttft"
        updates |= fill_chart(name, draw(found, look), found.bucket, look, approximate=rough)
    return updates | _classes(found, look) | _streams(found, look)


def _kinds(found: Chat) -> str:
    counts = {one.name: one.figures["requests"] or 0 for one in found.kinds}
    return (
        "Calls that generate text: " + ", ".join(f"{name} {counts.get(name, 0):,.0f}" for name in CHAT) + "."
    )


def _classes(found: Chat, look: Look) -> Updates:
    name = "chat-classes"
    if not found.errors:
        well = any(found.timeline.values["requests"][0])
        words = Message("empty", "No errors", f"Every request of {fmt.these(look.period)} went well.") if well else nothing("requests", look)  # fmt: skip
        return panel.says(name, words) | {f"{name}.subtitle": "By class"}
    failed = sum(one.figures["requests"] or 0 for one in found.errors)
    top = found.errors[0].figures["requests"] or 1
    rows = [
        table.Row(
            one.name or "Unknown class",
            ("error_class", one.name or ""),
            {"count": fmt.short(one.figures["requests"], "count"), "share": fmt.share(one.figures["requests"], failed)},
            share=(one.figures["requests"] or 0) / top,
        )
        for one in found.errors[:CLASSES]
    ]  # fmt: skip
    ready = panel.ready(name, stale=look.stale, subtitle="By class, requests and share of all errors")
    return ready | table.fill(name, rows, CLASSES)


def _streams(found: Chat, look: Look) -> Updates:
    name = "chat-streams"
    if not found.streams:
        return panel.says(name, nothing("requests", look)) | {f"{name}.subtitle": ""}
    words = {"true": "Streaming", "false": "Not streaming", None: "Not recorded"}
    total = sum(one.figures["requests"] or 0 for one in found.streams)
    by_name = {one.name: one for one in found.streams}
    lines = [
        rows.Line(
            words[flag],
            _stream_cells(by_name[flag]),
            ("stream", flag or ""),
            share=(by_name[flag].figures["requests"] or 0) / total,
        )
        for flag in ("true", "false", None)
        if flag in by_name
    ]
    subtitle = "Latency of whole answers, time to the first token, and errors of all finished requests"
    ready = panel.ready(name, stale=look.stale, subtitle=subtitle)
    return ready | rows.fill(name, "Answer", STREAMS, lines)


def _stream_cells(one: Ranked) -> dict[str, str]:
    cells = {
        field.key: fmt.short(one.figures[field.key], UNITS[field.key])
        for field in STREAMS
        if field.key in UNITS
    }
    finished = (one.figures["requests"] or 0) - (one.figures["cancelled"] or 0)
    failed = one.figures["errors"]
    return cells | {
        "error_rate": fmt.short(failed / finished if failed is not None and finished else None, "ratio")
    }
