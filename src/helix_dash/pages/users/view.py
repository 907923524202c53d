"""How the users page looks: the skeleton, and the new values of its parts for given figures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from dash import Output, html
from dash.development.base_component import Component

from helix_dash.metrics import key_hygiene, sudden
from helix_dash.metrics.abuse import Rule
from helix_dash.metrics.people import Order
from helix_dash.pages.users import editing, figures, rows
from helix_dash.pages.users.queries import Kept, People
from helix_dash.pages.users.rows import Place
from helix_dash.ui import controls, fill, kpi, pager, panel
from helix_dash.ui import format as fmt
from helix_dash.ui import rows as table
from helix_dash.ui.charts import PALETTE
from helix_dash.ui.look import Look, nothing
from helix_dash.ui.panel import Updates
from helix_dash.ui.rows import Line
from helix_dash.ui.states import Message
from helix_dash.ui.table import Field

ROOT, PEOPLE, KEPT, ORDER = "hx-users", "hx-users-people", "hx-users-kept", "hx-users-order"
LIST = "users-all"
MOST_ROWS = 25

CARDS = (
    ("users_daily", "Active today"),
    ("users_weekly", "Active in 7 days"),
    ("users_monthly", "Active in 30 days"),
    ("users_new", "New users"),
)
STRIP = (
    ("users_stickiness", "Stickiness"),
    ("users_teams", "Teams"),
    ("users_over_budget", "Users over budget"),
)
STRIP_KEPT = (
    ("users_keys_active", "Keys used in 30 days"),
    ("users_keys_unused", "Keys unused"),
    ("users_keys_expiring", "Keys expiring"),
)
ORDERS = (("cost", "Cost"), ("requests", "Requests"), ("tokens", "Tokens"))

RANKINGS = ("users-top", "users-teams-top")
CHARTS = (*RANKINGS, *figures.OVER_DAYS, *figures.SPREAD)
PEOPLE_TABLES: dict[str, tuple[str, tuple[Field, ...], tuple[str, ...]]] = {
    LIST: ("User", rows.USERS, ("team", "budget", "first", "last")),
    "users-teams": ("Team", rows.TEAMS, ()),
    "users-changes": ("Who", rows.CHANGES, ("rule", "evidence")),
}
"""Table → its first column, its columns, and which of them hold words."""
KEPT_TABLES: dict[str, tuple[str, tuple[Field, ...], tuple[str, ...]]] = {
    "users-keys": ("Key", rows.KEYS, ("rule", "evidence", "last")),
    "users-groups": ("Group", rows.GROUPS, ()),
    "users-counted": ("User", rows.COUNTED, ()),
}
PAGED = (LIST, "users-keys", "users-counted")
PEOPLE_PANELS = (*CHARTS, *PEOPLE_TABLES)
KEPT_PANELS = tuple(KEPT_TABLES)

RULES = {"users-changes": sudden.RULES, "users-keys": key_hygiene.RULES}

UNRECORDED = "Expiry, creator and addresses of keys are not recorded: of these nothing is known."


def layout() -> Component:
    """The page without data."""
    return html.Div(
        id=ROOT,
        className="hx-stack",
        **{"data-page-state": "loading"},
        children=[
            fill.store(PEOPLE),
            fill.store(KEPT),
            html.Div([kpi.card(name, label) for name, label in CARDS], className="hx-kpis"),
            html.Div(
                [kpi.card(name, label, small=True) for name, label in (*STRIP, *STRIP_KEPT)],
                className="hx-card hx-strip",
            ),
            _section("Who", _who()),
            _section("When", _when()),
            _section("What stands out", _standing_out()),
            _section("Groups of users", [_table_panel("users-groups", "Groups", 7), editing.layout()]),
            _section("The gateway's own counters", [_table_panel("users-counted", "Spending by user, as counted", 12)]),
        ],
    )  # fmt: skip


def _section(title: str, panels: list[Component]) -> Component:
    return html.Section(
        [html.H2(title, className="hx-section"), html.Div(panels, className="hx-grid")], className="hx-stack"
    )


def _who() -> list[Component]:
    orders = controls.tabs(ORDER, ORDERS, "Users and teams by")
    return [
        panel.chart("users-top", "Top users", "The users with most cost, requests or tokens", span=7, height=300, views=figures.VIEWS),
        panel.chart("users-teams-top", "Top teams", "The teams with most cost, requests or tokens", span=5, height=300, views=figures.VIEWS),
        _table_panel(LIST, "Users", 12, orders),
        _table_panel("users-teams", "Teams", 12),
    ]  # fmt: skip


def _when() -> list[Component]:
    views = (("new", "New"), ("seen", "All so far"))
    return [
        panel.chart("users-active", "Active users", "Different users per day, week and month, day by day", span=7, carries=None),
        panel.chart("users-new", "Growth", "Users seen for the first time, day by day", span=5, carries=None, views=views),
        panel.chart("users-pattern", "A usual week", "Requests of a usual hour by weekday and hour", span=7, height=260, carries=None),
        panel.chart("users-cohorts", "Who came back", "Of the users first seen in a week, the share active in each week after", span=5, height=260, carries=None),
    ]  # fmt: skip


def _standing_out() -> list[Component]:
    return [
        _table_panel("users-changes", "Sudden changes", 12),
        _table_panel("users-keys", "Key hygiene", 12),
    ]


def _table_panel(name: str, title: str, span: int, tools: Component | None = None) -> Component:
    content: list[Component] = [table.table(name, title)]
    if name in PAGED:
        content.append(pager.pager(name, title.lower()))
    if name in RULES:
        content.append(_rules(RULES[name]))
    return panel.panel(name, title, content, span=span, kind="list", height=120, tools=tools)


def _rules(rules: Sequence[Rule]) -> Component:
    each = [html.Li([html.Strong(rule.title), f" {rule.words}"]) for rule in rules]
    return html.Details([html.Summary("The rules"), html.Ul(each)], className="hx-rules")


def people_outputs() -> dict[str, Output]:
    """Every place that :func:`show_people` may fill."""
    found = {"page.state": Output(ROOT, "data-page-state")}
    return found | _outputs((*CARDS, *STRIP), PEOPLE_PANELS, PEOPLE_TABLES)


def kept_outputs() -> dict[str, Output]:
    """Every place that :func:`show_kept` may fill."""
    found = {"page.state": Output(ROOT, "data-page-state")}
    return found | _outputs(STRIP_KEPT, KEPT_PANELS, KEPT_TABLES) | editing.outputs()


def _outputs(
    cards: Sequence[tuple[str, str]], panels: Sequence[str], tables: Iterable[str]
) -> dict[str, Output]:
    found: dict[str, Output] = {}
    for name, _ in cards:
        found |= kpi.outputs(name)
    for name in panels:
        found |= panel.outputs(name, figure=name in CHARTS)
    for name in tables:
        found |= table.outputs(name)
        if name in PAGED:
            found |= pager.outputs(name)
    return found


def show_people(found: People, place: Place, order: Order, page: object) -> Updates:
    """The new values of what the log tells of users and teams."""
    look = place.look
    updates: Updates = {"page.state": "stale" if look.stale else "ready"}
    for figure in found.kpis:
        updates |= kpi.fill(figure, before=_compared(figure.name), during=look.during)
    updates |= _rankings(found, look) | _days(found, look) | _spread(found, look)
    shown, turned = pager.part(LIST, found.users.ranked(order), page)
    updates |= turned | _filled(
        LIST, rows.users(shown, found, place), _everybody(found, look), nothing("users", look), look
    )
    updates |= _teams(found, place, order)
    calm = Message("empty", "No sudden changes", "Nobody met any of the rules.")
    changed = rows.changes(found, place)
    more = f"The strongest {MOST_ROWS} of {len(changed):,}. " if len(changed) > MOST_ROWS else ""
    quiet = calm if found.activity.begin is not None else nothing("users", look)
    return updates | _filled("users-changes", changed[:MOST_ROWS], f"{more}Of users and teams, whatever the range; a click shows the last {sudden.DAYS_BACK} days", quiet, look)  # fmt: skip


def _compared(name: str) -> str:
    return {"users_weekly": "the 7 days before", "users_monthly": "the 30 days before", "users_stickiness": "the 30 days before"}.get(name, "the period before")  # fmt: skip


def _everybody(found: People, look: Look) -> str:
    nameless = next((one.requests for one in found.users.all if one.name is None), 0)
    parts = [f"{len(found.users.names):,} users with {found.users.total.requests:,} requests in {fmt.these(look.period)}"]  # fmt: skip
    if nameless:
        parts.append(f"{nameless:,} of them name no user")
    if found.users.others:
        parts.append(f"“other” stands for {found.users.others:,} or fewer whom old totals tell apart no more")
    return f"{'; '.join(parts)}. First seen: {_since(found)}"


def _since(found: People) -> str:
    if found.activity.begin is None:
        return "nothing was recorded."
    begun = f"{date.fromordinal(found.activity.begin):%-d %b %Y}"
    return f"the log begins on {begun}; who was there on that day may have been there before."


def _rankings(found: People, look: Look) -> Updates:
    updates: Updates = {}
    for name, standings, column, noun, colour in (
        ("users-top", found.users, "user", "User", PALETTE[0]),
        ("users-teams-top", found.teams, "team", "Team", PALETTE[2]),
    ):
        subtitle = f"In {fmt.these(look.period)}, with all others in one bar"
        figure = figures.ranking(standings, column, noun, colour) if standings.whole else None
        if figure is None and found.counted and column == "user":
            words_of = (
                "By the gateway's own counters of 30 days: the log has no requests, so nothing else is known"
            )
            figure, subtitle = figures.by_counters(found.counted), words_of
        if figure is None:
            words = nothing("requests", look) if standings.whole else _gone()
            updates |= panel.says(name, words) | {f"{name}.subtitle": subtitle}
        else:
            updates |= panel.ready(name, stale=look.stale, figure=figure, subtitle=subtitle)
    return updates


def _gone() -> Message:
    return Message("empty", "Not known any more", "Single requests of this time have expired; old totals know users, but no teams.")  # fmt: skip


def _days(found: People, look: Look) -> Updates:
    updates: Updates = {}
    first, last = (f"{date.fromordinal(day):%-d %b}" for day in found.days)
    told = {
        "users-active": f"Different users, {first} to {last}, days of {look.zone_name}",
        "users-new": f"First seen, {first} to {last}; nobody of the log's first day is new",
    }
    for name, draw in figures.OVER_DAYS.items():
        drawn = draw(found, look)
        subtitle = {f"{name}.subtitle": told[name]}
        if drawn.figure is None:
            updates |= panel.says(name, nothing(drawn.noun, look)) | subtitle
        else:
            updates |= panel.ready(name, stale=look.stale, figure=drawn.figure) | subtitle
    return updates


def _spread(found: People, look: Look) -> Updates:
    updates: Updates = {}
    hours = f"Mean requests of such an hour, out of {found.pattern_hours:,} hours at the end of this view, {look.zone_name}"  # fmt: skip
    told = {
        "users-pattern": hours,
        "users-cohorts": "Percent of those first seen in a week who were active again; the last column of each is not over",
    }  # fmt: skip
    young = _no_cohort(found)
    for name, draw in figures.SPREAD.items():
        drawn = draw(found)
        subtitle = {f"{name}.subtitle": told[name]}
        if drawn.figure is not None:
            updates |= panel.ready(name, stale=look.stale, figure=drawn.figure) | subtitle
        elif name == "users-cohorts" and found.activity.begin is not None:
            updates |= panel.says(name, young) | subtitle
        else:
            updates |= panel.says(name, nothing(drawn.noun, look)) | subtitle
    return updates


def _no_cohort(found: People) -> Message:
    begin = found.activity.begin
    if begin is not None and found.activity.today - begin >= 14:
        return Message("empty", "Nobody new", "Everybody was there in the log's first week, so nobody can be said to have come back.")  # fmt: skip
    return Message("empty", "Not enough for cohorts", "A cohort needs a whole week before it in the log, so that its people are new.")  # fmt: skip


def _teams(found: People, place: Place, order: Order) -> Updates:
    look = place.look
    if not found.teams.whole:
        return panel.says("users-teams", _gone()) | {"users-teams.subtitle": ""}
    lines = rows.teams(found, place, order)
    count = len(found.teams.names)
    subtitle = f"{count:,} {'team' if count == 1 else 'teams'} by {order}"
    if count > rows.MOST_TEAMS:
        subtitle += ", with all others in the last line"
    return _filled("users-teams", lines, subtitle, nothing("teams", look), look)


def _filled(name: str, lines: Sequence[Line], subtitle: str, words: Message, look: Look) -> Updates:
    head, columns, texts = (PEOPLE_TABLES | KEPT_TABLES)[name]
    under = {f"{name}.subtitle": subtitle}
    if not lines:
        return panel.says(name, words) | ({f"{name}.subtitle": ""} if name in PEOPLE_TABLES else under)
    return panel.ready(name, stale=look.stale) | under | table.fill(name, head, columns, lines, texts)


def show_kept(found: Kept, place: Place, keys_page: object, counted_page: object) -> Updates:
    """The new values of what the store tells beside the log: keys, groups, the gateway's counters."""
    look = place.look
    updates: Updates = {}
    for figure in found.kpis:
        updates |= kpi.fill(figure, before="", during="the last 90 days")
    clean = Message("empty", "Nothing is wrong with any key", UNRECORDED)
    none = clean if found.hygiene.known else nothing("keys", look)
    lines, turned = pager.part("users-keys", rows.keys(found, place), keys_page, 15)
    gone = "" if found.hygiene.whole else " Some of these days have expired."
    words = f"{len(found.hygiene.findings):,} findings about {found.hygiene.known:,} keys of the last 90 days.{gone} {UNRECORDED}"  # fmt: skip
    updates |= turned | _filled("users-keys", lines, words, none, look)
    return updates | _groups(found, place) | _counted(found, place, counted_page) | editing.choices(found)


