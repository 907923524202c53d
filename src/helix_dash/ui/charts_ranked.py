"""Charts of who and what: rankings, shares, steps from one sum to another, use against a limit.

Each is a small dictionary with its table; :func:`helix_dash.ui.panel.chart` shows them like those over time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from helix_dash.ui.chart_words import ranking
from helix_dash.ui.charts import ERROR, OTHERS, PALETTE, SUCCESS, THROTTLED, Figure, Headline, Unit

NEAR, FULL = 0.8, 1.0
"""Shares of a limit from which its bar is amber and red."""

FEW = 4
"""Up to so many bars are as thick as those of a longer ranking, not as the space they could fill."""

_LONGEST = 28
_TRACK = "rgba(124,133,148,.2)"


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its name, its figure, its colour (the first of the palette when empty), what a click filters by, and
    whether it stands for all that have no bar of their own: then it comes last, whatever its size."""

    name: str
    value: float
    colour: str = ""
    where: tuple[str, str] | None = None
    rest: bool = False


@dataclass(frozen=True, slots=True)
class Use:
    """What is used of a limit; ``limit`` is ``None`` where there is none."""

    name: str
    used: float
    limit: float | None
    where: tuple[str, str] | None = None


def plot(
    traces: Sequence[dict[str, Any]],
    layout: dict[str, Any],
    *,
    head: Sequence[str],
    rows: Sequence[Sequence[Any]],
    units: Sequence[Unit],
    says: str,
    headline: Headline | None = None,
    legend: Sequence[tuple[str, str]] = (),
) -> Figure:
    """A chart that is not over time: what is drawn, and the same as a table.

    Args:
        traces: what is drawn.
        layout: what differs from every chart's.
        head: the table's column names, the first that of the rows.
        rows: a name and its figures per row; a figure may be a text.
        units: how each column of figures is written.
        says: the chart in a sentence.
        headline: the figure beside the title.
        legend: names and colours.
    """
    figure: Figure = {
        "kind": "plot",
        "data": list(traces),
        "layout": layout,
        "table": {
            "head": list(head),
            "rows": [list(row) for row in rows],
            "units": [unit.sent() for unit in units],
        },
        "says": says,
        "legend": [{"name": name, "colour": colour} for name, colour in legend],
    }
    return figure | ({"headline": [headline.value, headline.before]} if headline else {})


def ranked_bars(bars: Sequence[Bar], unit: Unit, *, noun: str, headline: Headline | None = None) -> Figure:
    """Horizontal bars in order of their size, with value and share at the end.

    Args:
        bars: in any order.
        unit: how a figure is written.
        noun: what the bars are ("Model").
        headline: the figure beside the title.
    """
    ordered = _in_order(bars)
    total = sum(bar.value for bar in ordered)
    shares = [bar.value / total if total else 0.0 for bar in ordered]
    texts = [f"{unit.words(bar.value)}  {share:.1%}" for bar, share in zip(ordered, shares, strict=True)]
    trace = _across(ordered, texts) | {"marker": {"color": [bar.colour or PALETTE[0] for bar in ordered]}}
    return plot(
        [trace],
        _rows(max((bar.value for bar in ordered), default=0), unit),
        head=(noun, "Value", "Share"),
        rows=[
            (bar.name, bar.value, round(share * 100, 1)) for bar, share in zip(ordered, shares, strict=True)
        ],
        units=(unit, Unit(suffix="%", places=1)),
        says=ranking([bar.name for bar in ordered], [bar.value for bar in ordered], unit.words),
        headline=headline,
    )


