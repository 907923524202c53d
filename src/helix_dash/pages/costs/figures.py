"""The costs page's charts: which figures, in which colours, and what a click on a mark filters by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from typing import Any

from helix_dash.log.query import Number
from helix_dash.metrics.budget_standing import Standing
from helix_dash.metrics.cost_change import STEPS, Change
from helix_dash.metrics.price_split import Paid, split
from helix_dash.metrics.projection import Projection
from helix_dash.pages.costs.queries import DIMS, Spending
from helix_dash.ui import charts
from helix_dash.ui import format as fmt
from helix_dash.ui.chart_choices import choices
from helix_dash.ui.charts import PALETTE, PERCENT, USD, Axis, Band, Figure, Headline, Layer
from helix_dash.ui.charts_ranked import Bar, plain, plot, ranked_bars, waterfall
from helix_dash.ui.charts_spread import weekly
from helix_dash.ui.colours import entity_colours
from helix_dash.ui.groups import group_layers, slim
from helix_dash.ui.look import Look, axis, headline
from helix_dash.ui.treemap import treemap

MOST_BARS = 10
MOST_USERS = 20
NOUNS = {"model": "Model", "endpoint": "Endpoint", "provider": "Provider", "team": "Team", "user": "User", "key": "Key", "tag": "Tags"}  # fmt: skip
CLASSES = {
    "uncached": "Uncached input",
    "cached": "Cached input",
    "cache_write": "Cache write",
    "visible": "Visible output",
    "reasoning": "Reasoning",
}


def unknown(dim: str) -> str:
    """What requests are called that have nothing of the dimension."""
    return "No tags" if dim == "tag" else f"No {dim}" if dim in ("team", "user", "key") else f"Unknown {dim}"


def spend(found: Spending, dim: str, look: Look) -> Figure | None:
    """Dollars over time, stacked by the dimension; and the same added up from the beginning of the period."""
    names = [group[0] for group in found.parts.series.groups]
    colours = entity_colours(names, found.palette_order)
    layers = group_layers(found.parts, DIMS[dim], unknown(dim), [colours[name] for name in names])
    if not layers:
        return None
    times = axis(found.parts.series, look)
    head = headline(found.kpis, "cost_usd", compared=found.past is not None)
    before = found.past.values["cost_usd"][0] if found.past else ()
    over = charts.amounts(times, layers, USD, kind=look.chart, before=before, headline=head)
    summed = [replace(layer, values=cumulated(layer.values)) for layer in layers]
    whole = charts.amounts(times, summed, USD, kind="area", before=cumulated(before) if before else (), headline=head)  # fmt: skip
    return choices({"over": over, "sum": whole})


def cumulated(values: Sequence[Number]) -> list[Number]:
    """Each value with all before it; ``None`` before the first known one."""
    begun = next((at for at, value in enumerate(values) if value is not None), len(values))
    return [None] * begun + list(accumulate(value or 0 for value in values[begun:]))


def parts(found: Spending, dim: str) -> Figure | None:
    """The dearest of the dimension as bars or areas."""
    known = [(one.name, one.figures["cost_usd"]) for one in found.ranking if one.figures["cost_usd"]]
    colours = entity_colours([name for name, _ in known], found.palette_order)
    bars = [
        Bar(name or unknown(dim), float(cost or 0), colours[name], (DIMS[dim], name or ""))
        for name, cost in known[:MOST_BARS]
    ]
    rest = sum(float(cost or 0) for _, cost in known[MOST_BARS:])
    if rest:
        bars.append(Bar(fmt.others(len(known) - MOST_BARS), rest, charts.OTHERS, rest=True))
    if not bars:
        return None
    noun = NOUNS[dim]
    return choices({"bar": slim(ranked_bars(bars, USD, noun=noun)), "treemap": treemap(bars, USD, noun=noun)})


def month(told: Projection) -> Figure | None:
    """The month's dollars added up day by day, and the fan to its end."""
    if not told.history:
        return None
    return fan(told, told.history[-1][0].replace(day=1), "at the month's end")


def runway(one: Standing) -> Figure | None:
    """A budget's window: dollars added up day by day, the fan to its end, and the limit."""
    return fan(one.projection, one.start.date(), "at its end", float(one.budget.dollars))


def fan(told: Projection, first: date, words: str, limit: float | None = None) -> Figure | None:
    """Dollars added up from the day ``first`` on, and the projection with its range to the end."""
    days = [(day, cost) for day, cost in told.history if day >= first]
    if not any(cost is not None for _, cost in days):
        return None
    ahead = {day: (low, middle, high) for day, low, middle, high in told.fan}
    every = [day for day, _ in days] + [day for day in ahead if day > days[-1][0]]
    spent: list[Number] = [*cumulated([cost for _, cost in days]), *[None] * (len(every) - len(days))]
    # the fan begins at what is spent by yesterday, so that line and fan meet
    if len(days) > 1 and ahead and spent[len(days) - 2] is not None:
        known = float(spent[len(days) - 2] or 0)
        ahead = {days[-2][0]: (known, known, known)} | ahead
    lines = [
        Layer("Spent", spent, PALETTE[0]),
        Layer("Projected, P50", [_at(ahead, day, 1) for day in every], charts.OTHERS),
        Layer("Limit", [limit] * len(every), charts.ERROR),
    ]
    band = Band("P10 to P90", [_at(ahead, day, 0) for day in every], [_at(ahead, day, 2) for day in every], charts.OTHERS) if ahead else None  # fmt: skip
    head = Headline(USD.words(round(told.end, 2)), words) if told.end is not None else None
    drawn = [line for line in lines if any(value is not None for value in line.values)]
    return charts.rates(_days(every), drawn, USD, band=band, headline=head)


