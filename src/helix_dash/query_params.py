"""The one reader of what a person asks to see: URL parameters, the pages' filter state, a grid's own filter.

The API and the pages speak the same names: ``from``, ``to``, ``zone``, and any word, text or flag column of the
schema table. A repeated name means *or*, different names mean *and*. A column's name with ``!`` behind it excludes:
``model!=gpt-4o`` is what no such row holds, and repeated it means *none of them*.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, cast

from helix_dash.errors import BadQuery
from helix_dash.log.schema import BY_NAME, SHOWN, Column
from helix_dash.model import Condition, Filter, Op, Period, Sort
from helix_dash.zones import Zone, parse_zone

DEFAULT_FROM = "now-24h"
DEFAULT_TO = "now"
PAGE_ONLY = frozenset(
    {
        "refresh",
        "theme",
        "compare",
        "chart",
        "grid",
        "columns",
        "density",
        "request",
        "tab",
        "incident",
        "prompt",
        "server",
    }
)
"""Parameters of a page's address that say how to show it, not what."""

_RELATIVE = re.compile(r"now(?:-(\d{1,6})([smhdw]))?")
_UNIT = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_LOST_PLUS = re.compile(r"(T\S+) (\d\d:?\d\d)$")
_MOST_VALUES = 200

FILTERABLE: dict[str, Column] = {
    column.name: column for column in SHOWN if column.kind in ("word", "text", "flag") and not column.stamped
}
"""The columns a URL parameter may name."""


def parse_time(text: str, zone: tzinfo, now: datetime, field: str = "from") -> datetime:
    """The instant that ``text`` means, in UTC.

    Args:
        text: ``now``, ``now-15m`` (s, m, h, d, w), or ISO 8601; a date alone is its first instant.
        zone: what a time without a zone is meant in.
        now: the present instant.
        field: the parameter to blame.

    Raises:
        BadQuery: it is none of these, or outside the calendar.
    """
    relative = _RELATIVE.fullmatch(text)
    try:
        if relative:
            amount, unit = relative.groups()
            back = timedelta(**{_UNIT[unit]: int(amount)}) if unit else timedelta()
            return (now - back).astimezone(UTC)
        # A form-decoded "+01:00" arrives with a space; nobody means anything else by that.
        instant = datetime.fromisoformat(_LOST_PLUS.sub(r"\1+\2", text))
        if instant.tzinfo is None:
            instant = instant.replace(tzinfo=zone)
        return instant.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise BadQuery(
            field, f"{field} must be an ISO 8601 time, now, or now-15m, now-1h, now-7d."
        ) from error


def parse_period(start: str, end: str, zone: tzinfo, now: datetime) -> Period:
    """The period from ``start`` to ``end``.

    Raises:
        BadQuery: one of them cannot be read, or the period is empty or runs backwards.
    """
    period = Period(parse_time(start, zone, now, "from"), parse_time(end, zone, now, "to"))
    if period.start >= period.end:
        raise BadQuery("from", "from must be earlier than to.")
    return period


def parse_query(
    args: Iterable[tuple[str, str]], zone: tzinfo, now: datetime, also: Collection[str] = ()
) -> Filter:
    """The filter that URL parameters ask for.

    Args:
        args: names and values in order, as ``request.args.items(multi=True)`` gives them.
        zone: the reporting zone, which a parameter ``zone`` replaces.
        now: the present instant.
        also: names that somebody else reads.

    Raises:
        BadQuery: a name is unknown or twice there where once is meant, or a value cannot be read.
    """
    single = {"from": DEFAULT_FROM, "to": DEFAULT_TO, "zone": ""}
    seen: set[str] = set()
    chosen: dict[str, list[str]] = {}
    without: dict[str, list[str]] = {}
    for name, value in args:
        if name in single:
            if name in seen:
                raise BadQuery(name, f"{name} may be given once.")
            seen.add(name)
            single[name] = value
        elif name in FILTERABLE:
            chosen.setdefault(name, []).append(value)
        elif name.endswith("!") and name[:-1] in FILTERABLE:
            without.setdefault(name[:-1], []).append(value)
        elif name not in also:
            raise BadQuery(name, f"There is no parameter {name[:50]!r}.")
    if "zone" in seen:
        zone = parse_zone(single["zone"]).info
    period = parse_period(single["from"], single["to"], zone, now)
    return Filter(period, conditions(chosen) + exclusions(without))


