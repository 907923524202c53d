"""The panel that lays what a model server counted beside what the log knows, and says why the two may differ."""

from __future__ import annotations

from collections.abc import Mapping

from dash import Output, html
from dash.development.base_component import Component

from helix_dash.metrics.model_server import Counted, Logged, ModelServer
from helix_dash.model import utc_from_us
from helix_dash.ui import format as fmt
from helix_dash.ui import panel, rows, table
from helix_dash.ui.look import Look
from helix_dash.ui.panel import Updates
from helix_dash.ui.states import Message

ROWS = 12
FIELDS = (
    table.Field("log", "Log: requests"),
    table.Field("plain", "Log: answered, not streamed"),
    table.Field("server", "Server: requests", unknown="the server told nothing of it in this period"),
    table.Field("difference", "Difference", unknown="the server told nothing of it in this period"),
    table.Field("log_tokens", "Log: their tokens"),
    table.Field("server_tokens", "Server: tokens", unknown="the server told nothing of it in this period"),
)
WHY = (
    "The server counts no streams. It counts refused and wrong calls as answered ones, and calls that do not come "
    "through the gateway. Its answers are read every 8 seconds, so the edges of a period do not meet exactly."
)
NONE = Message(
    "empty", "No model server is asked", "API_URL names one; the collector then reads its own counters."
)


def server(name: str, span: int = 12) -> Component:
    """The panel, without data."""
    live = html.Div(
        [
            html.Span("", id=f"hx-{name}-mock", className="hx-tag", **{"data-tone": "warn"}),
            html.Span("", id=f"hx-{name}-live", className="hx-tag", **{"data-tone": "none"}),
        ],
        className="hx-row",
    )
    content = [
        html.P("", id=f"hx-{name}-now", className="hx-faint"),
        rows.table(f"{name}-models", "The server's counters beside the log"),
        html.P(WHY, className="hx-faint hx-panel__foot"),
    ]
    return panel.panel(
        name, "The server's own count", content, span=span, kind="list", height=120, tools=live
    )


def outputs(name: str) -> dict[str, Output]:
    """The places that :func:`fill` may fill."""
    places = {part: Output(f"hx-{name}-{part}", "children") for part in ("mock", "live", "now")}
    tone = {f"{name}.tone": Output(f"hx-{name}-live", "data-tone")}
    found = panel.outputs(name, figure=False) | rows.outputs(f"{name}-models") | tone
    return found | {f"{name}.{part}": place for part, place in places.items()}


def fill(name: str, told: ModelServer, log: Mapping[str | None, Logged], look: Look) -> Updates:
    """The new contents.

    Args:
        name: the panel.
        told: what the server counted.
        log: model → what the log knows over the same time.
        look: what they are shown under.
    """
    if not told.asked:
        return panel.says(name, NONE) | {f"{name}.mock": "", f"{name}.live": "", f"{name}.subtitle": ""}
    known = {model: one for model, one in log.items() if model is not None}
    both = {*told.models, *known}
    models = sorted(both, key=lambda model: (-known.get(model, _NOTHING).requests, model))[:ROWS]
    labels = {
        f"{name}.mock": "mock" if told.mock else "",
        f"{name}.live": "" if told.mock else "live" if told.live else "polling",
        f"{name}.tone": "good" if told.live else "none",
        f"{name}.now": _now(told),
        f"{name}.subtitle": _subtitle(told, look),
    }
    if told.answered is None and not models:
        return labels | panel.says(name, Message("error", "The server did not answer yet", told.trouble))
    lines = [_row(model, told.models.get(model), known.get(model, _NOTHING)) for model in models]
    stale = look.stale or bool(told.trouble)
    return labels | panel.ready(name, stale=stale) | rows.fill(f"{name}-models", "Model", FIELDS, lines)


_NOTHING = Logged(0, 0, 0)


def _row(model: str, counted: Counted | None, known: Logged) -> rows.Line:
    cells = {
        "log": fmt.short(known.requests, "count"),
        "plain": fmt.short(known.plain, "count"),
        "log_tokens": fmt.short(known.tokens, "tokens"),
        "server": fmt.UNKNOWN,
        "server_tokens": fmt.UNKNOWN,
        "difference": fmt.UNKNOWN,
    }
    if counted is not None:
        apart = counted.requests - known.plain
        cells |= {
            "server": fmt.short(counted.requests, "count"),
            "server_tokens": fmt.short(counted.input_tokens + counted.output_tokens, "tokens"),
            "difference": f"{'+' if apart > 0 else ''}{fmt.short(apart, 'count')}",
        }
    return rows.Line(model, cells, ("model", model))


def _subtitle(told: ModelServer, look: Look) -> str:
    what = "FakeAI, recorded answers in place of a server" if told.mock else "FakeAI"
    parts = [what]
    if told.answered is not None:
        parts.append(f"counters as of {utc_from_us(told.answered).astimezone(look.zone):%H:%M:%S}")
    if told.since is not None:
        parts.append(
            f"both sides since {utc_from_us(told.since).astimezone(look.zone):%-d %b, %H:%M}, {told.covered:.0%} of the period"
        )
    if told.restarts:
        parts.append(f"{told.restarts} restart{'s' if told.restarts > 1 else ''}")
    if told.trouble:
        parts.append(f"it does not answer now: {told.trouble}")
    return " · ".join(parts)


def _now(told: ModelServer) -> str:
    rates = told.rates
    words = [
        f"{fmt.short(rates[name], 'count')} {unit}"
        for name, unit in (
            ("requests_per_second", "requests/s"),
            ("tokens_per_second", "tokens/s"),
            ("errors_per_second", "errors/s"),
        )
        if name in rates
    ]
    words += [
        f"{quantile} {fmt.short(rates[f'latency_ms_{quantile}'], 'ms')}"
        for quantile in ("p50", "p99")
        if f"latency_ms_{quantile}" in rates
    ]
    return (
        f"Its last minute, streams included: {', '.join(words)}." if words else "Nothing in its last minute."
    )
