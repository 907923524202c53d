"""What pages over the log share: what their figures are shown under, and how parts of a page are filled with them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from dash import Output

from helix_dash.errors import BadQuery
from helix_dash.log.query import Bucket, LogHealth, Number, Series
from helix_dash.model import Filter, Kpi, Period
from helix_dash.ui import charts, fill, kpi, panel, states, trust
from helix_dash.ui import format as fmt
from helix_dash.ui.charts import Axis, Figure, Headline, Layer
from helix_dash.ui.panel import Updates
from helix_dash.ui.states import Message, empty, waiting
from helix_dash.ui.wiring import Failed
from helix_dash.zones import Zone


@dataclass(frozen=True, slots=True)
class Look:
    """What the figures are shown under.

    Args:
        where: the filter.
        zone: the zone times are shown in.
        zone_name: its name.
        stale: whether the figures are old.
        virgin: whether nothing was ever recorded.
        chart: how amounts over time are drawn, ``bar`` or ``line``.
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

    @property
    def past(self) -> str:
        """What the period before is called."""
        return f"Previous {fmt.length(self.period)}"

    @property
    def during(self) -> str:
        """The period in words, for the tooltips of cards."""
        start, end = (fmt.moment(one, self.zone) for one in (self.period.start, self.period.end))
        return f"{start} – {end} {self.zone_name}"


def look_at(
    state: Mapping[str, Any], where: Filter, zone: Zone, health: LogHealth, *, chart: str = "bar"
) -> Look:
    """What a page whose filter's state is ``state`` is shown under, with the log in this ``health``."""
    return Look(
        where=where,
        zone=zone.info,
        zone_name=zone.name,
        stale=bool(trust.why_old(health, zone.info, zone.name)),
        virgin=health.rows == 0,
        chart=chart,
        key=f"{state.get('from')}/{state.get('to')}/{zone.name}",
    )


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart: its unit in words, its figure, and its noun when there is nothing in it."""

    unit: str
    noun: str
    figure: Figure | None


Part = tuple[str, str, str, tuple[str, str] | None]
"""A measure, its name in words, its colour, and what a click on it filters by."""


def axis(series: Series, look: Look) -> Axis:
    """The time axis of ``series``."""
    return charts.time_axis(
        series.starts, look.period, look.zone, unfinished=series.unfinished, key=look.key, past=look.past
    )


def layers(
    now: Series,
    past: Series | None,
    parts: Sequence[Part],
    scale: float | None = None,
    *,
    hidden: Collection[str] = (),
) -> list[Layer]:
    """A layer per part that has anything.

    Args:
        now: a series without groups that holds the parts' measures.
        past: the same over the period before, bucket by bucket; ``None`` when it is not compared.
        parts: what is drawn.
        scale: makes the unit shown of the one measured; amounts, which are stacked, have none and no past of theirs.
        hidden: the measures that are drawn when somebody asks for them in the legend.
    """

    def line(series: Series | None, name: str) -> list[Number]:
        values = series.values[name][0] if series else []
        return values if scale is None else [None if one is None else one * scale for one in values]

    found = [
        Layer(
            words,
            line(now, name),
            colour,
            where,
            before=line(past, name) if scale else (),
            shown=name not in hidden,
        )
        for name, words, colour, where in parts
    ]
    return [layer for layer in found if any(layer.values)]


def headline(kpis: Sequence[Kpi], name: str, *, compared: bool) -> Headline | None:
    """The figure of card ``name`` beside a chart's title; ``None`` when it is unknown."""
    found = next((one for one in kpis if one.name == name), None)
    if found is None or found.value is None:
        return None
    before = f"before {fmt.short(found.before, found.unit)}" if compared else ""
    return Headline(fmt.short(found.value, found.unit), before)


def nothing(noun: str, look: Look) -> Message:
    """Why there is nothing to show: nothing ever recorded, nothing in the period, or nothing that matches."""
    if look.virgin:
        return waiting(noun)
    return empty(noun, filtered=bool(look.where.conditions), period=fmt.these(look.period))


def fill_chart(name: str, drawn: Drawn, bucket: Bucket, look: Look, *, approximate: bool = False) -> Updates:
    """The new contents of chart panel ``name``; ``approximate`` marks percentiles out of histograms."""
    subtitle = ("~ " if approximate else "") + fmt.per(drawn.unit, bucket, look.zone_name)
    if drawn.figure is None:
        return panel.says(name, nothing(drawn.noun, look)) | {f"{name}.subtitle": subtitle}
    return panel.ready(name, stale=look.stale, figure=drawn.figure, subtitle=subtitle)


def fill_cards(kpis: Sequence[Kpi], look: Look) -> Updates:
    """The new contents of the cards of ``kpis``, compared with the period before."""
    before = f"previous {fmt.length(look.period)}"
    updates: Updates = {}
    for figure in kpis:
        updates |= kpi.fill(figure, before=before, during=look.during)
    return updates


def fill_failed(
    error: Exception, reference: str, shown: str, cards: Sequence[str], panels: Sequence[str]
) -> Updates:
    """A page that could not be read: its figures stay, marked as old; without any, words stand in their place.

    Args:
        error: why.
        reference: finds it in the server's log.
        shown: the page's state so far.
        cards: the figures' names.
        panels: the panels' names.
    """
    words = states.failed(error, reference)
    if shown in ("ready", "stale") and not isinstance(error, BadQuery):
        return {"page.state": "stale"} | {f"{name}.state": "stale" for name in panels}
    updates: Updates = {"page.state": words.state}
    for name in cards:
        updates |= kpi.unknown(name, "not readable")
    for name in panels:
        updates |= panel.says(name, words)
    return updates


def failing(
    root: str, places: Mapping[str, Output], cards: Sequence[tuple[str, str]], panels: Sequence[str]
) -> Failed:
    """What the callback that fills a page answers when it failed, see :func:`fill_failed`.

    Args:
        root: the id of the page's outermost element.
        places: what the callback fills.
        cards: the figures' names and labels.
        panels: the panels' names.
    """

    def failed(error: Exception, reference: str, *, shown: str, **_: Any) -> dict[str, Any]:
        names = [name for name, _label in cards]
        return fill.sent(root, fill_failed(error, reference, shown, names, panels), places)

    return failed
