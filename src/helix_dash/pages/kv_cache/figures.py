"""The KV cache page's charts: frames of a source as lines and stacks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from helix_dash.metrics.kv_cache import PERCENTS, KvReading, Number
from helix_dash.ui import charts, sampled
from helix_dash.ui import format as fmt
from helix_dash.ui.charts import (
    COUNT,
    MILLISECONDS,
    OTHERS,
    PALETTE,
    PERCENT,
    Figure,
    Headline,
    Layer,
    Unit,
)
from helix_dash.ui.look import Look

BLOCKS = Unit(suffix=" blocks", tick="~g")
PER_SECOND = Unit(suffix="/s", tick="~g")
MOST_WORKERS = 7


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart: its subtitle and its figure; ``None`` when the server tells nothing of it."""

    subtitle: str
    figure: Figure | None
    told: bool = True


def _known(line: Sequence[Number] | None) -> bool:
    return line is not None and any(one is not None for one in line)


def _lines(
    found: KvReading,
    look: Look,
    parts: Sequence[tuple[str, str, str]],
    unit: Unit,
    words: str,
    scale: float = 1,
    top: float | None = None,
    headline: Headline | None = None,
    lead: str = "",
) -> Drawn:
    """``parts`` are (line, name, colour)."""
    told = [part for part in parts if part[0] in found.lines]
    layers = [
        Layer(name, [None if one is None else one * scale for one in found.lines[key]], colour)
        for key, name, colour in told
        if _known(found.lines[key])
    ]
    figure = charts.rates(
        sampled.time_axis(found.frames, look), layers, unit, top=top, headline=headline, lead=lead
    )
    return Drawn(
        f"{words}, each {sampled.each(found.frames)}, {look.zone_name}",
        figure if layers else None,
        bool(told),
    )


def _hits(found: KvReading, look: Look) -> Drawn:
    headline = None if found.hit_rate is None else Headline(fmt.short(found.hit_rate, "ratio"))
    return _lines(
        found,
        look,
        [("hit_rate", "Hit rate", PALETTE[2])],
        PERCENT,
        "Tokens reused of tokens processed",
        100,
        100,
        headline,
    )


def _tokens(found: KvReading, look: Look) -> Drawn:
    parts = (("computed", "Computed", PALETTE[0]), ("reused", "Reused", PALETTE[2]))
    headline = (
        None if found.processed is None else Headline(fmt.short(found.processed, "tokens"), "looked up")
    )
    return _stack(found, look, parts, COUNT, "Prompt tokens", headline)


def _load(found: KvReading, look: Look) -> Drawn:
    imbalance = found.imbalance
    headline = None if imbalance is None else Headline(f"{imbalance:.2f}×", "max / mean")
    return _stack(found, look, _by_worker(found, "requests"), COUNT, "Requests by worker", headline)


def _stack(
    found: KvReading,
    look: Look,
    parts: Sequence[tuple[str, str, str]],
    unit: Unit,
    words: str,
    headline: Headline | None,
) -> Drawn:
    told = [part for part in parts if part[0] in found.lines]
    layers = [Layer(name, found.lines[key], colour) for key, name, colour in told if _known(found.lines[key])]
    figure = charts.amounts(
        sampled.time_axis(found.frames, look), layers, unit, kind=look.chart, headline=headline
    )
    shown = figure if any(any(layer.values) for layer in layers) else None
    return Drawn(f"{words} per {sampled.each(found.frames)}, {look.zone_name}", shown, bool(told))


def _by_worker(found: KvReading, line: str) -> list[tuple[str, str, str]]:
    names = [one.name for one in found.workers if f"{line}|{one.name}" in found.lines]
    colours = [*PALETTE, *[OTHERS] * len(names)]
    return [
        (f"{line}|{name}", name if not name.isdigit() else f"Worker {name}", colour)
        for name, colour in zip(names[:MOST_WORKERS], colours, strict=False)
    ]


def _usage(found: KvReading, look: Look) -> Drawn:
    headline = None if found.max_usage is None else Headline(fmt.short(found.max_usage, "ratio"), "highest")
    return _lines(
        found, look, _by_worker(found, "usage"), PERCENT, "Blocks in use, highest", 100, 100, headline
    )


def _queue(found: KvReading, look: Look) -> Drawn:
    parts = [("running", "Running", PALETTE[0]), ("waiting", "Waiting", PALETTE[1])]
    return _lines(found, look, parts, COUNT, "Requests, highest")


def _preemptions(found: KvReading, look: Look) -> Drawn:
    return _lines(
        found, look, [("preemptions", "Preemptions", PALETTE[6])], PER_SECOND, "Requests put back a second"
    )


def _overlap(found: KvReading, look: Look) -> Drawn:
    matched = found.matched_blocks
    headline = None if matched is None else Headline(fmt.short(matched, "count"), "matched")
    parts = [("prompt", "Of the prompt", OTHERS), ("matched", "Matched", PALETTE[2])]
    return _lines(found, look, parts, BLOCKS, "Blocks of a mean request", headline=headline)


def _latency(name: str, words: str) -> Callable[[KvReading, Look], Drawn]:
    colours = (PALETTE[0], PALETTE[4], PALETTE[6])

    def draw(found: KvReading, look: Look) -> Drawn:
        parts = [
            (f"{name}_p{percent}", f"p{percent}", colour)
            for percent, colour in zip(PERCENTS, colours, strict=True)
        ]
        middle = (found.ttft_ms if name == "ttft" else found.itl_ms)[1]
        headline = None if middle is None else Headline(f"~ p95 {fmt.short(middle, 'ms')}")
        return _lines(found, look, parts, MILLISECONDS, f"~ {words}", headline=headline, lead="p95")

    return draw


BUILDERS: dict[str, Callable[[KvReading, Look], Drawn]] = {
    "kv-hits": _hits,
    "kv-tokens": _tokens,
    "kv-load": _load,
    "kv-usage": _usage,
    "kv-overlap": _overlap,
    "kv-queue": _queue,
    "kv-preemptions": _preemptions,
    "kv-ttft": _latency("ttft", "Time to first token"),
    "kv-itl": _latency("itl", "Time between tokens"),
}