def _groups(found: Kept, place: Place) -> Updates:
    words = Message("empty", "No groups yet", "An editor makes one beside this; it becomes a filter.")
    subtitle = f"Figures of {fmt.these(place.look.period)}; a click shows the group's usage"
    return _filled("users-groups", rows.groups(found, place), subtitle, words, place.look)


def _counted(found: Kept, place: Place, page: object) -> Updates:
    name, gateway = "users-counted", found.gateway
    subtitle = "The gateway's dollars by its own calendar beside the log's sum of the same 30 days, whatever is filtered"
    if gateway.hidden:
        words = Message("forbidden", "Counts every organization", "The gateway's counters know no organization, and you see one.")  # fmt: skip
    elif gateway.answer is None:
        words = Message("empty", "No gateway is read", "The collector reads the keys of a Helix gateway in REDIS_URL; it has not told anything yet.")  # fmt: skip
    else:
        words = Message("empty", "The gateway counted no user", "It has no key of spending by user.")
    lines, turned = pager.part(name, rows.counted(gateway.users, place), page, 15)
    more = f"; {gateway.more:,} more users spent less" if gateway.more else ""
    left = sum(count for count in gateway.left_out.values() if isinstance(count, int))
    bad = f"; {left:,} values rejected: {'; '.join(gateway.left_out)}" if left else ""
    failing = f"; it does not answer now: {gateway.answer.error}" if gateway.answer and gateway.answer.error else ""  # fmt: skip
    return turned | _filled(name, lines, subtitle + more + bad + failing, words, place.look)
