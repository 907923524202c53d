"""The new values of what single requests tell on the chat page: distributions, models, the newest, the server's count."""

from __future__ import annotations

from dataclasses import replace

from helix_dash.log.query import Number
from helix_dash.metrics.ranks import Ranked
from helix_dash.model import Kpi
from helix_dash.pages.chat import figures
from helix_dash.pages.chat.spread import Spread
from helix_dash.pages.chat.view import COLUMNS, FIELDS, MODELS, UNITS
from helix_dash.ui import format as fmt
from helix_dash.ui import panel, rows, server_panel, singly
from helix_dash.ui.charts import PALETTE, Figure
from helix_dash.ui.colours import entity_colours
from helix_dash.ui.look import Look, fill_cards, nothing
from helix_dash.ui.panel import Updates


def show_single(found: Spread, order: tuple[str | None, ...], look: Look, log: str) -> Updates:
    """The new values of what single requests tell.

    Args:
        order: the models' order, for their colours.
        log: the address of the request log under the page's filter.
    """
    lost = "single requests have expired" if found.held.expired else ""
    kpis = [replace(one, reason=lost) if one.value is None and lost else one for one in found.kpis]
    updates = fill_cards(kpis, look)
    unknown = _unknown(found.windows.unknown)
    drawn: dict[str, tuple[Figure | None, str, str]] = {
        "chat-usage": (figures.usage(found, order), "Requests, and their share", "requests"),
        "chat-latency": (figures.latency(found, order), "Seconds until the whole answer", "answers"),
        "chat-curve": (figures.curves(found), "Seconds that so many of 100 answers took at most", "answers"),
        "chat-speed": (figures.speed(found, order), "Median tokens per second after the first one, streams only", "streamed answers"),
        "chat-input": (figures.sizes(found.input_tokens.counts.get(None, ()), "input_tokens", PALETTE[0]), "Requests by input tokens (ISL)", "requests"),
        "chat-output": (figures.sizes(found.output_tokens.counts.get(None, ()), "output_tokens", PALETTE[1]), "Answers by output tokens (OSL)", "answers"),
        "chat-heat": (figures.heat(found), "Streamed answers by input tokens (across) and time to first token", "streamed answers"),
        "chat-window": (figures.windows(found), "Answers by the share of their model's window they took" + unknown, "answers with a known window"),
    }  # fmt: skip
    for name, (figure, subtitle, noun) in drawn.items():
        whole = name == "chat-usage"
        updates |= singly.fill_chart(name, figure, subtitle, noun, found.held, look, all_of_them=whole)
    updates |= singly.fill_recent("chat-recent", found.held, FIELDS, look, log)
    server = server_panel.fill("chat-server", found.server, found.logged, look)
    return updates | _ranking(found, order, look) | server


def _unknown(models: tuple[str | None, ...]) -> str:
    """Of which models the context window is not known."""
    if not models:
        return ""
    named = ", ".join(model or "unknown" for model in models[:2])
    return f" · unknown of {named}" + (f" and {len(models) - 2} more" if len(models) > 2 else "")


def _ranking(found: Spread, order: tuple[str | None, ...], look: Look) -> Updates:
    name = "chat-models"
    if not found.models:
        return panel.says(name, nothing("requests", look)) | {f"{name}.subtitle": ""}
    slowest = sorted(found.models, key=lambda one: -(one.figures["latency_ms_p95"] or 0))[:MODELS]
    colours = entity_colours([one.name for one in slowest], order)
    top = max(one.figures["requests"] or 0 for one in slowest) or 1
    lines = [
        rows.Line(
            one.name or "Unknown",
            _cells(one, found),
            ("model", one.name or ""),
            share=(one.figures["requests"] or 0) / top,
            colour=colours[one.name],
        )
        for one in slowest
    ]
    count = len(found.models)
    more = (
        f"{len(lines)} of {count} models"
        if count > len(lines)
        else f"All {count} models"
        if count > 1
        else "One model"
    )
    ready = panel.ready(name, stale=look.stale, subtitle=f"{more}, the slowest at the 95th percentile first")
    return ready | rows.fill(name, "Model", COLUMNS, lines)


def _cells(one: Ranked, found: Spread) -> dict[str, str]:
    cells = {name: fmt.short(one.figures[name], unit) for name, unit in UNITS.items() if name in one.figures}
    requests, cost, tokens = (one.figures[name] for name in ("requests", "cost_usd", "total_tokens"))
    moved = Kpi("requests", "Requests", requests, "count", found.before.get(one.name))
    each: Number = cost / tokens * 1000 if cost is not None and tokens else None
    return cells | {
        "trend": fmt.change(moved) or fmt.UNKNOWN,
        "tpot_ms_p95": fmt.short(found.tpot.get(one.name), "ms"),
        "per_thousand": fmt.short(each, "usd"),
    }
