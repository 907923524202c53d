"""Charts of what was sampled: frames of a series as lines and stacks over time, with gaps where nobody looked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from helix_dash.model import us_from_utc, utc_from_us
from helix_dash.samples.reader import Frames
from helix_dash.ui import charts, panel
from helix_dash.ui import format as fmt
from helix_dash.ui.charts import Axis, Figure, Headline, Layer, Unit
from helix_dash.ui.look import Look
from helix_dash.ui.packed import Number
from helix_dash.ui.panel import Updates
from helix_dash.ui.states import Message

_END = 4 * 10**15
"""Microseconds since the epoch beyond which nobody can have written anything: the year 2096."""

Part = tuple[str, Sequence[Number], str]
"""A line's name, its values, its colour."""


@dataclass(frozen=True, slots=True)
class Sampled:
    """A chart: its subtitle, and its figure; ``None`` when nothing was told of it."""

    subtitle: str
    figure: Figure | None


def time_axis(frames: Frames, look: Look) -> Axis:
    """The time axis of ``frames``."""
    unfinished = bool(frames.starts) and frames.starts[-1] + frames.step > us_from_utc(look.period.end)
    starts = [start // 1000 for start in frames.starts]
    return charts.time_axis(starts, look.period, look.zone, unfinished=unfinished, key=look.key)


def each(frames: Frames) -> str:
    """How wide a frame is, in words: ``10 s``, ``15 min``."""
    seconds = frames.step // 1_000_000
    if seconds < 60:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 3600 else f"{seconds // 3600} h"


def lines(
    frames: Frames,
    look: Look,
    parts: Sequence[Part],
    unit: Unit,
    words: str,
    *,
    scale: float = 1,
    top: float | None = None,
    lead: str = "",
    headline: Headline | None = None,
) -> Sampled:
    """Lines of what cannot be added; ``scale`` makes the unit shown of the one sampled."""
    layers = [
        Layer(name, [None if one is None else one * scale for one in values], colour)
        for name, values, colour in parts
        if any(one is not None for one in values)
    ]
    subtitle = f"{words}, each {each(frames)}, {look.zone_name}"
    if not layers:
        return Sampled(subtitle, None)
    figure = charts.rates(time_axis(frames, look), layers, unit, top=top, lead=lead, headline=headline)
    return Sampled(subtitle, figure)


def filled(name: str, drawn: Sampled, nothing: Message, *, stale: bool) -> Updates:
    """The new contents of chart panel ``name``; ``nothing`` stands in place of a figure that is not there."""
    if drawn.figure is None:
        return panel.says(name, nothing) | {f"{name}.subtitle": drawn.subtitle}
    return panel.ready(name, stale=stale, figure=drawn.figure, subtitle=drawn.subtitle)


def since(microseconds: int | None, look: Look, now: int) -> str:
    """An instant as the time of day when it was lately, with the date when it was not."""
    if microseconds is None or not 0 < microseconds < _END:
        return fmt.UNKNOWN
    if abs(now - microseconds) < 20 * 3600 * 10**6:
        return fmt.clock(microseconds, look.zone)
    return fmt.moment(utc_from_us(microseconds), look.zone)
