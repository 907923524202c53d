"""The rows of the page's tables: users, teams, sudden changes, keys, groups, the gateway's counters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from helix_dash.metrics import budget_standing, key_hygiene, sudden
from helix_dash.metrics.gateway_users import Counted
from helix_dash.metrics.people import Order, Standing, Standings, top
from helix_dash.metrics.sudden import Change
from helix_dash.model import Kpi
from helix_dash.pages.users.queries import Kept, People
from helix_dash.ui import format as fmt
from helix_dash.ui.inside import inside
from helix_dash.ui.look import Look
from helix_dash.ui.rows import Line
from helix_dash.ui.table import Field

NOBODY = {"user": "No user", "team": "No team"}
MOST_TEAMS = 15

_FIGURES = (
    Field("requests", "Requests"),
    Field("tokens", "Tokens"),
    Field("cost", "Cost", bar=True, unknown="no request has a known price"),
    Field("share", "Share of cost", unknown="no cost is known"),
    Field("change", "Change", unknown="no cost in the period before"),
    Field("success", "Success", unknown="no finished requests"),
)
USERS = (
    Field("team", "Team", unknown="no request names a team"),
    *_FIGURES,
    Field("budget", "Budget", unknown="no budget"),
    Field("first", "First seen", unknown="not known: old totals do not tell it"),
    Field("last", "Last active", unknown="not known: old totals do not tell it"),
)
TEAMS = (Field("members", "Users"), *_FIGURES)
CHANGES = (Field("rule", "Rule"), Field("evidence", "Evidence"))
KEYS = (Field("rule", "Rule"), Field("evidence", "Evidence"), Field("last", "Last used", unknown="not in the last 90 days"))  # fmt: skip
GROUPS = (
    Field("members", "Members"),
    Field("seen", "With requests"),
    Field("requests", "Requests"),
    Field("cost", "Cost", unknown="no request has a known price"),
)
COUNTED = (
    Field("counter", "Gateway, 30 days"),
    Field("ledger", "Log, 30 days", unknown="the log has no priced request of theirs"),
    Field("difference", "Difference", unknown="the log has no priced request of theirs"),
    Field("all_time", "Gateway, all time"),
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where links lead, and what they carry along.

    Args:
        usage: the address of the page of one user or team.
        users: the address of this page.
        log: the address of the request log.
        state: the page's filter.
        look: zone and filter.
        now: the present.
    """

    usage: str
    users: str
    log: str
    state: Mapping[str, Any]
    look: Look
    now: datetime

    def of(self, column: str, name: str | None) -> str:
        """The page of one user or team."""
        return inside(self.usage, self.state, **{column: name or ""})

    def back(self, page: str, days: int, **where: str) -> str:
        """``page`` over the last ``days``, of which a rule told something."""
        return inside(page, {**self.state, "from": f"now-{days}d", "to": "now"}, **where)


def users(shown: Sequence[Standing], found: People, place: Place) -> list[Line]:
    """One line each of those ``shown``."""
    teams, lines, largest = found.of.foremost(), [], _largest(found.users)
    for one in shown:
        name = one.name or ""
        budget, tones = _budget(found.budgets.get(name))
        more = {
            "team": _team(teams.get(name)),
            "budget": budget,
            "first": _seen(found.firsts.get(name), found.activity.begin),
            "last": _day(found.lasts.get(name), found.activity.today),
        }
        lines.append(_standing(one, "user", found.users, found.users_before, place, largest, more, tones))
    return lines


def _budget(held: budget_standing.Standing | None) -> tuple[str, dict[str, str]]:
    """How a budget stands, and its tint."""
    if held is None or held.share is None:
        return fmt.UNKNOWN, {}
    tone = "bad" if held.over else "warn" if held.at_risk else "good"
    return f"{fmt.short(held.share, 'ratio')} of {fmt.short(held.budget.dollars, 'usd')}", {"budget": tone}


def teams(found: People, place: Place, order: Order) -> list[Line]:
    """The first teams and one line for all others, so that they sum to the whole."""
    members, largest = found.of.many(), _largest(found.teams)
    shown, more, _ = top(found.teams.ranked(order), order, MOST_TEAMS)
    lines = [
        _standing(one, "team", found.teams, found.teams_before, place, largest, {"members": _count(members.get(one.name, 0))})
        for one in shown
    ]  # fmt: skip
    return [*lines, *([_others(found.teams, order, more)] if more else [])]


def _others(found: Standings, order: Order, more: int) -> Line:
    rest = found.ranked(order)[MOST_TEAMS:]
    costs = [one.cost for one in rest if one.cost is not None]
    cells = dict.fromkeys((field.key for field in TEAMS), "") | {
        "requests": _count(sum(one.requests for one in rest)),
        "tokens": _count(sum(one.tokens for one in rest)),
        "cost": fmt.short(sum(costs) if costs else None, "usd"),
        "share": fmt.share(sum(costs), found.total.cost),
    }
    return Line(fmt.others(more), cells)


