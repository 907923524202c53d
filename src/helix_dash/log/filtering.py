"""What conditions may ask of a column, and their values in the integers it is stored as."""

from __future__ import annotations

from datetime import datetime, tzinfo
from decimal import Decimal, InvalidOperation

from helix_dash.errors import BadQuery
from helix_dash.log.schema import BY_NAME, PICO, Column
from helix_dash.model import Condition, Op, us_from_utc

UNITS: dict[str, int] = {"count": 1, "money": PICO, "duration": 1000, "share": 10**6, "rate": 1000}
"""Inner units in one shown unit, for each kind of number."""

_MATCHING: tuple[Op, ...] = ("contains", "not_contains", "starts", "ends")
_COMPARING: tuple[Op, ...] = ("lt", "lte", "gt", "gte", "between")
_OPS: dict[str, tuple[Op, ...]] = {
    "word": ("in", "not_in", *_MATCHING, "blank", "not_blank"),
    "text": ("in", "not_in", *_MATCHING, "blank", "not_blank"),
    "flag": ("in", "not_in", "blank", "not_blank"),
}
_NUMBER_OPS: tuple[Op, ...] = ("in", "not_in", *_COMPARING, "blank", "not_blank")
_BEYOND = 2**62
"""More than any stored number; larger ones are cut to it, which changes no comparison."""


def _column(condition: Condition) -> Column:
    column = BY_NAME.get(condition.column)
    if column is None:
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