def conditions(chosen: Mapping[str, Iterable[str]]) -> tuple[Condition, ...]:
    """One condition per column of ``chosen``: the value is one of those given. An empty value is "unknown".

    Raises:
        BadQuery: a column cannot be filtered so, or cannot hold a value.
    """
    return tuple(_one_of(name, list(values)) for name, values in sorted(chosen.items()))


def exclusions(without: Mapping[str, Iterable[str]]) -> tuple[Condition, ...]:
    """The conditions that a row holds none of the values of ``without``. An empty value is "unknown".

    A row whose value is not known is no gpt-4o either, so it stays unless "unknown" is excluded too.

    Raises:
        BadQuery: as :func:`conditions`.
    """
    found: list[Condition] = []
    for name, given in sorted(without.items()):
        values = _checked(name, list(given), f"{name}!")
        known = tuple(sorted({value for value in values if value}))
        if known:
            found.append(Condition(name, "not_in", known))
        if not all(values):
            found.append(Condition(name, "not_blank"))
    return tuple(found)


def _one_of(name: str, given: list[str]) -> Condition:
    values = _checked(name, given, name)
    if not any(values):
        return Condition(name, "blank")
    if not all(values):
        raise BadQuery(name, f"{name} cannot be both unknown and a value.")
    return Condition(name, "in", tuple(sorted(set(values))))


def _checked(name: str, values: list[str], parameter: str) -> list[str]:
    """``values`` when column ``name`` can hold each of them."""
    column = FILTERABLE.get(name)
    if column is None:
        raise BadQuery(parameter, f"There is no parameter {parameter[:50]!r}.")
    if not values or not all(isinstance(value, str) for value in values):
        raise BadQuery(parameter, f"{parameter} needs a text.")
    if len(values) > _MOST_VALUES:
        raise BadQuery(parameter, f"{parameter} may have at most {_MOST_VALUES} values.")
    words = ("false", "true") if column.kind == "flag" else column.words
    if words and any(value and value not in words for value in values):
        raise BadQuery(parameter, f"{parameter} must be one of {', '.join(words)}.")
    return values


def parse_sort(text: str) -> Sort:
    """The order that ``sort`` asks for: a column, ``-`` before it for the largest first.

    Raises:
        BadQuery: there is no such column.
    """
    name = text.removeprefix("-")
    if name not in BY_NAME:
        raise BadQuery("sort", f"There is no column {name[:50]!r} to sort by.")
    return Sort(name, descending=text.startswith("-"))


def columns_of(names: Any) -> tuple[str, ...]:
    """The columns that ``names`` asks for, in order.

    Raises:
        BadQuery: it is not a list of different names of columns.
    """
    if not isinstance(names, list) or not names or len(names) > len(SHOWN):
        raise BadQuery("columns", "columns must be a list of names.")
    for name in names:
        if not isinstance(name, str) or name not in BY_NAME:
            raise BadQuery("columns", f"There is no column {str(name)[:50]!r}.")
    if len(set(names)) < len(names):
        raise BadQuery("columns", "A column can be asked for once.")
    return tuple(names)


def page_filter(state: Mapping[str, Any] | None, zone: tzinfo, now: datetime) -> Filter:
    """The filter of a page's state (see :func:`from_state`) without that of a grid, which belongs to its own page.

    Raises:
        BadQuery: a part of it cannot be read.
    """
    return from_state({**_mapping(state or {}, "state"), "grid": None}, zone, now)[0]


def from_state(state: Mapping[str, Any] | None, zone: tzinfo, now: datetime) -> tuple[Filter, Sort]:
    """The filter and order of a page's state.

    Args:
        state: what ``hx.parse`` made of the address: ``from``, ``to``, ``where`` and ``without`` (column → values),
            ``zone`` (a name, or nothing for the reporting zone), ``grid``; what says only how to show it
            (``compare``, ``charts``) is left alone.
        zone: the reporting zone, which the state's own replaces.
        now: the present instant.

    Raises:
        BadQuery: a part of it cannot be read; it comes from a browser, so it may be anything.
    """
    state = _mapping(state or {}, "state")
    zone = asked_zone(state, Zone(zone, "")).info
    start, end = state.get("from") or DEFAULT_FROM, state.get("to") or DEFAULT_TO
    for field, value in (("from", start), ("to", end)):
        if not isinstance(value, str):
            raise BadQuery(field, f"{field} must be a text.")
    grid = _mapping(state.get("grid") or {}, "grid")
    asked = (
        conditions(_lists(state, "where"))
        + exclusions(_lists(state, "without"))
        + grid_conditions(grid.get("filterModel"), zone, now)
    )
    return Filter(parse_period(start, end, zone, now), asked), grid_sort(grid.get("sortModel"))


