"""The rows of the page's tables of what the log knows: uses, victims, breaches, consumers, signs, tiers, limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from helix_dash.metrics.abuse import RULES, around
from helix_dash.metrics.demand import Advice, Use
from helix_dash.metrics.limits import WINDOWS
from helix_dash.metrics.origins import ORIGINS, origin
from helix_dash.metrics.pressure import LET_THROUGH, Breach
from helix_dash.model import utc_from_us
from helix_dash.pages.rate_limits.queries import RateLimits
from helix_dash.ui import format as fmt
from helix_dash.ui.look import Look
from helix_dash.ui.rich_table import Cell, Column, Line, Link, Meter, Tag, Tone, Trend

NO_KEY = "No key"
TITLES = {"rpm": "RPM", "tpm": "TPM", "rpd": "RPD", "tpd": "TPD"}
WORDS = {
    "rpm": "requests per minute",
    "tpm": "tokens per minute",
    "rpd": "requests per day",
    "tpd": "tokens per day",
}
SLIDING = "sliding minute"

USES = (
    Column("tier", "Limits", "tag", "The tier, or limits of its own"),
    *(Column(window, TITLES[window], "meter", WORDS[window]) for window in WINDOWS),
)
VICTIMS = (
    Column("all", "All"),
    *(Column(str(one.word), one.title) for one in ORIGINS),
    Column("unknown", "Other"),
)
BREACHES = (
    Column("origin", "Origin", "tag"),
    Column("limit", "Limit"),
    Column("observed", "Asked for"),
    Column("refused", "Refused"),
    Column("log", "", "link"),
)
CONSUMERS = (
    Column("requests", "Requests"),
    Column("trend", "Trend", "trend"),
    Column("busy", "RPM p95", help="Requests per minute at the 95th percentile of its active minutes"),
    Column("tokens", "TPM p95", help="Tokens per minute at the 95th percentile of its active minutes"),
    Column("peak", "Peak RPM"),
    Column("throttled", "Throttled"),
    Column("minutes", "Minutes", help="Minutes in which it was throttled"),
    Column("advice", "Advice", "tag"),
)
SIGNS = (
    Column("rule", "Rule", "tag"),
    Column("evidence", "Evidence", "text"),
    Column("log", "", "link"),
)
LIMITS = (
    Column("scope", "From", "text", "Where the limit comes from: its own, its team's, a tier"),
    Column("limit", "Limit"),
    Column("window", "Window", "text"),
    Column("used", "Used", "meter"),
    Column("left", "Remaining"),
    Column("reset", "Reset", "text"),
    Column("breaches", "Breaches, 24 h"),
    Column("trend", "Trend", "trend"),
)
TIERS = (
    *(Column(window, TITLES[window], help=WORDS[window]) for window in WINDOWS),
    Column("keys", "Keys"),
    Column("share", "Share of requests", "meter"),
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where links lead: the address of the Requests page, and what the page is shown under.

    Args:
        log: that address.
        look: zone and filter.
        now: the present.
    """

    log: str
    look: Look
    now: datetime

    def link(self, words: str, start: datetime, end: datetime, **where: str) -> Link:
        """``words`` that lead to the requests of ``[start, end)`` that ``where`` names, with the page's filters."""
        kept = [
            (condition.column + ("!" if condition.op == "not_in" else ""), value)
            for condition in self.look.where.conditions
            if condition.op in ("in", "not_in") and condition.column not in where
            for value in condition.values
        ]
        span = [(name, f"{moment:%Y-%m-%dT%H:%M:%SZ}") for name, moment in (("from", start), ("to", end))]
        return Link(words, f"{self.log}?{urlencode([*span, *kept, *where.items()])}")

    def midnight(self) -> datetime:
        """When the day of the zone ends."""
        here = self.now.astimezone(self.look.zone)
        return (here + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)


def count(value: float | int | None) -> str:
    return fmt.short(value, "count")