def pie(bars: Sequence[Bar], unit: Unit, *, noun: str, headline: Headline | None = None) -> Figure:
    """The same as a ring, for who chooses it: never the default, angles are hard to compare."""
    figure = ranked_bars(bars, unit, noun=noun, headline=headline)
    ordered = _in_order(bars)
    colours = [bar.colour or PALETTE[index % len(PALETTE)] for index, bar in enumerate(ordered)]
    ring = {
        "type": "pie", "hole": 0.62, "sort": False, "direction": "clockwise", "textinfo": "none",
        "labels": [bar.name for bar in ordered], "values": [bar.value for bar in ordered],
        "marker": {"colors": colours, "line": {"width": 0}},
        "hovertemplate": "%{label}: %{text}<extra></extra>", "text": figure["data"][0]["text"],
        "meta": figure["data"][0]["meta"],
    }  # fmt: skip
    legend = [{"name": bar.name, "colour": colour} for bar, colour in zip(ordered, colours, strict=True)]
    return figure | {"data": [ring], "layout": {}, "legend": legend}


def stacked_shares(
    groups: Sequence[str], parts: Sequence[tuple[str, Sequence[float], str]], unit: Unit, *, noun: str
) -> Figure:
    """One bar of 100% per group, cut into parts: how the mix differs.

    Args:
        groups: the bars' names.
        parts: name, one figure per group, colour.
        unit: how a figure is written.
        noun: what the groups are.
    """
    totals = [sum(values[at] for _, values, _ in parts) for at in range(len(groups))]
    traces = [
        {
            "type": "bar", "orientation": "h", "name": name, "y": [_cut(group) for group in groups],
            "x": [round(value / total * 100, 2) if total else None for value, total in zip(values, totals, strict=True)],
            "customdata": [unit.words(value) for value in values], "marker": {"color": colour, "line": {"width": 0}},
            "hovertemplate": "%{y}: %{x:.1f}% (%{customdata})<extra>" + plain(name) + "</extra>",
        }
        for name, values, colour in parts
    ]  # fmt: skip
    layout = _rows(100, Unit(suffix="%", tick="~g")) | {"barmode": "stack", "bargap": 0.35}
    layout["xaxis"] |= {"visible": True}
    leads = [max(parts, key=lambda part, at=at: part[1][at])[0] for at in range(len(groups))]  # type: ignore[misc]
    return plot(
        traces,
        layout,
        head=(noun, *(name for name, _, _ in parts)),
        rows=[(group, *(values[at] for _, values, _ in parts)) for at, group in enumerate(groups)],
        units=[unit] * len(parts),
        says="; ".join(f"{group}: mostly {lead}" for group, lead in zip(groups, leads, strict=True)) + ".",
        legend=[(name, colour) for name, _, colour in parts],
    )


def waterfall(start: tuple[str, float], steps: Sequence[tuple[str, float]], end: str, unit: Unit) -> Figure:
    """From one sum to another in steps: what made it more, what made it less.

    Args:
        start: the first sum's name and figure.
        steps: each change's name and figure, in order.
        end: the last sum's name.
        unit: how a figure is written.
    """
    level, bases = start[1], [0.0]
    for _, change in steps:
        bases.append(min(level, level + change))
        level += change
    names = [start[0], *(name for name, _ in steps), end]
    heights = [start[1], *(abs(change) for _, change in steps), level]
    colours = [OTHERS, *(ERROR if change > 0 else SUCCESS for _, change in steps), OTHERS]
    signed = [start[1], *(change for _, change in steps), level]
    texts = [
        _signed(value, unit) if 0 < at < len(signed) - 1 else unit.words(value)
        for at, value in enumerate(signed)
    ]
    trace = {
        "type": "bar", "x": [_broken(name) for name in names], "y": heights, "base": [*bases, 0.0], "text": texts,
        "textposition": "outside", "constraintext": "none", "textfont": {"size": 11},
        "cliponaxis": False, "marker": {"color": colours, "line": {"width": 0}},
        "customdata": [plain(name) for name in names], "hovertemplate": "%{customdata}: %{text}<extra></extra>",
    }  # fmt: skip
    top = max((base + height for base, height in zip([*bases, 0.0], heights, strict=True)), default=0)
    axis = {
        "tickprefix": unit.prefix,
        "ticksuffix": unit.suffix,
        "tickformat": unit.tick,
        "range": [0, top * 1.15],
    }
    return plot(
        [trace],
        {
            "xaxis": {"tickangle": 0, "nticks": len(names)},
            "yaxis": axis | {"rangemode": "normal"},
            "bargap": 0.35,
            "barcornerradius": 2,
        },
        head=("Step", "Change"),
        rows=list(zip(names, signed, strict=True)),
        units=(unit,),
        says=f"From {unit.words(start[1])} to {unit.words(level)}.",
        legend=[("More", ERROR), ("Less", SUCCESS)],
    )


