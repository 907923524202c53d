"""The charts of the Security page."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from helix_dash.metrics.incidents import ACTIONS
from helix_dash.pages.security.queries import SecurityPage
from helix_dash.ui import charts
from helix_dash.ui import format as fmt
from helix_dash.ui.charts import COUNT, OTHERS, PALETTE, Figure, Headline, Layer
from helix_dash.ui.charts_ranked import Bar, ranked_bars
from helix_dash.ui.charts_spread import heat_map
from helix_dash.ui.groups import slim
from helix_dash.ui.look import Drawn, Look

MOST_TYPES = 7
MOST_TEAMS = 8
ACTION_WORDS = {"masked": "Masked", "blocked": "Blocked", "logged": "Only logged", "untold": "Not told"}
_ACTION_COLOURS = {
    "masked": charts.SUCCESS,
    "blocked": charts.BLOCKED,
    "logged": charts.ERROR,
    "untold": OTHERS,
}
DIRECTIONS = {"prompt": "Prompt", "response": "Response", "both": "Both", None: "Not told"}


def words(kind: str) -> str:
    """A type as people read it: ``CREDIT_CARD`` is "Credit card"."""
    known = {"US_SSN": "US SSN", "IP_ADDRESS": "IP address", "IBAN_CODE": "IBAN", "API_KEY": "API key", "UNKNOWN": "Not told", "JWT_TOKEN": "JWT", "UK_NHS": "UK NHS number", "US_ITIN": "US ITIN"}  # fmt: skip
    return known.get(kind) or kind.replace("_", " ").capitalize()


def _axis(found: SecurityPage, look: Look) -> charts.Axis:
    return charts.time_axis(found.starts, look.period, look.zone, unfinished=found.unfinished, key=look.key)


def over_time(found: SecurityPage, look: Look) -> Drawn:
    """Incidents by their main type; parts sum to the whole."""
    ranked = list(found.counts.by_type.items())
    colours = type_colours(found)
    layers = [Layer(words(name), line, colours[name]) for name, line in ranked[:MOST_TYPES]]
    rest = ranked[MOST_TYPES:]
    if rest:
        others = [sum(line) for line in zip(*(line for _, line in rest), strict=True)]
        layers.append(Layer("Others", others, OTHERS, apart=len(rest)))
    headline = Headline(fmt.short(found.counts.total, "count"))
    figure = charts.amounts(_axis(found, look), layers, COUNT, kind=look.chart, headline=headline)
    return Drawn("Incidents by their most sensitive type", "incidents", figure if layers else None)


def type_colours(found: SecurityPage) -> dict[str, str]:
    """The colour of each type, the same in all charts of the page."""
    names = [
        *found.counts.by_type,
        *(name for name in found.counts.values if name not in found.counts.by_type),
    ]
    return {name: PALETTE[at] if at < MOST_TYPES else OTHERS for at, name in enumerate(names)}


def actions(found: SecurityPage, look: Look) -> Drawn:
    """Incidents by what the gateway did."""
    layers = [
        Layer(ACTION_WORDS[name], found.counts.by_action[name], _ACTION_COLOURS[name], ("status", "blocked") if name == "blocked" and found.source == "log" else None)
        for name in ACTIONS
        if any(found.counts.by_action.get(name, ()))
    ]  # fmt: skip
    figure = charts.amounts(_axis(found, look), layers, COUNT, kind=look.chart)
    return Drawn("Incidents by what the gateway did", "incidents", figure if layers else None)


def entities(found: SecurityPage) -> Figure | None:
    """Values found, by type."""
    colours = type_colours(found)
    ranked = list(found.counts.values.items())
    bars = [Bar(words(name), count, colours[name]) for name, count in ranked[:MOST_TYPES]]
    rest = sum(count for _, count in ranked[MOST_TYPES:])
    if rest:
        bars.append(Bar("Others", rest, OTHERS, rest=True))
    return slim(ranked_bars(bars, COUNT, noun="Entity type")) if bars else None


def heat(found: SecurityPage) -> Figure | None:
    """Values found, type by team."""
    sums: dict[str | None, int] = {}
    for (_, team), count in found.counts.cells.items():
        sums[team] = sums.get(team, 0) + count
    if not sums or set(sums) == {None}:
        return None
    ranked = sorted(sums, key=lambda team: (-sums[team], team or ""))
    teams, rest = ranked[:MOST_TEAMS], ranked[MOST_TEAMS:]
    types = list(found.counts.values)[:MOST_TEAMS]
    rows = [
        [_cell(found, name, [team]) for team in teams] + ([_cell(found, name, rest)] if rest else [])
        for name in types
    ]
    names = [team or "No team" for team in teams] + ([fmt.others(len(rest))] if rest else [])
    return heat_map([words(name) for name in types], names, rows, COUNT, noun="Entity type")


def _cell(found: SecurityPage, name: str, teams: Sequence[str | None]) -> int:
    return sum(found.counts.cells.get((name, team), 0) for team in teams)


def directions(found: SecurityPage) -> Figure | None:
    """Where incidents were found."""
    colours = {"prompt": PALETTE[0], "response": PALETTE[1], "both": PALETTE[4], None: OTHERS}
    told = found.counts.directions
    bars = [Bar(DIRECTIONS[name], told[name], colours[name], rest=name is None) for name in DIRECTIONS if told.get(name)]  # fmt: skip
    return slim(ranked_bars(bars, COUNT, noun="Direction")) if bars else None


OVER_TIME: dict[str, Callable[[SecurityPage, Look], Drawn]] = {
    "security-over": over_time,
    "security-actions": actions,
}
SPREAD: dict[str, tuple[Callable[[SecurityPage], Figure | None], str]] = {
    "security-entities": (entities, "Values found; an incident may hold several"),
    "security-heat": (heat, "Values found, entity type by team"),
    "security-direction": (directions, "Where a guardrail looked when it found something"),
}