def asked_zone(state: Mapping[str, Any] | None, reporting: Zone) -> Zone:
    """The zone that a page's state names, else the ``reporting`` zone.

    Raises:
        BadQuery: it names none.
    """
    name = _mapping(state or {}, "state").get("zone")
    if not name:
        return reporting
    if not isinstance(name, str):
        raise BadQuery("zone", "zone must be a text.")
    return parse_zone(name)


def compares(state: Mapping[str, Any] | None) -> bool:
    """Whether a page's state asks to draw the period before beside this one."""
    return _mapping(state or {}, "state").get("compare") is True


def _lists(state: Mapping[str, Any], part: str) -> dict[str, list[Any]]:
    given = _mapping(state.get(part) or {}, part)
    return {
        name: values if isinstance(values, list) else [values] for name, values in given.items() if values
    }


# --- AG Grid ------------------------------------------------------------------------------------------------

_GRID_OPS: dict[str, Op] = {
    "contains": "contains",
    "notContains": "not_contains",
    "equals": "in",
    "notEqual": "not_in",
    "startsWith": "starts",
    "endsWith": "ends",
    "lessThan": "lt",
    "lessThanOrEqual": "lte",
    "greaterThan": "gt",
    "greaterThanOrEqual": "gte",
    "inRange": "between",
    "blank": "blank",
    "notBlank": "not_blank",
}


def grid_conditions(model: Any, zone: tzinfo, now: datetime) -> tuple[Condition, ...]:
    """The conditions of AG Grid's ``filterModel``; two parts of one column hold together ("and").

    Its dates carry no zone: the reporting zone is meant, in which the grid shows them.

    Raises:
        BadQuery: an unknown column or kind of test, or "or" between two tests, which the log cannot answer.
    """
    found: list[Condition] = []
    for name, test in _mapping(model or {}, "filterModel").items():
        column = BY_NAME.get(name)
        if column is None:
            raise BadQuery("filterModel", f"There is no column {str(name)[:50]!r}.")
        test = _mapping(test, "filterModel")
        parts = test.get("conditions")
        if isinstance(parts, list):
            if test.get("operator") != "AND" and len(parts) > 1:
                raise BadQuery("filterModel", f"{column.title}: two tests can only be joined by AND.")
            tests = [_mapping(part, "filterModel") for part in parts]
        else:
            tests = [test]
        found += [_grid_condition(column, part, zone, now) for part in tests]
    return tuple(found)


def _grid_condition(column: Column, test: Mapping[str, Any], zone: tzinfo, now: datetime) -> Condition:
    op = _GRID_OPS.get(str(test.get("type")))
    if op is None:
        raise BadQuery("filterModel", f"{column.title}: there is no test {str(test.get('type'))[:30]!r}.")
    if op in ("blank", "not_blank"):
        return Condition(column.name, op)
    given = [test.get("dateFrom", test.get("filter")), test.get("dateTo", test.get("filterTo"))]
    values = [_grid_value(column, value) for value in given[: 2 if op == "between" else 1]]
    if column.kind == "time":
        values = [parse_time(value, zone, now, "filterModel").isoformat() for value in values]
    return Condition(column.name, op, tuple(values))


def _grid_value(column: Column, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise BadQuery("filterModel", f"{column.title}: the value cannot be read.")
    text = str(value)
    if len(text) > 1000:
        raise BadQuery("filterModel", f"{column.title}: the value is too long.")
    return text


def grid_sort(model: Any) -> Sort:
    """The order of AG Grid's ``sortModel``: its first column; newest first when it names none.

    Raises:
        BadQuery: it names an unknown column.
    """
    if not model:
        return Sort()
    if not isinstance(model, list):
        raise BadQuery("sortModel", "sortModel must be a list.")
    first = _mapping(model[0], "sortModel")
    mark = "-" if first.get("sort") == "desc" else ""
    return parse_sort(mark + str(first.get("colId")))


def _mapping(value: Any, field: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise BadQuery(field, f"{field} cannot be read.")
    return cast("Mapping[str, Any]", value)