def _standing(
    one: Standing,
    column: str,
    found: Standings,
    before: Mapping[str | None, tuple[float | None, int]],
    place: Place,
    largest: float,
    more: Mapping[str, str],
    tones: Mapping[str, str] | None = None,
) -> Line:
    cost, _requests = before.get(one.name, (None, 0))
    moved = Kpi("cost", "", one.cost, "usd", cost)
    cells = dict(more) | {
        "requests": _count(one.requests),
        "tokens": _count(one.tokens),
        "cost": fmt.short(one.cost, "usd"),
        "share": fmt.share(one.cost, found.total.cost),
        "change": fmt.change(moved) or fmt.UNKNOWN,
        "success": fmt.short(one.success_rate, "ratio"),
    }
    share = (one.cost or 0) / largest if largest else 0.0
    return Line(one.name or NOBODY[column], cells, href=place.of(column, one.name), share=share, tones=tones)


def _largest(found: Standings) -> float:
    return max((one.cost or 0 for one in found.all), default=0)


def _team(found: tuple[str, int] | None) -> str:
    if found is None:
        return fmt.UNKNOWN
    name, count = found
    return f"{name} +{count - 1}" if count > 1 else name


def _seen(day: int | None, begin: int | None) -> str:
    if day is None:
        return fmt.UNKNOWN
    words = f"{date.fromordinal(day):%-d %b %Y}"
    return f"by {words}" if day == begin else words


def _day(day: int | None, today: int) -> str:
    if day is None:
        return fmt.UNKNOWN
    away = today - day
    return "today" if away == 0 else "yesterday" if away == 1 else f"{date.fromordinal(day):%-d %b %Y}"


def changes(found: People, place: Place) -> list[Line]:
    """Sudden changes of users and teams, the strongest first."""
    each = [("user", one) for one in found.changes] + [("team", one) for one in found.team_changes]
    each.sort(key=lambda pair: -pair[1].strength)
    return [_change(column, one, place) for column, one in each]


def _change(column: str, one: Change, place: Place) -> Line:
    title = next(rule.title for rule in sudden.RULES if rule.name == one.rule)
    tone = "info" if one.rule == "silent" else "bad" if one.strength >= 2 else "warn"
    name = f"{one.name} (team)" if column == "team" else one.name
    href = place.back(place.usage, sudden.DAYS_BACK, **{column: one.name})
    return Line(name, {"rule": title, "evidence": one.evidence}, href=href, tones={"rule": tone})


def keys(found: Kept, place: Place) -> list[Line]:
    """What is wrong with keys."""
    titles = {rule.name: rule.title for rule in key_hygiene.RULES}
    today = place.now.astimezone(place.look.zone).date().toordinal()
    return [
        Line(
            one.key,
            {"rule": titles[one.rule], "evidence": one.evidence, "last": _day(one.last, today)},
            href=place.back(place.log, key_hygiene.LOOKED_AT, key_alias=one.key),
            tones={"rule": "bad" if one.rule in key_hygiene.ALARMING else "warn" if one.rule != "unlimited" else "info"},
        )
        for one in found.hygiene.findings
    ]  # fmt: skip


def groups(found: Kept, place: Place) -> list[Line]:
    """Groups; a click shows their usage."""
    lines = []
    for group, requests, cost, seen in found.groups:
        base = inside(place.usage, place.state, user=None)
        note = f" ({group.organization})" if group.organization and found.everywhere else ""
        cells = {
            "members": _count(len(group.members)),
            "seen": _count(seen),
            "requests": _count(requests),
            "cost": fmt.short(cost, "usd"),
        }
        lines.append(Line(group.name + note, cells, href=f"{base}&{group.query}"))
    return lines


def counted(users: Sequence[Counted], place: Place) -> list[Line]:
    """The gateway's counters beside the log's sums."""
    return [_counted(one, place) for one in users]


def _counted(one: Counted, place: Place) -> Line:
    gap = one.difference
    near = gap is not None and abs(gap) < 0.005
    sign = "+" if gap is not None and gap > 0 and not near else ""
    cells = {
        "counter": fmt.short(one.counter, "usd"),
        "ledger": fmt.short(one.ledger, "usd"),
        "difference": "none" if near else sign + fmt.short(gap, "usd"),
        "all_time": fmt.short(one.all_time, "usd"),
    }
    return Line(one.name, cells, href=place.back(place.usage, 30, user=one.name))


def _count(value: float | int | None) -> str:
    return fmt.short(value, "count")
