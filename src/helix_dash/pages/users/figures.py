"""The charts of the users page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime

from helix_dash.metrics.gateway_users import Counted
from helix_dash.metrics.people import ORDERS, Order, Standings, top
from helix_dash.pages.users.queries import People
from helix_dash.pages.users.rows import NOBODY
from helix_dash.ui import charts, charts_spread
from helix_dash.ui import format as fmt
from helix_dash.ui.chart_choices import choices
from helix_dash.ui.charts import COUNT, PALETTE, PERCENT, USD, Axis, Figure, Headline, Layer
from helix_dash.ui.charts_ranked import Bar, ranked_bars
from helix_dash.ui.groups import slim
from helix_dash.ui.look import Drawn, Look

MOST_BARS = 10
VIEWS: tuple[tuple[str, str], ...] = (("cost", "Cost"), ("requests", "Requests"), ("tokens", "Tokens"))
UNITS = {"cost": USD, "requests": COUNT, "tokens": COUNT}
KINDS = {"cost": "usd", "requests": "count", "tokens": "count"}


def ranking(found: Standings, column: str, noun: str, colour: str) -> Figure | None:
    """The largest by cost, requests or tokens, and one bar for all others: together the whole."""
    if not found.all:
        return None
    views: dict[str, Figure] = {order: _bars(found, column, noun, order, colour) for order in ORDERS}
    # who has no price at all is ranked by what is known
    first: Order = "cost" if found.total.cost else "requests"
    return choices({first: views.pop(first)} | views)


def _bars(found: Standings, column: str, noun: str, order: Order, colour: str) -> Figure:
    shown, more, rest = top(found.ranked(order), order, MOST_BARS)
    bars = [
        Bar(one.name or NOBODY[column], one.figure(order), colour, (column, one.name or ""))
        for one in shown
        if one.figure(order)
    ]
    if rest:
        bars.append(Bar(fmt.others(more), rest, charts.OTHERS, rest=True))
    total = found.total.cost if order == "cost" else found.total.figure(order)
    return slim(ranked_bars(bars, UNITS[order], noun=noun, headline=Headline(fmt.short(total, KINDS[order]))))


def by_counters(users: Sequence[Counted]) -> Figure:
    """The same out of the gateway's own counters, for a log without a request."""
    bars = [Bar(one.name, one.counter, PALETTE[0]) for one in users[:MOST_BARS] if one.counter]
    rest = sum(one.counter for one in users[MOST_BARS:])
    if rest:
        bars.append(Bar(fmt.others(len(users) - MOST_BARS), rest, charts.OTHERS, rest=True))
    total = fmt.short(sum(one.counter for one in users), "usd")
    figure = slim(ranked_bars(bars, USD, noun="User", headline=Headline(total, "counted")))
    return choices({"cost": figure})


def _axis(found: People, look: Look) -> Axis:
    """Whole days as the wall clock of the zone counts them."""
    first, last = found.days
    starts = [round(datetime.combine(date.fromordinal(day), datetime.min.time(), UTC).timestamp() * 1000) for day in range(first, last + 1)]  # fmt: skip
    open_ended = last == found.activity.today
    return Axis(
        starts,
        starts[0],
        starts[-1] + charts.DAY,
        unfinished=open_ended,
        key=f"{first}/{last}/{look.zone_name}",
    )


def daily(found: People, look: Look) -> Drawn:
    """Active users over 1, 7 and 30 days, day by day."""
    lines = (
        (1, "Within the day (DAU)", PALETTE[0]),
        (7, "Within 7 days (WAU)", PALETTE[1]),
        (30, "Within 30 days (MAU)", PALETTE[2]),
    )
    layers = [
        Layer(name, found.daily[days], colour)
        for days, name, colour in lines
        if any(value is not None for value in found.daily[days])
    ]
    figure = charts.rates(_axis(found, look), layers, COUNT) if layers else None
    return Drawn("Different users", "active users", figure)


def new(found: People, look: Look) -> Drawn:
    """Users seen for the first time per day, or all that have been seen so far."""
    grown = found.growth
    if all(value is None for value in grown.seen):
        return Drawn("Users", "users", None)
    axis = _axis(found, look)
    known = [value for value in grown.new if value is not None]
    views = {
        "new": charts.amounts(axis, [Layer("New users", grown.new, PALETTE[2])], COUNT, kind=look.chart, headline=Headline(f"+{sum(known):,}")),
        "seen": charts.rates(axis, [Layer("Users seen so far", grown.seen, PALETTE[0])], COUNT),
    }  # fmt: skip
    if not any(known):  # an empty chart says nothing: all who were there do
        views = dict(reversed(views.items()))
    return Drawn("Users", "users", choices(views))


def pattern(found: People) -> Drawn:
    """Requests of a usual hour by weekday and hour."""
    known = any(value for line in found.pattern for value in line)
    values = [[None if value is None else float(f"{value:.4g}") for value in line] for line in found.pattern]
    return Drawn("Requests", "requests", charts_spread.weekly(values, COUNT) if known else None)


def cohorts(found: People) -> Drawn:
    """Of those first seen in a week, the share active in each week after it."""
    if not found.cohorts:
        return Drawn("Percent", "cohorts", None)
    weeks = max(len(one.kept) for one in found.cohorts)
    names = [f"{one.week:%-d %b} · {one.size:,}" for one in found.cohorts]
    values = [
        [one.kept[at] / one.size * 100 if at < len(one.kept) else None for at in range(weeks)]
        for one in found.cohorts
    ]
    columns = ["First week", *(f"+{at}" for at in range(1, weeks))]
    return Drawn("Percent", "cohorts", charts_spread.heat_map(names, columns, values, PERCENT, noun="First seen in the week of · users"))  # fmt: skip


OVER_DAYS: dict[str, Callable[[People, Look], Drawn]] = {"users-active": daily, "users-new": new}
SPREAD: dict[str, Callable[[People], Drawn]] = {"users-pattern": pattern, "users-cohorts": cohorts}
