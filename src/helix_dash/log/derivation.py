"""Columns that are made of others: sums and quotients, each told once, in the table of columns.

Whoever reads rows (numpy over a mirror, polars over a frame, SQL, lists of Python) brings a :class:`Reader` that can
do the arithmetic. All of it is in whole numbers of inner units, so that all readers agree to the last digit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

MOST = 2**32
"""What is divided is no larger: with any ``scale`` it stays within 64 bits. No request has so many tokens, or takes
so many microseconds between its first token and its last (71 minutes)."""


@dataclass(frozen=True, slots=True)
class Sum:
    """The sum of those ``parts``, stored columns, that are known; unknown when none is."""

    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """``whole`` − ``less``, which is a stored column or a number; unknown when either is."""

    whole: str | Sum
    less: str | int


@dataclass(frozen=True, slots=True)
class Quotient:
    """``scale`` × ``over`` ÷ ``under``, to the nearest whole number, half of one upwards.

    It is known where 1 ≤ ``over`` ≤ :data:`MOST` and 1 ≤ ``under``, and only there: nothing is divided by zero, no
    number overflows, and what took no time, or made no token, has no speed.
    """

    over: Sum | Difference
    under: Sum | Difference
    scale: int = 1


Derivation = Sum | Difference | Quotient

Values = TypeVar("Values")
"""The values of some rows, some of which may be unknown."""


class Reader(Protocol[Values]):
    """How one way to read rows does the arithmetic."""

    def stored(self, name: str) -> Values:
        """A stored column."""

    def total(self, parts: Sequence[Values]) -> Values:
        """As :class:`Sum`."""

    def less(self, whole: Values, by: Values | int) -> Values:
        """As :class:`Difference`."""

    def quotient(self, over: Values, under: Values, scale: int) -> Values:
        """As :class:`Quotient`."""


def evaluated(made_of: Derivation | str, reader: Reader[Values]) -> Values:
    """What ``made_of`` is in the rows that ``reader`` reads."""
    match made_of:
        case str():
            return reader.stored(made_of)
        case Sum(parts):
            return reader.total([reader.stored(part) for part in parts])
        case Difference(whole, less):
            by = less if isinstance(less, int) else reader.stored(less)
            return reader.less(evaluated(whole, reader), by)
        case Quotient(over, under, scale):
            return reader.quotient(evaluated(over, reader), evaluated(under, reader), scale)


def parts_of(made_of: Derivation | str | int) -> tuple[str, ...]:
    """The stored columns that ``made_of`` is made of."""
    match made_of:
        case int():
            return ()
        case str():
            return (made_of,)
        case Sum(parts):
            return parts
        case Difference(whole, less):
            return (*parts_of(whole), *parts_of(less))
        case Quotient(over, under, _):
            return tuple(dict.fromkeys((*parts_of(over), *parts_of(under))))