def named(key: str | None) -> tuple[str, tuple[str, str]]:
    """A key's name and the filter that a click on it sets."""
    return key or NO_KEY, ("key_alias", key or "")


def uses(found: RateLimits, place: Place) -> list[Line]:
    """One line per key: how much of each limit it uses now."""
    reset = fmt.age((place.midnight() - place.now).total_seconds())
    return [_use(one, reset) for one in found.uses if one.highest is not None]


def _use(one: Use, reset: str) -> Line:
    name, where = named(one.key)
    cells: dict[str, Cell] = {"tier": Tag(one.origin, "info" if one.origin == "own" else "none")}
    for window in WINDOWS:
        limit = one.limits.get(window)
        when = "slides with the clock" if window in ("rpm", "tpm") else f"begins again in {reset}"
        note = f"{one.used[window]:,} of {limit:,} {WORDS[window]}; {when}" if limit else "no limit"
        text = f"{count(one.used[window])} / {count(limit)}" if limit else "no limit"
        cells[window] = Meter(one.share(window), text, note)
    return Line(name, cells, where, one.team or "")


def victims(found: RateLimits) -> list[Line]:
    """One line per key that was throttled: how often by whom."""
    lines = []
    for key, by in found.matrix.items():
        name, where = named(key)
        known = {str(one.word): count(by[one.word]) if by.get(one.word) else "·" for one in ORIGINS}
        others = sum(number for word, number in by.items() if word not in {one.word for one in ORIGINS})
        total = count(sum(by.values()))
        lines.append(Line(name, known | {"all": total, "unknown": count(others) if others else "·"}, where))
    return lines


def breaches(found: RateLimits, place: Place, most: int) -> list[Line]:
    """The latest breaches, ``most`` of them: there may be thousands."""
    return [_breach(one, place) for one in found.told[:most]]


def _breach(one: Breach, place: Place) -> Line:
    start = utc_from_us(one.minute)
    name, where = named(one.key)
    title, tone = _origin(one.origin)
    unit = TITLES.get(one.limit or "", "")
    cells: dict[str, Cell] = {
        "origin": Tag(title, tone),
        "limit": f"{count(one.allowed)} {unit}" if one.allowed else unit or fmt.UNKNOWN,
        "observed": count(one.observed),
        "refused": count(one.refused) if one.refused else "none",
        "log": place.link("Requests", start, start + timedelta(minutes=1), key_alias=one.key or ""),
    }
    return Line(name, cells, where, f"{start.astimezone(place.look.zone):%-d %b, %H:%M}")


def _origin(word: str | None) -> tuple[str, Tone]:
    if word == LET_THROUGH:
        return "Let through", "info"
    found = origin(word)
    return found.title, "warn" if found.ours else "bad" if word else "none"


def consumers(found: RateLimits) -> list[Line]:
    """The keys that ask for most, with the tier that would fit."""
    ranked = sorted(found.uses, key=lambda one: (-one.requests, one.key or ""))
    return [_consumer(one, found) for one in ranked]


def _consumer(one: Use, found: RateLimits) -> Line:
    name, where = named(one.key)
    cells: dict[str, Cell] = {
        "requests": count(one.requests),
        "trend": Trend(found.trends.get(one.key, ())),
        "busy": count(one.busy[0]),
        "tokens": count(one.busy[1]),
        "peak": count(one.peak),
        "throttled": count(one.throttled) if one.throttled else "·",
        "minutes": count(one.throttled_minutes) if one.throttled_minutes else "·",
        "advice": advice_tag(found.advice.get(one.key)),
    }
    parts = [part for part in (one.team, one.origin if one.origin != "none" else "") if part]
    return Line(name, cells, where, " · ".join(parts))