def _at(ahead: dict[date, tuple[float, float, float]], day: date, place: int) -> Number:
    return ahead[day][place] if day in ahead else None


def _days(every: Sequence[date]) -> Axis:
    starts = [int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000) for day in every]
    last = every[-1] + timedelta(days=1)
    end = int(datetime(last.year, last.month, last.day, tzinfo=UTC).timestamp() * 1000)
    return Axis(starts=starts, start=starts[0], end=end, key=f"{every[0]}/{every[-1]}")


def heat(found: Spending) -> Figure | None:
    """Dollars by weekday and hour."""
    if not any(cost for line in found.heat for cost in line):
        return None
    return weekly(found.heat, USD)


def users(found: Spending) -> Figure | None:
    """The dearest users, and which share of all spending they make up together."""
    known = [(one.name, float(one.figures["cost_usd"] or 0)) for one in found.users if one.figures["cost_usd"]]  # fmt: skip
    total = float(found.total or 0)
    if not known or not total:
        return None
    top = known[:MOST_USERS]
    shares = [part / total * 100 for part in accumulate(cost for _, cost in top)]
    names = [plain(name or "No user") for name, _ in top]
    bars: dict[str, Any] = {
        "type": "bar", "x": names, "y": [cost for _, cost in top], "marker": {"color": PALETTE[0], "line": {"width": 0}},
        "customdata": [f"{USD.words(cost)}, {cost / total:.1%}" for _, cost in top],
        "hovertemplate": "%{x}: %{customdata}<extra></extra>", "meta": {"wheres": [["user", name or ""] for name, _ in top]},
    }  # fmt: skip
    line: dict[str, Any] = {
        "type": "scatter", "mode": "lines+markers", "x": names, "y": shares, "yaxis": "y2",
        "line": {"color": PALETTE[1], "width": 2}, "marker": {"color": PALETTE[1], "size": 5, "line": {"width": 0}},
        "hovertemplate": "%{y:.1f}% of all up to here<extra></extra>", "cliponaxis": False,
    }  # fmt: skip
    second = {"overlaying": "y", "side": "right", "range": [0, 104], "showgrid": False, "fixedrange": True, "automargin": True, "tickvals": [0, 50, 80, 100], "ticktext": ["0%", "50%", "80%", "100%"], "zeroline": False}  # fmt: skip
    to_80 = next((at + 1 for at, share in enumerate(shares) if share >= 80), None)
    more = f"{to_80} of {len(known)} users make up 80%" if to_80 else f"The first {len(top)} of {len(known)} users make up {shares[-1]:.0f}%"  # fmt: skip
    return plot(
        [bars, line],
        {
            "xaxis": {"type": "category", "tickangle": -45, "tickmode": "array", "tickvals": names},
            "yaxis": {"tickprefix": "$", "tickformat": USD.tick},
            "yaxis2": second,
            "bargap": 0.25,
            "barcornerradius": 2,
        },
        head=("User", "Spend", "Share", "Up to here"),
        rows=[(name or "No user", cost, round(cost / total * 100, 1), round(share, 1)) for (name, cost), share in zip(top, shares, strict=True)],
        units=(USD, PERCENT, PERCENT),
        says=f"{more} of spending.",
        legend=[("Spend", PALETTE[0]), ("Share of all, added up", PALETTE[1])],
        headline=Headline(f"{to_80} users" if to_80 and to_80 > 1 else "1 user" if to_80 else f"{len(known):,} users", "80% of it" if to_80 else ""),
    )  # fmt: skip


def classes(bought: Sequence[Paid]) -> Figure | None:
    """What was paid, by class of tokens."""
    found = split(bought)
    if not found.recorded and not any(found.classes.values()):
        return None
    bars = [
        Bar(CLASSES[name], float(dollars), PALETTE[at])
        for at, (name, dollars) in enumerate(found.classes.items())
        if dollars
    ]
    if found.other > 0:
        bars.append(Bar("Not in these prices", float(found.other), charts.OTHERS, rest=True))
    head = Headline(USD.words(float(round(found.recorded, 2))), "recorded")
    return slim(ranked_bars(bars, USD, noun="Class", headline=head)) if bars else None


def change(found: Change) -> Figure | None:
    """From the cost of the period before to this one's, in steps."""
    if not found.before and not found.after:
        return None
    words = dict(STEPS)
    steps = [(words[name], float(f"{float(amount):.3g}")) for name, amount in found.steps]
    figure = waterfall(("Before", float(found.before)), steps, "Now", USD)
    levels = list(accumulate([float(found.before), *(float(amount) for _, amount in found.steps)]))
    span = max(levels) - min(levels)
    if not span or min(levels) < 2 * span:
        return figure
    # steps that are small beside the whole could not be seen: the axis begins below the lowest of them
    height = figure["layout"]["yaxis"] | {"range": [min(levels) - span / 2, max(levels) + span / 4], "minallowed": None}  # fmt: skip
    return figure | {"layout": figure["layout"] | {"yaxis": height}, "says": figure["says"] + " The axis does not begin at 0."}  # fmt: skip