def uses(entries: Sequence[Use], unit: Unit, *, noun: str) -> Figure:
    """Bars of what is used of each limit, the fullest first; one without a limit has no bar."""

    def share(use: Use) -> float:
        return use.used / use.limit if use.limit else 0.0

    ordered = sorted(entries, key=lambda use: -share(use))
    texts = [
        f"{unit.words(use.used)} of {unit.words(use.limit)}  {share(use):.1%}" if use.limit else f"{unit.words(use.used)}, no limit"
        for use in ordered
    ]  # fmt: skip
    colours = [
        ERROR if share(use) >= FULL else THROTTLED if share(use) >= NEAR else PALETTE[0] for use in ordered
    ]
    track = _across([Bar(use.name, 100 if use.limit else 0, where=use.where) for use in ordered], texts)
    used = {
        "x": [min(share(use), FULL) * 100 for use in ordered],
        "marker": {"color": colours},
        "hoverinfo": "skip",
    }
    bar = {key: track[key] for key in ("type", "orientation", "y", "width", "meta")} | used
    near = [use for use in ordered if share(use) >= NEAR]
    return plot(
        [track | {"marker": {"color": _TRACK}}, bar],
        _rows(100, Unit(suffix="%")) | {"barmode": "overlay"},
        head=(noun, "Used", "Limit", "Share"),
        rows=[
            (use.name, use.used, use.limit, round(share(use) * 100, 1) if use.limit else None)
            for use in ordered
        ],
        units=(unit, unit, Unit(suffix="%", places=1)),
        says=f"{len(near)} of {len(ordered)} at {NEAR:.0%} of their limit or more.",
    )


def _in_order(bars: Sequence[Bar]) -> list[Bar]:
    return sorted(bars, key=lambda bar: (bar.rest, -bar.value))


def _across(bars: Sequence[Bar], texts: Sequence[str]) -> dict[str, Any]:
    """A horizontal bar per name, the first on top, its text at its end."""
    return {
        "type": "bar", "orientation": "h", "y": [_cut(bar.name) for bar in bars], "x": [bar.value for bar in bars],
        "text": list(texts), "textposition": "outside", "constraintext": "none", "cliponaxis": False,
        "width": 0.62 if len(bars) > FEW else 0.1 + 0.13 * len(bars),
        "customdata": [plain(bar.name) for bar in bars], "hovertemplate": "%{customdata}: %{text}<extra></extra>",
        "meta": {"wheres": [list(bar.where) if bar.where else None for bar in bars]},
    }  # fmt: skip


def _rows(top: float, unit: Unit) -> dict[str, Any]:
    ticks = {"tickprefix": unit.prefix, "ticksuffix": unit.suffix, "tickformat": unit.tick}
    return {
        "xaxis": {"visible": False, "range": [0, top or 1], **ticks},
        "yaxis": {"autorange": "reversed", "type": "category", "showgrid": False, "minallowed": None},
        "barcornerradius": 2,
    }


def _signed(value: float, unit: Unit) -> str:
    sign = "+" if value > 0 else "−" if value < 0 else ""
    return f"{sign}{unit.words(abs(value))}"


def _cut(name: str) -> str:
    """A name that leaves room for its bar; the whole one is in the tooltip and the table."""
    return plain(name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…")


def _broken(name: str) -> str:
    """A name below an upright bar: its words one below the other."""
    return _cut(name).replace(" ", "<br>")


def plain(text: str) -> str:
    # the drawing library reads a small HTML in texts; a model's name is data, not markup
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
