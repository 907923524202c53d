"""Conditions as polars expressions over the mirror's columns.

Words are compared as codes: a search for a text within a word runs over the vocabulary, not over the rows.
Numbers are compared as the integers they are stored as, so a bound of 0.1 dollars is exactly that. A condition
on an unknown value: only ``blank``, ``not_in`` and ``not_contains`` hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, tzinfo
from decimal import Decimal, InvalidOperation
from functools import reduce
from operator import and_, or_

import polars as pl

from helix_dash.errors import BadQuery
from helix_dash.log.schema import BY_NAME, PICO, Column
from helix_dash.log.vocabulary import UNKNOWN, Vocabulary
from helix_dash.model import Condition, Op, Scope, us_from_utc

UNITS: dict[str, int] = {"count": 1, "money": PICO, "duration": 1000, "share": 10**6}
"""Inner units in one shown unit, for each kind of number."""

_MATCHING: tuple[Op, ...] = ("contains", "not_contains", "starts", "ends")
_COMPARING: tuple[Op, ...] = ("lt", "lte", "gt", "gte", "between")
_OPS: dict[str, tuple[Op, ...]] = {
    "word": ("in", "not_in", *_MATCHING, "blank", "not_blank"),
    "text": ("in", "not_in", *_MATCHING, "blank", "not_blank"),
    "flag": ("in", "not_in", "blank", "not_blank"),
}
_NUMBER_OPS: tuple[Op, ...] = ("in", "not_in", *_COMPARING, "blank", "not_blank")
_MATCHES: dict[str, Callable[[str, str], bool]] = {
    "contains": lambda word, part: part in word,
    "starts": str.startswith,
    "ends": str.endswith,
}
_BEYOND = 2**62
"""More than any stored number; larger ones are cut to it, which changes no comparison."""


def needed(conditions: Iterable[Condition]) -> set[str]:
    """The stored columns that ``conditions`` read.

    Raises:
        BadQuery: one names a column that is not there.
    """
    columns = (_column(condition) for condition in conditions)
    return {name for column in columns for name in (column.derived or (column.name,))}


def expression(
    scope: Scope, conditions: Sequence[Condition], vocabulary: Vocabulary, zone: tzinfo
) -> pl.Expr | None:
    """True for the rows that ``scope`` may see and that meet all ``conditions``; ``None`` when all do.

    Times without a zone are meant in ``zone``.

    Raises:
        BadQuery: an unknown column, an operator it does not know, or a value it cannot hold.
    """
    tests = [_test(condition, vocabulary, zone) for condition in conditions]
    if scope.organization is not None:
        code = vocabulary.code("organization", scope.organization)
        tests.append(pl.lit(value=False) if code is None else pl.col("organization") == code)
    return reduce(and_, tests) if tests else None


def value_expression(name: str) -> pl.Expr:
    """The values of column ``name``; of a derived one the sum of its known parts, unknown when all are."""
    column = BY_NAME[name]
    if not column.derived:
        return pl.col(name)
    parts = [pl.col(part).cast(pl.Int64) for part in column.derived]
    known = pl.any_horizontal([pl.col(part).is_not_null() for part in column.derived])
    return pl.when(known).then(pl.sum_horizontal(parts)).alias(name)


def _column(condition: Condition) -> Column:
    column = BY_NAME.get(condition.column)
    if column is None or column.internal:
        raise BadQuery(condition.column, f"There is no column {condition.column!r}.")
    return column


def checked(condition: Condition) -> Column:
    """The column that ``condition`` is about, which knows its operator and takes that many values.

    Raises:
        BadQuery: it does not, or is not there.
    """
    column = _column(condition)
    if condition.op not in _OPS.get(column.kind, _NUMBER_OPS):
        raise BadQuery(column.name, f"{column.name} cannot be asked with {condition.op!r}.")
    counts = {"blank": (0,), "not_blank": (0,), "between": (2,), "in": None, "not_in": None}.get(
        condition.op, (1,)
    )
    if counts is not None and len(condition.values) not in counts:
        raise BadQuery(column.name, f"{condition.op!r} takes {counts[0]} values.")
    return column


def _test(condition: Condition, vocabulary: Vocabulary, zone: tzinfo) -> pl.Expr:
    column = checked(condition)
    if column.kind == "word":
        return _word_test(condition, vocabulary)
    if condition.op in ("blank", "not_blank"):
        blank = value_expression(column.name).is_null()
        return blank if condition.op == "blank" else ~blank
    if condition.op in ("not_in", "not_contains"):
        opposite: Op = "in" if condition.op == "not_in" else "contains"
        return ~_test(Condition(column.name, opposite, condition.values), vocabulary, zone)
    if column.kind == "text":
        test = _text_test(condition)
    elif column.kind == "flag":
        test = _any(pl.col(column.name) == flag_of(column, value) for value in condition.values)
    else:
        test = _number_test(condition, column, zone)
    return test.fill_null(value=False)


def _word_test(condition: Condition, vocabulary: Vocabulary) -> pl.Expr:
    code, name = pl.col(condition.column), condition.column
    match condition.op:
        case "blank":
            return code == UNKNOWN
        case "not_blank":
            return code != UNKNOWN
        case "in" | "not_in":
            found = [vocabulary.code(name, word) for word in condition.values]
            codes = [number for number in found if number is not None]
        case _:
            matches = _MATCHES[condition.op.removeprefix("not_")]
            part = condition.values[0].casefold()
            folded = vocabulary.folded(name)
            codes = [number for number in range(1, len(folded)) if matches(folded[number], part)]
    test = _is_in(code, codes)
    return ~test if condition.op in ("not_in", "not_contains") else test


def _is_in(code: pl.Expr, codes: list[int]) -> pl.Expr:
    if len(codes) <= 4:
        return _any(code == number for number in codes)
    # Words are coded in 16 or 32 bits, as the column needs.
    return code.cast(pl.UInt32).is_in(pl.Series(codes, dtype=pl.UInt32).implode())


def _any(tests: Iterable[pl.Expr]) -> pl.Expr:
    return reduce(or_, tests, pl.lit(value=False))


def _text_test(condition: Condition) -> pl.Expr:
    text = pl.col(condition.column)
    if condition.op == "in":
        return text.is_in(pl.Series(condition.values, dtype=pl.String).implode())
    part, folded = condition.values[0].lower(), text.str.to_lowercase()
    match condition.op:
        case "starts":
            return folded.str.starts_with(part)
        case "ends":
            return folded.str.ends_with(part)
        case _:
            return folded.str.contains(part, literal=True)


def _number_test(condition: Condition, column: Column, zone: tzinfo) -> pl.Expr:
    value = value_expression(column.name)
    if condition.op == "in":
        whole = whole_numbers(condition, column, zone)
        return value.cast(pl.Int64).is_in(pl.Series(whole, dtype=pl.Int64).implode())
    low, high = limits(condition, column, zone)
    tests = []
    if low is not None:
        tests.append(value >= pl.lit(low, dtype=pl.Int64))
    if high is not None:
        tests.append(value <= pl.lit(high, dtype=pl.Int64))
    return reduce(and_, tests)


def whole_numbers(condition: Condition, column: Column, zone: tzinfo) -> list[int]:
    """Those values of ``condition`` that a stored number can be equal to, in inner units."""
    bounds = [_inward(column, text, zone) for text in condition.values]
    return [_clamp(bound) for bound in bounds if bound == bound.to_integral_value()]


def limits(condition: Condition, column: Column, zone: tzinfo) -> tuple[int | None, int | None]:
    """The first and the last stored number for which a comparison holds; ``None``: no such limit."""
    bounds = [_inward(column, text, zone) for text in condition.values]
    up = _clamp(bounds[0].to_integral_value("ROUND_CEILING"))
    down = _clamp(bounds[-1].to_integral_value("ROUND_FLOOR"))
    match condition.op:
        case "lt":
            return None, up - 1
        case "lte":
            return None, down
        case "gt":
            return down + 1, None
        case "gte":
            return up, None
        case _:
            return up, down


def _clamp(number: Decimal) -> int:
    return int(max(Decimal(-_BEYOND), min(Decimal(_BEYOND), number)))


def _inward(column: Column, text: str, zone: tzinfo) -> Decimal:
    """A shown value in inner units; it may fall between two of them."""
    if column.kind == "time":
        return Decimal(_instant(column, text, zone))
    try:
        number = Decimal(text.strip())
    except InvalidOperation as error:
        raise BadQuery(column.name, f"{text!r} is not a number.") from error
    if not number.is_finite() or len(text) > 60:
        raise BadQuery(column.name, f"{text!r} is not a number.")
    if number and number.adjusted() > 20:
        return Decimal(_BEYOND).copy_sign(number)
    if number and number.adjusted() < -20:
        number = Decimal("1e-20").copy_sign(number)
    return number * UNITS[column.kind]


def _instant(column: Column, text: str, zone: tzinfo) -> int:
    try:
        instant = datetime.fromisoformat(text.strip())
        return us_from_utc(instant if instant.tzinfo else instant.replace(tzinfo=zone))
    except (ValueError, OverflowError) as error:
        raise BadQuery(column.name, f"{text!r} is not an ISO 8601 time.") from error


def flag_of(column: Column, text: str) -> bool:
    """The flag that ``text`` means."""
    words = {"true": True, "1": True, "false": False, "0": False}
    if text.strip().lower() not in words:
        raise BadQuery(column.name, f"{text!r} is neither true nor false.")
    return words[text.strip().lower()]
