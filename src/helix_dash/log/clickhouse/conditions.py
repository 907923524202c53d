"""Conditions as SQL: the same meaning as :mod:`helix_dash.log.filtering` gives them over a mirror.

Names in the text come from the table of columns, never from a question; values are bound. A test answers 1 or
0, also where the value is unknown. Texts are found by position, so no character of them is special.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo

from helix_dash.log.clickhouse.database import Bound
from helix_dash.log.clickhouse.tables import ROWS, WORDS
from helix_dash.log.derivation import MOST, evaluated
from helix_dash.log.filtering import checked, flag_of, limits, whole_numbers
from helix_dash.log.schema import BY_NAME, Column
from helix_dash.model import Condition, Scope

_MATCHES = {
    "contains": "position({text}, {part}) > 0",
    "starts": "startsWith({text}, {part})",
    "ends": "endsWith({text}, {part})",
}


def value_of(name: str) -> str:
    """The values of column ``name``, in inner units."""
    return evaluated(BY_NAME[name].derived or name, _Sql())


class _Sql:
    """Arithmetic of derived columns."""

    def stored(self, name: str) -> str:
        return f"`{name}`"

    def total(self, parts: Sequence[str]) -> str:
        unknown = " AND ".join(f"{part} IS NULL" for part in parts)
        return f"if({unknown}, NULL, {' + '.join(f'ifNull({part}, 0)' for part in parts)})"

    def less(self, whole: str, by: str | int) -> str:
        return f"({whole} - {by})"

    def quotient(self, over: str, under: str, scale: int) -> str:
        meant = f"ifNull({over} BETWEEN 1 AND {MOST} AND {under} >= 1, 0)"
        # Or zero: both branches may be computed for every row.
        return f"if({meant}, intDivOrZero({over} * {scale} + intDiv({under}, 2), {under}), NULL)"


def rows_of(
    bound: Bound,
    loads: Sequence[int],
    period: tuple[int, int],
    now: int,
    *tests: str,
) -> str:
    """``FROM … WHERE …`` of the rows in ``loads`` with a time in ``[start, end)`` that meet ``tests``.

    A row whose clock ran ahead counts only once its time has come (``now``). All in microseconds.
    """
    start, end = period
    conditions = [
        f"load IN {bound(list(loads), 'Array(UInt64)')}",
        f"time >= {bound(start, 'Int64')} AND time < {bound(end, 'Int64')}",
        f"(NOT ifNull(skewed, false) OR time < {bound(now, 'Int64')})",
        *tests,
    ]
    return f"FROM {ROWS} WHERE {' AND '.join(f'({test})' for test in conditions)}"


def tests(bound: Bound, scope: Scope, conditions: Sequence[Condition], zone: tzinfo) -> list[str]:
    """What holds for the rows that ``scope`` may see and that meet all ``conditions``.

    Raises:
        BadQuery: an unknown column, an operator it does not know, or a value it cannot hold.
    """
    found = [_test(bound, condition, zone) for condition in conditions]
    if scope.organization is not None:
        found.append(f"organization = {bound(scope.organization, 'String')}")
    return found


def _test(bound: Bound, condition: Condition, zone: tzinfo) -> str:
    column, op = checked(condition), condition.op
    match op:
        case "blank":
            return f"{value_of(column.name)} IS NULL"
        case "not_blank":
            return f"{value_of(column.name)} IS NOT NULL"
        case "not_in" | "not_contains":
            opposite = Condition(column.name, "in" if op == "not_in" else "contains", condition.values)
            return f"NOT {_test(bound, opposite, zone)}"
    if column.kind in ("word", "text"):
        test = _text_test(bound, condition, column)
    elif column.kind == "flag":
        flags = [int(flag_of(column, value)) for value in condition.values]
        test = f"has({bound(flags, 'Array(UInt8)')}, toUInt8({value_of(column.name)}))"
    else:
        test = _number_test(bound, condition, column, zone)
    return f"ifNull({test}, 0)"


def _text_test(bound: Bound, condition: Condition, column: Column) -> str:
    value = value_of(column.name)
    if condition.op == "in":
        wanted = bound(list(condition.values), "Array(String)")
        if not column.separator:
            return f"has({wanted}, {value})"
        parts = f"splitByChar({bound(column.separator, 'String')}, word)"
        return _among(bound, column, f"has({wanted}, word) OR hasAny({parts}, {wanted})")
    match, part = _MATCHES[condition.op], condition.values[0]
    if column.kind == "text":
        # Not folded but lower-cased, as the mirror does.
        return match.format(text=f"lowerUTF8({value})", part=bound(part.lower(), "String"))
    return _among(bound, column, match.format(text="folded", part=bound(part.casefold(), "String")))


def _among(bound: Bound, column: Column, test: str) -> str:
    """Whether the row's word is one of those for which ``test`` (over ``word`` and ``folded``) holds."""
    name = bound(column.name, "String")
    return f"`{column.name}` IN (SELECT word FROM {WORDS} WHERE `column` = {name} AND ({test}))"


def _number_test(bound: Bound, condition: Condition, column: Column, zone: tzinfo) -> str:
    value = value_of(column.name)
    if condition.op == "in":
        return f"has({bound(whole_numbers(condition, column, zone), 'Array(Int64)')}, {value})"
    low, high = limits(condition, column, zone)
    parts = []
    if low is not None:
        parts.append(f"{value} >= {bound(low, 'Int64')}")
    if high is not None:
        parts.append(f"{value} <= {bound(high, 'Int64')}")
    return " AND ".join(parts)
