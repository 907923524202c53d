"""The new values of the costs page's parts for given figures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from helix_dash.metrics.budget_standing import Standing
from helix_dash.metrics.counters import MOST_DAYS, Reconciled
from helix_dash.metrics.price_split import split
from helix_dash.metrics.prices import history
from helix_dash.metrics.projection import NEEDED, BackTest, Projection
from helix_dash.model import us_from_utc
from helix_dash.pages.costs import budget_form, budget_rows, figures, price_form, tables
from helix_dash.pages.costs.queries import Arithmetic, Spending, saved
from helix_dash.pages.costs.view import CARDS, GATEWAY, STRIP
from helix_dash.ui import format as fmt
from helix_dash.ui import kpi, panel, rich_table, rows, sources
from helix_dash.ui.charts import Figure
from helix_dash.ui.look import Look, nothing
from helix_dash.ui.panel import Updates
from helix_dash.ui.states import Message, not_enough
from helix_dash.ui.table import Field

SPEND_EVERY = 30.0
"""Seconds between two answers of the gateway about its spending."""


def spending(found: Spending, dim: str, look: Look, now: datetime, reporting: str) -> Updates:
    """What totals tell."""
    updates: Updates = {"page.state": "stale" if look.stale else "ready"}
    shown = {name for name, _ in (*CARDS, *STRIP)}
    for figure in found.kpis:
        if figure.name in shown:
            updates |= kpi.fill(figure, before=f"previous {fmt.length(look.period)}", during=look.during)
    updates |= _month_end(found.projection)
    noun = figures.NOUNS[dim].lower()
    several = "; a request with several tags counts once, under the set of them" if dim == "tag" else ""
    drawn: dict[str, tuple[Figure | None, str]] = {
        "costs-spend": (figures.spend(found, dim, look), fmt.per("US dollars", found.bucket, look.zone_name)),
        "costs-parts": (figures.parts(found, dim), f"Dollars by {noun}{several}"),
        "costs-heat": (
            figures.heat(found),
            f"Dollars, {look.zone_name}, of the last {found.heat_days} days of this view",
        ),
        "costs-users": (figures.users(found), "Dollars by user, and the share of all spending up to each"),
    }
    for name, (figure_of, subtitle) in drawn.items():
        updates |= _chart(name, figure_of, subtitle, look)
    updates |= _month(found.projection, found.tested, look)
    updates |= _ranking(found, dim, look)
    updates |= _budgets(found, look, reporting)
    return updates | _counters(found.counters, look, now, reporting)


def arithmetic(found: Arithmetic, look: Look) -> Updates:
    """What single requests tell."""
    kept = f" · of the {found.held[0]:,} requests that are still kept singly" if found.expired else ""
    gone = Message("empty", "Single requests have expired", "Totals of this time are kept; how they were made up is not.") if found.expired and not found.held[0] else nothing("priced requests", look)  # fmt: skip
    updates = _classes(found, look, kept, gone)
    updates |= _change(found, look, gone)
    priced = "Dollars per million tokens of each class, without steps for long inputs and fees per request; the recorded cost counts"
    would = saved(found.unpriced)
    requests = sum(one.requests for one in found.unpriced)
    priced_now = "none of them has a price by now"
    if would is not None:
        priced_now = f"{sum(one.priced for one in found.unpriced):,} of them have a price by now and would have cost {fmt.full(would, 'usd')}"  # fmt: skip
    overlay = f"{requests:,} requests were answered, used tokens and have no known cost; {priced_now}{kept}"
    none = Message("empty", "Nothing is unpriced", "Every answered request with tokens has a known cost.") if found.held[0] else gone  # fmt: skip
    unset = Message("empty", "No price was set by an operator", "Prices are those of genai-prices; costs are what the gateway recorded.")  # fmt: skip
    elsewhere = f"An estimate: the same amounts of the {_chats(found):,} calls that generate text; other models count and answer otherwise"
    own = history(found.prices, [one.model for one in found.unpriced])
    for name, head, fields, lines, subtitle, words in (
        ("costs-unpriced", "Model", tables.UNPRICED, tables.unpriced(found.unpriced), overlay, none),
        ("costs-prices", "Model", tables.PRICED, tables.priced(found.paid), priced + kept, gone),
        ("costs-amounts", "Model", tables.AMOUNTS, tables.amounts(found.paid), "Tokens × price per million = dollars, in all digits" + kept, gone),
        ("costs-shadow", "Model", tables.SHADOWS, tables.shadows(found.shadows), elsewhere, gone),
        ("costs-own", "Model", tables.OWN, tables.own(own), "The narrower owner counts first, then the later date; they price what the gateway could not", unset),
        ("costs-ordered", "When", tables.ORDERED, tables.ordered(found.ordered, look), "Costs given to requests that came without one, and taken back", Message("empty", "Nothing was recomputed yet", "An editor sets a price and recomputes beside this; the receipt stays here.")),
    ):  # fmt: skip
        updates |= _listed(name, head, fields, lines, subtitle, words, look)
    return updates | price_form.choices(found)


def _chats(found: Arithmetic) -> int:
    return sum(one.requests for one in found.paid if one.chat)


def _chart(name: str, figure: Figure | None, subtitle: str, look: Look, words: Message | None = None) -> Updates:  # fmt: skip
    if figure is None:
        return panel.says(name, words or nothing("priced requests", look)) | {f"{name}.subtitle": subtitle}
    return panel.ready(name, stale=look.stale, figure=figure, subtitle=subtitle)


def _listed(
    name: str,
    head: str,
    fields: Sequence[Field],
    lines: Sequence[rows.Line],
    subtitle: str,
    words: Message,
    look: Look,
) -> Updates:
    if not lines:
        return panel.says(name, words) | {f"{name}.subtitle": ""}
    texts = {
        "provider",
        "source",
        "means",
        "why",
        "who",
        "since",
        "kind",
        "days",
        "what",
        "state",
        "receipt",
        "by",
    }
    ready = panel.ready(name, stale=look.stale, subtitle=subtitle)
    return ready | rows.fill(name, head, fields, lines, texts=texts)


def _month_end(told: Projection) -> Updates:
    """Below the projected end stands its range."""
    if told.end is None:
        return {}
    return {
        "kpi.costs_month_end.note": f"P10–P90 {fmt.short(told.low, 'usd')}–{fmt.short(told.high, 'usd')}",
        "kpi.costs_month_end.own": "true",
    }


def _month(told: Projection, tested: BackTest | None, look: Look) -> Updates:
    name = "costs-month"
    figure = figures.month(told)
    if told.end is None:
        words = not_enough("projection", f"{NEEDED} days", f"there {'is' if told.days == 1 else 'are'} {told.days}").text  # fmt: skip
    else:
        words = f"P50: means of the weekdays of {told.days} days{_tested(tested)}"
    subtitle = f"US dollars, whatever the range · {words}"
    return _chart(name, figure, subtitle, look)


def _tested(tested: BackTest | None) -> str:
    if tested is None or not tested.mean:
        return ""
    error, naive = (fmt.short(one / tested.mean, "ratio") for one in (tested.error, tested.naive))
    return f", off by {error} a day in a back-test (the plain mean: {naive})"


def _ranking(found: Spending, dim: str, look: Look) -> Updates:
    lines = tables.ranking(found, dim)
    noun = figures.NOUNS[dim]
    more = f"The first {len(lines)} of {found.groups:,}" if found.groups > len(lines) else f"All {len(lines)}"
    subtitle = f"{more} by spend in {fmt.these(look.period)}, beside the period before"
    return _listed("costs-table", noun, tables.RANKING, lines, subtitle, nothing("requests", look), look)


def _budgets(found: Spending, look: Look, reporting: str) -> Updates:
    name, stand = "costs-budgets", found.standings
    choices = budget_form.choices(found)
    if not stand:
        words = Message("empty", "There is no budget yet", "An editor can make one beside this. It stops nobody: spending is held against it.")  # fmt: skip
        return choices | panel.says(name, words) | {f"{name}.subtitle": ""} | panel.away("costs-runway")
    more = f"; the first {budget_rows.ROWS} of {len(stand)}" if len(stand) > budget_rows.ROWS else ""
    subtitle = f"The fullest first, whatever the filter; windows of {reporting}{more}. Checked here, enforced by the gateway"
    ready = panel.ready(name, stale=look.stale, subtitle=subtitle)
    lines = budget_rows.lines(stand)
    return (
        choices
        | ready
        | _runway(stand, look)
        | rich_table.fill(name, budget_rows.COLUMNS, lines, budget_rows.ROWS)
    )


def _runway(stand: Sequence[Standing], look: Look) -> Updates:
    """The fan of the budget that runs out first; of none that does, of the fullest."""
    open_ones = [one for one in stand if not one.over] or list(stand)
    first = min(open_ones, key=lambda one: (one.runs_out is None, one.runs_out or one.resets.date(), -(one.share or 0)))  # fmt: skip
    figure = figures.runway(first)
    words = f"{first.budget.title}, ${first.budget.dollars:,f} {first.budget.every}"
    if first.runs_out is not None:
        words += f": P50 reaches the limit about {first.runs_out:%a %-d %b}, {_ahead(first)} before it resets"
    elif first.end_unknown:
        words += f": a projection {first.lacks}"
    else:
        words += ": P50 stays below the limit"
    return _chart("costs-runway", figure, words, look)


def _ahead(one: Standing) -> str:
    days = (one.resets.date() - (one.runs_out or one.resets.date())).days
    return "a day" if days == 1 else f"{days} days"


def _classes(found: Arithmetic, look: Look, kept: str, gone: Message) -> Updates:
    told = split(found.paid)
    less = f"; these prices ask {fmt.short(-told.other, 'usd')} more than was recorded" if told.other < 0 else ""  # fmt: skip
    subtitle = f"Recorded cost, split by the prices of each day{less}{kept}"
    return _chart("costs-classes", figures.classes(found.paid), subtitle, look, gone)


def _change(found: Arithmetic, look: Look, gone: Message) -> Updates:
    told, subtitle = found.change, f"{look.past} beside {fmt.these(look.period)}; the steps add up exactly"
    if sum(told.left_out):
        subtitle += f"; {told.left_out[0]:,} and {told.left_out[1]:,} unpriced requests are left out"
    if found.expired or found.expired_before:
        words = Message("empty", "Single requests have expired", "The steps need every request of both periods; choose a later or shorter one.")  # fmt: skip
        return (
            panel.says("costs-change", words)
            | {"costs-change.subtitle": subtitle}
            | panel.away("costs-steps")
        )
    figure = figures.change(told)
    updates = _chart("costs-change", figure, subtitle, look, gone)
    lines = tables.steps(told) if figure is not None else []
    order = "Each factor is put from its earlier to its later value, in this order"
    return updates | _listed("costs-steps", "Step", tables.STEP, lines, order, gone, look)


def _counters(found: Reconciled, look: Look, now: datetime, reporting: str) -> Updates:
    options = {"every": SPEND_EVERY, "now": us_from_utc(now), "zone": look.zone, "zone_name": look.zone_name}
    updates = sources.told(GATEWAY, "The gateway's store", found.answer, **options)  # type: ignore[arg-type]
    left = sum(found.left_out.values())
    rejected = f" · {left:,} records rejected: {', '.join(found.left_out)}" if left else ""
    words = Message("empty", "The gateway counts nothing", "There is no helix:spend:total in its Redis; the collector looks every 30 seconds.")  # fmt: skip
    if found.hidden:
        words = Message("forbidden", "Only for who sees everything", "The gateway's counters know no organization.")  # fmt: skip
    elif found.answer is None:
        words = Message("empty", "The gateway has not been asked yet", "A running collector asks its Redis every 30 seconds.")  # fmt: skip
    days = found.days if found.total is not None else ()
    subtitle = (
        f"helix:spend:total, at most {MOST_DAYS} days, whatever the filter; days of {reporting}{rejected}"
    )
    updates |= _listed("costs-days", "Day", tables.COUNTED, tables.counted(days), subtitle, words, look)
    owners = [*tables.counted(found.users, "user"), *tables.counted(found.models, "model")]
    if not days and not owners:
        return updates | panel.away("costs-owners")
    recent = "helix:spend:user and helix:spend:model, the last 30 days of the gateway's calendar"
    return updates | _listed("costs-owners", "User or model", tables.COUNTED, owners, recent, words, look)
