"""The table of how budgets stand."""

from __future__ import annotations

from collections.abc import Sequence

from helix_dash.metrics.budget_standing import Standing
from helix_dash.pages.costs.queries import DIMS
from helix_dash.ui import format as fmt
from helix_dash.ui import rich_table
from helix_dash.ui.rich_table import Column, Meter, Tag

ROWS = 15
COLUMNS = (
    Column("used", "Spent", "meter", "Spent in the present window, of the limit"),
    Column("state", "State", "tag", "The highest threshold that was reached"),
    Column(
        "pace", "Pace", help="Share spent by share of the window that has passed: above 1 it will not last"
    ),
    Column("end", "At its end, P50", help="Spent, and what the remaining days usually cost by their weekday"),
    Column("range", "P10 to P90", "text"),
    Column("out", "Runs out", "text", "The day at whose end P50 reaches the limit"),
    Column("resets", "Next reset", "text", "When the next window begins, in the reporting zone"),
)


def lines(stand: Sequence[Standing]) -> list[rich_table.Line]:
    """How budgets stand, the most used first."""
    return [_budget(one) for one in stand[:ROWS]]


def _budget(one: Standing) -> rich_table.Line:
    told, at_least = one.projection, "at least " if one.incomplete and one.spent is not None else ""
    used = f"{at_least}{fmt.short(one.spent, 'usd')} of {fmt.full(one.budget.dollars, 'usd')}"
    if one.end_unknown:
        end, between = fmt.UNKNOWN, one.lacks
    else:
        end, between = fmt.short(told.end, "usd"), f"{fmt.short(told.low, 'usd')} to {fmt.short(told.high, 'usd')}"  # fmt: skip
    cells: dict[str, rich_table.Cell] = {
        "used": Meter(
            one.share, fmt.short(one.share, "ratio"), used, raw="" if one.spent is None else str(one.spent)
        ),
        "state": state(one),
        "pace": fmt.UNKNOWN if one.pace is None else f"×{one.pace:.2f}",
        "end": end,
        "range": between,
        "out": _out(one),
        "resets": f"{one.resets:%a %-d %b %Y, %H:%M}",
    }
    whose = f", {one.budget.organization}" if one.budget.organization else ""
    column = DIMS.get(one.budget.kind)
    where = (column, one.budget.name) if column and one.budget.kind != "tag" else None
    return rich_table.Line(one.budget.title, cells, where, f"{used}, {one.budget.every}{whose}")


def state(one: Standing) -> Tag:
    """The threshold a budget has reached, as a word with a tone."""
    if one.share is None:
        return Tag("Not known")
    if one.over:
        return Tag("Over", "bad")
    if one.crossed is None:
        return Tag(f"Below {one.budget.thresholds[0]}%", "good")
    return Tag(
        f"Past {one.crossed}%", "bad" if one.crossed >= 95 else "warn" if one.crossed >= 80 else "info"
    )


def _out(one: Standing) -> str:
    if one.over:
        return "spent"
    if one.runs_out is not None:
        return f"about {one.runs_out:%a %-d %b}"
    return "not before its reset" if one.projection.end is not None else fmt.UNKNOWN
