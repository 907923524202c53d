"""Where a request's time went: gateway, waiting for the first token, decoding. What is unknown says why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dash import html
from dash.development.base_component import Component

from helix_dash.ui import format as fmt


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a request's time in milliseconds; ``key`` names its colour in assets/inspector.css."""

    key: str
    label: str
    ms: float


@dataclass(frozen=True, slots=True)
class Timeline:
    """The parts add up to ``total`` milliseconds; ``notes`` say what could not be told apart, and why."""

    total: float | None
    parts: tuple[Part, ...]
    notes: tuple[str, ...]


def timeline(row: Mapping[str, Any]) -> Timeline:
    """The parts of one request's latency as far as they were recorded."""
    latency, first, overhead = (row.get(name) for name in ("latency_ms", "ttft_ms", "overhead_ms"))
    if latency is None:
        return Timeline(None, (), ("The latency was not recorded.",))
    notes: list[str] = []
    parts: list[Part] = []
    if first is not None and first > latency:
        notes.append("The recorded time to the first token is longer than the latency; it is left out.")
        first = None
    elif first is None:
        streamed = row.get("stream")
        notes.append(
            "Not streamed, so there is no time to the first token."
            if streamed is False
            else "The time to the first token was not recorded."
        )
    before = latency if first is None else first
    if overhead is None:
        notes.append("The gateway did not report its own share; it is part of the wait.")
    elif overhead > before:
        notes.append(
            f"The gateway's own {fmt.short(overhead, 'ms')} do not fit before the first token; not drawn."
        )
        overhead = None
    if overhead is not None:
        parts.append(Part("overhead", "Gateway overhead", overhead))
    wait = "Provider" if first is None else "To first token"
    parts.append(Part("wait", wait, before - (overhead or 0.0)))
    if first is not None:
        parts.append(Part("decode", "Decode", latency - first))
    return Timeline(latency, tuple(parts), tuple(notes))


def speed(row: Mapping[str, Any]) -> str:
    """How fast the answer came after its first token, in words; empty when that cannot be told."""
    rate, each = row.get("tokens_per_second"), row.get("tpot_ms")
    said = [] if rate is None else [f"{fmt.short(rate, 'count')} output tokens/s"]
    if each is not None:
        said.append(f"{fmt.short(each, 'ms')} per token after the first")
    return ", ".join(said)


def drawn(row: Mapping[str, Any]) -> Component:
    """The parts as one bar with numbers below it."""
    found = timeline(row)
    notes = [*found.notes, *([speed(row) + "."] if speed(row) else [])]
    said = [html.P(" ".join(notes), className="hx-faint hx-timeline__note")] if notes else []
    if found.total is None:
        return html.Section([html.H3("Timeline"), *said])
    told = ", ".join(f"{part.label} {fmt.short(part.ms, 'ms')}" for part in found.parts)
    bar = html.Div(
        [
            html.Span(
                className="hx-timeline__part",
                title=f"{part.label}: {fmt.full(part.ms, 'ms')}",
                style={"flexGrow": max(part.ms, 0.0)},
                **{"data-part": part.key},
            )
            for part in found.parts
        ],
        className="hx-timeline__bar",
        role="img",
        **{"aria-label": told},
    )
    numbers = [
        html.Div(
            [
                html.Span(className="hx-timeline__mark", **{"data-part": part.key}),
                html.Span(part.label, className="hx-timeline__label"),
                html.B(fmt.short(part.ms, "ms")),
                html.Span(fmt.share(part.ms, found.total), className="hx-faint"),
            ],
            className="hx-timeline__number",
        )
        for part in found.parts
    ]
    return html.Section(
        [
            html.H3("Timeline"),
            bar,
            html.Div(numbers, className="hx-timeline__numbers"),
            *said,
        ],
        className="hx-timeline",
    )