def advice_tag(advice: Advice | None) -> Cell:
    """What is advised, as a tag."""
    if advice is None:
        return Tag("no tier")
    if advice.change == "keep":
        return Tag("keep", "good")
    if advice.tier is None:
        return Tag("beyond all tiers", "bad")
    return Tag(f"{advice.change} to {advice.tier}", "warn" if advice.change == "up" else "info")


def signs(found: RateLimits, place: Place) -> list[Line]:
    """Signs of abuse with their evidence."""
    titles = {rule.name: rule.title for rule in RULES}
    lines = []
    for sign in found.signs:
        name, where = named(sign.key)
        around_it = around(sign, place.look.where)
        at = "" if sign.at is None else fmt.moment(utc_from_us(sign.at), place.look.zone)
        link = place.link("Requests", around_it.start, around_it.end, key_alias=sign.key or "")
        cells: dict[str, Cell] = {
            "rule": Tag(titles[sign.rule], "bad" if sign.strength >= 2 else "warn"),
            "evidence": f"{sign.evidence} {at}".strip(),
            "log": link,
        }
        lines.append(Line(name, cells, where))
    return lines


def limits(found: RateLimits, place: Place) -> list[Line]:
    """One line per key and window that has a limit, the fullest first."""
    each = [(one, window) for one in found.uses for window in WINDOWS if one.limits.get(window)]
    each.sort(key=lambda pair: (-(pair[0].share(pair[1]) or 0), pair[0].key or "", pair[1]))
    reset = fmt.age((place.midnight() - place.now).total_seconds())
    return [_limit(one, window, found, reset) for one, window in each]


def _limit(one: Use, window: str, found: RateLimits, reset: str) -> Line:
    name, where = named(one.key)
    limit, used = one.limits.get(window) or 0, one.used[window]
    minute = window in ("rpm", "tpm")
    cells: dict[str, Cell] = {
        "scope": _scope(one, found),
        "limit": f"{count(limit)} {TITLES[window]}",
        "window": SLIDING if minute else "calendar day",
        "used": Meter(one.share(window), fmt.short(one.share(window), "ratio"), f"{used:,} of {limit:,}"),
        "left": count(max(0, limit - used)),
        "reset": "slides" if minute else f"in {reset}",
        "breaches": count(found.of_day.get((one.key, window), 0)),
        "trend": Trend(found.trends.get(one.key, ())),
    }
    return Line(name, cells, where, one.team or "")


def _scope(one: Use, found: RateLimits) -> str:
    table = found.limits
    if one.key in table.keys:
        return "key: own" if one.origin == "own" else f"key: {one.origin}"
    if one.team in table.teams:
        return "team: own" if one.origin == "own" else f"team: {one.origin}"
    return f"default: {one.origin}"


def tiers(found: RateLimits) -> list[Line]:
    """The tiers, who has them, and how much of the requests that is."""
    total = sum(one.requests for one in found.uses)
    names = [*found.limits.tiers, "own", "none"]
    lines = []
    for name in names:
        having = [one for one in found.uses if one.origin == name]
        share = sum(one.requests for one in having) / total if total else None
        own = found.limits.tiers.get(name)
        if own is None and not having:
            continue
        cells: dict[str, Cell] = {
            window: count(own.get(window)) if own and own.get(window) else "·" for window in WINDOWS
        }
        cells["share"] = (
            Meter(share, fmt.short(share, "ratio"), of_limit=False) if having else Meter(None, "·")
        )
        words = {"own": "Limits of their own", "none": "No limits"}.get(name, name)
        note = "default" if name == found.limits.default else ""
        lines.append(Line(words, cells | {"keys": count(len(having))}, None, note))
    return lines


def top(lines: Sequence[Line], size: int, of: int | None = None) -> tuple[Sequence[Line], str]:
    """The first ``size`` lines and, when there are more, the words that say so; ``of`` is how many there are, when not
    all of them are in ``lines``."""
    total = len(lines) if of is None else of
    return lines[:size], f"first {size} of {total:,}" if total > size else ""
